"""Log groups and the metrics made of them."""

from skyworthy.behavior.alarms import METRIC_ALARM, metrics_of
from skyworthy.behavior.metrics import transformations
from skyworthy.behavior.references import named
from skyworthy.config import Policy
from skyworthy.controls.registry import control
from skyworthy.estate import Estate, Resource, Undecidable, show


@control(
    "log.group-retention",
    on="aws_cloudwatch_log_group",
    severity="medium",
    refs=["REQ REF-5", "REQ LIV-6", "CKV_AWS_66", "CKV_AWS_338"],
)
def logs_expire(group: Resource, policy: Policy) -> None:
    """Log groups keep their events as long as the environment demands, and not for ever.

    Why: too short hides yesterday's incident; for ever is paid for every month, and keeps personal data too long.
    Fix: `retention_in_days`.
    """
    days = group["retention_in_days"]
    assert days, "its events never expire"
    wanted = policy.log_retention_days
    assert int(days) >= wanted, f"events are kept {days} days, at least {wanted} are demanded"


@control(
    "log.metric-filter-feeds-alarm",
    on="aws_cloudwatch_log_metric_filter",
    severity="low",
    refs=["REQ ALM-9"],
)
def metric_filter_is_used(source: Resource, estate: Estate) -> None:
    """A log metric filter reads a log group of the stack, and some alarm or dashboard reads its metric.

    Why: a renamed metric or group leaves an alarm that never gets a data point.
    Fix: take namespace, name and group from one place in filter and alarm.
    """
    assert named(estate, source["log_group_name"], "aws_cloudwatch_log_group"), (
        f"its log group {show(source['log_group_name'])} is not part of this stack"
    )
    for made in transformations(source):
        assert _is_read(made.get("namespace"), made.get("name"), estate), (
            f"no alarm or dashboard reads {show(made.get('name'))} in {show(made.get('namespace'))}"
        )


def _is_read(namespace: object, name: object, estate: Estate) -> bool:
    undecided: Undecidable | None = None
    for alarm in estate.of(METRIC_ALARM):
        try:
            if any((metric.namespace, metric.name) == (namespace, name) for metric in metrics_of(alarm)):
                return True
        except Undecidable as undecidable:
            reason = f"what {alarm.address} reads: {undecidable.reason}"
            undecided = undecided or Undecidable(reason, denied=undecidable.denied)
    for dashboard in estate.of("aws_cloudwatch_dashboard"):
        body = show(dashboard.peek("dashboard_body"))
        if repr(namespace) in body and repr(name) in body:
            return True
    if undecided is not None:
        raise undecided
    return False
