"""``skyworthy sandbox fill``, on a sandbox of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from skyworthy.cli import skyworthy
from skyworthy.errors import BadInput
from skyworthy.sandbox import server

SETTINGS = '[project]\nname = "shop"\n\n[environments.staging]\nterraform = "terraform"\nregion = "us-east-1"\n'


def run(*arguments: str) -> Result:
    return CliRunner().invoke(skyworthy, ("sandbox", "fill", *arguments))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "skyworthy.toml").write_text(SETTINGS)
    (tmp_path / "terraform").mkdir()
    (tmp_path / "terraform" / "main.tf").write_text('resource "aws_sns_topic" "main" {\n  name = "shop"\n}\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def started(project: Path) -> Iterator[server.Sandbox]:
    yield server.start_detached(project, "staging")
    server.stop(project, "staging")


def test_fill_and_undo(started: server.Sandbox) -> None:
    filled = run("--resources", "30")
    assert (filled.exit_code, filled.stderr) == (0, "... 38 of 38 resources\n")
    assert filled.stdout == "staging: 38 resources more; `skyworthy sandbox fill --undo` takes them out again\n"
    assert len(started.client("ecs").list_clusters()["clusterArns"]) == 1

    undone = run("--undo")
    assert (undone.exit_code, undone.output) == (0, "staging: as it was before it was filled\n")
    assert started.client("ecs").list_clusters()["clusterArns"] == []


@pytest.mark.parametrize("resources", ["0", "-5", "100001"])
def test_numbers_that_make_no_sense_are_refused(project: Path, resources: str) -> None:
    done = run("--resources", resources)

    assert isinstance(done.exception, BadInput)
    assert str(done.exception) == f"--resources takes 1 to 100000, not {resources}"


def test_without_a_running_sandbox_it_says_how_to_start_one(project: Path) -> None:
    done = run()

    assert isinstance(done.exception, BadInput)
    assert "`skyworthy sandbox up --env staging`" in str(done.exception)
