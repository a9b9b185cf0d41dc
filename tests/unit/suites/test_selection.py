"""Which environments a directory of Terraform stands for."""

import dataclasses
from pathlib import Path

import pytest

from skyworthy.config import Environment, Settings
from skyworthy.errors import BadInput
from skyworthy.suites.selection import environments_below, select

ROOT = 'provider "aws" {}\n\nvariable "size" {}\n'


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    root = tmp_path / "infra"
    root.mkdir()
    (root / "main.tf").write_text(ROOT)
    (root / "staging.tfvars").write_text("size = 1\n")
    (root / "production.tfvars").write_text("size = 3\n")
    return root


def told(found: tuple[Environment, ...]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(item.name, item.policy_name, item.var_files) for item in found]


def test_one_root_with_a_tfvars_file_for_each_environment_is_that_many(flat: Path) -> None:
    settings = Settings(flat.parent)
    assert told(select(settings, terraform=flat)) == [
        ("production", "production", ("production.tfvars",)),
        ("staging", "staging", ("staging.tfvars",)),
    ]
    assert told(select(settings, terraform=flat, env="staging")) == [("staging", "staging", ("staging.tfvars",))]
    with pytest.raises(BadInput, match=r"unknown environment 'other' in .*; there are: production, staging"):
        select(settings, terraform=flat, env="other")


def test_files_given_by_hand_are_the_only_ones_and_say_which_policy_is_meant(flat: Path) -> None:
    chosen, other = flat / "production.tfvars", flat.parent / "mine.tfvars"
    for files, policy in (([chosen, other], "production"), ([other], "baseline")):
        assert told(select(Settings(flat.parent), terraform=flat, var_files=files)) == [("infra", policy, ())]


def test_among_several_roots_the_names_tell_the_root(flat: Path) -> None:
    other = flat.parent / "dns"
    other.mkdir()
    (other / "main.tf").write_text('provider "aws" {}\n')
    found = environments_below(Settings(flat.parent), flat.parent)
    assert [item.name for item in found] == ["dns", "infra/production", "infra/staging"]
    assert [item.policy_name for item in found] == ["baseline", "production", "staging"]


def test_what_skyworthy_toml_says_of_a_root_is_kept_for_each_of_its_environments(flat: Path) -> None:
    live, test = (
        Environment(name=name, root=flat, var_files=(f"{name}.tfvars",)) for name in ("production", "staging")
    )
    settings = dataclasses.replace(Settings(flat.parent), environments={"live": live, "test": test})
    assert environments_below(settings, flat) == (live, test)


def test_a_root_that_reads_its_workspace_is_in_the_one_of_each_environment(flat: Path) -> None:
    (flat / "names.tf").write_text('locals {\n  name = "app-${terraform.workspace}"\n}\n')
    found = select(Settings(flat.parent), terraform=flat)
    assert [item.workspace for item in found] == ["production", "staging"]


def test_a_workspace_given_by_hand_says_which_policy_is_meant(flat: Path) -> None:
    for each in flat.glob("*.tfvars"):
        each.unlink()
    (found,) = select(Settings(flat.parent), terraform=flat, workspace="live")
    assert (found.name, found.policy_name) == ("infra", "production")


@pytest.mark.parametrize(
    ("code", "values", "policy"),
    [
        ('variable "environment" {}', 'environment = "prod"', "production"),
        ('variable "env" {\n  default = "staging"\n}', "", "staging"),
        ('locals {\n  environment_name = "production"\n}', "", "production"),
        ('variable "environment" {\n  default = "production"\n}', 'environment = "dev"', "baseline"),
        ('variable "environment" {}', "", "baseline"),
        ("locals {\n  environment = terraform.workspace\n}", "", "baseline"),
    ],
)
def test_what_the_code_calls_itself_says_which_policy_is_meant(
    tmp_path: Path, code: str, values: str, policy: str
) -> None:
    (tmp_path / "main.tf").write_text(f'provider "aws" {{}}\n{code}\n')
    (tmp_path / "terraform.tfvars").write_text(f"{values}\n")
    assert [item.policy_name for item in environments_below(Settings(tmp_path), tmp_path)] == [policy]


def test_a_roots_own_name_goes_before_what_the_code_calls_itself(tmp_path: Path) -> None:
    root = tmp_path / "staging"
    root.mkdir()
    (root / "main.tf").write_text('provider "aws" {}\nlocals {\n  environment = "production"\n}\n')
    assert [item.policy_name for item in environments_below(Settings(tmp_path), root)] == ["staging"]
