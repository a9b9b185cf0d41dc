"""The endpoints under `/skyworthy/` by which the sandbox is steered: JSON in, JSON out."""

import json
import os
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from skyworthy.sandbox import conditions
from skyworthy.sandbox.account import bulk, launches
from skyworthy.sandbox.account.calls import Response, account_id
from skyworthy.sandbox.account.interceptors import Interceptor, Rule
from skyworthy.sandbox.account.paging import Pager
from skyworthy.sandbox.simulated import clock, images, rollouts, service_tasks

if TYPE_CHECKING:
    from skyworthy.sandbox.account.application import Application


class Control:
    """Answers the control endpoints of one application."""

    def __init__(self, application: "Application") -> None:
        self._application = application
        self._faults = Interceptor()
        application.interceptors.append(self._faults)
        self._pager = Pager()
        application.interceptors.append(self._pager)
        application.amenders += [self._pager.amend, self._faults.amend]
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
            ("POST", "calls"): self._calls,
            ("POST", "images"): lambda _: application.alone(lambda: images.push_running(account_id())),
            ("POST", "reset"): self._reset,
            ("POST", "pages"): self._set_pages,
            ("GET", "clock"): lambda _: self._application.alone(lambda: {"now": clock.now().isoformat()}),
            ("POST", "clock"): self._set_clock,
            **launches.routes(application),
            **rollouts.routes(application),
            **service_tasks.routes(application),
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
            "pages": self._pager.size,
            "simulated": conditions.SIMULATED,
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
        failures = self._application.replay(lines)
        self._application.alone(lambda: images.push_running(account_id()))
        return {"calls": len(lines), "failures": failures}

    def _calls(self, body: bytes) -> dict[str, Any]:
        given = json.loads(body)
        return bulk.carry_out(given["calls"], given.get("known", {}), given["region"], self._application.handle)

    def _set_clock(self, body: bytes) -> dict[str, Any]:
        """Set the clock `forward` (seconds) or `at` a time (ISO 8601), and evaluate the alarms."""
        given = json.loads(body)
        unknown = set(given) - {"at", "forward"}
        if unknown:
            raise ValueError(f"a clock takes `at` and `forward`, not {', '.join(sorted(unknown))}")
        at = datetime.fromisoformat(given["at"]) if given.get("at") else None
        return self._application.alone(lambda: _pass_time(at, float(given.get("forward", 0))))

    def _set_pages(self, body: bytes) -> dict[str, int]:
        size = json.loads(body)["size"]
        if not isinstance(size, int) or size < 0:
            raise ValueError(f"a page has a number of items, or 0 for as many as AWS gives, not {size!r}")
        self._pager.size = size
        return {"size": size}

    def _reset(self, _: bytes) -> dict[str, Any]:
        self._application.forget()
        self._faults.clear()
        self._pager.clear()
        return {}


def _pass_time(at: datetime | None, forward: float) -> dict[str, str]:
    from skyworthy.sandbox.simulated import alarming  # its libraries would slow down the server's start

    if at is not None:
        clock.set_to(clock.aware(at))
    clock.forward(forward)
    alarming.refresh_all(account_id())
    return {"now": clock.now().isoformat()}


def _json(status: HTTPStatus, value: object) -> Response:
    return status, {"Content-Type": "application/json"}, json.dumps(value, default=str).encode()
