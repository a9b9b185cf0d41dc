"""Why a call gave no answer, as the Unknown that takes the place of what it would have told."""

import re

from botocore import exceptions

from skyworthy.estate import Unknown
from skyworthy.observed.call_log import TooLate
from skyworthy.observed.credentials import EXPIRED

_DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "Forbidden",
           "NotAuthorized", "UnauthorizedOperation", "AccessDeniedFault", "403")  # fmt: skip
_THROTTLED = (
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "TooManyRequestsException",
    "SlowDown",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
)
_PERMISSIONS = {
    "budgets:DescribeBudget": "budgets:ViewBudget",
    "budgets:DescribeBudgets": "budgets:ViewBudget",
    "budgets:DescribeNotificationsForBudget": "budgets:ViewBudget",
    "budgets:DescribeSubscribersForNotification": "budgets:ViewBudget",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
}
"""Operations whose permission bears another name.

Source: the service authorization reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html and its siblings.
"""
_SERVICES = {
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
    "stepfunctions": "states",
}
_NOT_AUTHORIZED = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)")
"""How AWS names the missing action; it may be another than that of the call, such as ``kms:Decrypt``."""
_KMS = re.compile(r"\bKMS\b")


def permission_of(service: str, operation: str) -> str:
    """The IAM action that an operation needs, ``elasticloadbalancing:DescribeRules``."""
    return _PERMISSIONS.get(f"{service}:{operation}", f"{_SERVICES.get(service, service)}:{operation}")


def _missing(error: Exception, service: str, operation: str) -> str:
    """The permission that is missing: as the answer names it, else that of the operation."""
    message = (
        str(error.response.get("Error", {}).get("Message", "")) if isinstance(error, exceptions.ClientError) else ""
    )
    named = _NOT_AUTHORIZED.search(message)
    permission = named[1] if named else permission_of(service, operation)
    if not named and service == "secretsmanager" and _KMS.search(message):
        permission = "kms:Decrypt on the key of the secret"
    return f"{permission} (an explicit deny stands against it)" if "explicit deny" in message else permission


def code_of(error: Exception) -> str:
    """The error code in the answer; empty where there was no answer."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, exceptions.ClientError) else ""


def as_unknown(error: Exception, service: str, operation: str) -> Unknown:
    """What stands in the place of an answer: Unknown with ``denied``, which makes the verdict *error*.

    Args:
        error: a ``ClientError`` or ``BotoCoreError``.
        service: botocore's name of the service.
        operation: name in the API.
    """
    name = f"{service}:{operation}"
    code = code_of(error)
    if code in _DENIED:
        return Unknown(f"denied: {name} needs permission {_missing(error, service, operation)}", denied=True)
    if code in EXPIRED:
        return Unknown(f"failed: {name}: the credentials expired before it was answered", denied=True)
    if isinstance(error, TooLate):
        return Unknown(f"not read in time: {name} came after the deadline", denied=True)
    if code in _THROTTLED:
        return Unknown(f"throttled: {name} was refused again and again ({code})", denied=True)
    if isinstance(error, exceptions.ClientError):
        message = error.response.get("Error", {}).get("Message", "")
        return Unknown(f"failed: {name}: {code}: {message}".rstrip(": "), denied=True)
    return Unknown(f"failed: {name}: {error}", denied=True)
