"""Series of observations, and the statistics that CloudWatch makes of them."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MINUTE = 60

Samples = tuple[float, ...]
"""What was observed in one minute; empty: nothing was published."""

Minutes = Callable[[int], Samples]
"""A metric's series: minute (any integer; 0 is where an incident begins) -> its samples."""


@dataclass(frozen=True)
class Segment:
    """A stretch of like minutes.

    Args:
        minutes: how long.
        samples: what each minute observes; empty: nothing is published.
    """

    minutes: int
    samples: Samples


def cycle(segments: Sequence[Segment]) -> Minutes:
    """A series that repeats its segments for ever in both directions, the first one beginning at minute 0."""
    pattern = [segment.samples for segment in segments for _ in range(segment.minutes)]
    return lambda minute: pattern[minute % len(pattern)]


def then(before: Minutes, segments: Sequence[Segment]) -> Minutes:
    """A series that is another one until minute 0, then the segments, of which the last one lasts."""
    pattern = [segment.samples for segment in segments for _ in range(segment.minutes)]
    return lambda minute: before(minute) if minute < 0 else pattern[min(minute, len(pattern) - 1)]


_STATISTICS: Mapping[str, Callable[[Samples], float]] = {
    "SampleCount": lambda samples: float(len(samples)),
    "Average": lambda samples: sum(samples) / len(samples),
    "Sum": math.fsum,
    "Minimum": min,
    "Maximum": max,
    "IQM": lambda samples: _trimmed(samples, 25, 75),
}


def statistic(name: str) -> Callable[[Samples], float]:
    """The function that makes one value of the samples of a period; there is at least one sample.

    Args:
        name: ``Average``, ..., a percentile ``p95`` or a trimmed mean ``tm99``.

    Raises:
        ValueError: a statistic that is not known.
    """
    if name in _STATISTICS:
        return _STATISTICS[name]
    match = re.fullmatch(r"(?P<kind>p|tm)(?P<percent>\d{1,3}(\.\d+)?)", name)
    if match is None or float(match["percent"]) > 100:
        raise ValueError(f"the statistic {name} is not known")
    percent = float(match["percent"])
    if match["kind"] == "p":
        return lambda samples: percentile(samples, percent)
    return lambda samples: _trimmed(samples, 0, percent)


def percentile(samples: Samples, percent: float) -> float:
    """The value below which a share of the samples lies, interpolated between neighbours."""
    ordered = sorted(samples)
    place = (len(ordered) - 1) * percent / 100
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _trimmed(samples: Samples, low: float, high: float) -> float:
    """The mean of the samples between two percentiles."""
    bottom, top = percentile(samples, low), percentile(samples, high)
    kept = [sample for sample in samples if bottom <= sample <= top]
    return math.fsum(kept) / len(kept)


def point(series: Minutes, name: str, end: int, minutes: int) -> float | None:
    """The data point of a period of whole minutes that ends before minute ``end``; None where nothing was published."""
    samples = tuple(sample for minute in range(end - minutes, end) for sample in series(minute))
    return statistic(name)(samples) if samples else None
