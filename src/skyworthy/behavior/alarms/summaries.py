"""What there is to say of an alarm, for people: what it watches, when it fires, whom it tells, when it rings."""

from collections.abc import Iterator
from dataclasses import dataclass

from skyworthy.behavior.alarms.alarm import Alarm, alarm_of, metrics_of
from skyworthy.behavior.alarms.evaluation import State
from skyworthy.behavior.alarms.notification import COMPOSITE_ALARM, actions_of, speakers_of, subscriptions_of
from skyworthy.behavior.alarms.scenarios import Reaction, Scenario, reacts, scenarios
from skyworthy.behavior.metrics import publishers
from skyworthy.estate import Estate, Resource, Undecidable, show

_SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}


@dataclass(frozen=True)
class Incident:
    """What an alarm does in a scenario.

    Args:
        scenario: its name.
        title: what happens.
        watched: to which resource.
        minutes: from its beginning until the alarm fires; None: not in time.
        in_calm: whether it fires without the incident too.
    """

    scenario: str
    title: str
    watched: str
    minutes: int | None
    in_calm: bool


@dataclass(frozen=True)
class Line:
    """What there is to say of an alarm; a question that stays open is answered by "unknown: why".

    Args:
        alarm: address.
        watches: its metrics, or the rule of a composite alarm.
        fires: on which condition.
        tells: subscribers, topics elsewhere, other actions.
        incidents: of the scenarios that its metrics tell of.
        unknown: why the incidents could not be played.
    """

    alarm: str
    watches: tuple[str, ...]
    fires: str
    tells: tuple[str, ...]
    incidents: tuple[Incident, ...] = ()
    unknown: str = ""


def line_of(alarm: Resource, estate: Estate) -> Line:
    """What there is to say of a metric alarm or a composite one."""
    tells = _told(alarm, estate)
    if alarm.type == COMPOSITE_ALARM:
        return Line(alarm.address, (show(alarm.peek("alarm_rule")),), "its rule is true", tells)
    try:
        made = alarm_of(alarm)
    except Undecidable as undecidable:
        return Line(alarm.address, _watches(alarm), f"unknown: {undecidable.reason}", tells)
    try:
        found = tuple(_incidents(made, estate))
    except Undecidable as undecidable:
        return Line(alarm.address, _watches(alarm), _condition(made), tells, unknown=undecidable.reason)
    return Line(alarm.address, _watches(alarm), _condition(made), tells, found)


def _watches(alarm: Resource) -> tuple[str, ...]:
    try:
        return tuple(map(str, metrics_of(alarm)))
    except Undecidable as undecidable:
        return (f"unknown: {undecidable.reason}",)


def _condition(alarm: Alarm) -> str:
    """``Average > 80, 5 of 5 points of 1 min``."""
    query = next(query for query in alarm.queries if query.returned)
    what = query.expression or show(query.statistic)
    period = f"{alarm.period // 60} min" if alarm.period >= 60 else f"{alarm.period} s"
    points = f"{alarm.to_alarm} of {alarm.periods} points of {period}"
    return f"{what} {_SIGNS[alarm.comparison]} {alarm.threshold:.15g}, {points}, missing: {alarm.treatment}"


def _told(alarm: Resource, estate: Estate) -> tuple[str, ...]:
    """Whom an alarm tells, through composite alarms too."""
    try:
        speakers = speakers_of(alarm, estate)
        told = [
            name for speaker in speakers if speaker["actions_enabled"] is not False for name in _heard(speaker, estate)
        ]
    except Undecidable as undecidable:
        return (f"unknown: {undecidable.reason}",)
    return tuple(dict.fromkeys(told))


def _heard(alarm: Resource, estate: Estate) -> Iterator[str]:
    actions = actions_of(alarm, estate)
    for topic in actions.topics:
        for subscription in subscriptions_of(topic, estate):
            yield show(subscription.peek("endpoint"))
    yield from (*actions.elsewhere, *actions.scaling, *actions.other)


def _incidents(made: Alarm, estate: Estate) -> Iterator[Incident]:
    for name, scenario, watched, reaction in reactions_of(made, estate):
        yield Incident(name, scenario.title, watched.address, reaction.fires_after, State.ALARM in reaction.calm)


def reactions_of(alarm: Alarm, estate: Estate) -> Iterator[tuple[str, Scenario, Resource, Reaction]]:
    """What an alarm does in each scenario that its metrics tell of: name, scenario, what is watched, reaction.

    Raises:
        Undecidable: where that cannot be known.
    """
    watched = {item.address: item for metric in alarm.metrics for item in publishers(metric, estate)}
    for name, scenario in scenarios().items():
        for item in watched.values():
            reaction = reacts(alarm, scenario, item, estate) if item.type in scenario.on else None
            if reaction is not None:
                yield name, scenario, item, reaction
