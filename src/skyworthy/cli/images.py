"""``skyworthy images``: built, pushed and scanned, before anything is deployed."""

from pathlib import Path

import click

from skyworthy.cli.deploy import opened, tag_of
from skyworthy.cli.signals import interruptible
from skyworthy.cli.suites import looking
from skyworthy.config import load_settings

FAIL_ON = ("critical", "high", "medium", "low")


@click.command()
@click.option("--env", metavar="NAME", required=True, help="The environment.")
@looking
@click.option("--tag", "--image-tag", "tag", metavar="TAG", help="Of the images; by default the commit.")
@click.option("--no-build", is_flag=True, help="Build nothing: the tag must be in ECR.")
@click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    default="critical",
    show_default=True,
    help="The least severity that stops the images.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=0), default=600, show_default=True, metavar="SECONDS", help="For the scans."
)
@click.option("--interval", type=click.FloatRange(min=0.05), metavar="SECONDS", help="Between two looks. [default: 5]")
def images(
    env: str, target: str, tag: str | None, no_build: bool, fail_on: str, timeout: float, interval: float | None
) -> None:
    """Build and push images that ECR does not have, and judge what its scans find; no service is touched.

    Exit codes: 0 scanned and nothing found that stops them, 1 findings, 2 no scan has ended, or they could not be made.

    \b
    Examples:
      skyworthy images --env staging --target aws
      skyworthy images --env production --target aws --no-build --tag 1.4.0 --fail-on high
    """
    import skyworthy.operations.deploy as operation
    from skyworthy.operations.scans import scans
    from skyworthy.suites.suite import commit_of

    settings = load_settings(Path())
    environment = settings.environment(env)
    order = operation.Order(tag or tag_of(commit_of(settings.directory)), build=not no_build)
    with opened(settings, environment, target, (), None, interval, replay=no_build) as place, interruptible():
        made = operation.publish(place, settings.directory, settings.deploy, order)
        found = scans(place.session, made, timeout=timeout, interval=place.interval, progress=place.progress)
    code = 0
    for scan in found:
        said = ", ".join(f"{count} {severity}" for severity, count in scan.counts.items()) or "no findings"
        if not scan.done:
            code = max(code, 2)
            said = f"not scanned ({scan.status.lower().replace('_', ' ')}): {scan.reason or 'no reason is given'}"
        elif scan.worse_than(fail_on):
            code = max(code, 1)
        colour = "red" if not scan.done or scan.worse_than(fail_on) else "green"
        click.secho(f"{scan.container}: {said}", fg=colour)
        click.echo(f"  {scan.image}")
    raise click.exceptions.Exit(1 if any(scan.worse_than(fail_on) for scan in found) else code)
