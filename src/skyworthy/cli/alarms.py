"""``skyworthy alarms``: which alarm watches what, when it fires, whom it tells, and in which incident."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from skyworthy.behavior.alarms import (
    COMPOSITE_ALARM,
    METRIC_ALARM,
    Alarm,
    Reaction,
    State,
    actions_of,
    alarm_of,
    metrics_of,
    reacts,
    scenarios,
    speakers_of,
    subscriptions_of,
)
from skyworthy.behavior.metrics import publishers
from skyworthy.cli.estates import declared_estate, one_environment
from skyworthy.errors import BadInput
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


@click.command()
@one_environment
def alarms(env: str | None, terraform: Path | None, as_json: bool) -> None:
    """Show what each alarm watches, when it fires, whom it tells, and how soon it rings in each incident.

    \b
    Examples:
      skyworthy alarms --env staging
      skyworthy alarms --terraform ../their-repo --env production
      skyworthy alarms --env staging --json | jq '.[] | select(.tells == [])'
    """
    estate = declared_estate(env, terraform)
    lines = [_line(alarm, estate) for alarm in estate.of(METRIC_ALARM, COMPOSITE_ALARM)]
    if not lines:
        raise BadInput(f"{estate.name or 'this stack'} declares no alarm")
    if as_json:
        click.echo(json.dumps([asdict(line) for line in lines], indent=2))
    else:
        _show(lines)


def _line(alarm: Resource, estate: Estate) -> Line:
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
    watched = {item.address: item for metric in made.metrics for item in publishers(metric, estate)}
    for name, scenario in scenarios().items():
        for item in watched.values():
            reaction: Reaction | None = reacts(made, scenario, item, estate) if item.type == scenario.on else None
            if reaction is not None:
                noisy = State.ALARM in reaction.calm
                yield Incident(name, scenario.title, item.address, reaction.fires_after, noisy)


def _show(lines: list[Line]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("alarm", "watches", "fires", "tells", "rings"):
        table.add_column(column, overflow="fold")
    for line in lines:
        table.add_row(
            escape(line.alarm),
            escape("\n".join(line.watches)),
            escape(line.fires),
            escape("\n".join(line.tells)) or "[red]nobody[/]",
            "\n".join(map(_rings, line.incidents))
            or (f"[yellow]unknown: {escape(line.unknown)}[/]" if line.unknown else "-"),
        )
    Console().print(table)
    silent = sum(not line.tells for line in lines)
    click.echo(f"{len(lines)} alarm{'s' * (len(lines) > 1)}" + (f", {silent} of which tell nobody" if silent else ""))


def _rings(incident: Incident) -> str:
    if incident.in_calm:
        return f"[red]{incident.scenario}: also in the calm[/]"
    if incident.minutes is None:
        return f"[red]{incident.scenario}: not in time[/]"
    return f"[green]{incident.scenario}: after {incident.minutes} min[/]"
