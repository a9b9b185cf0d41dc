"""Dashboards: that they show what there is, and show it right."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from skyworthy.behavior.metrics import Metric, publishers, unpublished
from skyworthy.behavior.references import absent
from skyworthy.config import Policy
from skyworthy.controls.registry import STACK, control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Value, is_known, show

DASHBOARD = "aws_cloudwatch_dashboard"


@control(
    "alarm.dashboard-metrics-resolve",
    on=DASHBOARD,
    severity="medium",
    refs=["REQ ALM-13"],
)
def dashboard_shows_what_exists(dashboard: Resource, estate: Estate) -> None:
    """Every metric of the dashboard is one that a resource of the stack publishes.

    Why: an empty graph is taken for a quiet one.
    Fix: take dimensions from the resource, in the form that CloudWatch publishes.
    """
    reasons = unpublished((line.metric for line in _shown(dashboard)), estate)
    assert not reasons, "; ".join(reasons)


@dataclass(frozen=True)
class _Shown:
    """A line of a graph.

    Args:
        metric: what it shows.
        statistic: of the metric, CloudWatch's default included.
    """

    metric: Metric
    statistic: Value


def _shown(dashboard: Resource) -> Iterator[_Shown]:
    """What a dashboard shows.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    body = dashboard["dashboard_body"]
    if not isinstance(body, Mapping):
        raise Undecidable(f"dashboard_body of {dashboard.address} is {show(body)}")
    for widget in body.get("widgets") or []:
        if not isinstance(widget, Mapping):
            raise Undecidable(f"a widget of {dashboard.address} is {show(widget)}")
        properties = widget.get("properties") or {}
        if widget.get("type", "metric") == "metric" and isinstance(properties, Mapping):
            yield from _in_widget(properties.get("metrics") or [], properties.get("stat") or "Average")


def _in_widget(rows: Value, statistic: Value) -> Iterator[_Shown]:
    """The metrics of a widget; ``...`` repeats the beginning of the row above, ``.`` one item of it."""
    above: list[Value] = []
    for row in rows:
        items = [item for item in row if not isinstance(item, Mapping)]
        if not items:
            continue
        if is_known(items[0]) and items[0] == "...":
            items = above[: len(above) - len(items) + 1] + items[1:]
        items = [
            above[place] if is_known(item) and item == "." and place < len(above) else item
            for place, item in enumerate(items)
        ]
        above = items
        options = row[-1] if isinstance(row[-1], Mapping) else {}
        if len(items) >= 2:
            names, values = items[2::2], items[3::2]
            metric = Metric(items[0], items[1], {show(name): value for name, value in zip(names, values, strict=False)})
            yield _Shown(metric, options.get("stat") or statistic)


@dataclass(frozen=True)
class _Wanted:
    """What a dashboard must show of each resource of a kind.

    Args:
        metrics: names, one of which suffices; none: any metric.
        statistics: those that tell it, one of which suffices; none: any.
    """

    metrics: tuple[str, ...]
    statistics: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((*self.statistics[:1], *self.metrics[:1])) or "anything"

    def met_by(self, shown: _Shown) -> bool:
        right = not self.statistics or (isinstance(shown.statistic, str) and shown.statistic in self.statistics)
        return right and (not self.metrics or str(shown.metric.name) in self.metrics)


_COUNTED = ("Sum", "SampleCount")
"""The load balancer publishes a 1 for each answer: their average is always 1."""

_INCIDENT: Mapping[str, tuple[_Wanted, ...]] = {
    "aws_ecs_service": (
        _Wanted(("CPUUtilization", "CpuUtilized")),
        _Wanted(("MemoryUtilization", "MemoryUtilized")),
    ),
    "aws_lb": (
        _Wanted(("TargetResponseTime",)),
        _Wanted(("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"), _COUNTED),
    ),
    "aws_db_instance": (
        _Wanted(("CPUUtilization",)),
        _Wanted(("DatabaseConnections",)),
    ),
    "aws_elasticache_replication_group": (_Wanted(()),),
}
"""What one looks at first, whoever runs the stack."""

_FULL: Mapping[str, tuple[_Wanted, ...]] = {
    "aws_ecs_service": (
        _Wanted(("CPUUtilization", "CpuUtilized")),
        _Wanted(("MemoryUtilization", "MemoryUtilized")),
        _Wanted(("RunningTaskCount",)),
        _Wanted(("DesiredTaskCount",)),
    ),
    "aws_lb": (
        _Wanted(("TargetResponseTime",), ("Average",)),
        _Wanted(("TargetResponseTime",), ("p95",)),
        _Wanted(("TargetResponseTime",), ("p99",)),
        _Wanted(("HTTPCode_Target_2XX_Count",), _COUNTED),
        _Wanted(("HTTPCode_Target_4XX_Count", "HTTPCode_ELB_4XX_Count"), _COUNTED),
        _Wanted(("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"), _COUNTED),
    ),
    "aws_db_instance": (
        _Wanted(("CPUUtilization",)),
        _Wanted(("DatabaseConnections",)),
        _Wanted(("FreeStorageSpace",)),
    ),
    "aws_elasticache_replication_group": (
        _Wanted(("CacheHitRate", "CacheHits")),
        _Wanted(("CurrConnections",)),
        _Wanted(("EngineCPUUtilization", "CPUUtilization")),
    ),
}


@control("alarm.dashboard-complete", on=STACK, severity="low", refs=["REQ ALM-13"])
def dashboard_shows_all(estate: Estate, policy: Policy) -> None:
    """A dashboard shows tasks, load balancer, database and cache, each by the statistic that tells something.

    Why: in an incident one looks at one page, not at forty metrics by name; the average of a count is always 1.
    Fix: an `aws_cloudwatch_dashboard` with a widget each for the metrics that the message names; `full_dashboard` in
    the environment's policy demands more of them.
    """
    if not estate.of("aws_ecs_service"):
        not_applicable("this stack has no ECS service")
    dashboards = estate.of(DASHBOARD)
    if not dashboards:
        raise absent(estate, "there is no dashboard", "aws_cloudwatch_dashboard")
    lines = [
        (resource.type, line)
        for dashboard in dashboards
        for line in _shown(dashboard)
        for resource in publishers(line.metric, estate)
    ]
    missing = [
        f"{wanted} of {kind}"
        for kind, many in (_FULL if policy.full_dashboard else _INCIDENT).items()
        if estate.of(kind)
        for wanted in many
        if not any(kind == shown and wanted.met_by(line) for shown, line in lines)
    ]
    assert not missing, f"no dashboard shows {', '.join(missing)}"
