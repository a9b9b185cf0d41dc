"""``skyworthy repository`` and its part in the gate of a pull request, in real repositories."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.git import commit, git

PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
SETTINGS = '[environments.staging]\nterraform = "staging"\n'
STACK = """terraform {
  required_version = ">= 1.10"
}

resource "aws_ecr_repository" "app" {
  name                 = "app"
  image_tag_mutability = "MUTABLE"
}
"""
FOUND = "AK" + "IA" + "QWERTYUIOPASDFGH"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    write(tmp_path, "skyworthy.toml", SETTINGS)
    write(tmp_path, "staging/main.tf", STACK)
    write(tmp_path, ".gitignore", ".skyworthy\nreports\n")
    write(tmp_path, "README.md", "[the stack](staging/main.tf)\n")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path)
    return tmp_path


def write(repository: Path, name: str, text: str) -> None:
    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).write_text(text, "utf-8")


def run(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


def of_the_repository(output: str) -> str:
    """What is told in full of the repository."""
    return output.split("repository repository (code)")[1].split("as before:")[0]


def test_a_sound_repository_is_clean_and_its_result_is_kept(repository: Path) -> None:
    done = run(repository, "repository", "--json", "out.json")
    assert done.returncode == 0, done.stdout + done.stderr
    kept = json.loads((repository / "reports/repository/results-repository.json").read_text("utf-8"))
    assert (kept["suite"], kept["environment"], kept["target"]) == ("repository", "repository", "code")
    shown = json.loads((repository / "out.json").read_text("utf-8"))["verdicts"]
    assert shown == kept["verdicts"]
    assert {item["lens"] for item in shown} == {"repository"}
    assert (repository / "reports/repository/junit-repository.xml").exists()
    assert (repository / "reports/repository/repository.sarif").exists()


def test_a_finding_exits_with_1_and_a_waiver_covers_it(repository: Path) -> None:
    write(repository, "README.md", "[x](gone.md)\n")
    done = run(repository, "repository")
    assert done.returncode == 1
    assert "README.md:1: gone.md is not there" in done.stdout
    waiver = 'control = "repo.links-resolve"\nresource = "stack"\nenvironment = "repository"\nowner = "x"\nreason = "y"'
    write(repository, "waivers.toml", f"[[waiver]]\n{waiver}\nexpires = 2999-01-01\n")
    assert "expires more than 180 days ahead" in run(repository, "repository").stderr
    soon = subprocess.run(["date", "-u", "-d", "+30 days", "+%F"], capture_output=True, text=True, check=True).stdout
    write(repository, "waivers.toml", f"[[waiver]]\n{waiver}\nexpires = {soon}")
    done = run(repository, "repository")
    assert done.returncode == 0, done.stdout
    assert run(repository, "repository", "--no-waivers").returncode == 1
    write(repository, "README.md", "x\n")
    done = run(repository, "repository")
    assert done.returncode == 1
    assert "no finding needs it any longer" in done.stdout


def test_bad_input_exits_with_2_and_names_the_line(repository: Path) -> None:
    write(repository, "allowed-credentials.toml", '[[allowed]]\nfingerprint = "x"\n')
    done = run(repository, "repository")
    assert done.returncode == 2
    assert "allowed-credentials.toml:1: [allowed] needs reason" in done.stderr


def test_outside_of_a_checkout_everything_is_unknown(tmp_path: Path) -> None:
    done = run(tmp_path, "repository")
    assert "git cannot tell: fatal: not a git repository" in done.stdout
    assert " passed" not in done.stdout
    assert not (tmp_path / "reports").exists()


def test_the_gate_tells_new_findings_of_the_repository_from_old_ones(repository: Path) -> None:
    write(repository, "docs/old.md", "[x](gone.md)\n")
    write(repository, "old.txt", FOUND)
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "change")
    write(repository, "docs/old.md", "A line above.\n\n[x](gone.md)\n")
    commit(repository)
    done = run(repository, "gate", "pr", "--against", "main", "--no-checkov")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as before: repo.links-resolve stack: docs/old.md:3: gone.md is not there" in done.stdout
    mark = hashlib.sha256(FOUND.encode()).hexdigest()[:16]
    assert (
        f"as before: repo.no-credentials stack: old.txt:1: an access key id of AWS (aws-access-key-id, {mark})"
        in done.stdout
    )
    write(repository, "docs/new.md", "[x](gone.md)\n")
    commit(repository)
    done = run(repository, "gate", "pr", "--against", "main", "--no-checkov")
    assert done.returncode == 1
    assert "docs/new.md:1: gone.md is not there" in of_the_repository(done.stdout)
    (repository / "docs/new.md").unlink()
    (repository / "docs/old.md").unlink()
    commit(repository)
    done = run(repository, "gate", "pr", "--against", "main", "--no-checkov")
    assert done.returncode == 0
    assert "fixed: repo.links-resolve stack" in done.stdout


def test_a_credential_that_a_branch_adds_and_removes_again_stops_it(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "change")
    write(repository, "new.txt", FOUND)
    commit(repository)
    (repository / "new.txt").unlink()
    commit(repository)
    done = run(repository, "gate", "pr", "--against", "main", "--no-checkov")
    assert done.returncode == 1
    assert "repo.history-no-credentials" in of_the_repository(done.stdout)
    assert FOUND not in done.stdout + done.stderr


def test_a_file_whose_name_is_no_text_is_told_all_the_same(repository: Path) -> None:
    (repository / os.fsdecode(b"caf\xe9.md")).write_text("[x](gone.md)\n", "utf-8")
    done = run(repository, "repository", "--json", "out.json")
    assert done.returncode == 1, done.stderr
    assert "gone.md is not there" in done.stdout
    assert "caf" in (repository / "out.json").read_text("utf-8")


def test_no_environment_may_have_the_name_of_the_repository(repository: Path) -> None:
    write(repository, "skyworthy.toml", SETTINGS.replace(".staging]", ".repository]"))
    done = run(repository, "repository")
    assert done.returncode == 2
    assert "skyworthy.toml:1: results of the repository itself have that name" in done.stderr
