"""A session with an AWS account, or with a sandbox that plays one: it only reads, retries within bounds, and counts."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import botocore.session
from botocore import exceptions, loaders
from botocore.config import Config

from skyworthy.errors import BadInput
from skyworthy.observed import credentials
from skyworthy.observed.call_log import CallLog
from skyworthy.observed.credentials import Role
from skyworthy.observed.guard import demand_read

Target = Literal["sandbox", "aws"]

CONNECT_SECONDS = 5
READ_SECONDS = 20
ATTEMPTS = 4
"""How often a call is tried, the first time included; between attempts botocore waits up to 1, 2, 4 seconds."""
CONNECTIONS = 8
"""Connections per service."""


@dataclass(frozen=True)
class Identity:
    """Who the session is.

    Args:
        account: twelve digits.
        arn: of the user or role.
        region: where it looks.
    """

    account: str
    arn: str
    region: str

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn`` or ``aws-us-gov``."""
        return self.arn.split(":")[1] if self.arn.startswith("arn:") else "aws"


class Session:
    """A read-only session.

    Args:
        profile: profile of the AWS configuration; None: as the environment says.
        region: None: as profile and environment say.
        endpoint_url: where every service answers, for a sandbox.
        target: ``sandbox`` uses dummy credentials and neither the machine's AWS configuration nor its profiles.
        attempts: how often a call is tried.
        role: assumed with the credentials of profile or environment; not for a sandbox.

    Raises:
        BadInput: no such profile, one that asks where nobody can answer, or no region.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        target: Target = "aws",
        attempts: int = ATTEMPTS,
        role: Role | None = None,
    ) -> None:
        if target == "sandbox" and not endpoint_url:
            raise BadInput("no endpoint for the sandbox: start one with `skyworthy sandbox up`")
        self.target: Target = target
        self.endpoint_url = endpoint_url
        self.calls = CallLog()
        self._attempts = attempts
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._identity: Identity | None = None
        self._botocore = self._opened(profile, region)
        self.region: str = self._botocore.get_config_variable("region") or ""
        if not self.region:
            raise BadInput("no AWS region: set AWS_REGION, the profile's region, or `region` in skyworthy.toml")
        if target == "aws":
            credentials.borrow(self._botocore, _botocore_session(profile, self.region), endpoint_url, role)
        _keep_answers_out_of_logs()

    def _opened(self, profile: str | None, region: str | None) -> Any:
        session: Any
        try:
            if self.target == "sandbox":
                session = botocore.session.Session(session_vars=_ALONE)
                session.set_credentials("testing", "testing", "testing")
                session.set_config_variable("region", region or "us-east-1")
            else:
                session = _botocore_session(profile, region)
            session.get_scoped_config()
        except exceptions.ProfileNotFound as error:
            raise BadInput(f"{error}: see `aws configure list-profiles`") from error
        except exceptions.BotoCoreError as error:
            raise credentials.bad_input(error, "the AWS configuration") or error from error
        if self.target == "aws":
            credentials.demand_no_question(session)
        session.register_component("data_loader", _loader(session.get_config_variable("data_path") or ""))
        session.register("provide-client-params", demand_read)
        session.register("before-call", demand_read)
        self.calls.register(session)
        return session

    def client(self, service: str) -> Any:
        """The client of a service, as boto3 would make it; thread-safe, one for each service.

        Raises:
            BadInput: see :func:`bad_input`.
        """
        with self._lock:
            if service not in self._clients:
                try:
                    self._clients[service] = self._botocore.create_client(
                        service, region_name=self.region, endpoint_url=self.endpoint_url, config=self._config()
                    )
                except exceptions.BotoCoreError as error:
                    raise self.bad_input(error) or error from error
            return self._clients[service]

    def _config(self) -> Config:
        return Config(
            retries={"total_max_attempts": self._attempts, "mode": "adaptive"},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=CONNECTIONS,
            user_agent_extra="skyworthy-observed",
            s3={"addressing_style": "path"} if self.endpoint_url else None,
            proxies={} if self.target == "sandbox" else None,
        )

    def own_credentials(self) -> Any:
        """botocore's credentials of the session, for one beside it that acts; refreshed as these are."""
        return self._botocore.get_credentials()

    def service_model(self, service: str) -> Any:
        """botocore's description of a service."""
        return self.client(service).meta.service_model

    def identity(self) -> Identity:
        """Who the session is (STS GetCallerIdentity, which needs no permission); asked once.

        Raises:
            BadInput: no credentials, expired ones, or nothing answers.
        """
        if self._identity is not None:
            return self._identity
        try:
            answer = self.client("sts").get_caller_identity()
        except (exceptions.ClientError, exceptions.BotoCoreError) as error:
            raise self.bad_input(error) or BadInput(f"{self.place}: sts:GetCallerIdentity failed: {error}") from error
        self._identity = Identity(answer["Account"], answer["Arn"], self.region)
        return self._identity

    @property
    def place(self) -> str:
        """Where it looks, for messages."""
        return self.endpoint_url or f"AWS in {self.region}"

    def bad_input(self, error: Exception) -> BadInput | None:
        """What to tell the user where an error means that nothing at all can be read; None for any other error."""
        return credentials.bad_input(error, self.place)

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """Send nothing after a moment, not even another attempt at a call that is under way.

        Args:
            deadline: as ``time.monotonic()`` tells time; a request that was sent before may take READ_SECONDS more.
        """
        before, self.calls.deadline = self.calls.deadline, deadline
        try:
            yield
        finally:
            self.calls.deadline = before


_ALONE: dict[str, tuple[Any, Any, Any, Any]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""Session variables of botocore that keep a sandbox session away from the machine's configuration."""


def _botocore_session(profile: str | None, region: str | None) -> Any:
    """A session with the machine's own configuration."""
    session: Any = botocore.session.Session(profile=profile)
    if region:
        session.set_config_variable("region", region)
    return session


@cache
def _loader(data_path: str) -> Any:
    """Botocore's descriptions of the services, parsed once in a process however many sessions there are."""
    return loaders.create_loader(data_path)


class _WithoutAnswers(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return "body" not in str(record.msg).lower()


_FILTER = _WithoutAnswers()


def _keep_answers_out_of_logs() -> None:
    """Botocore logs answers at level DEBUG, that of GetSecretValue too."""
    for name in ("botocore.parsers", "botocore.endpoint", "botocore.hooks"):
        logging.getLogger(name).addFilter(_FILTER)


__all__ = ["CallLog", "Identity", "Role", "Session", "Target"]
