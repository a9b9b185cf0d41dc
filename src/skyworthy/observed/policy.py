"""The IAM policy that a live run needs, and not more: made from the collectors' tables and what the code declares."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources as package
from typing import Any

from skyworthy.estate import Estate, Resource, Template, Value
from skyworthy.observed.discovery import needed_types
from skyworthy.observed.failures import permission_of
from skyworthy.observed.reading import names_in_text
from skyworthy.observed.tables import Read, Tables, tables

VERSION = "2012-10-17"
_ANYWHERE = frozenset({"name", "account", "region", "partition"})
OWN_CALLS = ("sts:GetCallerIdentity",)
"""What a session calls besides the reads: whose account it is."""


@dataclass(frozen=True)
class Place:
    """Where a stack lives, as ARNs name it.

    Args:
        partition: ``aws``.
        region: ``us-east-1``; ``*`` where it is not known.
        account: twelve digits; ``*`` where they are not known.
    """

    partition: str = "aws"
    region: str = "*"
    account: str = "*"


@dataclass(frozen=True)
class Narrowed:
    """A row of ``permissions.toml``: actions that IAM lets be limited to resources.

    Args:
        actions: IAM actions.
        of: Terraform type whose declared resources are named.
        resources: ARNs with ``{partition}``, ``{region}``, ``{account}`` and ``{name}``.
        attribute: of the declared resource, fills ``{name}``.
        conditions: operator -> key -> values with the same names.
    """

    actions: tuple[str, ...]
    of: str
    resources: tuple[str, ...]
    attribute: str = "name"
    conditions: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)


@cache
def narrowed() -> Mapping[str, Narrowed]:
    """The rows of ``permissions.toml`` by Sid."""
    text = package.files("skyworthy.observed").joinpath("permissions.toml").read_text("utf-8")
    return {sid: _row(row) for sid, row in tomllib.loads(text).items()}


def _row(row: Mapping[str, Any]) -> Narrowed:
    return Narrowed(**{**row, "actions": tuple(row["actions"]), "resources": tuple(row["resources"])})


@dataclass(frozen=True)
class Asked:
    """What a live run is asked for.

    Args:
        secrets: the values of secrets.
        details: the calls marked ``detail``.
        thorough: the calls marked ``thorough``.
    """

    secrets: bool = True
    details: bool = False
    thorough: bool = False

    def covers(self, read: Read) -> bool:
        """Whether a run makes this read."""
        wanted = (self.secrets or not read.secret, self.details or not read.detail, self.thorough or not read.thorough)
        return all(wanted)


def needed_operations(
    declared: Estate, asked: Asked | None = None, *, collectors: Tables | None = None
) -> tuple[str, ...]:
    """``service:Operation`` of every call that a live run of a stack may make, sorted.

    Args:
        declared: the stack.
        asked: what is asked of the run; None: what ``skyworthy live`` does.
        collectors: other tables than those of the package.
    """
    chosen, asked = collectors or tables(), asked or Asked()
    reads = (
        read
        for kind in needed_types(chosen, declared).values()
        for chain in (
            *(list(_chain(chosen, name)) for name in (kind.read, kind.otherwise)),
            chosen.details_of(kind.name),
        )
        for read in chain
        if asked.covers(read) and all(_has_arguments(item, declared) for item in chain)
    )
    measured = {"cloudwatch:GetMetricData"} if _measured(chosen, declared) else set()
    return tuple(sorted({*OWN_CALLS, *measured, *(f"{read.service}:{read.operation}" for read in reads)}))


def _measured(chosen: Tables, declared: Estate) -> bool:
    """Whether metrics are asked for of anything that a stack declares."""
    return any(metric.of == item.type for metric in chosen.metrics.values() for item in declared)


def _has_arguments(read: Read, declared: Estate) -> bool:
    """Whether a read by declared resources finds one that has what it asks for; a name may come from elsewhere."""
    asked = {name for text in read.arguments.values() for name in names_in_text(text)} - _ANYWHERE
    if not read.declared or not asked:
        return True
    return any(asked <= item.attributes.keys() for item in declared if item.type == read.declared)


def _chain(chosen: Tables, name: str) -> Iterator[Read]:
    """A read and those whose items it takes."""
    while name:
        yield chosen.reads[name]
        name = chosen.reads[name].batch


def needed_policy(
    declared: Estate, place: Place, asked: Asked | None = None, *, collectors: Tables | None = None
) -> dict[str, Any]:
    """The policy document that allows every call of a live run, and nothing else; the order is stable.

    Args:
        declared: the stack.
        place: where it lives.
        asked: see :func:`needed_operations`.
        collectors: see :func:`needed_operations`.
    """
    operations = needed_operations(declared, asked, collectors=collectors)
    actions = {permission_of(*name.split(":")) for name in operations}
    if "secretsmanager:GetSecretValue" in actions and _has_own_key(declared):
        actions.add("kms:Decrypt")
    named = {sid: row for sid, row in narrowed().items() if actions & {*row.actions}}
    statements = [_limited(sid, row, actions, declared, place) for sid, row in named.items()]
    left = sorted(actions - {action for row in named.values() for action in row.actions})
    by_service: dict[str, list[str]] = {}
    for action in left:
        by_service.setdefault(action.partition(":")[0], []).append(action)
    lists = [_statement(f"List{_pascal(service)}", found, ["*"]) for service, found in by_service.items()]
    return {"Version": VERSION, "Statement": [*lists, *statements]}


def _has_own_key(declared: Estate) -> bool:
    return any(item.peek("kms_key_id") is not None for item in _declared(declared, "aws_secretsmanager_secret"))


def _declared(declared: Estate, type: str) -> list[Resource]:
    return [item for item in declared if item.type == type]


def _limited(sid: str, row: Narrowed, actions: Iterable[str], declared: Estate, place: Place) -> dict[str, Any]:
    """A statement about the declared resources of a type."""
    names = sorted({_name(item, row.attribute) for item in _declared(declared, row.of)}) or ["*"]
    if "*" in names:
        names = ["*"]
    statement = _statement(
        sid, sorted({*row.actions} & {*actions}), [text for arn in row.resources for text in _filled(arn, names, place)]
    )
    conditions = {
        operator: {
            key: [text for value in values for text in _filled(value, names, place)] for key, values in keys.items()
        }
        for operator, keys in row.conditions.items()
    }
    return {**statement, "Condition": conditions} if conditions else statement


def _statement(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _filled(text: str, names: Iterable[str], place: Place) -> list[str]:
    """A text with every name, each once."""
    scope = {"partition": place.partition, "region": place.region, "account": place.account}
    return list(dict.fromkeys(text.format(name=name, **scope) for name in names))


def _name(resource: Resource, attribute: str) -> str:
    """What a resource is called, with ``*`` for what is not known of it."""
    value = _text(resource.attributes.get(attribute))
    if value == "*" and f"{attribute}_prefix" in resource.attributes:
        value = f"{_text(resource.attributes[f'{attribute}_prefix'])}*".replace("**", "*")
    return value.removeprefix("https://")


def _text(value: Value) -> str:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, Template):
        return "".join(part if isinstance(part, str) else "*" for part in value.parts)
    return "*"


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


__all__ = ["Asked", "Place", "needed_operations", "needed_policy"]
