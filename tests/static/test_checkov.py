"""What checkov finds beyond the catalogue."""

import pytest

from skyworthy.plugin import explain
from skyworthy.verdicts import Outcome, Verdict

pytestmark = pytest.mark.static


def test_checkov(sky_checkov: list[Verdict]) -> None:
    open_findings = [explain(item) for item in sky_checkov if item.outcome not in (Outcome.PASS, Outcome.WAIVED)]
    assert not open_findings, "\n\n".join(open_findings)
