"""Workflows and scripts under the real linters; where these cannot be had, nothing is green."""

from pathlib import Path

import pytest

from skyworthy.estate import Undecidable
from skyworthy.repository.linters import Linter

from .conftest import Checkout, Judge

SOUND = '#!/usr/bin/env bash\nset -eu\necho "$1"\n'
UNSOUND = "#!/usr/bin/env bash\nrm -r $1\n"
WORKFLOW = """name: x
on: push
permissions: {}
concurrency: { group: x, cancel-in-progress: true }
jobs:
  go:
    name: go
    runs-on: ubuntu-latest
    steps:
      - run: echo "$TITLE"
        env:
          TITLE: ${{ github.event.head_commit.message }}
"""
INJECTED = WORKFLOW.replace('"$TITLE"', '"${{ github.event.head_commit.message }}"')
NAME = ".github/workflows/x.yml"


def nothing_to_fetch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No index, no cache, no Go."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("UV_TOOL_DIR", str(tmp_path / "tools"))
    monkeypatch.setenv("PATH", "/nowhere")


def had(linter: str, directory: Path, name: str, store: Path) -> list[str]:
    try:
        return Linter(linter, store, lambda _: None).findings(directory, [name])
    except Undecidable as undecidable:
        pytest.skip(f"{linter} is not to be had here: {undecidable.reason}")


def test_shellcheck_finds_by_ending_and_by_first_line(checkout: Checkout, said: Judge, tmp_path: Path) -> None:
    checkout.write(
        {"a.sh": SOUND, "bin/run": SOUND, "README": "#!/bin/sh of no script\n", "x.py": "#!/usr/bin/env python\n"}
    )
    had("shellcheck", checkout.directory, "a.sh", tmp_path)
    checkout.write({"README": "no script\n"})
    assert said("repo.shell-scripts-lint", checkout.directory) == ("pass", "")
    outcome, message = said("repo.shell-scripts-lint", checkout.write({"bin/run": UNSOUND}).directory)
    assert outcome == "fail"
    assert message.startswith("bin/run:2:7: note: Double quote to prevent globbing")


@pytest.mark.parametrize(("linter", "words"), [("actionlint", "untrusted"), ("zizmor", "template-injection")])
def test_a_workflow_that_runs_what_others_write_is_found(
    checkout: Checkout, tmp_path: Path, linter: str, words: str
) -> None:
    assert had(linter, checkout.write({NAME: WORKFLOW}).directory, NAME, tmp_path) == []
    found = had(linter, checkout.write({NAME: INJECTED}).directory, NAME, tmp_path)
    assert found
    assert all(line.startswith(f"{NAME}:10:") for line in found)
    assert words in found[0]


def test_what_was_linted_is_known_without_the_linter(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.write({"a.sh": UNSOUND})
    found = had("shellcheck", checkout.directory, "a.sh", tmp_path / "store")
    nothing_to_fetch(monkeypatch, tmp_path)
    again = Linter("shellcheck", tmp_path / "store", lambda _: None)
    assert again.findings(checkout.directory, ["a.sh"]) == found
    checkout.write({"a.sh": SOUND})
    with pytest.raises(Undecidable, match="shellcheck cannot be run"):
        again.findings(checkout.directory, ["a.sh"])


def test_a_linter_that_cannot_be_had_is_unknown_and_not_asked_for_each_time(
    checkout: Checkout, said: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = Path("/usr/bin/git") if Path("/usr/bin/git").exists() else None
    nothing_to_fetch(monkeypatch, tmp_path)
    if git is not None:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "git").symlink_to(git)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    checkout.write({"a.sh": SOUND})
    outcome, message = said("repo.shell-scripts-lint", checkout.directory)
    assert outcome == "unknown"
    assert message.startswith("shellcheck cannot be run: ")
    outcome, again = said("repo.shell-scripts-lint", checkout.directory)
    assert outcome == "unknown"
    assert again.startswith(message)
    assert "asked again an hour later" in again
