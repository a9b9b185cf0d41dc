"""Root modules that are chosen from a tree or by skyworthy.toml know of each other."""

from pathlib import Path

import pytest

from skyworthy.config import load_settings
from skyworthy.suites.options import Options
from skyworthy.suites.selection import select
from skyworthy.suites.stage import Stage
from skyworthy.suites.static import judge_declared
from skyworthy.verdicts import Outcome, Verdict

BACKEND = 'terraform {{\n  backend "s3" {{\n    bucket = "state"\n    key    = "{}"\n  }}\n}}\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, key in (("staging", "shop"), ("production", "shop"), ("network", "network")):
        (tmp_path / "live" / name).mkdir(parents=True)
        (tmp_path / "live" / name / "main.tf").write_text(BACKEND.format(key), "utf-8")
    return tmp_path


def told(tree: Path, **chosen: str) -> dict[str, tuple[Outcome, str]]:
    """What terraform.state-of-its-own says of each root that is chosen."""
    settings = load_settings(tree)
    terraform = tree / chosen["terraform"] if "terraform" in chosen else None
    found: dict[str, tuple[Outcome, str]] = {}
    for environment in select(settings, terraform=terraform, env=chosen.get("env")):
        with Stage(settings, environment, Options()) as stage:
            verdicts: list[Verdict] = judge_declared(stage.declared, stage.configuration, environment)
        own = next(item for item in verdicts if item.control == "terraform.state-of-its-own")
        found[environment.name] = (own.outcome, own.message)
    return found


def same_as(name: str) -> tuple[Outcome, str]:
    return Outcome.FAIL, f"live/{name}/main.tf:2 names the same place: bucket state, key shop"


def test_roots_of_a_tree_with_one_state_are_found(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    wanted = {"network": (Outcome.PASS, ""), "staging": same_as("production"), "production": same_as("staging")}
    assert told(tree, terraform="live") == wanted


def test_one_environment_alone_is_compared_with_all(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    tables = (f'[environments.{name}]\nterraform = "live/{name}"\n' for name in ("staging", "production"))
    (tree / "skyworthy.toml").write_text("".join(tables), "utf-8")
    assert told(tree, env="staging") == {"staging": same_as("production")}


def test_one_root_under_two_names_is_no_other_root(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    tables = (f'[environments.{name}]\nterraform = "live/network"\n' for name in ("blue", "green"))
    (tree / "skyworthy.toml").write_text("".join(tables), "utf-8")
    alone = Outcome.NOT_APPLICABLE, "no other root module with backend s3 is read with it"
    assert told(tree) == {"blue": alone, "green": alone}
