"""What is asked of this repository itself: documents, workflows, scripts, variables, credentials in its history."""

import pytest

from skyworthy.plugin import settle
from skyworthy.verdicts import Verdict

pytestmark = pytest.mark.static


def test_repository(sky_repository: Verdict) -> None:
    settle(sky_repository)
