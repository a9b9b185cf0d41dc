"""Calls that fail on their way: broken connections, half pages, errors that pass."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from skyworthy.errors import BadInput
from skyworthy.sandbox import faults
from skyworthy.sandbox.server import Sandbox


def _rule(sandbox: Sandbox, **rule: Any) -> None:
    sandbox.control("POST", "faults", rule)


def _code(call: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


def test_connection_is_broken_off_and_the_next_one_works(sandbox: Sandbox) -> None:
    ecs = sandbox.client("ecs")
    _rule(sandbox, service="ecs", operation="List*", reset=True, times=1)

    with pytest.raises(ConnectionClosedError):
        ecs.list_clusters()

    assert ecs.list_clusters()["clusterArns"] == []


def test_error_passes_after_so_many_calls(sandbox: Sandbox) -> None:
    rds = sandbox.client("rds")
    _rule(sandbox, service="rds", operation="*", error="Throttling", times=2)

    assert [_code(rds.describe_db_instances) for _ in range(2)] == ["Throttling", "Throttling"]
    assert rds.describe_db_instances()["DBInstances"] == []


def test_each_third_call_is_throttled(sandbox: Sandbox) -> None:
    rds = sandbox.client("rds")
    faults.throttle(sandbox, "rds:Describe*", every=3)

    answers = []
    for _ in range(6):
        try:
            rds.describe_db_instances()
            answers.append("")
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])

    assert answers == ["", "", "Throttling"] * 2


def test_calls_beyond_the_rate_are_throttled(sandbox: Sandbox) -> None:
    rds = sandbox.client("rds")
    faults.throttle(sandbox, "rds:DescribeDBInstances", rate=0.001)

    rds.describe_db_instances()
    assert _code(rds.describe_db_instances) == "Throttling"
    faults.heal(sandbox)
    rds.describe_db_instances()


def test_late_answer_and_throttling_add_up(sandbox: Sandbox) -> None:
    faults.slow(sandbox, "ecs:*", 0.01)
    faults.throttle(sandbox, "ecs:ListClusters")

    assert _code(sandbox.client("ecs").list_clusters) == "ThrottlingException"
    assert sandbox.control("GET", "faults")[0]["seconds"] == 0.01
    with pytest.raises(BadInput, match="not less than 0"):
        faults.slow(sandbox, "ecs:*", -1)


def test_late_answer_is_the_answer(sandbox: Sandbox) -> None:
    sandbox.client("sqs").create_queue(QueueName="here")
    _rule(sandbox, service="*", operation="*", seconds=0.01)

    assert len(sandbox.client("sqs").list_queues()["QueueUrls"]) == 1


def test_expired_credentials_are_refused_by_every_service(sandbox: Sandbox) -> None:
    _rule(sandbox, service="*", operation="*", error="ExpiredToken")

    assert _code(sandbox.client("sts").get_caller_identity) == "ExpiredToken"
    assert _code(sandbox.client("ecs").list_clusters) == "ExpiredTokenException"
    assert _code(sandbox.client("ec2").describe_vpcs) == "RequestExpired"


def _three_alarms(sandbox: Sandbox) -> None:
    for name in ("a", "b", "c"):
        sandbox.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Namespace="N",
            MetricName="M",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )


def _three_log_groups(sandbox: Sandbox) -> None:
    for name in ("a", "b", "c"):
        sandbox.client("logs").create_log_group(logGroupName=name)


def _three_users(sandbox: Sandbox) -> None:
    for name in ("a", "b", "c"):
        sandbox.client("iam").create_user(UserName=name)


def _three_repositories(sandbox: Sandbox) -> None:
    for name in ("aaa", "bbb", "ccc"):
        sandbox.client("ecr").create_repository(repositoryName=name)


def _three_budgets(sandbox: Sandbox) -> None:
    for name in ("a", "b", "c"):
        budget = {
            "BudgetName": name,
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "1", "Unit": "USD"},
        }
        sandbox.client("budgets").create_budget(AccountId=sandbox.account_id, Budget=budget)


@pytest.mark.parametrize(
    ("prepare", "service", "operation", "method", "key", "arguments"),
    [
        (_three_alarms, "cloudwatch", "DescribeAlarms", "describe_alarms", "MetricAlarms", {}),
        (_three_log_groups, "logs", "DescribeLogGroups", "describe_log_groups", "logGroups", {}),
        (_three_users, "iam", "ListUsers", "list_users", "Users", {}),
        (_three_repositories, "ecr", "DescribeRepositories", "describe_repositories", "repositories", {}),
        (_three_budgets, "budgets", "DescribeBudgets", "describe_budgets", "Budgets", {"AccountId": "123456789012"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_half_of_the_items_come_and_the_next_page_is_an_error(
    sandbox: Sandbox, prepare: Any, service: str, operation: str, method: str, key: str, arguments: dict[str, str]
) -> None:
    prepare(sandbox)
    client = sandbox.client(service)
    _rule(sandbox, service=service, operation=operation, half_page=True, error="InternalFailure", status=500)
    pages = iter(client.get_paginator(method).paginate(**arguments))

    assert len(next(pages)[key]) == 1
    assert _code(lambda: next(pages)) == "InternalFailure"

    faults.heal(sandbox)
    assert sum(len(page[key]) for page in client.get_paginator(method).paginate(**arguments)) == 3


def test_answer_that_cannot_be_paged_stays_whole(sandbox: Sandbox) -> None:
    _rule(sandbox, service="sts", operation="*", half_page=True, error="InternalFailure", status=500)

    assert sandbox.client("sts").get_caller_identity()["Account"] == sandbox.account_id


def test_named_transport_fault_is_in_force_until_healed(sandbox: Sandbox) -> None:
    done = faults.inject_fault(sandbox, "operation-denied")

    assert (done.fault.transport, done.hit) == (True, None)
    assert faults.injected(sandbox) == ("operation-denied",)
    assert _code(sandbox.client("rds").describe_db_instances) == "AccessDenied"
    with pytest.raises(BadInput, match=r"^operation-denied is in force already; heal the sandbox first$"):
        faults.inject_fault(sandbox, "operation-denied")

    faults.heal(sandbox)
    assert faults.injected(sandbox) == ()
    sandbox.client("rds").describe_db_instances()
