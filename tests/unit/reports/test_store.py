"""Where results live."""

import json
from collections.abc import Callable

import pytest

from skyworthy.config import Settings
from skyworthy.errors import BadInput
from skyworthy.reports.store import load_latest, save
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict


def test_what_is_saved_is_loaded_and_the_later_one_wins(
    settings: Settings, result: Callable[..., SuiteResult], verdict: Callable[..., Verdict]
) -> None:
    first = result(verdict(Outcome.FAIL, "not encrypted"))
    second = result(verdict(), facts={"url": "https://x.example"}, notes=("a note",))
    live = result(suite="live", target="sandbox", account="123456789012", calls={"rds:DescribeDBInstances": 2})
    production = result(environment="production")
    for item in (first, live, production, second):
        save(settings, item)
    assert load_latest(settings) == [production, live, second]
    files = sorted(path.relative_to(settings.reports).as_posix() for path in settings.reports.rglob("*.*"))
    assert files == [
        "history.jsonl",
        "production/junit-static.xml",
        "production/results-static.json",
        "production/static.sarif",
        "staging/junit-live.xml",
        "staging/junit-static.xml",
        "staging/live.sarif",
        "staging/results-live.json",
        "staging/results-static.json",
        "staging/static.sarif",
    ]


def test_nothing_run_yet_is_an_empty_list(settings: Settings) -> None:
    assert load_latest(settings) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": 99}', '{"schema": 1, "suite": "static"}'])
def test_a_damaged_results_file_is_named(settings: Settings, result: Callable[..., SuiteResult], text: str) -> None:
    save(settings, result())
    path = settings.reports / "staging" / "results-static.json"
    path.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=r"staging/results-static\.json: .*run the suite anew"):
        load_latest(settings)


def test_an_environment_with_a_slash_is_one_folder(settings: Settings, result: Callable[..., SuiteResult]) -> None:
    save(settings, result(environment="eu/staging"))
    data = json.loads((settings.reports / "eu-staging" / "results-static.json").read_text("utf-8"))
    assert data["environment"] == "eu/staging"
