"""Waivers over verdicts: what is covered is waived, expired ones do not hold, needless ones are red."""

import datetime
from dataclasses import replace

from skyworthy.config import Waiver
from skyworthy.suites.suite import apply_waivers, waiver_verdicts
from skyworthy.verdicts import Outcome, Verdict

TODAY = datetime.date(2026, 11, 21)
WAIVER = Waiver("rds.*", "module.rds.*", "platform", "one zone until launch", datetime.date(2026, 12, 31), "staging")


def verdict(
    outcome: Outcome, control: str = "rds.multi-az", address: str = "module.rds.aws_db_instance.main"
) -> Verdict:
    return Verdict(control, "declared", "staging", address, outcome, "one zone" if outcome is Outcome.FAIL else "")


def test_a_covered_failure_is_waived_with_owner_reason_and_date() -> None:
    (found,) = apply_waivers([verdict(Outcome.FAIL)], [WAIVER], "staging", TODAY)
    assert found.outcome is Outcome.WAIVED
    assert found.message == "one zone (waived until 2026-12-31 by platform: one zone until launch)"


def test_only_failures_are_waived() -> None:
    others = [verdict(outcome) for outcome in (Outcome.ERROR, Outcome.UNKNOWN, Outcome.PASS)]
    assert apply_waivers(others, [WAIVER], "staging", TODAY) == others


def test_an_expired_waiver_does_not_hold_and_says_so() -> None:
    (found,) = apply_waivers([verdict(Outcome.FAIL)], [WAIVER], "staging", datetime.date(2027, 1, 1))
    assert (found.outcome, found.message) == (Outcome.FAIL, "one zone (its waiver expired on 2026-12-31)")


def test_another_environment_is_not_covered() -> None:
    (found,) = apply_waivers([verdict(Outcome.FAIL)], [WAIVER], "production", TODAY)
    assert found.outcome is Outcome.FAIL


def test_a_waiver_may_be_of_several_environments() -> None:
    several = replace(WAIVER, environment="production, stag*")
    covered = {name: several.covers_environment(name) for name in ("staging", "production", "account")}
    assert covered == {"staging": True, "production": True, "account": False}


def test_a_waiver_is_needed_while_one_covered_finding_is_open_or_undecided() -> None:
    sound = verdict(Outcome.PASS, address="module.rds.aws_db_instance.replica")
    for outcome in (Outcome.WAIVED, Outcome.UNKNOWN, Outcome.ERROR):
        (found,) = waiver_verdicts([WAIVER], [sound, verdict(outcome)], "staging", "declared")
        assert found.outcome is Outcome.PASS


def test_a_waiver_that_nothing_needs_is_red() -> None:
    (found,) = waiver_verdicts([WAIVER], [verdict(Outcome.PASS)], "staging", "declared")
    assert (found.control, found.address) == ("waivers.needed", "rds.* on module.rds.*")
    assert found.outcome is Outcome.FAIL
    assert found.message == "no finding needs it any longer: delete it from waivers.toml"
