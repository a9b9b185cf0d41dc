"""What a probe came to, and the retrying that all probes share."""

import time
from collections.abc import Callable
from dataclasses import dataclass

FIRST_PAUSE = 0.1
"""Seconds between the first two attempts; each further pause is twice as long, up to LONGEST_PAUSE."""
LONGEST_PAUSE = 5.0


class ProbeFailed(AssertionError):
    """A service does not answer as expected; the message says what it did instead, without any secret."""


@dataclass(frozen=True)
class Attempt:
    """One try.

    Args:
        seconds: until the whole answer was there, or it failed.
        failure: what is wrong, or an empty string.
        final: whether another try cannot turn out better.
    """

    seconds: float
    failure: str = ""
    final: bool = False


def attempts_until(ask: Callable[[], Attempt], deadline: float) -> tuple[Attempt, ...]:
    """Ask until the answer is right, with pauses that grow.

    Args:
        ask: makes one attempt.
        deadline: seconds after which no new attempt begins; 0: a single one.

    Returns:
        All attempts, at least one; the last one is the verdict.
    """
    start, pause, made = time.monotonic(), FIRST_PAUSE, [ask()]
    while made[-1].failure and not made[-1].final and time.monotonic() + pause - start < deadline:
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
        made.append(ask())
    return tuple(made)


def told(what: str, attempts: tuple[Attempt, ...]) -> str:
    """The failure of the last attempt with what was probed and how often; empty where it succeeded."""
    failure = attempts[-1].failure
    if not failure:
        return ""
    often = f" ({len(attempts)} attempts)" if len(attempts) > 1 else ""
    return f"{what}: {failure}{often}"
