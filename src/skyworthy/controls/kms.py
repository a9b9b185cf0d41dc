"""Controls of KMS keys."""

from dataclasses import replace

from skyworthy.behavior.permissions import (
    Policies,
    Principal,
    default_key_policy,
    document,
    may,
)
from skyworthy.behavior.permissions.attachments import arn_of
from skyworthy.behavior.permissions.probes import ANY_KEY, ANY_ROLE, DIRECT
from skyworthy.behavior.permissions.statements import POLICY_TYPES, is_account, own_documents, principals_of
from skyworthy.behavior.permissions.strangers import EVERYTHING, stranger_may
from skyworthy.controls.findings import Findings
from skyworthy.controls.policy import policy_of
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Value, show

_KEY = "aws_kms_key"
_SHORTEST, _LONGEST = 7, 30


@control(
    "kms.rotation-enabled",
    on=_KEY,
    severity="medium",
    refs=["REQ DAT-1", "REQ REF-8", "FSBP KMS.4", "CIS 3.6", "CKV_AWS_7"],
)
def key_is_rotated(key: Resource) -> None:
    """Keys rotate every year.

    Why: rotation limits how much one key material protects; old material stays for decryption.
    Fix: set `enable_key_rotation = true`.
    """
    if key["enable_key_rotation"]:
        return
    kind = key["customer_master_key_spec"] or "SYMMETRIC_DEFAULT"
    if kind != "SYMMETRIC_DEFAULT" or (key["key_usage"] or "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT":
        not_applicable("only symmetric encryption keys rotate by themselves")
    if key.attributes.get("custom_key_store_id"):
        not_applicable("keys of a custom key store do not rotate by themselves")
    raise AssertionError("enable_key_rotation is false")


@control(
    "kms.enabled", on=_KEY, severity="high", refs=["REQ DAT-1", "FSBP KMS.3"], aliases=("kms.not-pending-deletion",)
)
def key_is_enabled(key: Resource) -> None:
    """Keys are enabled.

    Why: nothing that a disabled key encrypted can be read, nor anything new be written.
    Fix: set `is_enabled = true`, or remove the key once nothing uses it.
    """
    enabled = key["is_enabled"]
    assert enabled is None or enabled, "is_enabled is false"


@control(
    "kms.not-public",
    on=(_KEY, "aws_kms_key_policy"),
    severity="critical",
    refs=["REQ DAT-1", "REQ IAM-1", "FSBP KMS.5", "CKV_AWS_33"],
)
def key_policy_is_not_public(holder: Resource, estate: Estate) -> None:
    """The policy of a key lets in nobody from outside.

    Why: a key policy for everybody lets every AWS account decrypt with the key, or delete it.
    Fix: name the account in `Principal`, or add a condition such as `kms:CallerAccount`.
    """
    value = policy_of(holder, otherwise="it has the default policy")
    actions = [action for action in ("kms:Decrypt", "kms:CreateGrant", "kms:ScheduleKeyDeletion")
               if stranger_may(value, action, estate, holder.address)]  # fmt: skip
    assert not actions, f"anybody may use it: its policy allows {', '.join(actions)} to everybody"


@control(
    "kms.no-wide-decrypt-in-policies",
    on=POLICY_TYPES,
    severity="medium",
    refs=["REQ IAM-1", "FSBP KMS.1", "FSBP KMS.2"],
)
def policies_do_not_decrypt_everything(holder: Resource, estate: Estate) -> None:
    """No policy allows decryption with every key.

    Why: the keys separate who reads what; a permission for all of them undoes that.
    Fix: name the keys in `Resource`.
    """
    findings = Findings()
    for policy in own_documents(holder, estate):
        policies = Policies(identity=(policy,), resource=default_key_policy())
        with findings.question():
            wide = may(policies, "kms:Decrypt", ANY_KEY, DIRECT, estate=estate)
            assert not wide, f"{policy.label} allows kms:Decrypt with every key"
    findings.conclude()


@control("kms.stays-manageable", on=(_KEY, "aws_kms_key_policy"), severity="high", refs=["REQ DAT-1"])
def key_stays_manageable(holder: Resource, estate: Estate) -> None:
    """Somebody of the account may change the policy of a key.

    Why: a key whose policy nobody may change cannot be repaired but by AWS support.
    Fix: allow `kms:*` to `arn:aws:iam::ACCOUNT:root`, which leaves the matter to IAM policies.
    """
    value = policy_of(holder, otherwise="it has the default policy")
    policy = document(value, estate, f"the policy of {holder.address}")
    key = holder if holder.type == _KEY else estate.find(holder["key_id"], _KEY)
    itself: Value = "*" if key is None else arn_of(key)
    findings = Findings()
    for principal in principals_of(policy):
        with findings.question():
            request = Principal(principal if not is_account(principal) else ANY_ROLE)
            policies = Policies(identity=(EVERYTHING,), resource=policy)
            if may(policies, "kms:PutKeyPolicy", itself, DIRECT, principal=request, estate=estate):
                return
    findings.conclude()
    raise AssertionError("its policy lets nobody of the account change it (kms:PutKeyPolicy)")


@control("kms.deletion-window", on=_KEY, severity="medium", refs=["REQ DAT-1", "FSBP KMS.3"], lenses=("declared",))
def deletion_leaves_time(key: Resource) -> None:
    """A key that is deleted can be brought back for 7 to 30 days.

    Why: what it encrypted is lost with it; AWS takes no other waiting period.
    Fix: set `deletion_window_in_days` to 7 to 30, or leave it out for 30.
    """
    days = key["deletion_window_in_days"]
    if days is None:
        return
    assert _SHORTEST <= int(days) <= _LONGEST, f"deletion_window_in_days is {days}, not {_SHORTEST} to {_LONGEST}"


@control("kms.services-cannot-administer", on=(_KEY, "aws_kms_key_policy"), severity="medium", refs=["REQ IAM-1"])
def services_only_use_keys(holder: Resource, estate: Estate) -> None:
    """AWS services may use a key, and neither delete it nor change its policy.

    Why: a service encrypts and decrypts; with `kms:*` whoever gets it to act can destroy the key.
    Fix: list `kms:Encrypt`, `kms:Decrypt`, `kms:ReEncrypt*`, `kms:GenerateDataKey*` and `kms:DescribeKey`.
    """
    value = policy_of(holder, otherwise="it has the default policy")
    policy = document(value, estate, f"the policy of {holder.address}")
    findings = Findings()
    for statement in policy.statements:
        for service in (statement.principals or {}).get("Service", ()) if statement.effect == "Allow" else ():
            with findings.question():
                # Conditions narrow in whose name a service acts, not what it does.
                alone = replace(statement, conditions={}, resources=None, principals={"Service": (service,)})
                policies = Policies(resource=replace(policy, statements=(alone,), unknown=None))
                wide = [
                    action
                    for action in ("kms:ScheduleKeyDeletion", "kms:PutKeyPolicy")
                    if may(policies, action, "*", principal=Principal(service, "service"), estate=estate)
                ]
                assert not wide, f"{policy.name_of(statement)} allows {show(service)} {' and '.join(wide)}"
    with findings.question():
        if policy.unknown is not None:
            raise policy.unknown.undecidable()
    findings.conclude()
