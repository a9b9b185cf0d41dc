"""A session that does something: the few operations on its list, with the credentials of a session that looked."""

import os
import threading
from collections.abc import Collection
from typing import Any

import botocore.session
from botocore.config import Config

from skyworthy.observed import Session

ATTEMPTS = 4
CONNECT_SECONDS = 5
READ_SECONDS = 20

_ALONE: dict[str, tuple[Any, Any, Any, Any]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""Session variables of botocore that keep the machine's configuration out: what it says, the other session has read."""


class NotAllowed(Exception):
    """An operation was refused before it left the process, because it is not on the session's list."""


class ActingSession:
    """A session that does what is on its list, in the very account that another session looked at.

    Args:
        beside: whose account, region, credentials and endpoint it uses.
        allowed: ``service:Operation`` of everything that it lets out of the process.
    """

    def __init__(self, beside: Session, allowed: Collection[str]) -> None:
        self.beside = beside
        self.allowed = frozenset(allowed)
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._botocore: Any = botocore.session.Session(session_vars=_ALONE)
        self._botocore.register_component("credential_provider", _Given(beside))
        self._botocore.register("provide-client-params", self._demand)
        self._botocore.register("before-call", self._demand)

    def client(self, service: str) -> Any:
        """The client of a service; thread-safe, one for each service. An operation off the list raises NotAllowed."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._botocore.create_client(
                    service,
                    region_name=self.beside.region,
                    endpoint_url=self.beside.endpoint_url,
                    config=Config(
                        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
                        connect_timeout=CONNECT_SECONDS,
                        read_timeout=READ_SECONDS,
                        user_agent_extra="skyworthy",
                        proxies={} if self.beside.target == "sandbox" else None,
                    ),
                )
            return self._clients[service]

    def _demand(self, **event: Any) -> None:
        model = event["model"]
        name = f"{model.service_model.service_name}:{model.name}"
        if name not in self.allowed:
            raise NotAllowed(f"{name} is refused: this session does {', '.join(sorted(self.allowed))} and nothing else")


class _Given:
    """botocore's place to look for credentials: another session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def load_credentials(self) -> Any:
        """The credentials of the other session, refreshed as these are."""
        return self._session.own_credentials()
