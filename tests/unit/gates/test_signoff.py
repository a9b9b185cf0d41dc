"""The sign-off fails closed: each thing that is missing, old, open or unreadable is a reason against it."""

import dataclasses
import datetime
from collections.abc import Sequence
from pathlib import Path

import pytest

from skyworthy.config import BUILT_IN_GATES, Environment, Waiver
from skyworthy.gates.signoff import Decision, decide
from skyworthy.results import Suite, SuiteResult
from skyworthy.verdicts import Outcome, Verdict

NOW = datetime.datetime(2026, 11, 21, 12, 0, tzinfo=datetime.UTC)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PRODUCTION = Environment("production", Path())
DB = "aws_db_instance.main"


def result(suite: Suite, *verdicts: Verdict, hours: float = 1, commit: str = COMMIT) -> SuiteResult:
    passing = Verdict(f"{suite}.fine", suite, "production", DB, Outcome.PASS)
    finished = NOW - datetime.timedelta(hours=hours)
    return SuiteResult(suite, "production", (passing, *verdicts), 1.0, finished, commit)


def verdict(outcome: Outcome, lens: str = "declared", control: str = "rds.multi-az") -> Verdict:
    return Verdict(control, lens, "production", DB, outcome, "the message")


def waiver(expires: datetime.date) -> Waiver:
    return Waiver("rds.multi-az", "*", owner="platform", reason="later", expires=expires)


def reasons(results: Sequence[SuiteResult], waivers: Sequence[Waiver] = (), commit: str = COMMIT) -> tuple[str, ...]:
    return decision(results, waivers, commit).reasons


def decision(results: Sequence[SuiteResult], waivers: Sequence[Waiver] = (), commit: str = COMMIT) -> Decision:
    return decide(PRODUCTION, BUILT_IN_GATES["signoff"], results, waivers, commit=commit, now=NOW)


ALL = (result("static"), result("live"), result("smoke"))


def test_it_is_a_go_when_all_is_there() -> None:
    assert decision(ALL) == Decision((), ())
    assert decision(ALL).go


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (ALL[:2], "smoke was not run: skyworthy smoke --env production"),
        ((*ALL[:2], result("smoke", hours=25)), "smoke is 25 hours old, at most 24 are allowed: run it anew"),
        (
            (*ALL[:2], result("smoke", hours=-2)),
            "smoke is dated in the future (2026-11-21 14:00 UTC): check the clock",
        ),
        ((*ALL[:2], result("smoke", commit="f" * 40)), "smoke judged ffffffffffff, checked out is 0123456789ab"),
        ((*ALL[:2], dataclasses.replace(ALL[2], verdicts=())), "smoke found nothing to pass"),
        (
            (ALL[0], dataclasses.replace(ALL[1], region="us-east-1", regions=("us-east-1", "eu-west-1")), ALL[2]),
            "live did not look in eu-west-1: merge the results of all regions",
        ),
        ((result("static", verdict(Outcome.FAIL)), *ALL[1:]), f"static: rds.multi-az fails on {DB}: the message"),
        (
            (result("static", verdict(Outcome.ERROR)), *ALL[1:]),
            f"static: rds.multi-az could not be looked at on {DB}: the message",
        ),
        (
            (result("static", verdict(Outcome.UNKNOWN)), *ALL[1:]),
            f"static: rds.multi-az unknown on {DB}: the message",
        ),
        (
            (result("static", verdict(Outcome.WAIVED)), *ALL[1:]),
            f"rds.multi-az on {DB} was waived when it was judged, and no waiver speaks of it now",
        ),
    ],
)
def test_each_of_these_alone_is_a_no_go(results: Sequence[SuiteResult], expected: str) -> None:
    assert reasons(results) == (expected,)


def test_what_is_checked_out_must_be_what_was_judged() -> None:
    dirty = tuple(dataclasses.replace(item, commit=f"{COMMIT}+") for item in ALL)
    assert reasons(dirty, commit=f"{COMMIT}+") == (
        "files differ from the commit that is checked out: commit them, and run the suites on that",
    )
    nowhere = tuple(dataclasses.replace(item, commit="") for item in ALL)
    assert reasons(nowhere, commit="") == ("this is no git checkout: nobody can tell what is signed off",)


def test_a_waiver_that_expired_since_is_a_no_go_and_one_in_force_is_not() -> None:
    waived = (result("static", verdict(Outcome.WAIVED)), *ALL[1:])
    assert reasons(waived, [waiver(NOW.date())]) == ()
    yesterday = NOW.date() - datetime.timedelta(days=1)
    assert reasons(waived, [waiver(yesterday)]) == (f"the waiver of rds.multi-az on {DB} expired on 2026-11-20",)


def test_an_unknown_is_settled_where_another_suite_passes_the_same_and_only_then() -> None:
    unknown = result("static", verdict(Outcome.UNKNOWN))
    settled = decision((unknown, result("live", verdict(Outcome.PASS, "observed")), ALL[2]))
    assert settled == Decision((), (f"rds.multi-az on {DB}: unknown to static, passes in live",))
    assert not decision((unknown, result("live", verdict(Outcome.UNKNOWN, "observed")), ALL[2])).go
    assert not decision((unknown, result("live", verdict(Outcome.PASS, "observed", "rds.other")), ALL[2])).go
    blind = result("live", verdict(Outcome.UNKNOWN, "observed"))
    assert not decision((result("static", verdict(Outcome.PASS)), blind, ALL[2])).go  # code does not tell what runs


def test_a_stack_without_services_needs_no_smoke_but_it_has_to_have_looked() -> None:
    nobody = Verdict("smoke.services-found", "smoke", "production", "stack", Outcome.NOT_APPLICABLE, "no service")
    assert decision((*ALL[:2], dataclasses.replace(ALL[2], verdicts=(nobody,)))).go
    nothing = dataclasses.replace(ALL[1], verdicts=(dataclasses.replace(nobody, control="live.exists"),))
    assert reasons((ALL[0], nothing, ALL[2])) == ("live found nothing to pass",)
