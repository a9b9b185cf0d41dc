"""Runs one command, and ends it when whoever asked for it is gone, however they went.

A script of the standard library alone, started by ``skyworthy.sandbox.processes`` in a session of its own, so that
neither Ctrl-C nor ``kill -9`` of its owner reaches it. What to run comes as one JSON line on its standard input, which
the owner then keeps open: the kernel closes it when the owner dies, and the end of input ends the command.

The line: ``prepare`` (list of {argv, input}: commands to finish first), ``argv``, ``env``, ``cwd``, ``log`` (a file),
``user`` ([uid, gid] or null), ``stop_signal`` (number), ``grace`` (seconds between it and SIGKILL), ``remove`` (a
directory that goes when all is over). Answers, one JSON line each on standard output: ``{"pid": n}`` or
``{"error": text}``, later ``{"exit": code}``. SIGTERM ends the command and keeps the directory until the end of input.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

ORPHAN_GRACE = 2.0
"""Seconds between the stop signal and SIGKILL where nobody is left to wait any longer."""
STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


def main() -> None:
    """Run what standard input says, to its end."""
    wake = _wake_on_signals()
    line = sys.stdin.buffer.readline()
    if not line:
        return  # the owner was gone before it could say anything
    spec = json.loads(line)
    try:
        _supervise(spec, wake)
    finally:
        shutil.rmtree(spec["remove"], ignore_errors=True)


def _wake_on_signals() -> int:
    """A file descriptor that becomes readable, with the signal's number, at each signal that concerns us."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGCHLD, *STOP_SIGNALS):
        signal.signal(number, lambda *_: None)
    return reader


def _supervise(spec: dict[str, Any], wake: int) -> None:
    try:
        _prepare(spec)
        child = _start(spec, spec["argv"], subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        _tell({"error": str(error)})
        _wait_for_owner(wake, None)
        return
    _tell({"pid": child.pid})
    gone = _wait_for_owner(wake, child)
    gone = _end(child, spec["stop_signal"], spec["grace"], wake, gone)
    _tell({"exit": child.returncode})
    if not gone:
        _wait_for_owner(wake, None)


def _prepare(spec: dict[str, Any]) -> None:
    for step in spec["prepare"]:
        child = _start(spec, step["argv"], subprocess.PIPE)
        child.communicate(step["input"].encode())
        if child.returncode:
            raise subprocess.SubprocessError(f"{os.path.basename(step['argv'][0])} exited with {child.returncode}")  # noqa: PTH119


def _start(spec: dict[str, Any], argv: list[str], stdin: int) -> "subprocess.Popen[bytes]":
    user, group = spec["user"] or (None, None)
    with open(spec["log"], "ab") as log:  # noqa: PTH123 - pathlib would double the start-up time of this script
        return subprocess.Popen(
            argv,
            env=spec["env"],
            cwd=spec["cwd"],
            stdin=stdin,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )


def _wait_for_owner(wake: int, child: "subprocess.Popen[bytes] | None") -> bool:
    """Wait for the end of input (true), or for the child's exit or a request to stop it (false)."""
    while True:
        readable, _, _ = select.select([0, wake], [], [])
        if 0 in readable and not os.read(0, 1):
            return True
        stop = wake in readable and STOP_SIGNALS.intersection(os.read(wake, 64))
        if child is not None and (stop or child.poll() is not None):
            return False


def _end(child: "subprocess.Popen[bytes]", stop_signal: int, grace: float, wake: int, gone: bool) -> bool:
    """End the child and all that it has started; whether the owner is gone by then."""
    if child.poll() is None:
        child.send_signal(stop_signal)
        gone = _wait_for_child(child, grace, wake, gone)
    # A container ends with its first process: nothing that this one has started outlives it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    return gone


def _wait_for_child(child: "subprocess.Popen[bytes]", grace: float, wake: int, gone: bool) -> bool:
    """Wait until the child has exited or its time is up, which is short from when the owner is gone."""
    give_up = time.monotonic() + (min(grace, ORPHAN_GRACE) if gone else grace)
    while child.poll() is None and (left := give_up - time.monotonic()) > 0:
        readable, _, _ = select.select([wake] if gone else [0, wake], [], [], left)
        if wake in readable:
            os.read(wake, 64)
        if 0 in readable and not os.read(0, 1):
            gone, give_up = True, min(give_up, time.monotonic() + ORPHAN_GRACE)
    return gone


def _tell(message: dict[str, Any]) -> None:
    # An owner that is gone hears nothing, and that is no reason to stop cleaning up.
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
