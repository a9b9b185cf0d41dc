"""Waiting is bounded, and ends with the answer that settles it."""

from itertools import count

from skyworthy.observed.eventually import eventually


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def test_a_settled_answer_is_not_waited_for() -> None:
    clock = Clock()
    assert eventually(lambda: "healthy", lambda _: True, within=60, wait=clock.wait, clock=clock) == "healthy"
    assert clock.waits == []


def test_it_is_asked_again_until_the_answer_is_settled() -> None:
    clock, answers = Clock(), count()
    found = eventually(lambda: next(answers), lambda n: n == 2, within=60, pause=5, wait=clock.wait, clock=clock)
    assert (found, clock.waits) == (2, [5, 5])


def test_when_the_time_is_up_the_last_answer_stands() -> None:
    clock, answers = Clock(), count()
    found = eventually(lambda: next(answers), lambda _: False, within=12, pause=5, wait=clock.wait, clock=clock)
    assert (found, clock.waits) == (2, [5, 5])
