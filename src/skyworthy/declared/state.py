"""States: the file that Terraform keeps, or what ``terraform show -json`` prints of it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from skyworthy.declared.json_files import attributes_of, load_json, resources_of
from skyworthy.declared.sources import shown
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Resource

_HINT = "give a terraform.tfstate, or write one with: terraform show -json > state.json"


def read_state(path: Path) -> Estate:
    """The estate that Terraform last saw: every value is known.

    Args:
        path: a state of version 4 (``terraform state pull``), or the JSON of ``terraform show -json``.

    Raises:
        BadInput: where the file is no state.
    """
    data = load_json(path, "a state", _HINT)
    if data.get("version") == 4:
        resources = tuple(_from_file(data))
    elif "values" in data:
        resources = tuple(_from_show(data))
    else:
        raise BadInput(f"{shown(path)}:1: not a state: neither version 4 nor values; {_HINT}")
    return Estate(resources, origin="declared", name=shown(path))


def _from_show(data: Mapping[str, Any]) -> Iterator[Resource]:
    for item in resources_of(data["values"].get("root_module", {})):
        attributes = attributes_of(item["type"], item.get("values") or {})
        yield Resource(item["address"], item["type"], attributes, data=item["mode"] == "data")


def _from_file(data: Mapping[str, Any]) -> Iterator[Resource]:
    for item in data.get("resources", ()):
        is_data = item["mode"] == "data"
        prefix = f"{item['module']}." if item.get("module") else ""
        address = f"{prefix}{'data.' if is_data else ''}{item['type']}.{item['name']}"
        for instance in item["instances"]:
            key = instance.get("index_key")
            suffix = "" if key is None else f"[{json.dumps(key)}]"
            attributes = attributes_of(item["type"], instance.get("attributes") or {})
            yield Resource(f"{address}{suffix}", item["type"], attributes, data=is_data)
