"""AWS Backup: plans that keep something, and may."""

from collections.abc import Mapping

from skyworthy.behavior.permissions import policies_of
from skyworthy.behavior.references import absent, left_out, named, naming
from skyworthy.config import Policy
from skyworthy.controls.findings import Findings
from skyworthy.controls.iam import handed_role
from skyworthy.controls.registry import control
from skyworthy.estate import Estate, Resource, Undecidable, Value, is_known, show

_PLAN, _SELECTION, _VAULT = "aws_backup_plan", "aws_backup_selection", "aws_backup_vault"
_COLD_DAYS = 90
"""Days that AWS Backup keeps in cold storage at least."""


@control("backup.plan-works", on=_PLAN, severity="high", refs=["REQ DAT-1"], lenses=("declared",))
def plan_works(plan: Resource, estate: Estate, policy: Policy) -> None:
    """A backup plan has rules that AWS takes, a vault, something that it backs up, and keeps it long enough.

    Why: a plan that selects nothing or writes to a vault that is not there looks like a backup until it is needed.
    Fix: an `aws_backup_selection` of the plan, the name of a vault, `delete_after` of as many days as are demanded and
    90 more than `cold_storage_after`.
    """
    findings = Findings()
    with findings.question():
        selections = naming(estate, plan, "plan_id", _SELECTION)
        if not selections:
            raise absent(estate, "no aws_backup_selection is about it: it backs up nothing")
        selects = [item for item in selections if not left_out(item, "resources", "selection_tag", "condition")]
        assert selects, f"{', '.join(item.address for item in selections)} selects nothing"
    with findings.question():
        rules = plan["rule"] or ()
        assert rules, "it has no rule"
        for rule in rules:
            with findings.question():
                _assert_vault(rule, estate)
            with findings.question():
                _assert_kept(rule, policy)
            with findings.question():
                _assert_windows(rule)
    findings.conclude()


def _name(rule: Mapping[str, Value]) -> str:
    return f"rule {show(rule.get('rule_name'))}"


def _assert_vault(rule: Mapping[str, Value], estate: Estate) -> None:
    vault = rule.get("target_vault_name")
    if named(estate, vault, _VAULT) or vault == "Default":
        return
    if not estate.of(_VAULT):
        raise Undecidable(f"vault {show(vault)} is not part of this stack")
    raise AssertionError(f"{_name(rule)} writes to the vault {show(vault)}, which is not part of this stack")


def _assert_kept(rule: Mapping[str, Value], policy: Policy) -> None:
    lifecycle: Mapping[str, Value] = next(iter(rule.get("lifecycle") or ()), {})
    deleted, cold = (_number(lifecycle.get(name)) for name in ("delete_after", "cold_storage_after"))
    if not deleted:
        return
    wanted = policy.backup_retention_days
    assert deleted >= wanted, f"{_name(rule)} keeps for {deleted} days, at least {wanted} are demanded"
    least = cold + _COLD_DAYS if cold else 0
    assert deleted >= least, (
        f"{_name(rule)} deletes after {deleted} days, {least} at least with cold storage after {cold}"
    )


def _assert_windows(rule: Mapping[str, Value]) -> None:
    start, complete = (_number(rule.get(name)) for name in ("start_window", "completion_window"))
    if start and complete:
        found = f"{_name(rule)} is to begin within {start} minutes and to be complete within {complete}"
        assert complete >= start + 60, f"{found}: an hour more at least is wanted"


def _number(value: Value) -> int:
    """A number of days or minutes; 0 where it is not set."""
    if not is_known(value):
        raise value.undecidable()
    return int(value or 0)


@control("backup.role-may", on=_SELECTION, severity="high", refs=["REQ DAT-1"], lenses=("declared",))
def role_has_a_policy(selection: Resource, estate: Estate) -> None:
    """The role of a backup selection has a policy to back up with.

    Why: a role without one lets every job fail, at night, where nobody looks.
    Fix: attach `AWSBackupServiceRolePolicyForBackup`.
    """
    role = handed_role(selection, estate)
    if not policies_of(role, estate):
        raise absent(estate, f"{role.address} has no policy: it may back up nothing")
