"""Type conversion functions."""

from skyworthy.declared.evaluation.functions.table import function
from skyworthy.declared.evaluation.values import (
    Failure,
    SetValue,
    kind,
    make_set,
    to_bool,
    to_number,
    to_text,
    undetermined,
)
from skyworthy.estate.values import Value


@function("tostring", "nothing")
def tostring(value: Value) -> Value:
    """``tostring``."""
    return None if value is None else to_text(value)


@function("tonumber", "nothing")
def tonumber(value: Value) -> Value:
    """``tonumber``."""
    return None if value is None else to_number(value)


@function("tobool", "nothing")
def tobool(value: Value) -> Value:
    """``tobool``."""
    return None if value is None else to_bool(value)


@function("tolist", "nothing")
def tolist(value: Value) -> Value:
    """``tolist``."""
    return value if _left_alone(value) else unified(list(_collection(value)))


@function("toset", "nothing")
def toset(value: Value) -> Value:
    """``toset``."""
    return value if _left_alone(value) else make_set(unified(list(_collection(value))))


def unified(items: list[Value]) -> list[Value]:
    """The elements of a list, set or map, which have one type: scalars of several types become strings."""
    kinds = {kind(item) for item in items if item is not None and not undetermined(item)}
    if len(kinds) < 2 or not kinds <= {"string", "number", "bool"}:
        return items
    return [item if item is None else to_text(item) for item in items]


def _left_alone(value: Value) -> bool:
    """Null, and computed collections: what they hold is not known, but where it comes from is."""
    return value is None or undetermined(value)


def _collection(value: Value) -> "list[Value]":
    if not isinstance(value, (list, SetValue)):
        raise Failure(f"a list is needed, not {kind(value)}")
    return value


@function("tomap", "nothing")
def tomap(value: Value) -> Value:
    """``tomap``."""
    return dict(zip(value, unified(list(value.values())), strict=True)) if isinstance(value, dict) else value


@function("sensitive", "nothing")
def sensitive(value: Value) -> Value:
    """``sensitive``: a mark without bearing on the value."""
    return value


@function("nonsensitive", "nothing")
def nonsensitive(value: Value) -> Value:
    """``nonsensitive``."""
    return value


@function("ephemeralasnull", "nothing")
def ephemeralasnull(value: Value) -> Value:
    """``ephemeralasnull``."""
    return value


@function("issensitive", "nothing")
def issensitive(_: Value) -> Value:
    """``issensitive``: marks are not followed."""
    return False


@function("type", "nothing")
def type_name(value: Value) -> Value:
    """``type``."""
    return kind(value)
