"""The state of an alarm at a moment, given what was observed before it: what the account would say."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from skyworthy.behavior.alarms.alarm import Alarm, Query
from skyworthy.behavior.alarms.evaluation import COMPARISONS, State
from skyworthy.behavior.alarms.series import Samples

Observation = tuple[datetime, float]
"""When something was observed (aware), and the value."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation finds.

    Args:
        state: the state after it.
        reason: why, in CloudWatch's words (StateReason).
        points: start of each period and its data point (None: missing), oldest first; the last N are the Evaluation
            Periods, those before them are looked at where points are missing.
    """

    state: State
    reason: str
    points: tuple[tuple[datetime, float | None], ...]


def evaluate_alarm(
    alarm: Alarm, read: Callable[[Query], Iterable[Observation]], at: datetime, current: State
) -> Evaluation:
    """Evaluate an alarm at a moment.

    The periods end at the last full minute, or ten seconds where the period is shorter than a minute.

    Args:
        alarm: what to evaluate.
        read: the observations of each query that is a metric, in any order; what lies outside of the evaluation range
            is passed over.
        at: the moment, aware.
        current: the state before, which ``ignore`` keeps.

    Raises:
        Undecidable: a metric math function or statistic that is not evaluated here.
    """
    unit = alarm.unit
    now = math.floor(at.timestamp()) // unit
    series = {query.id: _by_unit(read(query), unit) for query in alarm.queries if not query.expression}
    values = alarm.points(lambda query: lambda place: series[query.id].get(place, ()), now)
    state = alarm.judge(values, current)
    width = alarm.period // unit
    starts = [(now - width * back) * unit for back in range(len(values), 0, -1)]
    points = tuple((datetime.fromtimestamp(start, UTC), value) for start, value in zip(starts, values, strict=True))
    return Evaluation(state, _reason(alarm, points, state), points)


def samples_of_set(count: float, total: float, low: float, high: float) -> Samples:
    """Samples that have the statistics of a statistic set (``StatisticValues`` of PutMetricData).

    Args:
        count: SampleCount, at least 1.
        total: Sum.
        low: Minimum.
        high: Maximum.
    """
    if count < 2:
        return (total,)
    between = int(count) - 2
    return (low, *((total - low - high) / between for _ in range(between)), high)


def _by_unit(observations: Iterable[Observation], unit: int) -> dict[int, Samples]:
    found: dict[int, list[float]] = {}
    for moment, value in observations:
        found.setdefault(math.floor(moment.timestamp()) // unit, []).append(value)
    return {place: tuple(values) for place, values in found.items()}


_SAYINGS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


def _reason(alarm: Alarm, points: tuple[tuple[datetime, float | None], ...], state: State) -> str:
    """CloudWatch's own sentences, as alarm histories show them."""
    seen = [(moment, value) for moment, value in points if value is not None][-alarm.periods :]
    if state is State.INSUFFICIENT_DATA or (not seen and alarm.treatment in ("missing", "ignore")):
        return f"Insufficient Data: {_counted(alarm.periods - len(seen), 'datapoint', 'was', 'were')} unknown."
    if not seen:
        return (
            f"Threshold Crossed: no datapoints were received for {_counted(alarm.periods, 'period')} "
            f"and {_counted(alarm.periods, 'missing datapoint', 'was', 'were')} treated as "
            f"[{'Breaching' if alarm.treatment == 'breaching' else 'NonBreaching'}]."
        )
    fires = state is State.ALARM
    breaches = COMPARISONS[alarm.comparison]
    telling = [(moment, value) for moment, value in seen if breaches(value, alarm.threshold) is fires] or seen
    shown = ", ".join(f"{value} ({moment:%d/%m/%y %H:%M:%S})" for moment, value in reversed(telling))
    least = alarm.to_alarm if fires else alarm.periods - alarm.to_alarm + 1
    return (
        f"Threshold Crossed: {len(telling)} out of the last {_counted(alarm.periods, 'datapoint')} [{shown}] "
        f"{'was' if len(telling) == 1 else 'were'} {'' if fires else 'not '}{_SAYINGS[alarm.comparison]} "
        f"the threshold ({alarm.threshold}) (minimum {_counted(least, 'datapoint')} for "
        f"{'OK -> ALARM' if fires else 'ALARM -> OK'} transition)."
    )


def _counted(number: int, noun: str, one: str = "", several: str = "") -> str:
    verb = one if number == 1 else several
    return f"{number} {noun}{'' if number == 1 else 's'}" + (f" {verb}" if verb else "")
