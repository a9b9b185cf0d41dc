"""The read-only guard, against every operation of every service that botocore knows."""

import re
from typing import Any

import botocore.session
import pytest

from skyworthy.observed import NotARead, Session
from skyworthy.observed.guard import SENSITIVE_READS, SERVICES, refusal, refusal_of
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
CHANGING = {
    "adds", "allocates", "applies", "attaches", "cancels", "changes", "copies", "creates", "decrypts", "deletes",
    "disables", "enables", "encrypts", "exports", "generates", "imports", "initiates", "invokes", "issues", "modifies",
    "publishes", "puts", "registers", "removes", "resets", "restores", "runs", "sends", "sets", "signs", "starts",
    "stops", "updates", "writes",
}  # fmt: skip
TELLING = {
    "describe", "describes", "displays", "get", "gets", "list", "lists", "looks", "provides", "retrieve", "retrieves",
    "returns", "searches", "shows",
}  # fmt: skip


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
    assert len(let_through) > 500
    assert {name.partition(":")[0] for name, _ in let_through} == SERVICES
    assert [name for name, _ in let_through if not READS.match(name.partition(":")[2])] == []
    assert [name for name, _ in let_through if WRITES.match(name.partition(":")[2])] == []
    assert {method for _, method in let_through} == {"GET", "HEAD", "POST"}


def test_the_collectors_speak_to_services_on_the_list_only() -> None:
    assert set(COLLECTED) <= SERVICES


def test_what_is_let_through_does_not_make_or_change_anything_by_its_own_description() -> None:
    """A witness beside the name: the first word of what AWS writes about the operation."""
    told = {
        f"{service}:{name}": _first_word(CORE.get_service_model(service).operation_model(name))
        for service in sorted(SERVICES)
        for name in CORE.get_service_model(service).operation_names
        if refusal_of(_model(f"{service}:{name}")) is None
    }
    assert {name for name, word in told.items() if word in CHANGING} == {
        "ec2:GetFlowLogsIntegrationTemplate",  # it writes a text, and keeps nothing
        "secretsmanager:GetRandomPassword",  # it is not kept anywhere
    }
    assert sum(word in TELLING for word in told.values()) > 0.8 * len(told)


def _first_word(model: Any) -> str:
    text = re.sub("<[^>]+>", " ", model.documentation or "").split()
    return text[0].strip(",.:").lower() if text else ""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ssm:GetParameter", "it is of a service that is not read"),
        ("ssm:GetParameters", "it is of a service that is not read"),
        ("ssm:GetParametersByPath", "it is of a service that is not read"),
        ("ssm:GetParameterHistory", "it is of a service that is not read"),
        ("ssm:StartSession", "it is of a service that is not read"),
        ("lambda:Invoke", "it is of a service that is not read"),
        ("lambda:GetFunction", "it is of a service that is not read"),
        ("rds-data:ExecuteStatement", "it is of a service that is not read"),
        ("rds-data:BatchExecuteStatement", "it is of a service that is not read"),
        ("s3control:GetDataAccess", "it is of a service that is not read"),
        ("lightsail:GetRelationalDatabaseMasterUserPassword", "it is of a service that is not read"),
        ("athena:GetQueryResults", "it is of a service that is not read"),
        ("sts:AssumeRole", "its name is not that of a read"),
        ("sts:AssumeRoleWithWebIdentity", "its name is not that of a read"),
        ("sts:GetSessionToken", "it hands out credentials"),
        ("sts:GetFederationToken", "it hands out credentials"),
        ("logs:StartQuery", "its name is not that of a read"),
        ("logs:GetQueryResults", "it reads stored content, not configuration"),
        ("logs:GetLogEvents", "it reads stored content, not configuration"),
        ("logs:FilterLogEvents", "its name is not that of a read"),
        ("s3:GetObject", "it reads stored content, not configuration"),
        ("s3:GetObjectAttributes", "it reads stored content, not configuration"),
        ("s3:SelectObjectContent", "it reads stored content, not configuration"),
        ("dynamodb:GetItem", "it reads stored content, not configuration"),
        ("dynamodb:Scan", "its name is not that of a read"),
        ("dynamodb:Query", "its name is not that of a read"),
        ("dynamodb:ExecuteStatement", "its name is not that of a read"),
        ("kms:Decrypt", "its name is not that of a read"),
        ("kms:GenerateDataKey", "its name is not that of a read"),
        ("kms:Sign", "its name is not that of a read"),
        ("kms:GetParametersForImport", "it hands out credentials"),
        ("ecr:GetAuthorizationToken", "it hands out credentials"),
        ("ecr:BatchGetImage", "it reads stored content, not configuration"),
        ("ecr:StartImageScan", "its name is not that of a read"),
        ("ecs:ExecuteCommand", "its name is not that of a read"),
        ("ecs:RunTask", "its name is not that of a read"),
        ("ec2:DescribeInstanceAttribute", "it reads stored content, not configuration"),
        ("ec2:DescribeLaunchTemplateVersions", "it reads stored content, not configuration"),
        ("ec2:DescribeVpnConnections", "it reads stored content, not configuration"),
        ("iam:CreateAccessKey", "its name is not that of a read"),
        ("iam:GenerateCredentialReport", "its name is not that of a read"),
        ("secretsmanager:BatchGetSecretValue", "it hands out credentials"),
        ("secretsmanager:PutSecretValue", "it hands out credentials"),
        ("wafv2:ListAPIKeys", "it hands out credentials"),
        ("wafv2:GetSampledRequests", "it reads stored content, not configuration"),
        ("acm:ExportCertificate", "its name is not that of a read"),
        ("sns:Publish", "its name is not that of a read"),
        ("cloudwatch:SetAlarmState", "its name is not that of a read"),
        ("cloudwatch:GetMetricData", None),
        ("s3:GetObjectLockConfiguration", None),
        ("secretsmanager:GetSecretValue", None),
        ("sts:GetCallerIdentity", None),
    ],
)
def test_what_tempts(name: str, reason: str | None) -> None:
    assert refusal_of(_model(name)) == reason


