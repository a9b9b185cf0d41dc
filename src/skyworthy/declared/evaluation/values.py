"""Values during evaluation: plain data, the estate's blanks, and things that are read lazily."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from skyworthy.estate.values import Reference, Template, Unknown, Value, text_of

_BOOLS = {"true": True, "1": True, "false": False, "0": False}
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


class Failure(Exception):
    """An expression that Terraform would refuse too: an index out of range, an attribute that is not there."""


class SetValue(list[Any]):
    """A Terraform set: sorted, without duplicates."""


class Lazy:
    """A namespace or object whose attributes are evaluated when asked for.

    Args:
        name: for messages and, for a resource, its address.
        read: gives an attribute's value; raises :class:`Failure` where there is none.
        names: the attributes that can be listed.
    """

    __slots__ = ("name", "names", "read")

    def __init__(self, name: str, read: Callable[[str], Value], names: Callable[[], list[str]]) -> None:
        self.name = name
        self.read = read
        self.names = names


class Instance(Lazy):
    """One instance of a resource or data source; ``name`` is its address."""

    __slots__ = ()


class Nested(dict[str, Any]):
    """A nested block of a resource: what is not set in it is known to the provider only.

    Args:
        content: the attributes that are set.
        address: the resource's address.
        path: where the block stands in it, ``setting.0``.
    """

    def __init__(self, content: Mapping[str, Value], address: str, path: str) -> None:
        super().__init__(content)
        self.address = address
        self.path = path


def undetermined(value: Value) -> bool:
    """Whether a value is one of the estate's blanks (its parts are not looked at)."""
    return isinstance(value, (Unknown, Reference, Template))


def because(value: Value) -> Unknown:
    """The Unknown that comes of deciding on a blank."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Template):
        return because(next(part for part in value.parts if not isinstance(part, str)))
    return Unknown(f"{value.address}.{value.attribute} is known after apply")


def first_blank(value: Value) -> Value:
    """The first blank at any depth, or None."""
    if undetermined(value):
        return value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((blank for item in items if (blank := first_blank(item)) is not None), None)


def kind(value: Value) -> str:
    """What Terraform calls the type of a value, for messages."""
    if isinstance(value, bool):
        return "bool"
    names = {str: "string", int: "number", float: "number", dict: "object", list: "list", SetValue: "set"}
    return "null" if value is None else names.get(type(value), "object")


def number_text(number: float) -> str:
    """A number as Terraform writes it in a string: never with an exponent."""
    if not isinstance(number, float) or not math.isfinite(number):
        return str(number)
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_text(value: Value) -> Value:
    """A scalar as a string; a blank stays as it is.

    Raises:
        Failure: for null and for collections.
    """
    if isinstance(value, str) or undetermined(value):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    raise Failure(f"a string is needed, not {kind(value)}")


def to_number(value: Value) -> Value:
    """A scalar as a number; a blank stays as it is."""
    if undetermined(value) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    if isinstance(value, str):
        if _NUMBER.fullmatch(value) is None:
            raise Failure(f"{value!r} is not a number")
        return int(value) if value.lstrip("+-").isdigit() else normal(float(value))
    raise Failure(f"a number is needed, not {kind(value)}")


def to_bool(value: Value) -> Value:
    """A scalar as a bool; a blank stays as it is."""
    if isinstance(value, bool) or undetermined(value):
        return value
    if isinstance(value, str) and value in _BOOLS:
        return _BOOLS[value]
    raise Failure(f"a bool is needed, not {kind(value)}")


def normal(number: float) -> float:
    """A float without fraction as an int, since Terraform knows one kind of number."""
    return int(number) if isinstance(number, float) and number.is_integer() and abs(number) < 1e15 else number


def join_text(items: list[Value]) -> Value:
    """Scalars one after the other as one string, blanks kept in their places."""
    parts: list[str | Reference | Unknown] = []
    for item in items:
        part = to_text(item)
        parts += part.parts if isinstance(part, Template) else [part]
    return text_of(parts)


def sort_key(value: Value) -> tuple[int, Any]:
    """Orders the elements of a set as Terraform does: numbers, then strings, then the rest as it comes."""
    if isinstance(value, (int, float)):
        return (0, value)
    if isinstance(value, str):
        return (1, value)
    return (2, str(value) if undetermined(value) else "")


def make_set(items: "list[Value] | tuple[Value, ...]") -> SetValue:
    """A set of some values; equal ones once, blanks equal only to themselves."""
    kept: list[Value] = []
    seen: set[str] = set()
    for item in items:
        token = fingerprint(item)
        if token not in seen:
            seen.add(token)
            kept.append(item)
    return SetValue(sorted(kept, key=sort_key))


def fingerprint(value: Value) -> str:
    """A text that is the same for the same value."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{fingerprint(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(fingerprint(item) for item in value) + "]"
    if isinstance(value, Lazy):
        return f"<{value.name}>"
    if undetermined(value):
        return f"${type(value).__name__}:{value}" if not isinstance(value, Unknown) else f"$unknown:{value.reason}"
    return f"{kind(value)}:{value!r}"


def equal(left: Value, right: Value) -> Value:
    """``left == right``: True, False, or an Unknown.

    A computed attribute will have a value: it is neither null nor empty, and equals itself.
    """
    if undetermined(left) or undetermined(right):
        return _equal_blank(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        if left.keys() != right.keys():
            return False
        return every(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        return every(equal(one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, Lazy) or isinstance(right, Lazy):
        return isinstance(left, Lazy) and isinstance(right, Lazy) and left.name == right.name
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _equal_blank(left: Value, right: Value) -> Value:
    blank, other = (left, right) if undetermined(left) else (right, left)
    if isinstance(blank, Unknown):
        return blank
    if fingerprint(blank) == fingerprint(other):
        return True
    if other is None or (other == "" if isinstance(other, str) else False):
        has_value = isinstance(blank, Reference) or any(not isinstance(part, Unknown) for part in blank.parts)
        return False if has_value else because(blank)
    if isinstance(blank, Template) and isinstance(other, str) and not _can_match(blank, other):
        return False
    return because(blank)


def _can_match(template: Template, text: str) -> bool:
    """Whether a string could be what a template becomes, judged by its first and last part."""
    first, last = template.parts[0], template.parts[-1]
    return not (isinstance(first, str) and not text.startswith(first)) and not (
        isinstance(last, str) and not text.endswith(last)
    )


def every(answers: Iterator[Value]) -> Value:
    """Logical and over answers of which some may be Unknown: False wins, then Unknown."""
    unknown: Value = None
    for answer in answers:
        if answer is False:
            return False
        if undetermined(answer):
            unknown = unknown or answer
    return True if unknown is None else unknown


def plain(value: Value) -> Value:
    """A value as the estate keeps it: sets are lists, whole resources are references to them."""
    if isinstance(value, Instance):
        return Reference(value.name, "id")
    if isinstance(value, Lazy):
        return Unknown(f"{value.name} is not a value")
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
