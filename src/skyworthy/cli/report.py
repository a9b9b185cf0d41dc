"""``skyworthy report``: the report for people, as one HTML file."""

import webbrowser
from pathlib import Path

import click

from skyworthy.cli.suites import write_status
from skyworthy.config import load_settings


@click.command()
@click.option("--open", "opened", is_flag=True, help="Show it in the browser.")
def report(opened: bool) -> None:
    """Write report.html (and DEPLOYMENT_STATUS.md) from the last results, and say where it is.

    The file needs nothing beside it: it can be mailed, kept as a build artifact, or printed.

    \b
    Examples:
      skyworthy report
      skyworthy report --open
    """
    from skyworthy.reports.html import FILE

    path = write_status(load_settings(Path())).with_name(FILE)
    click.echo(str(path))
    if opened and not webbrowser.open(path.resolve().as_uri()):
        click.echo("no browser could be opened: open the file yourself", err=True)
