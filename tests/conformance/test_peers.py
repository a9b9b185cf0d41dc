"""Our reader beside two others: python-hcl2 for the syntax, tfparse for what the modules expand to."""

from collections import Counter
from pathlib import Path
from typing import Any

import hcl2
import pytest
from tfparse import load_from_path

from skyworthy import declared
from skyworthy.declared.hcl import parse_file

REPOSITORY = Path(__file__).parents[2]
FILES = sorted((REPOSITORY / "terraform").rglob("*.tf"))

pytestmark = pytest.mark.slow


def blocks_of_hcl2(value: Any, type: str) -> Counter[tuple[str, ...]]:
    """Type and labels of the top-level blocks of one type: python-hcl2 nests a block below its labels."""
    found: Counter[tuple[str, ...]] = Counter()
    labels = {"resource": 2, "data": 2, "module": 1, "variable": 1, "output": 1, "provider": 1}.get(type, 0)
    for item in value:
        names: tuple[str, ...] = (type,)
        for _ in range(labels):
            ((label, item),) = ((key, inner) for key, inner in item.items() if not key.startswith("__"))
            names += (label.strip('"'),)
        found[names] += 1
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_python_hcl2_finds_the_same_blocks(path: Path) -> None:
    text = path.read_text("utf-8")
    theirs: Counter[tuple[str, ...]] = Counter()
    for type, value in hcl2.loads(text).items():
        if not type.startswith("__"):
            theirs += blocks_of_hcl2(value, type)
    ours = Counter((block.type, *block.labels) for block in parse_file(text, str(path)).blocks)
    assert ours == theirs


@pytest.mark.parametrize("name", ["staging", "production"])
def test_whatever_tfparse_expands_to_we_have_too(name: str) -> None:
    root = REPOSITORY / "terraform" / "environments" / name
    parsed = load_from_path(str(root), vars_paths=["terraform.tfvars"])
    theirs = {item["__tfmeta"]["path"] for type, items in parsed.items() if type.startswith("aws_") for item in items}
    assert theirs - {resource.address for resource in declared.read(root)} == set()
    assert len(theirs) > 100
