"""Which CloudWatch metrics exist and how they are published (metrics.toml)."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Dimension:
    """What a dimension of a namespace stands for.

    Args:
        types: the Terraform types that it names; empty where it names no resource.
        attribute: the attribute that its value equals.
        same: attributes that always hold the same text as ``attribute``.
        members_of: a type that publishes by its members, ``aws_elasticache_replication_group``.
        pattern: what a value looks like that names no resource.
    """

    types: tuple[str, ...] = ()
    attribute: str = ""
    same: tuple[str, ...] = ()
    members_of: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class Publication:
    """Metrics that are published in the same dimension sets.

    Args:
        metrics: their names.
        sets: the dimension sets, each of them sorted names.
        needs: what must be switched on for it: ``container insights``, ``ec2``, or nothing.
    """

    metrics: frozenset[str]
    sets: tuple[tuple[str, ...], ...]
    needs: str = ""


@dataclass(frozen=True)
class Namespace:
    """One namespace of the table.

    Args:
        name: ``AWS/RDS``.
        page: AWS's page that lists its metrics.
        published: what is published.
        dimensions: by name.
    """

    name: str
    page: str
    published: tuple[Publication, ...]
    dimensions: Mapping[str, Dimension] = field(default_factory=dict)

    def publications(self, metric: str) -> tuple[Publication, ...]:
        """The rows that a metric stands in; none: there is no such metric."""
        return tuple(row for row in self.published if metric in row.metrics)


@cache
def namespaces() -> Mapping[str, Namespace]:
    """The table, by the name of the namespace."""
    text = resources.files("skyworthy.behavior.metrics").joinpath("metrics.toml").read_text("utf-8")
    return {name: _namespace(name, row) for name, row in tomllib.loads(text).items()}


@cache
def other_namespaces() -> frozenset[str]:
    """AWS's namespaces of which the table does not say what they hold (namespaces.txt)."""
    text = resources.files("skyworthy.behavior.metrics").joinpath("namespaces.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def meant_namespace(written: str, metric: str) -> str:
    """The namespace that a misspelt one means; empty where it is one of AWS's, or may be somebody's own.

    Names are case-sensitive. Taken for a slip is what publishes a metric of a name in the table and differs from the
    table's namespace in its letters' case, lacks its ``AWS/``, or has it and is nearly the same.

    Args:
        written: a namespace that the table does not have.
        metric: the metric that is sought in it.
    """
    if written in other_namespaces():
        return ""
    bare = {
        name.rpartition("/")[2].lower(): name
        for name, namespace in namespaces().items()
        if namespace.publications(metric)
    }
    prefix, _, last = written.rpartition("/")
    if last.lower() in bare and prefix.lower() in ("", "aws", "ecs"):
        return bare[last.lower()]
    near = difflib.get_close_matches(last.lower(), bare, n=1) if prefix == "AWS" else []
    return bare[near[0]] if near else ""


def _namespace(name: str, row: dict[str, Any]) -> Namespace:
    return Namespace(
        name=name,
        page=row["page"],
        published=tuple(
            Publication(
                metrics=frozenset(item["metrics"]),
                sets=tuple(tuple(sorted(names)) for names in item["sets"]),
                needs=item.get("needs", ""),
            )
            for item in row["published"]
        ),
        dimensions={
            key: Dimension(
                types=tuple(item.get("types", ())),
                attribute=item.get("attribute", ""),
                same=tuple(item.get("same", ())),
                members_of=item.get("members_of", ""),
                pattern=item.get("pattern", ""),
            )
            for key, item in row["dimensions"].items()
        },
    )
