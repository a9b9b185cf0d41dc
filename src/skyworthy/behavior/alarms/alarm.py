"""A metric alarm: what it watches, and its states over time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from skyworthy.behavior.alarms.evaluation import (
    COMPARISONS,
    EXTRA_POINTS,
    TREATMENTS,
    State,
    Treatment,
    evaluate_points,
)
from skyworthy.behavior.alarms.expressions import Vector, evaluate_expression
from skyworthy.behavior.alarms.series import MINUTE, Minutes, point
from skyworthy.behavior.metrics import Metric
from skyworthy.behavior.references import undecided
from skyworthy.estate import Resource, Undecidable, Unknown, Value, is_known, show

METRIC_ALARM = "aws_cloudwatch_metric_alarm"
HIGH_RESOLUTION = 10
SHORT_PERIODS = (10, 20, 30)
"""The periods below a minute, in seconds."""


@dataclass(frozen=True)
class Query:
    """One series that an alarm works with.

    Args:
        id: its name in expressions.
        metric: what is read; None for an expression.
        statistic: of the metric; ``Average``, ``p95``.
        expression: metric math over other queries; empty for a metric.
        returned: whether the alarm compares this one with its threshold.
    """

    id: str
    metric: Metric | None = None
    statistic: Value = ""
    expression: str = ""
    returned: bool = True


@dataclass(frozen=True)
class Alarm:
    """A metric alarm as CloudWatch evaluates it.

    Args:
        queries: the series; one of them is returned.
        period: seconds of a data point: 10, 20, 30 or a multiple of 60.
        periods: Evaluation Periods (N).
        to_alarm: Datapoints to Alarm (M).
        comparison: ``GreaterThanThreshold``, ...
        threshold: in the metric's unit.
        treatment: of missing points.
    """

    queries: tuple[Query, ...]
    period: int
    periods: int
    to_alarm: int
    comparison: str
    threshold: float
    treatment: Treatment = "missing"

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that it reads."""
        return tuple(query.metric for query in self.queries if query.metric is not None)

    @property
    def unit(self) -> int:
        """Seconds between two evaluations: a minute, or ten seconds where the period is shorter than a minute."""
        return MINUTE if self.period >= MINUTE else HIGH_RESOLUTION

    def points(self, read: Callable[[Query], Minutes], minute: int) -> Vector:
        """The data points that an evaluation at the end of a minute retrieves, oldest first.

        CloudWatch evaluates every minute, over periods that end at that minute.

        Args:
            read: the series of each query that is no expression.
            minute: the first minute (:attr:`unit`) that is not yet over.
        """
        width = self.period // self.unit
        ends = [minute - width * back for back in reversed(range(self.periods + EXTRA_POINTS))]
        series: dict[str, Vector] = {}
        for query in self._in_order():
            if not query.expression:
                minutes = read(query)
                series[query.id] = tuple(point(minutes, query.statistic, end, width) for end in ends)
            else:
                read_ids = [item.id for item in self.queries if not item.expression]
                series[query.id] = evaluate_expression(query.expression, series, period=self.period, metrics=read_ids)
        return series[next(query.id for query in self.queries if query.returned)]

    def _in_order(self) -> Iterator[Query]:
        """Metrics first, then expressions after those that they name."""
        yield from (query for query in self.queries if not query.expression)
        pending = [query for query in self.queries if query.expression]
        names = {query.id for query in pending}
        while pending:
            ready = [query for query in pending if not _names(query.expression) & (names - {query.id})]
            if not ready:
                raise Undecidable("its expressions name each other in a circle")
            yield from ready
            names -= {query.id for query in ready}
            pending = [query for query in pending if query.id in names]

    def state(self, read: Callable[[Query], Minutes], minute: int, current: State) -> State:
        """The state after the evaluation at the end of a minute."""
        return self.judge(self.points(read, minute), current)

    def judge(self, values: Vector, current: State) -> State:
        """The state that the data points of an evaluation give."""
        breaches = COMPARISONS[self.comparison]
        points = [None if value is None else breaches(value, self.threshold) for value in values]
        return evaluate_points(
            points, periods=self.periods, to_alarm=self.to_alarm, treatment=self.treatment, current=current
        )

    def evaluate(self, read: Callable[[Query], Minutes], minutes: Sequence[int]) -> list[State]:
        """The states after the evaluations at the end of each of some consecutive minutes, beginning from OK."""
        states: list[State] = []
        for minute in minutes:
            states.append(self.state(read, minute, states[-1] if states else State.OK))
        return states


