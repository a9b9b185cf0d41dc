"""The smoke suite where services run in AWS: an account on loopback, and a server in the place of what is deployed."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from skyworthy.config import Settings, SmokeService, SmokeSettings, load_settings
from skyworthy.sandbox import cassette, server
from skyworthy.suites import smoke
from skyworthy.suites.account import cassette_of
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import Outcome

REPOSITORY = Path(__file__).parents[3]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def deployed() -> Iterator[str]:
    """Where the API is served."""
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.fixture
def settings() -> Iterator[Settings]:
    """The reference stack's, with an AWS account that holds it, and AWS clients that find it."""
    found = load_settings(REPOSITORY)
    with server.running() as sandbox, pytest.MonkeyPatch.context() as patched:
        cassette.replay(cassette.load(cassette_of(found, found.environment("staging"))), sandbox)
        for name, value in sandbox.environment().items():
            patched.setenv(name, value)
        yield found


def test_services_of_aws_are_asked_where_they_are_served(settings: Settings, deployed: str, tmp_path: Path) -> None:
    services = {
        "backend": SmokeService(url={"staging": deployed}, database_path="/users"),
        "frontend": SmokeService(url={"staging": "http://127.0.0.1:9"}),
    }
    asked = SmokeSettings(services, samples=2, deadline_seconds=0.1)
    chosen = replace(settings, smoke=asked, cache_directory=tmp_path)
    with Stage(chosen, chosen.environment("staging"), Options(target="aws")) as stage:
        result = smoke.run(stage)
    found = {(item.control, item.address.rpartition(".")[2]): (item.outcome, item.message) for item in result.verdicts}
    for control in ("smoke.health", "smoke.latency", "smoke.database"):
        assert found[control, "backend"] == (Outcome.PASS, "")
    assert found["smoke.health", "frontend"][0] is Outcome.FAIL
    assert "connection refused" in found["smoke.health", "frontend"][1]
    assert found["smoke.redis-ping", "this"][0] is Outcome.UNKNOWN
    assert found["smoke.certificate", "backend"] == (
        Outcome.NOT_APPLICABLE,
        f"it is served by plain HTTP: {deployed}",
    )
    closed, why = found["smoke.injected-names", "backend"]
    assert (closed, "look_inside = ['staging']" in why) == (Outcome.NOT_APPLICABLE, True)
    assert result.target == "aws"
    assert "ecs:ExecuteCommand" not in result.calls


def test_hosts_follow_from_the_listener_rules(settings: Settings, tmp_path: Path) -> None:
    chosen = replace(settings, smoke=SmokeSettings(deadline_seconds=0.1), cache_directory=tmp_path)
    with Stage(chosen, chosen.environment("staging"), Options(target="aws")) as stage:
        running = smoke._deployed(stage, lambda _: None)
    urls = {address.rpartition(".")[2]: getattr(item, "url", "") for address, item in running.items()}
    assert urls["backend"] == "https://api-staging.ohmycoins.com"
    assert urls["frontend"] == "https://dashboard-staging.ohmycoins.com"
