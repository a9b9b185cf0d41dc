"""``skyworthy drill``: try what a stack promises for a bad day."""

from pathlib import Path

import click

from skyworthy.cli.signals import interruptible
from skyworthy.cli.suites import looking
from skyworthy.config import Environment, load_settings
from skyworthy.errors import BadInput

NAMES = ("alarms", "deployment", "restore")
_SIGNS = {"pass": "ok     ", "fail": "FAIL   ", "unknown": "unknown"}


@click.command()
@click.argument("name", type=click.Choice(NAMES), metavar="[alarms|deployment|restore]")
@click.option("--env", metavar="NAME", required=True, help="The environment.")
@looking
@click.option("--region", metavar="NAME", default="", help="One of its regions. Default: the first.")
@click.option("--dry-run", is_flag=True, help="Say what would be changed, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--yes-production", is_flag=True, help="Needed where the environment is a production.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="To wait at most.",
)
@click.option(
    "--interval", type=click.FloatRange(min=0.05), default=5, metavar="SECONDS", help="Between two looks. [default: 5]"
)
def drill(
    name: str,
    env: str,
    target: str,
    region: str,
    dry_run: bool,
    yes: bool,
    yes_production: bool,
    timeout: float,
    interval: float,
) -> None:
    """Try alarms, a deployment or the newest backup, and say beforehand what that changes.

    \b
    alarms       set each alarm to ALARM, see its message arrive at a queue of the drill's own, set it back
    deployment   replace the tasks of every service by new ones of the same revision, and watch it settle
    restore      look whether the newest snapshot of each database could take its place; changes nothing

    What a drill makes it removes again, also where it is interrupted.

    Exit codes: 0 all as promised, 1 something is not, 2 it could not be tried.

    \b
    Examples:
      skyworthy drill alarms --env staging
      skyworthy drill deployment --env staging --target aws
      skyworthy drill alarms --env production --target aws --yes-production
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from skyworthy.operations.drills import DRILLS
    from skyworthy.operations.drills.drill import Setting
    from skyworthy.reports.console import progress
    from skyworthy.suites.options import Options
    from skyworthy.suites.stage import Stage

    settings = load_settings(Path())
    environment = settings.environment(env)
    _demand_consent(environment, yes_production or dry_run or name == "restore")
    with (
        progress(env) as told,
        Stage(
            settings, environment, Options(target=target, region=region, progress=told, announce=click.echo)
        ) as stage,
    ):
        place = region or stage.regions.home
        session = stage.account.session_in(place)
        setting = Setting(session, stage.seen.seen_in(place), timeout, interval, told)
        plan = DRILLS[name].plan(setting)
        for line in plan:
            click.echo(f"  will change: {line}")
        if not plan:
            click.echo("  changes nothing")
        if dry_run:
            return
        if plan and target == "aws" and not yes:
            identity = session.identity()
            click.confirm(f"do this in account {identity.account}, region {identity.region}?", abort=True)
        try:
            with interruptible():
                findings = DRILLS[name].run(setting)
        except (ClientError, BotoCoreError) as error:
            raise BadInput(f"{session.place}: the drill ended early: {error}") from error
    for finding in findings:
        click.echo(f"  {_SIGNS[finding.verdict]} {finding.what}: {finding.message}")
    raise click.exceptions.Exit(_exit_code([finding.verdict for finding in findings]))


def _demand_consent(environment: Environment, given: bool) -> None:
    if environment.policy_name == "production" and not given:
        raise BadInput(f"{environment.name} is a production: say so with --yes-production, or look with --dry-run")


def _exit_code(verdicts: list[str]) -> int:
    if "fail" in verdicts:
        return 1
    return 0 if verdicts and "unknown" not in verdicts else 2
