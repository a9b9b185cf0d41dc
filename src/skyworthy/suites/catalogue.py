"""The suites by name: the one place where front-ends look them up."""

from collections.abc import Callable
from dataclasses import dataclass

from skyworthy.results import Suite, SuiteResult
from skyworthy.suites import live, smoke, static
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import NIGHTLY, PR, Gate


@dataclass(frozen=True)
class Entry:
    """A suite.

    Args:
        name: static, live or smoke.
        gate: the moment that it serves.
        run: judges one environment.
    """

    name: Suite
    gate: Gate
    run: Callable[[Stage], SuiteResult]


SUITES = {
    "static": Entry("static", PR, static.run),
    "live": Entry("live", NIGHTLY, live.run),
    "smoke": Entry("smoke", NIGHTLY, smoke.run),
}
