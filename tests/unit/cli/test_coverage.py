"""``skyworthy coverage`` and ``skyworthy new-control``, in skyworthy's own repository."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from skyworthy.cli import skyworthy
from skyworthy.controls import catalogue
from skyworthy.controls.requirements import FIXTURES, Requirement, requirements, strangers

REPOSITORY = Path(__file__).parents[3]


def test_coverage_tells_each_requirement_its_controls_and_exits_by_the_gaps() -> None:
    done = CliRunner().invoke(skyworthy, ["coverage", "--repository", str(REPOSITORY), "--json"])
    lines = {line["id"]: line for line in json.loads(done.output)}
    assert set(lines) == {line.id for line in requirements()}
    assert "rds.encrypted-at-rest" in lines["DAT-1"]["controls"]
    assert lines["DAT-1"]["lenses"] == ["declared", "observed"]
    assert lines["DAT-1"]["examples"] > 10
    assert done.exit_code == int(any(line["gaps"] for line in lines.values()))


def test_coverage_for_people_is_a_block_for_each_requirement_with_whole_names() -> None:
    done = CliRunner().invoke(skyworthy, ["coverage", "--repository", str(REPOSITORY)])
    blocks = re.split(r"\n(?=\S)", done.output)
    (secrets,) = [block for block in blocks if block.startswith("SEC-5  ")]
    (line,) = [line for line in requirements() if line.id == "SEC-5"]
    head, *rows = secrets.splitlines()
    assert head == f"SEC-5  {line.must}"
    shown = [" ".join(row.split()) for row in rows]
    examples = line.examples(REPOSITORY)
    assert shown == [
        *(f"{each.id} {','.join(each.lenses)}" for each in line.controls),
        *([f"{examples} examples"] if examples else []),
        *(f"also covered by {each}" for each in line.by),
    ]
    assert line.controls
    assert line.by
    assert max(len(row) for block in blocks for row in block.splitlines()[1:]) <= 80


def test_no_control_names_a_requirement_that_is_not_there() -> None:
    assert strangers() == []


def test_a_line_is_covered_by_controls_or_by_what_exists() -> None:
    def gaps(*by: str, controls: int = 0) -> list[str]:
        return Requirement("X-1", "", by, catalogue()[:controls]).gaps(REPOSITORY, {"static"}.__contains__)

    assert gaps() == ["nothing covers it"]
    assert gaps(controls=1) == []
    assert gaps("README.md", "skyworthy static", "make test") == []
    assert gaps("nowhere.md", "skyworthy nothing", "make nothing") == [
        "nowhere.md does not exist", "skyworthy nothing does not exist", "make nothing does not exist",
    ]  # fmt: skip


def test_coverage_elsewhere_says_where_to_run_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from skyworthy.cli import main; main()", "coverage"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "run it in skyworthy's repository" in done.stderr


def test_a_new_control_works_as_it_is_written(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests" / "unit" / "controls").mkdir(parents=True)
    (tmp_path / FIXTURES).mkdir(parents=True)
    shutil.copy(REPOSITORY / "tests/unit/controls/test_fixtures.py", tmp_path / "tests/unit/controls")
    made = run(tmp_path, "skyworthy.cli", "new-control", "efs.encrypted", "--on", "aws_efs_file_system",
               "--attribute", "encrypted", "--ref", "REQ DAT-1")  # fmt: skip
    assert made.returncode == 0, made.stderr
    fixtures = "tests/unit/controls/test_fixtures.py"
    tried = subprocess.run(
        [sys.executable, "-m", "pytest", fixtures, "-k", "efs.encrypted/", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert tried.returncode == 0, tried.stdout
    assert "3 passed" in tried.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rds", "--on", "aws_db_instance", "--attribute", "multi_az", "--ref", "REQ DAT-1"], "is not area.rule"),
        (["rds.multi-az", "--on", "aws_db_instance", "--attribute", "multi_az", "--ref", "REQ DAT-1"], "already"),
        (["rds.x", "--on", "aws_db_thing", "--attribute", "multi_az", "--ref", "REQ DAT-1"], "is no type"),
        (["rds.x", "--on", "aws_db_instance", "--attribute", "engine", "--ref", "REQ DAT-1"], "no boolean attribute"),
        (["rds.x", "--on", "aws_db_instance", "--attribute", "multi_az", "--ref", "REQ DAT-99"], "that exists"),
    ],
)
def test_what_cannot_be_a_control_is_refused_and_nothing_written(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "src/skyworthy/controls").mkdir(parents=True)
    (tmp_path / FIXTURES).mkdir(parents=True)
    done = run(tmp_path, "skyworthy.cli", "new-control", *arguments, sources=REPOSITORY)
    assert done.returncode == 2
    assert message in done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def run(
    directory: Path, module: str, *arguments: str, sources: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", f"from {module} import main; main()", *arguments],
        cwd=directory, env=environment(sources or directory), capture_output=True, text=True, check=False,
    )  # fmt: skip


def environment(repository: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(repository / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
