"""``skyworthy report``: the HTML file beside DEPLOYMENT_STATUS.md, from the command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skyworthy.results import read_result
from skyworthy.verdicts import Outcome

PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
SETTINGS = '[environments.staging]\nterraform = "staging"\n'
STACK = 'resource "aws_lb" "main" {\n  name     = "front"\n  internal = true\n}\n'


def run(directory: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=directory,
        env={**os.environ, "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "skyworthy.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "main.tf").write_text(STACK, "utf-8")
    return tmp_path


def test_it_is_written_from_the_last_results_and_says_where_it_is(project: Path) -> None:
    judged = run(project, "static", "--no-checkov")
    assert judged.returncode == 1, judged.stderr
    done = run(project, "report")
    assert (done.returncode, done.stdout, done.stderr) == (0, "reports/report.html\n", "")
    page = (project / "reports" / "report.html").read_text("utf-8")
    assert "load balancer front: " in page
    assert (project / "reports" / "DEPLOYMENT_STATUS.md").exists()
    verdicts = read_result(project / "reports" / "staging" / "results-static.json").verdicts
    assert f"{sum(item.outcome is Outcome.FAIL for item in verdicts)} failed" in page
    assert len((project / "reports" / "history.jsonl").read_text("utf-8").splitlines()) == 1


def test_the_browser_is_asked_to_show_it(project: Path) -> None:
    shown = project / "shown"
    done = run(project, "report", "--open", BROWSER=f'{sys.executable} -c \'open("{shown}", "w").write("%s")\'')
    assert done.returncode == 0, done.stderr
    assert shown.read_text("utf-8") == (project / "reports" / "report.html").resolve().as_uri()


def test_without_settings_there_is_one_clear_message(tmp_path: Path) -> None:
    done = run(tmp_path, "report")
    assert done.returncode == 2
    assert done.stderr.startswith("skyworthy: no skyworthy.toml in ")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_history_is_named_and_no_report_half_written(project: Path) -> None:
    (project / "reports").mkdir()
    (project / "reports" / "history.jsonl").write_text("{\n", "utf-8")
    done = run(project, "report")
    assert done.returncode == 2
    assert "history.jsonl:1: not a line of the history" in done.stderr
    assert not (project / "reports" / "report.html").exists()
