"""The read-only guard, against every operation of every service that botocore knows."""

import re

import botocore.session
import pytest

from skyworthy.observed import NotARead, Session
from skyworthy.observed.guard import SENSITIVE_READS, refusal, refusal_of
from skyworthy.observed.tables import tables

CORE = botocore.session.get_session()
COLLECTED = sorted({read.service for read in tables().reads.values()} | {"sts"})
READS = re.compile("Batch(Get|Describe)|Describe|Get|Head|List|Lookup|Search|Select|Simulate")
WRITES = re.compile(
    "Abort|Accept|Add|Allocate|Apply|Archive|Assign|Associate|Assume|Attach|Authorize|Batch(?!Get|Describe)|Cancel|Change|Complete"
    "|Confirm|Copy|Create|Deactivate|Decrypt|Delete|Deregister|Detach|Disable|Disassociate|Enable|Encrypt|Execute|Export"
    "|Generate|Import|Initiate|Invoke|Modify|Move|Publish|Purchase|Put|Reboot|Register|Reject|Release|Remove|Replace|Reset"
    "|Restore|Resume|Revoke|Rotate|Run|Schedule|Send|Set|Sign|Start|Stop|Subscribe|Suspend|Tag|Terminate|Transact|Unassign"
    "|Undeploy|Unmonitor|Unsubscribe|Untag|Update|Upload|Write"
)


def test_everything_that_the_collectors_call_is_let_through() -> None:
    refused = [name for name in tables().operations() if refusal_of(_model(name)) is not None]
    assert refused == []


def test_what_any_service_lets_through_is_a_read() -> None:
    loader = CORE.get_component("data_loader")
    let_through = [
        (f"{service}:{name}", operation["http"]["method"])
        for service in CORE.get_available_services()
        for name, operation in loader.load_service_model(service, "service-2")["operations"].items()
        if refusal(service, name, method=operation["http"]["method"]) is None
    ]
    assert len(let_through) > 5000
    assert [name for name, _ in let_through if not READS.match(name.partition(":")[2])] == []
    assert [name for name, _ in let_through if WRITES.match(name.partition(":")[2])] == []
    assert {method for _, method in let_through} == {"GET", "HEAD", "POST"}


def test_operations_of_the_collected_services_that_read_by_name_and_are_refused_all_the_same() -> None:
    refused = {
        f"{service}:{name}"
        for service in COLLECTED
        for name in CORE.get_service_model(service).operation_names
        if READS.match(name) and refusal_of(_model(f"{service}:{name}")) is not None
    }
    assert refused == {
        "acm:GetAcmeExternalAccountBindingCredentials",
        "ec2:DescribeIpamExternalResourceVerificationTokens",
        "iam:ListServiceSpecificCredentials",
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "ec2:GetConsoleOutput",
        "ec2:GetConsoleScreenshot",
        "ec2:GetLaunchTemplateData",
        "ec2:GetPasswordData",
        "ecr:BatchGetImage",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
        "s3:GetObject",
        "s3:GetObjectTorrent",
        "s3:SelectObjectContent",
        "secretsmanager:BatchGetSecretValue",
        "sts:GetDelegatedAccessToken",
        "sts:GetFederationToken",
        "sts:GetSessionToken",
        "sts:GetWebIdentityToken",
    }


def test_one_sensitive_read_is_let_through() -> None:
    assert {"secretsmanager:GetSecretValue"} == SENSITIVE_READS
    assert refusal("secretsmanager", "GetSecretValue") is None


@pytest.mark.parametrize(
    ("service", "operation", "method", "reason"),
    [
        ("ec2", "DescribeVpcs", "POST", None),
        ("ec2", "GetRidOfVpc", "PUT", "it is sent as PUT"),
        ("ec2", "Listen", "POST", "its name is not that of a read"),
        ("ec2", "DeleteVpc", "POST", "its name is not that of a read"),
        ("ivs", "BatchStartViewerSessionRevocation", "POST", "its name is not that of a read"),
        ("sts", "GetSessionToken", "POST", "it hands out credentials"),
        ("s3", "GetObject", "GET", "it reads stored content, not configuration"),
    ],
)
def test_reasons(service: str, operation: str, method: str, reason: str | None) -> None:
    assert refusal(service, operation, method=method) == reason


def test_a_write_never_leaves_the_process() -> None:
    session = Session(endpoint_url="http://127.0.0.1:9", target="sandbox")  # nothing listens there
    with pytest.raises(NotARead, match="ec2:DeleteVpc is refused: its name is not that of a read"):
        session.client("ec2").delete_vpc(VpcId="vpc-1")
    with pytest.raises(NotARead, match="s3:PutObject"):
        session.client("s3").generate_presigned_url("put_object", Params={"Bucket": "b", "Key": "k"})
    with pytest.raises(NotARead, match="s3:GetObject is refused"):
        session.client("s3").get_object(Bucket="b", Key="k")
    assert session.calls.total == 0


def _model(name: str) -> object:
    service, _, operation = name.partition(":")
    return CORE.get_service_model(service).operation_model(operation)
