"""Why a call gave no answer, as the Unknown that takes the place of what it would have told."""

from botocore import exceptions

from skyworthy.estate import Unknown

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
_SERVICES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}


def permission_of(service: str, operation: str) -> str:
    """The IAM action that an operation needs, ``elasticloadbalancing:DescribeRules``."""
    return _PERMISSIONS.get(f"{service}:{operation}", f"{_SERVICES.get(service, service)}:{operation}")


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
        return Unknown(f"denied: {name} needs permission {permission_of(service, operation)}", denied=True)
    if code in _THROTTLED:
        return Unknown(f"throttled: {name} was refused again and again ({code})", denied=True)
    if isinstance(error, exceptions.ClientError):
        message = error.response.get("Error", {}).get("Message", "")
        return Unknown(f"failed: {name}: {code}: {message}".rstrip(": "), denied=True)
    return Unknown(f"failed: {name}: {error}", denied=True)
