"""Alarms, log groups, topics, budgets, and policies of IAM.

Source of the attribute names: the schemas of aws_cloudwatch_metric_alarm, aws_budgets_budget and aws_iam_role,
https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/cloudwatch_metric_alarm
"""

from collections.abc import Iterable
from typing import Any

from skyworthy.estate import Unknown, Value
from skyworthy.observed.shapes.base import Record, shape


def _dimensions(given: Iterable[Record]) -> dict[str, str]:
    return {item["Name"]: item["Value"] for item in given}


@shape
def dimensions(record: Record) -> Value:
    """``dimensions`` of an alarm."""
    return _dimensions(record.get("Dimensions", ()))


def _query(query: Record) -> dict[str, Any]:
    stat = query.get("MetricStat")
    block: dict[str, Any] = {
        "id": query["Id"],
        "expression": query.get("Expression"),
        "label": query.get("Label"),
        "return_data": query.get("ReturnData", True),
        "period": query.get("Period"),
        "account_id": query.get("AccountId"),
        "metric": [],
    }
    if stat:
        metric = stat["Metric"]
        block["metric"] = [
            {
                "namespace": metric.get("Namespace"),
                "metric_name": metric["MetricName"],
                "stat": stat["Stat"],
                "period": stat["Period"],
                "unit": stat.get("Unit"),
                "dimensions": _dimensions(metric.get("Dimensions", ())),
            }
        ]
    return block


@shape
def metric_queries(record: Record) -> Value:
    """``metric_query`` blocks of an alarm."""
    return [_query(item) for item in record.get("Metrics", ())]


@shape
def log_group_arn(record: Record) -> Value:
    """The ARN without the ``:*`` that stands for its streams."""
    return str(record["arn"]).removesuffix(":*")


@shape
def topic_name(record: Record) -> Value:
    """The last part of a topic's ARN."""
    return str(record["TopicArn"]).rpartition(":")[2]


@shape
def inline_policies(record: Record) -> Value:
    """``inline_policy`` blocks of a role."""
    return [
        {"name": item["PolicyName"], "policy": item["PolicyDocument"]}
        for item in sorted(record.get("RolePolicyList", ()), key=lambda item: str(item["PolicyName"]))
    ]


@shape
def default_policy_version(record: Record) -> Value:
    """``policy`` of a managed policy: the version that is in force."""
    return next((item["Document"] for item in record.get("PolicyVersionList", ()) if item["IsDefaultVersion"]), None)


@shape
def budget_filters(record: Record) -> Value:
    """``cost_filter`` blocks of a budget."""
    return [{"name": name, "values": values} for name, values in sorted(record.get("CostFilters", {}).items())]


_SUBSCRIBERS = Unknown("not read: who is told of a budget takes a call for each notification")


@shape
def budget_notifications(record: Record) -> Value:
    """``notification`` blocks of a budget; who is told takes a call for each and is left unread."""
    return [
        {
            "notification_type": item["NotificationType"],
            "comparison_operator": item["ComparisonOperator"],
            "threshold": item["Threshold"],
            "threshold_type": item.get("ThresholdType", "PERCENTAGE"),
            "subscriber_email_addresses": _SUBSCRIBERS,
            "subscriber_sns_topic_arns": _SUBSCRIBERS,
        }
        for item in record["Notifications"] or ()
    ]
