"""``skyworthy merge``: results of several machines as one."""

from pathlib import Path

import click

from skyworthy.cli.suites import write_status
from skyworthy.config import load_settings
from skyworthy.errors import BadInput
from skyworthy.results import merged, read_result
from skyworthy.verdicts import is_red


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
def merge(folders: tuple[Path, ...]) -> None:
    """Join the results of shards, environments and accounts, and write the reports of all.

    FOLDERS hold the `reports/` of each machine, at any depth. Results of one suite and environment are joined verdict
    by verdict, the worst counts; they must be of one commit, account and region. The joined results go into the
    reports folder of skyworthy.toml, with JUnit, SARIF and DEPLOYMENT_STATUS.md. Exit 1 where a suite is red.

    \b
    Example:
      skyworthy merge artifacts/staging artifacts/production
    """
    from skyworthy.reports.console import report
    from skyworthy.reports.store import save
    from skyworthy.suites.catalogue import SUITES

    settings = load_settings(Path())
    files = sorted(
        {path for folder in folders for path in folder.rglob("results-*.json") if "signoff" not in path.parts}
    )
    if not files:
        raise BadInput(f"no results-*.json below {', '.join(map(str, folders))}: nothing to merge is not a pass")
    results = merged(read_result(path) for path in files)
    strange = sorted({result.environment for result in results} - settings.environments.keys())
    if strange:
        raise BadInput(f"results of {', '.join(strange)}, which skyworthy.toml does not name")
    for result in results:
        save(settings, result)
        report(result)
    click.echo(f"{len(files)} results merged into {len(results)}; reports: {write_status(settings)}")
    red = any(is_red(item, settings.gates[SUITES[each.suite].gate]) for each in results for item in each.verdicts)
    raise click.exceptions.Exit(1 if red else 0)
