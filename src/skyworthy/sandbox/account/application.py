"""The sandbox's WSGI application: moto, with fills, faults, a recorder and a replayer around it.

A request passes, in this order: the control endpoints under `/skyworthy/`, the interceptors (faults), the gap fills,
moto. Everything after the interceptors runs under one lock: moto's stores and its random generator are not made for
threads.
"""

import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import Any, TypeAlias, TypeVar

from moto.core.base_backend import BackendDict
from moto.core.exceptions import ServiceException
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app
from werkzeug.wsgi import get_input_stream

from skyworthy.sandbox import gaps
from skyworthy.sandbox.account.calls import Call, Response, identify, known_services
from skyworthy.sandbox.account.control import Control
from skyworthy.sandbox.account.ids import Identities
from skyworthy.sandbox.account.snapshot import Snapshot
from skyworthy.sandbox.account.tape import Tape

log = logging.getLogger(__name__)

Environ: TypeAlias = dict[str, Any]
Interceptor: TypeAlias = Callable[[Call], Response | None]
"""Sees each call before anything else; a response that is not None is the answer."""
Amender: TypeAlias = Callable[[Call, Response], Response]
"""Sees each answer that an interceptor did not give, and may give another in its place."""

Result = TypeVar("Result")

UNIMPLEMENTED = "NotImplemented"


