"""Which found resource is which declared one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from skyworthy.estate import Estate, Reference, Resource, Template, Unknown, Value
from skyworthy.observed.found import Found
from skyworthy.observed.keys import Index, Key, key
from skyworthy.observed.session import Identity
from skyworthy.observed.tables import CollectedType, Tables


class Pending(Exception):
    """It takes a resource that is not looked for yet."""


class Gone(Exception):
    """It takes a resource that is not there."""


class Undecided(Exception):
    """It cannot be known.

    Attributes:
        unknown: why.
    """

    def __init__(self, unknown: Unknown) -> None:
        super().__init__(unknown.reason)
        self.unknown = unknown


@dataclass(frozen=True)
class Missing:
    """A declared resource is not there."""


Outcome = Found | Missing | Unknown
_MADE_WITH_VPC = {
    "default_network_acl_id": "aws_default_network_acl",
    "default_route_table_id": "aws_default_route_table",
    "default_security_group_id": "aws_default_security_group",
    "main_route_table_id": "aws_default_route_table",
}
"""Attributes of a VPC -> the type of what they name."""
_OF_DATA = (("id",), ("arn",))
"""Further alternatives for data sources, which may look for a resource by what is computed of a managed one."""


@dataclass
class Pairing:
    """The state of the pairing, which grows while the account is read.

    Args:
        declared: the estate of the code.
        tables: the collectors.
        identity: who looks, for references to the account and region.
        beside: what was observed in other regions.
        found: type -> what was found of it, or why none could be listed; absent: not read yet.
        outcomes: address -> what became of a declared resource; absent: not decided yet.
        partial: types of which only a part was read yet; a declared resource that is not known to be among it is
            neither missing nor undecided.
        lacking: those of them in which a declared resource was not found.
        forced: nothing more will be read: what waits is undecided.
    """

    declared: Estate
    tables: Tables
    identity: Identity
    beside: Estate | None = None
    found: dict[str, list[Found] | Unknown] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    partial: set[str] = field(default_factory=set)
    lacking: set[str] = field(default_factory=set)
    forced: bool = False
    _indices: dict[tuple[str, tuple[str, ...]], Index] = field(default_factory=dict)

    def add(self, name: str, found: list[Found] | Unknown) -> None:
        """What reading a type gave; of a partial type, what reading the rest gave."""
        known = self.found.get(name)
        self.partial.discard(name)
        self._indices = {place: index for place, index in self._indices.items() if place[0] != name}
        if isinstance(known, list) and isinstance(found, list):
            seen = {item.attribute("id") for item in known}
            found = [*known, *(item for item in found if item.attribute("id") not in seen)]
        self.found[name] = found

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.declared:
            found.setdefault(resource.type, []).append(resource)
        return found

    def of_type(self, name: str) -> Sequence[Resource]:
        """The declared resources of a type, data sources included."""
        return self._by_type.get(name, ())

    def settled(self, name: str) -> bool:
        """Whether a type was read and each declared resource of it decided."""
        return name in self.found and all(item.address in self.outcomes for item in self.of_type(name))

    def advance(self) -> bool:
        """Decide what can be decided; whether anything was."""
        changed = False
        for name, found in self.found.items():
            for resource in self.of_type(name):
                if resource.address in self.outcomes:
                    continue
                outcome = (
                    found if isinstance(found, Unknown) else self._decide(self.tables.types[name], resource, found)
                )
                if name in self.partial and _is_not_among_it(outcome):
                    self.lacking.add(name)
                elif outcome is not None:
                    self.outcomes[resource.address] = outcome
                    changed = True
                if isinstance(outcome, Found):
                    outcome.paired = resource
        return changed

    def _decide(self, kind: CollectedType, resource: Resource, found: Sequence[Found]) -> Outcome | None:
        """What became of a declared resource; None where it has to wait."""
        if resource.blank is not None and not resource.data:
            return resource.blank
        try:
            matched = self._matched(kind, resource, found)
            return matched if matched is not None else self._via(kind, resource, found)
        except Pending as waiting:
            return Unknown(f"cannot be told apart: {waiting}") if self.forced else None
        except Gone:
            return Missing()
        except Undecided as blank:
            return blank.unknown

    def _matched(self, kind: CollectedType, resource: Resource, found: Sequence[Found]) -> Outcome | None:
        """By the alternatives in order; None where none of them decides and another way is left."""
        doubts: list[Unknown] = []
        decidable = gone = False
        for names in (*_OF_DATA, *kind.match) if resource.data else kind.match:
            keys = [key(name) for name in names]
            try:
                wanted = {item: self._wanted(resource, item) for item in keys}
            except Undecided as blank:
                doubts.append(blank.unknown)
                continue
            except Gone:
                gone = True
                continue
            if any(value is None and not item.optional for item, value in wanted.items()):
                continue
            candidates = self._index(kind.name, names, keys, found).candidates(wanted)
            if len(candidates) == 1:
                own = {item.declared: value for item, value in wanted.items() if item.among and value is not None}
                return candidates[0].part(own) if kind.shared else candidates[0]
            if candidates:
                doubts.append(Unknown(f"cannot be told apart: {len(candidates)} in the account fit {_told(wanted)}"))
            decidable = True
        if doubts and (not decidable or any("fit" in doubt.reason for doubt in doubts)):
            return None if kind.via else doubts[0]
        if decidable or gone:
            return None if kind.via else Missing()
        return None if kind.via else Unknown("cannot be told apart: the code gives nothing that it is known by")

    def _index(self, name: str, names: tuple[str, ...], keys: Sequence[Key], found: Sequence[Found]) -> Index:
        if (name, names) not in self._indices:
            self._indices[name, names] = Index(keys, found)
        return self._indices[name, names]

    def _wanted(self, resource: Resource, item: Key) -> Value:
        head, _, rest = item.declared.partition(".")
        if head not in resource.attributes:
            return None
        value = resource.attributes[head]
        if rest:
            value = value.get(rest) if isinstance(value, Mapping) else value
        return self.resolved(value)

    def _via(self, kind: CollectedType, resource: Resource, found: Sequence[Found]) -> Outcome:
        """By another resource that names it."""
        waiting = False
        for other, attribute in self._naming(kind, resource):
            outcome = self.outcomes.get(other.address)
            waiting = waiting or (outcome is None and other.type in self.tables.types)
            if isinstance(outcome, Found):
                value = outcome.attribute(attribute)
                fitting = [item for item in found if item.paired is None and _is(item, value)]
                return fitting[0] if len(fitting) == 1 else Missing()
        if waiting:
            raise Pending("what points at it is not decided")
        if any(key(name).declared in resource.attributes for names in kind.match for name in names):
            return Missing()
        raise Undecided(
            Unknown("cannot be told apart: it has no name, and nothing in the account that names it was found")
        )

    def _naming(self, kind: CollectedType, resource: Resource) -> Iterator[tuple[Resource, str]]:
        """The declared resources that name this one, and the attribute by which they do."""
        for via in kind.via:
            for other in self.of_type(via.type):
                named = other.attributes.get(via.attribute)
                if isinstance(named, Reference) and named.address == resource.address:
                    yield other, via.attribute

    def named_by_others(self, resource: Resource) -> Value:
        """What found resources call a declared one that has no name in the code; None where none does.

        Raises:
            Pending: one that may is not decided yet.
        """
        for other, attribute in self._naming(self.tables.types[resource.type], resource):
            outcome = self.outcomes.get(other.address)
            if outcome is None and other.type in self.tables.types:
                raise Pending(f"{other.address} is not decided")
            if isinstance(outcome, Found) and isinstance(outcome.attribute(attribute), str):
                return outcome.attribute(attribute)
        return None

    def resolved(self, value: Value) -> Value:
        """A declared value with its references replaced by what was found.

        Raises:
            Pending: a resource that it refers to is not decided yet.
            Gone: it is not there.
            Undecided: it cannot be known.
        """
        if isinstance(value, Unknown):
            raise Undecided(value)
        if isinstance(value, Reference):
            return self._referred(value)
        if isinstance(value, Template):
            return "".join(part if isinstance(part, str) else str(self.resolved(part)) for part in value.parts)
        return [self.resolved(item) for item in value] if isinstance(value, (list, tuple)) else value

    def _referred(self, reference: Reference) -> Value:
        there = self.beside.get(reference.address) if self.beside is not None else None
        if there is not None:
            return self._of_other_region(there, reference)
        target = self.declared.get(reference.address)
        kind = target.type if target is not None else _type_in(reference.address)
        of_account = account_attributes(self.identity).get(kind, {})
        if reference.attribute in of_account:
            return of_account[reference.attribute]
        if target is not None:
            known = target.attributes.get(reference.attribute)
            if known is not None and not isinstance(known, (Unknown, Reference)):
                return self.resolved(known)
        return self._observed(reference, target, kind)

    @staticmethod
    def _of_other_region(there: Resource, reference: Reference) -> Value:
        value = there.peek(reference.attribute)
        if isinstance(value, Unknown):
            raise Undecided(value)
        return value

    def _observed(self, reference: Reference, target: Resource | None, kind: str) -> Value:
        if target is None or kind not in self.tables.types:
            raise Undecided(Unknown(f"{reference} is not observed"))
        outcome = self.outcomes.get(target.address)
        if outcome is None:
            if self.declared.elsewhere is not None and self.declared.elsewhere.get(target.address) is target:
                raise Undecided(Unknown(f"{reference} is in another region, where it was not found"))
            raise Pending(f"{reference} is not decided")
        if isinstance(outcome, Missing):
            raise Gone(str(reference))
        if isinstance(outcome, Unknown):
            raise Undecided(outcome)
        value = outcome.attribute(reference.attribute)
        if kind == "aws_vpc" and reference.attribute in _MADE_WITH_VPC:
            value = self._made_with(outcome, _MADE_WITH_VPC[reference.attribute])
        if isinstance(value, Unknown):
            raise Undecided(value)
        if value is None:
            raise Undecided(Unknown(f"{reference} is not set in the account"))
        return value

    def _made_with(self, vpc: Found, name: str) -> Value:
        """The id of what AWS made with a VPC."""
        found = self.found.get(name)
        if found is None:
            raise Pending(f"{name} is not read")
        if isinstance(found, Unknown):
            return found
        return next((item.attribute("id") for item in found if item.attribute("vpc_id") == vpc.attribute("id")), None)


def _told(wanted: Mapping[Key, Any]) -> str:
    return ", ".join(f"{item.declared} {value}" for item, value in wanted.items() if value is not None) or "it"


def _is_not_among_it(outcome: Outcome | None) -> bool:
    """Whether a declared resource may still be found where only a part was read."""
    return isinstance(outcome, Missing) or (isinstance(outcome, Unknown) and not outcome.denied)


def _is(found: Found, identifier: Value) -> bool:
    return any(found.attribute(name) == identifier for name in ("id", "arn", "name") if name in found.type.attributes)


def _type_in(address: str) -> str:
    """The Terraform type in an address: ``data.aws_region.current`` -> ``aws_region``."""
    return next((part for part in address.split(".") if part.startswith("aws_")), "")


def account_attributes(identity: Identity) -> dict[str, dict[str, str]]:
    """What the data sources of the account itself give."""
    region, partition = identity.region, identity.partition
    return {
        "aws_caller_identity": {"account_id": identity.account, "id": identity.account, "arn": identity.arn},
        "aws_region": {"name": region, "id": region, "region": region},
        "aws_partition": {"partition": partition, "id": partition},
    }
