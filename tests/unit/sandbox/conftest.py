"""One sandbox for the tests of a module, emptied before each test."""

from collections.abc import Iterator

import pytest

from skyworthy.sandbox.server import Sandbox, running


@pytest.fixture(scope="module")
def _server() -> Iterator[Sandbox]:
    with running("unit") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_server: Sandbox) -> Sandbox:
    _server.control("POST", "reset")
    return _server
