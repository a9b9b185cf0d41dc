"""Checkov's findings beside our own verdicts: each shown once, and nothing lost."""

from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.checkov import Finding, Findings, severity_of, verdicts_of
from skyworthy.checkov.mapping import Report
from skyworthy.controls import STACK, Control
from skyworthy.estate import Location
from skyworthy.verdicts import Outcome, Verdict

ENCRYPTED = "rds.storage-encrypted"
DB = "module.rds.aws_db_instance.main"


def control(id: str, *refs: str) -> Control:
    return Control(id, ("aws_db_instance",), "high", refs, ("declared",), (), print, "T.", "w", "f", ())


CONTROLS = (control(ENCRYPTED, "REQ DAT-1", "CKV_AWS_16"), control("rds.multi-az", "REQ DAT-1", "CKV_AWS_157"))


def finding(check: str = "CKV_AWS_16", address: str = DB, **more: str) -> Finding:
    return Finding(check, address, "../modules/rds/main.tf", 5, "Ensure all is well", **more)


def own(outcome: Outcome, control: str = ENCRYPTED, address: str = DB, lens: str = "declared") -> Verdict:
    return Verdict(control, lens, "staging", address, outcome)


def made(findings: Findings, *verdicts: Verdict, root: str = "staging") -> Report:
    return verdicts_of(findings, verdicts, directory=Path("terraform/staging"), root=root, controls=CONTROLS)


def beside(directory: Path, hcl: str, findings: Findings, *verdicts: Verdict) -> Report:
    """As made, with the estate that real Terraform declares."""
    (directory / "main.tf").write_text(hcl, "utf-8")
    estate = declared.read(directory)
    return verdicts_of(findings, verdicts, directory=directory, root="staging", controls=CONTROLS, estate=estate)


def failed(*items: Finding) -> Findings:
    return Findings(failed=items, resources=1)


def test_a_finding_becomes_a_verdict_with_everything_it_says() -> None:
    findings = Findings(
        passed=(finding("CKV_AWS_17"),),
        failed=(finding(),),
        skipped=(finding("CKV_AWS_27", comment="known"), finding("CKV_AWS_28")),
        resources=1,
    )
    passed, encrypted, skipped, silent = sorted(made(findings).verdicts, key=lambda item: item.outcome != "pass")
    assert encrypted == Verdict(
        control="checkov.CKV_AWS_16",
        lens="declared",
        root="staging",
        address=DB,
        outcome=Outcome.FAIL,
        message="violates CKV_AWS_16: Ensure all is well",
        location=Location("terraform/modules/rds/main.tf", 5),
        severity="high",
        title="Ensure all is well",
        refs=("REQ STA-4", "CKV_AWS_16"),
    )
    assert (passed.control, passed.outcome, passed.message) == ("checkov.CKV_AWS_17", Outcome.PASS, "")
    assert (skipped.outcome, skipped.message) == (
        Outcome.UNKNOWN,
        "skipped by a comment in the code (known), which names no owner and no expiry: waive it in waivers.toml",
    )
    assert "(no reason given)" in silent.message


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.WAIVED])
def test_what_our_control_found_too_is_shown_once(outcome: Outcome) -> None:
    report = made(failed(finding()), own(outcome))
    assert report == Report((), ("1 finding of checkov is the same as our own",))


@pytest.mark.parametrize(("outcome", "word"), [(Outcome.PASS, "passes"), (Outcome.NOT_APPLICABLE, "does not apply")])
def test_where_our_control_decides_otherwise_ours_counts_and_the_note_says_so(outcome: Outcome, word: str) -> None:
    report = made(failed(finding("CKV_AWS_157")), own(outcome, "rds.multi-az"))
    assert report == Report(
        (),
        (
            "1 finding of checkov is judged otherwise by our own controls, which know the environment's policy\n"
            f"CKV_AWS_157 {DB}: rds.multi-az {word}",
        ),
    )


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.ERROR])
def test_where_our_control_did_not_judge_checkov_is_heard(outcome: Outcome) -> None:
    (verdict,) = made(failed(finding()), own(outcome)).verdicts
    assert verdict.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "verdict",
    [
        own(Outcome.PASS, address="module.other.aws_db_instance.main"),
        own(Outcome.PASS, lens="observed"),
        own(Outcome.PASS, "rds.multi-az"),
        Verdict(ENCRYPTED, "declared", "production", DB, Outcome.PASS),
    ],
    ids=["another resource", "another side", "another check", "another root"],
)
def test_only_the_same_check_on_the_same_resource_of_the_same_root_counts(verdict: Verdict) -> None:
    assert len(made(failed(finding()), verdict).verdicts) == 1


