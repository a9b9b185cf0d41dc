"""The pytest front-end: outcomes, ids, waivers and workers, by real sessions in a directory of their own."""

import datetime
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SUITE = """
from skyworthy.plugin import settle

def test_declared(sky_static):
    settle(sky_static)
"""
STACK = """
variable "public" {
  type = bool
}

resource "aws_db_instance" "main" {
  identifier          = "main"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  storage_encrypted   = false
  publicly_accessible = var.public
}
"""
WAIVER = """
[[waiver]]
control = "{control}"
resource = "aws_db_instance.*"
owner = "platform"
reason = "no data yet"
expires = {expires}
"""

SOON = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=30)


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\n")
    pytester.makepyfile(test_stack=SUITE)
    (pytester.path / "stack").mkdir()
    (pytester.path / "stack" / "main.tf").write_text(STACK, "utf-8")
    return pytester


def run(suite: pytest.Pytester, *arguments: str) -> dict[str, tuple[str, str]]:
    """Outcome and words of each test by id."""
    done = suite.runpytest_subprocess("--sky-terraform", "stack", "--sky-no-checkov", "-rA", "-vv", *arguments)
    found: dict[str, tuple[str, str]] = {}
    for line in done.outlines:
        outcome, _, rest = line.partition(" ")
        if outcome in ("PASSED", "FAILED", "ERROR", "XFAIL", "SKIPPED") and "test_stack.py" in rest:
            identity, _, words = rest.partition(" - ")
            found[identity] = (outcome, words)
    return found


def outcome_of(found: dict[str, tuple[str, str]], control: str) -> tuple[str, str]:
    (key,) = [key for key in found if f"[stack-{control}-aws_db_instance.main]" in key]
    return found[key]


def test_verdicts_are_outcomes(suite: pytest.Pytester) -> None:
    found = run(suite)
    assert outcome_of(found, "rds.encrypted-at-rest")[0] == "FAILED"
    done = suite.runpytest_subprocess("--sky-terraform", "stack", "--sky-no-checkov", "-k", "rds.not-public")
    done.stdout.fnmatch_lines(
        [
            "*= 1 unknown =*",
            "stack-rds.not-public-aws_db_instance.main: unknown: publicly_accessible of aws_db_instance.main: *public*",
        ]
    )
    done.assert_outcomes(skipped=1, deselected=done.parseoutcomes()["deselected"])


def test_a_waiver_makes_an_xfail_and_a_needless_one_is_red(suite: pytest.Pytester) -> None:
    text = WAIVER.format(control="rds.encrypted-at-rest", expires=SOON)
    text += WAIVER.format(control="rds.retired-*", expires=SOON).replace("rds.retired-*", "rds.multi-az")
    (suite.path / "waivers.toml").write_text(text, "utf-8")
    done = suite.runpytest_subprocess("--sky-terraform", "stack", "--sky-no-checkov", "-rxf", "-k", "rds.")
    done.stdout.fnmatch_lines([f"XFAIL *rds.encrypted-at-rest*waived until {SOON} by platform: no data yet*"])
    done.stdout.fnmatch_lines(["FAILED *waivers.needed-rds.multi-az on aws_db_instance.*"])


def test_ids_and_results_are_the_same_with_two_workers(suite: pytest.Pytester) -> None:
    assert run(suite) == run(suite, "-n", "2")


def test_nothing_to_judge_is_an_error_and_not_green(suite: pytest.Pytester) -> None:
    (suite.path / "stack" / "main.tf").write_text("", "utf-8")
    done = suite.runpytest_subprocess("--sky-terraform", "stack", "--sky-no-checkov")
    assert done.ret != 0


def test_bad_input_is_one_message(suite: pytest.Pytester) -> None:
    Path(suite.path / "stack" / "main.tf").write_text("resource {{", "utf-8")
    done = suite.runpytest_subprocess("--sky-terraform", "stack", "--sky-no-checkov")
    assert done.ret != 0
    text = done.stdout.str() + done.stderr.str()
    assert "stack/main.tf:1: " in text
    assert "Traceback" not in text
