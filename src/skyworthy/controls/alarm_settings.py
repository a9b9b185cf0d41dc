"""Alarms that CloudWatch takes: the settings that PutMetricAlarm demands and refuses.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from skyworthy.behavior.alarms import COMPARISONS, METRIC_ALARM, SHORT_PERIODS, TREATMENTS
from skyworthy.behavior.references import undecided
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control
from skyworthy.estate import Resource, Undecidable, Value, is_known, show

_HOUR, _DAY, _WEEK = 3600, 86400, 604800
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_EXTENDED = re.compile(r"(p|tm|tc|ts|wm)\d{1,2}(\.\d{1,10})?|p100|IQM|(PR|TC|TM|TS|WM)\([^():]*:[^():]*\)")
_BAND_COMPARISONS = (
    "GreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
)
_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_MOST_QUERIES = 10
_WORDS = ("AND", "OR", "REPEAT", "LINEAR", "ASC", "DESC", "AVG", "MAX", "MIN", "SUM")
"""Words of metric math that are no functions."""


@control("alarm.settings-valid", on=METRIC_ALARM, severity="high", refs=["REQ ALM-10", "REQ ALM-11"])
def cloudwatch_takes_the_alarm(alarm: Resource) -> None:
    """The alarm's settings are complete, and such as CloudWatch takes and can work with.

    Why: what CloudWatch refuses stops the apply half-way; what it cannot work with stays in INSUFFICIENT_DATA.
    Fix: a metric with namespace, statistic and period, or metric queries of which one returns data; a threshold; a
    period of 10, 20, 30 or a multiple of 60 seconds; at most a day in all.
    """
    findings = Findings()
    queries = _blocks(alarm["metric_query"])
    with findings.question():
        _assert_evaluable(alarm)
    for problem in _of_queries(alarm, queries, findings) if queries else _of_metric(alarm, findings):
        findings.add(problem)
    for period in _periods(alarm, queries):
        with findings.question():
            _assert_period(alarm, period, queries)
    findings.conclude()


def _assert_evaluable(alarm: Resource) -> None:
    comparison, treatment = alarm["comparison_operator"], alarm["treat_missing_data"]
    assert comparison in (*COMPARISONS, *_BAND_COMPARISONS), f"{show(comparison)} is no comparison operator"
    assert not treatment or treatment in TREATMENTS, f"treat_missing_data is {show(treatment)}"
    if comparison in _BAND_COMPARISONS:
        assert alarm["threshold_metric_id"], f"{comparison} needs threshold_metric_id, an anomaly detection band"
    else:
        assert alarm["threshold"] is not None, "it has no threshold"
    periods, enough = alarm["evaluation_periods"], alarm["datapoints_to_alarm"]
    assert periods is not None, "it has no evaluation_periods"
    assert _number(alarm, periods) >= 1, f"evaluation_periods is {show(periods)}"
    if enough:
        assert _number(alarm, enough) <= _number(alarm, periods), (
            f"{show(enough)} datapoints_to_alarm are more than {show(periods)} evaluation_periods"
        )


def _of_metric(alarm: Resource, findings: Findings) -> Iterator[str]:
    """What is wrong with an alarm on a single metric."""
    for name in ("metric_name", "namespace", "period"):
        with findings.question():
            assert alarm[name], f"it has no {name}"
    with findings.question():
        plain, extended = alarm["statistic"], alarm["extended_statistic"]
        assert plain or extended, "it has no statistic"
        assert not (plain and extended), "it has both statistic and extended_statistic"
        assert plain in (None, "", *_STATISTICS), f"there is no statistic {show(plain)}"
        if extended:
            yield from _unknown_extended(extended)


def _unknown_extended(name: Value) -> Iterator[str]:
    if not is_known(name):
        raise undecided(name, "extended_statistic")
    if not _EXTENDED.fullmatch(str(name)):
        yield f"there is no extended_statistic {show(name)}"


def _of_queries(alarm: Resource, queries: list[Mapping[str, Any]], findings: Findings) -> Iterator[str]:
    """What is wrong with an alarm on metric queries."""
    with findings.question():
        besides = [name for name in ("metric_name", "namespace", "statistic", "period") if alarm[name]]
        assert not besides, f"it has {', '.join(besides)} beside metric queries"
    with findings.question():
        ids = [_text(query.get("id"), "the id of a query") for query in queries]
        wrong = [name for name in ids if not _ID.fullmatch(name)]
        assert not wrong, f"query id {', '.join(wrong)} does not begin with a small letter or has other characters"
        double = sorted({name for name in ids if ids.count(name) > 1})
        assert not double, f"two queries are called {', '.join(double)}"
    with findings.question():
        returned = [show(query.get("id")) for query in queries if _flag(query.get("return_data"))]
        band = alarm["threshold_metric_id"]
        if band:
            _assert_band(band, queries)
        else:
            assert returned, "none of its metric queries returns data"
            assert len(returned) == 1, f"more than one of its metric queries returns data: {', '.join(returned)}"
    for query in queries:
        with findings.question():
            _assert_query(query)
    metrics = [query for query in queries if query.get("metric")]
    if len(metrics) > _MOST_QUERIES:
        yield f"it reads {len(metrics)} metrics, at most {_MOST_QUERIES} are allowed"
    yield from _unheard(queries, findings)


def _assert_band(name: Value, queries: list[Mapping[str, Any]]) -> None:
    """Assert that a query of a name makes an anomaly detection band, of a query that there is."""
    expression = next((query.get("expression") for query in queries if query.get("id") == name), None)
    if expression is not None and not is_known(expression):
        raise undecided(expression, f"the expression of {show(name)}")
    is_band = str(expression).strip().startswith("ANOMALY_DETECTION_BAND(")
    assert is_band, f"threshold_metric_id is {show(name)}, which is no query with ANOMALY_DETECTION_BAND"


def _unheard(queries: list[Mapping[str, Any]], findings: Findings) -> Iterator[str]:
    """Names in expressions that no query has."""
    ids = {query.get("id") for query in queries if isinstance(query.get("id"), str)}
    for query in queries:
        with findings.question():
            expression = query.get("expression")
            if not expression or re.match(r"\s*SELECT\b", _text(expression, "an expression"), re.IGNORECASE):
                continue
            bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", expression)
            words = re.findall(r"\b[a-z]\w*\b(?!\s*\()", bare)
            missing = sorted({word for word in words if word not in ids and word.upper() not in _WORDS})
            if missing:
                yield f"the expression {expression} names {', '.join(missing)}, which no query is called"


def _assert_query(query: Mapping[str, Any]) -> None:
    name, metrics = show(query.get("id")), _blocks(query.get("metric"))
    expression = query.get("expression")
    assert metrics or expression, f"query {name} has neither metric nor expression"
    assert not (metrics and expression), f"query {name} has both metric and expression"
    for metric in metrics:
        for attribute in ("metric_name", "period", "stat"):
            assert metric.get(attribute), f"query {name} has no {attribute}"
        assert metric.get("namespace"), f"query {name} has no namespace"
        stat = _text(metric["stat"], f"stat of query {name}")
        assert stat in _STATISTICS or _EXTENDED.fullmatch(stat), f"there is no statistic {stat}"


def _periods(alarm: Resource, queries: list[Mapping[str, Any]]) -> list[Value]:
    """Every period that is set, each once."""
    found = [alarm.peek("period")] if not queries else []
    for query in queries:
        found += [query.get("period"), *(metric.get("period") for metric in _blocks(query.get("metric")))]
    kept: list[Value] = []
    for value in found:
        if value is not None and not any(_is(value, other) for other in kept):
            kept.append(value)
    return kept


def _is(value: Value, other: Value) -> bool:
    """Whether two periods are the same; as text, a number may be written as a string."""
    return is_known(value) and is_known(other) and str(value) == str(other)


def _assert_period(alarm: Resource, written: Value, queries: list[Mapping[str, Any]]) -> None:
    period = _number(alarm, written)
    seconds = f"{period:g}"
    assert period in SHORT_PERIODS or (period >= 60 and period % 60 == 0), (
        f"period is {seconds}, CloudWatch takes 10, 20, 30 or a multiple of 60 seconds"
    )
    every = _periods(alarm, queries)
    assert len(every) == 1, f"its queries have different periods: {', '.join(map(show, every))}"
    if period < 60:
        slow = [name for name in _namespaces(alarm, queries) if isinstance(name, str) and name.startswith("AWS/")]
        assert not slow, f"period is {seconds} seconds, but {slow[0]} publishes once a minute at most"
    span = period * _number(alarm, alarm["evaluation_periods"])
    longest = _DAY if period < _HOUR else _WEEK
    assert span <= longest, f"period and evaluation_periods span {span:g} seconds, at most {longest} are allowed"


def _namespaces(alarm: Resource, queries: list[Mapping[str, Any]]) -> list[Value]:
    if not queries:
        return [alarm.peek("namespace")]
    return [metric.get("namespace") for query in queries for metric in _blocks(query.get("metric"))]


def _blocks(value: Value) -> list[Mapping[str, Any]]:
    """Nested blocks.

    Raises:
        Undecidable: where one of them is unknown.
    """
    items = value if isinstance(value, (list, tuple)) else [value] if value else []
    for item in items:
        if not isinstance(item, Mapping):
            raise undecided(item, "a metric query")
    return list(items)


def _flag(value: Value) -> bool:
    if value is not None and not is_known(value):
        raise undecided(value, "return_data")
    return value in (True, "true")


def _text(value: Value, what: str) -> str:
    if not isinstance(value, str):
        raise undecided(value, what)
    return value


def _number(alarm: Resource, value: Value) -> float:
    if not is_known(value):
        raise undecided(value, f"a number of {alarm.address}")
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise Undecidable(f"a number of {alarm.address} is {show(value)}") from error
