"""The sign-off of production on the sandbox: go when all is there, no-go with the reason for each thing that is not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.git import git

REPOSITORY = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone in which production was verified."""
    clone = tmp_path_factory.mktemp("signoff") / "clone"
    git(REPOSITORY, "clone", "--quiet", "--no-hardlinks", str(REPOSITORY), str(clone))
    done = skyworthy(clone, "verify", "--env", "production")
    assert done.returncode == 0, done.stdout + done.stderr
    return clone


@pytest.fixture
def clone(verified: Path, tmp_path: Path) -> Path:
    """A copy of its own for each test."""
    return shutil.copytree(verified, tmp_path / "clone", symlinks=True)


def skyworthy(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


def signoff(directory: Path) -> "subprocess.CompletedProcess[str]":
    return skyworthy(directory, "gate", "signoff", "--env", "production", "--by", "somebody")


def test_a_go_is_recorded_and_a_changed_byte_of_its_evidence_noticed(clone: Path) -> None:
    done = signoff(clone)
    assert done.returncode == 0, done.stdout
    assert "production: go" in done.stdout
    (record,) = (clone / "reports" / "signoff").glob("*.json")
    assert skyworthy(clone, "signoff", "verify", str(record)).returncode == 0
    evidence = record.with_suffix("") / "results-live.json"
    content = bytearray(evidence.read_bytes())
    content[len(content) // 2] ^= 1
    evidence.write_bytes(content)
    checked = skyworthy(clone, "signoff", "verify", str(record))
    assert checked.returncode == 1
    assert "results-live.json: was changed" in checked.stdout


def test_a_missing_suite_is_a_no_go(clone: Path) -> None:
    (clone / "reports" / "production" / "results-smoke.json").unlink()
    done = signoff(clone)
    assert done.returncode == 1
    assert "smoke was not run" in done.stdout


def test_an_unreadable_result_is_a_no_go(clone: Path) -> None:
    (clone / "reports" / "production" / "results-live.json").write_text("{", "utf-8")
    done = signoff(clone)
    assert done.returncode == 1
    assert "results-live.json: not a results file" in done.stdout


def test_another_commit_is_a_no_go(clone: Path) -> None:
    git(clone, "commit", "--quiet", "--allow-empty", "--message", "later")
    done = signoff(clone)
    assert done.returncode == 1
    for suite in ("static", "live", "smoke"):
        assert f"{suite} judged " in done.stdout


def test_a_file_that_is_not_committed_is_a_no_go(clone: Path) -> None:
    with (clone / "waivers.toml").open("a", encoding="utf-8") as waivers:
        waivers.write("# changed\n")
    done = signoff(clone)
    assert done.returncode == 1
    assert "files differ from the commit that is checked out" in done.stdout
