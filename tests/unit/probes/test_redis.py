"""PING against a real server."""

from collections.abc import Iterator

import pytest

from skyworthy.probes.redis import ping
from skyworthy.probes.results import ProbeFailed
from skyworthy.sandbox.launch import servers
from skyworthy.sandbox.launch.servers import Server

TOKEN = "sandbox-token-dummy"
WRONG = "sandbox-wrong-dummy"


@pytest.fixture(scope="module")
def cache() -> Iterator[Server]:
    with servers.redis(TOKEN) as server:
        yield server


def test_pong(cache: Server) -> None:
    result = ping(cache.host, cache.port, password=TOKEN).require()
    assert (result.ok, len(result.attempts), result.failure) == (True, 1, "")
    assert result.seconds > 0


@pytest.mark.parametrize(
    ("password", "failure"), [(WRONG, "the AUTH token is refused"), (None, "it demands an AUTH token")]
)
def test_refused_token_is_told_and_not_retried(cache: Server, password: str | None, failure: str) -> None:
    result = ping(cache.host, cache.port, password=password, deadline=30)
    assert result.failure == f"PING {cache.host}:{cache.port}: {failure}"
    assert len(result.attempts) == 1
    with pytest.raises(ProbeFailed, match=failure):
        result.require()


def test_server_without_tls_is_told(cache: Server) -> None:
    # Without TLS, a server takes the first message of TLS for half a command and waits for the rest.
    result = ping(cache.host, cache.port, password=TOKEN, tls=True, timeout=0.5)
    assert result.failure == f"PING {cache.host}:{cache.port}: no answer within 0.5 s"


def test_refused_connection_is_retried_and_counted(local_port: int) -> None:
    result = ping("127.0.0.1", local_port, deadline=0.3)
    assert result.failure == f"PING 127.0.0.1:{local_port}: connection refused ({len(result.attempts)} attempts)"
    assert len(result.attempts) > 1
