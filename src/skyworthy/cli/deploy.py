"""``skyworthy deploy``: images into services, and waiting until they are healthy."""

import getpass
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyworthy.cli.signals import interruptible
from skyworthy.cli.suites import keep, looking
from skyworthy.config import Environment, Settings, load_settings
from skyworthy.errors import BadInput
from skyworthy.verdicts import is_red

if TYPE_CHECKING:
    from skyworthy.operations.deploying import Outcome, Place

RECORDS = "deployments"
"""The folder of records, below that of reports."""


@click.command()
@click.option("--env", metavar="NAME", required=True, help="The environment.")
@looking
@click.option("--tag", "--image-tag", "tag", metavar="TAG", help="Of the images; by default the commit.")
@click.option("--service", "only", multiple=True, metavar="NAME", help="Only this service; may be repeated.")
@click.option("--from", "start", metavar="REVISION", help="Number, family:number or ARN; by default the newest one.")
@click.option("--no-build", is_flag=True, help="Build nothing: the tag must be in ECR.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--timeout", type=click.FloatRange(min=1), metavar="SECONDS", help="For stability. [default: 600]")
@click.option("--interval", type=click.FloatRange(min=0.05), metavar="SECONDS", help="Between two looks. [default: 5]")
@click.option("--verify", is_flag=True, help="Run live and smoke afterwards.")
@click.option(
    "--without-signoff", metavar="REASON", help="Deploy to production without a sign-off; the reason is kept."
)
def deploy(
    env: str,
    target: str,
    tag: str | None,
    only: tuple[str, ...],
    start: str | None,
    no_build: bool,
    dry_run: bool,
    yes: bool,
    timeout: float | None,
    interval: float | None,
    verify: bool,
    without_signoff: str | None,
) -> None:
    """Build and push images, pin them by digest in new task-definition revisions, and wait until services are healthy.

    Five phases: prerequisites, images, cluster, update, stability. A service's new revision starts from the newest one
    of its family, which the last apply registered, so that new secrets and variables arrive; one that is not as the
    code says is refused. An image that ECR has under the tag is not built again. Production needs a sign-off of this
    commit that says go. A record is written to reports/deployments.

    Exit codes: 0 deployed, 1 it failed or took too long, 2 it could not be begun or was interrupted.

    \b
    Examples:
      skyworthy deploy --env staging --target aws
      skyworthy deploy --env staging --dry-run
      skyworthy deploy --env production --target aws --no-build --tag 1.4.0 --yes --verify
    """
    import skyworthy.operations.deploy as operation
    from skyworthy.operations.deploying import StoppedMidway
    from skyworthy.suites.suite import commit_of

    settings = load_settings(Path())
    environment = settings.environment(env)
    commit = commit_of(settings.directory)
    order = operation.Order(tag or tag_of(commit), build=not no_build, dry_run=dry_run, start=start or "")
    facts: dict[str, Any] = {"commit": commit, "by": who()}
    facts |= _signed_off(settings, environment, commit, without_signoff, dry_run)
    with opened(settings, environment, target, only, timeout, interval, replay=dry_run) as place, interruptible():
        if start is not None:
            demand_one(place, "--from")
        if not (yes or dry_run):
            confirm(f"deploy {order.tag} to {', '.join(place.services)} of {env} ({place.session.place})?")
        try:
            outcome = operation.deploy(place, settings.directory, settings.deploy, order)
        except StoppedMidway as stopped:
            end(settings, place, stopped.outcome, "deploy", facts, 2)
        if not dry_run:
            _summary(settings, environment, place, outcome)
            end(settings, place, outcome, "deploy", facts, None if outcome.good and verify else int(not outcome.good))
    if verify and not dry_run:
        raise click.exceptions.Exit(1 if _verified_red(settings, environment, target) else 0)


@contextmanager
def opened(
    settings: Settings,
    environment: Environment,
    target: str,
    only: tuple[str, ...],
    timeout: float | None,
    interval: float | None,
    *,
    replay: bool,
) -> Iterator["Place"]:
    """Where an environment is deployed, for the duration of the block.

    Args:
        settings: of this directory.
        environment: which.
        target: ``sandbox`` or ``aws``.
        only: names of services; empty: all.
        timeout: seconds; None: as the settings say.
        interval: seconds; None: 5, in a sandbox half a second.
        replay: whether a sandbox that is made for this run will do, as nothing is changed.

    Raises:
        BadInput: no sandbox runs, nothing answers, the account refuses, or there is no such service.
    """
    from skyworthy.operations.cluster import declared_services
    from skyworthy.operations.deploying import WRITES, Place
    from skyworthy.operations.rollout import INTERVAL, READ_ERRORS
    from skyworthy.probes.acting import ActingSession
    from skyworthy.reports.console import progress
    from skyworthy.sandbox import server
    from skyworthy.suites.options import Options
    from skyworthy.suites.stage import Stage

    if target == "sandbox" and not replay and server.find_running(settings.directory, environment.name) is None:
        raise BadInput(
            f"no sandbox of {environment.name} is running, and one that ends with this command would forget what was "
            f"deployed: start one with `skyworthy sandbox up --env {environment.name}`, or name --target aws"
        )
    with (
        progress(environment.name) as told,
        Stage(settings, environment, Options(target=target, progress=told, announce=click.echo)) as stage,
    ):
        services = declared_services(stage.declared)
        unknown = [name for name in only if name not in services]
        if unknown:
            raise BadInput(f"{environment.name} has no service {', '.join(unknown)}; there are: {', '.join(services)}")
        session, sandbox = stage.account.session, stage.account.sandbox
        place = Place(
            environment=environment.name,
            target=target,
            session=session,
            writer=ActingSession(session, WRITES),
            services={name: cluster for name, cluster in services.items() if not only or name in only},
            declared=stage.declared,
            announce=click.echo,
            progress=told,
            timeout=timeout or settings.deploy.timeout_seconds,
            interval=interval or (INTERVAL if sandbox is None else 0.5),
        )
        try:
            yield place
        except KeyboardInterrupt:
            options = f"--env {shlex.quote(environment.name)} --target {target}"
            raise BadInput(f"interrupted; how services are now: skyworthy rollback {options} --list") from None
        except READ_ERRORS as error:
            raise session.bad_input(error) or BadInput(f"{session.place}: {error}") from error


