"""What the tests of skyworthy itself share; the suites need nothing but the plugin (src/skyworthy/plugin.py)."""

import shutil
from collections.abc import Iterator

import pytest

from skyworthy.sandbox.processes import LOOPBACK, free_port, release
from skyworthy.sandbox.server import Sandbox, running


@pytest.fixture(scope="session")
def _server() -> Iterator[Sandbox]:
    with running("tests") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_server: Sandbox) -> Sandbox:
    """One sandbox for all tests of a process, emptied before each."""
    _server.control("POST", "reset")
    return _server


@pytest.fixture
def local_port() -> Iterator[int]:
    """A TCP port of loopback on which nobody listens."""
    port = free_port()
    yield port
    release(LOOPBACK, port)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A test that needs Terraform must not be skipped where Terraform is: that would be green for the wrong reason."""
    if not shutil.which("terraform"):
        return
    skipped = [
        report.nodeid
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and "terraform is not on the PATH" in report.longrepr[2]
    ]
    if skipped:
        terminalreporter.section("skipped, although terraform is on the PATH", red=True)
        for nodeid in skipped:
            terminalreporter.line(nodeid)
        terminalreporter._session.exitstatus = pytest.ExitCode.TESTS_FAILED