def test_operations_of_the_collected_services_that_read_by_name_and_are_refused_all_the_same() -> None:
    refused = {
        f"{service}:{name}"
        for service in SERVICES
        for name in CORE.get_service_model(service).operation_names
        if READS.match(name) and refusal_of(_model(f"{service}:{name}")) is not None
    }
    assert refused == {
        "acm:GetAcmeExternalAccountBindingCredentials",
        "cloudtrail:GetQueryResults",
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeIpamExternalResourceVerificationTokens",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeVpnConnections",
        "ec2:GetConsoleOutput",
        "ec2:GetConsoleScreenshot",
        "ec2:GetLaunchTemplateData",
        "ec2:GetPasswordData",
        "ec2:GetVpnConnectionDeviceSampleConfiguration",
        "ecr:BatchGetImage",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
        "iam:ListServiceSpecificCredentials",
        "kms:GetParametersForImport",
        "logs:GetLogEvents",
        "logs:GetLogObject",
        "logs:GetLogRecord",
        "logs:GetLookupTable",
        "logs:GetQueryResults",
        "s3:GetObject",
        "s3:GetObjectAcl",
        "s3:GetObjectAnnotation",
        "s3:GetObjectAttributes",
        "s3:GetObjectLegalHold",
        "s3:GetObjectRetention",
        "s3:GetObjectTagging",
        "s3:GetObjectTorrent",
        "s3:SelectObjectContent",
        "secretsmanager:BatchGetSecretValue",
        "sts:GetDelegatedAccessToken",
        "sts:GetFederationToken",
        "sts:GetSessionToken",
        "sts:GetWebIdentityToken",
        "wafv2:GetDecryptedAPIKey",
        "wafv2:GetSampledRequests",
        "wafv2:ListAPIKeys",
    }


def test_one_sensitive_read_is_let_through() -> None:
    assert SENSITIVE_READS.keys() == {"secretsmanager:GetSecretValue"}
    assert all(SENSITIVE_READS.values())
    assert refusal("secretsmanager", "GetSecretValue") is None


@pytest.mark.parametrize(
    ("service", "operation", "method", "reason"),
    [
        ("ec2", "DescribeVpcs", "POST", None),
        ("ec2", "GetRidOfVpc", "PUT", "it is sent as PUT"),
        ("ec2", "Listen", "POST", "its name is not that of a read"),
        ("ec2", "DeleteVpc", "POST", "its name is not that of a read"),
        ("ecr", "BatchDeleteImage", "POST", "its name is not that of a read"),
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
