"""SARIF: what code scanning reads of it, and fingerprints that survive moved lines."""

import dataclasses
import datetime
import json
from typing import Any

from skyworthy.estate import Location
from skyworthy.reports.sarif import sarif
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict

FAILED = Verdict(
    "rds.encrypted-at-rest", "declared", "staging", "aws_db_instance.main", Outcome.FAIL, "storage is not encrypted",
    Location("terraform/main.tf", 12), "high", "Database storage is encrypted.", ("REQ DAT-1", "FSBP RDS.3"),
)  # fmt: skip


def result(*verdicts: Verdict) -> SuiteResult:
    finished = datetime.datetime(2026, 3, 1, 10, 30, 15, tzinfo=datetime.UTC)
    return SuiteResult("static", "staging", verdicts, 1.0, finished, notes=("a module is not local",))


def run_of(*verdicts: Verdict) -> dict[str, Any]:
    log = json.loads(sarif([result(*verdicts)]))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_a_failure_is_a_result_at_its_line_under_its_rule() -> None:
    run = run_of(FAILED)
    assert run["automationDetails"] == {"id": "skyworthy/static/staging/"}
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["id"] == "rds.encrypted-at-rest"
    assert rule["properties"] == {"security-severity": "8.0", "tags": ["security", "REQ DAT-1", "FSBP RDS.3"]}
    assert rule["help"]["text"].startswith("Why: ")
    (found,) = run["results"]
    assert (found["kind"], found["level"], found["ruleIndex"]) == ("fail", "error", 0)
    assert found["message"]["text"] == "aws_db_instance.main: storage is not encrypted"
    assert found["locations"] == [
        {
            "logicalLocations": [{"fullyQualifiedName": "aws_db_instance.main", "kind": "resource"}],
            "physicalLocation": {
                "artifactLocation": {"uri": "terraform/main.tf", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 12},
            },
        }
    ]
    assert run["invocations"][0]["toolExecutionNotifications"] == [
        {"level": "note", "message": {"text": "a module is not local"}}
    ]


def test_what_is_not_decided_is_open_and_what_is_waived_suppressed() -> None:
    verdicts = [
        dataclasses.replace(FAILED, outcome=outcome, address=f"aws_db_instance.{outcome}") for outcome in Outcome
    ]
    found = {
        item["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]: item for item in run_of(*verdicts)["results"]
    }
    assert {address: (item["kind"], item["level"]) for address, item in found.items()} == {
        "aws_db_instance.error": ("open", "none"),
        "aws_db_instance.fail": ("fail", "error"),
        "aws_db_instance.unknown": ("open", "none"),
        "aws_db_instance.waived": ("fail", "error"),
    }
    suppressed = {address for address, item in found.items() if "suppressions" in item}
    assert suppressed == {"aws_db_instance.waived"}


def test_an_error_is_no_successful_run() -> None:
    assert run_of(FAILED)["invocations"][0]["executionSuccessful"] is True
    blind = dataclasses.replace(FAILED, outcome=Outcome.ERROR)
    assert run_of(blind)["invocations"][0]["executionSuccessful"] is False


def test_the_fingerprint_stays_when_lines_move_and_differs_between_resources() -> None:
    def fingerprint(verdict: Verdict) -> str:
        return str(run_of(verdict)["results"][0]["partialFingerprints"]["skyworthy/v1"])

    moved = dataclasses.replace(FAILED, location=Location("terraform/other.tf", 99), message="said otherwise")
    assert fingerprint(moved) == fingerprint(FAILED)
    assert fingerprint(dataclasses.replace(FAILED, address="aws_db_instance.second")) != fingerprint(FAILED)


def test_a_file_outside_of_the_repository_is_not_told_as_one_inside() -> None:
    outside = dataclasses.replace(FAILED, location=Location("/elsewhere/main.tf", 1))
    assert "physicalLocation" not in run_of(outside)["results"][0]["locations"][0]
