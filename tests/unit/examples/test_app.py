"""The reference application: its settings, its tokens, and its server where no database is needed."""

import base64
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from skyworthy.probes.http import probe
from skyworthy.sandbox.processes import LOOPBACK, free_port, release

APP = Path(__file__).resolve().parents[3] / "examples" / "app"
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:staging-omc-secrets-AbCdEf"
SECRETS = {
    "SECRET_KEY": "sandbox-key-dummy",
    "FIRST_SUPERUSER_PASSWORD": "sandbox-superuser-dummy",
    "POSTGRES_PASSWORD": "sandbox-postgres-dummy",
    "REDIS_AUTH_TOKEN": "sandbox-redis-dummy",
}
PLAIN = {
    "FIRST_SUPERUSER": "admin@ohmycoins.com",
    "POSTGRES_SERVER": "db.internal",
    "POSTGRES_DB": "omc",
    "POSTGRES_USER": "omc_admin",
    "REDIS_HOST": "cache.internal",
}
LOCAL = {"ENVIRONMENT": "local", **PLAIN, **SECRETS}
STAGING = {"ENVIRONMENT": "staging", "AWS_SECRET_ARN": ARN, **PLAIN}


@pytest.fixture(scope="module")
def module() -> Iterator[Callable[[str], ModuleType]]:
    """Imports a module of the application."""
    sys.path.insert(0, str(APP))
    yield lambda name: importlib.import_module(f"app.{name}")
    sys.path.remove(str(APP))


@pytest.fixture(scope="module")
def config(module: Callable[[str], ModuleType]) -> ModuleType:
    return module("config")


@pytest.fixture(scope="module")
def tokens(module: Callable[[str], ModuleType]) -> ModuleType:
    return module("tokens")


