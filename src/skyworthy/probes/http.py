"""HTTP probes: one request with expectations, retried inside a deadline, and latency samples.

No message holds the value of a header that was sent, the query or the user part of a URL.
"""

import json
import math
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import urlsplit

import requests

from skyworthy.config.smoke import ANYTHING, MOST_SAMPLES
from skyworthy.errors import BadInput
from skyworthy.probes.results import Attempt, ProbeFailed, attempts_until, told

LARGEST_BODY = 1024 * 1024
"""Bytes of an answer that are read; a longer one is a failure."""
_SHOWN = 120
"""Characters of an unexpected body that a message shows."""


@dataclass(frozen=True)
class Result:
    """The answer to a probe.

    Args:
        url: what was asked, without user part and query.
        attempts: all tries in order.
        failure: what is wrong, or an empty string.
        status: of the last answer; 0 where there was none.
        headers: of the last answer; names are found in any case.
        body: of the last answer.
    """

    url: str
    attempts: tuple[Attempt, ...]
    failure: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        """Whether the last answer was as expected."""
        return not self.failure

    @property
    def seconds(self) -> float:
        """What the last attempt took."""
        return self.attempts[-1].seconds

    def require(self) -> Self:
        """The result itself, where it is as expected.

        Raises:
            ProbeFailed: otherwise.
        """
        if self.failure:
            raise ProbeFailed(self.failure)
        return self

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ProbeFailed: it is not JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ProbeFailed(f"{self.url}: the body is not JSON") from error


