"""What a session lets out of the process: reads, and nothing else."""

import re
from typing import Any

READ_VERBS = ("BatchDescribe", "BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Search", "Select", "Simulate")
"""Verbs that AWS gives to operations that change nothing.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
(access levels List and Read).
"""
SERVICES = frozenset(
    {
        "acm",
        "application-autoscaling",
        "budgets",
        "cloudtrail",
        "cloudwatch",
        "config",
        "dynamodb",
        "ec2",
        "ecr",
        "ecs",
        "elasticache",
        "elbv2",
        "guardduty",
        "iam",
        "kms",
        "logs",
        "rds",
        "resourcegroupstaggingapi",
        "s3",
        "secretsmanager",
        "service-quotas",
        "sns",
        "sts",
        "wafv2",
    }
)
"""The services that are spoken to at all, by botocore's names. What is let through of each was looked through; before a
service is added here, look which of its reads hand out content or credentials."""
SENSITIVE_READS = {
    "secretsmanager:GetSecretValue": "SEC-4 asks for its keys and whether a value is empty or a placeholder",
}
"""Reads of something secret that are allowed all the same, and why; the answer is turned into digests at once."""

_READ_NAME = re.compile(rf"(?:{'|'.join(READ_VERBS)})(?=[A-Z])")
_HANDS_OUT_CREDENTIALS = re.compile(
    r"(?:Credentials?|Tokens?|PasswordData|SecretValue|AccessDetails|SigningCertificate|APIKeys?|ParametersForImport)$"
)
_READS_CONTENT = {
    "cloudtrail": re.compile("GetQueryResults"),
    "dynamodb": re.compile("(BatchGet|Get)Item"),
    "ec2": re.compile(
        "GetConsole(Output|Screenshot)|GetLaunchTemplateData|DescribeLaunchTemplateVersions|DescribeInstanceAttribute"
        "|DescribeVpnConnections|GetVpnConnectionDeviceSampleConfiguration"
    ),
    "ecr": re.compile("GetDownloadUrlForLayer|BatchGetImage"),
    "logs": re.compile("Get(LogEvents|LogRecord|LogObject|LookupTable|QueryResults)"),
    "s3": re.compile("GetObject(?!LockConfiguration).*|SelectObjectContent"),
    "wafv2": re.compile("GetSampledRequests"),
}
"""Operations that are reads by name, but hand out what people stored or sent: content, not configuration. Log events,
user data of machines, pre-shared keys of tunnels and sampled requests with their cookies are such content."""


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
    if service not in SERVICES:
        return "it is of a service that is not read"
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


__all__ = ["READ_VERBS", "SENSITIVE_READS", "SERVICES", "NotARead", "demand_read", "refusal", "refusal_of"]
