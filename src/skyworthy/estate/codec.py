"""An estate as JSON and back: what the reader process hands over, what caches keep, what xdist workers share.

One Unknown that stands in several places equals itself in all of them, and no other: so each is written with a number,
and the same number is the same Unknown again.
"""

from collections.abc import Mapping
from typing import Any

from skyworthy.estate.estate import Estate, Note
from skyworthy.estate.resource import Location, Resource
from skyworthy.estate.values import Reference, Template, Unknown, Value

Numbers = dict[int, int]
"""The numbers of the Unknowns that have been written, by their ids."""
Unknowns = dict[int, Unknown]
"""The Unknowns that have been read, by their numbers."""


def encode_value(value: Value, numbers: Numbers | None = None) -> Any:
    """A value as JSON data; what is not plain becomes an object with one key that starts with ``$``.

    Args:
        value: any.
        numbers: of the Unknowns so far, where the same one is to be the same again when it is read.
    """
    if isinstance(value, Unknown):
        number = [] if numbers is None else [numbers.setdefault(id(value), len(numbers))]
        return {"$unknown": [value.reason, value.denied, value.left_out, *number]}
    if isinstance(value, Reference):
        return {"$reference": [value.address, value.attribute]}
    if isinstance(value, Template):
        return {"$template": [encode_value(part, numbers) for part in value.parts]}
    if isinstance(value, Mapping):
        return {str(key): encode_value(item, numbers) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode_value(item, numbers) for item in value]
    return value


def decode_value(data: Any, unknowns: Unknowns | None = None) -> Value:
    """The inverse of :func:`encode_value`."""
    if isinstance(data, list):
        return [decode_value(item, unknowns) for item in data]
    if not isinstance(data, dict):
        return data
    if len(data) == 1:
        ((key, content),) = data.items()
        if key == "$unknown":
            unknown = Unknown(*content[:3])
            return unknown if unknowns is None else unknowns.setdefault(content[3], unknown)
        if key == "$reference":
            return Reference(content[0], content[1])
        if key == "$template":
            return Template(tuple(decode_value(part, unknowns) for part in content))
    return {key: decode_value(item, unknowns) for key, item in data.items()}


def _encode_resource(resource: Resource, numbers: Numbers) -> dict[str, Any]:
    return {
        "address": resource.address,
        "type": resource.type,
        "attributes": encode_value(resource.attributes, numbers),
        "location": [resource.location.file, resource.location.line] if resource.location else None,
        "data": resource.data,
        "lifecycle": encode_value(resource.lifecycle, numbers),
        "blank": encode_value(resource.blank, numbers),
        "region": encode_value(resource.region, numbers),
        "outline": encode_value(resource.outline, numbers),
    }


def _decode_resource(data: dict[str, Any], unknowns: Unknowns) -> Resource:
    return Resource(
        address=data["address"],
        type=data["type"],
        attributes=decode_value(data["attributes"], unknowns),
        location=Location(*data["location"]) if data["location"] else None,
        data=data["data"],
        lifecycle=decode_value(data["lifecycle"], unknowns),
        blank=decode_value(data["blank"], unknowns),
        region=decode_value(data["region"], unknowns),
        outline=decode_value(data["outline"], unknowns),
    )


def encode(estate: Estate) -> dict[str, Any]:
    """An estate as JSON data."""
    numbers: Numbers = {}
    return {
        "origin": estate.origin,
        "name": estate.name,
        "notes": [[note.message, note.file, note.line, note.address] for note in estate.notes],
        "unread": encode_value(estate.unread, numbers),
        "resources": [_encode_resource(resource, numbers) for resource in estate],
        "unmanaged": [_encode_resource(resource, numbers) for resource in estate.unmanaged],
    }


def decode(data: dict[str, Any]) -> Estate:
    """The estate that :func:`encode` wrote."""
    unknowns: Unknowns = {}
    return Estate(
        resources=tuple(_decode_resource(item, unknowns) for item in data["resources"]),
        origin=data["origin"],
        name=data["name"],
        notes=tuple(Note(*note) for note in data["notes"]),
        unread=decode_value(data["unread"], unknowns),
        unmanaged=tuple(_decode_resource(item, unknowns) for item in data["unmanaged"]),
    )
