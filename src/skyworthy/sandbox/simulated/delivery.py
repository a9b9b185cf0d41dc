"""Whether an AWS service may write into a bucket, by the bucket's own policy."""

import json
from typing import Any

from moto.s3.models import s3_backends


def refusal(account: str, bucket: str, service: str) -> str:
    """Why a service cannot deliver to a bucket: an S3 error code, or empty where it can.

    A statement that allows the service `s3:PutObject` is taken for enough; its conditions are not weighed.

    Args:
        account: whose bucket it is.
        bucket: its name.
        service: the principal, `cloudtrail.amazonaws.com`.
    """
    found = s3_backends[account]["aws"].buckets.get(bucket)
    if found is None:
        return "NoSuchBucket"
    statements = json.loads(found.policy or "{}").get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    return "" if any(_lets_write(item, service) for item in listed) else "AccessDenied"


def _lets_write(statement: dict[str, Any], service: str) -> bool:
    principal = statement.get("Principal")
    services = _list(principal.get("Service")) if isinstance(principal, dict) else []
    actions = {str(action).lower() for action in _list(statement.get("Action"))}
    writes = actions & {"s3:putobject", "s3:put*", "s3:*", "*"}
    return statement.get("Effect") == "Allow" and service in services and bool(writes)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
