"""``skyworthy list`` and ``skyworthy explain``: what is in the catalogue."""

import difflib
import json

import click
from rich.console import Console
from rich.table import Table

from skyworthy.controls import Control, catalogue, find_control
from skyworthy.errors import BadInput
from skyworthy.reports.console import COLOURS


@click.command("list")
@click.option("--area", help="Only this area, such as rds.")
@click.option("--requirement", help="Only controls that answer to this requirement, such as ALM-11.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_controls(area: str | None, requirement: str | None, as_json: bool) -> None:
    """List the controls of the catalogue.

    \b
    Examples:
      skyworthy list
      skyworthy list --area ecs
      skyworthy list --requirement SEC-2
    """
    chosen = [
        control
        for control in catalogue()
        if (area is None or control.area == area) and (requirement is None or requirement in control.requirements)
    ]
    if not chosen:
        areas = ", ".join(sorted({control.area for control in catalogue()}))
        raise BadInput(f"no control matches; areas are: {areas}")
    if as_json:
        click.echo(json.dumps([_as_data(control) for control in chosen], indent=2))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("control", "severity", "sides", "what it demands"):
        table.add_column(column, no_wrap=column != "what it demands")
    for control in chosen:
        colour = COLOURS[control.severity]
        table.add_row(control.id, f"[{colour}]{control.severity}[/]", ", ".join(control.lenses), control.title)
    Console().print(table)
    click.echo(f"{len(chosen)} controls")


@click.command()
@click.argument("control")
def explain(control: str) -> None:
    """Say what a control demands, why, and how to fix a violation.

    Of a requirement or the rule of a standard it says which controls answer to it.

    \b
    Examples:
      skyworthy explain ecs.secret-value-from-resolves
      skyworthy explain "FSBP RDS.3"
      skyworthy explain CKV_AWS_16
    """
    found = find_control(control)
    if found is None and (answering := _answering(control)):
        click.echo(f"{control} is answered by:")
        for each in answering:
            click.echo(f"  {each.id}  {each.title}")
        return
    if found is None:
        if control.startswith(("checkov.", "CKV")):
            raise BadInput(f"{control} is a check of checkov, which none of our controls stands for: see its guide")
        near = difflib.get_close_matches(control, [item.id for item in catalogue()], n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; `skyworthy list` shows them all"
        raise BadInput(f"no control is called {control!r}{hint}")
    console = Console(highlight=False)
    console.print(f"[bold]{found.id}[/]  [{COLOURS[found.severity]}]{found.severity}[/]")
    console.print(f"{found.title}\n")
    console.print(f"[bold]Why[/]   {found.why}")
    console.print(f"[bold]Fix[/]   {found.fix}\n")
    console.print(f"[dim]judges {', '.join(found.on)} ({' and '.join(found.lenses)})[/]")
    console.print(f"[dim]answers to {', '.join(found.refs)}[/]")
    if found.aliases:
        console.print(f"[dim]was called {', '.join(found.aliases)}[/]")


def _answering(reference: str) -> list[Control]:
    """The controls that answer to ``SEC-2``, ``FSBP RDS.3`` or ``CKV_AWS_16``."""
    names = {reference, f"REQ {reference}", reference.removeprefix("checkov.")}
    return [each for each in catalogue() if names & set(each.refs)]


def _as_data(control: Control) -> dict[str, object]:
    return {
        "id": control.id,
        "severity": control.severity,
        "lenses": control.lenses,
        "on": control.on,
        "title": control.title,
        "why": control.why,
        "fix": control.fix,
        "refs": control.refs,
        "aliases": control.aliases,
    }
