"""What a session called: how often, how long it took, how often it had to be tried again; and the end of its time."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import exceptions

_STARTED = "skyworthy-started"
_NAME = "skyworthy-name"
_TRIED = "skyworthy-tried"


class TooLate(exceptions.BotoCoreError):
    """A call, or another attempt at one, was due after the deadline; it did not leave the process."""

    fmt = "it came after the deadline"


@dataclass(frozen=True)
class Calls:
    """What was called, each by ``service:Operation``.

    Args:
        counts: calls; a page counts as one, an attempt more does not.
        seconds: they took together, with all attempts.
        retries: attempts after the first; operations that needed none are left out.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    retries: Mapping[str, int] = field(default_factory=dict)

    def since(self, before: "Calls") -> "Calls":
        """What was called after an earlier state of the same log, sorted."""
        names = [name for name in sorted(self.counts) if self.counts[name] > before.counts.get(name, 0)]
        retries = {name: self.retries.get(name, 0) - before.retries.get(name, 0) for name in names}
        return Calls(
            {name: self.counts[name] - before.counts.get(name, 0) for name in names},
            {name: self.seconds.get(name, 0.0) - before.seconds.get(name, 0.0) for name in names},
            {name: count for name, count in retries.items() if count},
        )


@dataclass
class CallLog:
    """Counts and times the calls of a session, as handlers of botocore's events; thread-safe.

    Args:
        counts: see :class:`Calls`.
        seconds: see :class:`Calls`.
        retries: see :class:`Calls`.
        deadline: ``time.monotonic()`` after which nothing more is sent; None: no end.
    """

    counts: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    retries: Counter[str] = field(default_factory=Counter)
    deadline: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def register(self, session: Any) -> None:
        """Listen to the events of a botocore session."""
        session.register("before-call", self.started)
        session.register("request-created", self.tried)
        session.register("after-call", self.ended)
        session.register("after-call-error", self.ended)

    def started(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        """Handler of ``before-call``.

        Raises:
            TooLate: the deadline has passed.
        """
        self._demand_time()
        context[_STARTED] = time.monotonic()
        context[_NAME] = f"{model.service_model.service_name}:{model.name}"
        with self._lock:
            self.counts[context[_NAME]] += 1

    def tried(self, request: Any, **_: Any) -> None:
        """Handler of ``request-created``, which comes before each attempt.

        Raises:
            TooLate: the deadline has passed.
        """
        context = request.context
        if _NAME not in context:  # a request that is signed for somebody else, and not sent
            return
        self._demand_time()
        if context.get(_TRIED):
            with self._lock:
                self.retries[context[_NAME]] += 1
        context[_TRIED] = True

    def ended(self, context: dict[str, Any] | None = None, **_: Any) -> None:
        """Handler of ``after-call`` and ``after-call-error``."""
        if context and _STARTED in context:
            with self._lock:
                self.seconds[context[_NAME]] += time.monotonic() - context[_STARTED]

    def _demand_time(self) -> None:
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise TooLate

    def calls(self) -> Calls:
        """What was called until now."""
        with self._lock:
            return Calls(dict(self.counts), dict(self.seconds), dict(self.retries))

    @property
    def total(self) -> int:
        """Calls in all."""
        return self.counts.total()


__all__ = ["CallLog", "Calls", "TooLate"]
