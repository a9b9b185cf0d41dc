"""``skyworthy repository``, and the repository as a part of ``verify`` and ``gate pr``."""

import os
from pathlib import Path

import click

from skyworthy.config import Settings, load_settings
from skyworthy.files import write_json
from skyworthy.results import SuiteResult, combined
from skyworthy.verdicts import is_red


@click.command()
@click.option("--no-waivers", is_flag=True, help="Ignore waivers.toml.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Verdicts as JSON.")
def repository(no_waivers: bool, json_file: Path | None) -> None:
    """Judge the repository itself: documents, workflows, scripts, the template of variables, and its whole history.

    It is one for all environments. actionlint, zizmor and shellcheck come from a package index the first time; what
    was searched or linted once is not searched again.

    \b
    Examples:
      skyworthy repository
      skyworthy repository --json verdicts.json
    """
    from skyworthy.reports.console import report
    from skyworthy.reports.github import tell

    settings = load_settings(Path())
    result = judged(settings, waivers=not no_waivers)
    report(result)
    if json_file is not None:
        write_json(json_file, combined([result]))
    tell([result], os.environ, click.echo)
    raise click.exceptions.Exit(1 if any(is_red(item, settings.gates["pr"]) for item in result.verdicts) else 0)


def judged(settings: Settings, *, waivers: bool) -> SuiteResult:
    """The result of the repository suite; kept for reports where environments are configured."""
    from skyworthy.reports.console import progress
    from skyworthy.reports.store import save
    from skyworthy.suites.options import Options
    from skyworthy.suites.repository import run
    from skyworthy.suites.selection import the_repository
    from skyworthy.suites.stage import Stage

    environment = the_repository(settings)
    with (
        progress(environment.name) as told,
        Stage(settings, environment, Options(waivers=waivers, progress=told)) as stage,
    ):
        result = run(stage)
    if settings.environments:
        save(settings, result)
    return result
