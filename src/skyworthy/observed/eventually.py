"""Waiting for what AWS documents as taking a moment: bounded, and with a reason."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")
PAUSE = 3.0
"""Seconds between two questions."""


def eventually(
    ask: Callable[[], Answer],
    settled: Callable[[Answer], bool],
    *,
    within: float,
    pause: float = PAUSE,
    wait: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """Ask until the answer is settled, or the time is up.

    Only for what AWS says it does not do at once, such as the registration of a target: anything else that is not as
    it should be is a finding, however often one asks.

    Args:
        ask: the question.
        settled: whether an answer is the last word.
        within: seconds after which the answer stands as it is.
        pause: seconds between two questions.
        wait: how to let time pass.
        clock: seconds, going on.

    Returns:
        The last answer, settled or not.
    """
    end = clock() + within
    answer = ask()
    while not settled(answer) and clock() + pause <= end:
        wait(pause)
        answer = ask()
    return answer
