"""Runs Terraform as a process that never outlives its owner, and reads its machine-readable messages."""

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from skyworthy.sandbox.processes import Process, own_directory

GRACE = 20.0
"""Seconds that Terraform gets to write its state when it is told to stop."""
_POLL = 0.1


@dataclass(frozen=True)
class Step:
    """Progress of one resource.

    Attributes:
        address: the resource, as Terraform names it.
        action: `create`, `update`, `delete`, `read` ...
        state: `started`, `running`, `finished` or `failed`.
        seconds: since the resource was started.
    """

    address: str
    action: str
    state: str
    seconds: float


Progress: TypeAlias = Callable[[Step], None]


@dataclass(frozen=True)
class Result:
    """What a command left.

    Attributes:
        returncode: its exit code.
        stdout: what it said.
        stderr: what it complained of.
    """

    returncode: int
    stdout: str
    stderr: str


class Command:
    """One run of Terraform.

    Its processes, the provider's included, end when this process ends, however it ends.

    Args:
        argv: program and arguments.
        environment: all of its environment.
        folder: its working directory.

    Raises:
        StartError: it could not be started.
    """

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        with own_directory("terraform") as directory:
            self._output = directory / "stdout"
            self._process = Process(
                ["/bin/sh", "-c", 'out=$1; shift; exec "$@" >"$out"', "sh", str(self._output), *argv],
                environment=environment,
                cwd=folder,
                directory=directory,
                stop_signal=signal.SIGINT,
                grace=GRACE,
            )

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.close()

    def stop(self) -> None:
        """Ask it to end what it has begun, and to start nothing more; one that has ended meanwhile is left alone."""
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGINT)

    def events(self) -> Iterator[dict[str, Any] | None]:
        """Its machine-readable messages, as they come; None whenever there was none for a moment.

        Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
        """
        position, rest, ended = 0, b"", False
        while True:
            data = self._read(position)
            position, rest = position + len(data), rest + data
            *lines, rest = rest.split(b"\n")
            yield from (json.loads(line) for line in lines if line.startswith(b"{"))
            if ended and not data:
                return
            if not data:
                yield None
                ended = self._process.exit_code(_POLL) is not None

    def result(self) -> Result:
        """Wait for its end."""
        code = None
        while code is None:
            code = self._process.exit_code(60.0)
        return Result(
            code, self._read(0).decode("utf-8", "replace"), self._process.log_bytes().decode("utf-8", "replace")
        )

    def _read(self, start: int) -> bytes:
        if not self._output.exists():
            return b""
        with self._output.open("rb") as output:
            output.seek(start)
            return output.read()


class Home:
    """A temporary folder that goes when its owner ends, however it ends."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="skyworthy-"))
        try:
            self._guard = Process(["/bin/sh", "-c", ":"], environment={}, cwd=Path("/"), directory=self.path)
        except BaseException:
            shutil.rmtree(self.path, ignore_errors=True)
            raise

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self._guard.close()


_STATES = {
    "apply_start": "started",
    "apply_progress": "running",
    "apply_complete": "finished",
    "apply_errored": "failed",
    "refresh_start": "started",
    "refresh_complete": "finished",
}
READS = ("read", "refresh")
"""Actions that change nothing."""


def step_of(event: Mapping[str, Any]) -> Step | None:
    """The progress of a resource that a message tells, if it does."""
    state = _STATES.get(str(event.get("type")))
    if state is None:
        return None
    hook = event["hook"]
    return Step(hook["resource"]["addr"], hook.get("action", "refresh"), state, float(hook.get("elapsed_seconds", 0)))


def errors_of(event: Mapping[str, Any], place: Callable[[str], str]) -> Iterator[str]:
    """The error that a message tells, if it does: `file:line: address: what`.

    Args:
        event: one message.
        place: makes of a file name in the copy what the user knows.
    """
    if event.get("type") != "diagnostic" or event["diagnostic"]["severity"] != "error":
        return
    diagnostic = event["diagnostic"]
    found = diagnostic.get("range")
    where = f"{place(found['filename'])}:{found['start']['line']}: " if found else ""
    address = f"{diagnostic['address']}: " if diagnostic.get("address") else ""
    detail = f": {diagnostic['detail']}" if diagnostic.get("detail") else ""
    yield f"{where}{address}{diagnostic['summary']}{detail}"


class Pulse:
    """Tells now and then what is going on, where nothing else is said.

    Args:
        tell: takes a sentence.
        every: seconds.
    """

    def __init__(self, tell: Callable[[str], None], every: float) -> None:
        self._tell, self._every = tell, every
        self._going: dict[str, float] = {}
        self._last = time.monotonic()

    def heed(self, step: Step) -> None:
        """Note the progress of a resource."""
        if step.state == "started":
            if not self._going:
                self._last = time.monotonic()
            self._going[step.address] = time.monotonic()
        elif step.state in ("finished", "failed"):
            self._going.pop(step.address, None)
            self._last = time.monotonic()

    def beat(self) -> None:
        """Tell which resources are going on, if it is time."""
        now = time.monotonic()
        if now - self._last < self._every or not self._going:
            return
        self._last = now
        first = sorted(self._going, key=lambda address: self._going[address])[:3]
        shown = ", ".join(f"{address} ({now - self._going[address]:.0f} s)" for address in first)
        more = f" and {len(self._going) - 3} more" if len(self._going) > 3 else ""
        self._tell(f"{len(self._going)} under way: {shown}{more}")

    @property
    def going(self) -> tuple[str, ...]:
        """The resources that are started and not finished."""
        return tuple(self._going)
