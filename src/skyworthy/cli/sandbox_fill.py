"""``skyworthy sandbox fill``: thousands of resources in the running sandbox."""

import sys
from pathlib import Path

import click

from skyworthy.config import load_settings
from skyworthy.errors import BadInput

MOST = 100_000
"""Names have four digits, and the estate's subnets addresses, for about 5,000 services."""


@click.command()
@click.option("--env", metavar="NAME", help="The environment; may be left out where there is only one.")
@click.option(
    "--resources", type=int, default=10_000, show_default=True, help="How many; rounded up to whole services."
)
@click.option("--undo", is_flag=True, help="Take them out again, with faults that were injected since.")
def fill(env: str | None, resources: int, undo: bool) -> None:
    """Put a large estate into the running sandbox, beside the stack: how do tools fare in a crowded account?

    It consists of services on a cluster of their own, each with security group, target group, roles, secret,
    repository, bucket, database, topic and alarm, in a VPC of their own; their names begin with `estate`. What
    `sandbox heal` puts back is the account before the first fault or fill, whichever came first.

    \b
    Examples:
      skyworthy sandbox up --env staging
      skyworthy sandbox fill --env staging --resources 10000
      skyworthy live --env staging
      skyworthy sandbox fill --env staging --undo
    """
    # cli.sandbox registers this command.
    from skyworthy.cli.sandbox import _environment, _running
    from skyworthy.sandbox import fill as filling

    if not 1 <= resources <= MOST:
        raise BadInput(f"--resources takes 1 to {MOST}, not {resources}")
    settings = load_settings(Path())
    environment = _environment(settings, env)
    target = _running(settings, environment)
    if undo:
        filling.undo(target)
        click.echo(f"{environment.name}: as it was before it was filled")
        return
    made = filling.fill(target, resources, _progress)
    click.echo(f"{environment.name}: {made} resources more; `skyworthy sandbox fill --undo` takes them out again")


def _progress(done: int, wanted: int) -> None:
    """One line that is written over on a terminal; elsewhere the last one alone."""
    if sys.stderr.isatty():
        click.echo(f"\r... {done} of {wanted} resources", nl=done >= wanted, err=True)
    elif done >= wanted:
        click.echo(f"... {done} of {wanted} resources", err=True)
