"""The catalogue refuses incomplete or ambiguous controls, and every control in it is documented and found."""

import ast
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skyworthy.controls import catalogue, control, find_control


def documented(resource: object) -> None:
    """Storage is encrypted.

    Why: a copied volume is readable without it.
    Fix: set `storage_encrypted = true`.
    """


def undocumented(resource: object) -> None:
    """Storage is encrypted."""


GOOD: dict[str, Any] = {"on": "aws_db_instance", "severity": "high", "refs": ["REQ DAT-1"]}


@pytest.mark.parametrize(
    ("id", "changes", "function", "message"),
    [
        ("Storage", {}, documented, "the id must be service.rule in kebab case"),
        ("rds.x", {"aliases": ("rds-y",)}, documented, "and so must its aliases"),
        ("rds.x", {"severity": "urgent"}, documented, "severity 'urgent' is none of critical, high, medium, low"),
        ("rds.x", {"refs": ["FSBP RDS.3"]}, documented, r"refs must name a requirement"),
        ("rds.x", {"refs": ["REQ DAT-1", "CIS two"]}, documented, "ref 'CIS two' has no known form"),
        ("rds.x", {"lenses": ()}, documented, "it judges nothing"),
        ("terraform.readable", {}, documented, "terraform.readable is taken"),
        ("rds.x", {}, undocumented, "the docstring must be a title sentence"),
    ],
)
def test_malformed_metadata_are_refused(
    id: str, changes: dict[str, Any], function: Callable[..., None], message: str
) -> None:
    catalogue()
    with pytest.raises(ValueError, match=f"control {id}: .*{message}"):
        control(id, **{**GOOD, **changes})(function)


def test_the_catalogue_is_sorted_and_every_id_and_alias_finds_its_control() -> None:
    ids = [item.id for item in catalogue()]
    assert ids == sorted(ids)
    for item in catalogue():
        for name in item.names:
            assert find_control(name) is item


def test_a_control_stands_in_a_module_of_its_area() -> None:
    misplaced = [
        item.id
        for item in catalogue()
        if not f"{item.function.__module__}_".startswith(f"skyworthy.controls.{item.area.replace('-', '_')}_")
    ]
    assert misplaced == []


@pytest.mark.parametrize("module", sorted({item.function.__module__ for item in catalogue()}))
def test_every_assert_of_a_control_says_what_is_wrong(module: str) -> None:
    source = Path(importlib.import_module(module).__file__ or "")
    silent = [
        f"{source.name}:{node.lineno}"
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Assert) and node.msg is None
    ]
    assert silent == []
