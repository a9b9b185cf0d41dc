"""A session with an AWS account, or with a sandbox that plays one: it only reads, retries within bounds, and counts."""

import logging
import os
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import botocore.session
from botocore import exceptions, loaders
from botocore.config import Config

from skyworthy.errors import BadInput
from skyworthy.observed.guard import demand_read

Target = Literal["sandbox", "aws"]

CONNECT_SECONDS = 5
READ_SECONDS = 20
ATTEMPTS = 4
"""How often a call is tried, the first time included; between attempts botocore waits up to 1, 2, 4 seconds."""
CONNECTIONS = 8
"""Connections per service."""
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
_NOT_ACCEPTED = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_SIGN_IN = "sign in again (`aws sso login`, or new keys for the profile) and repeat"


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


@dataclass
class CallLog:
    """What was called: ``service:Operation`` to the number of calls, and the seconds they took together.

    A call that is retried counts once, a page counts as a call.
    """

    counts: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def started(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        """Handler of botocore's ``before-call``."""
        context["skyworthy-started"] = time.monotonic()
        with self._lock:
            self.counts[_name(model)] += 1

    def ended(self, model: Any = None, context: dict[str, Any] | None = None, **_: Any) -> None:
        """Handler of botocore's ``after-call`` (and, where it tells the model, ``after-call-error``)."""
        if model is not None and context and "skyworthy-started" in context:
            with self._lock:
                self.seconds[_name(model)] += time.monotonic() - context["skyworthy-started"]

    @property
    def total(self) -> int:
        """Calls in all."""
        return self.counts.total()


def _name(model: Any) -> str:
    return f"{model.service_model.service_name}:{model.name}"


class Session:
    """A read-only session.

    Args:
        profile: profile of the AWS configuration; None: as the environment says.
        region: None: as profile and environment say.
        endpoint_url: where every service answers, for a sandbox.
        target: ``sandbox`` uses dummy credentials and neither the machine's AWS configuration nor its profiles.
        attempts: how often a call is tried.

    Raises:
        BadInput: no such profile, or no region.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        target: Target = "aws",
        attempts: int = ATTEMPTS,
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
        _keep_answers_out_of_logs()

    def _opened(self, profile: str | None, region: str | None) -> Any:
        session: Any
        try:
            if self.target == "sandbox":
                session = botocore.session.Session(session_vars=_ALONE)
                session.set_credentials("testing", "testing", "testing")
                session.set_config_variable("region", region or "us-east-1")
            else:
                session = botocore.session.Session(profile=profile)
                if region:
                    session.set_config_variable("region", region)
            session.get_scoped_config()
        except exceptions.ProfileNotFound as error:
            raise BadInput(f"{error}: see `aws configure list-profiles`") from error
        session.register_component("data_loader", _loader(session.get_config_variable("data_path") or ""))
        session.register("provide-client-params", demand_read)
        session.register("before-call", demand_read)
        session.register("before-call", self.calls.started)
        session.register("after-call", self.calls.ended)
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
            user_agent_extra="skyworthy",
            s3={"addressing_style": "path"} if self.endpoint_url else None,
            proxies={} if self.target == "sandbox" else None,
        )

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
        if isinstance(error, exceptions.ClientError):
            code = error.response.get("Error", {}).get("Code", "")
            if code in _EXPIRED:
                return BadInput(f"{self.place}: the credentials have expired; {_SIGN_IN}")
            if code in _NOT_ACCEPTED:
                return BadInput(f"{self.place}: the credentials are not accepted ({code}); {_SIGN_IN}")
            return None
        return next(
            (BadInput(message.format(self=self, error=error)) for kinds, message in _FATAL if isinstance(error, kinds)),
            None,
        )


_FATAL: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (exceptions.EndpointConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyConnectionError),
        "{self.place}: nothing answers there ({error}); start the sandbox with `skyworthy sandbox up`, "
        "or check the network",
    ),
    (
        (exceptions.NoCredentialsError, exceptions.PartialCredentialsError),
        "{self.place}: no AWS credentials ({error}); set AWS_PROFILE, run `aws configure` or `aws sso login`, "
        "or look at the sandbox with --target sandbox",
    ),
    (
        (
            exceptions.SSOTokenLoadError,
            exceptions.TokenRetrievalError,
            exceptions.UnauthorizedSSOTokenError,
            exceptions.CredentialRetrievalError,
        ),
        "{self.place}: {error}; " + _SIGN_IN,
    ),
    ((exceptions.NoRegionError,), "no AWS region: set AWS_REGION, the profile's region, or `region` in skyworthy.toml"),
)

_ALONE: dict[str, tuple[Any, Any, Any, Any]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""Session variables of botocore that keep a sandbox session away from the machine's configuration."""


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


__all__ = ["CallLog", "Identity", "Session", "Target"]
