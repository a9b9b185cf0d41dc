"""Functions of time, and others whose result exists only when Terraform runs."""

from datetime import UTC, datetime, timedelta

from skyworthy.declared.evaluation.functions.table import function
from skyworthy.declared.evaluation.values import Failure
from skyworthy.estate.values import Unknown, Value

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


@function("timestamp", "nothing")
def timestamp() -> Value:
    """``timestamp``."""
    return Unknown("timestamp() is known at apply")


@function("plantimestamp", "nothing")
def plantimestamp() -> Value:
    """``plantimestamp``."""
    return Unknown("plantimestamp() is known at plan")


@function("uuid", "nothing")
def uuid() -> Value:
    """``uuid``."""
    return Unknown("uuid() is known at apply")


@function("bcrypt", "nothing")
def bcrypt(*_: Value) -> Value:
    """``bcrypt``: salted, so different every time."""
    return Unknown("bcrypt() is known at apply")


@function("timeadd")
def timeadd(moment: Value, duration: Value) -> Value:
    """``timeadd``."""
    sign = -1 if duration.startswith("-") else 1
    seconds, number = 0.0, ""
    for character in duration.lstrip("-+"):
        if character in _UNITS:
            seconds, number = seconds + float(number) * _UNITS[character], ""
        else:
            number += character
    if number:
        raise Failure(f"{duration!r} is not a duration")
    result = datetime.fromisoformat(moment).astimezone(UTC) + timedelta(seconds=sign * seconds)
    return result.strftime("%Y-%m-%dT%H:%M:%SZ")


@function("timecmp")
def timecmp(left: Value, right: Value) -> Value:
    """``timecmp``."""
    one, other = datetime.fromisoformat(left), datetime.fromisoformat(right)
    return (one > other) - (one < other)