@dataclass(frozen=True)
class Expectation:
    """What an answer must be like.

    Args:
        status: the accepted statuses.
        json: what the body must be, as JSON; ANYTHING: not looked at.
        holds: what the body must hold, as JSON: of an object the keys that are given, of everything else the whole
            value; ANYTHING: not looked at.
        body: a text that the body must hold; empty: not looked at.
        headers: name -> a text that this header must hold; empty: it must be there.
        within: seconds in which the answer must be there; None: not looked at.
    """

    status: Collection[int]
    json: Any = ANYTHING
    body: str = ""
    within: float | None = None
    holds: Any = ANYTHING
    headers: Mapping[str, str] = field(default_factory=dict)

    def failure(
        self,
        status: int,
        body: bytes,
        seconds: float,
        hidden: Collection[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """What is not as expected, without the hidden values that a body may repeat; or an empty string."""
        if status not in self.status:
            return f"status {status}, expected {' or '.join(map(str, sorted(self.status)))}"
        text = body.decode("utf-8", "replace")
        shown = repr(_without(text, hidden)[:_SHOWN])
        wrong = self._headers(headers or {}) or self._document(body, shown)
        if wrong:
            return wrong
        if self.body not in text:
            return f"body does not hold {self.body!r}: {shown}"
        if self.within is not None and seconds > self.within:
            return f"too slow: {seconds * 1000:.0f} ms, expected at most {self.within * 1000:.0f} ms"
        return ""

    def _headers(self, headers: Mapping[str, str]) -> str:
        for name, wanted in self.headers.items():
            value = headers.get(name)
            if value is None:
                return f"no header {name}"
            if wanted not in value:
                return f"header {name} is {value[:_SHOWN]!r}, expected {wanted!r} in it"
        return ""

    def _document(self, body: bytes, shown: str) -> str:
        if self.json is ANYTHING and self.holds is ANYTHING:
            return ""
        try:
            value = json.loads(body)
        except ValueError:
            return f"body is not JSON: {shown}"
        if self.json is not ANYTHING and not _same(value, self.json):
            return f"body is {shown}, expected {json.dumps(self.json)[:_SHOWN]}"
        if self.holds is not ANYTHING and not _holds(value, self.holds):
            return f"body is {shown}, expected {json.dumps(self.holds, default=str)[:_SHOWN]} in it"
        return ""


def _same(value: Any, wanted: Any) -> bool:
    """In Python True equals 1, in JSON it does not."""
    return json.dumps(value, sort_keys=True, default=str) == json.dumps(wanted, sort_keys=True, default=str)


def _holds(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(value, dict) and all(key in value and _holds(value[key], wanted[key]) for key in wanted)
    return _same(value, wanted)


def probe(
    url: str,
    *,
    method: str = "GET",
    path: str = "",
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    expect_status: int | Collection[int] = 200,
    expect_json: Any = ANYTHING,
    expect_body: str = "",
    expect_holds: Any = ANYTHING,
    expect_headers: Mapping[str, str] | None = None,
    within: float | None = None,
    timeout: float = 5.0,
    deadline: float = 0.0,
    verify: bool | str = True,
) -> Result:
    """Make a request until its answer is as expected, or the deadline has passed. Redirects are not followed.

    Args:
        url: of the service: ``https://api.example.com``.
        method: of the request.
        path: added to the URL.
        headers: to send; their values appear in no message.
        form: fields of a form to send; their values appear in no message.
        expect_status: the accepted status, or several.
        expect_json: what the body must be.
        expect_body: a text that the body must hold.
        expect_holds: what the body must hold as JSON, see :class:`Expectation`.
        expect_headers: name -> a text that this header of the answer must hold; empty: it must be there.
        within: seconds in which the answer must be there.
        timeout: seconds for one attempt.
        deadline: seconds after which no new attempt begins; 0: a single attempt.
        verify: whether certificates are verified, or the file of the authorities to trust.

    Returns:
        The last answer and what is wrong with it; ``require()`` turns that into an exception.

    Raises:
        BadInput: the URL is not one.
    """
    target = url.rstrip("/") + path if path else url
    shown = _shown(target)
    statuses = {expect_status} if isinstance(expect_status, int) else set(expect_status)
    expectation = Expectation(statuses, expect_json, expect_body, within, expect_holds, expect_headers or {})
    hidden = [*(headers or {}).values(), *(form or {}).values()]
    answers: list[_Answer] = []
    with _session(target, headers, verify) as session:

        def ask() -> Attempt:
            answer = _request(session, method, target, form, timeout)
            answers.append(answer)
            wrong = answer.failure or expectation.failure(
                answer.status, answer.body, answer.seconds, hidden, answer.headers
            )
            return Attempt(answer.seconds, wrong, answer.final)

        attempts = attempts_until(ask, deadline)
    last = answers[-1]
    return Result(shown, attempts, told(f"{method} {shown}", attempts), last.status, last.headers, last.body)


def access_token(url: str, username: str, password: str, *, timeout: float = 5.0, deadline: float = 0.0) -> str:
    """Log in with the OAuth 2 password form (RFC 6749, section 4.3) and return the access token.

    Args:
        url: the full URL of the token route.
        username: who logs in.
        password: their password; it appears in no message.
        timeout: see :func:`probe`.
        deadline: see :func:`probe`.

    Raises:
        ProbeFailed: there is no token in the answer, or no answer.
    """
    form = {"grant_type": "password", "username": username, "password": password}
    answer = probe(url, method="POST", form=form, timeout=timeout, deadline=deadline).require().json()
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token:
        raise ProbeFailed(f"POST {_shown(url)}: the answer holds no access_token")
    return token


@dataclass(frozen=True)
class Sample:
    """Latencies of a series of requests.

    Args:
        url: what was asked, without user part and query.
        latencies: seconds, in order of the requests; only those whose answer was as expected.
        failures: what was wrong with the others.
    """

    url: str
    latencies: tuple[float, ...]
    failures: tuple[str, ...] = ()

    def percentile(self, percent: float) -> float:
        """The nearest-rank percentile: the smallest latency that so many percent of all are not above.

        Raises:
            ProbeFailed: no request succeeded.
        """
        if not self.latencies:
            raise ProbeFailed(f"{self.url}: no request succeeded: {self.failures[0] if self.failures else 'none made'}")
        rank = max(1, math.ceil(percent / 100 * len(self.latencies)))
        return sorted(self.latencies)[rank - 1]

    @property
    def p50(self) -> float:
        """The median, seconds."""
        return self.percentile(50)

    @property
    def p95(self) -> float:
        """Seconds that 95 % of the requests do not exceed."""
        return self.percentile(95)


def sample(
    url: str,
    n: int = 20,
    *,
    path: str = "",
    headers: Mapping[str, str] | None = None,
    expect_status: int | Collection[int] = 200,
    timeout: float = 5.0,
    pause: float = 0.02,
    verify: bool | str = True,
) -> Sample:
    """Measure the latency of a series of requests, one after another over one connection.

    A first request, which opens the connection, is not measured.

    Args:
        url: of the service.
        n: how many requests, 1 to MOST_SAMPLES.
        path: added to the URL.
        headers: to send.
        expect_status: the accepted status, or several.
        timeout: seconds for one request.
        pause: seconds between two requests.
        verify: see :func:`probe`.

    Raises:
        BadInput: the URL is not one, or n is out of bounds.
    """
    if not 1 <= n <= MOST_SAMPLES:
        raise BadInput(f"a sample has 1 to {MOST_SAMPLES} requests, not {n}")
    target = url.rstrip("/") + path if path else url
    expectation = Expectation({expect_status} if isinstance(expect_status, int) else set(expect_status))
    latencies, failures = list[float](), list[str]()
    with _session(target, headers, verify) as session:
        _request(session, "GET", target, None, timeout)
        for _ in range(n):
            time.sleep(pause)
            answer = _request(session, "GET", target, None, timeout)
            wrong = answer.failure or expectation.failure(answer.status, answer.body, answer.seconds)
            if wrong:
                failures.append(wrong)
            else:
                latencies.append(answer.seconds)
    return Sample(_shown(target), tuple(latencies), tuple(failures))


@dataclass(frozen=True)
class _Answer:
    seconds: float
    failure: str = ""
    final: bool = False
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@contextmanager
def _session(url: str, headers: Mapping[str, str] | None, verify: bool | str) -> Iterator[requests.Session]:
    host = urlsplit(url).hostname or ""
    with requests.Session() as session:
        session.headers["User-Agent"] = "skyworthy"
        session.headers.update(headers or {})
        session.verify = verify
        session.auth = _no_auth
        session.trust_env = not _is_loopback(host)  # proxies are for hosts elsewhere
        yield session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from looking for credentials in ~/.netrc."""
    return request


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _request(
    session: requests.Session, method: str, url: str, form: Mapping[str, str] | None, timeout: float
) -> _Answer:
    start = time.monotonic()
    try:
        with session.request(method, url, data=form, timeout=timeout, allow_redirects=False, stream=True) as response:
            body = _body(response, start + timeout)
            return _Answer(time.monotonic() - start, status=response.status_code, headers=response.headers, body=body)
    except requests.exceptions.SSLError as error:
        # A certificate does not become valid while we wait.
        return _Answer(time.monotonic() - start, f"TLS: {_cause(error)}", final=True)
    except requests.Timeout:
        return _Answer(time.monotonic() - start, f"no answer within {timeout:g} s")
    except requests.ConnectionError as error:
        return _Answer(time.monotonic() - start, _cause(error))
    except _TooLongError:
        return _Answer(time.monotonic() - start, f"the body is longer than {LARGEST_BODY} bytes", final=True)
    except requests.exceptions.ChunkedEncodingError:
        return _Answer(time.monotonic() - start, "the body ends too early")
    except requests.RequestException as error:
        return _Answer(time.monotonic() - start, f"no usable answer ({type(error).__name__})")


class _TooLongError(Exception):
    pass


def _body(response: requests.Response, give_up: float) -> bytes:
    """The body; requests' own timeout starts anew with every byte, so a dripping server is timed here."""
    body = b""
    for chunk in response.iter_content(64 * 1024):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise _TooLongError
        if time.monotonic() > give_up:
            raise requests.Timeout
    return body


def _cause(error: requests.RequestException) -> str:
    """The bottom of a chain of exceptions, without the URL that the upper ones repeat."""
    bottom: BaseException = error
    while True:
        deeper = bottom.__cause__ or bottom.__context__ or getattr(bottom, "reason", None)
        if not isinstance(deeper, BaseException):
            break
        bottom = deeper
    if isinstance(bottom, ConnectionRefusedError):
        return "connection refused"
    return getattr(bottom, "strerror", None) or str(bottom) or type(bottom).__name__


def _shown(url: str) -> str:
    """A URL for messages.

    Raises:
        BadInput: it is not an http or https URL with a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput("not an http or https URL: " + url.rpartition("@")[2].partition("?")[0])
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _without(text: str, values: Collection[str]) -> str:
    """A message in which values that were sent, and that a service may repeat, are blanked."""
    parts = {part for value in values for part in (value, *value.split()) if len(part) > 3}
    for part in sorted(parts, key=lambda part: (-len(part), part)):  # a whole value before its words
        text = text.replace(part, "***")
    return text
