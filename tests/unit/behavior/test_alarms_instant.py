"""An alarm at a moment, as the account would judge it."""

from datetime import UTC, datetime, timedelta

import pytest

from skyworthy.behavior.alarms import Alarm, Observation, Query, State, evaluate_alarm, samples_of_set
from skyworthy.behavior.alarms.series import statistic
from skyworthy.behavior.metrics import Metric

CPU = Metric("AWS/RDS", "CPUUtilization", {"DBInstanceIdentifier": "main"})
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def alarm(**changes: object) -> Alarm:
    settings: dict[str, object] = {
        "queries": (Query("metric", CPU, "Average"),),
        "period": 60,
        "periods": 2,
        "to_alarm": 2,
        "comparison": "GreaterThanThreshold",
        "threshold": 80.0,
    }
    return Alarm(**{**settings, **changes})  # type: ignore[arg-type]


def seen(*values: float | None, every: int = 60, until: datetime = NOON) -> list[Observation]:
    """One observation per period, the last one in the period before a moment."""
    first = until - timedelta(seconds=every * len(values))
    return [(first + timedelta(seconds=every * n + 1), value) for n, value in enumerate(values) if value is not None]


@pytest.mark.parametrize(
    ("changes", "values", "state", "reason"),
    [
        (
            {},
            (10, 90, 95),
            State.ALARM,
            "Threshold Crossed: 2 out of the last 2 datapoints [95.0 (21/11/26 11:59:00), 90.0 (21/11/26 11:58:00)] "
            "were greater than the threshold (80.0) (minimum 2 datapoints for OK -> ALARM transition).",
        ),
        (
            {},
            (90, 20),
            State.OK,
            "Threshold Crossed: 1 out of the last 2 datapoints [20.0 (21/11/26 11:59:00)] was not greater than the "
            "threshold (80.0) (minimum 1 datapoint for ALARM -> OK transition).",
        ),
        (
            {"comparison": "LessThanOrEqualToThreshold", "periods": 1, "to_alarm": 1},
            (80,),
            State.ALARM,
            "Threshold Crossed: 1 out of the last 1 datapoint [80.0 (21/11/26 11:59:00)] was less than or equal to "
            "the threshold (80.0) (minimum 1 datapoint for OK -> ALARM transition).",
        ),
        ({}, (), State.INSUFFICIENT_DATA, "Insufficient Data: 2 datapoints were unknown."),
        (
            {"treatment": "breaching", "periods": 1, "to_alarm": 1},
            (),
            State.ALARM,
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
            "[Breaching].",
        ),
        (
            {"treatment": "notBreaching"},
            (),
            State.OK,
            "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as "
            "[NonBreaching].",
        ),
    ],
)
def test_state_and_reason(changes: dict[str, object], values: tuple[float, ...], state: State, reason: str) -> None:
    found = evaluate_alarm(alarm(**changes), lambda _: seen(*map(float, values)), NOON, State.OK)
    assert (found.state, found.reason) == (state, reason)


def test_the_minute_that_is_not_over_does_not_count() -> None:
    observed = [*seen(90.0, 95.0), (NOON + timedelta(seconds=5), 0.0)]
    found = evaluate_alarm(alarm(), lambda _: observed, NOON + timedelta(seconds=30), State.OK)
    assert found.state is State.ALARM
    assert found.points[-2:] == ((NOON - timedelta(minutes=2), 90.0), (NOON - timedelta(minutes=1), 95.0))


@pytest.mark.parametrize("current", list(State))
def test_ignore_keeps_the_state(current: State) -> None:
    assert evaluate_alarm(alarm(treatment="ignore"), lambda _: [], NOON, current).state is current


def test_a_high_resolution_alarm_is_evaluated_every_ten_seconds() -> None:
    quick = alarm(period=10, periods=3, to_alarm=3)
    observed = seen(10.0, 90.0, 90.0, 90.0, every=10)
    assert evaluate_alarm(quick, lambda _: observed, NOON, State.OK).state is State.ALARM
    assert evaluate_alarm(quick, lambda _: observed, NOON - timedelta(seconds=10), State.OK).state is State.OK


def test_metric_math() -> None:
    queries = (
        Query("errors", CPU, "Sum", returned=False),
        Query("all", CPU, "SampleCount", returned=False),
        Query("share", expression="100 * errors / all"),
    )
    ratio = alarm(queries=queries, periods=1, to_alarm=1, threshold=40.0)
    observed = [(NOON - timedelta(seconds=30 + n), float(n % 2)) for n in range(10)]
    found = evaluate_alarm(ratio, lambda _: observed, NOON, State.OK)
    assert (found.state, found.points[-1][1]) == (State.ALARM, 50.0)


@pytest.mark.parametrize(("count", "total", "low", "high"), [(1, 7, 7, 7), (2, 10, 3, 7), (5, 30, 2, 11)])
def test_a_statistic_set_has_its_statistics(count: int, total: float, low: float, high: float) -> None:
    samples = samples_of_set(count, total, low, high)
    names = ("SampleCount", "Sum", "Minimum", "Maximum")
    assert [statistic(name)(samples) for name in names] == pytest.approx([count, total, low, high])
