"""What both halves share: an HTTP server that answers with security headers and stops without dropping requests."""

import json
import signal
import sys
import threading
import time
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import Any

SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LARGEST_BODY = 64 * 1024  # bytes


class HTTPError(Exception):
    """Ends a request with a status and a sentence for the client."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Server(ThreadingHTTPServer):
    """A server that knows how many requests it is answering."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("", port), handler)
        self.idle = threading.Condition()
        self.in_flight = 0

    def drain(self, seconds: float) -> None:
        """Wait until every request has its answer, for so many seconds at most."""
        with self.idle:
            self.idle.wait_for(lambda: self.in_flight == 0, timeout=seconds)


class Handler(BaseHTTPRequestHandler):
    """Answers GET, HEAD and POST through ``respond``; subclasses fill that in."""

    server: Server
    protocol_version = "HTTP/1.1"
    # Head and body leave in one packet; in two, the second one waits for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 75  # longer than the load balancer keeps an idle connection
    content_security_policy = "default-src 'none'; frame-ancestors 'none'"
    quiet_paths: tuple[str, ...] = ()

    def respond(self) -> None:
        """Answer the request, or raise HTTPError."""
        raise NotImplementedError

    def do_GET(self) -> None:
        with self.server.idle:
            self.server.in_flight += 1
        try:
            self.respond()
        except HTTPError as error:
            self.send_json(error.status, {"detail": error.detail})
        except ConnectionError:
            self.close_connection = True  # the client left before its answer
        except Exception:  # noqa: BLE001 - the last line of defence: a defect is one answer 500, not a dead thread
            log("ERROR", traceback.format_exc().strip().replace("\n", " | "))
            self.send_json(HTTPStatus.INTERNAL_SERVER_ERROR, {"detail": "Internal Server Error"})
        finally:
            with self.server.idle:
                self.server.in_flight -= 1
                self.server.idle.notify_all()

    do_HEAD = do_GET  # noqa: N815 - the names that BaseHTTPRequestHandler calls
    do_POST = do_GET  # noqa: N815

    @property
    def route(self) -> str:
        return self.path.partition("?")[0]

    def body(self) -> bytes:
        """The body of the request, of a bounded size."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            raise HTTPError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large")
        return self.rfile.read(int(length))

    def send_json(self, status: HTTPStatus, value: Any, headers: dict[str, str] | None = None) -> None:
        more = {"Cache-Control": "no-store", **(headers or {})}
        self.send(status, json.dumps(value).encode(), "application/json", more)

    def send(self, status: HTTPStatus, content: bytes, content_type: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        everything = {
            "Content-Type": content_type,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": self.content_security_policy,
            **SECURITY_HEADERS,
            **headers,
        }
        for name, value in everything.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def version_string(self) -> str:
        return "omc"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002
        if self.route not in self.quiet_paths:
            log("INFO", f"{self.command} {self.route} {int(code)}")

    def log_message(self, format: str, *args: Any) -> None:
        log("WARNING", format % args)


def log(level: str, message: str) -> None:
    """One line on standard output, which ECS sends to the log group."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    sys.stdout.write(f"{moment} {level} {message}\n")
    sys.stdout.flush()


def serve(port: int, handler: type[Handler]) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests under way (10 s at most)."""
    server = Server(port, handler)

    def stop(_number: int, _frame: FrameType | None) -> None:
        # shutdown() waits for the loop of this very thread, so another one has to call it.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log("INFO", f"listening on port {port}")
    server.serve_forever(poll_interval=0.05)
    server.drain(10)
    server.server_close()
    log("INFO", "stopped")
