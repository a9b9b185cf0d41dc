"""The health checks of containers: the `healthCheck` command of a task definition, run as a local process.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
"""

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skyworthy.sandbox.processes import LOOPBACK, Process, StartError, own_directory

UNKNOWN, HEALTHY, UNHEALTHY = "UNKNOWN", "HEALTHY", "UNHEALTHY"
FIRST_INTERVAL = 0.5
"""Seconds between two checks until the first one succeeds: a local process is up in less than an interval."""
_NOT_HERE = re.compile(r"(\S+): (?:command )?not found")


@dataclass(frozen=True)
class Command:
    """What a container's health check runs, and how its answers count.

    Args:
        argv: program and arguments.
        interval: seconds between two checks.
        timeout: seconds that a check may take.
        retries: how many failures in a row make the container unhealthy.
        start_period: seconds from the container's start in which failures do not count.
    """

    argv: tuple[str, ...]
    interval: float = 30.0
    timeout: float = 5.0
    retries: int = 3
    start_period: float = 0.0


def health_command(container: Mapping[str, Any]) -> Command | None:
    """The health check of a container definition; None where it has none, also not by `NONE`."""
    declared = container.get("healthCheck")
    if not declared or not declared.get("command"):
        return None
    kind, *words = declared["command"]
    if kind == "NONE":
        return None
    # Without CMD or CMD-SHELL in front, the agent hands the words to the shell.
    argv = (
        tuple(words) if kind == "CMD" else ("/bin/sh", "-c", " ".join(words if kind == "CMD-SHELL" else [kind, *words]))
    )
    given = {
        "interval": "interval",
        "timeout": "timeout",
        "retries": "retries",
        "startPeriod": "start_period",
    }
    settings = {ours: declared[name] for name, ours in given.items() if declared.get(name) is not None}
    return Command(argv, **settings)


def localized(command: Command, ports: Mapping[str, int]) -> Command:
    """The command with the container's own ports as they are here.

    A container has loopback for itself; here all share one, on ports that the system allots.

    Args:
        command: as declared.
        ports: container port -> local port.
    """
    argv = list(command.argv)
    for port, local in ports.items():
        own = rf"\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0):{port}\b"
        argv = [re.sub(own, f"{LOOPBACK}:{local}", word) for word in argv]
        if port == "80":
            implied = r"(http://)(?:localhost|127\.0\.0\.1)(?![\w.:-])"
            argv = [re.sub(implied, rf"\g<1>{LOOPBACK}:{local}", word) for word in argv]
    return Command(tuple(argv), command.interval, command.timeout, command.retries, command.start_period)


class ContainerHealth:
    """Checks one container until it is stopped, in a thread of its own.

    Attributes:
        status: `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
        reason: what the last failing check said, or why no check can be made here.
        checks: how many were made.

    Args:
        command: what to run.
        environment: of the container.
        cwd: where the container's process was started.
        changed: called at each change of the status.
    """

    def __init__(
        self, command: Command, *, environment: Mapping[str, str], cwd: Path, changed: Callable[[], None]
    ) -> None:
        self.status = UNKNOWN
        self.reason = ""
        self.checks = 0
        self._command = command
        self._environment = environment
        self._cwd = cwd
        self._changed = changed
        self._stopped = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._watch, name="container health", daemon=True)
        self._thread.start()

    @property
    def decided(self) -> bool:
        """Whether the checks have told anything, or never will."""
        return self.status != UNKNOWN or self._over

    def stop(self) -> None:
        """Make no further check."""
        self._stopped.set()

    def join(self) -> None:
        """Wait until the check that is being made is over; it is cut short."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            self._repeat()
        finally:
            self._over = True
            self._changed()

    def _repeat(self) -> None:
        start, failures, counted = time.monotonic(), 0, float("-inf")
        succeeded = False
        while not self._stopped.is_set():
            failure = self._check()
            now = time.monotonic()
            if failure is None:
                return
            self.checks += 1
            if not failure:
                succeeded, failures, counted = True, 0, float("-inf")
                self._become(HEALTHY, "")
            else:
                if (succeeded or now - start >= self._command.start_period) and now - counted >= self._command.interval:
                    failures, counted = failures + 1, now
                self._become(UNHEALTHY if failures >= self._command.retries else self.status, failure)
            waiting = self._command.interval
            self._stopped.wait(waiting if succeeded else min(waiting, FIRST_INTERVAL))

    def _become(self, status: str, reason: str) -> None:
        before, self.status, self.reason = self.status, status, reason
        if status != before:
            self._changed()

    def _check(self) -> str | None:
        """Why one check fails; empty where it succeeds, None where checks end."""
        try:
            with own_directory("health") as directory:
                process = Process(
                    self._command.argv,
                    environment=self._environment,
                    cwd=self._cwd,
                    directory=directory,
                    grace=0.0,
                )
        except StartError as error:
            self.reason = f"its health check cannot be run here: {error}"
            return None
        with process:
            code = self._exit_code(process)
            said = process.last_line()
        if self._stopped.is_set():
            return None
        if code is None:
            return f"its health check took longer than {self._command.timeout:g} s"
        missing = _NOT_HERE.search(said) if code else None
        if missing:
            self.reason = f"its health check cannot be run here: {missing[1]} is not on this machine"
            return None
        return f"its health check exited with {code}" + (f": {said}" if said else "") if code else ""

    def _exit_code(self, process: Process) -> int | None:
        """The exit code, or None where the time is up or checks end."""
        give_up = time.monotonic() + self._command.timeout
        while (code := process.exit_code(timeout=0.1)) is None:
            if self._stopped.is_set() or time.monotonic() > give_up:
                return None
        return code


def of_task(containers: Sequence[tuple[bool, str]]) -> str:
    """The health of a task from (essential and checked, status) of each of its containers.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html.
    """
    decisive = [status for counts, status in containers if counts]
    if UNHEALTHY in decisive:
        return UNHEALTHY
    return HEALTHY if decisive and set(decisive) == {HEALTHY} else UNKNOWN
