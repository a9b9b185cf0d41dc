"""Topics."""

import re
from collections.abc import Iterator, Mapping

from skyworthy.behavior.alarms import METRIC_ALARM, actions_of
from skyworthy.behavior.permissions import (
    Context,
    Policies,
    PolicyDocument,
    Principal,
    Statement,
    arn_of,
    document,
    key_policy,
    may,
)
from skyworthy.behavior.permissions.identifiers import NOBODY
from skyworthy.behavior.references import naming
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, show

TOPIC = "aws_sns_topic"
_CLOUDWATCH = "cloudwatch.amazonaws.com"
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
_ENDPOINTS = {
    "application": re.compile(r"arn:.*:endpoint/.*"),
    "email": _MAIL,
    "email-json": _MAIL,
    "firehose": re.compile(r"arn:.*:deliverystream/.*"),
    "http": re.compile(r"http://.*"),
    "https": re.compile(r"https://.*"),
    "lambda": re.compile(r"arn:.*:function:.*"),
    "sms": re.compile(r"\+?[\d ()-]{5,}"),
    "sqs": re.compile(r"arn:.*:sqs:.*"),
}
"""Protocol -> what its endpoints look like.

Source: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
"""
_BY_ARN = ("application", "firehose", "lambda", "sqs")
_RESTRICTING = (
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "aws:principalorgid",
    "aws:principalaccount",
    "aws:principalarn",
    "sns:endpoint",
)


@control(
    "sns.topic-encrypted",
    on=TOPIC,
    severity="low",
    refs=["REQ ALM-14", "FSBP SNS.1", "CKV_AWS_26"],
)
def topic_is_encrypted(topic: Resource) -> None:
    """The topic is encrypted.

    Why: alarms name hosts, queries and people.
    Fix: `kms_master_key_id` with a key whose policy lets `cloudwatch.amazonaws.com` use it.
    """
    assert topic["kms_master_key_id"], "it is not encrypted"


@control(
    "sns.alarms-can-publish",
    on=TOPIC,
    severity="high",
    refs=["REQ ALM-12"],
)
def alarms_can_publish(topic: Resource, estate: Estate) -> None:
    """CloudWatch may publish to a topic that alarms name, and use its key.

    Why: where its policy or key shuts CloudWatch out, every alarm's message is dropped without a word.
    Fix: allow `cloudwatch.amazonaws.com` `sns:Publish` in the topic's policy, and `kms:Decrypt` and
    `kms:GenerateDataKey*` in the policy of a key of your own; the AWS-managed key cannot be used.
    """
    alarm = next((item for item in estate.of(METRIC_ALARM) if _publishes(item, topic, estate)), None)
    if alarm is None:
        not_applicable("no alarm publishes to it")
        return
    findings = Findings()
    with findings.question():
        _assert_may(_topic_policy(topic, estate), ("sns:Publish",), topic, alarm, estate)
    with findings.question():
        key = topic["kms_master_key_id"]
        if key:
            _assert_key_usable(key, alarm, estate)
    findings.conclude()


def _publishes(alarm: Resource, topic: Resource, estate: Estate) -> bool:
    return any(found is topic for found in actions_of(alarm, estate).topics)


def _topic_policy(topic: Resource, estate: Estate) -> PolicyDocument | None:
    """The topic's policy; None where it has the one that AWS gives it, which lets the account's services publish."""
    label = f"the policy of {topic.address}"
    for item in naming(estate, topic, "arn", "aws_sns_topic_policy"):
        return document(item.peek("policy"), estate, label)
    own = topic.attributes.get("policy")
    return document(own, estate, label) if own else None


def _assert_key_usable(key: Value, alarm: Resource, estate: Estate) -> None:
    assert not (isinstance(key, str) and key.endswith("alias/aws/sns")), (
        "it is encrypted with alias/aws/sns, which CloudWatch alarms may not use"
    )
    owner = estate.find(key, "aws_kms_key", "aws_kms_alias")
    if owner is not None and owner.type == "aws_kms_alias":
        owner = estate.find(owner["target_key_id"], "aws_kms_key")
    if owner is None:
        raise Undecidable(f"key {show(key)} is not part of this stack")
    _assert_may(key_policy(owner, estate), ("kms:Decrypt", "kms:GenerateDataKey"), owner, alarm, estate)


def _assert_may(
    policy: PolicyDocument | None, actions: tuple[str, ...], resource: Resource, alarm: Resource, estate: Estate
) -> None:
    """Assert that CloudWatch may do something in the name of an alarm of the same account."""
    if policy is None:
        return
    account = Reference("data.aws_caller_identity.current", "account_id")
    context = Context(
        {"aws:SourceArn": arn_of(alarm), "aws:SourceAccount": account, "aws:SecureTransport": "true"},
        otherwise=Unknown("what CloudWatch sends is not known"),
    )
    principal = Principal("cloudwatch.amazonaws.com", "service", account)
    for action in actions:
        decision = may(Policies(resource=policy), action, arn_of(resource), context, principal=principal, estate=estate)
        assert decision.allowed, f"{policy.label} does not let cloudwatch.amazonaws.com {action}"


