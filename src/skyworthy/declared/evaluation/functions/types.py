"""Type conversion functions."""

from skyworthy.declared.evaluation.functions.table import function
from skyworthy.declared.evaluation.values import Failure, SetValue, kind, make_set, to_bool, to_number, to_text
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


@function("tolist")
def tolist(value: Value) -> Value:
    """``tolist``."""
    return None if value is None else list(_collection(value))


@function("toset")
def toset(value: Value) -> Value:
    """``toset``."""
    return None if value is None else make_set(_collection(value))


def _collection(value: Value) -> "list[Value]":
    if not isinstance(value, (list, SetValue)):
        raise Failure(f"a list is needed, not {kind(value)}")
    return value


@function("tomap")
def tomap(value: Value) -> Value:
    """``tomap``."""
    return value


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
