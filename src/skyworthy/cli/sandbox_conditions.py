"""``skyworthy sandbox throttle|slow|pages|clock``: what AWS does to its callers now and then."""

from pathlib import Path
from typing import Any

import click

from skyworthy.config import load_settings
from skyworthy.errors import BadInput

_of_environment = click.option(
    "--env", metavar="NAME", help="The environment; may be left out where there is only one."
)


@click.command()
@click.argument("pattern")
@click.option("--every", type=click.IntRange(min=1), metavar="N", help="Only each N-th call.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="R", help="Only calls beyond R a second.")
@_of_environment
def throttle(pattern: str, every: int | None, rate: float | None, env: str | None) -> None:
    """Answer operations with a throttling error until `sandbox heal`.

    \b
    Examples:
      skyworthy sandbox throttle rds:DescribeDBInstances --env staging
      skyworthy sandbox throttle 'ecs:*' --every 3
      skyworthy sandbox throttle 'cloudwatch:Describe*' --rate 5
    """
    from skyworthy.sandbox import faults

    _check(pattern)
    if every and rate:
        raise BadInput("--every and --rate exclude each other: name one")
    faults.throttle(_running(env), pattern, every=every or 0, rate=rate or 0.0)
    which = f"each {every}. call" if every else f"what is beyond {rate:g} calls a second" if rate else "each call"
    click.echo(f"{pattern}: {which} is throttled until `skyworthy sandbox heal`")


@click.command()
@click.argument("pattern")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), required=True, help="How much later.")
@_of_environment
def slow(pattern: str, seconds: float, env: str | None) -> None:
    """Answer operations later until `sandbox heal`.

    \b
    Example:
      skyworthy sandbox slow 'iam:*' --seconds 0.5 --env staging
    """
    from skyworthy.sandbox import faults

    _check(pattern)
    faults.slow(_running(env), pattern, seconds)
    click.echo(f"{pattern} is answered {seconds:g} s later until `skyworthy sandbox heal`")


@click.command()
@click.argument("size", type=click.IntRange(min=0))
@_of_environment
def pages(size: int, env: str | None) -> None:
    """Let lists come in pages of SIZE items; 0: as AWS does.

    \b
    Examples:
      skyworthy sandbox pages 1 --env staging      what reads only one page shows it
      skyworthy sandbox pages 0 --env staging
    """
    from skyworthy.sandbox import conditions

    conditions.set_page_size(_running(env), size)
    click.echo(f"lists come in pages of {size}" if size else "lists come in pages as AWS gives them")


@click.command()
@click.option("--forward", default=0.0, type=click.FloatRange(min=0), metavar="MINUTES", help="Let time pass.")
@_of_environment
def clock(forward: float, env: str | None) -> None:
    """Let time pass in the sandbox at once, and evaluate its alarms as of then.

    \b
    Examples:
      skyworthy sandbox clock --env staging                what time it is there
      skyworthy sandbox clock --forward 15 --env staging   a quarter of an hour later
    """
    from skyworthy.sandbox import conditions

    now = conditions.pass_time(_running(env), forward * 60)
    click.echo(f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _running(env: str | None) -> Any:
    # cli.sandbox registers these commands.
    from skyworthy.cli.sandbox import _environment, _running

    settings = load_settings(Path())
    return _running(settings, _environment(settings, env))


def _check(pattern: str) -> None:
    service, colon, operation = pattern.partition(":")
    if not service or (colon and not operation):
        raise BadInput(f"{pattern!r} names no operation; write service:Operation, such as 'rds:Describe*'")


COMMANDS = (throttle, slow, pages, clock)
