"""CloudWatch Logs: what is written to a group counts, in CloudWatch's own metric and in those of metric filters."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.core.utils import utcnow

from skyworthy.sandbox.account.calls import Call
from skyworthy.sandbox.gaps import Clients, follows, store

_TERM = re.compile(r'([-?]?)("[^"]*"|\S+)')


def _counts_nothing(clients: Clients) -> bool:
    logs = clients("logs")
    logs.create_log_group(logGroupName="probe")
    logs.create_log_stream(logGroupName="probe", logStreamName="probe")
    event = {"timestamp": int(datetime.now(UTC).timestamp() * 1000), "message": "probe"}
    logs.put_log_events(logGroupName="probe", logStreamName="probe", logEvents=[event])
    return not clients("cloudwatch").list_metrics(Namespace="AWS/Logs")["Metrics"]


@follows("logs", "PutLogEvents", lacking=_counts_nothing)
def count_events(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html.

    Of metric filters those are carried out whose pattern is made of terms; others publish nothing.
    """
    group, events = call.params["logGroupName"], call.params["logEvents"]
    cloudwatch = store(call, "cloudwatch")
    named = [{"Name": "LogGroupName", "Value": group}]
    cloudwatch.put_metric_data("AWS/Logs", [_datum("IncomingLogEvents", len(events), named)])
    for filter in store(call, "logs").filters.metric_filters:
        if filter["logGroupName"] == group:
            for made in filter["metricTransformations"]:
                value = _value(filter.get("filterPattern") or "", made, events)
                if value is not None:
                    cloudwatch.put_metric_data(made["metricNamespace"], [_datum(made["metricName"], value, [])])


def _value(pattern: str, made: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> float | None:
    """What a filter publishes for some events; None: nothing."""
    if pattern.startswith(("{", "[", "%")) or not re.fullmatch(r"-?\d+(\.\d+)?", str(made["metricValue"])):
        return None
    hits = sum(term_pattern_fits(pattern, str(event["message"])) for event in events)
    if hits:
        return hits * float(made["metricValue"])
    default = made.get("defaultValue")
    return None if default is None else float(default)


def term_pattern_fits(pattern: str, message: str) -> bool:
    """Whether a message has each term of a pattern, one of those with ``?``, and none of those with ``-``.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    terms = [(sign, term.strip('"')) for sign, term in _TERM.findall(pattern)]
    either = [term for sign, term in terms if sign == "?"]
    if either and len(either) == len(terms):
        return any(term in message for term in either)
    needed = [term for sign, term in terms if not sign]
    return all(term in message for term in needed) and not any(sign == "-" and term in message for sign, term in terms)


def _datum(name: str, value: float, dimensions: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "MetricName": name,
        "Dimensions": dimensions,
        "Timestamp": utcnow(),
        "Value": value,
        "Unit": "Count",
    }
