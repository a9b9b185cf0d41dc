"""``skyworthy reach``: whether a packet gets from one place to another, or which line of the code stops it."""

import json
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from skyworthy.behavior.network import PLACES, Journey, journeys, network_of, sources
from skyworthy.behavior.network.journey import Leg
from skyworthy.behavior.network.reach import Hop
from skyworthy.cli.estates import declared_estate, find_one, one_environment
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Resource

_INTERNET = "internet"
_COLOURS = {"open": "green", "blocked": "red", "unknown": "yellow"}
_EXIT = {"open": 0, "blocked": 1, "unknown": 2}


@click.command()
@click.argument("places", nargs=-1, metavar="[FROM] TO")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of TO. Default: those that it listens on.")
@one_environment
@click.pass_context
def reach(
    context: click.Context,
    places: tuple[str, ...],
    port: int | None,
    env: str | None,
    terraform: Path | None,
    as_json: bool,
) -> None:
    """Show how FROM reaches TO, hop by hop, or the hop that blocks; without FROM, who can reach TO.

    A place is `internet`, or a load balancer, service, database, cache or endpoint, by its address or the end of it,
    its type or its name. Exit code: 0 it can be reached, 1 it cannot, 2 that is not known.

    \b
    Examples:
      skyworthy reach internet aws_ecs_service.backend --env staging
      skyworthy reach aws_db_instance --env staging          who can reach the database
      skyworthy reach aws_ecs_service.backend internet --env production --port 587
      skyworthy reach aws_elasticache_replication_group --terraform ../their-repo --json
    """
    if len(places) not in (1, 2):
        raise BadInput("name one or two places: [FROM] TO, such as `skyworthy reach internet aws_ecs_service.backend`")
    estate = declared_estate(env, terraform)
    named = [_place(name, estate) for name in places]
    network = network_of(estate)
    if len(named) == 1:
        found = sources(network, named[0], port)
    elif named[0] is named[1]:
        raise BadInput(f"{places[0]} and {places[1]} are the same place")
    else:
        found = journeys(network, named[0], named[1], port)
    if as_json:
        click.echo(json.dumps([_as_data(journey) for journey in found], indent=2))
    else:
        _show(found)
    answers = {journey.answer for journey in found}
    best = next((answer for answer in ("open", "unknown", "blocked") if answer in answers), "blocked")
    context.exit(_EXIT[best] if len(named) == 2 else 0)


def _place(name: str, estate: Estate) -> Resource | None:
    """The place that is meant; None for the internet."""
    if name == _INTERNET:
        return None
    return find_one(name, estate.of(*PLACES), "place of the network")


def _show(found: tuple[Journey, ...]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for journey in sorted(found, key=lambda item: list(_COLOURS).index(item.answer)):
        console.print(
            f"[{_COLOURS[journey.answer]}]{journey.answer:<8}[/] [bold]{escape(' → '.join(journey.stops))}[/]"
        )
        for leg in journey.legs:
            if len(journey.legs) > 1:
                console.print(f"  [dim]{escape(_title(leg))}[/]")
            for hop in leg.path.hops if leg.path else ():
                console.print(f"    [green]✓[/] {escape(str(hop))}")
            if leg.path and leg.path.blocked:
                console.print(f"    [red]✗[/] {escape(str(leg.path.blocked))}")
            if leg.unknown:
                console.print(f"    [yellow]?[/] {escape(leg.unknown)}")


def _title(leg: Leg) -> str:
    return f"{leg.source} → {leg.target}{f', port {leg.port}' if leg.port else ''}"


def _as_data(journey: Journey) -> dict[str, object]:
    return {
        "answer": journey.answer,
        "stops": journey.stops,
        "legs": [
            {
                "from": leg.source,
                "to": leg.target,
                "port": leg.port,
                "answer": leg.answer,
                "hops": [_hop(hop) for hop in leg.path.hops] if leg.path else [],
                "blocked": _hop(leg.path.blocked) if leg.path and leg.path.blocked else None,
                "unknown": leg.unknown or None,
            }
            for leg in journey.legs
        ],
    }


def _hop(hop: Hop) -> dict[str, object]:
    return {
        "what": hop.what,
        "file": hop.location.file if hop.location else None,
        "line": hop.location.line if hop.location else None,
    }
