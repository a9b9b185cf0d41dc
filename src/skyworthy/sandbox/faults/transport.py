"""Faults of the way to AWS: the account is sound, and cannot be asked.

Error codes: "Common Errors" of each service's API reference,
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html
"""

from skyworthy.sandbox.faults.registry import Fault, Rule, add


def _rule(action: str, **more: object) -> Rule:
    service, _, operation = action.partition(":")
    return {"service": service, "operation": operation, **more}


def _transport(id: str, title: str, *rules: Rule) -> None:
    add(Fault(id, title, ("LIV-1",), rules=rules))


_transport(
    "operation-denied", "The caller may not list databases.", _rule("rds:DescribeDBInstances", error="AccessDenied")
)
_transport(
    "secret-read-denied",
    "The caller may not read the secret.",
    _rule("secretsmanager:GetSecretValue", error="AccessDenied"),
)
_transport(
    "service-denied",
    "The caller may not ask the load balancing service at all.",
    _rule("elbv2:*", error="AccessDenied"),
)
_transport("throttled", "Calls of the logs service are throttled, always.", _rule("logs:*", error="Throttling"))
_transport(
    "throttled-briefly",
    "The first two calls of each service are throttled, the next ones are not.",
    _rule("rds:*", error="Throttling", times=2),
    _rule("ecs:*", error="Throttling", times=2),
    _rule("cloudwatch:*", error="Throttling", times=2),
)
_transport(
    "server-error",
    "The alarms cannot be listed: status 500.",
    _rule("cloudwatch:*", error="InternalFailure", status=500),
)
_transport(
    "service-unavailable",
    "The identity service answers with status 503.",
    _rule("iam:*", error="ServiceUnavailable", status=503),
)
_transport("slow", "Every answer takes a fifth of a second longer.", _rule("*:*", seconds=0.2))
_transport("connection-reset", "The connection breaks before the answer.", _rule("ecs:Describe*", reset=True))
_transport("credentials-expired", "The credentials have expired.", _rule("*:*", error="ExpiredToken"))
_transport(
    "half-a-page",
    "Half of the alarms come, and the next page is an error.",
    _rule("cloudwatch:DescribeAlarms", half_page=True, error="InternalFailure", status=500),
)
