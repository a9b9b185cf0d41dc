"""Starting, finding and stopping sandboxes, and their end with whoever started them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from skyworthy.errors import BadInput
from skyworthy.sandbox import server
from skyworthy.sandbox.server import Sandbox

PARENT = """
import json, sys
from skyworthy.sandbox.server import running
with running() as sandbox:
    print(json.dumps({"url": sandbox.url, "pid": sandbox.pid}), flush=True)
    sys.stdin.read()
"""


def test_sandbox_is_an_account_on_loopback(sandbox: Sandbox) -> None:
    identity = sandbox.client("sts").get_caller_identity()

    assert urlsplit(sandbox.url).hostname == "127.0.0.1"
    assert identity["Account"] == sandbox.account_id == "123456789012"
    assert sandbox.environment()["AWS_ENDPOINT_URL"] == sandbox.url
    assert sandbox.alive()


def test_regions_are_apart(sandbox: Sandbox) -> None:
    sandbox.client("sqs", "eu-west-1").create_queue(QueueName="here")

    assert "QueueUrls" not in sandbox.client("sqs").list_queues()
    assert len(sandbox.client("sqs", "eu-west-1").list_queues()["QueueUrls"]) == 1


def test_managed_policies_exist(sandbox: Sandbox) -> None:
    policy = sandbox.client("iam").get_policy(PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")

    assert policy["Policy"]["PolicyName"] == "ReadOnlyAccess"


def test_private_server_ends_with_the_block() -> None:
    with server.running() as sandbox:
        assert sandbox.alive()

    assert not sandbox.alive()


def test_private_server_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdin is not None
    told = json.loads(parent.stdout.readline())
    descriptor = os.pidfd_open(told["pid"]) if hasattr(os, "pidfd_open") else None
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()

    _await_end(told["pid"], descriptor)
    assert not Sandbox(told["url"], told["pid"]).alive()


def test_server_that_cannot_start_is_an_error_with_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_command", lambda *_: [sys.executable, "-c", "raise SystemExit('no such luck')"])

    with pytest.raises(BadInput, match=r"did not start \(exit code 1\); its log:\nno such luck"), server.running():
        pytest.fail("it started")


def test_detached_server_is_found_until_it_is_stopped(tmp_path: Path) -> None:
    started = server.start_detached(tmp_path, "staging")
    try:
        assert server.find_running(tmp_path, "staging") == started
        assert server.find_running(tmp_path, "production") is None
        assert sorted(path.name for path in (tmp_path / ".skyworthy").iterdir()) == [
            ".gitignore",
            "sandbox-staging.json",
            "sandbox-staging.lock",
            "sandbox-staging.log",
        ]
        with pytest.raises(BadInput, match=r"runs already at http://127\.0\.0\.1"):
            server.start_detached(tmp_path, "staging")
    finally:
        assert server.stop(tmp_path, "staging")

    assert not started.alive()
    assert server.find_running(tmp_path, "staging") is None
    assert not server.stop(tmp_path, "staging")


def test_record_of_a_server_that_is_gone_is_removed(tmp_path: Path) -> None:
    started = server.start_detached(tmp_path, "staging")
    os.kill(started.pid, signal.SIGKILL)
    while started.alive():
        os.sched_yield()

    assert server.find_running(tmp_path, "staging") is None
    assert not (tmp_path / ".skyworthy" / "sandbox-staging.json").exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "is not a sandbox record"),
        ('{"port": 1}', "is not a sandbox record"),
        ('{"url": "http://example.com:80", "pid": 1}', "which is not on this machine"),
    ],
)
def test_record_that_cannot_be_trusted_is_an_error(tmp_path: Path, content: str, complaint: str) -> None:
    state = tmp_path / ".skyworthy" / "sandbox-staging.json"
    state.parent.mkdir()
    state.write_text(content)

    with pytest.raises(BadInput, match=complaint):
        server.find_running(tmp_path, "staging")


def test_unreachable_server_is_an_error() -> None:
    with pytest.raises(BadInput, match=r"the sandbox at http://127.0.0.1:9 does not answer"):
        Sandbox("http://127.0.0.1:9", 1).control("GET", "status")


def test_unknown_control_endpoint_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match=r"refused GET nothing: .*no such endpoint"):
        sandbox.control("GET", "nothing")
    with pytest.raises(BadInput, match=r"refused POST faults: .*unexpected keyword argument 'colour'"):
        sandbox.control("POST", "faults", {"colour": "red"})


def _await_end(pid: int, descriptor: int | None) -> None:
    """Wait for a process that is not our child."""
    if descriptor is not None:
        import select

        ended, _, _ = select.select([descriptor], [], [], 30)
        os.close(descriptor)
        assert ended, f"process {pid} still runs"
        return
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        os.sched_yield()
