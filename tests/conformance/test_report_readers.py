"""Reports, read by those for whom they are written: junitparser, the schema of Jenkins's importer, markdownlint."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from skyworthy import declared
from skyworthy.config import BUILT_IN_POLICIES, Environment, Settings
from skyworthy.reports.junit import junit
from skyworthy.reports.status import deployment_status
from skyworthy.results import SuiteResult
from skyworthy.suites import static
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage

REPOSITORY = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
STACK = """
resource "aws_db_instance" "main" {
  identifier        = "main<&\\u001b|\\">"
  engine            = "postgres"
  instance_class    = "db.t3.micro"
  storage_encrypted = false
  multi_az          = var.multi_az
}

variable "multi_az" {}
"""
PARSED = """
import json, sys
from junitparser import JUnitXml, Properties

told = JUnitXml.fromfile(sys.argv[1])
print(json.dumps({
    "counts": [sum(getattr(suite, name) for suite in told) for name in ("tests", "failures", "errors", "skipped")],
    "cases": {
        case.name: [
            [type(result).__name__ for result in case.result],
            [[item.name, item.value] for item in case.child(Properties)],
        ]
        for suite in told for case in suite
    },
}))
"""
VALIDATED = """
import json, sys
import xmlschema

errors = xmlschema.XMLSchema(sys.argv[1]).iter_errors(sys.argv[2])
print(json.dumps(sorted({f"{error.path.rpartition('/')[2].partition('[')[0]}: {error.reason}" for error in errors})))
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("stack")
    (folder / "main.tf").write_text(STACK, "utf-8")
    environment = Environment("production", folder, policy=BUILT_IN_POLICIES["production"])
    return Settings(folder, environments={environment.name: environment})


@pytest.fixture(scope="module")
def result(settings: Settings) -> SuiteResult:
    """Of a stack with passes, failures and unknowns, whose names no format likes."""
    with Stage(settings, settings.environments["production"], Options(checkov=False)) as stage:
        return static.run(stage)


def _run(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode != 0 and re.search(r"Failed to fetch|No matching distribution|network|connect", done.stderr):
        pytest.skip(f"the registry cannot be reached: {done.stderr.strip()[:200]}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _with(package: str, code: str, *arguments: Path) -> Any:
    return json.loads(_run(UV, "tool", "run", "--quiet", "--with", package, "python", "-c", code, *arguments))


def test_junitparser_reads_what_was_judged(result: SuiteResult, tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text(junit(result), "utf-8")

    told = _with("junitparser==5.0.3", PARSED, tmp_path / "junit.xml")

    outcomes = [verdict.outcome.value for verdict in result.verdicts]
    skipped = len(outcomes) - outcomes.count("pass") - outcomes.count("fail")
    assert told["counts"] == [len(outcomes), outcomes.count("fail"), 0, skipped]
    assert told["cases"]["rds.encrypted-at-rest[aws_db_instance.main]"] == [
        ["Failure"],
        [
            ["severity", "high"],
            ["lens", "declared"],
            ["title", "Database storage is encrypted."],
            ["requirement", "DAT-1"],
            ["requirement", "REF-6"],
            ["standard", "FSBP RDS.3"],
            ["standard", "CIS 2.3.1"],
            ["standard", "CKV_AWS_16"],
            ["standard", "FSBP RDS.27"],
            ["standard", "CKV_AWS_96"],
        ],
    ]


def test_jenkins_can_import_it(result: SuiteResult, tmp_path: Path) -> None:
    """The schema comes with the sources of pytest. Beyond it goes what pytest writes too, and what REP-1 demands."""
    _run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=pytest", "pytest==9.2.0",
         "--dest", tmp_path)  # fmt: skip
    with tarfile.open(next(tmp_path.glob("pytest-*.tar.gz"))) as sources:
        sources.extractall(tmp_path, filter="data")
    (schema,) = tmp_path.glob("pytest-*/testing/example_scripts/junit-10.xsd")
    (tmp_path / "junit.xml").write_text(junit(result), "utf-8")

    assert _with("xmlschema==4.1.0", VALIDATED, schema, tmp_path / "junit.xml") == [
        "testcase: 'file' attribute not allowed for element",
        "testcase: 'line' attribute not allowed for element",
        "testcase: Unexpected child with tag 'properties' at position 1.",
    ]


def test_markdownlint_finds_nothing_in_the_status_page(settings: Settings, result: SuiteResult, tmp_path: Path) -> None:
    npx = shutil.which("npx")
    if npx is None:
        pytest.skip("npx is not on the PATH: markdownlint comes with it")
    estates = {"production": declared.read(settings.directory)}
    page = deployment_status(settings, [result], now=result.finished, estates=estates)
    (tmp_path / "DEPLOYMENT_STATUS.md").write_text(page, "utf-8")
    shutil.copy(REPOSITORY / ".markdownlint.yaml", tmp_path)

    _run(npx, "--yes", "--prefix", tmp_path, "markdownlint-cli2@0.24.1", tmp_path / "DEPLOYMENT_STATUS.md")
