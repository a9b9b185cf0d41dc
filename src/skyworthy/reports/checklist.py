"""The deployment checklist: boxes that only evidence can tick."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from skyworthy.results import SuiteResult, settled
from skyworthy.verdicts import Outcome, Verdict

_GOOD = frozenset({Outcome.PASS, Outcome.WAIVED})
_OPEN = (Outcome.ERROR, Outcome.FAIL, Outcome.UNKNOWN)
_WORDS = {
    Outcome.ERROR: "could not be looked at",
    Outcome.FAIL: "failed",
    Outcome.UNKNOWN: "unknown",
    Outcome.WAIVED: "waived",
    Outcome.PASS: "passed",
}


@dataclass(frozen=True)
class Item:
    """A box.

    Args:
        phase: the heading that it stands under.
        box: what is so when it is ticked.
        suite: whose verdicts are evidence.
        requirements: a verdict that names one of these in its ``refs``, or is of a control of that name, is evidence;
            each of them needs some.
    """

    phase: str
    box: str
    suite: str
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """A box for one environment.

    Args:
        item: what it stands for.
        ticked: there is evidence, and none against it.
        evidence: the numbers, for people: "static: 4 passed, 1 waived".
        controls: ids of the controls that gave it, sorted.
    """

    item: Item
    ticked: bool
    evidence: str
    controls: tuple[str, ...] = ()


@cache
def items() -> tuple[Item, ...]:
    """The boxes, in order, from ``checklist.toml``."""
    data = tomllib.loads(resources.files("skyworthy.reports").joinpath("checklist.toml").read_text("utf-8"))
    return tuple(Item(row["phase"], row["box"], row["suite"], tuple(row["requirements"])) for row in data["item"])


def boxes(results: Mapping[str, SuiteResult]) -> tuple[Box, ...]:
    """Every box for one environment.

    Args:
        results: suite -> its last result.
    """
    decided = settled(results)
    return tuple(_box(item, results.get(item.suite), decided) for item in items())


def _box(item: Item, result: SuiteResult | None, decided: Collection[Verdict]) -> Box:
    if result is None:
        return Box(item, ticked=False, evidence=f"{item.suite} was not run")
    applicable = [item for item in result.verdicts if item.outcome is not Outcome.NOT_APPLICABLE]
    of = {
        name: [verdict for verdict in applicable if f"REQ {name}" in verdict.refs or verdict.control == name]
        for name in item.requirements
    }
    found = list({verdict.key: verdict for verdicts in of.values() for verdict in verdicts}.values())
    numbers = [
        f"{count} {word}"
        for outcome, word in _WORDS.items()
        if (count := sum(verdict.outcome is outcome for verdict in found))
    ]
    missing = [name for name, verdicts in of.items() if not verdicts]
    if missing:
        numbers.append(f"nothing judged {' or '.join(missing)}")
    judged = [verdict for verdict in found if verdict not in decided]
    if len(judged) < len(found):
        numbers.append(f"live passes {len(found) - len(judged)} unknown")
    ticked = not missing and all(verdict.outcome in _GOOD for verdict in judged)
    return Box(item, ticked, f"{item.suite}: {', '.join(numbers)}", _controls(judged, ticked=ticked))


def _controls(judged: list[Verdict], *, ticked: bool) -> tuple[str, ...]:
    """Those that tick the box, or those that keep it open."""
    return tuple(sorted({item.control for item in judged if ticked or item.outcome in _OPEN}))
