"""The suites by name: the one place where front-ends look them up."""

import importlib
from collections.abc import Callable, Iterator, Sequence
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


def run_in_turn(stage: Stage, names: Sequence[str]) -> Iterator[SuiteResult]:
    """The results of several suites on one environment, each as soon as it is there.

    Where smoke follows live, the services of a sandbox are launched before both, so that live sees tasks, metrics and
    logs of what runs. What cannot be launched is told by smoke.

    Raises:
        BadInput: see each suite.
    """
    for name in names:
        if name == "live" and "smoke" in names and stage.declared.of("aws_ecs_service"):
            stage.launch()
        yield SUITES[name].run(stage)
