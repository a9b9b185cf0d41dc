"""Answers given in place of moto's: errors, delays, broken connections and half pages, for chosen operations."""

import fnmatch
import socket
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from skyworthy.sandbox.account import paging
from skyworthy.sandbox.account.calls import SERVICES_OF_SIGNING_NAME, Call, Response

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
        every: only each so-manieth call; 0: each.
        rate: only those beyond so many calls a second; 0: each.
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
    every: int = 0
    rate: float = 0.0

    def __post_init__(self) -> None:
        if min(self.seconds, self.times, self.every, self.rate) < 0:
            raise ValueError("seconds, times, every and rate are not less than 0")

    def applies(self, call: Call) -> bool:
        """Whether the rule covers the call."""
        services = (*SERVICES_OF_SIGNING_NAME.get(self.service, ()), self.service)
        return (call.service in services or self.service == "*") and fnmatch.fnmatchcase(call.operation, self.operation)


@dataclass
class _Use:
    """What is remembered of a rule.

    Args:
        asked: calls that it covers.
        hit: those that it hit.
        answered: when, of those in the last second that a rate let pass.
    """

    asked: int = 0
    hit: int = 0
    answered: list[float] = field(default_factory=list)

    def hits(self, rule: Rule) -> bool:
        """Whether the rule hits the next call that it covers."""
        self.asked += 1
        if 0 < rule.times <= self.hit or (rule.every and self.asked % rule.every) or self._within(rule.rate):
            return False
        self.hit += 1
        return True

    def _within(self, rate: float) -> bool:
        """Whether a call is within the rate: at least one passes in the time that one takes by it."""
        if not rate:
            return False
        now, span = time.monotonic(), max(1.0, 1 / rate)
        self.answered = [moment for moment in self.answered if moment > now - span]
        if len(self.answered) < max(1.0, rate):
            self.answered.append(now)
            return True
        return False


class Interceptor:
    """Does to each call what the rules say."""

    def __init__(self) -> None:
        self._rules: list[tuple[Rule, _Use]] = []
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> None:
        """Heed a rule from now on."""
        with self._lock:
            self._rules.append((rule, _Use()))

    def clear(self) -> None:
        """Let every call pass."""
        with self._lock:
            self._rules.clear()

    def as_list(self) -> list[dict[str, Any]]:
        """The rules as JSON values."""
        return [asdict(rule) for rule, _ in self._rules]

    def __call__(self, call: Call) -> Response | None:
        """The answer of the first rule that refuses the call, or None where moto shall answer; delays add up.

        Raises:
            ConnectionResetError: the connection was broken off.
        """
        with self._lock:
            rules = [rule for rule, use in self._rules if rule.applies(call) and use.hits(rule)]
        time.sleep(sum(rule.seconds for rule in rules))
        for rule in rules:
            if rule.reset:
                _break_off(call)
            if rule.error and (not rule.half_page or _asks_for_second_page(call)):
                code, status = _code(rule, call)
                return call.fail(code, rule.message or _message(rule, call), status)
        return None

    def amend(self, call: Call, response: Response) -> Response:
        """The answer with the first half of its items, where a rule says so."""
        halved = any(rule.half_page and rule.applies(call) for rule, _ in self._rules)
        return _first_half(call, response) if halved and response[0] < 300 else response


def _break_off(call: Call) -> None:
    connection = call.request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError(f"{call.name}: broken off by the sandbox")


def _asks_for_second_page(call: Call) -> bool:
    return SECOND_PAGE in call.params.values()


def _first_half(call: Call, response: Response) -> Response:
    """Half of the items of each list, and a token for the rest; an answer that cannot be paged stays whole."""
    how = paging.paging_of(call)
    if how is None:
        return response
    whole = paging.parsed(call, response)
    for name in how.lists:
        alone = replace(how, lists=(name,))
        whole = paging.cut(alone, whole, 0, paging.count(alone, whole) // 2, SECOND_PAGE)
    return call.answer(whole)


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
