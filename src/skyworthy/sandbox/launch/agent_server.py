"""Where the launcher answers the sandbox: how its tasks are, and sessions in their containers. On loopback only."""

import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from skyworthy.sandbox.account.launches import TOKEN_HEADER
from skyworthy.sandbox.exec.sessions import ExecSession
from skyworthy.sandbox.exec.websocket import WebSocket, accept_key
from skyworthy.sandbox.launch.loopback import Handler, Loopback

_CHANNEL = "/v1/data-channel/"

State = Callable[[], Mapping[str, Any]]
OpenSession = Callable[[str, str, str], ExecSession]
"""(task ARN, container, command) -> the session. Raises KeyError where there is no such task or container."""
Stop = Callable[[str, str], None]
"""(task ARN, reason): stop a task. Raises KeyError where there is none."""


class AgentServer(Loopback):
    """Serves the sandbox that a launch belongs to.

    Attributes:
        token: what the sandbox must show; sessions have tokens of their own.

    Args:
        state: what DescribeTasks and others should tell, as JSON data.
        open_session: prepares a command in a container.
        stop: stops a task.
        update: begins to carry out the newest deployment of a service, by its ARN.
    """

    def __init__(self, state: State, open_session: OpenSession, stop: Stop, update: Callable[[str], None]) -> None:
        self.token = secrets.token_urlsafe(32)
        self._sessions: dict[str, ExecSession] = {}
        self._routes: dict[tuple[str, str], Callable[[Mapping[str, Any]], Any]] = {
            ("GET", "/state"): lambda _: state(),
            ("POST", "/sessions"): lambda given: self._open(open_session, given),
            ("POST", "/stop"): lambda given: stop(given["task"], given["reason"]),
            ("POST", "/update"): lambda given: update(given["service"]),
        }
        super().__init__(_Handler, "agent")

    def answer(self, method: str, path: str, body: bytes) -> tuple[HTTPStatus, Any]:
        """Answer one request of the sandbox."""
        route = self._routes.get((method, path))
        if route is None:
            return HTTPStatus.NOT_FOUND, {"message": f"no such endpoint: {method} {path}"}
        try:
            return HTTPStatus.OK, route(json.loads(body or b"{}"))
        except (KeyError, ValueError) as error:
            return HTTPStatus.BAD_REQUEST, {"message": str(error.args[0] if error.args else error)}

    def take_session(self, path: str) -> ExecSession | None:
        """The session that a data channel is for; each has one channel in its life."""
        return self._sessions.pop(path.removeprefix(_CHANNEL).partition("?")[0], None)

    def _open(self, open_session: OpenSession, given: Mapping[str, Any]) -> dict[str, str]:
        session = open_session(given["task"], given["container"], given["command"])
        self._sessions[session.id] = session
        address = self.url.replace("http://", "ws://")
        return {
            "sessionId": session.id,
            "streamUrl": f"{address}{_CHANNEL}{session.id}?role=publish_subscribe",
            "tokenValue": session.token,
        }


class _Handler(Handler):
    owner: AgentServer

    def answer(self) -> None:
        if self.path.startswith(_CHANNEL):
            self._channel()
        else:
            self._plain()

    def _plain(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if hmac.compare_digest(self.headers.get(TOKEN_HEADER, "").encode(), self.owner.token.encode()):
            status, answer = self.owner.answer(self.command, self.path, body)
        else:
            status, answer = HTTPStatus.FORBIDDEN, {"message": "only the sandbox may ask"}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _channel(self) -> None:
        key = self.headers.get("Sec-WebSocket-Key")
        session = self.owner.take_session(self.path) if key else None
        if key is None or session is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.SWITCHING_PROTOCOLS)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept_key(key))
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        session.serve(WebSocket(self.connection, self.rfile, client=False))
