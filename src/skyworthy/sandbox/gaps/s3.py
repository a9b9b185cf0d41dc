"""S3: access logging of buckets."""

from typing import Any

from botocore.exceptions import ClientError

from skyworthy.sandbox.account.calls import Call
from skyworthy.sandbox.gaps import Clients, precedes, store


def _demands_permissions_first(clients: Clients) -> bool:
    s3 = clients("s3")
    for name in ("probe-site", "probe-logs"):
        s3.create_bucket(Bucket=name)
    target = {"LoggingEnabled": {"TargetBucket": "probe-logs", "TargetPrefix": ""}}
    try:
        s3.put_bucket_logging(Bucket="probe-site", BucketLoggingStatus=target)
    except ClientError:
        return True
    return False


@precedes("s3", "PutBucketLogging", lacking=_demands_permissions_first)
def put_logging(call: Call) -> dict[str, Any] | None:
    """See https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html.

    The target must exist, in the same region; whether its policy lets the logs in shows when they are delivered
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html).
    """
    wanted = call.params.get("BucketLoggingStatus", {}).get("LoggingEnabled")
    buckets = store(call, "s3", "aws").buckets
    bucket, target = buckets.get(call.params["Bucket"]), buckets.get((wanted or {}).get("TargetBucket"))
    if bucket is None or target is None or bucket.region_name != target.region_name:
        return None
    bucket.logging = {key: value for key, value in wanted.items() if value is not None}
    return {}
