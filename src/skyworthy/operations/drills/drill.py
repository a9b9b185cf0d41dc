"""What all drills have in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from skyworthy.estate import Estate
from skyworthy.observed import Session

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Finding:
    """What a drill showed of one thing.

    Args:
        what: the alarm, service or database.
        verdict: ``pass``, ``fail``, or ``unknown`` where it was not tried.
        message: for people.
    """

    what: str
    verdict: Literal["pass", "fail", "unknown"]
    message: str


@dataclass(frozen=True)
class Setting:
    """Where a drill takes place.

    Args:
        session: reads the account.
        estate: the stack, as observed.
        timeout: seconds that a drill waits for what should happen.
        interval: seconds between two looks.
        progress: told what is going on.
    """

    session: Session
    estate: Estate
    timeout: float
    interval: float
    progress: Tell


class Drill(Protocol):
    """One drill; ``plan`` changes nothing, ``run`` does what the plan says and undoes what can be undone."""

    allowed: frozenset[str]
    """``service:Operation`` of all that it calls beside reads."""

    def plan(self, setting: Setting) -> Sequence[str]:
        """What it will change, a sentence each; empty where it only looks.

        Raises:
            BadInput: there is nothing to try.
        """

    def run(self, setting: Setting) -> list[Finding]:
        """Try it."""
