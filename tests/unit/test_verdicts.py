"""Judging: what a control raises becomes a verdict, and nothing it does is ever silently green."""

import dataclasses

import pytest

from skyworthy.config import BUILT_IN_GATES, Policy
from skyworthy.controls import ANY, STACK, Control, not_applicable
from skyworthy.estate import Estate, Location, Resource, Unknown
from skyworthy.verdicts import Outcome, Verdict, cases, counts, is_red, judge

DB = Resource(
    "module.rds.aws_db_instance.main",
    "aws_db_instance",
    {"storage_encrypted": False, "multi_az": Unknown("variable multi_az has no value")},
    Location("rds/main.tf", 7),
)
ESTATE = Estate((DB,))


def made(function: object, **changes: object) -> Control:
    fields: dict[str, object] = {
        "id": "rds.test",
        "on": ("aws_db_instance",),
        "severity": "high",
        "refs": ("REQ DAT-1",),
        "lenses": ("declared", "observed"),
        "aliases": (),
        "function": function,
        "title": "Storage is encrypted.",
        "why": "",
        "fix": "",
        "arguments": (),
    }
    return Control(**{**fields, **changes})  # type: ignore[arg-type]


def fails(db: Resource) -> None:
    assert db["storage_encrypted"], "storage is not encrypted"


def fails_without_words(db: Resource) -> None:
    assert db["storage_encrypted"]


def undecided(db: Resource) -> None:
    assert db["multi_az"], "one zone"


def inapplicable(db: Resource) -> None:
    not_applicable("a replica has no backups of its own")


def crashes(db: Resource) -> None:
    assert db["storage_encrypted"].upper() == "YES", "not reached"


def passes(db: Resource) -> None:
    assert db["storage_encrypted"] is False, "not reached"


@pytest.mark.parametrize(
    ("function", "outcome", "message"),
    [
        (fails, Outcome.FAIL, "storage is not encrypted"),
        (fails_without_words, Outcome.FAIL, "Storage is encrypted."),
        (
            undecided,
            Outcome.UNKNOWN,
            "multi_az of module.rds.aws_db_instance.main: variable multi_az has no value",
        ),
        (inapplicable, Outcome.NOT_APPLICABLE, "a replica has no backups of its own"),
        (passes, Outcome.PASS, ""),
    ],
)
def test_what_a_control_raises_is_its_verdict(function: object, outcome: Outcome, message: str) -> None:
    verdict = judge(made(function), DB, ESTATE, Policy(), root="staging")
    assert verdict == Verdict(
        control="rds.test",
        lens="declared",
        root="staging",
        address=DB.address,
        outcome=outcome,
        message=message,
        location=DB.location,
        severity="high",
        title="Storage is encrypted.",
        refs=("REQ DAT-1",),
    )


def test_a_crash_is_an_error_that_names_the_place() -> None:
    verdict = judge(made(crashes), DB, ESTATE, Policy(), root="staging")
    assert verdict.outcome is Outcome.ERROR
    assert verdict.message.startswith("the control crashed at crashes:")
    assert "'bool' object has no attribute 'upper'" in verdict.message


def test_an_argument_that_is_not_available_is_an_error_and_not_a_pass() -> None:
    verdict = judge(made(passes, arguments=("running",)), DB, ESTATE, Policy(), root="staging")
    assert verdict.outcome is Outcome.ERROR


def test_what_was_denied_is_an_error() -> None:
    blank = Unknown("rds:DescribeDBInstances was denied", denied=True)
    db = Resource(DB.address, DB.type, {}, blank=blank)
    verdict = judge(made(fails), db, Estate((db,), "observed"), Policy(), root="staging")
    assert (verdict.outcome, verdict.lens) == (Outcome.ERROR, "observed")
    assert verdict.message.endswith("rds:DescribeDBInstances was denied")


def test_a_type_that_could_not_be_listed_is_an_error_and_not_an_empty_list() -> None:
    def needs_alarms(db: Resource, estate: Estate) -> None:
        assert not estate.of("aws_cloudwatch_metric_alarm"), "not reached"

    unread = {"aws_cloudwatch_metric_alarm": Unknown("cloudwatch:DescribeAlarms was denied", denied=True)}
    estate = Estate((DB,), "observed", unread=unread)
    verdict = judge(made(needs_alarms, arguments=("estate",)), DB, estate, Policy(), root="staging")
    assert (verdict.outcome, verdict.message) == (Outcome.ERROR, "cloudwatch:DescribeAlarms was denied")


def test_cases_are_sorted_and_leave_out_data_sources_and_other_lenses() -> None:
    data = Resource("data.aws_db_instance.old", "aws_db_instance", {}, data=True)
    topic = Resource("aws_sns_topic.alarms", "aws_sns_topic", {})
    controls = [
        made(passes, id="b.one"),
        made(passes, id="a.any", on=(ANY,)),
        made(passes, id="c.stack", on=(STACK,)),
        made(passes, id="d.observed", lenses=("observed",)),
    ]
    found = [(case.control.id, case.address) for case in cases(controls, Estate((DB, data, topic)), "declared")]
    assert found == [
        ("a.any", "aws_sns_topic.alarms"),
        ("a.any", DB.address),
        ("b.one", DB.address),
        ("c.stack", "stack"),
    ]


def verdict(outcome: Outcome) -> Verdict:
    return Verdict("rds.test", "declared", "staging", DB.address, outcome)


@pytest.mark.parametrize(
    ("gate", "stopping"),
    [
        ("pr", {Outcome.FAIL, Outcome.ERROR}),
        ("nightly", {Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN}),
        ("signoff", {Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN}),
    ],
)
def test_gates_stop_on_exactly_what_the_table_says(gate: str, stopping: set[Outcome]) -> None:
    assert {outcome for outcome in Outcome if is_red(verdict(outcome), BUILT_IN_GATES[gate])} == stopping


def test_an_unknown_that_a_gate_lists_does_not_stop_it_and_a_failure_does() -> None:
    gate = dataclasses.replace(BUILT_IN_GATES["nightly"], listed=("rds.*",))
    assert not is_red(verdict(Outcome.UNKNOWN), gate)
    assert is_red(verdict(Outcome.FAIL), gate)


def test_counts_name_every_outcome() -> None:
    assert counts([verdict(Outcome.FAIL), verdict(Outcome.PASS), verdict(Outcome.PASS)]) == {
        "error": 0,
        "fail": 1,
        "unknown": 0,
        "waived": 0,
        "pass": 2,
        "not_applicable": 0,
    }
