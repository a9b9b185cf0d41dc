"""Answers in pages of any size, from a running sandbox."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from skyworthy import declared
from skyworthy.errors import BadInput
from skyworthy.estate import Estate
from skyworthy.estate.codec import encode
from skyworthy.observed import Observation, Session, observe
from skyworthy.sandbox import cassette, conditions, faults
from skyworthy.sandbox.server import Sandbox, running

ROOT = Path(__file__).parents[4]
ENVIRONMENTS = ("staging", "production")


def _queues(sandbox: Sandbox, count: int) -> Any:
    sqs = sandbox.client("sqs")
    for number in range(count):
        sqs.create_queue(QueueName=f"queue-{number}")
    return sqs


def _alarms(sandbox: Sandbox, count: int) -> Any:
    cloudwatch = sandbox.client("cloudwatch")
    for number in range(count):
        cloudwatch.put_metric_alarm(
            AlarmName=f"alarm-{number:02}",
            Namespace="N",
            MetricName="M",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
    return cloudwatch


def test_pages_of_a_set_size_come_together_to_the_whole(sandbox: Sandbox) -> None:
    sqs = _queues(sandbox, 5)
    whole = sqs.list_queues()["QueueUrls"]

    conditions.set_page_size(sandbox, 2)
    pages = [page.get("QueueUrls", []) for page in sqs.get_paginator("list_queues").paginate()]

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [url for page in pages for url in page] == whole
    conditions.set_page_size(sandbox, 0)
    assert sqs.list_queues()["QueueUrls"] == whole


def test_lists_of_one_answer_are_cut_as_one(sandbox: Sandbox) -> None:
    cloudwatch = _alarms(sandbox, 3)
    for name in ("x", "y"):
        cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule="TRUE")
    conditions.set_page_size(sandbox, 2)
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])

    assert [(len(page["MetricAlarms"]), len(page["CompositeAlarms"])) for page in pages] == [(2, 0), (1, 1), (0, 1)]


def test_marker_and_truncation_flag(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    for name in ("a", "b", "c"):
        iam.create_user(UserName=name)
    conditions.set_page_size(sandbox, 1)

    first = iam.list_users()
    assert (first["IsTruncated"], [user["UserName"] for user in first["Users"]]) == (True, ["a"])
    second = iam.list_users(Marker=first["Marker"])
    third = iam.list_users(Marker=second["Marker"])
    assert (third["IsTruncated"], third.get("Marker"), third["Users"][0]["UserName"]) == (False, None, "c")


def test_records_of_a_zone_whose_token_has_several_parts(sandbox: Sandbox) -> None:
    route53 = sandbox.client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    for name in ("a", "b", "c"):
        record = {"Name": f"{name}.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
        change = {"Action": "CREATE", "ResourceRecordSet": record}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    whole = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    conditions.set_page_size(sandbox, 2)

    pages = list(route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone))

    assert [record for page in pages for record in page["ResourceRecordSets"]] == whole
    assert len(pages) == 3


def test_aws_own_page_sizes_and_a_size_that_is_asked_for(sandbox: Sandbox) -> None:
    cloudwatch = _alarms(sandbox, 51)

    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == 50
    assert len(cloudwatch.describe_alarms(MaxRecords=3)["MetricAlarms"]) == 3
    assert len(cloudwatch.describe_alarms(MaxRecords=100)["MetricAlarms"]) == 51
    pages = cloudwatch.get_paginator("describe_alarms").paginate()
    assert [len(page["MetricAlarms"]) for page in pages] == [50, 1]


def test_page_can_be_asked_for_again_and_a_token_made_up_is_refused(sandbox: Sandbox) -> None:
    sqs = _queues(sandbox, 3)
    conditions.set_page_size(sandbox, 1)
    token = sqs.list_queues(MaxResults=2)["NextToken"]

    assert [sqs.list_queues(NextToken=token)["QueueUrls"][0].rpartition("/")[2] for _ in range(2)] == ["queue-1"] * 2
    sandbox.control("POST", "reset")
    with pytest.raises(ClientError, match="no longer valid"):
        sqs.list_queues(NextToken=token)


def test_error_on_the_second_page_and_small_pages_go_together(sandbox: Sandbox) -> None:
    cloudwatch = _alarms(sandbox, 4)
    conditions.set_page_size(sandbox, 2)
    faults.inject_fault(sandbox, "half-a-page")
    pages = iter(cloudwatch.get_paginator("describe_alarms").paginate())

    assert len(next(pages)["MetricAlarms"]) == 1
    with pytest.raises(ClientError):
        next(pages)


def test_size_that_is_none_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match="a page has a number of items"):
        conditions.set_page_size(sandbox, -1)


@dataclass(frozen=True)
class Stack:
    sandbox: Sandbox
    declared: Estate
    whole: Observation


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A reference environment, and what is seen of it in whole answers."""
    root = ROOT / "terraform" / "environments" / request.param
    estate = declared.read(root, declared.Inputs((root / "sandbox.tfvars",)))
    with running(request.param) as sandbox:
        cassette.replay(cassette.load(ROOT / "cassettes" / f"{request.param}.jsonl"), sandbox)
        yield Stack(sandbox, estate, _observed(sandbox, estate))


def _observed(sandbox: Sandbox, estate: Estate) -> Observation:
    return observe(Session(endpoint_url=sandbox.url, target="sandbox"), estate)


def _written(estate: Estate) -> Any:
    """An estate as plain data, but for the times at which it was read."""
    data = json.loads(json.dumps(encode(estate), default=repr))
    for row in data["resources"]:
        row["attributes"].pop("latest_restorable_time", None)
    return data


@pytest.mark.parametrize("size", [1, 2, 7])
def test_inventory_is_the_same_at_any_page_size(stack: Stack, size: int) -> None:
    conditions.set_page_size(stack.sandbox, size)

    seen = _observed(stack.sandbox, stack.declared)

    assert _written(seen.estate) == _written(stack.whole.estate)
    assert (seen.missing, seen.unmanaged, seen.notes) == (stack.whole.missing, stack.whole.unmanaged, stack.whole.notes)
    assert sum(seen.calls.values()) > sum(stack.whole.calls.values())
