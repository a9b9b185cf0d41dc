"""The history: a line for each run, no run twice, bounded, and never lost to a line that cannot be read."""

import datetime
from collections.abc import Callable
from dataclasses import replace

import pytest

from skyworthy.config import Settings
from skyworthy.errors import BadInput
from skyworthy.reports.history import KEPT, Run, history, remember
from skyworthy.reports.store import save
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict

LINE = (
    '{"finished": "2026-03-01T10:30:15+00:00", "commit": "0123456789abcdef0123456789abcdef01234567", '
    '"environment": "staging", "suite": "static", "counts": {"fail": 1, "pass": 1}}\n'
)
Results = Callable[..., SuiteResult]


@pytest.fixture
def one(result: Results, verdict: Callable[..., Verdict]) -> SuiteResult:
    return result(verdict(), verdict(Outcome.FAIL, address="aws_db_instance.other"))


def test_what_is_saved_is_remembered_as_a_line_once(settings: Settings, one: SuiteResult) -> None:
    save(settings, one)
    save(settings, one)
    assert (settings.reports / "history.jsonl").read_text("utf-8") == LINE
    (run,) = history(settings)
    assert run == Run(one.finished, one.commit, "staging", "static", {"fail": 1, "pass": 1})
    assert run.open == 1


def test_only_the_youngest_lines_are_kept(settings: Settings, one: SuiteResult) -> None:
    settings.reports.mkdir()
    (settings.reports / "history.jsonl").write_text(LINE * KEPT, "utf-8")
    later = replace(one, finished=one.finished + datetime.timedelta(hours=1))
    remember(settings, later)
    runs = history(settings)
    assert (len(runs), runs[-1].finished) == (KEPT, later.finished)


@pytest.mark.parametrize("line", ["{", "[]", '{"finished": "yesterday"}', '{"finished": "2026-03-01T10:30:15+00:00"}'])
def test_a_line_that_cannot_be_read_is_named_and_nothing_is_overwritten(
    settings: Settings, one: SuiteResult, line: str
) -> None:
    settings.reports.mkdir()
    path = settings.reports / "history.jsonl"
    path.write_text(LINE + line + "\n", "utf-8")
    with pytest.raises(BadInput, match=r"history\.jsonl:2: not a line of the history"):
        remember(settings, one)
    assert path.read_text("utf-8") == LINE + line + "\n"
