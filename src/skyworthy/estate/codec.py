"""An estate as JSON and back: what the reader process hands over, what caches keep, what xdist workers share."""

from collections.abc import Mapping
from typing import Any

from skyworthy.estate.estate import Estate, Note
from skyworthy.estate.resource import Location, Resource
from skyworthy.estate.values import Reference, Template, Unknown, Value


def encode_value(value: Value) -> Any:
    """A value as JSON data; what is not plain becomes an object with one key that starts with ``$``."""
    if isinstance(value, Unknown):
        return {"$unknown": [value.reason, value.denied, value.left_out]}
    if isinstance(value, Reference):
        return {"$reference": [value.address, value.attribute]}
    if isinstance(value, Template):
        return {"$template": [encode_value(part) for part in value.parts]}
    if isinstance(value, Mapping):
        return {str(key): encode_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode_value(item) for item in value]
    return value


def decode_value(data: Any) -> Value:
    """The inverse of :func:`encode_value`."""
    if isinstance(data, list):
        return [decode_value(item) for item in data]
    if not isinstance(data, dict):
        return data
    if len(data) == 1:
        ((key, content),) = data.items()
        if key == "$unknown":
            return Unknown(*content)
        if key == "$reference":
            return Reference(content[0], content[1])
        if key == "$template":
            return Template(tuple(decode_value(part) for part in content))
    return {key: decode_value(item) for key, item in data.items()}


def _encode_resource(resource: Resource) -> dict[str, Any]:
    return {
        "address": resource.address,
        "type": resource.type,
        "attributes": encode_value(resource.attributes),
        "location": [resource.location.file, resource.location.line] if resource.location else None,
        "data": resource.data,
        "lifecycle": encode_value(resource.lifecycle),
        "blank": encode_value(resource.blank),
        "region": encode_value(resource.region),
    }


def _decode_resource(data: dict[str, Any]) -> Resource:
    return Resource(
        address=data["address"],
        type=data["type"],
        attributes=decode_value(data["attributes"]),
        location=Location(*data["location"]) if data["location"] else None,
        data=data["data"],
        lifecycle=decode_value(data["lifecycle"]),
        blank=decode_value(data["blank"]),
        region=decode_value(data["region"]),
    )


def encode(estate: Estate) -> dict[str, Any]:
    """An estate as JSON data."""
    return {
        "origin": estate.origin,
        "name": estate.name,
        "notes": [[note.message, note.file, note.line, note.address] for note in estate.notes],
        "unread": encode_value(estate.unread),
        "resources": [_encode_resource(resource) for resource in estate],
        "unmanaged": [_encode_resource(resource) for resource in estate.unmanaged],
    }


def decode(data: dict[str, Any]) -> Estate:
    """The estate that :func:`encode` wrote."""
    return Estate(
        resources=tuple(_decode_resource(item) for item in data["resources"]),
        origin=data["origin"],
        name=data["name"],
        notes=tuple(Note(*note) for note in data["notes"]),
        unread=decode_value(data["unread"]),
        unmanaged=tuple(_decode_resource(item) for item in data["unmanaged"]),
    )
