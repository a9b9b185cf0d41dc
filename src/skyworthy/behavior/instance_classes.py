"""Which instance classes of databases and node types of caches there are: AWS's offers, as data."""

import difflib
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

Kind = Literal["database", "cluster", "cache"]
"""What is of a class: an instance, the members of a Multi-AZ cluster, a cache node."""
_PREFIXES: Mapping[Kind, str] = {"database": "db", "cluster": "db", "cache": "cache"}


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("instance_classes.toml").read_text("utf-8"))


@cache
def offered(kind: Kind, engine: str = "") -> frozenset[str]:
    """The classes that AWS offers in any region for an engine; for one that the table does not name, all of the kind.

    Args:
        kind: see :data:`Kind`.
        engine: ``postgres``, ``aurora-mysql``, ...; empty: whichever.
    """
    rows = _table()[kind]
    own = [row for row in rows if engine in row["engines"]] or rows
    return frozenset(
        f"{_PREFIXES[kind]}.{family}{'.' if size else ''}{size}"
        for row in own
        for family, sizes in row["classes"].items()
        for size in sizes.split(" ")
    )


def class_problem(name: str, kind: Kind, engine: str = "") -> str:
    """Why there is nothing of a class, a clause that names the nearest one; empty where AWS offers it.

    Args:
        name: ``db.t4g.micro``, ``cache.t4g.micro``.
        kind: see :data:`Kind`.
        engine: as for :func:`offered`.
    """
    own = offered(kind, engine)
    if name in own:
        return ""
    if any(name in offered(other) for other, prefix in _PREFIXES.items() if prefix == _PREFIXES[kind]):
        return f"AWS offers no {name} for {'a Multi-AZ cluster of ' * (kind == 'cluster')}{engine}"
    near = difflib.get_close_matches(name, sorted(own), 1, 0.9)
    return f"there is no {name} among AWS's offers of {_table()['as_of']}{f'; {near[0]} is one' if near else ''}"
