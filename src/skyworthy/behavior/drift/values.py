"""Comparing a declared value with an observed one, at any depth."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from skyworthy.behavior.drift import plain
from skyworthy.behavior.drift.differences import Difference, Told, is_secret, words
from skyworthy.behavior.drift.policies import is_policy, policy_differences
from skyworthy.behavior.drift.resolving import Resolver
from skyworthy.behavior.drift.rules import rules
from skyworthy.estate import Reference, Template, Unknown, Value, type_of

_KEYS = (
    "name", "Sid", "sid", "id", "rule_no", "rulePriority", "priority", "containerPort", "containerPath", "log_type",
    "container_name", "cidr_block", "key",
)  # fmt: skip
"""What tells the items of a list apart, the first that all of them have."""
_TEXTS = (str, int, float, bool, type(None), Reference, Template, Unknown)


_AFTER_APPLY = "known after apply"


@runtime_checkable
class Digest(Protocol):
    """A secret of which only a digest was kept."""

    def matches(self, text: str) -> bool:
        """Whether the secret is this text."""


@dataclass(frozen=True)
class Place:
    """Where a value stands.

    Args:
        type: Terraform's type.
        names: the attribute, and the blocks or keys down to the value.
        label: the same for messages, with the items of lists.
        document: the attribute that holds the JSON document in which it stands; empty outside of one.
    """

    type: str
    names: tuple[str, ...]
    label: str
    document: str = ""

    def inner(self, name: str) -> "Place":
        """An attribute of a block, or a key of a map."""
        return replace(self, names=(*self.names, name), label=f"{self.label}.{name}")

    def item(self, name: str) -> "Place":
        """An item of a list."""
        return replace(self, label=f"{self.label}[{name}]")

    @property
    def name(self) -> str:
        """``type.block.attribute``."""
        return ".".join((self.type, *self.names))

    @property
    def ordered(self) -> bool:
        """Whether the order of a list here has a meaning."""
        path = ".".join(self.names)
        return any(path == name or path.endswith(f".{name}") for name in rules().ordered)


class Comparer:
    """Compares values of one stack.

    Args:
        resolver: of its references.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def compare(self, place: Place, declared: Value, observed: Value) -> Told:
        """What differs between a declared value and the observed one."""
        if isinstance(declared, Unknown) or isinstance(observed, Unknown):
            return Told(blanks=[] if _is_left_to_aws(declared) else [place.label])
        if rules().any.get(place.name) == str(declared):
            return Told()
        if is_policy(declared, observed):
            return policy_differences(place.label, declared, observed, self._resolver)
        if isinstance(observed, (Mapping, list)) and isinstance(declared, str):
            declared = plain.decoded(declared)
        if isinstance(declared, Mapping) and isinstance(observed, (Mapping, str)):
            observed = plain.decoded(observed)
        if isinstance(declared, Mapping) and isinstance(observed, Mapping):
            return self._maps(place, declared, observed)
        if isinstance(declared, (list, tuple)) and isinstance(observed, (list, tuple)):
            return self._lists(place, declared, observed)
        return self._single(place, declared, observed)

    def _single(self, place: Place, declared: Value, observed: Value) -> Told:
        if isinstance(observed, Digest) and not isinstance(observed, _TEXTS):
            return self._digest(place, declared, observed)
        same = self._same(place, declared, observed)
        if same is None:
            return Told(blanks=[place.label])
        return Told() if same else Told([self._difference(place.label, declared, observed)])

    def _same(self, place: Place, declared: Value, observed: Value) -> bool | None:
        containers = isinstance(declared, (Mapping, list, tuple)) or isinstance(observed, (Mapping, list, tuple))
        if containers and not isinstance(declared, (Reference, Template)):
            return plain.nothing_set(declared, observed)
        return None if containers else self._resolver.same(place.name, declared, observed)

    def _digest(self, place: Place, declared: Value, observed: Digest) -> Told:
        value = self._resolver.resolved(declared)
        if not isinstance(value, str):
            return Told(blanks=[place.label])
        return Told() if observed.matches(value) else Told([Difference(place.label, "", "", hidden=True)])

    def _difference(self, label: str, declared: Value, observed: Value) -> Difference:
        known = self._resolver.resolved(declared)
        hidden = is_secret(label, declared) or is_secret(label, known) or is_secret(label, observed)
        if hidden:
            return Difference(label, "", "", hidden=True)
        return Difference(label, self._told(declared), self._named(observed))

    def _told(self, declared: Value) -> str:
        """A declared value; a reference with what it comes to."""
        known = self._resolver.resolved(declared)
        if isinstance(declared, Reference) and not isinstance(known, Unknown):
            return f"{words(declared)} ({words(known)})"
        return words(declared if isinstance(known, Unknown) else known)

    def _named(self, observed: Value) -> str:
        """An observed value, with the address of the resource that it identifies."""
        found = self._resolver.thing(observed) if isinstance(observed, str) and observed else None
        return f"{words(observed)} ({found.address})" if found is not None else words(observed)

    def _maps(self, place: Place, declared: Mapping[str, Value], observed: Mapping[str, Value]) -> Told:
        told = Told()
        for name, value in declared.items():
            if name in observed:
                told.add(self.compare(place.inner(name), value, observed[name]))
            elif place.document or self._is_free(place):
                told.add(self._lacking(place.inner(name), value))
            elif not (_is_left_to_aws(value) or plain.is_empty(value)):
                told.blanks.append(place.inner(name).label)
        for name, value in observed.items():
            if name not in declared:
                told.add(self._undeclared(place.inner(name), value))
        return told

    @staticmethod
    def _is_free(place: Place) -> bool:
        """Whether a map's keys are the user's own, as those of tags, and no attributes of a block."""
        return not place.document and (len(place.names) > 1 or place.names[0] in type_of(place.type).maps) and (
            type_of(place.type).nested(".".join(place.names)).kinds is None
        )  # fmt: skip

    def _lacking(self, place: Place, declared: Value) -> Told:
        if isinstance(declared, Unknown):
            return Told(blanks=[place.label])
        if plain.nothing_set(self._resolver.resolved(declared), None) or self._filled(place, declared):
            return Told()
        return Told([self._difference(place.label, declared, None)])

    def _undeclared(self, place: Place, observed: Value) -> Told:
        """What it means that the account tells something of which the code says nothing."""
        if isinstance(observed, Unknown) or self._filled(place, observed):
            return Told()
        if plain.nothing_set(None, observed) and not self._is_filled(place):
            return Told()
        outer = place.names[:-1]
        if place.document or self._is_free(replace(place, names=outer)):
            return Told([self._difference(place.label, None, observed)])
        return self._by_default(place, observed)

    def _by_default(self, place: Place, observed: Value) -> Told:
        """An attribute that a block leaves out: as the provider's default, or as the provider chooses."""
        nested = type_of(place.type).nested(".".join(place.names[:-1]))
        default = nested.defaults.get(place.names[-1])
        if self._is_block(place, observed) and default is None and observed[0].get("enabled") is not False:
            return Told([self._one_sided(place.label, observed[0], lacks=False)])
        if default is None or isinstance(observed, (Mapping, list, tuple)):
            return Told()
        return self._single(place, default, observed)

    @staticmethod
    def _is_block(place: Place, observed: Value) -> bool:
        """Whether the account has a nested block, in a block, that nobody but the code puts there."""
        kind = type_of(place.type)
        chosen = kind.nested(".".join(place.names[:-1])).computed
        known = kind.nested(".".join(place.names)).kinds is not None
        made = isinstance(observed, list) and bool(observed) and all(isinstance(item, Mapping) for item in observed)
        return made and known and place.names[-1] not in chosen and place.name not in rules().left_out

    @staticmethod
    def _is_filled(place: Place) -> bool:
        """Whether AWS fills in something where a document leaves this out."""
        return ".".join(place.names[1:]) in rules().filled.get(place.document, {})

    @staticmethod
    def _filled(place: Place, value: Value) -> bool:
        """Whether a value is what AWS fills in where a document leaves it out."""
        given = rules().filled.get(place.document, {})
        name = ".".join(place.names[1:])
        if place.document == "container_definitions" and name == "portMappings.hostPort":
            return True
        return name in given and plain.same(name, given[name], value)

    def _lists(self, place: Place, declared: Sequence[Value], observed: Sequence[Value]) -> Told:
        everything = (*declared, *observed)
        if all(isinstance(item, Mapping) for item in everything):
            return self._items(place, declared, observed)
        if all(isinstance(item, _TEXTS) for item in everything) and not place.ordered:
            return self._set(place, declared, observed)
        if len(declared) != len(observed):
            return Told([self._difference(place.label, list(declared), list(observed))])
        told = Told()
        for index, (left, right) in enumerate(zip(declared, observed, strict=True)):
            told.add(self.compare(place.item(str(index)), left, right))
        if told.differences and (is_secret(place.label, declared) or is_secret(place.label, observed)):
            return Told([Difference(place.label, "", "", hidden=True)], told.blanks)
        return told

    def _set(self, place: Place, declared: Sequence[Value], observed: Sequence[Value]) -> Told:
        """Texts without an order, such as subnets or actions; what is not known may be any one of the others."""
        left, blanks, lacking = list(observed), 0, []
        for value in declared:
            answers = [self._resolver.same(place.name, value, item) for item in left]
            if True in answers:
                del left[answers.index(True)]
            elif isinstance(value, Unknown) or None in answers:
                blanks += 1
            else:
                lacking.append(value)
        told = Told(blanks=[place.label] if blanks else [])
        told.differences += [self._one_sided(place.label, item, lacks=True) for item in lacking]
        if len(left) > blanks:
            told.differences += [self._one_sided(place.label, item, lacks=False) for item in left[blanks:]]
        return told

    def _one_sided(self, label: str, value: Value, *, lacks: bool) -> Difference:
        if is_secret(label, value):
            name = self._resolver.resolved(value.get("name")) if isinstance(value, Mapping) else None
            if not isinstance(name, str):
                return Difference(label, "", "", hidden=True)
            return Difference(label, name, None) if lacks else Difference(label, None, name)
        return Difference(label, self._told(value), None) if lacks else Difference(label, None, self._named(value))

    def _items(self, place: Place, declared: Sequence[Value], observed: Sequence[Value]) -> Told:
        """Blocks, or objects of a document, without an order."""
        told = Told()
        if len(declared) == len(observed) == 1:
            return self.compare(place, declared[0], observed[0])
        open_ones, rest = list(observed), []
        for item in declared:
            equal = next((index for index, other in enumerate(open_ones) if not self._differ(place, item, other)), None)
            if equal is None:
                rest.append(item)
            else:
                told.blanks += self.compare(place, item, open_ones.pop(equal)).blanks
        nearest = self._by_key(rest, open_ones) or self._by_likeness(place)
        for item in rest:
            index = nearest(item, open_ones)
            if index is None:
                told.differences.append(self._one_sided(place.label, item, lacks=True))
            else:
                told.add(self.compare(place.item(self._called(item, declared)), item, open_ones.pop(index)))
        there = [item for item in open_ones if item.get("enabled") is not False]  # what is switched off is not there
        told.differences += [self._one_sided(place.label, item, lacks=False) for item in there]
        return told

    def _differ(self, place: Place, declared: Value, observed: Value) -> bool:
        return bool(self.compare(place, declared, observed).differences)

    def _by_key(self, declared: Sequence[Value], observed: Sequence[Value]) -> "_Nearest | None":
        for key in _KEYS:
            values = [self._resolver.resolved(item.get(key)) for item in (*declared, *observed)]
            if all(isinstance(value, (str, int)) for value in values):
                return lambda item, others, key=key: next(  # type: ignore[misc]
                    (i for i, other in enumerate(others) if other[key] == self._resolver.resolved(item[key])), None
                )
        return None

    def _by_likeness(self, place: Place) -> "_Nearest":
        def nearest(item: Value, others: Sequence[Value]) -> int | None:
            counts = [len(self.compare(place, item, other).differences) for other in others]
            return min(range(len(others)), key=counts.__getitem__, default=None)

        return nearest

    def _called(self, item: Mapping[str, Value], among: Sequence[Value]) -> str:
        known = (self._resolver.resolved(item.get(key)) for key in _KEYS)
        name = next((value for value in known if isinstance(value, (str, int)) and value != ""), None)
        return str(name if name is not None else next(i for i, other in enumerate(among) if other is item))


_Nearest = Callable[[Value, Sequence[Value]], int | None]


def _is_left_to_aws(declared: Value) -> bool:
    """Whether the code leaves a value of a block out, which AWS or the provider then chooses."""
    return isinstance(declared, Unknown) and declared.reason == _AFTER_APPLY


def flat(names: Iterable[str]) -> Iterator[str]:
    """Names of ``ignore_changes`` without the positions in lists, as places are compared."""
    for name in names:
        yield ".".join(part for part in name.split(".") if not part.isdigit())
