"""What the suites share: cases, waivers, and the making of a result."""

import datetime
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skyworthy import checkov
from skyworthy.config import WAIVERS_FILE, Waiver
from skyworthy.controls import Lens, catalogue, find_control
from skyworthy.results import Suite as SuiteName
from skyworthy.results import SuiteResult
from skyworthy.suites.selection import NO_STACK
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import Outcome, Verdict, cases

WAIVERS = "waivers.needed"
_NEEDING = frozenset({Outcome.WAIVED, Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN})
"""What a waiver may speak of: a finding, or what may yet turn out to be one."""
LENSES: dict[SuiteName, Lens] = {
    "static": "declared", "live": "observed", "smoke": "smoke", "repository": "repository"
}  # fmt: skip


@dataclass(frozen=True)
class CaseId:
    """What a case is called before it is judged: stable between runs, processes and machines."""

    control: str
    address: str


def apply_waivers(
    verdicts: Iterable[Verdict], waivers: Iterable[Waiver], environment: str, today: datetime.date
) -> list[Verdict]:
    """Failures that somebody answers for become *waived*; under an expired waiver they stay, and say so."""
    waivers = tuple(waivers)
    return [_under(verdict, waivers, environment, today) for verdict in verdicts]


def _under(verdict: Verdict, waivers: tuple[Waiver, ...], environment: str, today: datetime.date) -> Verdict:
    if verdict.outcome is not Outcome.FAIL:
        return verdict
    covering = [item for item in waivers if item.covers(verdict.control, environment, verdict.address)]
    if not covering:
        return verdict
    longest = max(covering, key=lambda item: item.expires)
    if longest.expired(today):
        return replace(verdict, message=f"{verdict.message} (its waiver expired on {longest.expires})")
    reason = f"waived until {longest.expires} by {longest.owner}: {longest.reason}"
    return replace(verdict, outcome=Outcome.WAIVED, message=f"{verdict.message} ({reason})")


def waiver_address(waiver: Waiver) -> str:
    """What a waiver is called where a verdict speaks of it."""
    return f"{waiver.control} on {waiver.resource}"


def judged_here(suite: SuiteName, stage: Stage) -> list[Waiver]:
    """The waivers of which a suite can tell whether they are needed.

    That is the static suite for everything that it judges, checkov's checks included where checkov runs, and another
    suite for what only it judges. A run that looks in one of several regions cannot tell it.
    """
    if stage.options.region:
        return []
    ours = {control.id for control in catalogue() if LENSES[suite] in control.lenses}
    if suite != "static":
        ours -= {control.id for control in catalogue() if "declared" in control.lenses}
    of_checkov = suite == "static" and stage.options.checkov
    return [
        waiver
        for waiver in stage.waivers
        if waiver.covers_environment(stage.environment.name)
        and (any(map(waiver.covers_control, ours)) or (of_checkov and waiver.control.startswith(checkov.PREFIX)))
    ]


def case_ids(suite: SuiteName, stage: Stage) -> list[CaseId]:
    """What a suite will judge, told by the declared estate alone; without checkov's findings, which nobody foresees."""
    estate = NO_STACK if suite == "repository" else stage.declared
    found = [CaseId(case.control.id, case.address) for case in cases(catalogue(), estate, LENSES[suite])]
    return found + [CaseId(WAIVERS, waiver_address(waiver)) for waiver in judged_here(suite, stage)]


def waiver_verdicts(
    waivers: Iterable[Waiver], verdicts: Iterable[Verdict], environment: str, lens: str
) -> Iterator[Verdict]:
    """One verdict for each waiver: it fails where no finding of this run needs it any longer."""
    rule = find_control(WAIVERS)
    assert rule is not None, "the catalogue holds it"
    open_ones = [item for item in verdicts if item.outcome in _NEEDING]
    for waiver in waivers:
        findings = sum(waiver.covers(item.control, environment, item.address) for item in open_ones)
        message = "" if findings else f"no finding needs it any longer: delete it from {WAIVERS_FILE}"
        yield Verdict(
            control=rule.id,
            lens=lens,
            root=environment,
            address=waiver_address(waiver),
            outcome=Outcome.FAIL if message else Outcome.PASS,
            message=message,
            severity=rule.severity,
            title=rule.title,
            refs=rule.refs,
        )


def commit_of(directory: Path) -> str:
    """The commit checked out in a directory, with ``+`` behind it where files differ; empty outside a checkout."""
    head = _git(directory, "rev-parse", "HEAD")
    if not head:
        return ""
    return head + ("+" if _git(directory, "status", "--porcelain", "--untracked-files=no") else "")


def _git(directory: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """A function that tells the seconds since the block was entered."""
    start = time.perf_counter()
    yield lambda: time.perf_counter() - start


def finish(suite: SuiteName, stage: Stage, verdicts: Iterable[Verdict], seconds: float, **more: Any) -> SuiteResult:
    """The result of a suite, with time and commit; its verdicts under the waivers, sorted."""
    name = stage.environment.name
    waived = apply_waivers(verdicts, stage.waivers, name, stage.options.today)
    waived += waiver_verdicts(judged_here(suite, stage), waived, name, LENSES[suite])
    if more.get("target") == "sandbox":
        from skyworthy.sandbox.conditions import SIMULATED  # boto3 comes with it, which the static suite does without

        more["facts"] = {**more.get("facts", {}), "simulated": ", ".join(SIMULATED)}
    return SuiteResult(
        suite=suite,
        environment=name,
        verdicts=tuple(sorted(waived, key=lambda item: item.key)),
        seconds=seconds,
        finished=datetime.datetime.now(datetime.UTC),
        commit=commit_of(stage.settings.directory),
        **more,
    )
