"""Settings, and where secrets come from.

With ``ENVIRONMENT=local`` everything is read from environment variables. Elsewhere ECS injects the keys of the secret
as environment variables too, and those win; a key that was not injected is looked up in the JSON secret that
``AWS_SECRET_ARN`` names, which is read from Secrets Manager at most once and kept. A key that is in neither place, or
that holds nothing, is an error that names the key: it never becomes an empty string.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

PLACEHOLDERS = frozenset({"changethis", "changeme", "placeholder", "todo"})


class ConfigurationError(Exception):
    """The application cannot start with these settings; the message names the key, never its value."""


def read_secret(arn: str) -> str:
    """The SecretString of a secret in Secrets Manager, read with the task role.

    Raises:
        ConfigurationError: it cannot be read; the message names the secret and the reason.
    """
    import boto3  # only an environment without injected secrets needs it
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        value = boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    except (BotoCoreError, ClientError) as error:
        raise ConfigurationError(f"the secret {arn} cannot be read: {error}") from error
    return str(value)


class Source:
    """Looks keys up in the environment and, outside of local, in the secret.

    Args:
        environ: the process environment.
        fetch: reads the text of a secret by its ARN; called at most once.
    """

    def __init__(self, environ: Mapping[str, str], fetch: Callable[[str], str] = read_secret) -> None:
        self.environ = environ
        self.environment = self.variable("ENVIRONMENT")
        self._fetch = fetch
        self._secret: Mapping[str, Any] | None = None

    @property
    def is_local(self) -> bool:
        return self.environment == "local"

    def variable(self, key: str, default: str | None = None) -> str:
        """An environment variable; one that is set to nothing is an error, even where there is a default."""
        value = self.environ.get(key, default)
        if value is None:
            raise ConfigurationError(f"{key} is not set")
        if not value.strip():
            raise ConfigurationError(f"{key} is set to an empty value")
        return value

    def number(self, key: str, default: int | None = None) -> int:
        text = self.variable(key, None if default is None else str(default))
        if not text.isdecimal():
            raise ConfigurationError(f"{key} is not a whole number")
        return int(text)

    def flag(self, key: str, default: bool) -> bool:
        text = self.variable(key, "true" if default else "false").lower()
        if text not in ("true", "false"):
            raise ConfigurationError(f"{key} is neither true nor false")
        return text == "true"

    def secret(self, key: str) -> str:
        """A secret: injected as an environment variable, or else a key of the JSON secret."""
        if key in self.environ:
            return self._usable(key, self.variable(key))
        if self.is_local:
            raise ConfigurationError(f"{key} is not set")
        arn = self.environ.get("AWS_SECRET_ARN")
        if not arn:
            raise ConfigurationError(f"{key} is not injected, and there is no AWS_SECRET_ARN to read it from")
        value = self._keys(arn).get(key)
        if value is None:
            raise ConfigurationError(f"{key} is neither injected nor a key of the secret {arn}")
        if not isinstance(value, str) or not value.strip():
            raise ConfigurationError(f"{key} holds no text in the secret {arn}")
        return self._usable(key, value)

    def _usable(self, key: str, value: str) -> str:
        if not self.is_local and value.strip().lower() in PLACEHOLDERS:
            raise ConfigurationError(f"{key} still holds a placeholder")
        return value

    def _keys(self, arn: str) -> Mapping[str, Any]:
        if self._secret is None:
            try:
                keys = json.loads(self._fetch(arn))
            except json.JSONDecodeError as error:
                # The cause would carry the text of the secret.
                raise ConfigurationError(f"the secret {arn} is not JSON (position {error.pos})") from None
            if not isinstance(keys, dict):
                raise ConfigurationError(f"the secret {arn} is not a JSON object")
            self._secret = keys
        return self._secret


@dataclass(frozen=True)
class Settings:
    """What the backend runs with; secrets are left out of its ``repr``."""

    environment: str
    project_name: str
    version: str
    port: int
    frontend_host: str
    first_superuser: str
    postgres_server: str
    postgres_port: int
    postgres_db: str
    postgres_user: str
    postgres_sslmode: str
    redis_host: str
    redis_port: int
    redis_tls: bool
    secret_key: str = field(repr=False)
    first_superuser_password: str = field(repr=False)
    postgres_password: str = field(repr=False)
    redis_auth_token: str | None = field(repr=False)


def load(environ: Mapping[str, str], fetch: Callable[[str], str] = read_secret) -> Settings:
    """The settings of the backend.

    TLS to PostgreSQL and Redis is on outside of local; ``POSTGRES_SSLMODE`` and ``REDIS_TLS`` say otherwise where the
    servers have none. The Redis AUTH token may be absent in local only.

    Raises:
        ConfigurationError: a key is missing, empty, a placeholder or of the wrong form; the message names it.
    """
    source = Source(environ, fetch)
    tls = not source.is_local
    return Settings(
        environment=source.environment,
        project_name=source.variable("PROJECT_NAME", "ohmycoins"),
        version=source.variable("APP_VERSION", "unknown"),
        port=source.number("PORT", 8000),
        frontend_host=source.variable("FRONTEND_HOST", "http://localhost"),
        first_superuser=source.variable("FIRST_SUPERUSER"),
        postgres_server=source.variable("POSTGRES_SERVER"),
        postgres_port=source.number("POSTGRES_PORT", 5432),
        postgres_db=source.variable("POSTGRES_DB"),
        postgres_user=source.variable("POSTGRES_USER"),
        postgres_sslmode=source.variable("POSTGRES_SSLMODE", "require" if tls else "prefer"),
        redis_host=source.variable("REDIS_HOST"),
        redis_port=source.number("REDIS_PORT", 6379),
        redis_tls=source.flag("REDIS_TLS", tls),
        secret_key=source.secret("SECRET_KEY"),
        first_superuser_password=source.secret("FIRST_SUPERUSER_PASSWORD"),
        postgres_password=source.secret("POSTGRES_PASSWORD"),
        redis_auth_token=source.secret("REDIS_AUTH_TOKEN") if tls or "REDIS_AUTH_TOKEN" in environ else None,
    )
