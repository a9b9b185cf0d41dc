"""Functions of time, and others whose result exists only when Terraform runs."""

import calendar
import re
from collections.abc import Callable
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


_VERBS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda moment: f"{moment.year:04d}",
    "YY": lambda moment: f"{moment.year % 100:02d}",
    "MMMM": lambda moment: calendar.month_name[moment.month],
    "MMM": lambda moment: calendar.month_abbr[moment.month],
    "MM": lambda moment: f"{moment.month:02d}",
    "M": lambda moment: str(moment.month),
    "DD": lambda moment: f"{moment.day:02d}",
    "D": lambda moment: str(moment.day),
    "EEEE": lambda moment: calendar.day_name[moment.weekday()],
    "EEE": lambda moment: calendar.day_abbr[moment.weekday()],
    "hh": lambda moment: f"{moment.hour:02d}",
    "h": lambda moment: str(moment.hour),
    "HH": lambda moment: f"{(moment.hour - 1) % 12 + 1:02d}",
    "H": lambda moment: str((moment.hour - 1) % 12 + 1),
    "AA": lambda moment: "PM" if moment.hour >= 12 else "AM",
    "aa": lambda moment: "pm" if moment.hour >= 12 else "am",
    "mm": lambda moment: f"{moment.minute:02d}",
    "m": lambda moment: str(moment.minute),
    "ss": lambda moment: f"{moment.second:02d}",
    "s": lambda moment: str(moment.second),
    "ZZZZZ": lambda moment: _offset(moment, ":"),
    "ZZZZ": lambda moment: _offset(moment, ""),
    "ZZZ": lambda moment: "UTC" if not moment.utcoffset() else _offset(moment, ""),
    "Z": lambda moment: "Z" if not moment.utcoffset() else _offset(moment, ":"),
}
_FORMAT = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<verb>([A-Za-z])\3*)|(?P<other>[^A-Za-z']+)")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)")


@function("formatdate")
def formatdate(spec: Value, moment: Value) -> Value:
    """``formatdate`` (https://developer.hashicorp.com/terraform/language/functions/formatdate)."""
    if not _TIMESTAMP.fullmatch(moment):
        raise Failure(f"{moment!r} is not a timestamp of RFC 3339")
    time = datetime.fromisoformat(moment)
    result, position = "", 0
    while position < len(spec):
        match = _FORMAT.match(spec, position)
        if match is None:
            raise Failure(f"a quote is not closed in {spec!r}")
        position = match.end()
        if match["verb"] is not None:
            result += _formatted(match["verb"], time)
        else:
            result += match["other"] or (match["quoted"] or "''").replace("''", "'")
    return result


def _formatted(verb: str, moment: datetime) -> str:
    if verb not in _VERBS:
        raise Failure(f"{verb!r} is not a part of a date")
    return _VERBS[verb](moment)


def _offset(moment: datetime, separator: str) -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}{separator}{abs(minutes) % 60:02d}"
