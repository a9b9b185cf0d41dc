"""Log groups and the metrics made of them."""

import re

from skyworthy.behavior.alarms import METRIC_ALARM, metrics_of
from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.metrics import transformations
from skyworthy.behavior.permissions import (
    Context,
    Policies,
    PolicyDocument,
    Principal,
    arn_of,
    key_policy,
    may,
    scope_of,
)
from skyworthy.behavior.permissions.probes import REGION
from skyworthy.behavior.references import absent, named, undecided
from skyworthy.behavior.secrets import key_of
from skyworthy.config import Policy
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, show

_ACCOUNT = Reference("data.aws_caller_identity.current", "account_id")
_KEYS = ("aws_kms_alias", "aws_kms_external_key", "aws_kms_key", "aws_kms_replica_external_key", "aws_kms_replica_key")


_RETENTIONS = frozenset(
    {
        *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
        *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
    }
)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""


@control(
    "log.group-retention",
    on="aws_cloudwatch_log_group",
    severity="medium",
    refs=["REQ REF-5", "REQ LIV-6", "CKV_AWS_66", "CKV_AWS_338", "FSBP CloudWatch.16"],
)
def logs_expire(group: Resource, policy: Policy) -> None:
    """Log groups keep their events as long as the environment demands, and not for ever.

    Why: too short hides yesterday's incident; for ever is paid for every month, and keeps personal data too long.
    Fix: `retention_in_days`.
    """
    days = group["retention_in_days"]
    assert days, "its events never expire"
    assert int(days) in _RETENTIONS, f"retention_in_days is {days}, which CloudWatch does not take"
    wanted = policy.log_retention_days
    assert int(days) >= wanted, f"events are kept {days} days, at least {wanted} are demanded"


@control(
    "log.group-key-usable",
    on="aws_cloudwatch_log_group",
    severity="high",
    refs=["REQ REF-5", "REQ DAT-1", "CKV_AWS_158"],
    aliases=("kms.log-groups-may-encrypt", "log.group-kms"),
)
def key_is_usable(group: Resource, estate: Estate) -> None:
    """CloudWatch Logs may use the key that a log group names.

    Why: CloudWatch refuses to make a group with a key that it may not use, and the apply stops there; it takes no more
    events when that is revoked later.
    Fix: allow `logs.<region>.amazonaws.com` `kms:Encrypt*`, `kms:Decrypt*`, `kms:GenerateDataKey*` in the key's policy.
    """
    written = group["kms_key_id"]
    if not written:
        not_applicable("it names no key")
    other = estate.get(written.address) if isinstance(written, Reference) else None
    if other is not None:
        assert other.type in _KEYS, f"its kms_key_id names {other.address}, which is no key"
    key = key_of(written, estate)
    if key is None or key.data:
        raise Undecidable(f"key {show(written)} is not part of this stack")
    policy = key_policy(key, estate)
    arn = arn_of(group)
    arn = arn.removesuffix(":*") if isinstance(arn, str) else arn
    context = Context(
        {"kms:EncryptionContext:aws:logs:arn": arn, "aws:SourceArn": arn, "aws:SourceAccount": _ACCOUNT},
        otherwise=Unknown("what CloudWatch sends is not known"),
    )
    names = _logs_services(policy, _region(estate))
    findings = Findings()
    for action in ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"):
        with findings.question():
            allowed = any(_may_use(key, name, action, policy, context, estate) for name in names)
            assert allowed, f"{names[0]} may not {action} with {key.address}"
    findings.conclude()


def _may_use(
    key: Resource, service: Value, action: str, policy: PolicyDocument, context: Context, estate: Estate
) -> bool:
    """Whether a service may do something with a key in the name of the account."""
    principal = Principal(service, "service", _ACCOUNT)
    policies = Policies(resource=policy)
    return may(policies, action, arn_of(key), context, principal=principal, estate=estate).allowed


@once_per_estate
def _region(estate: Estate) -> str:
    return scope_of(estate).region


_LOGS_SERVICE = re.compile(r"logs\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")


