"""The sets of values that one root module is applied with in turn."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.errors import BadInput

Write = Callable[[Mapping[str, str]], Path]

ROOT = 'provider "aws" {}\n\nvariable "size" {}\n\nvariable "zones" {\n  default = 2\n}\n'


def sets(root: Path) -> dict[str, list[str]]:
    found = declared.variable_sets(root)
    return {name: [str(path.relative_to(root)) for path in files] for name, files in found.items()}


def test_files_beside_the_root_are_a_set_each(write: Write) -> None:
    root = write({"main.tf": ROOT, "staging.tfvars": "size = 1\n", "production.tfvars.json": '{"size": 3}'})
    assert sets(root) == {"production": ["production.tfvars.json"], "staging": ["staging.tfvars"]}


def test_files_below_the_root_are_named_by_what_tells_them_apart(write: Write) -> None:
    root = write(
        {
            "main.tf": ROOT,
            "config/uat.tfvars": "size = 1\n",
            "envs/prod/terraform.tfvars": "size = 3\n",
            "envs/prod/variables.tfvars": "zones = 3\n",
            "modules/m/main.tf": "",
            "modules/m/prod.tfvars": "size = 1\n",
            ".hidden/other.tfvars": "size = 1\n",
        }
    )
    assert sets(root) == {
        "prod": ["envs/prod/terraform.tfvars", "envs/prod/variables.tfvars"],
        "uat": ["config/uat.tfvars"],
    }


def test_what_environments_share_is_given_to_each_and_its_own_after_it(write: Write) -> None:
    root = write({"main.tf": ROOT, "common.tfvars": "zones = 3\n", "a.tfvars": "size = 1\n", "b.tfvars": "size = 2\n"})
    assert sets(root) == {"a": ["common.tfvars", "a.tfvars"], "b": ["common.tfvars", "b.tfvars"]}


def test_what_terraform_loads_samples_and_values_of_something_else_are_no_sets(write: Write) -> None:
    root = write(
        {
            "main.tf": ROOT,
            "terraform.tfvars": "size = 1\n",
            "more.auto.tfvars": "zones = 3\n",
            "example.tfvars": "size = 1\n",
            "staging.sample.tfvars": "size = 1\n",
            "production.backend.tfvars": 'bucket = "state"\n',
        }
    )
    assert sets(root) == {}


def test_a_file_that_does_not_parse_is_told(write: Write) -> None:
    root = write({"main.tf": ROOT, "staging.tfvars": "size = \n"})
    with pytest.raises(BadInput, match=r"staging\.tfvars:1"):
        declared.variable_sets(root)
