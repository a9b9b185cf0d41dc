"""Windows of backup and maintenance, as databases and caches have them."""

import re

from skyworthy.behavior.references import undecided
from skyworthy.estate import Value

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY, _WEEK = 24 * 60, 7 * 24 * 60
_WINDOW = re.compile(
    r"((?P<from_day>[a-z]{3}):)?(?P<from_hour>\d{2}):(?P<from_minute>\d{2})"
    r"-((?P<to_day>[a-z]{3}):)?(?P<to_hour>\d{2}):(?P<to_minute>\d{2})"
)


def assert_apart(backup: Value, maintenance: Value, *, shortest: int) -> None:
    """Assert that a daily and a weekly window, both in UTC, are such as AWS takes, and do not overlap.

    Args:
        backup: ``hh:mm-hh:mm``.
        maintenance: ``ddd:hh:mm-ddd:hh:mm``.
        shortest: what each must last at least, in minutes.

    Raises:
        Undecidable: where one of them is not known.
    """
    daily, weekly = _window(backup, "backup", shortest), _window(maintenance, "maintenance", shortest)
    days = [range(day * _DAY + daily.start, day * _DAY + daily.stop) for day in range(-1, 9)]
    for start in (0, _WEEK):
        later = range(weekly.start + start, weekly.stop + start)
        overlap = any(day.start < later.stop and later.start < day.stop for day in days)
        assert not overlap, f"its backups at {backup} and its maintenance at {maintenance} overlap"


def _window(text: Value, what: str, shortest: int) -> range:
    """The minutes of a window, counted from Monday's midnight, or from midnight for a daily one."""
    if not isinstance(text, str):
        raise undecided(text, f"the {what} window")
    match = _WINDOW.fullmatch(text.lower())
    weekly = what == "maintenance"
    days = [match[name] for name in ("from_day", "to_day")] if match else []
    fits = match and all(day in _WEEKDAYS if weekly else day is None for day in days)
    form = "ddd:hh:mm-ddd:hh:mm" if weekly else "hh:mm-hh:mm"
    assert match and fits, f"its {what} window is {text}, {form} wanted"
    first, last = (
        (_WEEKDAYS.index(day) * _DAY if day else 0) + int(match[f"{end}_hour"]) * 60 + int(match[f"{end}_minute"])
        for day, end in zip(days, ("from", "to"), strict=True)
    )
    last += (_WEEK if weekly else _DAY) if last <= first else 0
    assert last - first >= shortest, f"its {what} window is {last - first} minutes long, {shortest} at least wanted"
    return range(first, last)
