"""Every declared resource exists, and every control of the catalogue holds on what is really there."""

import pytest

from skyworthy.plugin import settle
from skyworthy.verdicts import Verdict

pytestmark = [pytest.mark.live, pytest.mark.requires_api]


def test_observed(sky_live: Verdict) -> None:
    settle(sky_live)
