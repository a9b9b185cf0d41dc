"""Writes the defaults of the AWS provider that ship with skyworthy.

    cd tools/provider_defaults && terraform init && terraform plan -out plan && terraform show -json plan > plan.json
    terraform providers schema -json > schema.json
    python tools/provider_defaults.py plan.json schema.json

No account is needed: nothing is read from AWS. What the plan of a resource holds although its block does not set it,
and although the provider could be told otherwise, is a default. The result is ``src/skyworthy/estate/defaults.json``.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PROVIDER = "/hashicorp/aws"  # behind the name of the registry it came from
RESULT = Path(__file__).parents[1] / "src" / "skyworthy" / "estate" / "defaults.json"
# Computed from other attributes or from the provider's configuration, so no defaults.
DERIVED = {"subject_alternative_names", "tags_all", "region", "name", "name_prefix", "bucket_prefix", "arn", "id"}

Defaults = dict[str, dict[str, Any]]


def harvest(
    values: Mapping[str, Any], given: Any, block: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, str, Any]]:
    """Path of the nested block, attribute and default of everything that is planned without being set.

    Args:
        values: planned attributes.
        given: the expressions that the configuration sets, by attribute.
        block: the provider's schema of it.
        path: dotted names of the nested blocks on the way here.
    """
    for name, attribute in block.get("attributes", {}).items():
        value = values.get(name)
        if name not in given and attribute.get("optional") and name not in DERIVED and value not in (None, "", [], {}):
            yield path, name, natural(value)
    for name, inner in block.get("block_types", {}).items():
        rows, expressions = values.get(name), given.get(name)
        if isinstance(rows, dict):
            rows, expressions = [rows], [expressions]
        if isinstance(expressions, dict):
            expressions = [expressions]
        if rows and expressions and len(rows) == len(expressions):
            if inner["nesting_mode"] == "set":  # in an order of its own: what any of the blocks sets is no default
                expressions = [{key: value for item in expressions for key, value in item.items()}] * len(rows)
            here = f"{path}.{name}" if path else name
            for row, expression in zip(rows, expressions, strict=True):
                yield from harvest(row, expression, inner["block"], here)


def natural(value: Any) -> Any:
    """A number or bool that the provider keeps as a string, as people write it."""
    if value in ("true", "false"):
        return value == "true"
    return int(value) if isinstance(value, str) and value.isdigit() else value


def agreed(found: list[tuple[str, str, Any]]) -> Defaults:
    """The defaults on which all resources of a type agree; one that depends on other attributes is none."""
    seen: dict[tuple[str, str], list[Any]] = {}
    for path, name, value in found:
        seen.setdefault((path, name), []).append(value)
    result: Defaults = {}
    for (path, name), values in sorted(seen.items()):
        if all(value == values[0] for value in values):
            result.setdefault(path, {})[name] = values[0]
    return result


def main() -> None:
    """Reads a plan and the provider's schema and writes the defaults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path, help="output of terraform show -json of a plan of tools/provider_defaults")
    parser.add_argument("schema", type=Path, help="output of terraform providers schema -json")
    arguments = parser.parse_args()
    plan = json.loads(arguments.plan.read_text("utf-8"))
    providers = json.loads(arguments.schema.read_text("utf-8"))["provider_schemas"]
    schemas = next(item for name, item in providers.items() if name.endswith(PROVIDER))["resource_schemas"]
    given = {item["address"]: item.get("expressions", {}) for item in plan["configuration"]["root_module"]["resources"]}
    found: dict[str, list[tuple[str, str, Any]]] = {}
    for item in plan["planned_values"]["root_module"]["resources"]:
        rows = harvest(item["values"], given[item["address"]], schemas[item["type"]]["block"])
        found.setdefault(item["type"], []).extend(rows)
    types = {name: result for name, rows in sorted(found.items()) if (result := agreed(rows))}
    RESULT.write_text(json.dumps({"types": types}, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
