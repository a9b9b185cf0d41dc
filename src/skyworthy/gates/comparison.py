"""What is new, what is fixed, what was so before."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from skyworthy.verdicts import Outcome, Verdict


@dataclass(frozen=True)
class Comparison:
    """Two judgements of one stack, the red verdicts told apart by control, resource, side and environment.

    Attributes:
        new: red now and not before.
        unchanged: red now and before.
        fixed: red before; now not, or no longer there.
    """

    new: tuple[Verdict, ...]
    unchanged: tuple[Verdict, ...]
    fixed: tuple[Verdict, ...]

    @property
    def blocking(self) -> tuple[Verdict, ...]:
        """What stops a change: what is new, and what could not be looked at, however long."""
        return self.new + tuple(item for item in self.unchanged if item.outcome is Outcome.ERROR)


def compare(now: Iterable[Verdict], before: Iterable[Verdict], is_red: Callable[[Verdict], bool]) -> Comparison:
    """Compare two judgements.

    One verdict speaks of the whole repository: there what is new is told by the findings that its message names.

    Args:
        now: the verdicts of what is judged.
        before: those of what it is compared with.
        is_red: whether a verdict stops the gate.
    """
    red_now = {item.key: item for item in now if is_red(item)}
    red_before = {item.key: item for item in before if is_red(item)}
    old = {key for key, item in red_now.items() if key in red_before and not _is_worse(item, red_before[key])}
    return Comparison(
        new=tuple(item for key, item in red_now.items() if key not in old),
        unchanged=tuple(item for key, item in red_now.items() if key in old),
        fixed=tuple(item for key, item in red_before.items() if key not in red_now),
    )


def _is_worse(now: Verdict, before: Verdict) -> bool:
    """Whether a verdict on the repository names a finding that it did not name before, wherever in its file."""
    if now.lens != "repository":
        return False
    (found, more), (known, fewer) = _named(now), _named(before)
    return not found <= known or more > fewer


def _named(verdict: Verdict) -> tuple[set[str], int]:
    """The findings that a message names, without their lines, and how many it does not name."""
    parts = verdict.message.split("; ")
    more = next((int(found[1]) for part in parts if (found := re.fullmatch(r"and (\d+) more", part))), 0)
    return {re.sub(r":\d+", "", part) for part in parts if not re.fullmatch(r"and \d+ more", part)}, more
