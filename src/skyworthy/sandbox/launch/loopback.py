"""What the launcher serves by HTTP: on loopback only, each request in a thread of its own."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from skyworthy.sandbox.processes import LOOPBACK


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of a connection, for the :class:`Loopback` that owns it."""

    owner: Any
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def answer(self) -> None:
        """Answer one request, whatever its method."""
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not told."""


class Loopback:
    """Serves HTTP from the moment it is made, until it is closed.

    Attributes:
        url: where it listens.

    Args:
        handler: answers; its `owner` is this object.
        name: of the thread.
    """

    def __init__(self, handler: type[Handler], name: str) -> None:
        self._server = _Server((LOOPBACK, 0), type(handler.__name__, (handler,), {"owner": self}))
        self.url = f"http://{LOOPBACK}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name=name, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
