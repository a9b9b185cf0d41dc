"""Every control of the catalogue on every resource that the Terraform declares."""

import pytest

from skyworthy.plugin import settle
from skyworthy.verdicts import Verdict

pytestmark = pytest.mark.static


def test_declared(sky_static: Verdict) -> None:
    settle(sky_static)
