"""What the tests of skyworthy itself share; the suites need nothing but the plugin (src/skyworthy/plugin.py)."""

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
