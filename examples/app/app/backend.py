"""The API: ``python -m app.backend``."""

import os
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import parse_qs

import psycopg
import redis

from app import database, tokens, web
from app.config import ConfigurationError, Settings, load

TOKEN_SECONDS = 8 * 3600


class Backend(web.Handler):
    """The routes. ``settings`` and ``cache`` are set by :func:`main` before the first request."""

    settings: ClassVar[Settings]
    cache: ClassVar[redis.Redis]
    quiet_paths = ("/api/v1/utils/health-check/",)

    def respond(self) -> None:
        # Read before anything is answered, or the rest would be taken for the next request of the connection.
        self.form = self.body()
        handler = ROUTES.get((self.route, "GET" if self.command == "HEAD" else self.command))
        if handler is None:
            known = any(route == self.route for route, _ in ROUTES)
            status = HTTPStatus.METHOD_NOT_ALLOWED if known else HTTPStatus.NOT_FOUND
            raise web.HTTPError(status, status.phrase)
        try:
            handler(self)
        except (psycopg.OperationalError, redis.RedisError) as error:
            web.log("ERROR", f"{self.route}: {type(error).__name__}")
            raise web.HTTPError(
                HTTPStatus.SERVICE_UNAVAILABLE, "A service behind this route does not answer"
            ) from error

    def answer(self, value: object) -> None:
        origin = {"Access-Control-Allow-Origin": self.settings.frontend_host, "Vary": "Origin"}
        self.send_json(HTTPStatus.OK, value, origin)

    def health_check(self) -> None:
        """Cheap on purpose: a slow database must not make the load balancer replace healthy tasks."""
        self.answer(True)

    def version(self) -> None:
        self.answer({"version": self.settings.version})

    def redis_ping(self) -> None:
        self.cache.ping()
        self.answer({"redis": "PONG"})

    def login(self) -> None:
        fields = parse_qs(self.form.decode("utf-8", "replace"))
        email, password = (fields.get(name, [""])[0] for name in ("username", "password"))
        user = database.user_by(self.settings, "email", email)
        if user is None or not tokens.check_password(password, user.hashed_password):
            raise web.HTTPError(HTTPStatus.BAD_REQUEST, "Incorrect email or password")
        token = tokens.issue(user.id, self.settings.secret_key, time.time() + TOKEN_SECONDS)
        self.answer({"access_token": token, "token_type": "bearer"})

    def me(self) -> None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise web.HTTPError(HTTPStatus.UNAUTHORIZED, "Not authenticated")
        try:
            subject = tokens.verify(token, self.settings.secret_key, time.time())
        except tokens.TokenError as error:
            raise web.HTTPError(HTTPStatus.UNAUTHORIZED, "Could not validate credentials") from error
        user = database.user_by(self.settings, "id", subject)
        if user is None or not user.is_active:
            raise web.HTTPError(HTTPStatus.NOT_FOUND, "User not found")
        shown = ("id", "email", "full_name", "is_active", "is_superuser")
        self.answer({name: getattr(user, name) for name in shown})


ROUTES: dict[tuple[str, str], Callable[[Backend], None]] = {
    ("/api/v1/utils/health-check/", "GET"): Backend.health_check,
    ("/api/v1/utils/version", "GET"): Backend.version,
    ("/api/v1/utils/redis-ping", "GET"): Backend.redis_ping,
    ("/api/v1/login/access-token", "POST"): Backend.login,
    ("/api/v1/users/me", "GET"): Backend.me,
}


def main() -> int:
    """Run the backend; returns the exit status."""
    try:
        settings = load(os.environ)
        database.prepare(settings)
    except (ConfigurationError, psycopg.OperationalError) as error:
        web.log("ERROR", f"cannot start: {error}".replace("\n", " "))
        return 1
    Backend.settings = settings
    Backend.cache = redis.Redis(
        host=settings.redis_host,
        port=settings.redis_port,
        password=settings.redis_auth_token,
        ssl=settings.redis_tls,
        socket_timeout=2,
        socket_connect_timeout=2,
    )
    web.log("INFO", f"{settings.project_name} {settings.version} in {settings.environment}")
    web.serve(settings.port, Backend)
    return 0


if __name__ == "__main__":
    sys.exit(main())
