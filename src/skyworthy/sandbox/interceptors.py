"""Answers given in place of moto's: errors switched on for chosen operations."""

import fnmatch
from dataclasses import asdict, dataclass
from typing import Any

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


@dataclass(frozen=True)
class ErrorRule:
    """An error for the operations of a service.

    Attributes:
        service: botocore's name or the IAM prefix of the service.
        operation: name or pattern (`Describe*`).
        error: `AccessDenied`, `Throttling`, `ExpiredToken`, or any code of the service.
        message: what to say; by default what AWS says to a denied call.
        status: HTTP status, where neither the service model nor the error tells it.
    """

    service: str
    operation: str
    error: str
    message: str = ""
    status: int = 400

    def applies(self, call: Call) -> bool:
        """Whether the rule covers the call."""
        services = (*SERVICES_OF_SIGNING_NAME.get(self.service, ()), self.service)
        return call.service in services and fnmatch.fnmatchcase(call.operation, self.operation)


class ErrorInterceptor:
    """Answers the calls that a rule covers with the rule's error."""

    def __init__(self) -> None:
        self.rules: list[ErrorRule] = []

    def __call__(self, call: Call) -> Response | None:
        """The error of the first rule that covers the call."""
        for rule in self.rules:
            if rule.applies(call):
                code, status = _code(rule, call)
                return call.fail(code, rule.message or _message(rule, call), status)
        return None

    def as_list(self) -> list[dict[str, Any]]:
        """The rules as JSON values."""
        return [asdict(rule) for rule in self.rules]


def _code(rule: ErrorRule, call: Call) -> tuple[str, int]:
    protocol = str(call.protocol)
    if call.service == "s3" and rule.error in _S3:
        return _S3[rule.error]
    by_protocol = _ERRORS.get(rule.error, {})
    family = "json" if protocol in ("json", "rest-json") else protocol
    return by_protocol.get(family, (rule.error, _DEFAULT_STATUS.get(rule.error, rule.status)))


def _message(rule: ErrorRule, call: Call) -> str:
    if rule.error == "AccessDenied":
        return (
            f"User: arn:aws:iam::{call.account}:user/testing is not authorized to perform: {call.name} "
            f"because no identity-based policy allows the {call.name} action"
        )
    if rule.error == "Throttling":
        return "Rate exceeded"
    return f"{rule.error} injected by the sandbox"
