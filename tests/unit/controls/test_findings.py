import pytest

from skyworthy.controls.findings import Findings
from skyworthy.estate import Undecidable


def test_every_finding_is_told_once_and_hides_what_is_open() -> None:
    findings = Findings()
    for message in ("one", "two", "one"):
        with findings.question():
            assert False, message  # noqa: B011 - a control's own words
    with findings.question():
        raise Undecidable("not known")
    with pytest.raises(AssertionError, match=r"^one; two\b"):
        findings.conclude()


def test_what_is_open_is_told_where_nothing_was_found() -> None:
    findings = Findings()
    with findings.question():
        raise Undecidable("not known")
    with pytest.raises(Undecidable, match="not known"):
        findings.conclude()


def test_of_many_findings_the_first_are_told_and_how_many_there_are_more() -> None:
    findings = Findings()
    for number in range(23):
        findings.add(f"finding {number}")
    with pytest.raises(AssertionError, match=r"finding 0; .*finding 19; and 3 more\b"):
        findings.conclude()
