"""The regions of an environment: names that AWS has."""

import difflib
import importlib.util
import json
from functools import cache
from pathlib import Path

from skyworthy.config.tables import Toml


def demand_regions(toml: Toml, region: str, regions: tuple[str, ...] | None, where: tuple[str, ...]) -> None:
    """Refuse what cannot be the region or regions of an environment.

    Args:
        toml: the file, for messages.
        region: ``region``, empty where it is not set.
        regions: ``regions``, None where it is not set.
        where: the environment's table.

    Raises:
        BadInput: both are set, a list is empty or says one twice, or AWS has no region of a name.
    """
    if region and regions is not None:
        toml.refuse("give region or regions, not both: the first of regions is the region", *where, "regions")
    if regions == ():
        toml.refuse("regions is empty: name those in which it is looked for, or leave it out", *where, "regions")
    for name in (region,) if region else ():
        _demand_known(toml, name, *where, "region")
    for index, name in enumerate(regions or ()):
        _demand_known(toml, name, *where, "regions")
        if name in (regions or ())[:index]:
            toml.refuse(f"regions names {name!r} twice", *where, "regions")


def _demand_known(toml: Toml, name: str, *where: str) -> None:
    known = _known_regions()
    if known and name not in known:
        near = " or ".join(sorted(difflib.get_close_matches(name, known, n=3, cutoff=0.85)))
        toml.refuse(f"AWS has no region {name!r}" + (f"; is it {near}?" if near else ""), *where)


@cache
def _known_regions() -> frozenset[str]:
    """The regions of all partitions, as botocore lists them; it is not imported, which would take longer than this."""
    found = importlib.util.find_spec("botocore")
    if found is None or found.origin is None:
        return frozenset()
    data = json.loads((Path(found.origin).parent / "data" / "partitions.json").read_text("utf-8"))
    names = (name for partition in data["partitions"] for name in partition["regions"])
    return frozenset(name for name in names if not name.endswith("-global"))
