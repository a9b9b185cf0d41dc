"""What a root module is given beside its own files: in Terraform's order, and as Terraform parses it."""

from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.config import Environment
from skyworthy.declared import Inputs
from skyworthy.declared.sources import Loader
from skyworthy.declared.variables import values
from skyworthy.errors import BadInput

from .conftest import Write

THING = """
    variable "name" {
      type    = string
      default = "default"
    }
    variable "zones" {
      type    = list(string)
      default = []
    }
    variable "plain" {
      default = null
    }
    resource "test_thing" "this" {
      name      = var.name
      zones     = var.zones
      plain     = var.plain
      workspace = terraform.workspace
    }
"""


def _thing(root: Path, inputs: Inputs, cache: Path | None = None) -> dict[str, object]:
    return dict(declared.read(root, inputs, cache=cache).resources[0].attributes)


def test_later_sources_win_in_terraforms_order(write: Write) -> None:
    root = write({"main.tf": THING, "more.tfvars": 'name = "file"\n'})
    ambient, files, variables = {"name": "ambient"}, (root / "more.tfvars",), {"name": "option"}
    assert _thing(root, Inputs())["name"] == "default"
    assert _thing(root, Inputs(ambient=ambient))["name"] == "ambient"
    assert _thing(root, Inputs(files, ambient=ambient))["name"] == "file"
    assert _thing(root, Inputs(files, variables, ambient))["name"] == "option"
    write({"terraform.tfvars": 'name = "own"\n'})
    assert _thing(root, Inputs(ambient=ambient))["name"] == "own"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words", "plain words"),
        ("${name} and %{if}", "${name} and %{if}"),
        ("[1]", "[1]"),
        ('"quoted" \\ é', '"quoted" \\ é'),
    ],
)
def test_a_primitive_is_taken_literally(write: Write, text: str, expected: str) -> None:
    found = _thing(write({"main.tf": THING}), Inputs(variables={"name": text, "plain": text}))
    assert (found["name"], found["plain"]) == (expected, expected)


def test_other_types_are_written_in_hcl(write: Write) -> None:
    assert _thing(write({"main.tf": THING}), Inputs(variables={"zones": '["a", "b"]'}))["zones"] == ["a", "b"]


def test_what_is_no_hcl_is_told_with_its_name(write: Write) -> None:
    with pytest.raises(BadInput, match=r"^--var zones:2: ']' expected"):
        _thing(write({"main.tf": THING}), Inputs(variables={"zones": '["a"'}))


def test_a_variable_that_is_not_declared_is_refused_where_it_is_given_on_purpose(write: Write) -> None:
    root = write({"main.tf": THING})
    with pytest.raises(BadInput, match="a value is given for variable nmae, which is not declared there"):
        _thing(root, Inputs(variables={"nmae": "x"}))
    assert _thing(root, Inputs(ambient={"nmae": "x"}))["name"] == "default"


def test_the_workspace_that_is_given_counts_before_the_selected_one(write: Write) -> None:
    root = write({"main.tf": THING, ".terraform/environment": "staging"})
    assert _thing(root, Inputs())["workspace"] == "staging"
    assert _thing(root, Inputs(workspace="production"))["workspace"] == "production"


def test_each_workspace_and_value_has_a_kept_reading_of_its_own(write: Write, tmp_path: Path) -> None:
    root, cache = write({"main.tf": THING}), tmp_path / "cache"
    assert _thing(root, Inputs(variables={"name": "one"}), cache)["name"] == "one"
    assert _thing(root, Inputs(variables={"name": "two"}), cache)["name"] == "two"
    assert _thing(root, Inputs(), cache)["workspace"] == "default"
    write({".terraform/environment": "staging"})
    assert _thing(root, Inputs(), cache)["workspace"] == "staging"


def test_a_secret_given_as_an_option_is_not_kept(write: Write, tmp_path: Path) -> None:
    root = write({"main.tf": 'variable "password" {\n  sensitive = true\n}\n'})
    declared.read(root, Inputs(variables={"password": "canary-of-the-cache"}), cache=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_settings_count_before_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_name", "ambient")
    monkeypatch.setenv("TF_WORKSPACE", "ambient")
    environment = Environment("staging", Path("root"), var_files=("s.tfvars",), variables={"name": "ours"})
    found = declared.inputs_of(environment)
    assert (found.var_files, found.variables, found.workspace) == (
        (Path("root/s.tfvars"),),
        {"name": "ours"},
        "ambient",
    )
    assert found.ambient["name"] == "ambient"
    assert declared.inputs_of(Environment("staging", Path("root"), workspace="ours")).workspace == "ours"


def test_values_are_written_as_a_last_file(write: Write) -> None:
    root = write({"main.tf": THING, "terraform.tfvars": 'name = "own"\n'})
    given = Inputs(variables={"zones": '["a"]', "plain": "${x}"}, ambient={"name": "ambient", "other": "x"})
    assert values(Loader(), root, given) == 'zones = ["a"]\nplain = "$${x}"\n'
    assert values(Loader(), root, Inputs()) == ""
