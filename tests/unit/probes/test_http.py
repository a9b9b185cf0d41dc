"""HTTP probes against a real server that answers by script."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from skyworthy.errors import BadInput
from skyworthy.probes import http
from skyworthy.probes.http import Sample, access_token, probe, sample
from skyworthy.probes.results import ProbeFailed

TOKEN = "sandbox-token-dummy"


@dataclass
class Reply:
    status: int = 200
    body: bytes = b"true"
    headers: dict[str, str] = field(default_factory=dict)
    hold: bool = False  # keep the answer back until the test is over


@dataclass
class Scripted:
    """A server that gives its replies in order, the last one again and again."""

    url: str
    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[Scripted]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            scripted.requests.append((self.command, self.path, dict(self.headers), body))
            reply = scripted.replies.pop(0) if len(scripted.replies) > 1 else scripted.replies[0]
            if reply.hold:
                self.close_connection = True
                scripted.over.wait(30)
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_POST = do_GET  # noqa: N815 - the name that the base class calls

        def log_message(self, format: str, *args: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    scripted = Scripted(f"http://127.0.0.1:{listening.server_port}")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield scripted
    scripted.over.set()
    listening.shutdown()
    listening.server_close()
    thread.join()


def test_answer_as_expected(server: Scripted) -> None:
    server.replies = [Reply(201, b'{"a": 1}', {"X-Frame-Options": "DENY"})]
    result = probe(server.url, path="/up", expect_status={200, 201}, expect_json={"a": 1}, expect_body='"a"').require()
    assert (result.ok, result.status, result.json(), result.headers["x-frame-options"]) == (True, 201, {"a": 1}, "DENY")
    assert [request[:2] for request in server.requests] == [("GET", "/up")]
    assert len(result.attempts) == 1
    assert result.seconds > 0


@pytest.mark.parametrize(
    ("reply", "expected", "failure"),
    [
        (Reply(503), {}, "status 503, expected 200"),
        (Reply(302, headers={"Location": "/"}), {}, "status 302, expected 200"),
        (Reply(404), {"expect_status": (200, 204)}, "status 404, expected 200 or 204"),
        (Reply(body=b"1"), {"expect_json": True}, "body is '1', expected true"),
        (Reply(body=b"{}"), {"expect_json": None}, "body is '{}', expected null"),
        (Reply(body=b"<html>"), {"expect_json": True}, "body is not JSON: '<html>'"),
        (Reply(body=b"good bye"), {"expect_body": "hello"}, "body does not hold 'hello': 'good bye'"),
    ],
)
def test_unexpected_answer_is_told(server: Scripted, reply: Reply, expected: dict[str, Any], failure: str) -> None:
    server.replies = [reply]
    result = probe(server.url, path="/up", **expected)
    assert result.failure == f"GET {server.url}/up: {failure}"
    with pytest.raises(ProbeFailed) as failed:
        result.require()
    assert str(failed.value) == result.failure


def test_too_slow_is_told(server: Scripted) -> None:
    assert "too slow: " in probe(server.url, within=0.0).failure


def test_no_answer_in_time_is_told(server: Scripted) -> None:
    server.replies = [Reply(hold=True)]
    assert probe(server.url, timeout=0.2).failure == f"GET {server.url}: no answer within 0.2 s"


def test_body_that_stops_midway_is_told(server: Scripted) -> None:
    server.replies = [Reply(headers={"Content-Length": "100", "Connection": "close"})]
    assert probe(server.url).failure == f"GET {server.url}: the body ends too early"


def test_body_that_is_too_long_is_told(server: Scripted) -> None:
    server.replies = [Reply(body=b"x" * (http.LARGEST_BODY + 1))]
    assert probe(server.url).failure == f"GET {server.url}: the body is longer than 1048576 bytes"


def test_refused_connection_is_told(local_port: int) -> None:
    url = f"http://127.0.0.1:{local_port}"
    assert probe(url).failure == f"GET {url}: connection refused"


def test_retries_until_the_answer_is_right(server: Scripted) -> None:
    server.replies = [Reply(503), Reply(body=b"false"), Reply()]
    result = probe(server.url, expect_json=True, deadline=30)
    assert [attempt.failure for attempt in result.attempts] == [
        "status 503, expected 200",
        "body is 'false', expected true",
        "",
    ]
    assert result.ok


def test_last_failure_counts_the_attempts(server: Scripted) -> None:
    server.replies = [Reply(503)]
    result = probe(server.url, deadline=0.5)
    assert len(result.attempts) == len(server.requests) > 1
    assert result.failure == f"GET {server.url}: status 503, expected 200 ({len(result.attempts)} attempts)"


def test_without_a_deadline_there_is_one_attempt(server: Scripted) -> None:
    server.replies = [Reply(503)]
    assert len(probe(server.url).attempts) == len(server.requests) == 1


def test_tls_failure_is_told_and_not_retried(server: Scripted) -> None:
    url = server.url.replace("http:", "https:")
    result = probe(url, deadline=30)
    assert result.failure.startswith(f"GET {url}: TLS: ")
    assert len(result.attempts) == 1


def test_messages_hold_nothing_that_was_sent_in_secret(server: Scripted) -> None:
    server.replies = [Reply(body=f"you sent Bearer {TOKEN} or {TOKEN}".encode())]
    url = server.url.replace("http://", f"http://user:{TOKEN}@") + f"/me?key={TOKEN}"
    result = probe(url, headers={"Authorization": f"Bearer {TOKEN}"}, expect_body="nothing")
    assert result.failure == f"GET {server.url}/me: body does not hold 'nothing': 'you sent *** or ***'"
    assert TOKEN not in repr(result)
    cut = probe(url, headers={"Authorization": f"Bearer {TOKEN}"}, expect_json=0)
    assert cut.failure.endswith("body is not JSON: 'you sent *** or ***'")
    assert server.requests[0][2]["Authorization"] == f"Bearer {TOKEN}"


def test_value_at_the_edge_of_an_excerpt_is_hidden(server: Scripted) -> None:
    server.replies = [Reply(body=b"x" * 110 + TOKEN.encode())]
    result = probe(server.url, form={"password": TOKEN}, method="POST", expect_body="nothing")
    assert result.failure.endswith(f"'{'x' * 110}***'")


@pytest.mark.parametrize("url", ["ftp://host/", "host", "http://", f"user:{TOKEN}@host", ""])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="not an http or https URL") as refused:
        probe(url)
    assert TOKEN not in str(refused.value)


def test_access_token_by_the_password_form(server: Scripted) -> None:
    server.replies = [Reply(body=json.dumps({"access_token": TOKEN}).encode())]
    assert access_token(f"{server.url}/login", "admin@ohmycoins.com", "sandbox dummy&") == TOKEN
    assert server.requests[0][3] == b"grant_type=password&username=admin%40ohmycoins.com&password=sandbox+dummy%26"


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"access_token": ""}'])
def test_answer_without_access_token_fails(server: Scripted, body: bytes) -> None:
    server.replies = [Reply(body=body)]
    with pytest.raises(ProbeFailed, match="the answer holds no access_token"):
        access_token(f"{server.url}/login", "admin@ohmycoins.com", "sandbox-dummy")


@pytest.mark.parametrize(
    ("latencies", "percent", "value"),
    [
        ([1.0], 95, 1.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([4.0, 1.0, 3.0, 2.0], 50, 2.0),
        ([float(number) for number in range(20, 0, -1)], 95, 19.0),
        ([float(number) for number in range(1, 101)], 95, 95.0),
        ([float(number) for number in range(1, 101)], 100, 100.0),
        ([1.0, 2.0], 0, 1.0),
    ],
)
def test_nearest_rank_percentile(latencies: list[float], percent: float, value: float) -> None:
    assert Sample("http://host", tuple(latencies)).percentile(percent) == value


def test_sample_measures_good_answers_and_tells_the_others(server: Scripted) -> None:
    server.replies = [Reply(503), Reply(), Reply(503), Reply()]
    measured = sample(server.url, 5, path="/up", pause=0)
    assert len(server.requests) == 6
    assert len(measured.latencies) == 4
    assert measured.failures == ("status 503, expected 200",)
    assert 0 < measured.p50 <= measured.p95


def test_sample_without_a_good_answer_has_no_percentile(local_port: int) -> None:
    url = f"http://127.0.0.1:{local_port}"
    with pytest.raises(ProbeFailed, match=f"{url}: no request succeeded: connection refused"):
        _ = sample(url, 1, pause=0).p95


@pytest.mark.parametrize("n", [0, 201])
def test_sample_is_bounded(n: int) -> None:
    with pytest.raises(BadInput, match="a sample has 1 to 200 requests"):
        sample("http://127.0.0.1:1", n)
