"""How CloudWatch turns data points into an alarm state.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import enum
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

Treatment = Literal["missing", "ignore", "breaching", "notBreaching"]
TREATMENTS: tuple[Treatment, ...] = ("missing", "ignore", "breaching", "notBreaching")

EXTRA_POINTS = 2
"""How many points CloudWatch retrieves beyond Evaluation Periods; the page's examples retrieve 5 for 3."""

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


class State(enum.StrEnum):
    """The states of an alarm, in CloudWatch's words."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


def evaluate_points(
    points: Sequence[bool | None], *, periods: int, to_alarm: int, treatment: Treatment, current: State
) -> State:
    """The state that the points of one evaluation range give.

    Args:
        points: the evaluation range, oldest first: breaching, not breaching, or None where the point is missing.
        periods: Evaluation Periods (N).
        to_alarm: Datapoints to Alarm (M).
        treatment: of missing points; it matters only where fewer than N points exist.
        current: the state before, which ``ignore`` keeps.
    """
    existing = [point for point in points if point is not None]
    if len(existing) >= periods:
        return _verdict(sum(existing[-periods:]), to_alarm)
    breaching = sum(existing)
    if treatment == "breaching":
        return _verdict(breaching + periods - len(existing), to_alarm)
    if treatment == "notBreaching" or breaching >= to_alarm or not all(existing):
        return _verdict(breaching, to_alarm)
    if treatment == "ignore":
        return current
    return State.ALARM if _is_old_enough(points, to_alarm) else State.INSUFFICIENT_DATA


def _verdict(breaching: int, to_alarm: int) -> State:
    return State.ALARM if breaching >= to_alarm else State.OK


def _is_old_enough(points: Sequence[bool | None], to_alarm: int) -> bool:
    """Whether the oldest breaching point is at least M periods old, where all others are breaching or missing.

    The page calls the outcome a premature alarm: ``- - X - -`` goes to ALARM with M = 3, ``- - - X -`` does not.
    """
    ages = [age for age, point in enumerate(reversed(points), start=1) if point]
    return bool(ages) and max(ages) >= to_alarm
