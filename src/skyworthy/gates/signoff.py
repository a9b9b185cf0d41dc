"""The sign-off of a deployment: go or no-go by the last results, with reasons; fails closed.

It runs nothing. It reads what the suites left behind and says no to everything that is missing, old, of another
commit, unknown, unreadable or open. Only evidence can turn it to go.
"""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from skyworthy.config import Environment, GateSettings, Waiver
from skyworthy.results import SuiteResult, settled
from skyworthy.verdicts import Outcome, Verdict, is_red


@dataclass(frozen=True)
class Decision:
    """What the evidence says.

    Attributes:
        reasons: what speaks against it, one sentence each; empty where it is a go.
        settled: unknowns of static that live decided, one sentence each.
    """

    reasons: tuple[str, ...]
    settled: tuple[str, ...]

    @property
    def go(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


def decide(
    environment: Environment,
    gate: GateSettings,
    results: Sequence[SuiteResult],
    waivers: Sequence[Waiver],
    *,
    commit: str,
    now: datetime.datetime,
) -> Decision:
    """Decide on an environment.

    Args:
        environment: which.
        gate: the sign-off's settings.
        results: the last of each suite of this environment.
        waivers: all that are in force or were.
        commit: what is checked out, with ``+`` behind it where files differ; empty outside a checkout.
        now: UTC.
    """
    by_suite: dict[str, SuiteResult] = {
        result.suite: result for result in results if result.environment == environment.name
    }
    decided = settled(by_suite)
    reasons = list(_of_the_checkout(commit))
    for suite in gate.suites:
        result = by_suite.get(suite)
        if result is None:
            reasons.append(f"{suite} was not run: skyworthy {suite} --env {environment.name}")
            continue
        reasons += _of_the_run(result, gate, commit, now)
        reasons += _of_the_verdicts(result, gate, decided)
    judged = [verdict for result in by_suite.values() for verdict in result.verdicts]
    reasons += _of_the_waivers(judged, waivers, environment.name, now.date())
    sentences = (f"{item.control} on {item.address}: unknown to static, passes in live" for item in decided)
    return Decision(tuple(reasons), tuple(sentences))


def _of_the_checkout(commit: str) -> Iterator[str]:
    if not commit:
        yield "this is no git checkout: nobody can tell what is signed off"
    elif commit.endswith("+"):
        yield "files differ from the commit that is checked out: commit them, and run the suites on that"


def _of_the_run(result: SuiteResult, gate: GateSettings, commit: str, now: datetime.datetime) -> Iterator[str]:
    age = (now - result.finished) / datetime.timedelta(hours=1)
    if age > gate.max_age_hours:
        yield f"{result.suite} is {age:.0f} hours old, at most {gate.max_age_hours:g} are allowed: run it anew"
    elif age < -1 / 60:
        yield f"{result.suite} is dated in the future ({result.finished:%Y-%m-%d %H:%M} UTC): check the clock"
    if result.commit != commit:
        judged = result.commit[:12] or "no commit"
        yield f"{result.suite} judged {judged}, checked out is {commit[:12] or 'no commit'}"
    if result.not_looked_in:
        yield f"{result.suite} did not look in {', '.join(result.not_looked_in)}: merge the results of all regions"
    if result.found_nothing:
        yield f"{result.suite} found nothing to pass"


def _of_the_verdicts(result: SuiteResult, gate: GateSettings, settled: Sequence[Verdict]) -> Iterator[str]:
    for item in result.verdicts:
        if is_red(item, gate) and item not in settled:
            words = {Outcome.FAIL: "fails", Outcome.ERROR: "could not be looked at"}.get(
                item.outcome, item.outcome.value
            )
            yield f"{result.suite}: {item.control} {words} on {item.where}: {item.message}"


def _of_the_waivers(
    verdicts: Sequence[Verdict], waivers: Sequence[Waiver], environment: str, today: datetime.date
) -> Iterator[str]:
    """A waiver may have expired, or gone, since the suite ran."""
    for item in verdicts:
        if item.outcome is not Outcome.WAIVED:
            continue
        covering = [each for each in waivers if each.covers(item.control, environment, item.address)]
        if not covering:
            yield f"{item.control} on {item.address} was waived when it was judged, and no waiver speaks of it now"
        elif all(each.expired(today) for each in covering):
            last = max(each.expires for each in covering)
            yield f"the waiver of {item.control} on {item.address} expired on {last}"
