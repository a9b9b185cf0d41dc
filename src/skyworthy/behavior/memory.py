"""What is made once of an estate and asked many times."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from skyworthy.estate import Estate

T = TypeVar("T")
_KEPT = 4


def once_per_estate(make: Callable[[Estate], T]) -> Callable[[Estate], T]:
    """Keep what a function makes of an estate, for the last few estates; the same object is the same estate."""
    made: list[tuple[Estate, T]] = []

    @wraps(make)
    def remembered(estate: Estate) -> T:
        for known, result in made:
            if known is estate:
                return result
        result = make(estate)
        made.append((estate, result))
        del made[:-_KEPT]
        return result

    return remembered
