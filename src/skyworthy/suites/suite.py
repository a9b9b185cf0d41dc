"""What the suites share: cases, waivers, and the making of a result."""

import datetime
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from skyworthy.config import WAIVERS_FILE, Environment, Settings, Waiver, load_waivers
from skyworthy.results import SuiteResult
from skyworthy.results import Suite as SuiteName
from skyworthy.verdicts import Outcome, Verdict

Progress = Callable[[str], None]
"""Called with what is being done now, a short clause."""

WAIVERS = "waivers.needed"


def silent(_: str) -> None:
    """A progress that tells nobody."""


@dataclass(frozen=True)
class CaseId:
    """What a case is called before it is judged: stable between runs, processes and machines."""

    control: str
    address: str


@dataclass(frozen=True)
class Options:
    """What a front-end asks of a suite.

    Args:
        checkov: run checkov beside the static suite.
        target: what live and smoke look at: ``sandbox`` or ``aws``.
        waivers: heed waivers.toml.
        today: the day by which waivers are read.
        progress: told what is being done.
        announce: told what people must know before it is done: account, region and target.
    """

    checkov: bool = True
    target: str = "sandbox"
    waivers: bool = True
    today: datetime.date = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).date())
    progress: Progress = silent
    announce: Progress = silent


def waivers_of(settings: Settings, options: Options) -> tuple[Waiver, ...]:
    """The waivers to heed, none where they are to be ignored."""
    return load_waivers(settings.directory / WAIVERS_FILE, options.today) if options.waivers else ()


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


def judged_here(waiver: Waiver, controls: Iterable[str], environment: str) -> bool:
    """Whether a suite that judges these controls can tell if a waiver is needed."""
    return waiver.covers_environment(environment) and any(waiver.covers_control(control) for control in controls)


def waiver_verdicts(
    waivers: Iterable[Waiver], verdicts: Iterable[Verdict], environment: str, lens: str
) -> Iterator[Verdict]:
    """One verdict for each waiver: it fails where no finding of this run needs it any longer."""
    verdicts = tuple(verdicts)
    for waiver in waivers:
        needed = any(
            waiver.covers(item.control, environment, item.address)
            and item.outcome in (Outcome.WAIVED, Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN)
            for item in verdicts
        )
        yield Verdict(
            control=WAIVERS,
            lens=lens,
            root=environment,
            address=waiver_address(waiver),
            outcome=Outcome.PASS if needed else Outcome.FAIL,
            message="" if needed else f"no finding needs this waiver any longer: delete it from {WAIVERS_FILE}",
            severity="low",
            title="Every waiver is still needed.",
            refs=("REQ STA-4",),
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


def finish(
    suite: SuiteName,
    settings: Settings,
    environment: Environment,
    verdicts: Iterable[Verdict],
    seconds: float,
    **more: object,
) -> SuiteResult:
    """The result of a suite, sorted, with time and commit."""
    result = SuiteResult(
        suite=suite,
        environment=environment.name,
        verdicts=tuple(sorted(verdicts, key=lambda item: item.key)),
        seconds=seconds,
        finished=datetime.datetime.now(datetime.UTC),
        commit=commit_of(settings.directory),
    )
    return replace(result, **more)  # type: ignore[arg-type]
