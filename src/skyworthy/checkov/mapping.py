"""Checkov's findings as verdicts, without those that a control of ours has judged already."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import cast, get_args

from skyworthy.checkov.findings import Finding, Findings, location
from skyworthy.checkov.runner import Scan
from skyworthy.checkov.stack import Stack, worst
from skyworthy.controls import STACK, Control, Severity, catalogue
from skyworthy.errors import BadInput
from skyworthy.estate import Estate
from skyworthy.verdicts import Outcome, Verdict

PREFIX = "checkov."
"""What the control ids of checkov's checks start with: ``checkov.CKV_AWS_16``."""


@dataclass(frozen=True)
class Report:
    """What checkov adds to a suite.

    Args:
        verdicts: sorted by key.
        notes: what was left out and why, one sentence each, the single findings in lines of their own below it.
    """

    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()


def report(scan: Scan, own: Sequence[Verdict], *, root: str, estate: Estate | None = None) -> Report:
    """Wait for a scan and turn its findings into verdicts; a scan that failed gives the verdict *error*.

    Args:
        scan: from :func:`skyworthy.checkov.start`.
        own: the verdicts of our controls on the declared estate of the same root.
        root: the name that the verdicts bear.
        estate: the declared estate, see :func:`verdicts_of`.
    """
    try:
        findings = scan.findings()
    except BadInput as failure:
        return Report((_of_tool("scan", Outcome.ERROR, str(failure), "Checkov runs.", root),))
    return verdicts_of(findings, own, directory=scan.root, root=root, estate=estate)


def verdicts_of(
    findings: Findings,
    own: Sequence[Verdict],
    *,
    directory: Path,
    root: str,
    estate: Estate | None = None,
    controls: Iterable[Control] | None = None,
) -> Report:
    """Findings as verdicts of the lens *declared*.

    A check that stands in the ``refs`` of a control which passed, failed or waived the same resource (or another one
    that refers to it: a listener to its load balancer) is left out: the control knows the environment's policy, checkov
    does not. Where the control could not decide, checkov is heard. A check turned off by a comment in the code is
    *unknown*: such a comment has neither owner nor expiry.

    Args:
        findings: of one root.
        own: verdicts of our controls; those of other roots and lenses are not looked at.
        directory: the root's directory.
        root: the name that the verdicts bear.
        estate: the declared estate. With it, an address that lacks the index of its only instance is completed, and
            findings on resources of which the configuration makes none (``count = 0``) are left out.
        controls: the catalogue; ours by default.
    """
    stack = Stack(own, root=root, controls=catalogue() if controls is None else controls, estate=estate)
    made: list[Verdict] = []
    same: list[Finding] = []
    otherwise: list[str] = []
    absent: list[str] = []
    for outcome, items in (
        (Outcome.PASS, findings.passed),
        (Outcome.FAIL, findings.failed),
        (Outcome.UNKNOWN, findings.skipped),
    ):
        for item in items:
            finding = stack.placed(item)
            ours = stack.judged(finding) if finding else None
            if finding is None:
                absent += [f"{item.check_id} {item.address}"] * (outcome is Outcome.FAIL)
            elif ours is None:
                made.append(_verdict(finding, outcome, directory, root))
            elif outcome is Outcome.FAIL and ours.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
                word = "passes" if ours.outcome is Outcome.PASS else "does not apply"
                otherwise.append(f"{finding.check_id} {finding.address}: {ours.control} {word}")
            elif outcome is Outcome.FAIL:
                same.append(finding)
    made += _unread(findings, root)
    notes = (*_notes(same, otherwise, absent), *findings.notes)
    return Report(tuple(sorted(worst(made), key=lambda verdict: verdict.key)), notes)


def _verdict(finding: Finding, outcome: Outcome, directory: Path, root: str) -> Verdict:
    messages = {
        Outcome.FAIL: f"violates {finding.check_id}: {finding.check_name}",
        Outcome.UNKNOWN: f"skipped by a comment in the code ({finding.comment or 'no reason given'}), "
        "which names no owner and no expiry: waive it in waivers.toml",
    }
    return Verdict(
        control=PREFIX + finding.check_id,
        lens="declared",
        root=root,
        address=finding.address,
        outcome=outcome,
        message=messages.get(outcome, ""),
        location=location(directory, finding),
        severity=severity_of(finding),
        title=finding.check_name,
        refs=("REQ STA-4", finding.check_id),
    )


def _unread(findings: Findings, root: str) -> list[Verdict]:
    title = "Checkov reads every file."
    if findings.unparsed:
        message = f"checkov cannot parse {', '.join(findings.unparsed)}: nothing in there was looked at"
        return [_of_tool("parsing", Outcome.UNKNOWN, message, title, root)]
    if not findings.resources:
        return [_of_tool("parsing", Outcome.UNKNOWN, "checkov found nothing to look at", title, root)]
    return []


def _of_tool(name: str, outcome: Outcome, message: str, title: str, root: str) -> Verdict:
    return Verdict(PREFIX + name, "declared", root, STACK, outcome, message, None, "high", title, ("REQ STA-4",))


def _notes(same: Sequence[Finding], otherwise: Sequence[str], absent: Sequence[str]) -> list[str]:
    notes = []
    if same:
        notes.append(f"{_findings(same)} the same as our own")
    if otherwise:
        notes.append(
            "\n".join(
                (
                    f"{_findings(otherwise)} judged otherwise by our own controls, which know the environment's policy",
                    *sorted(otherwise),
                )
            )
        )
    if absent:
        notes.append(
            "\n".join((f"{_findings(absent)} about resources of which the configuration makes none", *sorted(absent)))
        )
    return notes


def _findings(items: Sequence[object]) -> str:
    return f"{len(items)} findings of checkov are" if len(items) > 1 else "1 finding of checkov is"


def severity_of(finding: Finding) -> Severity:
    """Checkov's own severity where it tells one, else that of ``severities.toml``, else medium."""
    if finding.severity in get_args(Severity):
        return cast(Severity, finding.severity)
    return severities().get(finding.check_id, "medium")


@cache
def severities() -> Mapping[str, Severity]:
    """Check id -> severity, from ``severities.toml``."""
    text = resources.files("skyworthy.checkov").joinpath("severities.toml").read_text("utf-8")
    return {check: cast(Severity, severity) for severity, checks in tomllib.loads(text).items() for check in checks}
