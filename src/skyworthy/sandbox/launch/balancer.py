"""In the place of a load balancer: hands requests to the healthy targets of one target group, and counts them.

One of these stands for each target group of a launch. Listeners, their rules and TLS are not played: who asks here has
been routed already. Sources:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html and
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import HTTPServer

from skyworthy.sandbox.launch.loopback import Handler, Loopback
from skyworthy.sandbox.processes import LOOPBACK

IDLE_TIMEOUT = 60.0
"""Seconds that a target may take to answer."""
_CHUNK = 64 * 1024
_OF_THE_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"}
    | {"upgrade"}
)

Target = tuple[int, bool]
"""Local port, and whether it is healthy."""


@dataclass
class Counts:
    """What was counted since the last time.

    Args:
        requests: how many were handed to a target.
        codes: what targets answered, by the first digit of the status.
        refused: what was answered without a target, by status.
        seconds: how long targets took to begin to answer.
    """

    requests: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


class Balancer(Loopback):
    """Serves one target group on loopback, until it is closed.

    Attributes:
        group: ARN of the target group.

    Args:
        group: ARN of the target group.
        targets: those that are registered now.
    """

    def __init__(self, group: str, targets: Callable[[], Sequence[Target]]) -> None:
        self.group = group
        self._targets = targets
        self._turn = itertools.count()
        self._counting = threading.Lock()
        self._counts = Counts()
        super().__init__(_Handler, "balancer")

    def take_counts(self) -> Counts:
        """What was counted since the last time."""
        with self._counting:
            counts, self._counts = self._counts, Counts()
        return counts

    def choose(self) -> int | None:
        """The port of the target whose turn it is; where none is healthy, all are asked in turn (fail open)."""
        registered = list(self._targets())
        chosen = [port for port, healthy in registered if healthy] or [port for port, _ in registered]
        return chosen[next(self._turn) % len(chosen)] if chosen else None

    def answered(self, status: int, seconds: float) -> None:
        """Count a target's answer."""
        with self._counting:
            self._counts.requests += 1
            self._counts.codes[status // 100] += 1
            self._counts.seconds.append(seconds)

    def refused(self, status: int, *, sent: bool) -> None:
        """Count an answer of the balancer's own."""
        with self._counting:
            self._counts.requests += sent
            self._counts.refused[status] += 1


class _Handler(Handler):
    owner: Balancer
    server: HTTPServer
    server_version = "awselb/2.0"

    def answer(self) -> None:
        port = self.owner.choose()
        if port is None:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, sent=False)
            return
        length = self.headers.get("Content-Length")
        if length is None and self.headers.get("Transfer-Encoding"):
            self._refuse(HTTPStatus.NOT_IMPLEMENTED, sent=False)  # http.server reads no chunked bodies
            return
        body = self.rfile.read(int(length)) if length else None
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=IDLE_TIMEOUT)
        start = time.monotonic()
        try:
            connection.request(self.command, self.path, body, self._headers())
            response = connection.getresponse()
        except TimeoutError:
            connection.close()
            self._refuse(HTTPStatus.GATEWAY_TIMEOUT, sent=True)
            return
        except (OSError, http.client.HTTPException):
            connection.close()
            self._refuse(HTTPStatus.BAD_GATEWAY, sent=True)
            return
        self.owner.answered(response.status, time.monotonic() - start)
        with closing(connection):
            self._pass(response)

    def _headers(self) -> dict[str, str]:
        """The client's, and what the balancer adds."""
        kept = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_CONNECTION}
        before = self.headers.get("X-Forwarded-For")
        client = self.client_address[0]
        return {
            **kept,
            "X-Forwarded-For": f"{before}, {client}" if before else client,
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Port": str(self.server.server_port),
        }

    def _pass(self, response: http.client.HTTPResponse) -> None:
        """Hand a target's answer on as it comes."""
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in _OF_THE_CONNECTION:
                self.send_header(name, value)
        counted = response.length is not None or self.command == "HEAD" or response.status in (204, 304)
        if not counted:  # its end is the end of the connection
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        try:
            while data := response.read1(_CHUNK):
                self.wfile.write(data)
                self.wfile.flush()
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # one of both went in the middle

    def _refuse(self, status: HTTPStatus, *, sent: bool) -> None:
        self.owner.refused(status, sent=sent)
        self.close_connection = True
        self.send_error(status)
