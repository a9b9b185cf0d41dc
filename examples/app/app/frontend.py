"""The dashboard: one static page, ``python -m app.frontend``."""

import os
import sys
from http import HTTPStatus
from pathlib import Path

from app import web
from app.config import ConfigurationError, Source

PAGE = Path(__file__).with_name("static") / "index.html"


class Frontend(web.Handler):
    """Serves the page at ``/``."""

    quiet_paths = ("/",)
    content_security_policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"

    def respond(self) -> None:
        if self.command == "POST":
            self.close_connection = True
            raise web.HTTPError(HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.METHOD_NOT_ALLOWED.phrase)
        if self.route not in ("/", "/index.html"):
            raise web.HTTPError(HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND.phrase)
        self.send(HTTPStatus.OK, PAGE.read_bytes(), "text/html; charset=utf-8", {"Cache-Control": "no-cache"})


def main() -> int:
    """Run the frontend; returns the exit status."""
    try:
        port = Source({"ENVIRONMENT": "local", **os.environ}).number("PORT", 80)
    except ConfigurationError as error:
        web.log("ERROR", f"cannot start: {error}")
        return 1
    web.serve(port, Frontend)
    return 0


if __name__ == "__main__":
    sys.exit(main())
