"""``skyworthy gate pr --against``: in a real repository, old debt does not block and new debt does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.git import commit, git

PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
SETTINGS = '[environments.staging]\nterraform = "staging"\nregion = "eu-central-1"\n'
PINNED = 'terraform {\n  required_version = ">= 1.10"\n}\n'
REPOSITORY = """
resource "aws_ecr_repository" "{name}" {{
  name                 = "{name}"
  image_tag_mutability = "{tags}"
}}
"""
FINDING = "ecr.immutable-tags aws_ecr_repository.{name}"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A stack with one mutable repository on main, and a branch that has not changed anything yet."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "skyworthy.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "staging").mkdir()
    write(tmp_path, REPOSITORY.format(name="old", tags="MUTABLE"))
    (tmp_path / ".gitignore").write_text(".skyworthy\nreports\n", "utf-8")
    commit(tmp_path)
    git(tmp_path, "checkout", "--quiet", "-b", "change")
    return tmp_path


def write(repository: Path, terraform: str) -> None:
    (repository / "staging" / "main.tf").write_text(PINNED + terraform, "utf-8")


def gate(repository: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*PROGRAM, "gate", *arguments],
        cwd=repository, env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def pr(repository: Path, against: str = "main") -> "subprocess.CompletedProcess[str]":
    return gate(repository, "pr", "--against", against, "--no-checkov")


def old_debt(repository: Path) -> int:
    """How many findings the stack of main has."""
    return int(pr(repository).stdout.split(" fixed, ")[1].split(" as before")[0])


def test_old_debt_is_listed_and_does_not_block(repository: Path) -> None:
    done = pr(repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as before: " + FINDING.format(name="old") in done.stdout
    assert "against main (" in done.stdout
    assert "0 new, 0 fixed" in done.stdout
    assert gate(repository, "pr", "--no-checkov").returncode == 1


def test_a_new_finding_blocks_and_only_it_is_shown_in_full(repository: Path) -> None:
    write(repository, REPOSITORY.format(name="old", tags="MUTABLE") + REPOSITORY.format(name="new", tags="MUTABLE"))
    done = pr(repository)
    assert done.returncode == 1
    findings = done.stdout.split("as before:")[0]
    assert "aws_ecr_repository.new" in findings
    assert "aws_ecr_repository.old" not in findings


def test_what_the_branch_fixed_is_told(repository: Path) -> None:
    before = old_debt(repository)
    write(repository, REPOSITORY.format(name="old", tags="IMMUTABLE"))
    done = pr(repository)
    assert done.returncode == 0
    assert "fixed: " + FINDING.format(name="old") in done.stdout
    assert before > old_debt(repository)


def test_a_base_that_went_on_neither_blames_nor_excuses_the_branch(repository: Path) -> None:
    (repository / "unrelated").write_text("x", "utf-8")
    commit(repository)
    git(repository, "checkout", "--quiet", "main")
    write(repository, REPOSITORY.format(name="old", tags="IMMUTABLE"))
    commit(repository)
    git(repository, "checkout", "--quiet", "change")
    done = pr(repository)
    assert done.returncode == 0, done.stdout
    assert "0 new, 0 fixed" in done.stdout


def test_a_base_that_cannot_be_judged_excuses_nothing(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "main")
    write(repository, 'resource "aws_ecr_repository" {{\n')
    commit(repository)
    git(repository, "checkout", "--quiet", "-B", "change")
    write(repository, REPOSITORY.format(name="old", tags="MUTABLE"))
    done = pr(repository)
    assert done.returncode == 1
    assert "the base cannot be judged, so every finding counts as new: " in done.stdout


def test_an_unknown_revision_is_said_with_the_next_step(repository: Path) -> None:
    done = pr(repository, "origin/nowhere")
    assert done.returncode == 2
    assert "origin/nowhere is no revision" in done.stderr
    assert "git fetch" in done.stderr


def test_nothing_is_written_into_the_repository(repository: Path) -> None:
    pr(repository)
    status = subprocess.run(
        ["git", "-C", str(repository), "status", "--porcelain"], check=True, capture_output=True, text=True
    )
    assert status.stdout == ""


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[gates.weekly]\n", "unknown gate 'weekly'; there are: pr, nightly, signoff"),
        ('[gates.pr]\nred = ["fail"]\n', "red must hold error and fail"),
        ('[gates.pr]\nsuites = ["statics"]\n', "suites takes static, live, smoke, repository, not 'statics'"),
        ("[gates.pr]\nsuites = []\n", "suites is empty"),
        ("[gates.pr]\ncolour = 1\n", "unknown key 'colour'"),
    ],
)
def test_a_gate_that_would_let_findings_through_is_refused(repository: Path, table: str, message: str) -> None:
    (repository / "skyworthy.toml").write_text(SETTINGS + table, "utf-8")
    done = gate(repository, "pr")
    assert done.returncode == 2
    assert "skyworthy.toml:" in done.stderr
    assert message in done.stderr


def test_a_sign_off_without_results_is_a_no_go_with_a_record(repository: Path) -> None:
    done = gate(repository, "signoff", "--env", "staging", "--by", "somebody")
    assert done.returncode == 1
    assert "staging: no-go" in done.stdout
    for suite in ("static", "live", "smoke"):
        assert f"{suite} was not run: skyworthy {suite} --env staging" in done.stdout
    (record,) = (repository / "reports" / "signoff").glob("*.json")
    checked = subprocess.run(
        [*PROGRAM, "signoff", "verify", str(record)], cwd=repository, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 1
    assert "is intact: no-go for staging" in checked.stdout


def test_a_branch_that_takes_skyworthy_up_is_judged_by_what_it_changes(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "main")
    (repository / "skyworthy.toml").unlink()
    commit(repository)
    git(repository, "checkout", "--quiet", "-B", "change")
    (repository / "skyworthy.toml").write_text(SETTINGS, "utf-8")
    done = pr(repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as before: " + FINDING.format(name="old") in done.stdout
    assert done.stdout.splitlines()[-1] == "gate: green"
    write(repository, REPOSITORY.format(name="old", tags="MUTABLE") + REPOSITORY.format(name="new", tags="MUTABLE"))
    done = pr(repository)
    assert done.returncode == 1
    assert "aws_ecr_repository.new" in done.stdout.split("as before:")[0]
    assert done.stdout.splitlines()[-1] == "gate: red"


def test_a_state_that_a_branch_takes_from_another_root_is_new(repository: Path) -> None:
    backend = 'terraform {{\n  backend "s3" {{\n    bucket = "state"\n    key    = "{}"\n  }}\n}}\n'
    git(repository, "checkout", "--quiet", "main")
    (repository / "skyworthy.toml").unlink()
    (repository / "production").mkdir()
    (repository / "production" / "main.tf").write_text(PINNED + backend.format("production"), "utf-8")
    write(repository, backend.format("staging"))
    commit(repository)
    git(repository, "checkout", "--quiet", "-B", "change")
    production = '[environments.production]\nterraform = "production"\nregion = "eu-central-1"\n'
    (repository / "skyworthy.toml").write_text(SETTINGS + production, "utf-8")
    (repository / "production" / "main.tf").write_text(PINNED + backend.format("staging"), "utf-8")
    done = pr(repository)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.split("as before:")[0].count("terraform.state-of-its-own") == 2
