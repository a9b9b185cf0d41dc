"""What the records of each read and type look like, by botocore's description of the answers."""

from copy import copy
from typing import Any

from skyworthy.observed.model import Kind, kind_of, plain
from skyworthy.observed.session import Session
from skyworthy.observed.tables import CollectedType, Read, Tables

ACCOUNT: dict[str, Kind] = {"Id": "text", "Region": "text", "Partition": "text"}
"""What every record holds under ``Account``."""


class Scopes:
    """The kinds of items and records.

    Args:
        tables: the collectors.
        session: knows the service models.
    """

    def __init__(self, tables: Tables, session: Session) -> None:
        self._tables = tables
        self._session = session
        self._known: dict[str, Kind] = {}

    def answer(self, read: Read) -> Kind:
        """Of an answer: botocore's output shape."""
        return self._session.service_model(read.service).operation_model(read.operation).output_shape

    def item(self, read: Read) -> Kind:
        """Of one item of a read: its members, and those that the engine adds (Parent, Arguments, Account)."""
        key = f"read {read.name}"
        if key not in self._known:
            members = _members(_one(kind_of(read.items, self.answer(read))))
            members.update(self._added(read))
            self._known[key] = members
        return self._known[key]

    def _added(self, read: Read) -> dict[str, Kind]:
        arguments = dict.fromkeys((*read.arguments, *read.parameters))
        added: dict[str, Kind] = {"Account": ACCOUNT, "Arguments": arguments}
        if read.each:
            added["Parent"] = self.record(self._tables.types[read.each])
        elif read.batch:
            added["Parent"] = self.item(self._tables.reads[read.batch])
        return added

    def record(self, kind: CollectedType) -> Kind:
        """Of one resource of a type: a record and the details that belong to it."""
        key = f"type {kind.name}"
        if key not in self._known:
            read = self._tables.reads[kind.read]
            item = self.item(read)
            inner = item if kind.records == "@" else _members(_one(kind_of(kind.records, item)))
            own = copy(inner)
            if not dict.__contains__(own, "Account"):
                own.update({"Account": ACCOUNT, "Parent": item})
            self._known[key] = own
            for detail in self._tables.details_of(kind.name):
                own[detail.into] = kind_of(detail.items, self.answer(detail))
            for metric in self._tables.metrics.values():
                if metric.of == kind.name:
                    own[metric.into] = [{"time": "text", "value": "number"}]
        return self._known[key]


def _one(kind: Kind) -> Kind:
    """A member of a list, or the kind itself."""
    if plain(kind) != "list":
        return kind
    return (kind[0] if kind else None) if isinstance(kind, list) else kind.member


def _members(kind: Kind) -> dict[str, Any]:
    if isinstance(kind, dict):
        return dict(kind)
    if plain(kind) == "structure":
        return dict(kind.members)
    if plain(kind) == "map":
        return _OfMap(kind.value)
    return {"Value": kind}


class _OfMap(dict[str, Any]):
    """The members of a map: any name is one."""

    def __init__(self, value: Kind) -> None:
        super().__init__()
        self._value = value

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> Kind:
        return self._value
