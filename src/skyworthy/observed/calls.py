"""Calls with their pages, each made once however many reads want its answer."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

import jmespath  # type: ignore[import-untyped]
from botocore import exceptions

from skyworthy.estate import Unknown
from skyworthy.observed import failures
from skyworthy.observed.secrets import conceal_document
from skyworthy.observed.session import Session

_TOKENS = (("NextToken", "NextToken"), ("nextToken", "nextToken"), ("NextMarker", "NextMarker"), ("Marker", "Marker"))
"""Members of an answer and of a request by which operations without a botocore paginator go on."""


class NoAnswer(Exception):
    """A call gave no answer.

    Attributes:
        unknown: what stands in its place.
        code: the error code of the service, empty where it did not answer.
        error: what botocore raised, where it did.
    """

    def __init__(self, unknown: Unknown, code: str = "", error: Exception | None = None) -> None:
        super().__init__(unknown.reason)
        self.unknown = unknown
        self.code = code
        self.error = error


class Caller:
    """Makes calls; the same operation with the same parameters is called once.

    Args:
        session: whose calls they are.
        deadline: time.monotonic() after which nothing more is called.
    """

    def __init__(self, session: Session, deadline: float) -> None:
        self._session = session
        self._deadline = deadline
        self._answers: dict[tuple[str, str, str], Future[list[dict[str, Any]]]] = {}
        self._lock = threading.Lock()

    def forget(self, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Make the next call of this anew instead of giving the answer that is known."""
        with self._lock:
            self._answers.pop(_key(service, operation, parameters), None)

    def pages(self, service: str, operation: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The answers of all pages.

        Raises:
            NoAnswer: denied, throttled, failed, or too late.
        """
        key = _key(service, operation, parameters)
        with self._lock:
            known = self._answers.get(key)
            future = known if known is not None else self._answers.setdefault(key, Future())
        if known is None:
            _complete(future, lambda: self._pages(service, operation, dict(parameters)))
        return future.result()

    def _pages(self, service: str, operation: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        client = self._session.client(service)
        method = next(name for name, api in client.meta.method_to_api_mapping.items() if api == operation)
        answers: list[dict[str, Any]] = []
        self._demand_time(service, operation)
        try:
            for page in _paged(client, method, parameters):
                answers.append(_without_secrets(page))
                self._demand_time(service, operation)
        except (exceptions.ClientError, exceptions.BotoCoreError) as error:
            blank = failures.as_unknown(error, service, operation)
            raise NoAnswer(blank, failures.code_of(error), error) from None
        return answers

    def input_members(self, service: str, operation: str) -> dict[str, str]:
        """The parameters of an operation and their kinds in botocore's words."""
        shape = self._session.service_model(service).operation_model(operation).input_shape
        return {name: str(member.type_name) for name, member in shape.members.items()} if shape else {}

    def _demand_time(self, service: str, operation: str) -> None:
        if time.monotonic() > self._deadline:
            raise NoAnswer(Unknown(f"not read in time: {service}:{operation} came after the deadline", denied=True))


def _key(service: str, operation: str, parameters: Mapping[str, Any]) -> tuple[str, str, str]:
    return service, operation, repr(sorted(parameters.items()))


def _complete(future: "Future[list[dict[str, Any]]]", work: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - handed on to everyone who waits for the answer
        future.set_exception(error)


def _paged(client: Any, method: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if client.can_paginate(method):
        yield from client.get_paginator(method).paginate(**parameters)
        return
    seen: set[str] = set()
    while True:
        answer = getattr(client, method)(**parameters)
        yield answer
        name, token = next(((sent, answer[got]) for got, sent in _TOKENS if answer.get(got)), ("", ""))
        if not token:
            return
        if token in seen:
            raise exceptions.PaginationError(message=f"the next token {token!r} came twice")
        seen.add(token)
        parameters = {**parameters, name: token}


def _without_secrets(page: dict[str, Any]) -> dict[str, Any]:
    """An answer as plain data, in which a secret is replaced by what may be kept of it."""
    if "SecretString" in page:
        page["SecretString"] = conceal_document(page.pop("SecretString"))
    page.pop("SecretBinary", None)
    page.pop("ResponseMetadata", None)
    return {name: _plain(value) for name, value in page.items()}


def _plain(value: Any) -> Any:
    """An answer's value as JSON knows it: times as text in UTC (RFC 3339)."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def items_of(pages: list[dict[str, Any]], place: str) -> list[Any]:
    """The items at a place in all pages together; one object counts as one item, text becomes ``{"Value": text}``."""
    if not pages:
        return []
    whole: dict[str, Any] = {}
    for page in pages:
        _add(whole, page)
    value = jmespath.search(place, whole)
    found = value if isinstance(value, list) else [] if value is None else [value]
    return [dict(item) if isinstance(item, Mapping) else {"Value": item} for item in found]


def _add(whole: dict[str, Any], page: Mapping[str, Any]) -> None:
    """Join a page to those before it: lists go on, what is told again stays as it was told first."""
    for name, value in page.items():
        if isinstance(value, list):
            whole[name] = [*whole.get(name, []), *value]
        elif isinstance(value, Mapping):
            _add(whole.setdefault(name, {}), value)
        else:
            whole.setdefault(name, value)
