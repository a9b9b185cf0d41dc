"""Denied and throttled operations, and operations that nothing implements."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from skyworthy.sandbox import faults
from skyworthy.sandbox.server import Sandbox

CALLS = [
    pytest.param("rds", "rds:DescribeDBInstances", "describe_db_instances", "AccessDenied", id="query"),
    pytest.param("ec2", "ec2:DescribeVpcs", "describe_vpcs", "UnauthorizedOperation", id="ec2"),
    pytest.param("ecs", "ecs:ListClusters", "list_clusters", "AccessDeniedException", id="json"),
    pytest.param("lambda", "lambda:ListFunctions", "list_functions", "AccessDeniedException", id="rest-json"),
    pytest.param("s3", "s3:ListBuckets", "list_buckets", "AccessDenied", id="rest-xml"),
    pytest.param("elbv2", "elasticloadbalancing:Describe*", "describe_load_balancers", "AccessDenied", id="iam-prefix"),
    pytest.param("cloudwatch", "cloudwatch:*", "describe_alarms", "AccessDeniedException", id="all-operations"),
]


def _error(call: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as raised:
        call()
    return dict(raised.value.response["Error"])


@pytest.mark.parametrize(("service", "action", "method", "code"), CALLS)
def test_denied_operation_answers_in_the_form_of_its_protocol(
    sandbox: Sandbox, service: str, action: str, method: str, code: str
) -> None:
    call = getattr(sandbox.client(service), method)
    faults.deny(sandbox, action)

    error = _error(call)

    assert error["Code"] == code
    assert error["Message"].startswith(
        f"User: arn:aws:iam::{sandbox.account_id}:user/testing is not authorized to perform: "
    )

    faults.heal(sandbox)
    call()


def test_only_the_named_operation_is_denied(sandbox: Sandbox) -> None:
    faults.deny(sandbox, "rds:DescribeDBInstances")

    sandbox.client("rds").describe_db_subnet_groups()
    sandbox.client("ec2").describe_vpcs()


@pytest.mark.parametrize(
    ("service", "method", "code", "status"),
    [
        ("rds", "describe_db_instances", "Throttling", 400),
        ("ec2", "describe_vpcs", "RequestLimitExceeded", 503),
        ("ecs", "list_clusters", "ThrottlingException", 400),
        ("s3", "list_buckets", "SlowDown", 503),
    ],
)
def test_throttled_operation_is_refused_as_the_service_does(
    sandbox: Sandbox, service: str, method: str, code: str, status: int
) -> None:
    faults.throttle(sandbox, f"{service}:*")
    with pytest.raises(ClientError) as raised:
        getattr(sandbox.client(service), method)()

    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_any_error_of_a_service_can_be_injected(sandbox: Sandbox) -> None:
    faults.inject(sandbox, "secretsmanager:GetSecretValue", "InternalServiceError", "out of order")
    client = sandbox.client("secretsmanager")

    with pytest.raises(client.exceptions.InternalServiceError, match="out of order"):
        client.get_secret_value(SecretId="any")


@pytest.mark.parametrize(
    ("service", "method", "arguments", "name"),
    [
        ("apprunner", "list_services", {}, "apprunner:ListServices"),
        ("rds", "describe_db_recommendations", {}, "rds:DescribeDBRecommendations"),
    ],
)
def test_unimplemented_operation_is_said_and_listed(
    sandbox: Sandbox, service: str, method: str, arguments: dict[str, str], name: str
) -> None:
    error = _error(lambda: getattr(sandbox.client(service), method)(**arguments))

    assert error["Code"] == "NotImplemented"
    assert error["Message"].startswith(f"{name} is not implemented by the sandbox")
    assert list(sandbox.control("GET", "unimplemented")) == [name]


def test_absent_resource_is_not_taken_for_an_unimplemented_operation(sandbox: Sandbox) -> None:
    error = _error(lambda: sandbox.client("s3").head_bucket(Bucket="absent"))
    other = _error(lambda: sandbox.client("s3").get_bucket_policy(Bucket="absent"))

    assert (error["Code"], other["Code"]) == ("404", "NoSuchBucket")
    assert sandbox.control("GET", "unimplemented") == {}
