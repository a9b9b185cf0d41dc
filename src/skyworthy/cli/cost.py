"""``skyworthy cost``: what the stack costs in a month."""

import dataclasses
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from skyworthy.cli.suites import meant, which
from skyworthy.config import Environment, Settings, load_settings
from skyworthy.estate import Estate
from skyworthy.files import write_json

if TYPE_CHECKING:
    from skyworthy.behavior.cost import Estimate


@click.command()
@which
@click.option("--against", metavar="REVISION", help="Show what a branch, tag or commit would cost beside it.")
@click.option("--items", is_flag=True, help="Every item, not only the components.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="The items as JSON.")
def cost(
    terraform: Path | None,
    env: str | None,
    var_files: tuple[Path, ...],
    variables: Mapping[str, str],
    workspace: str,
    against: str | None,
    items: bool,
    json_file: Path | None,
) -> None:
    """Estimate what the declared stack costs in a month, and what could be saved; exit 1 above its budget.

    Prices are AWS's on-demand prices, without free tiers and discounts. What Terraform cannot tell, such as gigabytes
    through a NAT gateway, is assumed; `[environments.NAME.usage]` in skyworthy.toml says otherwise.

    \b
    Examples:
      skyworthy cost
      skyworthy cost --env staging --items
      skyworthy cost --against origin/main
    """
    from skyworthy.behavior.cost import estimate, monthly_budget
    from skyworthy.gates.revision import files_of

    settings = load_settings(Path())
    data: dict[str, Any] = {}
    above = False
    with ExitStack() as opened:
        base = opened.enter_context(files_of(settings.directory, against)) if against else None
        for environment in meant(settings, terraform, env, var_files, variables, workspace):
            estate = _declared(settings, environment)
            made = estimate(estate, environment.usage)
            before = _before(settings, environment, base.directory) if base else None
            limit = monthly_budget(estate)
            above = above or (limit is not None and made.monthly > limit)
            _show(environment, estate, made, before, limit, items)
            data[environment.name] = _as_data(made, limit)
    if json_file is not None:
        write_json(json_file, data)
    raise click.exceptions.Exit(1 if above else 0)


def difference(now: "Estimate", before: "Estimate") -> str:
    """What a change costs, for people: the sum, and the components that differ."""
    changes = {
        name: now.components.get(name, 0.0) - before.components.get(name, 0.0)
        for name in sorted(now.components.keys() | before.components.keys())
    }
    told = ", ".join(f"{name} {_signed(change)}" for name, change in changes.items() if abs(change) >= 0.005)
    return f"{_signed(now.monthly - before.monthly)} a month" + (f" ({told})" if told else "")


def _declared(settings: Settings, environment: Environment) -> Estate:
    from skyworthy.suites.options import Options
    from skyworthy.suites.stage import Stage

    return Stage(settings, environment, Options()).declared


def _before(settings: Settings, environment: Environment, directory: Path) -> "Estimate | None":
    from skyworthy.behavior.cost import estimate
    from skyworthy.gates.pull_request import same_environment, settings_at

    found = same_environment(settings, environment, settings_at(settings, directory), directory)
    return estimate(_declared(settings, found), found.usage)


def _show(
    environment: Environment,
    estate: Estate,
    made: "Estimate",
    before: "Estimate | None",
    limit: float | None,
    items: bool,
) -> None:
    from skyworthy.behavior.cost import savings

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{environment.name}[/] [dim]({made.prices.region}, prices of {made.prices.date})[/]")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("component", *(("item", "resource") if items else ()), "monthly", "yearly"):
        table.add_column(column, justify="right" if column in ("monthly", "yearly") else "left")
    if items:
        for item in made.items:
            what = f"{item.what}{' (assumed)' if item.assumed else ''}"
            table.add_row(item.component, what, item.address, _dollars(item.monthly), _dollars(12 * item.monthly))
    else:
        for name, monthly in made.components.items():
            table.add_row(name, _dollars(monthly), _dollars(12 * monthly))
    table.add_row("[bold]total[/]", *(("", "") if items else ()), _dollars(made.monthly), _dollars(12 * made.monthly))
    console.print(table)
    if limit is not None:
        word, colour = ("above", "red") if made.monthly > limit else ("within", "green")
        console.print(f"  [{colour}]{word} the budget of {_dollars(limit)}[/]")
    if before is not None:
        console.print(f"  against the base: {difference(made, before)}")
    for each in made.unpriced:
        console.print(f"  [bold blue]not counted[/] {each}")
    for saving in savings(estate, made, environment.policy):
        console.print(f"  [dim]could save about {_dollars(saving.monthly)}: {saving.what} ({saving.price})[/]")
    assumed = ", ".join(f"{name} {quantity:g}" for name, quantity in made.usage.items())
    console.print(f"  [dim]assumed of a month: {assumed}[/]")


def _as_data(made: "Estimate", limit: float | None) -> dict[str, Any]:
    return {
        "monthly": round(made.monthly, 2),
        "budget": limit,
        "components": {name: round(monthly, 2) for name, monthly in made.components.items()},
        "items": [{**dataclasses.asdict(item), "monthly": round(item.monthly, 2)} for item in made.items],
        "unpriced": list(made.unpriced),
        "usage": dict(made.usage),
        "prices": {"region": made.prices.region, "date": str(made.prices.date), "source": made.prices.source},
    }


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"


def _signed(amount: float) -> str:
    return f"{'-' if amount < 0 else '+'}${abs(amount):,.2f}"
