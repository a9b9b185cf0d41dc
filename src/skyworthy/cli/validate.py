"""``skyworthy validate``: all Terraform, in one table."""

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from skyworthy.config import load_settings

COLOURS = {"pass": "green", "fail": "bold red", "unknown": "bold blue"}
"""Of what checks say."""
EXIT_CODES = {"pass": 0, "fail": 1, "unknown": 2}
"""By the worst check."""


@click.command()
@click.option(
    "--terraform",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A tree of modules. Default: ./terraform, or where skyworthy.toml stands.",
)
def validate(terraform: Path | None) -> None:
    """Validate every Terraform root and module: format, `terraform validate`, and our own reader.

    Terraform runs in copies, without a backend; a module that a valid root calls is validated with it. Where Terraform
    or its providers cannot be had, that is unknown, and not a pass.

    Exit codes: 0 all pass, 1 something fails, 2 something is unknown or there is nothing to validate.

    \b
    Examples:
      skyworthy validate
      skyworthy validate --terraform ../their-repo
    """
    import skyworthy.operations.validate as operation
    from skyworthy.declared.roots import find_roots
    from skyworthy.errors import BadInput
    from skyworthy.reports.console import progress

    settings = load_settings(Path())
    if terraform is None:
        terraform = settings.directory / "terraform"
        roots = [item.root for item in settings.environments.values()]
        if not terraform.is_dir():
            if not roots:
                raise BadInput("there is no directory terraform here: name one with --terraform DIR")
            terraform = settings.directory
    else:
        roots = []
    roots += [root for root in find_roots(terraform) if root.resolve() not in {item.resolve() for item in roots}]
    with progress("validate") as told:
        found = operation.validate(terraform, roots, told)
    table = Table(box=None, pad_edge=False)
    for column in ("module", "fmt", "validate", "reader"):
        table.add_column(column)
    for module in found:
        cells = [
            f"[{COLOURS[item.outcome]}]{item.outcome}[/]" if item else ""
            for item in (module.formatted, module.valid, module.readable)
        ]
        table.add_row(escape(str(module.directory)), *cells)
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    told_already: set[str] = set()
    for module in found:
        for item in module.results:
            if item.outcome != "pass" and item.detail not in told_already:
                told_already.add(item.detail)
                console.print(f"  {escape(str(module.directory))}: {escape(item.detail)}")
    worst = operation.worst(found)
    roots_found = sum(item.root for item in found)
    console.print(f"{len(found)} modules, {roots_found} of them roots: [{COLOURS[worst]}]{worst}[/]")
    raise click.exceptions.Exit(EXIT_CODES[worst])
