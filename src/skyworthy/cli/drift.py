"""``skyworthy drift``: what the account holds otherwise than the code says."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape

from skyworthy.cli.suites import looking, meant, which
from skyworthy.config import Environment, load_settings
from skyworthy.config.deploy import DeploySettings
from skyworthy.estate import Estate, Location, Resource
from skyworthy.estate.regions import Regions
from skyworthy.files import write_json

if TYPE_CHECKING:
    from skyworthy.behavior.drift import Comparison, Difference
    from skyworthy.observed import Observation


@click.command()
@which
@looking
@click.option("--not-compared", is_flag=True, help="Name what could not be compared, instead of counting it.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="The differences as JSON.")
def drift(
    terraform: Path | None,
    env: str | None,
    var_files: tuple[Path, ...],
    variables: Mapping[str, str],
    workspace: str,
    target: str,
    not_compared: bool,
    json_file: Path | None,
) -> None:
    """Show what the account holds otherwise than the code says, resource by resource; it only reads.

    Compared is each attribute that both the code and the account tell, by its meaning; what `ignore_changes` names,
    what deployments give (images, and their version), what autoscaling moves and what AWS makes by itself is no drift.
    Values of secrets are never shown.

    Exit code: 0 no drift, 1 drift, 2 a part could not be read and nothing was found in the rest.

    \b
    Examples:
      skyworthy drift --env staging                      on the sandbox
      skyworthy drift --env staging --target aws --json drift.json
      skyworthy drift --env staging --not-compared       what nobody could compare, too
    """
    from skyworthy.reports.console import progress
    from skyworthy.suites.options import Options
    from skyworthy.suites.stage import Stage

    settings = load_settings(Path())
    found: dict[str, _Drift] = {}
    for environment in meant(settings, terraform, env, var_files, variables, workspace):
        with progress(environment.name) as told:
            options = Options(target=target, progress=told, announce=click.echo)
            with Stage(settings, environment, options) as stage:
                found[environment.name] = _drift(stage.declared, stage.observation, stage.seen, settings.deploy)
        _show(environment, found[environment.name], not_compared)
    if json_file is not None:
        write_json(json_file, {name: _as_data(item) for name, item in found.items()})
    drifted, unread = any(item.drifted for item in found.values()), any(item.unread for item in found.values())
    raise click.exceptions.Exit(1 if drifted else 2 if unread else 0)


@dataclasses.dataclass(frozen=True)
class _Drift:
    """The drift of one environment.

    Args:
        compared: every resource that is in the code and in the account.
        missing: in the code, and not in the account.
        unmanaged: within the stack in the account, and not in the code.
        unread: what could not be read, and why.
        blanks: what could not be compared, because the code or the account does not tell it.
    """

    compared: tuple["Comparison", ...]
    missing: tuple[Resource, ...]
    unmanaged: tuple[Resource, ...]
    unread: tuple[str, ...]
    blanks: tuple[str, ...]

    @property
    def changed(self) -> tuple["Comparison", ...]:
        """Those that differ."""
        return tuple(item for item in self.compared if item.differences)

    @property
    def drifted(self) -> bool:
        """Whether anything is not as the code says."""
        return bool(self.changed or self.missing or self.unmanaged)


def _drift(declared: Estate, seen: "Observation", regions: Regions, deploy: DeploySettings) -> _Drift:
    from skyworthy.behavior.drift import compare

    managed = [item for item in declared if not item.data]
    compared = (compare(item, declared, regions.seen_by(item), deploy) for item in managed)
    known = tuple(item for item in compared if item is not None)
    blanks = [f"{item.declared.address}: {name}" for item in known for name in item.blanks]
    for item in managed:
        there = seen.estate.get(item.address)
        if there is not None and not there.attributes and there.blank is not None:
            blanks.append(f"{item.address}: {there.blank.reason}")
    refused = {f"{item.declared.address}: {item.refused.reason}" for item in known if item.refused is not None}
    notes = [note.message for note in seen.estate.notes]
    return _Drift(
        known,
        seen.missing,
        tuple(sorted(seen.unmanaged, key=str)),
        tuple(sorted({*notes, *refused})),
        tuple(sorted(blanks)),
    )


def _show(environment: Environment, found: _Drift, not_compared: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{escape(environment.name)}[/] [dim](- the code says, + the account has)[/]")
    for item in found.changed:
        console.print(f"  [yellow]~[/] [bold]{escape(item.declared.address)}[/]{_place(item.declared)}")
        for difference in item.differences:
            _show_difference(console, difference)
    for resource in found.missing:
        console.print(f"  [red]-[/] [bold]{escape(resource.address)}[/]{_place(resource)} is not in the account")
    for resource in found.unmanaged:
        console.print(f"  [green]+[/] [bold]{escape(resource.address)}[/] is not in the code")
    for text in found.unread:
        console.print(f"  [magenta]?[/] {escape(text)}")
    for text in found.blanks if not_compared else ():
        console.print(f"  [dim]not compared: {escape(text)}[/]")
    console.print(_sums(found))


def _place(resource: Resource) -> str:
    where = [str(part) for part in (resource.location, resource.region) if isinstance(part, (Location, str))]
    return f" [dim]{escape(' '.join(where))}[/]" if where else ""


def _show_difference(console: Console, difference: "Difference") -> None:
    if difference.hidden:
        console.print(f"      {escape(difference.path)}: differs, its value is not shown")
        return
    console.print(f"      {escape(difference.path)}")
    if difference.declared is not None:
        console.print(f"        [red]- {escape(difference.declared)}[/]")
    if difference.observed is not None:
        console.print(f"        [green]+ {escape(difference.observed)}[/]")


def _sums(found: _Drift) -> str:
    parts = [
        f"{len(found.changed)} changed",
        f"{len(found.missing)} missing",
        f"{len(found.unmanaged)} not in the code",
    ]
    attributes = sum(item.compared for item in found.compared)
    colour = "red" if found.drifted else "magenta" if found.unread else "green"
    compared = f"{attributes} attributes of {len(found.compared)} resources compared"
    compared += f", {len(found.blanks)} not known on both sides"
    unread = f", {len(found.unread)} not read" if found.unread else ""
    return f"  [{colour}]{', '.join(parts)}[/] [dim]({compared}{unread})[/]"


def _as_data(found: _Drift) -> dict[str, Any]:
    return {
        "changed": [
            {**_named(item.declared), "differences": [_difference(each) for each in item.differences]}
            for item in found.changed
        ],
        "missing": [_named(item) for item in found.missing],
        "unmanaged": [{"address": item.address, "type": item.type} for item in found.unmanaged],
        "unread": list(found.unread),
        "compared": {item.declared.address: item.compared for item in found.compared},
        "not_compared": list(found.blanks),
    }


def _named(resource: Resource) -> dict[str, Any]:
    location = resource.location
    return {
        "address": resource.address,
        "type": resource.type,
        "file": location.file if location else None,
        "line": location.line if location else None,
    }


def _difference(each: "Difference") -> dict[str, Any]:
    hidden = each.hidden
    return {
        "path": each.path,
        "code": None if hidden else each.declared,
        "account": None if hidden else each.observed,
        "hidden": hidden,
    }
