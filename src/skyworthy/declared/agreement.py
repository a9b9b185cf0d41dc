"""A plan or state in the place of the code's own values: what it knows exactly, and what only the code tells."""

import dataclasses
import re
from collections.abc import Iterator

from skyworthy.estate import Estate, Note, Reference, Resource, Template, Unknown, Value


def with_exact(read: Estate, exact: Estate) -> Estate:
    """The resources of a plan or state, with file, line, lifecycle and region from the code.

    Where both know a value and disagree, the plan or state counts, and a note tells it: one of them is of another
    revision, of other variables, or of what somebody changed by hand.

    Args:
        read: what the code declares.
        exact: of its plan or state.
    """
    by_address = {resource.address: resource for resource in read}
    regions = {_without_indices(address): resource.region for address, resource in by_address.items()}
    resources = tuple(
        _located(resource, by_address.get(resource.address), regions.get(_without_indices(resource.address)))
        for resource in exact
    )
    notes = tuple(Note(sentence, address=address) for address, sentence in disagreements(read, exact))
    return dataclasses.replace(exact, resources=resources, notes=exact.notes + notes)


def disagreements(read: Estate, exact: Estate) -> Iterator[tuple[str, str]]:
    """Where the code and its plan or state know different things: address, and a sentence."""
    code = {resource.address: resource for resource in read if not resource.data}
    other = {resource.address: resource for resource in exact if not resource.data}
    countless = {address.partition("[")[0] for address, resource in code.items() if resource.blank is not None}
    for address in sorted(code.keys() - other.keys()):
        if code[address].blank is None:
            yield address, f"the code declares {address}, {exact.name} does not have it"
    for address in sorted(other.keys() - code.keys()):
        if address.partition("[")[0] not in countless:
            yield address, f"{exact.name} has {address}, the code does not declare it"
    for address in sorted(code.keys() & other.keys()):
        for line in _compared(code[address], other[address]):
            yield address, f"{exact.name} and the code disagree about {line}"


def _without_indices(address: str) -> str:
    return re.sub(r"\[[^]]*\]", "", address)


def _located(resource: Resource, code: Resource | None, region: str | Unknown | None) -> Resource:
    if code is None:
        return dataclasses.replace(resource, region=region)  # an instance of what the code cannot count
    attributes = {
        name: _completed(code.attributes.get(name), value)
        for name, value in resource.attributes.items()
        if name in code.attributes or not isinstance(value, Unknown)  # else it is as where the code alone is read
    }
    return dataclasses.replace(
        resource, attributes=attributes, location=code.location, lifecycle=code.lifecycle, region=code.region
    )


def _completed(code: Value, exact: Value) -> Value:
    """What a plan leaves open, such as an ARN that is known after apply, as the code has it: as a reference."""
    if isinstance(exact, Unknown):
        return code
    if isinstance(code, dict) and isinstance(exact, dict):
        return {name: _completed(code.get(name), value) for name, value in exact.items()}
    if isinstance(code, list) and isinstance(exact, list) and len(code) == len(exact):
        return [_completed(_like(item, code), item) for item in exact]
    return exact


def _like(item: Value, code: list[Value]) -> Value:
    """The only item of the code's list that says nothing else; None where several do, as sets have no order."""
    found = code if len(code) == 1 else [other for other in code if _agree(other, item)]
    return found[0] if len(found) == 1 else None


def _agree(code: Value, exact: Value) -> bool:
    """Whether what both say is the same; a plan holds the defaults that the code leaves out."""
    if isinstance(code, dict) and isinstance(exact, dict):
        return all(_agree(code[name], exact[name]) for name in code.keys() & exact.keys())
    return not _differences("", code, exact)


def _compared(read: Resource, exact: Resource) -> list[str]:
    if "all" in read.ignored:
        return []
    names = (read.attributes.keys() & exact.attributes.keys()) - {"timeouts", *read.ignored}
    return [
        line
        for name in sorted(names)
        for line in _differences(f"{read.address}.{name}", read.peek(name), exact.peek(name))
    ]


def _blank(value: Value) -> bool:
    return isinstance(value, (Unknown, Reference, Template))


def _differences(place: str, read: Value, exact: Value) -> list[str]:
    """Where two values differ that are known on both sides; null, empty and false are how a plan says "not set"."""
    if _blank(read) or _blank(exact) or (not read and not exact):
        return []
    if isinstance(read, dict) and isinstance(exact, dict):
        return [
            line
            for name in sorted(read.keys() | exact.keys())
            for line in _differences(f"{place}.{name}", read.get(name), exact.get(name))
        ]
    if isinstance(read, list) and isinstance(exact, list) and len(read) == len(exact):
        return _differences_of_lists(place, read, exact)
    return [] if str(read) == str(exact) else [place]  # the values may be secret


def _differences_of_lists(place: str, read: list[Value], exact: list[Value]) -> list[str]:
    """Each item finds its like, since the sets of a plan stand in an order of their own."""
    left = list(exact)
    lines: list[str] = []
    for at, item in enumerate(read):
        rows = [_differences(f"{place}[{at}]", item, other) for other in left]
        best = min(range(len(rows)), key=lambda row: len(rows[row]))
        lines += rows[best]
        del left[best]
    return lines
