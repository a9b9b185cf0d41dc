"""Sandboxes that come and go: whatever happens to whoever started them, nothing of them is left."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from skyworthy.sandbox import server
from skyworthy.sandbox.server import Sandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process holds open is read from /proc")

CYCLES = 20
GONE_SECONDS = 5.0
"""Within which a server is gone after its parent."""

OWNER = """
import json, sys
from contextlib import ExitStack
from skyworthy.sandbox.server import running
with ExitStack() as opened:
    sandboxes = [opened.enter_context(running(name)) for name in sys.argv[1:]]
    print(json.dumps([[each.url, each.pid] for each in sandboxes]), flush=True)
    sys.stdin.read()
"""


def test_killed_owner_leaves_no_server_behind() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, "one", "two"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    started = json.loads(owner.stdout.readline())
    assert all(Sandbox(url, pid).alive() for url, pid in started)
    held = [os.pidfd_open(pid) for _, pid in started]

    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdin.close()
    owner.stdout.close()

    deadline = time.monotonic() + GONE_SECONDS
    for descriptor, (url, pid) in zip(held, started, strict=True):
        assert _ended(descriptor, deadline), f"process {pid} still runs"
        assert _refused(url)


def test_cycles_leak_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary, project = tmp_path / "temporary", tmp_path / "project"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    _cycle(project, 0)  # what is made once for all is made here
    before = _descriptors()
    pids, urls = [], []

    for number in range(1, CYCLES):
        pid, url = _cycle(project, number)
        pids.append(pid)
        urls.append(url)

    assert [pid for pid in pids if _runs(pid)] == []
    # A port that is free again may be another process's by now: asked is whether these servers answer.
    assert [url for url, pid in zip(urls, pids, strict=True) if Sandbox(url, pid).alive()] == []
    assert _descriptors() == before
    assert list(temporary.iterdir()) == []
    assert list((project / ".skyworthy").glob("*.json")) == []
    assert server.recorded(project) == []


def test_two_at_once_are_two_accounts(tmp_path: Path) -> None:
    with server.running("staging") as staging, server.running("production") as production:
        staging.client("sqs").create_queue(QueueName="only-here")

        assert staging.url != production.url
        assert "QueueUrls" not in production.client("sqs").list_queues()
        staging.control("POST", "faults", {"service": "sqs", "operation": "*", "error": "AccessDenied"})
        assert "QueueUrls" not in production.client("sqs").list_queues()
    detached = [server.start_detached(tmp_path, name) for name in ("staging", "production")]
    try:
        assert [server.find_running(tmp_path, each.environment_name) for each in detached] == detached
        assert server.stop(tmp_path, "staging")
        assert detached[1].alive()
    finally:
        server.stop(tmp_path, "staging")
        server.stop(tmp_path, "production")


def _cycle(project: Path, number: int) -> tuple[int, str]:
    """Up and down once, attached and detached by turns."""
    if number % 2:
        with server.running() as sandbox:
            assert sandbox.alive()
    else:
        sandbox = server.start_detached(project, "staging")
        assert server.stop(project, "staging")
    return sandbox.pid, sandbox.url


def _descriptors() -> list[str]:
    """What the file descriptors of this process stand for, kinds alike."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(link.readlink()).partition(":")[0])
        except FileNotFoundError:
            continue  # the one by which the folder was read
    return sorted(found)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _ended(descriptor: int, deadline: float) -> bool:
    """Whether a process that is not our child ends before the deadline."""
    ended, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
    os.close(descriptor)
    return bool(ended)


def _refused(url: str) -> bool:
    """Whether nothing listens any more."""
    place = urlsplit(url)
    with socket.socket() as asking:
        return asking.connect_ex((place.hostname, place.port)) != 0
