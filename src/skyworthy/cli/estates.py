"""The declared estate of one environment, for commands that answer questions about it."""

import difflib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from skyworthy.config import load_settings
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Resource

_NAMES = ("name", "identifier", "cluster_identifier", "replication_group_id", "cluster_id", "alarm_name")


def one_environment(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which Terraform is meant."""
    options = (
        click.option("--env", metavar="NAME", help="Which environment; needed where there are several."),
        click.option(
            "--terraform",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="A root module, or a tree in which root modules are found. Default: what skyworthy.toml names.",
        ),
        click.option("--json", "as_json", is_flag=True, help="For machines."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def declared_estate(env: str | None, terraform: Path | None) -> Estate:
    """Read the Terraform that is meant.

    Raises:
        BadInput: there are several environments, or the Terraform cannot be read.
    """
    from skyworthy.reports.console import progress
    from skyworthy.suites.options import Options
    from skyworthy.suites.selection import select
    from skyworthy.suites.stage import Stage

    settings = load_settings(Path())
    chosen = select(settings, terraform=terraform, env=env)
    if len(chosen) > 1:
        raise BadInput(f"which environment? --env {' or --env '.join(item.name for item in chosen)}")
    with progress(chosen[0].name) as told, Stage(settings, chosen[0], Options(progress=told)) as stage:
        return stage.declared


def find_one(name: str, among: Iterable[Resource], what: str) -> Resource:
    """The resource that a person means by an address, the end of one, a name or an identifier.

    Args:
        name: as typed.
        among: what may be meant.
        what: it is called in messages, such as "place of the network".

    Raises:
        BadInput: nothing or more than one thing is called so.
    """
    resources = tuple(among)
    for test in (_is_called, _ends_with):
        found = [item for item in resources if test(item, name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise BadInput(f"{name} may be {' or '.join(item.address for item in found)}")
    known = [text for item in resources for text in (*_texts(item), item.address)]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(map(str, resources)) or 'none'}"
    raise BadInput(f"no {what} is called {name!r}; {hint}")


def _texts(resource: Resource) -> list[str]:
    return [value for value in map(resource.attributes.get, _NAMES) if isinstance(value, str)]


def _is_called(resource: Resource, name: str) -> bool:
    return name == resource.address or name in _texts(resource)


def _ends_with(resource: Resource, name: str) -> bool:
    return resource.address.endswith(f".{name}") or resource.type == name
