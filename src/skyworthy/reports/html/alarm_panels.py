"""Alarms: when each rings in the incidents that its metrics tell of, as timelines."""

from collections.abc import Callable, Iterator, Mapping

from skyworthy.behavior.alarms import (
    COMPOSITE_ALARM,
    METRIC_ALARM,
    Alarm,
    Line,
    Scenario,
    State,
    Timeline,
    alarm_of,
    line_of,
    reactions_of,
    timeline,
)
from skyworthy.estate import Estate, Resource, Undecidable
from skyworthy.reports.html.data import Report
from skyworthy.reports.html.elements import Markup, badge, panel, plural, section, tag
from skyworthy.verdicts import Outcome

_MOST = 120
"""How many alarms of an environment are drawn."""
_WIDTH, _HEIGHT = 320, 96
_LEFT, _TOP, _BOTTOM = 6, 12, 18


def alarm_panels(report: Report, estates: Mapping[str, Estate]) -> Markup:
    """The section."""
    panels = [panel(name, *_of(estates[name])) for name in report.environments if name in estates]
    lead = (
        "Each alarm is played the incidents of what it watches: the line is what it evaluates each minute, "
        "the dashes its threshold, the mark where it rings."
    )
    return section("alarms", "When alarms ring", *panels, lead=lead)


def _of(estate: Estate) -> Iterator[Markup]:
    alarms = estate.of(METRIC_ALARM, COMPOSITE_ALARM)
    if not alarms:
        yield tag("p", "No alarm is declared.")
        return
    yield tag("div", (_alarm(alarm, estate) for alarm in alarms[:_MOST]), class_="alarms")
    if len(alarms) > _MOST:
        yield tag("p", f"{plural(len(alarms) - _MOST, 'more alarm')}: `skyworthy alarms` shows them all.")


def _alarm(alarm: Resource, estate: Estate) -> Markup:
    line = line_of(alarm, estate)
    return tag(
        "article",
        tag("h4", _name(alarm)),
        tag("p", "; ".join(line.watches), class_="watches"),
        tag("p", line.fires, class_="fires"),
        tag("p", badge(Outcome.UNKNOWN), line.unknown) if line.unknown else None,
        _drawings(alarm, line, estate),
        _tells(line),
        class_="alarm",
    )


def _name(alarm: Resource) -> str:
    name = alarm.peek("alarm_name")
    return name if isinstance(name, str) else alarm.address


def _tells(line: Line) -> Markup:
    if not line.tells:
        return tag("p", badge(Outcome.FAIL, "tells nobody"))
    if line.tells[0].startswith("unknown: "):
        return tag("p", badge(Outcome.UNKNOWN, "whom it tells"), line.tells[0].removeprefix("unknown: "))
    return tag("p", "tells ", ", ".join(line.tells), class_="quiet")


def _drawings(alarm: Resource, line: Line, estate: Estate) -> list[Markup]:
    if not line.incidents:
        return []
    made = alarm_of(alarm)
    drawn = []
    for _, scenario, watched, _ in reactions_of(made, estate):
        try:
            seen = timeline(made, scenario, watched, estate)
        except Undecidable as undecidable:
            drawn.append(tag("p", badge(Outcome.UNKNOWN), f"{scenario.title}: {undecidable.reason}"))
            continue
        if seen is not None:
            drawn.append(_figure(made, scenario, seen))
    return drawn


def _figure(alarm: Alarm, scenario: Scenario, seen: Timeline) -> Markup:
    said = _said(seen)
    right = seen.reaction.right
    return tag(
        "figure",
        drawing(alarm, seen, f"{scenario.title}: {said}"),
        tag("figcaption", scenario.title, " ", badge(Outcome.PASS if right else Outcome.FAIL, said)),
    )


def _said(seen: Timeline) -> str:
    if State.ALARM in seen.reaction.calm:
        return "rings in the calm too"
    if seen.reaction.fires_after is None:
        return "does not ring in time"
    return f"rings after {seen.reaction.fires_after} min"


def drawing(alarm: Alarm, seen: Timeline, label: str) -> Markup:
    """What the alarm evaluates, minute by minute, with its threshold and the minute in which it rings."""
    known = [value for value in seen.values if value is not None]
    top = max([*known, alarm.threshold]) or 1.0
    low = min([*known, alarm.threshold, 0.0])
    span = (top - low) or 1.0
    step = (_WIDTH - 2 * _LEFT) / max(1, len(seen.values) - 1)
    floor = _HEIGHT - _BOTTOM

    def x(minute: int) -> float:
        return _LEFT + (minute - seen.start) * step

    def y(value: float) -> float:
        return floor - (value - low) / span * (floor - _TOP)

    fires = seen.reaction.fires_after
    roomy = fires is None or x(fires) < _WIDTH - 80
    return tag(
        "svg",
        tag(
            "rect",
            x=x(0),
            y=_TOP - 6,
            width=x(seen.start + len(seen.values) - 1) - x(0),
            height=floor - _TOP + 6,
            class_="incident",
        ),
        tag("line", x1=_LEFT, x2=_WIDTH - _LEFT, y1=y(alarm.threshold), y2=y(alarm.threshold), class_="threshold"),
        tag("path", d=_line(seen, x, y), class_="series"),
        _dots(seen, x, y),
        tag("text", _short(alarm.threshold), x=_LEFT + 1, y=y(alarm.threshold) - 3, class_="limit-word"),
        tag("text", "incident", x=_WIDTH - _LEFT, y=_HEIGHT - 5, text_anchor="end") if roomy else None,
        None
        if fires is None
        else tag(
            "g",
            tag("line", x1=x(fires), x2=x(fires), y1=_TOP - 6, y2=floor),
            tag("path", d=f"M{x(fires):.1f} {_TOP - 6}l-5 -6h10z"),
            tag("text", f"{fires} min", x=min(x(fires), _WIDTH - 24), y=_HEIGHT - 5),
            class_="rings",
        ),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=label,
        class_="timeline",
    )


def _short(value: float) -> str:
    """A number that fits into a drawing: 80, 0.5, 10.7 G."""
    for factor, sign in ((1e9, " G"), (1e6, " M"), (1e4, None)):
        if abs(value) >= factor:
            return f"{value / factor:.3g}{sign}" if sign else f"{value:.0f}"
    return f"{value:g}"


def _line(seen: Timeline, x: Callable[[int], float], y: Callable[[float], float]) -> str:
    """A path that breaks off where nothing was published."""
    parts: list[str] = []
    pen = "M"
    for minute, value in enumerate(seen.values, seen.start):
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{x(minute):.1f} {y(value):.1f}")
        pen = "L"
    return "".join(parts)


def _dots(seen: Timeline, x: Callable[[int], float], y: Callable[[float], float]) -> Iterator[Markup]:
    """Values that stand alone, of which no line is drawn."""
    values = (None, *seen.values, None)
    for minute, (before, value, after) in enumerate(zip(values, values[1:], values[2:], strict=False), seen.start):
        if value is not None and before is None and after is None:
            yield tag("circle", cx=x(minute), cy=y(value), r=1.5, class_="lone")
