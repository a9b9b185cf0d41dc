"""The suites by name: the one place where front-ends look them up."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from skyworthy.results import Suite, SuiteResult
from skyworthy.suites.stage import Stage


@dataclass(frozen=True)
class Entry:
    """A suite.

    Args:
        name: static, live, smoke or repository; its module has that name.
        gate: the moment that it serves: whose verdicts make the suite red when it is run by itself.
    """

    name: Suite
    gate: str

    def run(self, stage: Stage) -> SuiteResult:
        """Judge one environment. The module is imported now: static needs neither boto3 nor a sandbox."""
        run: Callable[[Stage], SuiteResult] = importlib.import_module(f"skyworthy.suites.{self.name}").run
        return run(stage)


_ENTRIES = (Entry("static", "pr"), Entry("live", "nightly"), Entry("smoke", "nightly"), Entry("repository", "pr"))
SUITES: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}