def _statements(policy: Value) -> Iterator[Mapping[str, Value]]:
    if isinstance(policy, Unknown):
        raise policy.undecidable()
    if policy is None:
        return
    if not isinstance(policy, Mapping):
        raise Undecidable(f"a policy is {show(policy)}")
    statements = policy.get("Statement") or []
    yield from statements if isinstance(statements, (list, tuple)) else [statements]


def _listed(value: Value) -> list[Value]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


@control(
    "sns.topic-not-public",
    on=TOPIC,
    severity="high",
    refs=["REQ IAM-1", "FSBP SNS.4", "CKV_AWS_169", "CKV_AWS_385"],
)
def topic_is_not_public(topic: Resource, estate: Estate) -> None:
    """Nobody outside the account may publish to the topic or subscribe to it.

    Why: a public topic tells strangers of every incident, and lets them raise false ones.
    Fix: name services or accounts as `Principal`, or add a condition on `aws:SourceAccount`.
    """
    policies = [topic.attributes.get("policy")]
    policies += [item.peek("policy") for item in naming(estate, topic, "arn", "aws_sns_topic_policy")]
    for policy in policies:
        for statement in _statements(policy):
            assert not _is_public(statement), (
                f"statement {show(statement.get('Sid') or '?')} of its policy lets anybody in"
            )


def _is_public(statement: Mapping[str, Value]) -> bool:
    principal = statement.get("Principal")
    aws = _listed(principal.get("AWS")) if isinstance(principal, Mapping) else [principal]
    if statement.get("Effect") != "Allow" or all(item != "*" for item in aws if isinstance(item, str)):
        return False
    if not any(isinstance(item, str) and item == "*" for item in aws):
        return False
    condition = statement.get("Condition") or {}
    keys = {str(key).lower() for test in condition.values() if isinstance(test, Mapping) for key in test}
    return not any(key in keys for key in _RESTRICTING)


@control("sns.only-own-alarms-publish", on=TOPIC, severity="low", refs=["REQ ALM-12", "REQ IAM-1"])
def only_own_alarms_publish(topic: Resource, estate: Estate) -> None:
    """A topic that lets CloudWatch publish lets only alarms of its own account do so.

    Why: CloudWatch acts for every account; without a condition on whom it acts for, the alarm of a stranger rings too.
    Fix: add a condition on `aws:SourceAccount` or `aws:SourceArn` to the statement.
    """
    policy = _topic_policy(topic, estate)
    if policy is None:
        not_applicable("it has the policy that SNS gives a topic")
        return
    if not any(_names_cloudwatch(statement) for statement in policy.statements) and policy.unknown is None:
        not_applicable("its policy does not speak of CloudWatch")
    account = Reference(NOBODY, "account")
    alarm = Template(("arn:aws:cloudwatch:us-east-1:", account, ":alarm:", Reference(NOBODY, "name")))
    context = Context(
        {"aws:SourceAccount": account, "aws:SourceArn": alarm, "aws:SourceOrgID": None, "aws:SecureTransport": "true"},
        otherwise=Unknown("what CloudWatch sends is not known"),
    )
    principal = Principal("cloudwatch.amazonaws.com", "service", account)
    decision = may(Policies(resource=policy), "sns:Publish", arn_of(topic), context, principal=principal, estate=estate)
    assert not decision, "its policy lets the alarms of every account publish"


def _names_cloudwatch(statement: Statement) -> bool:
    services = (statement.principals or {}).get("Service", ())
    return statement.effect == "Allow" and any(item == _CLOUDWATCH for item in services if isinstance(item, str))


@control(
    "sns.endpoint-fits-protocol",
    on="aws_sns_topic_subscription",
    severity="high",
    refs=["REQ ALM-12", "REQ ALM-14"],
    lenses=("declared",),
)
def endpoint_fits_protocol(subscription: Resource) -> None:
    """The endpoint of a subscription is of the kind that its protocol delivers to.

    Why: SNS refuses a mail address as a phone number, and the apply stops with nobody subscribed.
    Fix: `protocol = "email"` for a mail address, `sms` for a phone number, `https` for a URL, else the service's name.
    """
    protocol, endpoint = subscription["protocol"], subscription["endpoint"]
    form = _ENDPOINTS.get(protocol)
    assert form is not None, f"there is no protocol {protocol}"
    if isinstance(endpoint, (Reference, Template)):
        if protocol in _BY_ARN:
            return
        raise endpoint.undecidable()
    assert endpoint and form.fullmatch(str(endpoint)), f"{endpoint} is no endpoint of the protocol {protocol}"


@control(
    "sns.subscription-confirmed",
    on="aws_sns_topic_subscription",
    severity="high",
    refs=["REQ ALM-12", "REQ LIV-4"],
    lenses=("observed",),
)
def subscription_is_confirmed(subscription: Resource) -> None:
    """The subscription is confirmed.

    Why: until somebody follows the link in the first mail, no alarm arrives.
    Fix: follow the link; a subscription that waited three days must be made anew.
    """
    assert not subscription["pending_confirmation"], f"{subscription['endpoint']} has not confirmed it"
