"""Environments of several regions from the command line and in pytest: one region, all, and what is refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from skyworthy.cli import skyworthy
from skyworthy.errors import BadInput
from skyworthy.sandbox import server

pytest_plugins = ["pytester"]

HOME, OTHER = "us-east-1", "eu-west-1"
SETTINGS = '[environments.shop]\nterraform = "terraform"\nregions = ["us-east-1", "eu-west-1"]\n'
STACK = """provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "eu"
  region = "eu-west-1"
}

resource "aws_cloudwatch_log_group" "here" {
  name              = "/shop/app"
  retention_in_days = 30
}

resource "aws_cloudwatch_log_group" "there" {
  provider          = aws.eu
  name              = "/shop/app"
  retention_in_days = 30
}
"""
SUITE = """
from skyworthy.plugin import settle

def test_observed(sky_live):
    settle(sky_live)
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of a project whose stack is in a running sandbox, drifted in the second region."""
    directory = tmp_path_factory.mktemp("regions")
    (directory / "skyworthy.toml").write_text(SETTINGS)
    (directory / "terraform").mkdir()
    (directory / "terraform" / "main.tf").write_text(STACK)
    sandbox = server.start_detached(directory, "shop")
    for region, days in ((HOME, 30), (OTHER, 7)):
        logs = sandbox.client("logs", region)
        logs.create_log_group(logGroupName="/shop/app")
        logs.put_retention_policy(logGroupName="/shop/app", retentionInDays=days)
    yield directory
    server.stop(directory, "shop")


@pytest.fixture
def project(started: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(started)
    return started


def run(*arguments: str) -> Result:
    return CliRunner().invoke(skyworthy, arguments)


def drifted(done: Result, project: Path) -> list[str]:
    """Region and address of each verdict of live.matches-code that fails."""
    assert done.exit_code in (0, 1), done.output
    verdicts = json.loads((project / "verdicts.json").read_text("utf-8"))["verdicts"]
    return [
        f"{item['region']} {item['address']}"
        for item in verdicts
        if (item["control"], item["verdict"]) == ("live.matches-code", "fail")
    ]


def test_all_regions_are_looked_in_and_each_finding_says_which(project: Path) -> None:
    done = run("live", "--json", "verdicts.json")
    assert drifted(done, project) == [f"{OTHER} aws_cloudwatch_log_group.there"]
    assert "live shop (sandbox, account 123456789012, region us-east-1, eu-west-1)" in done.output
    assert "aws_cloudwatch_log_group.there (eu-west-1)" in done.output


@pytest.mark.parametrize(("region", "expected"), [(HOME, []), (OTHER, [f"{OTHER} aws_cloudwatch_log_group.there"])])
def test_one_region_alone(region: str, expected: list[str], project: Path) -> None:
    assert drifted(run("live", "--region", region, "--json", "verdicts.json"), project) == expected


def test_drift_says_the_region(project: Path) -> None:
    done = run("drift")
    assert done.exit_code == 1
    assert "~ aws_cloudwatch_log_group.there terraform/main.tf:15 eu-west-1" in done.output


def test_a_region_that_the_environment_does_not_have_is_bad_input(project: Path) -> None:
    done = run("live", "--region", "eu-west-2")
    assert isinstance(done.exception, BadInput)
    assert str(done.exception) == "shop is not in eu-west-2; its regions: us-east-1, eu-west-1"


def test_pytest_gives_the_same_with_any_number_of_workers(
    project: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    (project / "test_live.py").write_text(SUITE)
    found = []
    for workers in ((), ("-n", "2"), ("-n", "2", "--dist", "loadgroup")):
        done = pytester.runpytest_subprocess(
            "-p", "no:cacheprovider", "--rootdir", str(project), "-rA", *workers, str(project / "test_live.py")
        )
        told = [line for line in done.outlines if line.startswith(("PASSED", "FAILED", "SKIPPED"))]
        found.append(sorted(line.replace("]@shop", "]") for line in told))
    assert found[0] == found[1] == found[2]
    assert [line for line in found[0] if line.startswith("FAILED") and "matches-code" in line and "there" in line]
