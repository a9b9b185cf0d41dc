"""What processes use of the machine."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from skyworthy.sandbox.launch import measures
from skyworthy.sandbox.launch.measures import Usage, process_table, usage

# Computes for a while in a child of its own and holds 50 MB there, then waits for the end of its input.
BUSY = """
import subprocess, sys
code = "held = bytearray(50_000_000); n = 0\\nwhile n < 3_000_000: n += 1\\nprint('done', flush=True); input()"
child = subprocess.Popen([sys.executable, "-c", code], stdin=sys.stdin)
child.wait()
"""


@pytest.fixture(scope="module")
def busy() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "done\n"
    yield process.pid
    process.communicate("\n")


def test_usage_counts_what_a_process_has_started(busy: int) -> None:
    used = usage(busy, process_table())
    assert used.cpu_seconds > 0.05
    assert used.memory > 50_000_000


def test_ps_tells_the_same_as_proc(busy: int) -> None:
    by_ps, by_proc = usage(busy, measures._from_ps()), usage(busy, process_table())
    assert abs(by_ps.memory - by_proc.memory) < 1_000_000
    assert abs(by_ps.cpu_seconds - by_proc.cpu_seconds) <= 2  # ps tells whole seconds of each process


def test_process_that_is_gone_uses_nothing() -> None:
    assert usage(2**30, process_table()) == Usage()


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:00:07", 7.0), ("0:01.50", 1.5), ("1-02:03:04", 93784.0), ("12:34.56", 754.56)]
)
def test_times_of_ps(text: str, seconds: float) -> None:
    assert measures._seconds(text) == seconds
