"""Calls that are denied, throttled or broken: an error for what they would have told, and for nothing else."""

from typing import Any

import pytest

from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Undecidable
from skyworthy.observed import Session, observe
from skyworthy.observed.failures import permission_of
from skyworthy.sandbox import faults
from skyworthy.sandbox.server import Sandbox

Made = dict[str, str]


def test_a_denied_list_is_an_error_for_its_types_and_for_what_is_read_through_them(
    sandbox: Sandbox, session: Session, stack: Estate, made: Made
) -> None:
    faults.deny(sandbox, "ec2:DescribeSecurityGroups")
    seen = observe(session, stack, thorough=True)
    reason = "denied: ec2:DescribeSecurityGroups needs permission ec2:DescribeSecurityGroups"
    assert {name: (why.reason, why.denied) for name, why in seen.estate.unread.items()} == {
        "aws_default_security_group": (reason, True),
        "aws_security_group": (reason, True),
    }
    with pytest.raises(Undecidable) as raised:
        seen.estate.of("aws_security_group")
    assert (raised.value.reason, raised.value.denied) == (reason, True)
    group = seen.estate.get("aws_security_group.web")
    assert group is not None
    with pytest.raises(Undecidable) as raised:
        group["ingress"]
    assert (raised.value.reason, raised.value.denied) == (f"ingress of aws_security_group.web: {reason}", True)
    assert (seen.missing, dict(seen.undecided)) == ((), {})
    assert seen.notes == tuple(
        f"could not be read: {name}: {reason}" for name in ("aws_default_security_group", "aws_security_group")
    )


def test_the_others_are_read_all_the_same(sandbox: Sandbox, session: Session, stack: Estate, made: Made) -> None:
    faults.deny(sandbox, "ecs:*")
    seen = observe(session, stack)
    assert sorted(seen.estate.unread) == ["aws_ecs_cluster", "aws_ecs_task_definition"]
    vpc = seen.estate.get("aws_vpc.main")
    assert vpc is not None
    assert vpc["cidr_block"] == "10.0.0.0/16"
    service = seen.estate.get("aws_ecs_service.app")
    assert service is not None
    assert service.peek("desired_count").denied
    assert seen.missing == ()


def test_a_denied_detail_is_an_error_for_its_attributes_alone(
    sandbox: Sandbox, session: Session, stack: Estate, made: Made
) -> None:
    faults.deny(sandbox, "kms:GetKeyPolicy")
    key = observe(session, stack, thorough=True).estate.get("aws_kms_key.main")
    assert key is not None
    assert (key["key_state"], key["enable_key_rotation"]) == ("Enabled", True)
    with pytest.raises(Undecidable) as raised:
        key["policy"]
    reason = "policy of aws_kms_key.main: denied: kms:GetKeyPolicy needs permission kms:GetKeyPolicy"
    assert (raised.value.reason, raised.value.denied) == (reason, True)


def test_a_denied_secret_is_an_error_for_its_value_alone(
    sandbox: Sandbox, session: Session, stack: Estate, made: Made
) -> None:
    faults.deny(sandbox, "secretsmanager:GetSecretValue")
    version = observe(session, stack, with_secrets=True).estate.get("aws_secretsmanager_secret_version.app")
    assert version is not None
    assert version["secret_id"] == made["secret"]
    with pytest.raises(Undecidable, match="denied: secretsmanager:GetSecretValue needs permission"):
        version["secret_string"]


@pytest.mark.parametrize(
    ("action", "error", "reason"),
    [
        ("logs:DescribeLogGroups", "Throttling", "throttled: logs:DescribeLogGroups was refused again and again"),
        ("logs:DescribeLogGroups", "ServiceUnavailable", "failed: logs:DescribeLogGroups: ServiceUnavailable: broken"),
    ],
)
def test_throttled_and_broken(
    sandbox: Sandbox, session: Session, stack: Estate, made: Made, action: str, error: str, reason: str
) -> None:
    faults.inject(sandbox, action, error, "broken", 503)
    seen = observe(session, stack)
    why = seen.estate.unread["aws_cloudwatch_log_group"]
    assert why.reason.startswith(reason)
    assert why.denied
    assert seen.missing == ()


def test_a_throttled_call_is_tried_again(sandbox: Sandbox, stack: Estate) -> None:
    faults.throttle(sandbox, "logs:DescribeLogGroups")
    before = sandbox.control("GET", "status")["calls"].get("logs:DescribeLogGroups", 0)
    observe(Session(endpoint_url=sandbox.url, target="sandbox", attempts=2), stack)
    assert sandbox.control("GET", "status")["calls"]["logs:DescribeLogGroups"] - before == 2