def _logs_services(policy: PolicyDocument, region: str) -> list[Value]:
    """The names that CloudWatch Logs has here; where the region is not known, first those that the policy names."""
    if region:
        return [f"logs.{region}.amazonaws.com", "logs.amazonaws.com"]
    principals = [item for statement in policy.statements for item in (statement.principals or {}).get("Service", ())]
    found = [item for item in principals if isinstance(item, str) and _LOGS_SERVICE.fullmatch(item)]
    return ["logs.amazonaws.com", *found, Template(("logs.", REGION, ".amazonaws.com"))]


@control(
    "log.filter-pattern-valid",
    on=("aws_cloudwatch_log_metric_filter", "aws_cloudwatch_log_subscription_filter"),
    severity="high",
    refs=["REQ ALM-9"],
    lenses=("declared",),
)
def filter_pattern_is_valid(source: Resource) -> None:
    """The pattern of a log filter is one that CloudWatch Logs takes.

    Why: a quotation or brace that is not closed is refused in the middle of an apply.
    Fix: close what is open. `{ $.level = "error" }` for JSON, `[ip, user, status = 5*]` for columns, else words.
    """
    pattern = source["pattern" if source.type.endswith("metric_filter") else "filter_pattern"]
    if not isinstance(pattern, str):
        raise undecided(pattern, "its pattern")
    text = _QUOTED.sub("", pattern).strip()
    assert '"' not in text, f"a quotation in {pattern} is not closed"
    for opening, closing in ("{}", "[]"):
        begins, ends = text.startswith(opening), text.endswith(closing)
        assert not begins or ends, f"{pattern} begins with {opening} and does not end with {closing}"
    if text.startswith("{"):
        assert text.count("(") == text.count(")"), f"a parenthesis in {pattern} is not closed"
        assert "$" in text, f"{pattern} names no property: a selector begins with $"


_QUOTED = re.compile(r'"(\\.|[^"\\])*"|%[^%]+%')
"""What stands in quotation marks, or is a regular expression: nothing in it opens or closes."""


@control(
    "log.metric-filter-feeds-alarm",
    on="aws_cloudwatch_log_metric_filter",
    severity="low",
    refs=["REQ ALM-9"],
)
def metric_filter_is_used(source: Resource, estate: Estate) -> None:
    """A log metric filter reads a log group of the stack, and some alarm or dashboard reads its metric.

    Why: a renamed metric or group leaves an alarm that never gets a data point; a pattern that is not closed is none.
    Fix: take namespace, name and group from one place in filter and alarm.
    """
    assert named(estate, source["log_group_name"], "aws_cloudwatch_log_group"), (
        f"its log group {show(source['log_group_name'])} is not part of this stack"
    )
    pattern = show(source.attributes.get("pattern")).strip()
    closing = _CLOSING.get(pattern[:1], "")
    assert pattern.endswith(closing), f"its pattern {pattern} does not end with {closing}"
    for made in transformations(source):
        reserved = isinstance(made.get("namespace"), str) and made["namespace"].startswith("AWS/")
        assert not reserved, f"its namespace is {made.get('namespace')}: names that begin with AWS/ are refused"
        if not _is_read(made.get("namespace"), made.get("name"), estate):
            raise absent(
                estate, f"no alarm or dashboard reads {show(made.get('name'))} in {show(made.get('namespace'))}"
            )


_CLOSING = {"{": "}", "[": "]", "%": "%"}
"""How the pattern for JSON, for columns and for a regular expression ends that begins so."""


def _is_read(namespace: object, name: object, estate: Estate) -> bool:
    undecided: Undecidable | None = None
    for alarm in estate.of(METRIC_ALARM):
        try:
            if any((metric.namespace, metric.name) == (namespace, name) for metric in metrics_of(alarm)):
                return True
        except Undecidable as undecidable:
            reason = f"what {alarm.address} reads: {undecidable.reason}"
            undecided = undecided or Undecidable(reason, denied=undecidable.denied)
    for dashboard in estate.of("aws_cloudwatch_dashboard"):
        body = show(dashboard.peek("dashboard_body"))
        if repr(namespace) in body and repr(name) in body:
            return True
    if undecided is not None:
        raise undecided
    return False
