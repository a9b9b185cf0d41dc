"""Checkov that is kept loaded says what a process of its own says, of each root by itself."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.mutation.beside import notices
from benchmarks.mutation.mutant import Mutant
from benchmarks.mutation.warm import Warm

from skyworthy.checkov.environment import EXECUTABLE_VARIABLE, child_environment, provide

CACHE = Path(__file__).parents[3] / ".skyworthy"
DATABASE = """
resource "aws_db_instance" "main" {
  engine              = "postgres"
  storage_encrypted   = true
  publicly_accessible = false
}
"""
QUEUE = """
resource "aws_sqs_queue" "main" {
  name = "main"
}
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def process(command: tuple[str, ...], **rest: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, **rest, capture_output=True, text=True, check=False)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.delenv(EXECUTABLE_VARIABLE, raising=False)
    return provide(CACHE, process, print).command


def said(run: Run, command: tuple[str, ...], root: Path, home: Path) -> set[tuple[str, str, str]]:
    arguments = (
        f"--directory={root}",
        "--framework",
        "terraform",
        "--output",
        "json",
        "--soft-fail",
        "--skip-download",
    )
    done = run((*command, *arguments), env=child_environment(home), cwd=home)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["results"]
    return {
        (kind, item["check_id"], item["resource"])
        for kind in ("passed_checks", "failed_checks")
        for item in results[kind]
    }


def test_each_run_says_what_a_process_of_its_own_says(tmp_path: Path, command: tuple[str, ...]) -> None:
    texts = {"database": DATABASE, "open": DATABASE.replace("false", "true"), "queue": QUEUE}
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(text)
    with Warm() as warm:
        found = {name: said(warm, command, tmp_path / name, tmp_path) for name in texts}
        assert said(warm, command, tmp_path / "database", tmp_path) == found["database"]
    assert found["open"] - found["database"] >= {("failed_checks", "CKV_AWS_17", "aws_db_instance.main")}
    assert found == {name: said(process, command, tmp_path / name, tmp_path) for name in texts}


def test_checkov_that_fails_says_so_and_the_next_run_goes_on(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "main.tf").write_text(QUEUE)
    with Warm() as warm:
        found = said(warm, command, tmp_path, tmp_path)
        wrong = (*command, f"--directory={tmp_path}", "--no-such-option")
        done = warm(wrong, env=child_environment(tmp_path), cwd=tmp_path)
        assert done.returncode == 2
        assert "--no-such-option" in done.stderr
        assert said(warm, command, tmp_path, tmp_path) == found


def test_another_program_is_run_as_it_is(tmp_path: Path) -> None:
    with Warm() as warm:
        done = warm((sys.executable, "-c", "print('mine'); raise SystemExit(3)"), env={}, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "mine\n")


def test_what_checkov_says_of_a_mutant_is_what_it_did_not_say_before(tmp_path: Path, command: tuple[str, ...]) -> None:
    tree, cache = tmp_path / "terraform", tmp_path / "cache"
    (tree / "shop").mkdir(parents=True)
    (tree / "shop/main.tf").write_text(DATABASE)
    folder = Path(command[0]).parents[1]
    (cache / "checkov").mkdir(parents=True)
    (cache / "checkov" / folder.name).symlink_to(folder)
    about = ("aws_db_instance.main", "", ("DAT-1",), "", "", (Path("shop"),))
    texts = [
        DATABASE.replace("false", "true"),
        DATABASE.replace("postgres", "mysql"),
        DATABASE.replace("true", "false"),
    ]
    mutants = [Mutant(Path("shop/main.tf"), 1, "swap word", *about, text, False) for text in texts]
    assert list(notices(tree, mutants, cache, 2)) == [("CKV_AWS_17",), (), ("CKV_AWS_16",)]
    assert (tree / "shop/main.tf").read_text() == DATABASE
