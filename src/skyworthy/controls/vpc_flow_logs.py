"""Flow logs that go to a bucket."""

from skyworthy.behavior.permissions import Context, Policies, Principal, arn_of, document, may
from skyworthy.behavior.permissions.probes import ACCOUNT, LATER, REGION
from skyworthy.behavior.references import naming
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Template, Value

_BUCKET, _POLICY = "aws_s3_bucket", "aws_s3_bucket_policy"
_SERVICE = "delivery.logs.amazonaws.com"


@control(
    "vpc.flow-logs-deliverable",
    on="aws_flow_log",
    severity="medium",
    refs=["REQ REF-1"],
    lenses=("declared",),
)
def flow_logs_can_be_delivered(flow_log: Resource, estate: Estate) -> None:
    """The bucket of flow logs lets them in.

    Why: a policy of your own takes the place of the one that AWS would add, and what it shuts out is lost.
    Fix: allow `delivery.logs.amazonaws.com` `s3:PutObject` on `AWSLogs/*` and `s3:GetBucketAcl` on the bucket.
    """
    if flow_log["log_destination_type"] != "s3":
        not_applicable("they go to no bucket")
    bucket, folder = _destination(flow_log["log_destination"], estate)
    policies = naming(estate, bucket, "bucket", _POLICY) if bucket is not None else ()
    if bucket is None or not policies:
        not_applicable("AWS adds what they need to the policy of their bucket")
        return
    label = f"the policy of {bucket.address}"
    policy = Policies(resource=document(policies[0].peek("policy"), estate, label))
    account = Principal(_SERVICE, "service", ACCOUNT)
    source = Template(("arn:aws:logs:", REGION, ":", ACCOUNT, ":source"))
    keys = {
        "aws:SourceAccount": ACCOUNT,
        "aws:SourceArn": source,
        "s3:x-amz-acl": "bucket-owner-full-control",
        "aws:SecureTransport": "true",
    }
    key = Template((*_parts(arn_of(bucket)), f"{folder}/AWSLogs/", ACCOUNT, "/vpcflowlogs/"))
    for action, target in (("s3:PutObject", key), ("s3:GetBucketAcl", arn_of(bucket))):
        decision = may(policy, action, target, Context(keys, LATER), principal=account, estate=estate)
        assert decision.allowed, f"{label} does not let {_SERVICE} {action}"


def _destination(value: Value, estate: Estate) -> tuple[Resource | None, str]:
    """The bucket that flow logs go to, and the folder in it, such as ``/flow``."""
    if isinstance(value, Template) and len(value.parts) == 2 and isinstance(value.parts[1], str):
        head, folder = value.parts
        return estate.find(head, _BUCKET), folder.rstrip("/")
    if isinstance(value, str):
        head, _, folder = value.partition("/")
        return estate.find(head, _BUCKET), f"/{folder}".rstrip("/")
    return estate.find(value, _BUCKET), ""


def _parts(arn: Value) -> tuple[Value, ...]:
    return arn.parts if isinstance(arn, Template) else (arn,)
