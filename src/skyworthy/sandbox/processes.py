"""Processes that stand for containers: started with exactly the given environment, and never outliving their owner."""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

LOOPBACK = "127.0.0.1"
GRACE = 5.0
"""Seconds between the stop signal and SIGKILL."""

_SUPERVISOR = Path(__file__).with_name("lifeline.py")


class StartError(Exception):
    """A process could not be started; the message says why."""


@dataclass(frozen=True)
class Step:
    """A command to finish before the process starts, and the text for its standard input."""

    argv: Sequence[str]
    input: str = ""


_PORTS = range(15_000, 32_000)
"""Below the ports that systems give to outgoing connections, so that none of these takes a port that was allotted."""
_claims: dict[tuple[str, int], socket.socket] = {}


def free_port() -> int:
    """A TCP port of loopback that nobody listens on, and that no other launch gets until :func:`release`.

    The claim is a UDP socket of the same number: the system lets nobody else have it, and takes it back whenever and
    however this process ends.
    """
    for port in random.sample(_PORTS, len(_PORTS)):
        if _claimed(LOOPBACK, port, everywhere=True):
            return port
    raise OSError("every port is taken")


def own_address(port: int) -> tuple[str, int]:
    """Where a server can listen: the wanted port of an address of loopback that nobody else has.

    Linux answers on all of 127.0.0.0/8. Where a system does not, or the port is only root's, it is a free port of the
    usual address.
    """
    for _ in range(8):
        host = "127." + ".".join(map(str, random.sample(range(2, 254), 3)))
        if _claimed(host, port):
            return host, port
    return LOOPBACK, free_port()


def release(host: str, port: int) -> None:
    """Give an allotted port back."""
    claim = _claims.pop((host, port), None)
    if claim is not None:
        claim.close()


def _claimed(host: str, port: int, *, everywhere: bool = False) -> bool:
    claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        claim.bind((host, port))
        with socket.socket() as probe:
            probe.bind(("" if everywhere else host, port))
    except OSError:
        claim.close()
        return False
    _claims[host, port] = claim
    return True


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
        on_exit: called once, in a thread of its own, when the process has ended while its owner still held it.

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
        on_exit: Callable[[], None] | None = None,
    ) -> None:
        self.log = directory / "log"
        self.grace = grace
        self.pid = 0
        self._exit: int | None = None
        self._ended = threading.Event()
        self._on_exit = on_exit
        self._supervisor = _supervisor()
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
        self.pid = self._started()
        self._listener = threading.Thread(target=self._listen, name=f"exit of {self.pid}", daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def exit_code(self, timeout: float | None = 0.0) -> int | None:
        """Its exit code, negative for a signal; None if it still runs after so many seconds."""
        self._ended.wait(timeout)
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
        if not self._ended.is_set() and self._supervisor.poll() is None:
            self._supervisor.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Stop it if it runs, wait for its end, and remove its directory."""
        assert self._supervisor.stdin is not None
        if self.pid:
            self.stop()
            self._ended.wait(self.grace + 1.0)
        self._supervisor.stdin.close()
        try:
            self._supervisor.wait(5.0)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            if self.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)
            self._supervisor.wait()
        if not self.pid:
            self._close_ear()
        elif threading.current_thread() is not self._listener:
            self._listener.join()  # it closes the other pipe

    def _started(self) -> int:
        """The process's id, as the supervisor tells it."""
        answer = self._hear()
        if answer is None or "pid" not in answer:
            tail = self.last_line()
            self.close()
            reason = answer["error"] if answer else "its supervisor died"
            raise StartError(f"{reason}: {tail}" if tail else reason)
        return int(answer["pid"])

    def _listen(self) -> None:
        """Hear of the exit, then of the end of the supervisor."""
        answer = self._hear()
        self._exit = answer["exit"] if answer else -signal.SIGKILL
        self._ended.set()
        if self._on_exit is not None:
            self._on_exit()
        self._supervisor.wait()
        self._close_ear()

    def _close_ear(self) -> None:
        assert self._supervisor.stdout is not None
        self._supervisor.stdout.close()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._supervisor.stdin is not None
        data = memoryview(json.dumps(message).encode() + b"\n")
        while data:  # an unbuffered pipe takes what fits
            data = data[self._supervisor.stdin.write(data) :]

    def _hear(self) -> dict[str, Any] | None:
        """The supervisor's next message; None if it is gone."""
        assert self._supervisor.stdout is not None
        line = self._supervisor.stdout.readline()
        message: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
        return message


def _supervisor() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_SUPERVISOR)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        cwd="/",
        start_new_session=True,
    )


@contextlib.contextmanager
def own_directory(prefix: str) -> Iterator[Path]:
    """A new private directory for a process that is about to start; removed again if the block fails."""
    directory = Path(tempfile.mkdtemp(prefix=f"skyworthy-{prefix}-"))
    try:
        yield directory
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
