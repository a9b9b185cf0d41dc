"""The running services answer as they should."""

import pytest

from skyworthy.plugin import settle
from skyworthy.verdicts import Verdict

pytestmark = [pytest.mark.smoke, pytest.mark.requires_api]


def test_running(sky_smoke: Verdict) -> None:
    settle(sky_smoke)
