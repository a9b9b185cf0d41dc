"""What processes use of the machine, read from `/proc` where there is one, else from `ps`."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """What a process and all that it has started use.

    Args:
        cpu_seconds: of processors, since their start.
        memory: bytes that are resident.
    """

    cpu_seconds: float = 0.0
    memory: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.cpu_seconds + other.cpu_seconds, self.memory + other.memory)


Table = Mapping[int, tuple[int, Usage]]
"""Process id -> its parent's, and what it uses alone."""


def process_table() -> Table:
    """Every process of the machine that may be seen."""
    return _from_proc() if (_PROC / "self" / "stat").exists() else _from_ps()


def usage(pid: int, table: Table) -> Usage:
    """What a process and its descendants use; nothing where it is gone."""
    children: dict[int, list[int]] = {}
    for child, (parent, _) in table.items():
        children.setdefault(parent, []).append(child)
    total, pending = Usage(), [pid] if pid in table else []
    while pending:
        current = pending.pop()
        total += table[current][1]
        pending += children.get(current, [])
    return total


def _from_proc() -> Table:
    """Source: proc(5), `/proc/pid/stat`."""
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    table = {}
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text()
        except OSError:
            continue  # it has ended meanwhile
        fields = text.rpartition(")")[2].split()  # the name before may hold spaces
        used = Usage((int(fields[11]) + int(fields[12])) / ticks, int(fields[21]) * page)
        table[int(entry.name)] = int(fields[1]), used
    return table


def _from_ps() -> Table:
    """Source: ps(1) of POSIX, with `rss`, which macOS and the BSDs have too."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,time=,rss="],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    table = {}
    for line in listed.splitlines():
        pid, parent, time, resident = line.split()
        table[int(pid)] = int(parent), Usage(_seconds(time), int(resident) * 1024)
    return table


def _seconds(time: str) -> float:
    """`[[days-]hours:]minutes:seconds` in seconds."""
    days, _, clock = time.rpartition("-")
    total = 0.0
    for part in re.split(":", clock):
        total = total * 60 + float(part)
    return total + int(days or 0) * 86400
