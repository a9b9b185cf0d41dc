"""``skyworthy list`` and ``skyworthy explain``: what is in the catalogue."""

import difflib
import json
import re
from collections.abc import Sequence

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from skyworthy.controls import Control, catalogue, find_control
from skyworthy.controls.standards import answering, find_rule
from skyworthy.errors import BadInput
from skyworthy.reports.console import COLOURS

_RULE = re.compile(r"(FSBP )?[A-Za-z0-9]+\.\d+|(CIS )?\d+(\.\d+)+")


@click.command("list")
@click.option("--area", help="Only this area, such as rds.")
@click.option("--requirement", help="Only controls that answer to this requirement, such as ALM-11.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_controls(area: str | None, requirement: str | None, as_json: bool) -> None:
    """List the controls of the catalogue.

    In a pipe each takes one line: id, severity, sides, and what it demands.

    \b
    Examples:
      skyworthy list
      skyworthy list --area ecs
      skyworthy list | grep critical
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
    _show(chosen)
    click.echo(f"{len(chosen)} controls")


def _show(controls: Sequence[Control]) -> None:
    """A line for each: id, severity, sides, title; at a terminal the title stands on lines of its own."""
    console = Console(highlight=False, soft_wrap=True)
    heads = {each.id: (each.id, each.severity, ",".join(each.lenses)) for each in controls}
    widths = [max(map(len, column)) for column in zip(*heads.values(), strict=True)]
    for each in controls:
        id, severity, sides = (text.ljust(width) for text, width in zip(heads[each.id], widths, strict=True))
        line = f"{id}  [{COLOURS[each.severity]}]{severity}[/]  {sides}"
        if console.is_terminal:
            console.print(line.rstrip())
            console.print(Padding(escape(each.title), (0, 0, 0, 2), expand=False), soft_wrap=False)
        else:
            console.print(f"{line}  {escape(each.title)}")


@click.command()
@click.argument("control")
def explain(control: str) -> None:
    """Say what a control demands, why, and how to fix a violation.

    Of a requirement or the rule of a standard it says which controls answer to it, or why none does.

    \b
    Examples:
      skyworthy explain ecs.secret-value-from-resolves
      skyworthy explain RDS.3
      skyworthy explain CKV_AWS_16
    """
    if found := find_control(control) or _dashed(control):
        _tell(found)
        return
    rule = find_rule(control)
    if controls := answering(control):
        click.echo(f"{control}{f' ({rule.retired})' if rule and rule.retired else ''} is answered by:")
        width = max(len(each.id) for each in controls)
        for each in controls:
            click.echo(f"  {each.id:<{width}}  {each.title}")
    elif rule:
        click.echo(f"{control} is not taken: {rule.reason}")
    else:
        raise BadInput(_not_found(control))


def _tell(found: Control) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{found.id}[/]  [{COLOURS[found.severity]}]{found.severity}[/]")
    console.print(f"{escape(found.title)}\n")
    console.print(f"[bold]Why[/]   {escape(found.why)}")
    console.print(f"[bold]Fix[/]   {escape(found.fix)}\n")
    console.print(f"[dim]judges {', '.join(found.on)} ({' and '.join(found.lenses)})[/]")
    console.print(f"[dim]answers to {', '.join(found.refs)}[/]")
    if found.aliases:
        console.print(f"[dim]is also called {', '.join(found.aliases)}[/]")


def _dashed(name: str) -> Control | None:
    """The control of a name in which a dash stands for the dot, ``rds-multi-az``."""
    return next((each for each in catalogue() if name in {id.replace(".", "-") for id in each.names}), None)


def _not_found(name: str) -> str:
    if name.startswith(("checkov.", "CKV")):
        return f"{name} is a check of checkov, which none of our controls stands for: see its guide"
    if _RULE.fullmatch(name):
        return f"no control answers to {name}; docs/reference/standards.md lists the rules that are answered"
    near = difflib.get_close_matches(name, [item.id for item in catalogue()], n=3, cutoff=0.4)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; `skyworthy list` shows them all"
    return f"no control is called {name!r}{hint}"


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