class Application:
    """WSGI application of one sandbox.

    Attributes:
        interceptors: asked in order for each call.
        amenders: asked in order for each answer.
        unimplemented: calls that nothing could answer, as `service:Operation`, in order of first use.
        calls: how often each operation was called.
    """

    def __init__(self) -> None:
        self.interceptors: list[Interceptor] = []
        self.amenders: list[Amender] = []
        self.unimplemented: dict[str, str] = {}
        self.calls: Counter[str] = Counter()
        self.identities = Identities()
        self.tape = Tape()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self._snapshots: dict[str, Snapshot] = {}
        self.control = Control(self)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one HTTP request (PEP 3333)."""
        body = get_input_stream(environ).read()
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith("/skyworthy/"):
            status, headers, content = self.control.handle(environ["REQUEST_METHOD"], path, body)
        else:
            status, headers, content = self.handle(environ, body)
        sent = {name: str(value) for name, value in headers.items() if name.lower() not in ("content-length", "status")}
        length = headers.get("Content-Length") if environ["REQUEST_METHOD"] == "HEAD" else None
        start_response(_status_line(status), [*sent.items(), ("Content-Length", str(length or len(content)))])
        return [content]

    def handle(self, environ: Environ, body: bytes) -> Response:
        """Answer one request that is not for the control endpoints."""
        call = identify(environ, body)
        if call is None:
            with self._lock:
                return self._ask_moto(environ, body)
        self.calls[call.name] += 1
        for intercept in self.interceptors:
            response = intercept(call)
            if response is not None:
                return response
        with self._lock:
            if self.tape.recording and not call.reads:
                body = self.tape.with_fixed_tokens(call, environ, body)
                call = identify({**environ, "CONTENT_LENGTH": str(len(body))}, body) or call
            response = self._carry_out(call, environ, body)
        for amend in self.amenders:
            response = amend(call, response)
        return response

    def alone(self, function: Callable[[], Result]) -> Result:
        """Call a function while no request is carried out."""
        with self._lock:
            return function()

    def replay(self, lines: Iterable[str]) -> list[str]:
        """Carry out recorded calls.

        Returns:
            One line for each call that did not succeed: `service:Operation: status body`.
        """
        failures = []
        for line in lines:
            environ, body = self.tape.request(json.loads(line))
            status, _, content = self.handle(environ, body)
            if status >= 400:
                call = identify(environ, body)
                failures.append(f"{call.name if call else environ['PATH_INFO']}: {status} {content[:300]!r}")
        return failures

    def forget(self) -> None:
        """Back to an empty account without faults."""
        with self._lock:
            BackendDict.reset()
            self.identities.forget()
            self._snapshots.clear()
        self.tape.forget()
        self.unimplemented.clear()
        self.calls.clear()

    @property
    def snapshots(self) -> list[str]:
        """Names of the snapshots that are kept, in order."""
        return list(self._snapshots)

    def take_snapshot(self, name: str) -> list[str]:
        """Keep what the account holds now under a name, and tell the names that are kept; one that is, stays.

        Raises:
            ValueError: no name.
        """
        if not name:
            raise ValueError("a snapshot needs a name")
        with self._lock:
            if name not in self._snapshots:
                self._snapshots[name] = Snapshot([self.identities])
        return self.snapshots

    def restore(self, name: str | None = None) -> list[str]:
        """Put the account back as it was, drop that snapshot and the later ones, and tell the names that are left.

        Args:
            name: of the snapshot; by default the first.

        Raises:
            KeyError: there is none.
        """
        with self._lock:
            names = list(self._snapshots)
            chosen = names[0] if name is None and names else name
            if chosen not in self._snapshots:
                raise KeyError(f"no snapshot {chosen}; there are: {', '.join(names) or 'none'}")
            self._snapshots[chosen].restore()
            for each in names[names.index(chosen) :]:
                del self._snapshots[each]
        return self.snapshots

    def _carry_out(self, call: Call, environ: Environ, body: bytes) -> Response:
        self.identities.prepare(call)
        try:
            response = self._fill_or_moto(call, environ, body)
        except ServiceException as error:
            response = call.answer(error)
        except NotImplementedError as error:
            response = self._unimplemented(call, str(error))
        except Exception as error:  # moto failed within: the client must hear of it at once, and the log hold the trace
            log.exception("%s failed", call.name)
            response = self._unimplemented(call, f"{type(error).__name__}: {error}")
        if response[0] < 400 and not call.reads:
            self.tape.record(call, environ, body)
        return response

    def _fill_or_moto(self, call: Call, environ: Environ, body: bytes) -> Response:
        for kind in ("answers", "precedes"):
            fill = gaps.fill_of(kind, call)
            result = fill.function(call) if fill else None
            if fill and (kind == "answers" or result is not None):
                return call.answer(result or {})
        if call.service not in known_services():
            return self._unimplemented(call, "no such service")
        if not self._moto_has(environ):
            return self._unimplemented(call, "moto has no such service")
        response = self._ask_moto(environ, body)
        if _is_unimplemented(call, response):
            return self._unimplemented(call, "unknown to moto")
        following = gaps.fill_of("follows", call)
        if following and response[0] < 400:
            result = following.function(call)
            return call.answer(result) if result is not None else response
        return response

    def _moto_has(self, environ: Environ) -> bool:
        host = self._moto.infer_service_region_host({**environ, "wsgi.input": BytesIO()}, environ["PATH_INFO"])
        return bool(self._moto.get_backend_for_host(host))

    def _ask_moto(self, environ: Environ, body: bytes) -> Response:
        given: Environ = {**environ, "wsgi.input": BytesIO(body), "wsgi.input_terminated": True}
        given["CONTENT_LENGTH"] = str(len(body))
        content, status, headers = run_wsgi_app(self._moto, given, buffered=True)
        return int(status.split()[0]), dict(headers.items()), b"".join(content)

    def _unimplemented(self, call: Call, reason: str) -> Response:
        self.unimplemented.setdefault(call.name, reason)
        message = f"{call.name} is not implemented by the sandbox ({reason})"
        if call.service not in known_services():
            return 501, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()
        return call.fail(UNIMPLEMENTED, message, 501)


def _is_unimplemented(call: Call, response: Response) -> bool:
    status, _, body = response
    if status == 501:
        return True
    return status == 404 and call.request.method != "HEAD" and (not body or body.lower().startswith(b"<!doctype html"))


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"