def _names(expression: str) -> set[str]:
    cleaned = "".join(character if character.isalnum() or character == "_" else " " for character in expression)
    return set(cleaned.split())


def alarm_of(resource: Resource) -> Alarm:
    """The alarm that an ``aws_cloudwatch_metric_alarm`` makes.

    Raises:
        Undecidable: where a setting is unknown, or it is of a kind that only the account can evaluate (anomaly
            detection, SQL over metrics).
    """
    queries = _queries(resource)
    for query in queries:
        _text(resource, query.statistic)
    period = _number(resource, _period(resource))
    periods = int(_number(resource, resource["evaluation_periods"]))
    to_alarm = resource["datapoints_to_alarm"]
    comparison = resource["comparison_operator"]
    if comparison not in COMPARISONS:
        raise Undecidable(f"{comparison} of {resource.address} compares with an anomaly detection band")
    if sum(query.returned for query in queries) != 1:
        raise Undecidable(f"{resource.address} does not return exactly one of its metric queries")
    if period not in SHORT_PERIODS and (period < MINUTE or period % MINUTE):
        raise Undecidable(f"period {period:g} of {resource.address} is none that CloudWatch knows")
    treatment = resource["treat_missing_data"] or "missing"
    if treatment not in TREATMENTS:
        raise undecided(treatment, f"treat_missing_data of {resource.address}")
    return Alarm(
        queries=queries,
        period=int(period),
        periods=periods,
        to_alarm=int(_number(resource, to_alarm)) if to_alarm else periods,
        comparison=comparison,
        threshold=_number(resource, resource["threshold"]),
        treatment=treatment,
    )


def _number(resource: Resource, value: Value) -> float:
    if isinstance(value, bool) or not is_known(value) or value is None:
        raise undecided(value, f"a number of {resource.address}")
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise Undecidable(f"a number of {resource.address} is {show(value)}") from error


def _period(resource: Resource) -> Value:
    """The period of a single metric, or of the queries, which share one."""
    for block in resource["metric_query"] or []:
        for metric in block.get("metric") or []:
            return metric.get("period")
        if block.get("period"):
            return block["period"]
    return resource["period"]


def _queries(resource: Resource) -> tuple[Query, ...]:
    blocks = resource["metric_query"] or []
    if not blocks:
        plain = resource.peek("statistic")
        statistic = plain if isinstance(plain, Unknown) or plain else resource.peek("extended_statistic")
        metric = Metric(
            resource.peek("namespace"), resource.peek("metric_name"), _dimensions(resource.peek("dimensions"))
        )
        return (Query("metric", metric, statistic),)
    return tuple(_query(resource, block) for block in blocks)


def _query(resource: Resource, block: Mapping[str, Value]) -> Query:
    identifier, returned = _text(resource, block.get("id")), bool(block.get("return_data"))
    metrics = block.get("metric") or []
    if not metrics:
        return Query(identifier, expression=_text(resource, block.get("expression")), returned=returned)
    metric = metrics[0]
    read = Metric(metric.get("namespace"), metric.get("metric_name"), _dimensions(metric.get("dimensions")))
    return Query(identifier, read, metric.get("stat"), returned=returned)


def _dimensions(value: Value) -> Mapping[str, Value] | Unknown:
    return value if isinstance(value, Unknown) else dict(value or {})


def _text(resource: Resource, value: Value) -> str:
    if not isinstance(value, str):
        raise undecided(value, f"a statistic, id or expression of {resource.address}")
    return value


def metrics_of(resource: Resource) -> tuple[Metric, ...]:
    """The metrics that an ``aws_cloudwatch_metric_alarm`` reads, also where the rest of it is unknown.

    Raises:
        Undecidable: where it is unknown what they are.
    """
    return tuple(query.metric for query in _queries(resource) if query.metric is not None)
