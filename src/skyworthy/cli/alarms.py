"""``skyworthy alarms``: which alarm watches what, when it fires, whom it tells, and in which incident."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from skyworthy.behavior.alarms import COMPOSITE_ALARM, METRIC_ALARM, Incident, Line, line_of
from skyworthy.cli.estates import declared_estate, one_environment
from skyworthy.errors import BadInput


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
    lines = [line_of(alarm, estate) for alarm in estate.of(METRIC_ALARM, COMPOSITE_ALARM)]
    if not lines:
        raise BadInput(f"{estate.name or 'this stack'} declares no alarm")
    if as_json:
        click.echo(json.dumps([asdict(line) for line in lines], indent=2))
    else:
        _show(lines)


def _show(lines: list[Line]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(f"[bold]{escape(line.alarm)}[/]")
        console.print(f"  watches {escape('; '.join(line.watches))}")
        console.print(f"  fires   {escape(line.fires)}")
        console.print(f"  tells   {escape(', '.join(line.tells)) or '[red]nobody[/]'}")
        unknown = f"[yellow]unknown: {escape(line.unknown)}[/]" if line.unknown else "in no incident that is known"
        console.print(f"  rings   {', '.join(map(_rings, line.incidents)) or unknown}")
    silent = sum(not line.tells for line in lines)
    click.echo(f"{len(lines)} alarm{'s' * (len(lines) > 1)}" + (f", {silent} of which tell nobody" if silent else ""))


def _rings(incident: Incident) -> str:
    if incident.in_calm:
        return f"[red]{incident.scenario}: also in the calm[/]"
    if incident.minutes is None:
        return f"[red]{incident.scenario}: not in time[/]"
    return f"[green]{incident.scenario}: after {incident.minutes} min[/]"
