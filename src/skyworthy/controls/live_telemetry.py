"""What the live suite asks of metrics and logs: that they flow, and that few errors are among them."""

import re
from datetime import datetime, timedelta
from typing import Any

from skyworthy.config import Policy
from skyworthy.controls.moments import moment, told
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource

_FLOWING = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_ERRORS = re.compile(r"error|exception|traceback|fatal|critical|panic|\b5\d\d\b", re.IGNORECASE)


@control(
    "live.metrics-flow",
    on=("aws_ecs_service", "aws_lb_target_group", "aws_db_instance", "aws_elasticache_replication_group"),
    severity="high",
    refs=["REQ ALM-15"],
    lenses=("observed",),
)
def metrics_flow(resource: Resource, now: datetime) -> None:
    """What runs has published a data point in the last 15 minutes.

    Why: an alarm on a metric that no longer flows is blind, and mostly silent.
    Fix: see that the resource runs; a metric stops with what it measures.
    """
    if resource.type == "aws_lb_target_group" and resource["protocol"] not in ("HTTP", "HTTPS"):
        not_applicable("it is not a target group of an application load balancer")
    points = resource["data_points"]
    assert points, "no data point in the last 3 hours"
    age = now - moment(points[-1]["time"])
    assert age <= _FLOWING, f"the newest data point is of {points[-1]['time']}, {told(age)} ago"


@control("live.logs-flow", on="aws_cloudwatch_log_group", severity="medium", refs=["REQ LIV-6"], lenses=("observed",))
def logs_flow(group: Resource, estate: Estate) -> None:
    """A log group to which containers write got an event in the last 3 hours.

    Why: an application that logs nothing is down, or its logs go astray and are missed when they are needed.
    Fix: see that the tasks run and that their log driver names this group.
    """
    if group["name"] not in _written_by_containers(estate):
        not_applicable("no container writes to it")
    assert sum(_values(group)), "no event in the last 3 hours"


def _written_by_containers(estate: Estate) -> set[str]:
    found: set[str] = set()
    for task in estate.of("aws_ecs_task_definition"):
        for container in task["container_definitions"]:
            options = (container.get("logConfiguration") or {}).get("options") or {}
            found.add(str(options.get("awslogs-group", "")))
    return found


@control(
    "live.few-errors",
    on="aws_cloudwatch_log_metric_filter",
    severity="medium",
    refs=["REQ LIV-6"],
    lenses=("observed",),
)
def few_errors(counter: Resource, policy: Policy, now: datetime) -> None:
    """Where a metric filter counts errors, there were few in the last hour.

    Why: an application that logs errors all the time hides the one that matters, and mostly is broken already.
    Fix: read the log group; mend what logs them, or set `errors_per_hour` in the environment's policy.
    """
    if not _ERRORS.search(str(counter["pattern"] or "")):
        not_applicable("it does not count errors")
    lately = [item for item in counter["data_points"] or () if now - moment(item["time"]) <= _HOUR]
    count = round(sum(item["value"] for item in lately))
    assert count <= policy.errors_per_hour, (
        f"{count} errors in the last hour in {counter['log_group_name']}, at most {policy.errors_per_hour} tolerated"
    )


def _values(resource: Resource) -> list[Any]:
    return [item["value"] for item in resource["data_points"] or ()]
