"""Data points of the stack's metrics: all of them asked for at once, 500 in a call.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

import string
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from skyworthy.estate import Unknown, is_known
from skyworthy.observed.boundary import Boundary
from skyworthy.observed.calls import Caller, NoAnswer
from skyworthy.observed.found import Found
from skyworthy.observed.tables import Metric, Tables

WINDOW = timedelta(hours=3)
"""How far back data points are asked for."""
PERIOD = 60
"""Seconds of one data point."""
_QUERIES = 500
"""Metrics in a call; with three hours of minutes they stay below the 100,800 data points that a call may give."""


class _Nameless(Exception):
    """Something by which a metric is known is not known of the resource."""


class _Filler(string.Formatter):
    """Fills ``{attribute}``; of an ARN ``!n`` is the last part, ``!b`` what follows ``loadbalancer/``."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion == "n":
            return str(value).rpartition("/")[2]
        if conversion == "b":
            return str(value).partition("loadbalancer/")[2]
        return super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> Any:
        if not isinstance(value, str) or not value:
            raise _Nameless
        return super().format_field(value, format_spec)


_FILLER = _Filler()


class _Attributes(dict[str, Any]):
    """The attributes of a found resource, each evaluated when it is asked for."""

    def __init__(self, found: Found) -> None:
        super().__init__()
        self._found = found

    def __missing__(self, name: str) -> Any:
        value = self._found.attribute(name)
        if not is_known(value):
            raise _Nameless
        return value


class Metrics:
    """Asks for the data points of what was found.

    Args:
        tables: the collectors, which name the metrics of each type.
        boundary: tells what belongs to the stack.
        caller: makes the calls.
    """

    def __init__(self, tables: Tables, boundary: Boundary, caller: Caller) -> None:
        self._tables = tables
        self._boundary = boundary
        self._caller = caller

    def read(self, idle: str = "") -> None:
        """Give each found resource the data points of its metrics, oldest first, or why there are none to give.

        Args:
            idle: why nothing can be there, so that nothing is asked; empty: it is asked.
        """
        asked: list[tuple[Metric, Found, dict[str, Any]]] = []
        for metric, found in self._wanted():
            try:
                named = _named(metric, found)
            except _Nameless:
                found.add(metric.into, Unknown("nothing publishes its metric", left_out=True))
                continue
            if idle:
                found.add(metric.into, Unknown(idle, left_out=True))
            else:
                asked.append((metric, found, named))
        for start in range(0, len(asked), _QUERIES):
            self._ask(asked[start : start + _QUERIES])

    def _wanted(self) -> Iterator[tuple[Metric, Found]]:
        for metric in self._tables.metrics.values():
            for found in self._boundary.of_type(metric.of):
                yield metric, found

    def _ask(self, asked: Sequence[tuple[Metric, Found, dict[str, Any]]]) -> None:
        end = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(seconds=PERIOD)
        queries = [
            {"Id": f"m{number}", "MetricStat": {"Metric": named, "Period": PERIOD, "Stat": metric.stat}}
            for number, (metric, _, named) in enumerate(asked)
        ]
        request = {"MetricDataQueries": queries, "StartTime": end - WINDOW, "EndTime": end}
        try:
            pages = self._caller.pages("cloudwatch", "GetMetricData", request)
        except NoAnswer as error:
            for metric, found, _ in asked:
                found.add(metric.into, error.unknown)
            return
        points: dict[str, list[dict[str, Any]]] = {}
        for page in pages:
            for result in page["MetricDataResults"]:
                pairs = zip(result.get("Timestamps", ()), result.get("Values", ()), strict=True)
                points.setdefault(result["Id"], []).extend({"time": time, "value": value} for time, value in pairs)
        for number, (metric, found, _) in enumerate(asked):
            found.add(metric.into, sorted(points.get(f"m{number}", ()), key=lambda item: str(item["time"])))


def _named(metric: Metric, found: Found) -> dict[str, Any]:
    """The metric of a resource, as the API takes it.

    Raises:
        _Nameless: what it is named by is not known.
    """
    attributes = _Attributes(found)

    def filled(text: str) -> str:
        try:
            return _FILLER.vformat(text, (), attributes)
        except (IndexError, KeyError, TypeError):
            raise _Nameless from None

    return {
        "Namespace": filled(metric.namespace),
        "MetricName": filled(metric.metric),
        "Dimensions": [{"Name": name, "Value": filled(text)} for name, text in metric.dimensions.items()],
    }
