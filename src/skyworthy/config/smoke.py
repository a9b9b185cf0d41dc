"""``[smoke]``: what the smoke suite asks of the services."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skyworthy.config.tables import Item, Toml


class _Anything:
    def __repr__(self) -> str:
        return "anything"


ANYTHING: Any = _Anything()
"""No expectation; TOML knows no null, so nothing that it can say is meant by this."""
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods of requests that change nothing, and may be repeated (RFC 9110, section 9.2.1)."""
MOST_SAMPLES = 200
"""Requests of a latency sample: enough for a percentile, too few to be a load."""
MOST_PER_SECOND = 100.0
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CREDENTIALS = ("authorization", "cookie", "proxy-authorization", "x-api-key")


@dataclass(frozen=True)
class SmokeCheck:
    """``[[smoke.services.NAME.checks]]``: one request and what its answer must be like.

    Args:
        path: with the leading slash, and a query where there is one.
        method: of the request; one that may change something is made once, the others until the answer is right.
        status: the accepted statuses.
        body: a text that the body must hold; empty: not looked at.
        json: what the body must hold as JSON: of tables the keys that are given, of everything else the whole value.
        headers: name -> a text that this header of the answer must hold; empty: it must be there.
        send: headers of the request; credentials do not belong here.
        within_ms: latency budget of this request, milliseconds; 0: none.
        token: the environment variable of skyworthy that holds a bearer token for it.
        signed_in: it is asked with the token of the service, see ``login_path``.
    """

    path: str
    method: str = "GET"
    status: tuple[int, ...] = (200,)
    body: str = ""
    json: Any = ANYTHING
    headers: Mapping[str, str] = field(default_factory=dict)
    send: Mapping[str, str] = field(default_factory=dict)
    within_ms: float = 0.0
    token: str = ""
    signed_in: bool = False

    @property
    def title(self) -> str:
        """What messages call it: ``GET /api``."""
        return f"{self.method} {self.path.partition('?')[0]}"


@dataclass(frozen=True)
class SmokeService:
    """``[smoke.services.NAME]``: what is asked of one ECS service beside its health check.

    Args:
        database_path: a route that reads the database; empty: none.
        cache_path: a route that asks the cache; empty: none.
        login_path: where a token for these routes is had, by the OAuth 2 password form; empty: no token is sent unless
            the token variable is set.
        username: the container's variable that holds the user's name.
        password: the container's variable that holds the password.
        url: environment -> where the service answers on AWS; by default the host of its listener rule. In the sandbox
            the launched copy is asked.
        version_path: a route that tells the version; empty: none.
        version_key: of the JSON that this route answers with.
        version_variable: the container's variable that holds the deployed version; where the container has none, the
            tag of its image is the version.
        look_inside: environments of AWS in which ECS Exec may look at the variables of the running tasks.
        checks: further requests.
    """

    database_path: str = ""
    cache_path: str = ""
    login_path: str = ""
    username: str = "FIRST_SUPERUSER"
    password: str = "FIRST_SUPERUSER_PASSWORD"  # noqa: S105 - the name of a variable
    url: Mapping[str, str] = field(default_factory=dict)
    version_path: str = ""
    version_key: str = "version"
    version_variable: str = "APP_VERSION"
    look_inside: tuple[str, ...] = ()
    checks: tuple[SmokeCheck, ...] = ()


@dataclass(frozen=True)
class SmokeSettings:
    """``[smoke]``: what the smoke suite asks of the services.

    Args:
        services: ECS service name -> what is asked of it.
        token_variable: the environment variable of skyworthy itself that may hold a token.
        p95_ms: latency budget of the health endpoint, milliseconds.
        samples: requests of a latency sample.
        per_second: the most requests a second that a sample makes.
        deadline_seconds: how long a service may take to answer well.
        certificate_days: how much longer a certificate must be valid, days.
    """

    services: Mapping[str, SmokeService] = field(default_factory=dict)
    token_variable: str = "SKYWORTHY_TOKEN"  # noqa: S105 - the name of a variable
    p95_ms: float = 500.0
    samples: int = 20
    per_second: float = 50.0
    deadline_seconds: float = 30.0
    certificate_days: int = 30


def demand_sense(toml: Toml, smoke: SmokeSettings) -> None:
    """Refuse what no service could be asked.

    Args:
        toml: the file, for messages.
        smoke: what it says.

    Raises:
        BadInput: with file and line.
    """
    where = ("smoke",)
    if not 1 <= smoke.samples <= MOST_SAMPLES:
        toml.refuse(f"samples is 1 to {MOST_SAMPLES}, not {smoke.samples}", *where, "samples")
    if not 0 < smoke.per_second <= MOST_PER_SECOND:
        toml.refuse(f"per_second is above 0 and at most {MOST_PER_SECOND:g}", *where, "per_second")
    for key in ("p95_ms", "deadline_seconds"):
        if getattr(smoke, key) <= 0:
            toml.refuse(f"{key} must be above 0", *where, key)
    _demand_variable(toml, smoke.token_variable, *where, "token_variable")
    for name, service in smoke.services.items():
        _demand_routes(toml, service, *where, "services", name)
        for index, check in enumerate(service.checks):
            _demand_check(toml, service, check, *where, "services", name, Item("checks", index))


def _demand_routes(toml: Toml, service: SmokeService, *where: str) -> None:
    for key in ("database_path", "cache_path", "login_path", "version_path"):
        _demand_path(toml, getattr(service, key), *where, key)
    for environment, url in service.url.items():
        if not re.fullmatch(r"https?://[^/@\s?#]+/?", url):
            toml.refuse(f"url of {environment} must be like https://api.example.com", *where, "url")


def _demand_check(toml: Toml, service: SmokeService, check: SmokeCheck, *where: str) -> None:
    _demand_path(toml, check.path or " ", *where, "path")
    if check.method not in METHODS:
        toml.refuse(f"method takes {', '.join(METHODS)}, not {check.method!r}", *where, "method")
    strange = [status for status in check.status if not 100 <= status <= 599]
    if strange or not check.status:
        toml.refuse(f"status lists numbers from 100 to 599, not {strange[:1] or 'nothing'}", *where, "status")
    if check.method == "HEAD" and (check.body or check.json is not ANYTHING):
        toml.refuse("an answer to HEAD has no body to expect anything of", *where, "method")
    if check.within_ms < 0:
        toml.refuse("within_ms must not be below 0", *where, "within_ms")
    for name in check.send:
        if name.lower() in _CREDENTIALS:
            toml.refuse(f"{name} does not belong in this file: name a variable in `token`", *where, "send")
    if check.token:
        _demand_variable(toml, check.token, *where, "token")
    if check.token and check.signed_in:
        toml.refuse("token and signed_in exclude each other", *where, "signed_in")
    if check.signed_in and not service.login_path:
        toml.refuse("signed_in needs the service's login_path", *where, "signed_in")


def _demand_path(toml: Toml, path: str, *where: str) -> None:
    if path and not re.fullmatch(r"/\S*", path):
        toml.refuse(f"{where[-1]} must begin with a slash and hold no spaces, not {path!r}", *where)


def _demand_variable(toml: Toml, name: str, *where: str) -> None:
    if not _VARIABLE.fullmatch(name):
        # The value is not shown: it may be a token that somebody took for the name.
        toml.refuse(f"{where[-1]} must be the name of an environment variable", *where)
