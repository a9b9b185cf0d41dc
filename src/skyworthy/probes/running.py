"""What runs, as smoke controls see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from skyworthy.config.smoke import SmokeService, SmokeSettings

Held = Literal["held", "differs", "unset", "empty"]


@dataclass(frozen=True)
class Variable:
    """A variable that a task definition names, as a running container has it; its value is not kept.

    Args:
        task: id of the task.
        container: name in the task definition.
        name: of the variable.
        held: ``held`` (set, and with the declared value or the one of its secret), ``differs``, ``unset`` or ``empty``.
    """

    task: str
    container: str
    name: str
    held: Held


def untold(_: str) -> None:
    """For whoever keeps no notes."""


@dataclass(frozen=True)
class RunningService:
    """A running copy of an ECS service, or the reason why there is none.

    Args:
        url: where it answers; empty where that is not known.
        problem: why it does not run, in ECS's words; empty where it does.
        unreachable: why it cannot be asked from here; empty where it can.
        http_port: where its host answers by plain HTTP, if at all.
        launched: it was launched on this machine, without its load balancer.
        added: headers that the listener adds to the answers, where it is asked without it.
        asked: what is asked of it.
        smoke: how it is asked.
        token: makes the bearer token that its routes want; None: they are asked without.
        variables: looks into its running tasks; None: that is not done.
        closed: why that is not done.
        note: told what is worth knowing beside the verdicts, such as measured latencies.
    """

    url: str = ""
    problem: str = ""
    unreachable: str = ""
    http_port: int = 80
    launched: bool = False
    added: tuple[str, ...] = ()
    asked: SmokeService = field(default_factory=SmokeService)
    smoke: SmokeSettings = field(default_factory=SmokeSettings)
    token: Callable[[], str] | None = field(default=None, repr=False)
    variables: Callable[[], Sequence[Variable]] | None = field(default=None, repr=False)
    closed: str = ""
    note: Callable[[str], None] = field(default=untold, repr=False)

    @property
    def deadline(self) -> float:
        """Seconds in which it must answer well."""
        return self.smoke.deadline_seconds


@dataclass(frozen=True)
class RunningCache:
    """A running copy of a cache, or the reason why it cannot be asked.

    Args:
        host: where it listens.
        port: its port.
        password: its AUTH token.
        unreachable: why it cannot be asked from here; empty where it can.
        deadline: seconds in which it must answer.
    """

    host: str = ""
    port: int = 0
    password: str | None = field(default=None, repr=False)
    unreachable: str = ""
    deadline: float = 30.0
