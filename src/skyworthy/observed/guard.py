"""What a session lets out of the process: reads, and nothing else."""

import re
from typing import Any

READ_VERBS = ("BatchDescribe", "BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Search", "Select", "Simulate")
"""Verbs that AWS gives to operations that change nothing.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
(access levels List and Read).
"""
SENSITIVE_READS = frozenset({"secretsmanager:GetSecretValue"})
"""Reads of something secret that are allowed all the same; the answer is turned into digests at once."""

_READ_NAME = re.compile(rf"(?:{'|'.join(READ_VERBS)})(?=[A-Z])")
_HANDS_OUT_CREDENTIALS = re.compile(
    r"(?:Credentials?|Tokens?|PasswordData|SecretValue|AccessDetails|SigningCertificate)$"
)
_READS_CONTENT = {
    "codeartifact": re.compile("GetPackageVersionAsset"),
    "codecommit": re.compile("GetBlob|GetFile|GetFolder"),
    "cognito-identity": re.compile("Get(Id|OpenId.*)"),
    "dynamodb": re.compile("(BatchGet|Get)Item"),
    "dynamodbstreams": re.compile("GetRecords"),
    "ec2": re.compile("GetConsole(Output|Screenshot)|GetLaunchTemplateData"),
    "ecr": re.compile("GetDownloadUrlForLayer|BatchGetImage"),
    "glacier": re.compile("GetJobOutput"),
    "kinesis": re.compile("GetRecords|GetShardIterator"),
    "lambda": re.compile("GetFunction|GetLayerVersion.*"),
    "rds": re.compile("DownloadDBLogFilePortion"),
    "s3": re.compile("GetObject|GetObjectTorrent|SelectObjectContent"),
    "sdb": re.compile("Select|GetAttributes"),
    "ssm": re.compile("GetParameter.*|GetCommandInvocation"),
    "swf": re.compile("GetWorkflowExecutionHistory"),
}
"""Operations that are reads by name, but hand out what people stored: content, not configuration."""


class NotARead(Exception):
    """An operation was refused before it left the process, because it is not a read."""


def refusal(service: str, operation: str, *, method: str = "POST") -> str | None:
    """Why an operation is refused.

    The mark ``readonly`` of some service models is no help: it stands on operations that start something, too.

    Args:
        service: botocore's name of the service, ``elbv2``.
        operation: name in the API, ``DescribeRules``.
        method: HTTP method in the service model.

    Returns:
        The reason as a clause, None for a read.
    """
    if f"{service}:{operation}" in SENSITIVE_READS:
        return None
    if _HANDS_OUT_CREDENTIALS.search(operation):
        return "it hands out credentials"
    content = _READS_CONTENT.get(service)
    if content is not None and content.fullmatch(operation):
        return "it reads stored content, not configuration"
    if not _READ_NAME.match(operation):
        return "its name is not that of a read"
    if method not in ("GET", "HEAD", "POST"):
        return f"it is sent as {method}"
    return None


def refusal_of(model: Any) -> str | None:
    """Why an operation is refused, by its botocore ``OperationModel``."""
    return refusal(model.service_model.service_name, model.name, method=str(model.http.get("method", "POST")))


def demand_read(model: Any, **_: Any) -> None:
    """Handler of botocore's events that precede a request.

    Raises:
        NotARead: where the operation is not a read.
    """
    reason = refusal_of(model)
    if reason is not None:
        raise NotARead(f"{model.service_model.service_name}:{model.name} is refused: {reason}; a session only reads")


__all__ = ["READ_VERBS", "SENSITIVE_READS", "NotARead", "demand_read", "refusal", "refusal_of"]
