"""What keeps Terraform's state, and must be there before: the bucket and the lock table that a backend block names."""

from skyworthy.estate.configuration import Backend
from skyworthy.sandbox.server import Sandbox
from skyworthy.sandbox.terraform.seeds import once

_ENCRYPTED = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}]}
_CLOSED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


def keep_state(backend: Backend | None, sandbox: Sandbox) -> None:
    """Make what a bootstrap makes: a bucket that keeps versions, encrypted and closed, and a table with the key LockID.

    A sandbox keeps no state in them; they are there for those who look. What is there already stays as it is.

    Args:
        backend: of the root module; where it is none of S3, or names no bucket, nothing is made.
        sandbox: where to make it.
    """
    known = backend.attributes if backend is not None and backend.type == "s3" else {}
    bucket, table, region = (known.get(name) for name in ("bucket", "dynamodb_table", "region"))
    where = region if isinstance(region, str) else sandbox.region
    if isinstance(bucket, str):
        _bucket(bucket, where, sandbox)
    if isinstance(table, str):
        once(
            sandbox.client("dynamodb", where).create_table,
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        )


def _bucket(name: str, region: str, sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3", region)
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    if name in {item["Name"] for item in s3.list_buckets()["Buckets"]} or not once(
        s3.create_bucket, Bucket=name, **place
    ):
        return
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=_ENCRYPTED)
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_CLOSED)
