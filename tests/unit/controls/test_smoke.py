"""What the smoke controls say of real servers."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from skyworthy import declared
from skyworthy.behavior.network import headers_of_listeners, public_url
from skyworthy.config import BUILT_IN_POLICIES, SmokeCheck, SmokeService, SmokeSettings
from skyworthy.controls import find_control
from skyworthy.estate import Estate
from skyworthy.probes.running import RunningService, Variable
from skyworthy.verdicts import Outcome, Verdict, judge

TOKEN = "dummy-token"
STACK = """
resource "aws_lb" "this" {
  name = "front"
}

resource "aws_lb_target_group" "api" {
  name     = "api"
  port     = 8000
  protocol = "HTTP"

  health_check {
    path    = "/up"
    matcher = "200"
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = "arn:aws:acm:us-east-1:123456789012:certificate/x"

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      status_code  = "404"
    }
  }
}
%s
resource "aws_lb_listener_rule" "api" {
  listener_arn = aws_lb_listener.https.arn

  condition {
    host_header {
      values = ["*.example.com", "api.example.com"]
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.api.arn
  }
}

resource "aws_ecs_task_definition" "api" {
  family = "api"

  container_definitions = jsonencode([
    { name = "side", image = "side:9" },
    { name = "api", image = "registry.example.com/api:1.4.0"%s }
  ])
}

resource "aws_ecs_service" "api" {
  name            = "api"
  task_definition = aws_ecs_task_definition.api.arn

  load_balancer {
    target_group_arn = aws_lb_target_group.api.arn
    container_name   = "api"
    container_port   = 8000
  }
}
"""
REDIRECT = """
resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }
}
"""
VERSION = ', environment = [{ name = "APP_VERSION", value = "1.5.0" }]'


@dataclass
class Answer:
    status: int = 200
    body: Any = True
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def serving(answers: dict[str, Answer]) -> Iterator[str]:
    """A server that answers by path, for the duration of the block; other paths are not found."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = answers.get(self.path, Answer(404))
            if answer.status == 200 and self.path == "/mine":
                answer = answer if self.headers.get("Authorization") == f"Bearer {TOKEN}" else Answer(401)
            body = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the base class calls

        def log_message(self, format: str, *args: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    listening.server_close()
    thread.join()


Ask = Callable[..., Verdict]


def read(directory: Path, listener: str = "", variables: str = "") -> Estate:
    (directory / "main.tf").write_text(STACK % (listener, variables))
    return declared.read(directory)


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Judge the service of a stack by one control, and how it runs."""

    def asked(
        control: str,
        running: RunningService,
        *,
        listener: str = "",
        variables: str = "",
        policy: str = "baseline",
        seconds: float = 0.1,
    ) -> Verdict:
        estate, found = read(tmp_path, listener, variables), find_control(control)
        assert found is not None
        service = estate.get("aws_ecs_service.api")
        quick = replace(running, smoke=replace(running.smoke, deadline_seconds=seconds))
        return judge(found, service, estate, BUILT_IN_POLICIES[policy], root="test", lens="smoke", running=quick)

    return asked


def test_url_of_a_service_is_the_host_of_its_listener_rule(tmp_path: Path) -> None:
    estate = read(tmp_path)
    service = estate.get("aws_ecs_service.api")
    assert service is not None
    assert public_url(service, estate) == "https://api.example.com"


def test_service_without_a_rule_of_its_own_has_no_url(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_ecs_service" "bare" {\n  name = "bare"\n}\n')
    estate = declared.read(tmp_path)
    assert public_url(estate.of("aws_ecs_service")[0], estate) == ""


CHECKS = (
    SmokeCheck("/up", json=True),
    SmokeCheck("/status", json={"parts": {"db": "up"}}, headers={"X-Kind": "stat", "X-There": ""}, within_ms=5000),
    SmokeCheck("/mine", token="SMOKE_TEST_TOKEN"),
    SmokeCheck("/gone", status=(404, 410)),
)
STATUS = Answer(body={"parts": {"db": "up", "cache": 1}, "at": "now"}, headers={"X-Kind": "status", "X-There": "x"})


def test_checks_of_the_file(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"/up": Answer(), "/status": STATUS, "/mine": Answer(body={})}
    monkeypatch.setenv("SMOKE_TEST_TOKEN", TOKEN)
    with serving(answers) as url:
        running = RunningService(url=url, asked=SmokeService(checks=CHECKS))
        assert ask("smoke.checks", running).outcome is Outcome.PASS

        answers["/up"] = Answer(body=1)
        answers["/status"] = Answer(body={"parts": {"db": "down"}}, headers=STATUS.headers)
        found = ask("smoke.checks", running)
        assert found.outcome is Outcome.FAIL
        up, status = found.message.split("; ")
        assert up.startswith(f"GET {url}/up: body is '1', expected true in it")
        assert status.startswith(f'GET {url}/status: body is \'{{"parts": {{"db": "down"}}}}\', expected {{"parts"')

        answers |= {"/up": Answer(), "/status": Answer(body=STATUS.body, headers={"X-Kind": "other"})}
        assert "header X-Kind is 'other', expected 'stat' in it" in ask("smoke.checks", running).message
        answers["/status"] = Answer(body=STATUS.body, headers={"X-Kind": "status"})
        assert "no header X-There" in ask("smoke.checks", running).message

        monkeypatch.delenv("SMOKE_TEST_TOKEN")
        answers["/status"] = STATUS
        found = ask("smoke.checks", running)
    assert found.outcome is Outcome.UNKNOWN
    assert found.message == "GET /mine needs a token: the environment variable SMOKE_TEST_TOKEN is not set"


def test_check_of_who_is_signed_in(ask: Ask) -> None:
    asked = SmokeService(login_path="/login", checks=(SmokeCheck("/mine", signed_in=True),))
    with serving({"/mine": Answer(body={})}) as url:
        running = RunningService(url=url, asked=asked, token=lambda: TOKEN)
        assert ask("smoke.checks", running).outcome is Outcome.PASS
        found = ask("smoke.checks", replace(running, token=lambda: "another"))
    assert (found.outcome, "status 401, expected 200" in found.message) == (Outcome.FAIL, True)


def test_request_that_may_change_something_is_made_once(ask: Ask) -> None:
    post = SmokeService(checks=(SmokeCheck("/orders", method="POST"),))
    with serving({}) as url:
        assert "attempts" not in ask("smoke.checks", RunningService(url=url, asked=post), seconds=0.5).message
        get = replace(post, checks=(SmokeCheck("/orders"),))
        assert " attempts)" in ask("smoke.checks", RunningService(url=url, asked=get), seconds=0.5).message


def test_latency_is_noted(ask: Ask) -> None:
    notes: list[str] = []
    settings = SmokeSettings(samples=3, per_second=100)
    with serving({"/up": Answer()}) as url:
        assert ask("smoke.latency", RunningService(url=url, smoke=settings, note=notes.append)).outcome is Outcome.PASS
        slow = RunningService(url=url, smoke=replace(settings, p95_ms=1e-6))
        assert "over 3 requests, budget 0 ms" in ask("smoke.latency", slow).message
    (note,) = notes
    assert note.startswith("api answers in ")
    assert note.endswith(" ms (p95) over 3 requests")


@pytest.mark.parametrize(
    ("variables", "served", "message"),
    [
        ("", "1.4.0", ""),
        (VERSION, "1.5.0", ""),
        ("", "1.3.9", 'body is \'{"version": "1.3.9"}\', expected {"version": "1.4.0"} in it'),
        (VERSION, "1.4.0", 'body is \'{"version": "1.4.0"}\', expected {"version": "1.5.0"} in it'),
    ],
)
def test_served_version(ask: Ask, variables: str, served: str, message: str) -> None:
    with serving({"/version": Answer(body={"version": served})}) as url:
        running = RunningService(url=url, asked=SmokeService(version_path="/version"))
        found = ask("smoke.version", running, variables=variables)
    assert found.outcome is (Outcome.FAIL if message else Outcome.PASS)
    assert message in found.message


HEADERS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Strict-Transport-Security": "max-age=1"}


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (HEADERS, ""),
        ({**HEADERS, "X-Frame-Options": "", "Content-Security-Policy": "frame-ancestors 'none'"}, ""),
        ({**HEADERS, "Strict-Transport-Security": ""}, "no Strict-Transport-Security"),
        ({**HEADERS, "X-Content-Type-Options": "x"}, "no X-Content-Type-Options: nosniff"),
        (
            {"Strict-Transport-Security": "max-age=1"},
            "no X-Content-Type-Options: nosniff; neither X-Frame-Options nor frame-ancestors in "
            "Content-Security-Policy",
        ),
    ],
)
def test_security_headers(ask: Ask, headers: dict[str, str], message: str) -> None:
    with serving({"/up": Answer(headers=headers)}) as url:
        found = ask("smoke.security-headers", RunningService(url=url, launched=True))
    assert (found.outcome, found.message) == (Outcome.FAIL if message else Outcome.PASS, message)


def test_headers_that_the_listener_adds_are_not_missed_behind_it(ask: Ask, tmp_path: Path) -> None:
    assert headers_of_listeners(read(tmp_path)) == ()
    text = (tmp_path / "main.tf").read_text()
    for name in ("strict_transport_security", "x_content_type_options", "x_frame_options"):
        text = text.replace('"HTTPS"\n', f'"HTTPS"\n  routing_http_response_{name}_header_value = "x"\n', 1)
    (tmp_path / "main.tf").write_text(text)
    added = headers_of_listeners(declared.read(tmp_path))
    assert added == ("Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options")
    with serving({"/up": Answer()}) as url:
        found = ask("smoke.security-headers", RunningService(url=url, launched=True, added=added))
    assert (found.outcome, found.message) == (Outcome.PASS, "")


@pytest.mark.parametrize("control", ["smoke.https-redirect", "smoke.certificate", "smoke.tls-version"])
def test_tls_is_not_asked_of_a_launched_copy(ask: Ask, control: str) -> None:
    found = ask(control, RunningService(url="http://127.0.0.1:1", launched=True))
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert found.message == "launched on this machine it is asked without its load balancer, which alone speaks TLS"


def test_plain_http_is_a_finding_where_https_is_required(ask: Ask) -> None:
    running = RunningService(url="http://api.example.com")
    assert ask("smoke.certificate", running).outcome is Outcome.NOT_APPLICABLE
    found = ask("smoke.certificate", running, policy="production")
    assert (found.outcome, found.message) == (Outcome.FAIL, "it is asked by plain HTTP: http://api.example.com")


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("https://127.0.0.1/skyworthy-redirect", ""),
        ("https://127.0.0.1:443/skyworthy-redirect", ""),
        ("http://127.0.0.1/skyworthy-redirect", "HTTP is redirected to http://127.0.0.1/skyworthy-redirect"),
        ("https://elsewhere.example.com/", "HTTP is redirected to https://elsewhere.example.com/"),
    ],
)
def test_redirect(ask: Ask, location: str, message: str) -> None:
    with serving({"/skyworthy-redirect": Answer(301, headers={"Location": location})}) as url:
        running = RunningService(url="https://127.0.0.1", http_port=int(url.rpartition(":")[2]))
        found = ask("smoke.https-redirect", running, listener=REDIRECT)
    assert (found.outcome, found.message) == (Outcome.FAIL if message else Outcome.PASS, message)


def test_plain_http_that_answers_instead_of_redirecting(ask: Ask) -> None:
    with serving({"/skyworthy-redirect": Answer()}) as url:
        running = RunningService(url="https://127.0.0.1", http_port=int(url.rpartition(":")[2]))
        found = ask("smoke.https-redirect", running)
    assert "status 200, expected 301 or 302 or 307 or 308" in found.message


def test_closed_http_port_is_no_finding_unless_it_is_declared(ask: Ask) -> None:
    with serving({}) as url:
        closed = int(url.rpartition(":")[2])
    running = RunningService(url="https://127.0.0.1", http_port=closed)
    assert ask("smoke.https-redirect", running).outcome is Outcome.NOT_APPLICABLE
    found = ask("smoke.https-redirect", running, listener=REDIRECT)
    assert (found.outcome, "connection refused" in found.message) == (Outcome.FAIL, True)


def held(*rows: tuple[str, Any]) -> RunningService:
    return RunningService(variables=lambda: [Variable("t1", "api", name, how) for name, how in rows])


def test_variables_of_running_tasks(ask: Ask) -> None:
    assert ask("smoke.injected-names", held(("A", "held"))).outcome is Outcome.PASS
    found = ask("smoke.injected-names", held(("B", "differs"), ("A", "unset"), ("C", "held"), ("D", "empty")))
    assert found.outcome is Outcome.FAIL
    assert found.message == "api: A is not set; api: B differs from what it is given now; api: D is empty"
    assert ask("smoke.injected-names", held()).outcome is Outcome.UNKNOWN
    closed = ask("smoke.injected-names", RunningService(closed="ECS Exec is not enabled for it"))
    assert (closed.outcome, closed.message) == (Outcome.NOT_APPLICABLE, "ECS Exec is not enabled for it")


@pytest.mark.parametrize(
    "control", ["smoke.health", "smoke.checks", "smoke.version", "smoke.security-headers", "smoke.certificate"]
)
def test_service_that_cannot_be_asked_is_never_green(ask: Ask, control: str) -> None:
    asked = SmokeService(version_path="/version", checks=(SmokeCheck("/"),))
    broken = ask(control, RunningService(asked=asked, problem="CannotPullContainerError"))
    assert (broken.outcome, broken.message) == (Outcome.FAIL, "CannotPullContainerError")
    far = ask(control, RunningService(asked=asked, unreachable="no url"))
    assert (far.outcome, far.message) == (Outcome.UNKNOWN, "no url")
