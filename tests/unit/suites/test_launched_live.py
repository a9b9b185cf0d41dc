"""Where smoke follows live, the services are launched before both: live sees what runs, and smoke asks the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from skyworthy.config import load_settings
from skyworthy.errors import BadInput
from skyworthy.results import SuiteResult
from skyworthy.suites.catalogue import run_in_turn
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import Outcome

REPOSITORY = Path(__file__).parents[3]
MOST_CALLS = 60
RUNNING = ("live.metrics-flow", "live.logs-flow")


@pytest.fixture
def stage() -> Iterator[Stage]:
    settings = load_settings(REPOSITORY)
    with Stage(settings, settings.environment("staging"), Options(checkov=False)) as stage:
        yield stage


def outcomes(result: SuiteResult) -> set[tuple[str, Outcome]]:
    return {
        (item.control, item.outcome)
        for item in result.verdicts
        if item.control in RUNNING and "no container writes" not in item.message
    }


def test_live_sees_what_runs_and_smoke_launches_nothing_more(stage: Stage) -> None:
    assert stage.account.sandbox is not None
    suites = run_in_turn(stage, ["live", "smoke"])
    seen = next(suites)
    launched = stage.account.sandbox.control("GET", "launches")
    asked = next(suites)
    assert outcomes(seen) == {(control, Outcome.PASS) for control in RUNNING}
    assert sum(seen.calls.values()) <= MOST_CALLS
    assert not [item for result in (seen, asked) for item in result.verdicts if item.outcome is Outcome.FAIL]
    assert "postgres" in asked.facts["launched"]
    assert len(launched) == 1
    assert stage.account.sandbox.control("GET", "launches") == launched


def test_live_alone_launches_nothing(stage: Stage) -> None:
    (seen,) = run_in_turn(stage, ["live"])
    assert outcomes(seen) == {(control, Outcome.NOT_APPLICABLE) for control in RUNNING}


def test_what_cannot_be_launched_is_told_by_smoke_and_live_looks_all_the_same(stage: Stage) -> None:
    assert stage.account.sandbox is not None
    ecs = stage.account.sandbox.client("ecs")
    for service in ("backend", "frontend"):
        ecs.delete_service(cluster="ohmycoins-staging", service=service, force=True)
    ecs.delete_cluster(cluster="ohmycoins-staging")
    suites = run_in_turn(stage, ["live", "smoke"])
    seen = next(suites)
    assert outcomes(seen) == {(control, Outcome.NOT_APPLICABLE) for control in RUNNING}
    assert "module.ecs.aws_ecs_cluster.this" in {
        item.address for item in seen.verdicts if (item.control, item.outcome) == ("live.exists", Outcome.FAIL)
    }
    with pytest.raises(BadInput, match=r"launching needs one ECS cluster in .*staging, found 0"):
        next(suites)