def test_a_count_that_checkov_could_not_decide_is_matched_without_the_index() -> None:
    assert made(failed(finding()), own(Outcome.FAIL, address=f"{DB}[0]")).verdicts == ()
    assert len(made(failed(finding(address=f"{DB}[1]")), own(Outcome.FAIL, address=f"{DB}[0]")).verdicts) == 1


def test_one_instance_that_fails_is_not_covered_by_one_that_passes() -> None:
    report = made(failed(finding()), own(Outcome.PASS, address=f"{DB}[0]"), own(Outcome.FAIL, address=f"{DB}[1]"))
    assert report.notes == ("1 finding of checkov is the same as our own",)


def test_a_control_of_the_whole_stack_covers_each_resource() -> None:
    assert made(failed(finding(), finding(address="aws_db_instance.x")), own(Outcome.FAIL, address=STACK)) == Report(
        (), ("2 findings of checkov are the same as our own",)
    )


def test_findings_on_resources_that_are_never_made_are_left_out_and_told(tmp_path: Path) -> None:
    hcl = """
variable "copies" {
  type = number
}

resource "aws_db_instance" "never" {
  count = 0
}

resource "aws_db_instance" "perhaps" {
  count = var.copies
}

resource "aws_db_instance" "once" {
  count = 1
}

module "perhaps" {
  source = "./modules/db"
  count  = var.copies
}
"""
    (tmp_path / "modules/db").mkdir(parents=True)
    (tmp_path / "modules/db/main.tf").write_text('resource "aws_db_instance" "main" {\n}\n', "utf-8")
    below = "module.perhaps.aws_db_instance.main"
    checks = [finding(address=f"aws_db_instance.{name}") for name in ("never", "perhaps", "once")]
    checks.append(finding(address=below))
    report = beside(tmp_path, hcl, failed(*checks, finding("CKV_TF_1", "module.vpc")))
    assert [verdict.address for verdict in report.verdicts] == [
        "aws_db_instance.once[0]",
        "aws_db_instance.perhaps",
        below,
        "module.vpc",
    ]
    assert report.notes == (
        "1 finding of checkov is about resources of which the configuration makes none\n"
        "CKV_AWS_16 aws_db_instance.never",
    )


def test_a_control_that_judged_a_resource_which_refers_to_it_counts(tmp_path: Path) -> None:
    hcl = """
resource "aws_db_instance" "main" {
  identifier = "main"
}

resource "aws_db_instance" "other" {
  identifier = "other"
}

resource "aws_db_instance_role_association" "main" {
  db_instance_identifier = aws_db_instance.main.identifier
  role_arn               = aws_db_instance.main.arn
}
"""
    findings = failed(finding(address="aws_db_instance.main"), finding(address="aws_db_instance.other"))
    report = beside(tmp_path, hcl, findings, own(Outcome.FAIL, address="aws_db_instance_role_association.main"))
    assert [verdict.address for verdict in report.verdicts] == ["aws_db_instance.other"]
    assert report.notes == ("1 finding of checkov is the same as our own",)


def test_a_check_repeated_for_one_resource_is_one_verdict_the_worst() -> None:
    second = Finding("CKV_AWS_16", DB, "../modules/rds/main.tf", 9, "Ensure all is well")
    findings = Findings(passed=(second,), failed=(finding(),), resources=1)
    (verdict,) = made(findings).verdicts
    assert verdict.outcome is Outcome.FAIL


def test_verdicts_are_sorted_and_their_keys_unique() -> None:
    report = made(failed(finding("CKV_AWS_3"), finding("CKV_AWS_1", "b"), finding("CKV_AWS_1", "a")))
    keys = [verdict.key for verdict in report.verdicts]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize(
    ("check", "told", "severity"),
    [
        ("CKV_AWS_24", "", "critical"),
        ("CKV_AWS_16", "", "high"),
        ("CKV_AWS_338", "", "low"),
        ("CKV_AWS_9999", "", "medium"),
        ("CKV_AWS_16", "low", "low"),
        ("CKV_AWS_16", "none", "high"),
    ],
)
def test_the_severity_is_checkovs_own_else_that_of_our_table(check: str, told: str, severity: str) -> None:
    assert severity_of(finding(check, severity=told)) == severity


def test_findings_survive_being_stored() -> None:
    findings = Findings((finding(),), (finding("CKV_AWS_2"),), (), ("x.tf",), ("a note",), 3, "3.3.30")
    assert Findings.decode(findings.encode()) == findings
    with pytest.raises(ValueError, match="format 0"):
        Findings.decode({**findings.encode(), "format": 0})
