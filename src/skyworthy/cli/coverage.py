"""`skyworthy coverage`: which requirement is covered by what."""

import json
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from skyworthy.controls.requirements import FIXTURES, Requirement, requirements, strangers
from skyworthy.errors import BadInput


@click.command()
@click.option(
    "--repository",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="where you are",
    help="skyworthy's own sources, in which the named files are looked up.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def coverage(context: click.Context, repository: Path, as_json: bool) -> None:
    """Show requirement, controls, sides and tests; exit 1 where nothing covers a line.

    \b
    Examples:
      skyworthy coverage
      skyworthy coverage --json | jq '.[] | select(.gaps != [])'
    """
    if not (repository / FIXTURES).is_dir():
        raise BadInput(f"{repository.resolve()} holds no {FIXTURES}: run it in skyworthy's repository, or --repository")
    root = context.find_root().command
    lines = [(line, line.gaps(repository, lambda path: _has(root, path.split()))) for line in requirements()]
    if as_json:
        click.echo(json.dumps([_as_data(line, gaps, repository) for line, gaps in lines], indent=2))
    else:
        _show(lines, repository)
    unknown = strangers()
    for each in unknown:
        click.echo(f"no such requirement: {each}", err=True)
    if unknown or any(gaps for _, gaps in lines):
        context.exit(1)


def _show(lines: list[tuple[Requirement, list[str]]], repository: Path) -> None:
    """A block for each requirement: id and what must hold, then what covers it."""
    console = Console(highlight=False, soft_wrap=True)
    width = max(len(control.id) for line, _ in lines for control in line.controls)
    for line, gaps in lines:
        console.print(f"[{'bold red' if gaps else 'bold'}]{line.id}[/]  {escape(line.must)}")
        for control in line.controls:
            console.print(f"  {control.id:<{width}}  [dim]{','.join(control.lenses)}[/]")
        if examples := line.examples(repository):
            console.print(f"  [dim]{examples} examples[/]")
        for each in line.by:
            console.print(f"  [dim]also covered by[/] {escape(each)}")
        for gap in gaps:
            console.print(f"  [red]{escape(gap)}[/]")
    open_lines = [line.id for line, gaps in lines if gaps]
    click.echo(f"{len(lines) - len(open_lines)} of {len(lines)} requirements are covered")
    if open_lines:
        click.echo(f"not covered: {', '.join(open_lines)}")


def _as_data(line: Requirement, gaps: list[str], repository: Path) -> dict[str, object]:
    return {
        "id": line.id,
        "must": line.must,
        "controls": [control.id for control in line.controls],
        "lenses": line.lenses,
        "examples": line.examples(repository),
        "by": line.by,
        "gaps": gaps,
    }


def _has(command: click.Command, path: list[str]) -> bool:
    if not path:
        return True
    inner = command.commands.get(path[0]) if isinstance(command, click.Group) else None
    return inner is not None and _has(inner, path[1:])
