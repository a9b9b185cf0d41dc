"""Controls of S3 buckets."""

from skyworthy.behavior.permissions.strangers import stranger_may
from skyworthy.behavior.references import naming
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable

_BUCKET = "aws_s3_bucket"
_BLOCK = "aws_s3_bucket_public_access_block"
_ACCOUNT_BLOCK = "aws_s3_account_public_access_block"
_SETTINGS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_OPEN_TO_ALL = ("s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy")


@control(
    "s3.public-access-blocked",
    on=_BUCKET,
    severity="high",
    refs=["REQ IAM-1", "REQ REF-4", "REQ REF-12", "FSBP S3.8", "CIS 2.1.4"],
)
def public_access_is_blocked(bucket: Resource, estate: Estate) -> None:
    """Nothing opens a bucket to the public.

    Why: S3 closes a new bucket by itself, and a block with a setting left out or false opens it again: then one
    careless policy or ACL publishes what the bucket holds.
    Fix: set all four settings of the `aws_s3_bucket_public_access_block` to true, or remove it.
    """
    blocks = naming(estate, bucket, "bucket", _BLOCK)
    if not blocks:
        if estate.origin == "observed":
            raise Undecidable("it has no public access block of its own; the account's is not read")
        return
    findings = Findings()
    for name in _SETTINGS:
        with findings.question():
            closed = any(block[name] for block in (*blocks, *estate.of(_ACCOUNT_BLOCK)))
            assert closed, f"{blocks[0].address} does not set {name}"
    findings.conclude()


@control(
    "s3.policy-not-public",
    on=(_BUCKET, "aws_s3_bucket_policy"),
    severity="critical",
    refs=["REQ IAM-1", "REQ REF-4", "REQ REF-12", "FSBP S3.2", "FSBP S3.3", "CKV_AWS_70"],
)
def bucket_policy_is_not_public(holder: Resource, estate: Estate) -> None:
    """The policy of a bucket lets in nobody from outside.

    Why: what everybody may read is copied within minutes, and what everybody may write fills the bill.
    Fix: name the accounts, roles or services in `Principal`; serve public files through a distribution.
    """
    value = holder.attributes.get("policy")
    if value is None or (isinstance(value, (str, dict)) and not value):
        not_applicable("it has no policy of its own")
    actions = [action for action in _OPEN_TO_ALL if stranger_may(value, action, estate, holder.address)]
    assert not actions, f"it is public: its policy allows {', '.join(actions)} to everybody"
