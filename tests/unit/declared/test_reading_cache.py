"""A kept reading is used while nothing that it depends on has changed, and not a moment longer."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.estate import Estate, Undecidable
from skyworthy.estate.codec import encode

from .conftest import Write

FILES = {
    "root/main.tf": """
        variable "size" {
          default = "small"
        }
        variable "none" {}
        module "m" {
          source = "../m"
          size   = var.size
        }
        resource "test_thing" "files" {
          text  = file("${path.root}/text.txt")
          there = fileexists("${path.root}/maybe.txt")
          names = fileset(path.root, "*.list")
          never = var.none
        }
    """,
    "root/text.txt": "one",
    "m/main.tf": """
        variable "size" {}
        resource "test_thing" "sized" {
          size = var.size
          id   = test_thing.other.id
        }
        resource "test_thing" "other" {}
    """,
}
Change = Callable[[Path], object]
CHANGES: dict[str, Change] = {
    "a module's file": lambda top: (top / "m/main.tf").write_text('resource "test_thing" "new" {}\n'),
    "a new file": lambda top: (top / "root/new.tf").write_text('resource "test_thing" "new" {}\n'),
    "a file that is gone": lambda top: (top / "root/text.txt").unlink(),
    "a file that is read": lambda top: (top / "root/text.txt").write_text("two"),
    "a file that is looked for": lambda top: (top / "root/maybe.txt").write_text(""),
    "a file that a pattern finds": lambda top: (top / "root/a.list").write_text(""),
    "a new tfvars file": lambda top: (top / "root/terraform.tfvars").write_text('size = "large"\n'),
}


def _kept(cache: Path) -> list[Path]:
    return list(cache.glob("declared/*"))


def _mark(cache: Path) -> None:
    """Gives the kept reading a name that only it can have."""
    (path,) = _kept(cache)
    data = json.loads(path.read_text())
    data["estate"]["name"] = "kept"
    path.write_text(json.dumps(data))


@pytest.fixture
def top(write: Write) -> Path:
    return write(FILES)


def _read(top: Path) -> Estate:
    return declared.read(top / "root", cache=top / "cache")


def test_an_unchanged_root_is_not_read_again(top: Path) -> None:
    first = _read(top)
    assert encode(first) == encode(declared.read(top / "root"))
    _mark(top / "cache")
    second = _read(top)
    assert second.name == "kept"
    assert encode(second) == {**encode(first), "name": "kept"}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(top: Path, change: Change) -> None:
    before = _read(top)
    _mark(top / "cache")
    change(top)
    after = _read(top)
    assert after.name != "kept"
    assert encode(after) == encode(declared.read(top / "root"))
    assert encode(after) != encode(before)


def test_variables_files_and_working_directory_have_readings_of_their_own(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (top / "large.tfvars").write_text('size = "large"\n')
    _read(top)
    large = declared.read(top / "root", declared.Inputs((top / "large.tfvars",)), cache=top / "cache")
    assert large.resources[1]["size"] == "large"
    monkeypatch.chdir(top)
    assert str(_read(top).resources[0].location) == "m/main.tf:7"
    assert len(_kept(top / "cache")) == 3


def test_a_damaged_reading_is_replaced(top: Path) -> None:
    first = _read(top)
    (path,) = _kept(top / "cache")
    path.write_text("{")
    assert encode(_read(top)) == encode(first)
    assert json.loads(path.read_text())["estate"]["name"] == first.name
    assert _kept(top / "cache") == [path]


def test_a_reading_with_the_value_of_a_sensitive_variable_is_not_kept(tmp_path: Path) -> None:
    root, cache = tmp_path / "root", tmp_path / "cache"
    root.mkdir()
    (root / "main.tf").write_text('variable "password" {\n  sensitive = true\n}\nvariable "size" {}\n', "utf-8")
    (root / "size.tfvars").write_text('size = "small"\n', "utf-8")
    (root / "secret.tfvars").write_text('password = "canary-of-the-cache"\n', "utf-8")
    declared.read(root, declared.Inputs((root / "secret.tfvars",)), cache=cache)
    assert _kept(cache) == []
    declared.read(root, declared.Inputs((root / "size.tfvars",)), cache=cache)
    assert len(_kept(cache)) == 1


def test_one_blank_in_two_places_is_still_one(write: Write, tmp_path: Path) -> None:
    root = write(
        {
            "main.tf": """
                variable "none" {}
                variable "other" {}
                locals {
                  id = "service/${var.none}/web"
                }
                resource "test_thing" "target" {
                  name = local.id
                }
                resource "test_thing" "policy" {
                  name = local.id
                }
                resource "test_thing" "apart" {
                  name = "service/${var.other}/web"
                }
            """
        }
    )
    for _ in ("fresh", "kept"):
        estate = declared.read(root, cache=tmp_path / "cache")
        target, policy, apart = (estate.get(f"test_thing.{name}") for name in ("target", "policy", "apart"))
        assert target is not None and policy is not None and apart is not None
        assert target["name"] == policy["name"]
        with pytest.raises(Undecidable):
            bool(target["name"] == apart["name"])
