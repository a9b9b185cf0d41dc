"""Controls that only the account can answer: whether what is recorded arrives."""

import pytest

from skyworthy.config import BUILT_IN_POLICIES
from skyworthy.controls import find_control
from skyworthy.estate import Estate, Resource, Unknown, Value
from skyworthy.verdicts import Outcome, judge

DELIVERED = {
    "latest_delivery_error": None,
    "latest_digest_delivery_error": None,
    "latest_cloudwatch_logs_delivery_error": None,
}
ARRIVED = {"history_status": "SUCCESS", "history_error": None, "snapshot_status": None, "snapshot_error": None}
DENIED = Unknown("denied: cloudtrail:GetTrailStatus", denied=True)


@pytest.mark.parametrize(
    ("id", "type", "attributes", "outcome", "message"),
    [
        ("cloudtrail.delivering", "aws_cloudtrail", DELIVERED, "pass", ""),
        (
            "cloudtrail.delivering",
            "aws_cloudtrail",
            DELIVERED | {"latest_delivery_error": "AccessDenied", "latest_cloudwatch_logs_delivery_error": "NoAccess"},
            "fail",
            "the last delivery of log files failed: AccessDenied; "
            "the last delivery of events to CloudWatch Logs failed: NoAccess",
        ),
        (
            "cloudtrail.delivering",
            "aws_cloudtrail",
            dict.fromkeys(DELIVERED, DENIED),
            "error",
            "latest_delivery_error of this: denied: cloudtrail:GetTrailStatus",
        ),
        ("config.delivering", "aws_config_delivery_channel", ARRIVED, "pass", ""),
        (
            "config.delivering",
            "aws_config_delivery_channel",
            ARRIVED | {"history_status": "FAILURE", "history_error": "AccessDenied"},
            "fail",
            "the last delivery of the history failed: AccessDenied",
        ),
        ("config.recording", "aws_config_configuration_recorder_status", {"last_status": "SUCCESS"}, "pass", ""),
        (
            "config.recording",
            "aws_config_configuration_recorder_status",
            {"last_status": "FAILURE", "last_error_code": "InsufficientPermissions"},
            "fail",
            "the last recording failed: InsufficientPermissions",
        ),
    ],
)
def test_what_does_not_arrive_is_red(
    id: str, type: str, attributes: dict[str, Value], outcome: str, message: str
) -> None:
    control, resource = find_control(id), Resource("this", type, attributes)
    assert control is not None
    estate = Estate((resource,), origin="observed")

    verdict = judge(control, resource, estate, BUILT_IN_POLICIES["baseline"], root="account", lens="observed")

    assert (verdict.outcome, verdict.message) == (Outcome(outcome), message)