def test_an_account_that_tells_nothing_is_bad_input(sandbox: Sandbox, session: Session, stack: Estate) -> None:
    for service in ("ec2", "ecs", "kms", "logs", "secretsmanager"):
        faults.deny(sandbox, f"{service}:*")
    with pytest.raises(BadInput) as raised:
        observe(session, stack)
    message = f"{sandbox.url}: nothing of the stack could be read: denied: ec2:"
    assert str(raised.value).startswith(message)


def test_an_expired_session_is_bad_input(sandbox: Sandbox, session: Session, stack: Estate) -> None:
    faults.inject(sandbox, "sts:GetCallerIdentity", "ExpiredToken")
    with pytest.raises(BadInput, match="the credentials have expired; sign in again"):
        observe(session, stack)


def test_something_else_than_a_resource_that_is_not_there_is_not_missing(
    sandbox: Sandbox, session: Session, stack: Estate, made: Made
) -> None:
    faults.inject(sandbox, "ecs:DescribeTaskDefinition", "ServerException", "x", 500)
    seen = observe(session, stack)
    assert seen.missing == ()
    assert (
        seen.estate.unread["aws_ecs_task_definition"].reason == "failed: ecs:DescribeTaskDefinition: ServerException: x"
    )


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("ec2", "DescribeVpcs", "ec2:DescribeVpcs"),
        ("elbv2", "DescribeRules", "elasticloadbalancing:DescribeRules"),
        ("s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration"),
        ("budgets", "DescribeBudgets", "budgets:ViewBudget"),
        ("cloudwatch", "DescribeAlarms", "cloudwatch:DescribeAlarms"),
    ],
)
def test_the_permission_that_a_call_needs(service: str, operation: str, action: str) -> None:
    assert permission_of(service, operation) == action


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        (
            "AccessDeniedException",
            "User: arn:aws:sts::123456789012:assumed-role/nightly/skyworthy is not authorized to perform: "
            "secretsmanager:GetSecretValue on resource: app because no identity-based policy allows the action",
            "denied: secretsmanager:GetSecretValue needs permission secretsmanager:GetSecretValue",
        ),
        (
            "AccessDeniedException",
            "User: arn:aws:sts::123456789012:assumed-role/nightly/skyworthy is not authorized to perform: kms:Decrypt "
            "on this resource because the resource does not exist in this Region",
            "denied: secretsmanager:GetSecretValue needs permission kms:Decrypt",
        ),
        (
            "AccessDeniedException",
            "Access to KMS is not allowed",
            "denied: secretsmanager:GetSecretValue needs permission kms:Decrypt on the key of the secret",
        ),
        (
            "AccessDenied",
            "User: x is not authorized to perform: secretsmanager:GetSecretValue with an explicit deny in a service "
            "control policy",
            "denied: secretsmanager:GetSecretValue needs permission secretsmanager:GetSecretValue "
            "(an explicit deny stands against it)",
        ),
        (
            "ExpiredTokenException",
            "The security token included in the request is expired",
            "failed: secretsmanager:GetSecretValue: the credentials expired before it was answered",
        ),
    ],
)
def test_the_reason_names_what_is_missing_as_aws_tells_it(
    sandbox: Sandbox, session: Session, stack: Estate, made: Made, code: str, message: str, reason: str
) -> None:
    faults.inject(sandbox, "secretsmanager:GetSecretValue", code, message, 400)
    version = observe(session, stack, with_secrets=True).estate.get("aws_secretsmanager_secret_version.app")
    assert version is not None
    with pytest.raises(Undecidable) as raised:
        version["secret_string"]
    prefix = "secret_string of aws_secretsmanager_secret_version.app: "
    assert (raised.value.reason, raised.value.denied) == (prefix + reason, True)


def test_what_comes_after_the_deadline_is_an_error_and_the_rest_is_read(
    sandbox: Sandbox, session: Session, stack: Estate, made: Made
) -> None:
    """The deadline passes while log groups are asked for; what was answered before it stays."""

    def over(model: Any, **_: object) -> None:
        if model.name == "DescribeLogGroups":
            session.calls.deadline = 0.0

    session.client("logs").meta.events.register("provide-client-params.*.*", over)
    seen = observe(session, stack)
    assert "not read in time: logs:DescribeLogGroups came after the deadline" in str(seen.notes)
    assert session.calls.deadline is None


def test_retries_are_told(sandbox: Sandbox, stack: Estate, made: Made) -> None:
    faults.throttle(sandbox, "logs:DescribeLogGroups")
    seen = observe(Session(endpoint_url=sandbox.url, target="sandbox", attempts=2), stack)
    assert seen.retries == {"logs:DescribeLogGroups": 1}
    assert seen.call_seconds.keys() == seen.calls.keys()
