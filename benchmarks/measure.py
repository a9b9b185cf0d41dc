"""Processes measured: wall time and peak memory of each, and of what it starts."""

import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One process, from start to end.

    Args:
        seconds: wall time.
        megabytes: the largest resident set of the process.
        code: its exit code.
        output: what it printed; the end of it on standard error where that was empty.
        cut_off: it was ended at the time limit.
    """

    seconds: float
    megabytes: float
    code: int
    output: str
    cut_off: bool


def run(command: Sequence[object], *, cwd: Path, env: Mapping[str, str] | None = None, limit: float = 600.0) -> Run:
    """Run a process to its end, or to the time limit."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)), cwd=cwd, env=env, stdout=out, stderr=err, start_new_session=True
        )
        ended = threading.Event()

        def end() -> None:
            ended.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit, end)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Run(
            seconds, usage.ru_maxrss / 1024, process.returncode, out.read() or err.read()[-2000:], ended.is_set()
        )


def median(runs: Sequence[Run]) -> float:
    """The median wall time in seconds."""
    return statistics.median(item.seconds for item in runs)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown, its columns aligned."""
    texts = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in texts
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
