"""Controls of S3 buckets."""

from collections.abc import Mapping

from skyworthy.behavior.permissions import arn_of, document
from skyworthy.behavior.permissions.memory import remembered
from skyworthy.behavior.permissions.strangers import certainly_denied, stranger_may
from skyworthy.behavior.references import absent
from skyworthy.controls.findings import Findings
from skyworthy.controls.policy import policy_of
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Template, Undecidable, Unknown, Value

_BUCKET = "aws_s3_bucket"
_BLOCK = "aws_s3_bucket_public_access_block"
_ACCOUNT_BLOCK = "aws_s3_account_public_access_block"
_ENCRYPTION = "aws_s3_bucket_server_side_encryption_configuration"
_BALANCERS = ("aws_lb", "aws_alb")
_SETTINGS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_NOBODYS = ""
_OPEN_TO_ALL = ("s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy")


def _settings_of(bucket: Resource, kind: str, estate: Estate) -> tuple[Resource, ...]:
    """The resources of a type that set something of a bucket.

    Raises:
        Undecidable: where none is known to, and of some it is unknown whose they are.
    """
    by_bucket = remembered(estate, ("of buckets", kind), lambda: _by_bucket(kind, estate))
    found = by_bucket.get(bucket.address, [])
    for other in by_bucket.get(_NOBODYS, []) if not found else ():
        estate.find(other["bucket"], _BUCKET)
    return tuple(found)


def _by_bucket(kind: str, estate: Estate) -> dict[str, list[Resource]]:
    """The resources of a type by the address of their bucket; those whose bucket is not known by an empty one."""
    found: dict[str, list[Resource]] = {}
    for item in estate.of(kind):
        try:
            bucket = estate.find(item.peek("bucket"), _BUCKET)
        except Undecidable:
            found.setdefault(_NOBODYS, []).append(item)
            continue
        if bucket is not None:
            found.setdefault(bucket.address, []).append(item)
    return found


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
    blocks = _settings_of(bucket, _BLOCK, estate)
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
    "s3.public-access-declared",
    on=_BUCKET,
    severity="low",
    refs=["REQ IAM-1", "REQ REF-12", "CKV2_AWS_6"],
    lenses=("declared",),
)
def public_access_block_stands_in_the_code(bucket: Resource, estate: Estate) -> None:
    """The code says that a bucket is closed to the public.

    Why: S3 closes a new bucket by itself, but what the code does not say, no plan puts back: whoever opens the bucket
    by hand is never noticed.
    Fix: an `aws_s3_bucket_public_access_block` for the bucket, or an `aws_s3_account_public_access_block`.
    """
    if not _settings_of(bucket, _BLOCK, estate) and not estate.of(_ACCOUNT_BLOCK):
        raise absent(estate, f"no {_BLOCK} is for it")


@control(
    "s3.encryption-declared",
    on=_BUCKET,
    severity="low",
    refs=["REQ DAT-1", "REQ REF-12", "CKV_AWS_19"],
    lenses=("declared",),
)
def encryption_stands_in_the_code(bucket: Resource, estate: Estate) -> None:
    """The code says how the objects of a bucket are encrypted.

    Why: S3 encrypts with keys of its own where nothing is said; who may read is then not asked by any key's policy,
    and what the code does not say, no plan puts back.
    Fix: an `aws_s3_bucket_server_side_encryption_configuration` for the bucket, `aws:kms` where a key is to guard it.
    """
    within = bucket.attributes.get("server_side_encryption_configuration")
    if isinstance(within, Unknown):
        raise within.undecidable()
    if not within and not _settings_of(bucket, _ENCRYPTION, estate):
        raise absent(estate, f"no {_ENCRYPTION} is for it")


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
    value = policy_of(holder)
    actions = [action for action in _OPEN_TO_ALL if stranger_may(value, action, estate, holder.address)]
    assert not actions, f"it is public: its policy allows {', '.join(actions)} to everybody"


def key_of(bucket: Resource, estate: Estate) -> Value:
    """What names the KMS key that new objects of a bucket are encrypted with; None where S3 has the key.

    Raises:
        Undecidable: where it is not known.
    """
    for setting in _settings_of(bucket, "aws_s3_bucket_server_side_encryption_configuration", estate):
        for rule in setting["rule"] or ():
            for default in rule.get("apply_server_side_encryption_by_default") or ():
                key = default.get("kms_master_key_id")
                if isinstance(key, Unknown):
                    raise key.undecidable()
                return key or None
    return None


