"""What is new, what is fixed, what was so before."""

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

    Args:
        now: the verdicts of what is judged.
        before: those of what it is compared with.
        is_red: whether a verdict stops the gate.
    """
    red_now = {item.key: item for item in now if is_red(item)}
    red_before = {item.key: item for item in before if is_red(item)}
    return Comparison(
        new=tuple(item for key, item in red_now.items() if key not in red_before),
        unchanged=tuple(item for key, item in red_now.items() if key in red_before),
        fixed=tuple(item for key, item in red_before.items() if key not in red_now),
    )
