"""``skyworthy merge``: results of several machines as one, the worst verdict counts, nothing is lost."""

import dataclasses
import datetime
import os
import subprocess
import sys
from pathlib import Path

from skyworthy.files import write_json
from skyworthy.results import SuiteResult, encode_result, read_result
from skyworthy.verdicts import Outcome, Verdict

PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
SETTINGS = '[environments.{name}]\nterraform = "{name}"\n'
PASSED = Verdict("rds.x", "observed", "staging", "aws_db_instance.main", Outcome.PASS)
OTHER = dataclasses.replace(PASSED, address="aws_db_instance.other")


def result(environment: str, *verdicts: Verdict, commit: str = "a" * 40, minute: int = 0) -> SuiteResult:
    finished = datetime.datetime(2026, 3, 1, 10, minute, tzinfo=datetime.UTC)
    once = {"rds:DescribeDBInstances": 1}
    times = {"rds:DescribeDBInstances": 0.25}
    return SuiteResult("live", environment, verdicts, 1.0, finished, commit, once, times, retries=once)


def keep(folder: Path, *results: SuiteResult) -> None:
    for each in results:
        write_json(folder / each.environment / f"results-{each.suite}.json", encode_result(each))


def merge(directory: Path, *folders: str) -> "subprocess.CompletedProcess[str]":
    for name in ("staging", "production"):
        (directory / name).mkdir(exist_ok=True)
        (directory / name / "main.tf").write_text("", "utf-8")
    (directory / "skyworthy.toml").write_text(SETTINGS.format(name="staging") + SETTINGS.format(name="production"))
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [*PROGRAM, "merge", *folders], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


def test_shards_and_environments_become_one_and_the_worst_verdict_counts(tmp_path: Path) -> None:
    failed = dataclasses.replace(PASSED, outcome=Outcome.FAIL, message="wrong")
    keep(tmp_path / "one", result("staging", PASSED, OTHER, minute=5))
    keep(tmp_path / "two", result("staging", failed), result("production", PASSED))
    done = merge(tmp_path, "one", "two")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "3 results merged into 2" in done.stdout
    joined = read_result(tmp_path / "reports" / "staging" / "results-live.json")
    assert joined.verdicts == (failed, OTHER)
    assert (joined.calls, joined.finished.minute) == ({"rds:DescribeDBInstances": 2}, 0)
    assert joined.call_seconds == {"rds:DescribeDBInstances": 0.5}
    assert joined.retries == {"rds:DescribeDBInstances": 2}
    for name in ("junit-live.xml", "live.sarif"):
        assert (tmp_path / "reports" / "production" / name).is_file()
    assert (tmp_path / "reports" / "DEPLOYMENT_STATUS.md").is_file()


def test_a_merge_of_clean_results_is_green(tmp_path: Path) -> None:
    keep(tmp_path / "one", result("staging", PASSED))
    assert merge(tmp_path, "one").returncode == 0


def test_what_does_not_belong_together_is_refused_and_nothing_written(tmp_path: Path) -> None:
    keep(tmp_path / "one", result("staging", PASSED))
    keep(tmp_path / "two", result("staging", OTHER, commit="b" * 40))
    done = merge(tmp_path, "one", "two")
    assert done.returncode == 2
    assert "live of staging: results of different commit cannot be merged" in done.stderr
    assert not (tmp_path / "reports").exists()


def test_nothing_to_merge_is_not_a_pass(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    done = merge(tmp_path, "one")
    assert done.returncode == 2
    assert "nothing to merge is not a pass" in done.stderr


def test_an_environment_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    keep(tmp_path / "one", result("elsewhere", PASSED))
    done = merge(tmp_path, "one")
    assert done.returncode == 2
    assert "results of elsewhere, which skyworthy.toml does not name" in done.stderr


def test_the_regions_of_an_environment_are_joined_and_none_may_be_missing(tmp_path: Path) -> None:
    regions = ("us-east-1", "eu-west-1")
    here = dataclasses.replace(result("staging", PASSED), region="us-east-1", regions=regions)
    there = dataclasses.replace(result("staging", OTHER), region="eu-west-1", regions=regions)
    keep(tmp_path / "one", here)
    keep(tmp_path / "two", there)
    alone = merge(tmp_path, "one")
    assert alone.returncode == 2
    assert "live of staging: no result of eu-west-1: skyworthy live --env staging --region ..." in alone.stderr
    assert merge(tmp_path, "one", "two").returncode == 0
    joined = read_result(tmp_path / "reports" / "staging" / "results-live.json")
    assert (joined.verdicts, joined.region, joined.not_looked_in) == ((PASSED, OTHER), "us-east-1, eu-west-1", ())
