"""Writes the digest of the AWS provider's schema that ships with skyworthy.

    terraform providers schema -json > schema.json      # in a directory with hashicorp/aws of the wanted version
    python tools/provider_schema.py schema.json 5.100.0

The digest (``src/skyworthy/estate/schema.json.gz``) holds for every resource type the attributes that are null where
they are left out (u), those that the provider computes (c), those that are required (r), its nested blocks (b), what
is computed in those (n), which attributes are lists or sets (l) or maps (m), and by the path of the block, empty for
the resource itself, which are bools and which are numbers (k: ``"bools|numbers"``).
"""

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

PROVIDER = "/hashicorp/aws"  # behind the name of the registry it came from
DEPTH = 3  # Rule languages such as WAF's repeat themselves to a great depth; the third level is the last that is kept.
DIGEST = Path(__file__).parents[1] / "src" / "skyworthy" / "estate" / "schema.json.gz"


def is_nested_attribute(attribute: dict[str, Any]) -> bool:
    """Whether an optional attribute is a list of objects, which HCL may write as blocks."""
    kind = attribute.get("type")
    return (
        isinstance(kind, list) and kind[0] in ("list", "set") and isinstance(kind[1], list) and kind[1][0] == "object"
    )


def is_collection(attribute: dict[str, Any], *kinds: str) -> bool:
    """Whether an attribute that can be set holds a collection of a kind."""
    kind = attribute.get("type")
    return bool(attribute.get("optional") or attribute.get("required")) and isinstance(kind, list) and kind[0] in kinds


def digest(block: dict[str, Any]) -> dict[str, Any]:
    """The part of a resource's schema that a reader of configurations needs; names are joined by blanks."""
    attributes: dict[str, dict[str, Any]] = block.get("attributes", {})
    computed = sorted(name for name, item in attributes.items() if item.get("computed"))
    unset = sorted(name for name, item in attributes.items() if item.get("optional") and not item.get("computed"))
    blocks = sorted(name for name in block.get("block_types", {}) if name != "timeouts")
    nested_attributes = [
        name for name, item in attributes.items() if is_nested_attribute(item) and not item.get("computed")
    ]
    result = {
        "u": " ".join(name for name in unset if name not in nested_attributes),
        "c": " ".join(computed),
        "r": " ".join(sorted(name for name, item in attributes.items() if item.get("required"))),
        "b": " ".join(sorted([*blocks, *nested_attributes])),
        "l": " ".join(sorted(name for name, item in attributes.items() if is_collection(item, "list", "set"))),
        "m": " ".join(sorted(name for name, item in attributes.items() if is_collection(item, "map"))),
    }
    return {key: value for key, value in {**result, "n": nested(block), "k": kinds(block)}.items() if value}


def kinds(block: dict[str, Any], path: str = "") -> dict[str, str]:
    """The bools and the numbers among the attributes of a block and of those in it, by the blocks' dotted names."""
    types = {name: item.get("type") for name, item in block.get("attributes", {}).items()}
    result = {path.rstrip("."): split_kinds(types)}
    for name, type in types.items():
        if isinstance(type, list) and type[0] in ("list", "set") and type[1][0] == "object":
            result[f"{path}{name}"] = split_kinds(type[1][1])
    for name, item in block.get("block_types", {}).items():
        if name != "timeouts" and path.count(".") < DEPTH:
            result.update(kinds(item["block"], f"{path}{name}."))
    return result


def split_kinds(types: dict[str, Any]) -> str:
    """The names of bools and of numbers, ``"enabled|interval timeout"``."""
    return "|".join(
        " ".join(sorted(name for name, type in types.items() if type == wanted)) for wanted in ("bool", "number")
    )


def nested(block: dict[str, Any], path: str = "") -> dict[str, str]:
    """The computed attributes of nested blocks by the blocks' dotted names."""
    result: dict[str, str] = {}
    for name, item in block.get("block_types", {}).items():
        here = f"{path}{name}"
        attributes = item["block"].get("attributes", {})
        computed = sorted(key for key, value in attributes.items() if value.get("computed"))
        if computed and name != "timeouts":
            result[here] = " ".join(computed)
        if here.count(".") < DEPTH - 1:
            result.update(nested(item["block"], f"{here}."))
    return result


def main() -> None:
    """Reads the provider's schema and writes the digest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schema", type=Path, help="output of terraform providers schema -json")
    parser.add_argument("version", help="version of the provider it was taken from")
    arguments = parser.parse_args()
    providers = json.loads(arguments.schema.read_text("utf-8"))["provider_schemas"]
    schemas = next(item for name, item in providers.items() if name.endswith(PROVIDER))["resource_schemas"]
    data = {
        "provider": f"hashicorp/aws {arguments.version}",
        "types": {name: digest(item["block"]) for name, item in sorted(schemas.items())},
    }
    text = json.dumps(data, separators=(",", ":"), sort_keys=True)
    DIGEST.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
