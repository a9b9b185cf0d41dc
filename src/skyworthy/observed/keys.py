"""Matching keys: the attributes by which a declared and a found resource are known to be the same one.

A key is the name of an attribute. ``name?`` may be left out in the code and is then not set; ``name_prefix`` is the
start of ``name``; ``cluster/`` is compared by what follows the last slash, so that a name and an ARN agree;
``found=declared`` compares attributes of different names; with a trailing ``<`` what is declared, if anything, has to
be among what was found.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from skyworthy.estate import Unknown, Value
from skyworthy.observed.found import Found

_SAME = {"all": "-1"}
"""Words for one thing: every protocol, https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html"""


@dataclass(frozen=True)
class Key:
    """One matching key, read from its notation.

    Args:
        found: attribute of the found resource.
        declared: attribute of the declared one.
        optional: may be left out in the code.
        prefix: the declared value is the start of the found one.
        tail: compare what follows the last slash.
        among: the found value is a list that holds the declared one, or all of its items.
    """

    found: str
    declared: str
    optional: bool = False
    prefix: bool = False
    tail: bool = False
    among: bool = False

    def of(self, value: Value) -> Any:
        """A value as it is compared: numbers and text alike, addresses without scheme, the last part of a path."""
        if value is None or value == "":
            return None
        text = str(value).lower() if isinstance(value, bool) else str(value)
        text = _SAME.get(text, text)
        if isinstance(value, float) and value.is_integer():
            text = str(int(value))
        return text.rpartition("/")[2] if self.tail else text.removeprefix("https://")


def key(notation: str) -> Key:
    """The key that a notation stands for."""
    optional, tail, among = notation.endswith(("?", "<")), notation.endswith("/"), notation.endswith("<")
    name = notation.rstrip("?/<")
    found, equals, declared = name.partition("=")
    if equals:
        return Key(found, declared, optional, tail=tail, among=among)
    if name.endswith("_prefix"):
        return Key(name.removesuffix("_prefix"), name, optional, prefix=True)
    return Key(name, name, optional, tail=tail)


class Index:
    """The found resources of one type by the values of one alternative's keys."""

    def __init__(self, keys: Sequence[Key], found: Iterable[Found]) -> None:
        self._keys = keys
        self._exact = tuple(item for item in keys if not item.prefix and not item.among)
        self._prefixes = tuple(item for item in keys if item.prefix)
        self._among = tuple(item for item in keys if item.among)
        self._found: dict[tuple[Any, ...], list[Found]] = {}
        for item in found:
            values = [item.attribute(each.found) for each in self._exact]
            if not any(isinstance(value, Unknown) for value in values):
                place = tuple(each.of(value) for each, value in zip(self._exact, values, strict=True))
                self._found.setdefault(place, []).append(item)

    def candidates(self, wanted: dict[Key, Value]) -> list[Found]:
        """The found resources that fit the declared values and are not paired yet."""
        fitting = self._found.get(tuple(item.of(wanted[item]) for item in self._exact), [])
        return [
            item
            for item in fitting
            if item.paired is None
            and all(str(item.attribute(each.found)).startswith(str(wanted[each])) for each in self._prefixes)
            and all(_holds(item.attribute(each.found), wanted[each]) for each in self._among)
        ]


def _holds(found: Value, wanted: Value) -> bool:
    items = wanted if isinstance(wanted, (list, tuple)) else [wanted] if wanted else []
    return all(item in found for item in items) if isinstance(found, (list, tuple)) else not items
