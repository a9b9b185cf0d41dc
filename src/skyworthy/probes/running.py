"""What runs, as smoke controls see it."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RunningService:
    """A running copy of an ECS service, or the reason why there is none.

    Args:
        url: where it answers; empty where that is not known.
        problem: why it does not run, in ECS's words; empty where it does.
        unreachable: why it cannot be asked from here; empty where it can.
        database_path: route that reads the database; empty: none is known.
        cache_path: route that asks the cache; empty: none is known.
        token: makes the bearer token that these routes want; None: they are asked without.
        p95_ms: latency budget of the health endpoint, milliseconds.
        samples: requests of a latency sample.
        deadline: seconds in which it must answer well.
    """

    url: str = ""
    problem: str = ""
    unreachable: str = ""
    database_path: str = ""
    cache_path: str = ""
    token: Callable[[], str] | None = field(default=None, repr=False)
    p95_ms: float = 500.0
    samples: int = 20
    deadline: float = 30.0


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
