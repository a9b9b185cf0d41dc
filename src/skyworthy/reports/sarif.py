"""SARIF 2.1.0 for code scanning: a run for each result, a result for each finding.

The form: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; what GitHub reads of it:
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from skyworthy import __version__
from skyworthy.controls import find_control
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0"}
"""GitHub's `security-severity`, in the middle of the band of that name."""
_SHOWN = frozenset({Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.WAIVED})
_FINGERPRINT = "skyworthy/v1"


def sarif(results: Iterable[SuiteResult]) -> str:
    """Results as a SARIF log.

    Failures are results of kind *fail*; what is unknown or could not be looked at is *open*; waived ones are suppressed
    with the waiver's reason. The fingerprint tells a finding by suite, environment, control and resource, so that it
    stays the same when lines move.
    """
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(result) for result in results]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _run(result: SuiteResult) -> dict[str, Any]:
    shown = [verdict for verdict in result.verdicts if verdict.outcome in _SHOWN]
    rules = sorted({verdict.control: verdict for verdict in shown}.items())
    index = {id: number for number, (id, _) in enumerate(rules)}
    notes = [{"level": "note", "message": {"text": note}} for note in result.notes]
    return {
        "tool": {
            "driver": {
                "name": "skyworthy",
                "semanticVersion": __version__,
                "rules": [_rule(verdict) for _, verdict in rules],
            }
        },
        "automationDetails": {"id": f"skyworthy/{result.suite}/{result.environment}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not any(item.outcome is Outcome.ERROR for item in shown),
                "endTimeUtc": f"{result.finished:%Y-%m-%dT%H:%M:%SZ}",
                "toolExecutionNotifications": notes,
            }
        ],
        "results": [_result(verdict, result, index[verdict.control]) for verdict in shown],
    }


def _rule(verdict: Verdict) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": verdict.control,
        "shortDescription": {"text": verdict.title or verdict.control},
        "defaultConfiguration": {"level": _LEVELS[verdict.severity]},
        "properties": {"security-severity": _SCORES[verdict.severity], "tags": ["security", *verdict.refs]},
    }
    control = find_control(verdict.control)
    if control is not None:
        rule["fullDescription"] = {"text": control.why}
        rule["help"] = {
            "text": f"Why: {control.why}\nFix: {control.fix}",
            "markdown": f"**Why**: {control.why}\n\n**Fix**: {control.fix}\n\n`skyworthy explain {control.id}`",
        }
    return rule


def _result(verdict: Verdict, result: SuiteResult, rule: int) -> dict[str, Any]:
    decided = verdict.outcome in (Outcome.FAIL, Outcome.WAIVED)
    said = verdict.message or verdict.title or verdict.control
    words = {Outcome.UNKNOWN: "unknown: ", Outcome.ERROR: "could not be looked at: "}.get(verdict.outcome, "")
    made: dict[str, Any] = {
        "ruleId": verdict.control,
        "ruleIndex": rule,
        "kind": "fail" if decided else "open",
        "level": _LEVELS[verdict.severity] if decided else "none",
        "message": {"text": f"{verdict.where}: {words}{said}"},
        "locations": [_location(verdict)],
        "partialFingerprints": {_FINGERPRINT: _fingerprint(verdict, result)},
        "properties": {"environment": result.environment, "suite": result.suite, "side": verdict.lens},
    }
    if verdict.outcome is Outcome.WAIVED:
        made["suppressions"] = [{"kind": "external", "status": "accepted", "justification": verdict.message}]
    return made


def _location(verdict: Verdict) -> dict[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": verdict.address, "kind": "resource"}]}
    if verdict.location is not None and not PurePath(verdict.location.file).is_absolute():
        location["physicalLocation"] = {
            "artifactLocation": {"uri": PurePath(verdict.location.file).as_posix(), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": verdict.location.line},
        }
    return location


def _fingerprint(verdict: Verdict, result: SuiteResult) -> str:
    parts = (result.suite, result.environment, verdict.control, verdict.address)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
