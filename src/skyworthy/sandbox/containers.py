"""Processes that stand for containers: started with exactly the given environment, and never outliving their owner."""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

LOOPBACK = "127.0.0.1"
GRACE = 5.0
"""Seconds between the stop signal and SIGKILL."""

_SUPERVISOR = Path(__file__).with_name("lifeline.py")
_LINE = 64 * 1024


class StartError(Exception):
    """A process could not be started; the message says why."""


@dataclass(frozen=True)
class Step:
    """A command to finish before the process starts, and the text for its standard input."""

    argv: Sequence[str]
    input: str = ""


def free_port() -> int:
    """A TCP port of loopback that nobody listens on, allotted by the system."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """A running process with a directory of its own, which goes with it.

    Args:
        argv: program and arguments; the program is searched on the PATH of ``environment``.
        environment: all of its environment; nothing is inherited.
        cwd: its working directory.
        directory: its own directory, removed at the end; see :func:`own_directory`. The log is ``log`` in it.
        prepare: commands to finish first, in the same environment.
        user: uid and gid to run as; only root can ask for that.
        stop_signal: what asks it to stop.
        grace: seconds between that and SIGKILL.

    Raises:
        StartError: the program or a step of ``prepare`` did not run.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        cwd: Path,
        directory: Path,
        prepare: Sequence[Step] = (),
        user: tuple[int, int] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace: float = GRACE,
    ) -> None:
        self.log = directory / "log"
        self.grace = grace
        self._exit: int | None = None
        self.pid = 0
        self._heard = b""
        self._supervisor = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SUPERVISOR)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            start_new_session=True,
        )
        self._send(
            {
                "prepare": [{"argv": list(step.argv), "input": step.input} for step in prepare],
                "argv": list(argv),
                "env": dict(environment),
                "cwd": str(cwd),
                "log": str(self.log),
                "user": user,
                "stop_signal": int(stop_signal),
                "grace": grace,
                "remove": str(directory),
            }
        )
        answer = self._hear(timeout=None)
        if answer is None or "pid" not in answer:
            tail = self.last_line()
            self.close()
            reason = answer["error"] if answer else "its supervisor died"
            raise StartError(f"{reason}: {tail}" if tail else reason)
        self.pid = answer["pid"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def exit_code(self, timeout: float = 0.0) -> int | None:
        """Its exit code, negative for a signal; None if it still runs after so many seconds."""
        if self._exit is None:
            answer = self._hear(timeout)
            if answer is not None:
                self._exit = answer["exit"]
            elif self._supervisor.poll() is not None:
                self._exit = -signal.SIGKILL
        return self._exit

    def log_bytes(self, start: int = 0) -> bytes:
        """What it has written so far, from a position on; nothing once it is closed."""
        if not self.log.exists():
            return b""
        with self.log.open("rb") as log:
            log.seek(start)
            return log.read()

    def last_line(self) -> str:
        """The last line that it has written, or an empty string."""
        lines = self.log_bytes().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    def stop(self) -> None:
        """Ask it to stop, without waiting: its directory stays readable until :meth:`close`."""
        if self._exit is None and self._supervisor.poll() is None:
            self._supervisor.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Stop it if it runs, wait for its end, and remove its directory."""
        assert self._supervisor.stdin is not None
        assert self._supervisor.stdout is not None
        self._supervisor.stdin.close()
        try:
            self._supervisor.wait(self.grace + 5.0)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            if self.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)
            self._supervisor.wait()
        self._supervisor.stdout.close()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._supervisor.stdin is not None
        data = memoryview(json.dumps(message).encode() + b"\n")
        while data:  # an unbuffered pipe takes what fits
            data = data[self._supervisor.stdin.write(data) :]

    def _hear(self, timeout: float | None) -> dict[str, Any] | None:
        """The supervisor's next message; None if it has none in time, or is gone."""
        assert self._supervisor.stdout is not None
        give_up = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._heard:
            left = None if give_up is None else max(0.0, give_up - time.monotonic())
            if self._supervisor.stdout.closed or not select.select([self._supervisor.stdout], [], [], left)[0]:
                return None
            data = os.read(self._supervisor.stdout.fileno(), _LINE)
            if not data:
                return None
            self._heard += data
        line, _, self._heard = self._heard.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message


@contextlib.contextmanager
def own_directory(prefix: str) -> Iterator[Path]:
    """A new private directory for a process that is about to start; removed again if the block fails."""
    directory = Path(tempfile.mkdtemp(prefix=f"skyworthy-{prefix}-"))
    try:
        yield directory
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
