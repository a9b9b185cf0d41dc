"""Functions on sets; computed elements are equal only to themselves."""

from skyworthy.declared.evaluation.functions.table import function
from skyworthy.declared.evaluation.values import fingerprint, make_set
from skyworthy.estate.values import Value


@function("setunion")
def setunion(*sets: Value) -> Value:
    """``setunion``."""
    return make_set([item for items in sets for item in items])


@function("setintersection", "contents")
def setintersection(first: Value, *others: Value) -> Value:
    """``setintersection``."""
    held = [{fingerprint(item) for item in other} for other in others]
    return make_set([item for item in first if all(fingerprint(item) in other for other in held)])


@function("setsubtract", "contents")
def setsubtract(first: Value, second: Value) -> Value:
    """``setsubtract``."""
    removed = {fingerprint(item) for item in second}
    return make_set([item for item in first if fingerprint(item) not in removed])


@function("setsymmetricdifference", "contents")
def setsymmetricdifference(first: Value, second: Value) -> Value:
    """``setsymmetricdifference``."""
    return make_set([*setsubtract(first, second), *setsubtract(second, first)])
