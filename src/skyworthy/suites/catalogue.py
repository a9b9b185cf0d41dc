"""The suites by name: the one place where front-ends look them up."""

from collections.abc import Callable
from dataclasses import dataclass

from skyworthy.config import Environment, Settings
from skyworthy.results import Suite, SuiteResult
from skyworthy.suites import live, smoke, static
from skyworthy.suites.suite import CaseId, Options
from skyworthy.verdicts import NIGHTLY, PR, Gate


@dataclass(frozen=True)
class Entry:
    """A suite.

    Args:
        name: static, live or smoke.
        gate: the moment that it serves.
        case_ids: what it will judge, without looking at any account.
        run: judges.
    """

    name: Suite
    gate: Gate
    case_ids: Callable[[Settings, Environment, Options], list[CaseId]]
    run: Callable[[Settings, Environment, Options], SuiteResult]


SUITES = {
    "static": Entry("static", PR, static.case_ids, static.run),
    "live": Entry("live", NIGHTLY, live.case_ids, live.run),
    "smoke": Entry("smoke", NIGHTLY, smoke.case_ids, smoke.run),
}
