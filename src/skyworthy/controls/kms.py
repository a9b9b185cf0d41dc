"""Controls of KMS keys."""

from skyworthy.behavior.permissions import Policies, default_key_policy, may
from skyworthy.behavior.permissions.probes import ANY_KEY, DIRECT
from skyworthy.behavior.permissions.statements import POLICY_TYPES, own_documents
from skyworthy.behavior.permissions.strangers import stranger_may
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource

_KEY = "aws_kms_key"


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
    kind = key["customer_master_key_spec"] or "SYMMETRIC_DEFAULT"
    if kind != "SYMMETRIC_DEFAULT" or (key["key_usage"] or "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT":
        not_applicable("only symmetric encryption keys rotate by themselves")
    if key["custom_key_store_id"]:
        not_applicable("keys of a custom key store do not rotate by themselves")
    assert key["enable_key_rotation"], "enable_key_rotation is false"


@control("kms.enabled", on=_KEY, severity="high", refs=["REQ DAT-1"], aliases=("kms.not-pending-deletion",))
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
    value = holder.attributes.get("policy")
    if value is None or (isinstance(value, (str, dict)) and not value):
        not_applicable("it has the default policy")
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
    for document in own_documents(holder, estate):
        policies = Policies(identity=(document,), resource=default_key_policy())
        with findings.question():
            wide = may(policies, "kms:Decrypt", ANY_KEY, DIRECT, estate=estate)
            assert not wide, f"{document.label} allows kms:Decrypt with every key"
    findings.conclude()
