"""CloudWatch's evaluation, against the tables of its missing-data page.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyworthy.behavior.alarms import Alarm, Query, Segment, State, Treatment, cycle, evaluate_points, then
from skyworthy.behavior.metrics import Metric

OK, ALARM, INSUFFICIENT = State.OK, State.ALARM, State.INSUFFICIENT_DATA
KEEP = "keep"
COLUMNS: tuple[Treatment, ...] = ("missing", "ignore", "breaching", "notBreaching")
THREE_OF_THREE = {
    "0 - X - X": (OK, OK, OK, OK),
    "0 - - - -": (OK, OK, OK, OK),
    "- - - - -": (INSUFFICIENT, KEEP, ALARM, OK),
    "0 X X - X": (ALARM, ALARM, ALARM, ALARM),
    "- - X - -": (ALARM, KEEP, ALARM, OK),
    # Earlier edition of the page; the present one says of these two only that they do not raise the alarm.
    "- - - - X": (INSUFFICIENT, KEEP, ALARM, OK),
    "- - - X -": (INSUFFICIENT, KEEP, ALARM, OK),
    "X - - - -": (ALARM, KEEP, ALARM, OK),
}
TWO_OF_THREE = {
    "0 - X - X": (ALARM, ALARM, ALARM, ALARM),
    "0 0 X 0 X": (ALARM, ALARM, ALARM, ALARM),
    "0 - X - -": (OK, OK, ALARM, OK),
    "- - - - 0": (OK, OK, ALARM, OK),
    "- - - X -": (ALARM, KEEP, ALARM, OK),
}
ROWS = [
    pytest.param(points, to_alarm, treatment, states[column], id=f"{to_alarm} of 3: {points} {treatment}")
    for to_alarm, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for points, states in table.items()
    for column, treatment in enumerate(COLUMNS)
]


@pytest.mark.parametrize(("points", "to_alarm", "treatment", "expected"), ROWS)
@pytest.mark.parametrize("current", list(State))
def test_the_published_tables(points: str, to_alarm: int, treatment: Treatment, expected: str, current: State) -> None:
    meaning = {"0": False, "X": True, "-": None}
    found = evaluate_points(
        [meaning[point] for point in points.split()],
        periods=3,
        to_alarm=to_alarm,
        treatment=treatment,
        current=current,
    )
    assert found == (current if expected == KEEP else expected)


POINTS = st.lists(st.sampled_from([True, False, None]), min_size=5, max_size=5)
ANY_TREATMENT = st.sampled_from(get_args(Treatment))


@given(POINTS, st.integers(1, 3), ANY_TREATMENT, st.sampled_from(list(State)))
def test_a_breach_more_never_calms_an_alarm(
    points: list[bool | None], to_alarm: int, treatment: Treatment, current: State
) -> None:
    def state(seen: list[bool | None]) -> State:
        return evaluate_points(seen, periods=3, to_alarm=to_alarm, treatment=treatment, current=current)

    if state(points) is State.ALARM:
        assert state([True if point is False else point for point in points]) is State.ALARM


@given(st.lists(st.booleans(), min_size=5, max_size=5), st.integers(1, 3))
def test_the_treatment_does_not_matter_where_nothing_is_missing(points: list[bool], to_alarm: int) -> None:
    found = {
        evaluate_points(points, periods=3, to_alarm=to_alarm, treatment=treatment, current=current)
        for treatment in COLUMNS
        for current in State
    }
    assert len(found) == 1


CPU = Metric("AWS/RDS", "CPUUtilization", {"DBInstanceIdentifier": "main"})


def alarm(**changes: object) -> Alarm:
    settings: dict[str, object] = {
        "queries": (Query("metric", CPU, "Average"),),
        "period": 60,
        "periods": 3,
        "to_alarm": 3,
        "comparison": "GreaterThanThreshold",
        "threshold": 3.0,
    }
    return Alarm(**{**settings, **changes})  # type: ignore[arg-type]


def test_the_timeline_of_the_evaluation_page() -> None:
    """Threshold 3, 3 of 3: three breaches raise it, the first good point ends it, a single breach does nothing."""
    values = [1, 2, 4, 5, 4, 2, 2, 2, 5, 2]
    series = then(cycle([Segment(1, (1,))]), [Segment(1, (value,)) for value in values])
    states = alarm().evaluate(lambda _: series, range(1, 11))
    assert states == [OK, OK, OK, OK, ALARM, OK, OK, OK, OK, OK]


@pytest.mark.parametrize(
    ("statistic", "fires"),
    [
        ("Average", 5),
        ("Maximum", 1),
        ("Minimum", None),
        ("Sum", 1),
        ("SampleCount", None),
        ("p50", 3),
    ],
)
def test_each_statistic_over_a_five_minute_period(statistic: str, fires: int | None) -> None:
    series = then(cycle([Segment(1, (10, 10))]), [Segment(1, (60, 110))])
    watcher = alarm(
        queries=(Query("metric", CPU, statistic),),
        period=300,
        periods=1,
        to_alarm=1,
        threshold=80.0 if statistic != "p50" else 50.0,
    )
    states = watcher.evaluate(lambda _: series, range(1, 11))
    assert next((minute for minute, state in enumerate(states, 1) if state is ALARM), None) == fires


def test_a_metric_that_stops_goes_the_way_its_treatment_says() -> None:
    stops = then(cycle([Segment(1, (1,))]), [Segment(1, ())])
    last = {treatment: alarm(treatment=treatment).evaluate(lambda _: stops, range(1, 10))[-1] for treatment in COLUMNS}
    assert last == {"missing": INSUFFICIENT, "ignore": OK, "breaching": ALARM, "notBreaching": OK}
