"""Reading what an account holds of a stack in several regions: in each by a session of its own, told as one."""

import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Note, Resource, Unknown, Value
from skyworthy.estate.regions import Regions
from skyworthy.observed.observe import DEADLINE_SECONDS, Observation, observe
from skyworthy.observed.session import Session

_Number = TypeVar("_Number", int, float)


def observe_regions(
    session_in: Callable[[str], Session],
    declared: Regions,
    asked: Sequence[str],
    *,
    deadline: float = DEADLINE_SECONDS,
    **options: Any,
) -> Observation:
    """Read what an account holds of a stack, each resource in its region.

    Args:
        session_in: the session of a region.
        declared: what to look for.
        asked: the regions to look in; what lives in others is undecided.
        deadline: seconds after which nothing more is called, in all regions together.
        options: see :func:`observe`.

    Raises:
        BadInput: in none of the regions anything could be seen.
    """
    if declared.names == tuple(asked) and len(asked) == 1 and not declared.unplaced:
        return observe(session_in(asked[0]), declared.estate, deadline=deadline, **options)
    until = time.monotonic() + deadline
    seen: dict[str, Observation] = {}
    refused: dict[str, BadInput] = {}
    for name in asked:
        part = declared.part(name)
        if not len(part) and name != declared.home:
            continue
        beside = Estate(tuple(item for made in seen.values() for item in made.estate))
        left = until - time.monotonic()
        try:
            made = observe(session_in(name), part, beside=beside, deadline=left, **options)
        except BadInput as error:
            refused[name] = error
        else:
            seen[name] = _placed(made, part, name, name == declared.home)
    if refused and not seen:
        raise next(iter(refused.values()))
    account = session_in(asked[0]).identity().account
    return dataclasses.replace(_joined(declared, tuple(asked), seen, refused), account=account)


def _placed(made: Observation, part: Estate, name: str, home: bool) -> Observation:
    """An observation whose resources say where they are, what the code does not know also by its address.

    What the code does not know and another region shows too, such as a trail of all regions, is left to that one.
    """
    known = {item.address for item in part}

    def is_here(item: Resource) -> bool:
        return item.address in known or _region_in(item.attributes.get("arn")) in ("", name)

    def place(item: Resource) -> Resource:
        address = item.address if home or item.address in known else f"{item.address} in {name}"
        return dataclasses.replace(item, region=name, address=address)

    notes = tuple(f"{name}: {text}" for text in made.notes)
    unmanaged = tuple(place(item) for item in made.unmanaged if is_here(item))
    estate = dataclasses.replace(
        made.estate,
        resources=tuple(place(item) for item in made.estate if is_here(item)),
        notes=tuple(map(Note, notes)),
        unmanaged=unmanaged,
        elsewhere=None,
    )
    return dataclasses.replace(made, estate=estate, unmanaged=unmanaged, notes=notes)


def _region_in(arn: Value) -> str:
    """The region of an ARN; empty where it has none."""
    return arn.split(":")[3] if isinstance(arn, str) and arn.count(":") >= 5 else ""


def _joined(
    declared: Regions, asked: tuple[str, ...], seen: Mapping[str, Observation], refused: Mapping[str, BadInput]
) -> Observation:
    """The observations of several regions as one."""
    blank = dict(_not_looked_for(declared, asked, refused))
    resources = [item for made in seen.values() for item in made.estate]
    resources += [
        dataclasses.replace(item, attributes={}, blank=blank[item.address])
        for item in declared.estate
        if item.address in blank and not item.data
    ]
    unmanaged = tuple(item for made in seen.values() for item in made.unmanaged)
    undecided = {address: why for made in seen.values() for address, why in made.undecided.items()}
    regions = declared.named or declared.names
    others = {item.address for item in declared.estate if declared.place_of(item) in regions}  # other runs' or refused
    lost = {address: why for address, why in blank.items() if address not in others}
    undecided |= lost
    notes = tuple(text for made in seen.values() for text in made.notes)
    notes += tuple(f"{address}: {why.reason}" for address, why in sorted(lost.items()))
    notes += tuple(f"{name}: {error}" for name, error in refused.items())
    unread = {name: made.estate.unread for name, made in seen.items()}
    estate = Estate(
        tuple(resources),
        origin="observed",
        name=declared.estate.name,
        notes=tuple(map(Note, notes)),
        unread={type: why for types in unread.values() for type, why in types.items()},
        unmanaged=unmanaged,
    )
    return Observation(
        estate,
        missing=tuple(item for made in seen.values() for item in made.missing),
        unmanaged=unmanaged,
        undecided=undecided,
        calls=_sum(made.calls for made in seen.values()),
        call_seconds=_sum(made.call_seconds for made in seen.values()),
        retries=_sum(made.retries for made in seen.values()),
        seconds=sum(made.seconds for made in seen.values()),
        region=", ".join(asked),
        notes=notes,
        unread_in=unread,
    )


def _not_looked_for(
    declared: Regions, asked: tuple[str, ...], refused: Mapping[str, BadInput]
) -> Iterable[tuple[str, Unknown]]:
    """What was looked for in no region, and why."""
    sought = {item.address for name in asked if name not in refused for item in declared.part(name)}
    for item in declared.estate:
        if item.address in sought or item.data:
            continue
        place = declared.place_of(item)
        if place in refused:
            yield item.address, Unknown(str(refused[place]), denied=True)
        elif isinstance(item.region, Unknown):
            yield item.address, Unknown(f"its region cannot be told: {item.region.reason}")
        elif declared.named and place not in declared.named:
            yield item.address, Unknown(f"it is in {place}, which `regions` in skyworthy.toml does not name")
        else:
            yield item.address, Unknown(f"it is in {place}, and only {', '.join(asked)} is looked at")


def _sum(counts: Iterable[Mapping[str, _Number]]) -> dict[str, _Number]:
    total: dict[str, _Number] = defaultdict(int)
    for each in counts:
        for name, number in each.items():
            total[name] += number
    return dict(total)
