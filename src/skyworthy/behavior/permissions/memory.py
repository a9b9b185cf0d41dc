"""What is worked out once for an estate: estates never change."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from skyworthy.estate import Estate

_T = TypeVar("_T")


def remembered(estate: Estate, key: Hashable, make: Callable[[], _T]) -> _T:
    """The value of ``make``, called once for an estate and key; it lives as long as the estate.

    What is raised is not remembered.
    """
    memory: dict[Hashable, _T] = estate.__dict__.setdefault("_remembered", {})
    if key not in memory:
        memory[key] = make()
    return memory[key]
