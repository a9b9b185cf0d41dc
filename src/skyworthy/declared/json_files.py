"""What plans and states have in common: JSON files of Terraform with resources by module."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from skyworthy.declared.json_text import decode_json
from skyworthy.declared.sources import shown
from skyworthy.errors import BadInput
from skyworthy.estate import Template, Value, type_of


def load_json(path: Path, what: str, hint: str) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        BadInput: where there is no such file, or something else in it.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"{shown(path)}: {what} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{shown(path)}: not {what} in JSON; {hint}") from error
    except json.JSONDecodeError as error:
        raise BadInput(f"{shown(path)}:{error.lineno}: not {what} in JSON ({error.msg}); {hint}") from error
    if not isinstance(data, dict):
        raise BadInput(f"{shown(path)}:1: not {what}: an object expected; {hint}")
    return data


def resources_of(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The resources of a module in ``values`` or ``planned_values``, and of the modules below it."""
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from resources_of(child)


def attributes_of(type: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """The attributes of a resource with its JSON documents decoded, and bools that the provider keeps as text.

    Documents in nested blocks are named with the block, ``inline_policy.policy``.
    """
    known = type_of(type)
    result = dict(values)
    for name, value in values.items():
        if isinstance(value, str) and value in ("true", "false") and isinstance(known.default(name), bool):
            result[name] = value == "true"
    for path in known.json:
        name, _, inner = path.partition(".")
        if name in result:
            result[name] = _decoded_in(result[name], inner) if inner else decoded(result[name])
    for name in known.camel:
        if name in result:
            result[name] = _camel(result[name])
    return result


_FREE = ("options", "dockerLabels", "driverOpts", "labels")
"""Keys of container definitions below which the keys are the user's own."""


def _camel(value: Value) -> Value:
    """A document whose keys begin with a small letter, as AWS writes them."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    small = {key[:1].lower() + key[1:]: item for key, item in value.items()}
    return {key: item if key in _FREE else _camel(item) for key, item in small.items()}


def _decoded_in(blocks: Value, name: str) -> Value:
    if not isinstance(blocks, list):
        return blocks
    return [
        {**block, name: decoded(block[name])} if isinstance(block, dict) and name in block else block
        for block in blocks
    ]


def decoded(value: Value) -> Value:
    """An attribute with a JSON document as data; what is not JSON stays as it is."""
    if isinstance(value, (str, Template)):
        try:
            return decode_json(value)
        except ValueError:
            return value
    return value
