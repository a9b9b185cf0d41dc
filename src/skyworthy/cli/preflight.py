"""``skyworthy preflight``: whether a deployment can begin."""

from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from skyworthy.cli.suites import looking
from skyworthy.cli.validate import COLOURS, EXIT_CODES
from skyworthy.config import load_settings
from skyworthy.files import write_json


@click.command()
@click.option("--env", metavar="NAME", required=True, help="The environment.")
@looking
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="The checks as JSON.")
def preflight(env: str, target: str, json_file: Path | None) -> None:
    """Check what a deployment needs, and say the next step where something is missing; it only reads.

    Nine categories: local tools, AWS credentials, state bucket, lock table, Terraform configuration, environment
    variables, service quotas, container images, TLS certificate (where the policy demands HTTPS).

    Exit codes: 0 all pass, 1 something fails, 2 nothing fails but something is unknown, which is no pass.

    \b
    Examples:
      skyworthy preflight --env staging
      skyworthy preflight --env production --target aws --json preflight.json
    """
    from skyworthy.observed import Session
    from skyworthy.operations.preflight import CATEGORIES, Subject, worst
    from skyworthy.operations.preflight import preflight as check
    from skyworthy.reports.console import progress
    from skyworthy.suites.options import Options
    from skyworthy.suites.stage import Stage

    settings = load_settings(Path())
    environment = settings.environment(env)
    with (
        progress(env) as told,
        Stage(settings, environment, Options(target=target, progress=told, announce=click.echo)) as stage,
    ):
        # Opening the account asks who we are; here, that this fails is a finding and not the end.
        session = Session(region=environment.region or None) if target == "aws" else stage.account.session
        subject = Subject(settings, environment, session, lambda: stage.declared, lambda: stage.configuration)
        found = check(subject, told)
    console = Console(highlight=False, soft_wrap=True)
    for number, category in enumerate(CATEGORIES, 1):
        checks = [item for item in found if item.category == category]
        word = worst(checks)
        console.print(f"{number}. {category}: [{COLOURS[word]}]{word}[/]")
        for item in checks:
            console.print(f"   [{COLOURS[item.outcome]}]{item.outcome:7}[/] {escape(item.name)}: {escape(item.detail)}")
            if item.next_step:
                console.print(f"           next: {escape(item.next_step)}")
    if json_file is not None:
        write_json(json_file, [asdict(item) for item in found])
    overall = worst(found)
    sums = ", ".join(f"{sum(item.outcome == word for item in found)} {word}" for word in EXIT_CODES)
    console.print(f"[{COLOURS[overall]}]{env}: {overall}[/] ({sums})")
    raise click.exceptions.Exit(EXIT_CODES[overall])
