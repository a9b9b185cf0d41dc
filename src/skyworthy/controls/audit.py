"""Controls of the audit services, CloudTrail and AWS Config: that bucket and key let in what they write."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from skyworthy.behavior.permissions import PolicyDocument
from skyworthy.behavior.permissions.attachments import key_policy
from skyworthy.behavior.permissions.identifiers import NOBODY
from skyworthy.behavior.permissions.strangers import ACCOUNT, OWN_ACCOUNT, acting_service_may
from skyworthy.controls.alb_logs import bucket_policies, first_of_key, may_speak_of
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Template, Value, show

_TRAIL, _CHANNEL = "aws_cloudtrail", "aws_config_delivery_channel"
_RECORDER = "aws_config_configuration_recorder"


@dataclass(frozen=True)
class _Writer:
    """What an audit service asks of the bucket and the key that it writes with.

    Args:
        service: its principal.
        sends: the service in the ARNs that it sends as ``aws:SourceArn``.
        key: the attribute that names the KMS key.
        of_bucket: actions on the bucket.
        of_key: actions on the key.
    """

    service: str
    sends: str
    key: str
    of_bucket: tuple[str, ...]
    of_key: tuple[str, ...]


_WRITERS: Mapping[str, _Writer] = {
    _TRAIL: _Writer(
        "cloudtrail.amazonaws.com",
        "cloudtrail",
        "kms_key_id",
        ("s3:GetBucketAcl", "s3:PutObject"),
        ("kms:GenerateDataKey", "kms:DescribeKey"),
    ),
    _CHANNEL: _Writer(
        "config.amazonaws.com",
        "config",
        "s3_kms_key_arn",
        ("s3:GetBucketAcl", "s3:ListBucket", "s3:PutObject"),
        ("kms:GenerateDataKey", "kms:Decrypt"),
    ),
}
"""Sources: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html,
https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html,
https://docs.aws.amazon.com/config/latest/developerguide/s3-kms-key-policy.html"""


@control("audit.can-deliver", on=tuple(_WRITERS), severity="high", refs=["REQ REF-10"], lenses=("declared",))
def audit_service_can_deliver(writer: Resource, estate: Estate) -> None:
    """The bucket and the key of a trail, or of AWS Config, let the service write.

    Why: AWS refuses a trail whose bucket shuts it out; where the policy is changed later, the trail stays and the
    history ends.
    Fix: allow the service `s3:GetBucketAcl` on the bucket and `s3:PutObject` under `AWSLogs/`, where a condition on
    `s3:x-amz-acl` says `bucket-owner-full-control`, and in the key's policy `kms:GenerateDataKey*`.
    """
    asked = _WRITERS[writer.type]
    findings = Findings()
    for policy, action in _demands(writer, estate):
        with findings.question():
            may = acting_service_may(policy, action, estate, asked.service, _for_this_account(writer))
            assert may, f"{policy.label} does not let {asked.service} {action}"
    findings.conclude()


@control("audit.limits-source", on=tuple(_WRITERS), severity="low", refs=["REQ REF-10"], lenses=("declared",))
def audit_service_acts_for_this_account(writer: Resource, estate: Estate) -> None:
    """Bucket and key of a trail, or of AWS Config, let the service write for this account only.

    Why: the service acts for every account; whoever knows the bucket's name can have it fill the audit log.
    Fix: a condition on `aws:SourceArn`, the trail's, or on `aws:SourceAccount`.
    """
    asked = _WRITERS[writer.type]
    strange = {
        "aws:SourceAccount": ACCOUNT,
        "aws:SourceArn": Template((f"arn:aws:{asked.sends}:us-east-1:", ACCOUNT, ":", Reference(NOBODY, "name"))),
    }
    findings = Findings()
    for policy, action in _demands(writer, estate):
        with findings.question():
            may = acting_service_may(policy, action, estate, asked.service, strange)
            assert not may, f"{policy.label} lets {asked.service} {action} whichever account it acts for"
    findings.conclude()


def _for_this_account(writer: Resource) -> Mapping[str, Value]:
    arn: Value = Reference(writer.address, "arn")
    if writer.type == _CHANNEL:  # it has no ARN; AWS Config sends one of its own
        region = Reference("data.aws_region.this", "name")
        arn = Template(("arn:aws:config:", region, ":", OWN_ACCOUNT, ":", Reference(NOBODY, "name")))
    return {"aws:SourceAccount": OWN_ACCOUNT, "aws:SourceArn": arn, "s3:x-amz-acl": "bucket-owner-full-control"}


def _demands(writer: Resource, estate: Estate) -> Iterator[tuple[PolicyDocument, str]]:
    """Each policy that has to let the service in, and the action; the bucket's without what is about other objects."""
    asked = _WRITERS[writer.type]
    if writer.type == _CHANNEL and not any(_is_service_linked(item) for item in estate.of(_RECORDER)):
        not_applicable("AWS Config writes under the role of its recorder")
    bucket = estate.find(writer["s3_bucket_name"], "aws_s3_bucket")
    if bucket is None:
        not_applicable("its bucket is not part of this stack")
        return
    own = bucket_policies(bucket, asked.service, estate)[0]
    first = first_of_key(writer.peek("s3_key_prefix"))
    about = tuple(item for item in own.statements if item.effect == "Deny" or _speaks_of(item.resources, first))
    for action in asked.of_bucket:
        yield (replace(own, statements=about) if action == "s3:PutObject" else own), action
    key = estate.find(writer.peek(asked.key), "aws_kms_key") if writer.peek(asked.key) else None
    if key is not None:
        for action in asked.of_key:
            yield key_policy(key, estate), action


def _speaks_of(resources: tuple[Value, ...] | None, first: str) -> bool:
    return resources is None or any(may_speak_of(item, first) for item in resources)


def _is_service_linked(recorder: Resource) -> bool:
    role = show(recorder.peek("role_arn"))
    return "aws-service-role" in role or "service_linked_role" in role
