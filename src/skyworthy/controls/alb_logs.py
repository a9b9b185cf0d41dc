"""Access logs of load balancers."""

import re

from skyworthy.behavior.elb_accounts import ELB_ACCOUNTS
from skyworthy.behavior.network import BALANCERS
from skyworthy.behavior.permissions import PolicyDocument, Statement, document
from skyworthy.behavior.permissions.identifiers import scope_of
from skyworthy.behavior.references import absent, naming, undecided
from skyworthy.controls.alb import application_only
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, Value, show


@control(
    "alb.access-logs-enabled",
    on=BALANCERS,
    severity="medium",
    refs=["REQ REF-4", "FSBP ELB.5", "CKV_AWS_91"],
)
def access_is_logged(balancer: Resource) -> None:
    """The load balancer writes access logs.

    Why: after an incident they are the only record of who asked for what.
    Fix: an `access_logs` block with a bucket and `enabled = true`.
    """
    application_only(balancer)
    logs = balancer.block("access_logs")
    enabled = logs.get("enabled")
    if isinstance(enabled, Unknown):
        raise Undecidable(f"access_logs of {balancer.address}: {enabled.reason}", denied=enabled.denied)
    assert enabled and logs.get("bucket"), "access logs are off"


@control(
    "alb.access-logs-deliverable",
    on=BALANCERS,
    severity="medium",
    refs=["REQ REF-4"],
)
def access_logs_can_be_delivered(balancer: Resource, estate: Estate) -> None:
    """The buckets of the access and connection logs let Elastic Load Balancing write into them.

    Why: AWS refuses to switch logging on for a bucket it cannot write to, and the apply stops there.
    Fix: an `aws_s3_bucket_policy` that allows `logdelivery.elasticloadbalancing.amazonaws.com` `s3:PutObject` under
    the prefix of each, and AES256 as the bucket's encryption: an Application Load Balancer writes with no key of KMS.
    """
    logs = [
        block for block in (balancer.block("access_logs"), balancer.block("connection_logs")) if block.get("bucket")
    ]
    written = [(estate.find(block["bucket"], "aws_s3_bucket"), block.get("prefix")) for block in logs]
    if all(bucket is None for bucket, _ in written):
        not_applicable("its logs go to no bucket of this stack")
    findings = Findings()
    for bucket, prefix in written:
        if bucket is not None:
            with findings.question():
                _assert_admitted(bucket, prefix, estate)
            with findings.question():
                if balancer["load_balancer_type"] == "application":
                    _assert_key_of_s3(bucket, estate)
    findings.conclude()


def _assert_admitted(bucket: Resource, prefix: Value, estate: Estate) -> None:
    documents = bucket_policies(bucket, "Elastic Load Balancing", estate)
    key = first_of_key(prefix)
    region = scope_of(estate).region
    writers = [each for item in documents for each in item.statements if _lets_write(each, region)]
    if any(each.resources is None or any(may_speak_of(item, key) for item in each.resources) for each in writers):
        return
    unknown = next((item.unknown for item in documents if item.unknown is not None), None)
    if unknown is not None:
        raise undecided(unknown, documents[0].label)
    assert not writers, f"{documents[0].label} lets Elastic Load Balancing write, but not under {key}"
    raise AssertionError(f"{documents[0].label} does not let Elastic Load Balancing write into it")


def _assert_key_of_s3(bucket: Resource, estate: Estate) -> None:
    """Assert that a bucket encrypts with S3's own keys, where it says with which.

    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    for item in naming(estate, bucket, "bucket", "aws_s3_bucket_server_side_encryption_configuration"):
        for rule in item["rule"] or ():
            for default in rule.get("apply_server_side_encryption_by_default") or ():
                algorithm = default.get("sse_algorithm")
                if isinstance(algorithm, Unknown):
                    raise undecided(algorithm, f"sse_algorithm of {item.address}")
                assert not str(algorithm).startswith("aws:kms"), (
                    f"{bucket.address} encrypts with {algorithm}, and an Application Load Balancer writes AES256 only"
                )


def bucket_policies(bucket: Resource, writer: str, estate: Estate) -> list[PolicyDocument]:
    """The policies of a bucket into which somebody is to write; without one nobody else's service can."""
    policies = naming(estate, bucket, "bucket", "aws_s3_bucket_policy")
    if not policies:
        raise absent(estate, f"{bucket.address} has no policy: {writer} cannot write into it")
    return [document(item.peek("policy"), estate, f"the policy of {bucket.address}") for item in policies]


def first_of_key(prefix: Value) -> str:
    """What the keys of the objects begin with that a service of AWS writes under a prefix."""
    if isinstance(prefix, Unknown):
        raise prefix.undecidable()
    return f"{show(prefix)}/AWSLogs/" if prefix else "AWSLogs/"


def may_speak_of(resource: Value, key: str) -> bool:
    """Whether the resource of a statement speaks of objects whose key begins so, as far as it is written out."""
    text = show(resource)
    written = re.split(r"[*?]|\(unknown", _BUCKET.sub("", text, count=1), maxsplit=1)[0]
    whole = not written and not re.search(r"[*?]|\(unknown", text)  # the bucket itself, no object in it
    return not whole and (key.startswith(written) or written.startswith(key))


_BUCKET = re.compile(r"^(\$\{[^}]*\}|arn:[^/]*|\*)/?")
"""The bucket of an object's ARN, by name or reference."""


def _lets_write(statement: Statement, region: str) -> bool:
    """Whether a statement lets Elastic Load Balancing, as a service or by its account, put objects."""
    if statement.effect != "Allow":
        return False
    actions = [str(action).lower() for action in statement.actions or ()]
    if not any(action in ("s3:*", "*", "s3:put*") or action.startswith("s3:putobject") for action in actions):
        return False
    principals = statement.principals or {}
    services = [show(item) for item in principals.get("Service", ())]
    accounts = {each for item in principals.get("AWS", ()) for each in re.findall(r"\d{12}", show(item))}
    if accounts & ELB_ACCOUNTS.keys() and region:
        return any(ELB_ACCOUNTS.get(account) == region for account in accounts)
    others = [item for item in map(show, principals.get("AWS", ())) if "aws_caller_identity" not in item]
    return bool(others) or any("elasticloadbalancing" in item or "delivery.logs" in item for item in services)
