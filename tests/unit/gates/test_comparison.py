from skyworthy.config import BUILT_IN_GATES
from skyworthy.gates.comparison import compare
from skyworthy.verdicts import Outcome, Verdict, is_red


def verdict(name: str, outcome: Outcome) -> Verdict:
    return Verdict(f"rds.{name}", "declared", "staging", "aws_db_instance.main", outcome)


def test_what_is_red_is_told_apart_by_when_it_became_so() -> None:
    before = [
        verdict("old", Outcome.FAIL),
        verdict("mended", Outcome.FAIL),
        verdict("gone", Outcome.FAIL),
        verdict("turned", Outcome.PASS),
        verdict("blind", Outcome.ERROR),
    ]
    now = [
        verdict("old", Outcome.FAIL),
        verdict("mended", Outcome.PASS),
        verdict("turned", Outcome.FAIL),
        verdict("added", Outcome.FAIL),
        verdict("blind", Outcome.ERROR),
        verdict("undecided", Outcome.UNKNOWN),
    ]
    found = compare(now, before, lambda item: is_red(item, BUILT_IN_GATES["pr"]))
    assert [item.control for item in found.new] == ["rds.turned", "rds.added"]
    assert [item.control for item in found.unchanged] == ["rds.old", "rds.blind"]
    assert [item.control for item in found.fixed] == ["rds.mended", "rds.gone"]
    assert [item.control for item in found.blocking] == ["rds.turned", "rds.added", "rds.blind"]
