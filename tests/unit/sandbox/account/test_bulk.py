"""Many calls in one request: in order, the later ones with what the earlier ones answered."""

from typing import Any

import pytest

from skyworthy.errors import BadInput
from skyworthy.sandbox.server import Sandbox


def _call(service: str, operation: str, name: str = "", **parameters: Any) -> dict[str, Any]:
    call: dict[str, Any] = {"service": service, "operation": operation, "parameters": parameters}
    return call | ({"name": name} if name else {})


def _carry_out(sandbox: Sandbox, *calls: dict[str, Any], region: str = "us-east-1", **known: Any) -> Any:
    return sandbox.control("POST", "calls", {"calls": calls, "known": known, "region": region})


def test_each_protocol_and_answers_of_earlier_calls(sandbox: Sandbox) -> None:
    told = _carry_out(
        sandbox,
        _call("ec2", "CreateVpc", "vpc", CidrBlock="10.9.0.0/16"),
        _call("ec2", "CreateSubnet", VpcId="${vpc.Vpc.VpcId}", CidrBlock="10.9.1.0/24"),
        _call("sns", "CreateTopic", "topic", Name="bulk"),
        _call("logs", "CreateLogGroup", logGroupName="/bulk"),
        _call("s3", "CreateBucket", Bucket="bulk"),
        _call(
            "s3", "PutBucketTagging", Bucket="bulk", Tagging={"TagSet": [{"Key": "k", "Value": "${topic.TopicArn}!"}]}
        ),
        _call("guardduty", "CreateDetector", "detector", Enable=True),
        _call("ec2", "CreateSecurityGroup", "made", GroupName="bulk", Description="d", VpcId="${vpc.Vpc.VpcId}"),
        _call("ec2", "DescribeSecurityGroups", "seen", GroupIds=["${made.GroupId}"]),
        _call("ec2", "CreateTags", Resources=["${seen.SecurityGroups.0.GroupId}"], Tags=[{"Key": "k", "Value": "v"}]),
    )

    assert sorted(told) == ["detector", "made", "seen", "topic", "vpc"]
    topic = "arn:aws:sns:us-east-1:123456789012:bulk"
    assert told["topic"] == {"TopicArn": topic}
    subnets = sandbox.client("ec2").describe_subnets(
        Filters=[{"Name": "vpc-id", "Values": [told["vpc"]["Vpc"]["VpcId"]]}]
    )
    assert [subnet["CidrBlock"] for subnet in subnets["Subnets"]] == ["10.9.1.0/24"]
    assert sandbox.client("s3").get_bucket_tagging(Bucket="bulk")["TagSet"] == [{"Key": "k", "Value": f"{topic}!"}]
    assert sandbox.client("logs").describe_log_groups()["logGroups"][0]["logGroupName"] == "/bulk"
    assert sandbox.client("guardduty").list_detectors()["DetectorIds"] == [told["detector"]["DetectorId"]]
    groups = sandbox.client("ec2").describe_security_groups(Filters=[{"Name": "tag:k", "Values": ["v"]}])
    assert [group["GroupId"] for group in groups["SecurityGroups"]] == [told["made"]["GroupId"]]


def test_answers_of_an_earlier_request_can_be_given(sandbox: Sandbox) -> None:
    _carry_out(sandbox, _call("sqs", "CreateQueue", QueueName="of-${vpc.Vpc.VpcId}"), vpc={"Vpc": {"VpcId": "vpc-1"}})

    assert sandbox.client("sqs").get_queue_url(QueueName="of-vpc-1")["QueueUrl"].endswith("/of-vpc-1")


def test_region_is_heeded(sandbox: Sandbox) -> None:
    _carry_out(sandbox, _call("sqs", "CreateQueue", QueueName="there"), region="eu-west-1")

    assert "QueueUrls" not in sandbox.client("sqs").list_queues()
    assert len(sandbox.client("sqs", "eu-west-1").list_queues()["QueueUrls"]) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            _call("sns", "GetTopicAttributes", TopicArn="arn:aws:sns:us-east-1:123456789012:none"),
            "sns:GetTopicAttributes: 404 ",
        ),
        (_call("sqs", "CreateQueue", QueueName="${nothing.Here}"), "KeyError: 'nothing'"),
        (_call("sqs", "NoSuchThing"), "NoSuchThing"),
        (_call("sqs", "CreateQueue"), "sqs:CreateQueue: Parameter validation failed"),
    ],
    ids=["refused", "no such answer", "no such operation", "invalid parameters"],
)
def test_refused_call_is_an_error_that_names_it(sandbox: Sandbox, call: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as error:
        _carry_out(sandbox, call)

    assert message in str(error.value)
