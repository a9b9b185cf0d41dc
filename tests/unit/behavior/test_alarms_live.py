"""What only the account tells of alarms: their state, and whether anybody confirmed."""

import pytest

from skyworthy.config import BUILT_IN_POLICIES
from skyworthy.controls import find_control
from skyworthy.estate import Estate, Resource, Unknown, Value
from skyworthy.verdicts import judge

DENIED = Unknown("sns:GetSubscriptionAttributes is denied", denied=True)


@pytest.mark.parametrize(
    ("control", "kind", "attributes", "expected"),
    [
        ("alarm.has-data", "aws_cloudwatch_metric_alarm", {"state_value": "OK"}, ("pass", "")),
        ("alarm.has-data", "aws_cloudwatch_metric_alarm", {"state_value": "ALARM"}, ("pass", "")),
        (
            "alarm.has-data",
            "aws_cloudwatch_metric_alarm",
            {"state_value": "INSUFFICIENT_DATA"},
            ("fail", "its state is INSUFFICIENT_DATA"),
        ),
        ("sns.subscription-confirmed", "aws_sns_topic_subscription", {"pending_confirmation": False}, ("pass", "")),
        (
            "sns.subscription-confirmed",
            "aws_sns_topic_subscription",
            {"pending_confirmation": True, "endpoint": "operations@example.com"},
            ("fail", "operations@example.com has not confirmed it"),
        ),
        (
            "sns.subscription-confirmed",
            "aws_sns_topic_subscription",
            {"pending_confirmation": DENIED},
            ("error", "pending_confirmation of it: sns:GetSubscriptionAttributes is denied"),
        ),
    ],
)
def test_live_verdicts(control: str, kind: str, attributes: dict[str, Value], expected: tuple[str, str]) -> None:
    made = find_control(control)
    assert made is not None
    assert made.lenses == ("observed",)
    resource = Resource("it", kind, attributes)
    estate = Estate((resource,), origin="observed")
    verdict = judge(made, resource, estate, BUILT_IN_POLICIES["staging"], root="staging")
    assert (verdict.outcome, verdict.message) == expected
