"""Numeric functions."""

import math

from skyworthy.declared.evaluation.functions.table import function
from skyworthy.declared.evaluation.values import Failure, normal, to_number
from skyworthy.estate.values import Value


@function("abs")
def absolute(number: Value) -> Value:
    """``abs``."""
    return abs(to_number(number))


@function("ceil")
def ceil(number: Value) -> Value:
    """``ceil``."""
    return math.ceil(to_number(number))


@function("floor")
def floor(number: Value) -> Value:
    """``floor``."""
    return math.floor(to_number(number))


@function("log")
def log(number: Value, base: Value) -> Value:
    """``log``."""
    return normal(math.log(to_number(number), to_number(base)))


@function("pow")
def power(number: Value, exponent: Value) -> Value:
    """``pow``."""
    return normal(to_number(number) ** to_number(exponent))


@function("signum")
def signum(number: Value) -> Value:
    """``signum``."""
    value = to_number(number)
    return (value > 0) - (value < 0)


@function("max")
def maximum(*numbers: Value) -> Value:
    """``max``."""
    return max(_all(numbers))


@function("min")
def minimum(*numbers: Value) -> Value:
    """``min``."""
    return min(_all(numbers))


def _all(numbers: tuple[Value, ...]) -> "list[float]":
    if not numbers:
        raise Failure("at least one number is needed")
    return [to_number(number) for number in numbers]
