"""The endpoints under `/skyworthy/` by which the sandbox is steered: JSON in, JSON out."""

import json
import os
from collections.abc import Callable
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from skyworthy.sandbox.calls import Response, account_id
from skyworthy.sandbox.interceptors import Interceptor, Rule

if TYPE_CHECKING:
    from skyworthy.sandbox.application import Application


class Control:
    """Answers the control endpoints of one application."""

    def __init__(self, application: "Application") -> None:
        self._application = application
        self._faults = Interceptor()
        application.interceptors.append(self._faults)
        application.amenders.append(self._faults.amend)
        self._routes: dict[tuple[str, str], Callable[[bytes], Any]] = {
            ("GET", "status"): self._status,
            ("GET", "unimplemented"): lambda _: application.unimplemented,
            ("GET", "faults"): lambda _: self._faults.as_list(),
            ("POST", "faults"): self._inject,
            ("DELETE", "faults"): self._heal,
            ("GET", "snapshots"): lambda _: application.snapshots,
            ("POST", "snapshots"): lambda body: application.take_snapshot(json.loads(body)["name"]),
            ("POST", "restore"): self._restore,
            ("POST", "recording"): self._record,
            ("GET", "recording"): lambda _: application.tape.entries,
            ("POST", "replay"): self._replay,
            ("POST", "reset"): self._reset,
        }

    def handle(self, method: str, path: str, body: bytes) -> Response:
        """Answer one request; a request that is not understood gets 400 or 404 and a message."""
        route = self._routes.get((method, path.removeprefix("/skyworthy/")))
        if route is None:
            return _json(HTTPStatus.NOT_FOUND, {"message": f"no such endpoint: {method} {path}"})
        try:
            return _json(HTTPStatus.OK, route(body))
        except (ValueError, TypeError, KeyError) as error:
            return _json(HTTPStatus.BAD_REQUEST, {"message": f"{method} {path}: {type(error).__name__}: {error}"})

    def _status(self, _: bytes) -> dict[str, Any]:
        return {
            "account_id": account_id(),
            "calls": dict(sorted(self._application.calls.items())),
            "moto": version("moto"),
            "pid": os.getpid(),
        }

    def _inject(self, body: bytes) -> list[dict[str, Any]]:
        self._faults.add(Rule(**json.loads(body)))
        return self._faults.as_list()

    def _heal(self, _: bytes) -> list[dict[str, Any]]:
        self._faults.clear()
        return []

    def _restore(self, body: bytes) -> list[str]:
        return self._application.restore(json.loads(body).get("name"))

    def _record(self, body: bytes) -> dict[str, bool]:
        self._application.tape.recording = bool(json.loads(body)["on"])
        return {"on": self._application.tape.recording}

    def _replay(self, body: bytes) -> dict[str, Any]:
        lines = body.decode().splitlines()
        return {"calls": len(lines), "failures": self._application.replay(lines)}

    def _reset(self, _: bytes) -> dict[str, Any]:
        self._application.forget()
        self._faults.clear()
        return {}


def _json(status: HTTPStatus, value: object) -> Response:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()
