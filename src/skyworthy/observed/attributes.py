"""From a record of an answer to an attribute in Terraform's vocabulary."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

import jmespath  # type: ignore[import-untyped]

from skyworthy.estate import Unknown, Value
from skyworthy.observed.model import Kind, NoSuchPlace, kind_of, names_in, plain
from skyworthy.observed.shapes import SHAPES

Record = Mapping[str, Any]
_compiled = cache(jmespath.compile)
_names = cache(names_in)


def search(path: str, data: Any) -> Any:
    """What stands at a place."""
    return _compiled(path).search(data)


def tag_map(tags: Any) -> dict[str, str]:
    """Tags as a map, whichever way a service writes them: ``[{Key, Value}]``, ``[{key, value}]``, or a map already."""
    if not tags:
        return {}
    if isinstance(tags, Mapping):
        return dict(tags)
    return {next(item[k] for k in ("Key", "key", "TagKey") if k in item): _tag_value(item) for item in tags}


def _tag_value(item: Mapping[str, str]) -> str:
    return next((item[key] for key in ("Value", "value", "TagValue") if key in item), "")


def document(text: Any) -> Value:
    """A JSON document decoded; one that is decoded already stays."""
    if not isinstance(text, str) or not text:
        return None if text == "" else text
    return json.loads(text if text.lstrip()[:1] in "{[" else unquote(text))


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return float(value) if "." in value else int(value)


_CONVERSIONS: dict[str, Callable[[Any], Value]] = {
    "json": document,
    "tags": tag_map,
    "text": str,
    "number": _number,
    "flag": lambda value: str(value).lower() in ("true", "1", "enabled"),
    "lower": lambda value: str(value).lower(),
    "sorted": sorted,
    "list": lambda value: value if isinstance(value, list) else [value],
}
CONVERSIONS = frozenset(_CONVERSIONS)


def evaluate(spec: Any, record: Record, kind: Kind, source: str) -> Value:
    """The value of an attribute.

    Args:
        spec: JMESPath; or a table: ``path`` with ``as`` (a conversion) and ``absent`` (what stands where the answer
            leaves it out), ``block`` with ``fields`` (nested blocks), or ``shape`` (a function of the package
            ``shapes``) with ``needs`` (the details that it reads).
        record: of the answer.
        kind: what botocore says of the record.
        source: the operation, for messages.

    Returns:
        Plain data; Unknown where the part of the answer that would tell it could not be read, or does not tell.
    """
    if isinstance(spec, str):
        return _plain({"path": spec}, record, kind, source)
    if "shape" in spec:
        blank = _unread(spec.get("needs", ()), record)
        return blank if blank is not None else SHAPES[spec["shape"]](record)
    if "block" in spec:
        return _blocks(spec, record, kind, source)
    return _plain(spec, record, kind, source)


def _unread(names: Any, record: Record) -> Unknown | None:
    return next((record[name] for name in names if isinstance(record.get(name), Unknown)), None)


def _plain(spec: Mapping[str, Any], record: Record, kind: Kind, source: str) -> Value:
    path = spec["path"]
    blank = _unread(_names(path), record)
    if blank is not None:
        return blank
    value = _compiled(path).search(record)
    if value is None:
        return spec["absent"] if "absent" in spec else _left_out(path, kind, source, spec.get("as", ""))
    return _CONVERSIONS[spec["as"]](value) if "as" in spec else value


def _left_out(path: str, kind: Kind, source: str, conversion: str) -> Value:
    """What it means that an answer leaves something out."""
    what = plain(kind_of(path, kind))
    if what == "boolean" or conversion == "flag":
        return Unknown(f"{source} does not tell {path}")
    if conversion == "tags" or what == "map":
        return {}
    return [] if what == "list" else None


def _blocks(spec: Mapping[str, Any], record: Record, kind: Kind, source: str) -> Value:
    path = spec["block"]
    blank = _unread(_names(path), record)
    if blank is not None:
        return blank
    value = _compiled(path).search(record)
    inner = kind_of(path, kind)
    if plain(inner) == "list":
        inner = inner[0] if isinstance(inner, list) else inner.member
    items = value if isinstance(value, list) else [value] if value else []
    return [
        {name: evaluate(field, item, inner, source) for name, field in spec["fields"].items()}
        for item in items
        if item is not None
    ]


def check(spec: Any, kind: Kind) -> None:
    """Raise NoSuchPlace where a spec names something that an answer does not have."""
    if isinstance(spec, str):
        kind_of(spec, kind)
    elif "shape" in spec:
        if spec["shape"] not in SHAPES:
            raise NoSuchPlace(f"no shape {spec['shape']}")
    elif "block" in spec:
        inner = kind_of(spec["block"], kind)
        if plain(inner) == "list":
            inner = inner[0] if isinstance(inner, list) else inner.member
        for field in spec["fields"].values():
            check(field, inner)
    else:
        kind_of(spec["path"], kind)
        if spec.get("as", "text") not in CONVERSIONS:
            raise NoSuchPlace(f"no conversion {spec['as']}")
