"""Answers given in place of moto's: errors, delays, broken connections and half pages, for chosen operations."""

import fnmatch
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import DataNotFoundError
from botocore.loaders import create_loader
from botocore.model import OperationNotFoundError
from botocore.parsers import create_parser

from skyworthy.sandbox.calls import SERVICES_OF_SIGNING_NAME, Call, Response

_ERRORS = {
    "AccessDenied": {"ec2": ("UnauthorizedOperation", 403), "json": ("AccessDeniedException", 400)},
    "Throttling": {"ec2": ("RequestLimitExceeded", 503), "json": ("ThrottlingException", 400)},
    "ExpiredToken": {"ec2": ("RequestExpired", 400), "json": ("ExpiredTokenException", 400)},
}
"""Error codes that differ by protocol.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and each service's
"Common Errors" page, such as https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
"""
_DEFAULT_STATUS = {"AccessDenied": 403, "ExpiredToken": 403, "Throttling": 400}
_S3 = {"Throttling": ("SlowDown", 503)}
_TOKENS = (("NextToken", "NextToken"), ("nextToken", "nextToken"), ("Marker", "NextMarker"), ("Marker", "Marker"))
"""Input and output members of paged operations of which botocore has no paginator."""
SECOND_PAGE = "skyworthy-second-half"


@dataclass(frozen=True)
class Rule:
    """What happens to the calls of an operation.

    Attributes:
        service: botocore's name or the IAM prefix of the service; `*` for all.
        operation: name or pattern (`Describe*`).
        error: `AccessDenied`, `Throttling`, `ExpiredToken`, any code of the service; empty: the call is answered.
        message: what to say; by default what AWS says to a denied call.
        status: HTTP status, where neither the service model nor the error tells it.
        seconds: how much later the answer comes.
        reset: break the connection instead of answering.
        half_page: answer with the first half of the items and a token; the error is for the second page.
        times: only for so many calls; 0: until healed.
    """

    service: str
    operation: str
    error: str = ""
    message: str = ""
    status: int = 400
    seconds: float = 0.0
    reset: bool = False
    half_page: bool = False
    times: int = 0

    def applies(self, call: Call) -> bool:
        """Whether the rule covers the call."""
        services = (*SERVICES_OF_SIGNING_NAME.get(self.service, ()), self.service)
        return (call.service in services or self.service == "*") and fnmatch.fnmatchcase(call.operation, self.operation)


class Interceptor:
    """Does to each call what the rules say."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._used: Counter[int] = Counter()
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> None:
        """Heed a rule from now on."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Let every call pass."""
        with self._lock:
            self._rules.clear()
            self._used.clear()

    def as_list(self) -> list[dict[str, Any]]:
        """The rules as JSON values."""
        return [asdict(rule) for rule in self._rules]

    def __call__(self, call: Call) -> Response | None:
        """The answer of the first rule that covers the call, or None where moto shall answer.

        Raises:
            ConnectionResetError: the connection was broken off.
        """
        rule = self._rule(call)
        if rule is None:
            return None
        time.sleep(rule.seconds)
        if rule.reset:
            _break_off(call)
        if not rule.error or (rule.half_page and not _asks_for_second_page(call)):
            return None
        code, status = _code(rule, call)
        return call.fail(code, rule.message or _message(rule, call), status)

    def amend(self, call: Call, response: Response) -> Response:
        """The answer with the first half of its items, where a rule says so."""
        halved = any(rule.half_page and rule.applies(call) for rule in self._rules)
        return _first_half(call, response) if halved and response[0] < 300 else response

    def _rule(self, call: Call) -> Rule | None:
        with self._lock:
            for index, rule in enumerate(self._rules):
                if rule.applies(call) and not 0 < rule.times <= self._used[index]:
                    self._used[index] += 1
                    return rule
        return None


def _break_off(call: Call) -> None:
    connection = call.request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError(f"{call.name}: broken off by the sandbox")


def _asks_for_second_page(call: Call) -> bool:
    return SECOND_PAGE in call.params.values()


def _first_half(call: Call, response: Response) -> Response:
    """Half of the items, and a token for the rest; an answer that cannot be paged stays whole."""
    tokens, shape = _tokens(call), call.model.output_shape
    if tokens is None or shape is None:
        return response
    status, headers, body = response
    parsed = create_parser(call.protocol).parse({"status_code": status, "headers": dict(headers), "body": body}, shape)
    parsed.pop("ResponseMetadata", None)
    halves = {key: value[: len(value) // 2] for key, value in parsed.items() if isinstance(value, list)}
    more = _paginators(call.service).get(call.operation, {}).get("more_results")
    flags = {more: True} if more else {}
    return call.answer({**parsed, **halves, **flags, tokens[1]: SECOND_PAGE})


def _tokens(call: Call) -> tuple[str, str] | None:
    """The members of request and answer that carry the token of the next page."""
    paginator = _paginators(call.service).get(call.operation, {})
    told = paginator.get("input_token"), paginator.get("output_token")
    if isinstance(told[0], str) and isinstance(told[1], str):
        return told[0], told[1]
    try:
        given, answered = call.model.input_shape, call.model.output_shape
    except OperationNotFoundError:
        return None
    if given is None or answered is None:
        return None
    return next((pair for pair in _TOKENS if pair[0] in given.members and pair[1] in answered.members), None)


def _paginators(service: str) -> Mapping[str, Any]:
    try:
        return dict(create_loader().load_service_model(service, "paginators-1")["pagination"])
    except DataNotFoundError:
        return {}


def _code(rule: Rule, call: Call) -> tuple[str, int]:
    protocol = str(call.protocol)
    if call.service == "s3" and rule.error in _S3:
        return _S3[rule.error]
    by_protocol = _ERRORS.get(rule.error, {})
    family = "json" if protocol in ("json", "rest-json") else protocol
    return by_protocol.get(family, (rule.error, _DEFAULT_STATUS.get(rule.error, rule.status)))


def _message(rule: Rule, call: Call) -> str:
    if rule.error == "AccessDenied":
        return (
            f"User: arn:aws:iam::{call.account}:user/testing is not authorized to perform: {call.name} "
            f"because no identity-based policy allows the {call.name} action"
        )
    if rule.error == "Throttling":
        return "Rate exceeded"
    return f"{rule.error} injected by the sandbox"
