"""What the tests of skyworthy itself share; the suites need nothing but the plugin (src/skyworthy/plugin.py)."""

import shutil
from collections.abc import Iterator

import pytest

from skyworthy.sandbox.server import Sandbox, running


@pytest.fixture(scope="module")
def _server() -> Iterator[Sandbox]:
    with running("tests") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_server: Sandbox) -> Sandbox:
    """A sandbox for the tests of a module, emptied before each test."""
    _server.control("POST", "reset")
    return _server


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
