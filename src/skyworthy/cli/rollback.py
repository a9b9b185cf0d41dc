"""``skyworthy rollback``: services run again what they ran before."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skyworthy.cli.deploy import RECORDS, confirm, demand_one, end, opened, who
from skyworthy.cli.signals import interruptible
from skyworthy.cli.suites import looking
from skyworthy.config import load_settings

if TYPE_CHECKING:
    from skyworthy.operations.rollback import Revision


@click.command()
@click.option("--env", metavar="NAME", required=True, help="The environment.")
@looking
@click.option("--service", "only", multiple=True, metavar="NAME", help="Only this service; may be repeated.")
@click.option("--to", metavar="REVISION", help="Number, family:number or ARN; by default the one before.")
@click.option("--list", "listing", is_flag=True, help="List the revisions that services can run, and change nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--timeout", type=click.FloatRange(min=1), metavar="SECONDS", help="For stability. [default: 600]")
@click.option("--interval", type=click.FloatRange(min=0.05), metavar="SECONDS", help="Between two looks. [default: 5]")
def rollback(
    env: str,
    target: str,
    only: tuple[str, ...],
    to: str | None,
    listing: bool,
    dry_run: bool,
    yes: bool,
    timeout: float | None,
    interval: float | None,
) -> None:
    """Put services back to an earlier task definition, and wait until they are healthy.

    By default that is what ran before the running one was deployed, as that notes in the tag skyworthy:replaces, unless
    a deployment of it failed, as the records in reports/deployments tell.

    Exit codes: 0 rolled back, 1 it failed or took too long, 2 it could not be begun or was interrupted.

    \b
    Examples:
      skyworthy rollback --env staging --target aws --list
      skyworthy rollback --env staging --target aws
      skyworthy rollback --env production --target aws --service backend --to 41 --yes
    """
    import skyworthy.operations.rollback as operation
    from skyworthy.operations.cluster import read_services, told
    from skyworthy.operations.deploying import StoppedMidway

    settings = load_settings(Path())
    environment = settings.environment(env)
    look_only = listing or dry_run
    with opened(settings, environment, target, only, timeout, interval, replay=look_only) as place, interruptible():
        if to is not None:
            demand_one(place, "--to")
        services = read_services(place.session, place.services)
        failed = operation.failures(settings.reports / RECORDS, env, target)
        found = {item.name: operation.revisions(place.session, item, failed) for item in services}
        if listing:
            for service in services:
                click.echo(told(service))
                for revision in found[service.name]:
                    click.echo(f"  {_line(revision)}")
            return
        chosen = {
            item.name: operation.chosen(place.session, item, to) if to else operation.previous(item, found[item.name])
            for item in services
        }
        for service in services:
            click.echo(f"{service.name}: {service.revision} -> {_line(chosen[service.name])}")
        if dry_run:
            click.echo("nothing was changed: this was a dry run")
            return
        if not yes:
            confirm(f"roll back {', '.join(chosen)} of {env} ({place.session.place})?")
        facts = {"by": who()}
        try:
            outcome = operation.roll_back(place, services, chosen)
        except StoppedMidway as stopped:
            end(settings, place, stopped.outcome, "rollback", facts, 2)
        if outcome.good:
            click.secho(f"{env}: rolled back in {outcome.seconds:.0f} s", fg="green", bold=True)
        end(settings, place, outcome, "rollback", facts, int(not outcome.good))


def _line(revision: "Revision") -> str:
    notes = ["runs"] if revision.runs else []
    notes += [f"a deployment of it failed at {revision.failed}"] if revision.failed else []
    return f"{revision.name}  {', '.join(revision.images)}" + (f"  ({'; '.join(notes)})" if notes else "")
