"""The price table."""

import datetime
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Prices:
    """On-demand prices of one region, in US dollars.

    Attributes:
        region: of the prices; other regions differ by up to a fifth.
        date: when they were taken.
        source: where from.
        hours: of a month.
        hour: price of an hour, by key.
        month: price of a month, by key.
        use: price of a unit of use, by key.
        usage: what is used in a month where nobody says.
        free: types that cost nothing by themselves.
    """

    region: str
    date: datetime.date
    source: str
    hours: float
    hour: Mapping[str, float]
    month: Mapping[str, float]
    use: Mapping[str, float]
    usage: Mapping[str, float]
    free: frozenset[str]


@cache
def prices() -> Prices:
    """The table that skyworthy carries (``prices.toml``)."""
    data = tomllib.loads((files("skyworthy.behavior.cost") / "prices.toml").read_text("utf-8"))
    return Prices(**{**data, "free": frozenset(data["free"]["types"])})