def confirm(question: str) -> None:
    """Ask; anything but yes ends the command.

    Raises:
        BadInput: nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise BadInput(f"{question} Nobody can be asked here: confirm with --yes, or try --dry-run")
    click.confirm(question, abort=True)


def demand_one(place: "Place", option: str) -> None:
    """Make sure that an option which names a revision is given for one service.

    Raises:
        BadInput: there are more.
    """
    if len(place.services) > 1:
        raise BadInput(
            f"{option} names a revision of one service: name it with --service; there are {', '.join(place.services)}"
        )


def who() -> str:
    """Who deploys: GITHUB_ACTOR, else the user."""
    return os.environ.get("GITHUB_ACTOR") or getpass.getuser()


def end(
    settings: Settings, place: "Place", outcome: "Outcome", kind: str, facts: dict[str, Any], code: int | None
) -> None:
    """Keep the record and, where it did not end well, say how things are and what to do.

    Args:
        settings: of this directory.
        place: where.
        outcome: what came of it.
        kind: ``deploy`` or ``rollback``.
        facts: more to keep.
        code: exit code; None: the command goes on.
    """
    from skyworthy.operations.deploying import advice, keep_record, states

    path = keep_record(settings.reports / RECORDS, place, outcome, kind, facts)
    if not outcome.good:
        click.secho(f"{place.environment}: {outcome.problem}", fg="red", bold=True)
        for line in states(outcome):
            click.echo(f"  {line}")
        for line in advice(place, outcome):
            click.echo(f"  next: {line}")
    click.echo(f"record: {path}")
    if code is not None:
        raise click.exceptions.Exit(code)


def tag_of(commit: str) -> str:
    """The tag of images that nobody named one for: the commit.

    Raises:
        BadInput: there is none, or files differ from it.
    """
    if not commit:
        raise BadInput("this is no git checkout: name the tag of the images with --tag")
    if commit.endswith("+"):
        raise BadInput("files differ from the commit: commit them, or name the tag of the images with --tag")
    return commit[:12]


def _signed_off(
    settings: Settings, environment: Environment, commit: str, without: str | None, dry_run: bool
) -> dict[str, Any]:
    """What the record says of the sign-off.

    Raises:
        BadInput: production is not signed off.
    """
    from skyworthy.gates.clearance import clearance

    if environment.policy_name != "production":
        return {"signoff": None}
    found = clearance(settings.reports / "signoff", environment.name, commit)
    if not found.reasons:
        click.echo(f"signed off: {found.record}")
        return {"signoff": {"record": str(found.record), "digest": found.digest}}
    reasons = "; ".join(found.reasons)
    if without is not None and without.strip():
        click.echo(f"deployed without a sign-off ({without}): {reasons}")
        return {"signoff": {"without": without, "reasons": list(found.reasons)}}
    if dry_run:
        click.echo(f"a deployment would be refused: {reasons}")
        return {"signoff": None}
    raise BadInput(
        f"{environment.name} needs a sign-off of this commit that says go: {reasons}. Run `skyworthy verify --env "
        f"{environment.name}` and `skyworthy gate signoff --env {environment.name}`, or give --without-signoff REASON"
    )


def _summary(settings: Settings, environment: Environment, place: "Place", outcome: "Outcome") -> None:
    word, colour = ("deployed", "green") if outcome.good else ("not deployed", "red")
    click.secho(f"{environment.name}: {outcome.tag} {word} in {outcome.seconds:.0f} s", fg=colour, bold=True)
    for item in outcome.rollouts:
        known = settings.smoke.services.get(item.service)
        url = known.url.get(environment.name, "") if known is not None and place.target == "aws" else ""
        click.echo(f"  {item.service}: {item.before} -> {item.after or item.before} {url}".rstrip())
    for name, image in outcome.images.items():
        click.echo(f"  {name}: {image}")


def _verified_red(settings: Settings, environment: Environment, target: str) -> bool:
    """Run live and smoke on what was deployed; whether the nightly gate would be red."""
    from skyworthy.reports.console import progress, report
    from skyworthy.suites.catalogue import SUITES, run_in_turn
    from skyworthy.suites.options import Options
    from skyworthy.suites.stage import Stage

    red = False
    with (
        progress(environment.name) as told,
        Stage(settings, environment, Options(target=target, progress=told, announce=click.echo)) as stage,
    ):
        for result in run_in_turn(stage, ("live", "smoke")):
            report(result)
            keep(settings, environment, result)
            gate = settings.gates[SUITES[result.suite].gate]
            red = red or any(is_red(item, gate) for item in result.verdicts)
    return red