@control("s3.tls-only", on=_BUCKET, severity="low", refs=["REQ DAT-1", "REQ REF-4", "REQ REF-12", "FSBP S3.5"])
def bucket_refuses_plain_http(bucket: Resource, estate: Estate) -> None:
    """A bucket refuses requests without TLS, and no others for that reason.

    Why: S3 also answers over plain HTTP, where everybody on the way reads along; a statement that lost its condition
    locks everybody out.
    Fix: deny `s3:*` to everybody on the bucket and its objects where `aws:SecureTransport` is false.
    """
    policies = _settings_of(bucket, "aws_s3_bucket_policy", estate)
    written = [item.peek("policy") for item in policies] or [bucket.attributes.get("policy")]
    if written == [None]:
        if estate.origin == "observed" and "aws_s3_bucket_policy" in estate.unread:
            raise Undecidable(f"the policy of {bucket.address} was not read")
        raise absent(estate, "it has no policy: it answers over plain HTTP")
    arn = arn_of(bucket)
    findings = Findings()
    for action, resource in (
        ("s3:GetObject", Template((arn, "/object"))),
        ("s3:PutObject", Template((arn, "/object"))),
        ("s3:ListBucket", arn),
    ):
        for value in written:
            with findings.question():
                own = document(value, estate, f"the policy of {bucket.address}")
                plain = certainly_denied(own, action, resource, estate, tls=False)
                if not plain and own.unknown is not None:
                    raise own.unknown.undecidable()
                assert plain, f"it answers {action} over plain HTTP"
                both = certainly_denied(own, action, resource, estate, tls=True)
                assert not both, f"it denies {action} to everybody, over TLS too"
    findings.conclude()


@control("s3.versioned", on=_BUCKET, severity="low", refs=["REQ DAT-1", "REQ REF-12", "FSBP S3.14", "CKV_AWS_21"])
def bucket_keeps_versions(bucket: Resource, estate: Estate) -> None:
    """A bucket keeps what is overwritten or deleted.

    Why: without versions a slip, or an intruder who wipes his traces, is final.
    Fix: an `aws_s3_bucket_versioning` with `status = "Enabled"`; a lifecycle rule bounds what it costs.
    """
    found = _settings_of(bucket, "aws_s3_bucket_versioning", estate)
    blocks = [item.block("versioning_configuration") for item in found]
    states = [block.get("status") for block in blocks]
    states += ["Enabled" for block in _blocks(bucket, "versioning") if block.get("enabled") is True]
    if any(isinstance(state, Unknown) for state in states) and "Enabled" not in states:
        raise Undecidable(f"whether {bucket.address} keeps versions is not known")
    if not states:
        raise absent(estate, "it keeps no versions")
    assert "Enabled" in states, f"its versioning is {states[0]}"


def _blocks(bucket: Resource, name: str) -> list[Mapping[str, object]]:
    """The nested blocks of the bucket itself, as they were written before they became resources."""
    value = bucket.attributes.get(name) or ()
    if isinstance(value, Unknown):
        raise value.undecidable()
    return [item for item in value if isinstance(item, Mapping)]


@control("s3.access-logs-expire", on=_BUCKET, severity="low", refs=["REQ REF-4", "FSBP S3.13", "CKV2_AWS_61"])
def access_logs_expire(bucket: Resource, estate: Estate) -> None:
    """The access logs of load balancers expire.

    Why: they hold the address of every visitor, and kept for ever they are paid for every month.
    Fix: an `aws_s3_bucket_lifecycle_configuration` with an `expiration`.
    """
    if not any(_logs_into(balancer, bucket, estate) for balancer in estate.of(*_BALANCERS)):
        not_applicable("no load balancer writes its access logs into it")
    found = _settings_of(bucket, "aws_s3_bucket_lifecycle_configuration", estate)
    rules = [rule for item in found for rule in item["rule"] or ()]
    rules += _blocks(bucket, "lifecycle_rule")
    if any(isinstance(rule, Unknown) for rule in rules):
        raise Undecidable(f"the lifecycle rules of {bucket.address} are not known")
    if not rules:
        raise absent(estate, "what is written into it never expires")
    assert any(_expires(rule) for rule in rules), "no rule of its lifecycle lets anything expire"


def _logs_into(balancer: Resource, bucket: Resource, estate: Estate) -> bool:
    written = balancer.block("access_logs").get("bucket")
    return bool(written) and estate.find(written, _BUCKET) is bucket


def _expires(rule: Mapping[str, object]) -> bool:
    on = rule.get("status") == "Enabled" or rule.get("enabled") is True
    return on and bool(rule.get("expiration"))
