"""The server process of a sandbox: `python -m skyworthy.sandbox.account.serve`.

Listens on loopback only, on a port that the system allots, and tells it as one JSON line on its standard output.
With `--lifeline` it exits when its standard input ends, that is, when whoever started it is gone.
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from skyworthy.sandbox.account import ids, quick
from skyworthy.sandbox.account.application import Application

LOOPBACK = "127.0.0.1"


class Handler(MotoRequestHandler):
    """Keeps connections open, answers without delay and logs nothing for a request that is served."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are counted by the application."""


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m skyworthy.sandbox.account.serve", description=__doc__)
    parser.add_argument("--lifeline", action="store_true", help="exit when the standard input ends")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    ids.install()
    quick.install()
    server = make_server(LOOPBACK, 0, Application(), threaded=True, request_handler=Handler)
    server.daemon_threads = True  # type: ignore[attr-defined]  # of socketserver.ThreadingMixIn
    os.environ["MOTO_PORT"] = str(server.port)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    if options.lifeline:
        threading.Thread(target=_exit_with_parent, daemon=True).start()
    sys.stdout.write(json.dumps({"url": f"http://{LOOPBACK}:{server.port}", "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    server.serve_forever()


def _exit_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _stop(*_: Any) -> None:
    os._exit(0)


if __name__ == "__main__":
    main()