class Manager:
    """Stands where Secrets Manager is asked, and counts how often it is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[str] = []

    def __call__(self, arn: str) -> str:
        self.asked.append(arn)
        return self.text


def test_local_reads_the_environment_alone(config: ModuleType) -> None:
    manager = Manager(json.dumps(SECRETS))
    settings = config.load(LOCAL, manager)
    assert manager.asked == []
    assert (settings.postgres_password, settings.postgres_port) == ("sandbox-postgres-dummy", 5432)
    assert (settings.postgres_sslmode, settings.redis_tls) == ("prefer", False)


def test_local_redis_may_have_no_token(config: ModuleType) -> None:
    without = {name: value for name, value in LOCAL.items() if name != "REDIS_AUTH_TOKEN"}
    assert config.load(without).redis_auth_token is None


def test_elsewhere_the_secret_is_read_once(config: ModuleType) -> None:
    manager = Manager(json.dumps(SECRETS))
    settings = config.load(STAGING, manager)
    assert manager.asked == [ARN]
    assert (settings.secret_key, settings.redis_auth_token) == ("sandbox-key-dummy", "sandbox-redis-dummy")
    assert (settings.postgres_sslmode, settings.redis_tls) == ("require", True)


def test_injected_variables_win_over_the_secret(config: ModuleType) -> None:
    manager = Manager(json.dumps({**SECRETS, "SECRET_KEY": "older"}))
    assert config.load({**STAGING, "SECRET_KEY": "injected"}, manager).secret_key == "injected"


def test_with_everything_injected_the_secret_is_not_read(config: ModuleType) -> None:
    manager = Manager("never read")
    config.load({**STAGING, **SECRETS}, manager)
    assert manager.asked == []


@pytest.mark.parametrize(
    ("environ", "secret", "message"),
    [
        ({}, {}, "ENVIRONMENT is not set"),
        ({"ENVIRONMENT": " "}, {}, "ENVIRONMENT is set to an empty value"),
        (LOCAL | {"SECRET_KEY": None}, {}, "SECRET_KEY is not set"),
        (LOCAL | {"SECRET_KEY": ""}, {}, "SECRET_KEY is set to an empty value"),
        (LOCAL | {"POSTGRES_SERVER": None}, {}, "POSTGRES_SERVER is not set"),
        (LOCAL | {"POSTGRES_PORT": "x"}, {}, "POSTGRES_PORT is not a whole number"),
        (LOCAL | {"REDIS_TLS": "yes"}, {}, "REDIS_TLS is neither true nor false"),
        (STAGING | {"AWS_SECRET_ARN": None}, SECRETS, "SECRET_KEY is not injected, and there is no AWS_SECRET_ARN"),
        (STAGING, {"SECRET_KEY": "x"}, f"FIRST_SUPERUSER_PASSWORD is neither injected nor a key of the secret {ARN}"),
        (STAGING, SECRETS | {"POSTGRES_PASSWORD": ""}, f"POSTGRES_PASSWORD holds no text in the secret {ARN}"),
        (STAGING, SECRETS | {"POSTGRES_PASSWORD": 1}, f"POSTGRES_PASSWORD holds no text in the secret {ARN}"),
        (STAGING, SECRETS | {"REDIS_AUTH_TOKEN": "changethis"}, "REDIS_AUTH_TOKEN still holds a placeholder"),
        (STAGING | {"SECRET_KEY": ""}, SECRETS, "SECRET_KEY is set to an empty value"),
        (STAGING, ["a list"], f"the secret {ARN} is not a JSON object"),
    ],
)
def test_missing_setting_is_named(config: ModuleType, environ: dict[str, Any], secret: Any, message: str) -> None:
    given = {name: value for name, value in environ.items() if value is not None}
    with pytest.raises(config.ConfigurationError, match=re.escape(message)):
        config.load(given, Manager(json.dumps(secret)))


def test_secret_that_is_no_json_is_not_repeated(config: ModuleType) -> None:
    with pytest.raises(config.ConfigurationError, match="is not JSON") as failed:
        config.load(STAGING, Manager("sandbox-raw-dummy"))
    assert "sandbox-raw-dummy" not in f"{failed.value!r}{failed.value.__cause__!r}"


def test_secrets_are_not_in_the_representation(config: ModuleType) -> None:
    shown = repr(config.load(LOCAL))
    assert [value for value in SECRETS.values() if value in shown] == []


def test_token_gives_its_subject_back(tokens: ModuleType) -> None:
    assert tokens.verify(tokens.issue("someone", "key", expires=100), "key", now=99.9) == "someone"


def test_token_that_was_tampered_with_is_refused(tokens: ModuleType) -> None:
    token = tokens.issue("someone", "key", expires=100)
    claims = base64.urlsafe_b64encode(b'{"sub": "other", "exp": 999}').decode().rstrip("=")
    for bad, key, now in [
        (token, "other-key", 0),
        (token, "key", 100),
        (f"{claims}.{token.partition('.')[2]}", "key", 0),
        (token.partition(".")[0], "key", 0),
        ("", "key", 0),
        ("ä.ö", "key", 0),
    ]:
        with pytest.raises(tokens.TokenError):
            tokens.verify(bad, key, now)


def test_password_hash_is_salted(tokens: ModuleType) -> None:
    first, second = tokens.hash_password("sandbox-dummy"), tokens.hash_password("sandbox-dummy")
    assert first != second
    assert tokens.check_password("sandbox-dummy", first)
    assert not tokens.check_password("sandbox-other", first)


@pytest.fixture(scope="module")
def backend(module: Callable[[str], ModuleType], config: ModuleType) -> Iterator[str]:
    """The backend's server, with a database and a cache that refuse connections."""
    redis = importlib.import_module("redis")
    handler, web = module("backend").Backend, module("web")
    ports = [free_port() for _ in range(3)]
    refusing = {"POSTGRES_SERVER": LOOPBACK, "POSTGRES_PORT": str(ports[0]), "PORT": str(ports[1])}
    handler.settings = config.load({**LOCAL, **refusing})
    handler.cache = redis.Redis(host=LOOPBACK, port=ports[2], retry=None)
    server = web.Server(handler.settings.port, handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{handler.settings.port}"
    server.shutdown()
    server.server_close()
    thread.join()
    handler.cache.close()
    for port in ports:
        release(LOOPBACK, port)


def test_health_check_needs_neither_database_nor_cache(backend: str) -> None:
    result = probe(backend, path="/api/v1/utils/health-check/", expect_json=True).require()
    assert result.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert result.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    assert result.headers["Server"] == "omc"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("POST", "/api/v1/utils/health-check/", 405),
        ("GET", "/api/v1/login/access-token", 405),
        ("GET", "/api/v1/users/me", 401),
        ("GET", "/api/v1/utils/redis-ping", 503),
        ("POST", "/api/v1/login/access-token", 503),
    ],
)
def test_other_answers(backend: str, method: str, path: str, status: int) -> None:
    result = probe(backend, method=method, path=path, expect_status=status).require()
    assert set(result.json()) == {"detail"}


def test_head_has_no_body(backend: str) -> None:
    result = probe(backend, method="HEAD", path="/api/v1/utils/health-check/").require()
    assert (result.headers["Content-Length"], result.body) == ("4", b"")


def test_missing_setting_stops_the_start() -> None:
    environ = {"ENVIRONMENT": "local", "PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [sys.executable, "-m", "app.backend"], cwd=APP, env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "ERROR cannot start: FIRST_SUPERUSER is not set" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_frontend_stops_gracefully_on_sigterm(local_port: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "app.frontend"],
        cwd=APP,
        env={"PATH": os.environ["PATH"], "PORT": str(local_port)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        probe(f"http://127.0.0.1:{local_port}", expect_body="Oh My Coins", deadline=20).require()
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert said.splitlines()[-1].endswith("INFO stopped")
