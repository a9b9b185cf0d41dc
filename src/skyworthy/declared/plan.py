"""Plans: what ``terraform show -json PLANFILE`` prints (https://developer.hashicorp.com/terraform/internals/json-format)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skyworthy.declared.json_files import attributes_of, load_json, resources_of
from skyworthy.declared.sources import shown
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Reference, Resource, Unknown, Value, type_of

_HINT = "write it with: terraform show -json PLANFILE > plan.json"
_RESOURCE = re.compile(r"(?P<address>(?:data\.)?\w+\.[\w-]+(?:\[[^]]*\])?)\.(?P<attribute>.+)")
_MODULE = re.compile(r"module\.([\w-]+)(?:\[[^]]*\])?")
_AFTER_APPLY = Unknown("known after apply")


def read_plan(path: Path) -> Estate:
    """The estate as it will be after a plan is applied; exact, since Terraform itself evaluated it.

    Args:
        path: the JSON of the plan. A value that is known after apply and whose expression refers to one attribute of
            one resource is a Reference; any other is Unknown. The plan tells what an expression refers to, not what
            it does with it: a string with one reference in it is taken for that reference, and so is a set.

    Raises:
        BadInput: where the file is no plan in JSON.
    """
    data = load_json(path, "a plan", _HINT)
    if "planned_values" not in data:
        raise BadInput(f"{shown(path)}:1: not a plan: it has no planned_values; {_HINT}")
    unknown = {item["address"]: item["change"].get("after_unknown") for item in data.get("resource_changes", ())}
    configuration = _Configuration(data.get("configuration", {}).get("root_module", {}))
    resources = [
        _resource(item, unknown.get(item["address"]) or {}, configuration)
        for item in resources_of(data["planned_values"].get("root_module", {}))
    ]
    prior = data.get("prior_state", {}).get("values", {}).get("root_module", {})
    known = {resource.address for resource in resources}
    read = [item for item in resources_of(prior) if item["mode"] == "data" and item["address"] not in known]
    resources += [_resource(item, {}, configuration) for item in read]
    return Estate(tuple(resources), origin="declared", name=shown(path))


def _resource(item: Mapping[str, Any], unknown: Any, configuration: "_Configuration") -> Resource:
    address: str = item["address"]
    local = f"{'data.' if item['mode'] == 'data' else ''}{item['type']}.{item['name']}"
    module_address = address[: address.rindex(local)].rstrip(".")
    expressions = configuration.expressions(module_address, local)
    place = _Place(configuration, module_address)
    values: dict[str, Value] = _with_unknown(dict(item.get("values") or {}), unknown, expressions, place)
    type = type_of(item["type"])
    for name, value in values.items():
        if isinstance(value, Reference) and name in type.lists:
            values[name] = [value]  # a set of which an element is unknown is unknown as a whole in a plan
        elif isinstance(value, Reference) and (name in type.maps or name in type.json):
            values[name] = _AFTER_APPLY
    return Resource(address, item["type"], attributes_of(item["type"], values), data=item["mode"] == "data")


def _with_unknown(value: Value, unknown: Any, expression: Any, place: "_Place") -> Value:
    """A planned value in which what is known after apply is Unknown or a Reference."""
    if unknown is True:
        reference = place.reference(expression)
        return reference if reference is not None else _AFTER_APPLY
    if isinstance(unknown, Mapping):
        parts = expression if isinstance(expression, Mapping) else {}
        result = dict(value or {})
        for name, inner in unknown.items():
            if inner is not False:
                result[name] = _with_unknown(result.get(name), inner, parts.get(name), place)
        return result
    if isinstance(unknown, list) and isinstance(value or [], list):
        items = list(value or []) + [None] * (len(unknown) - len(value or []))
        expressions = [expression] if isinstance(expression, Mapping) else expression or []
        if len(expressions) != len(items):
            expressions = [None] * len(items)
        rows = zip(items, unknown, expressions, strict=False)
        return [_with_unknown(item, inner, part, place) for item, inner, part in rows]
    return value


@dataclass(frozen=True)
class _Place:
    configuration: "_Configuration"
    module_address: str

    def reference(self, expression: Any) -> Reference | None:
        """The attribute that an expression refers to, where it is one."""
        return self.configuration.resolve(self.module_address, expression)


@dataclass(frozen=True)
class _Configuration:
    """The ``configuration`` of a plan: expressions by what they refer to."""

    root: Mapping[str, Any]

    def expressions(self, module_address: str, local: str) -> Mapping[str, Any]:
        """The expressions of a resource by attribute."""
        for item in self._module(module_address).get("resources", ()):
            if item["address"] == local:
                found: Mapping[str, Any] = item.get("expressions", {})
                return found
        return {}

    def resolve(self, module_address: str, expression: Any) -> Reference | None:
        """Follows an expression of one reference through variables and outputs to a resource's attribute."""
        if not isinstance(expression, Mapping) or "references" not in expression:
            return None
        named: list[str] = expression["references"]
        leaves = [name for name in named if not any(other.startswith((f"{name}.", f"{name}[")) for other in named)]
        if len(leaves) != 1:
            return None
        leaf = leaves[0]
        if leaf.startswith("var."):
            return self._variable(module_address, leaf.split(".")[1])
        if leaf.startswith("module."):
            return self._output(module_address, leaf)
        match = _RESOURCE.fullmatch(leaf)
        if match is None or match["address"].split(".")[0] in ("local", "each", "count", "path", "self", "terraform"):
            return None
        prefix = f"{module_address}." if module_address else ""
        return Reference(f"{prefix}{match['address']}", match["attribute"])

    def _variable(self, module_address: str, name: str) -> Reference | None:
        if not module_address:
            return None
        parent, _, call = module_address.rpartition("module.")
        parent = parent.rstrip(".")
        calls = self._module(parent).get("module_calls", {})
        return self.resolve(parent, calls.get(call.partition("[")[0], {}).get("expressions", {}).get(name))

    def _output(self, module_address: str, leaf: str) -> Reference | None:
        match = _MODULE.match(leaf)
        name = leaf[match.end() :].lstrip(".").partition(".")[0] if match else ""
        if match is None or not name:
            return None
        child = f"{module_address}.{match.group()}" if module_address else match.group()
        return self.resolve(child, self._module(child).get("outputs", {}).get(name, {}).get("expression"))

    def _module(self, address: str) -> Mapping[str, Any]:
        module = self.root
        for name in _MODULE.findall(address):
            module = module.get("module_calls", {}).get(name, {}).get("module", {})
        return module
