"""GitHub Actions: annotations at the lines, the summary of the job, and nothing elsewhere."""

import dataclasses
import datetime
from pathlib import Path

from skyworthy.estate import Location
from skyworthy.reports.github import annotations, summary, tell
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict

FAILED = Verdict(
    "rds.x", "declared", "staging", 'aws_db_instance.main["a:b,c"]', Outcome.FAIL, "100 % wrong\nsecond line",
    Location("terraform/a,b.tf", 12), "medium", "A title.",
)  # fmt: skip
WORST = dataclasses.replace(FAILED, control="rds.y", severity="critical", outcome=Outcome.UNKNOWN, location=None)
PASSED = dataclasses.replace(FAILED, control="rds.z", outcome=Outcome.PASS)
RESULT = SuiteResult(
    "static", "staging", (FAILED, WORST, PASSED), 1.0, datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
)


def test_annotations_are_escaped_and_the_worst_come_first() -> None:
    assert list(annotations([RESULT])) == [
        '::warning title=rds.y (critical%2C staging)::aws_db_instance.main["a:b,c"]: 100 %25 wrong%0Asecond line',
        "::error file=terraform/a%2Cb.tf,line=12,title=rds.x (medium%2C staging)::"
        'aws_db_instance.main["a:b,c"]: 100 %25 wrong%0Asecond line',
    ]


def test_the_summary_counts_every_suite_and_shows_the_findings() -> None:
    page = summary([RESULT])
    assert "| staging | static | 0 | 1 | 1 | 0 | 1 | 0 |" in page
    assert page.index("`rds.y`") < page.index("`rds.x`")
    assert "rds.z" not in page


def test_a_long_summary_says_how_many_are_left_out() -> None:
    many = tuple(dataclasses.replace(FAILED, address=f"aws_db_instance.n{number}") for number in range(53))
    assert summary([dataclasses.replace(RESULT, verdicts=many)]).endswith("and 3 more\n")


def test_it_is_told_to_github_and_to_nobody_else(tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    page.write_text("before\n", "utf-8")
    lines: list[str] = []
    tell([RESULT], {"GITHUB_STEP_SUMMARY": str(page)}, lines.append)
    assert (lines, page.read_text("utf-8")) == ([], "before\n")
    tell([RESULT], {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)}, lines.append)
    assert len(lines) == 2
    assert page.read_text("utf-8") == "before\n" + summary([RESULT])
