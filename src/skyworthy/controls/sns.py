"""Topics."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from skyworthy.behavior.alarms import METRIC_ALARM, actions_of
from skyworthy.behavior.memory import once_per_estate
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
from skyworthy.behavior.references import absent, named, naming
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
_AWS_MANAGED = re.compile(r"alias/aws/(sns|sqs)$")
_NOT_WRITTEN_TO = re.compile(r"arn(_suffix)?|.*_arn|dns_name")
"""Attributes that are neither a mail address, a phone number nor a URL."""
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
    publishers = _publishers(estate)
    alarm = publishers.first.get(id(topic))
    if alarm is None and publishers.unclear is not None:
        raise publishers.unclear
    if alarm is None:
        not_applicable("no alarm publishes to it")
        return
    findings = Findings()
    with findings.question():
        assert_may(_topic_policy(topic, estate), ("sns:Publish",), topic, alarm, estate)
    with findings.question():
        key = topic["kms_master_key_id"]
        if key:
            assert_key_usable(key, alarm, estate)
    findings.conclude()


@dataclass(frozen=True)
class _Publishers:
    """The first alarm that publishes to a topic, by the topic's identity, up to one whose actions are not known."""

    first: Mapping[int, Resource]
    unclear: Undecidable | None


@once_per_estate
def _publishers(estate: Estate) -> _Publishers:
    first: dict[int, Resource] = {}
    for alarm in estate.of(METRIC_ALARM):
        try:
            topics = actions_of(alarm, estate).topics
        except Undecidable as undecidable:
            return _Publishers(first, undecidable)
        for topic in topics:
            first.setdefault(id(topic), alarm)
    return _Publishers(first, None)


def _topic_policy(topic: Resource, estate: Estate) -> PolicyDocument | None:
    """The topic's policy; None where it has the one that AWS gives it, which lets the account's services publish."""
    label = f"the policy of {topic.address}"
    for item in naming(estate, topic, "arn", "aws_sns_topic_policy"):
        return document(item.peek("policy"), estate, label)
    own = topic.attributes.get("policy")
    return document(own, estate, label) if own else None


def assert_key_usable(key: Value, sender: Resource, estate: Estate, service: str = _CLOUDWATCH) -> None:
    """Assert that a service may use the key of a topic or queue in the name of an alarm, or another sender."""
    who = "CloudWatch alarms" if service == _CLOUDWATCH else service
    managed = _AWS_MANAGED.search(key) if isinstance(key, str) else None
    if managed is not None:
        raise AssertionError(f"it is encrypted with {managed[0]}, which {who} may not use")
    owner = estate.find(key, "aws_kms_key", "aws_kms_alias")
    if owner is not None and owner.type == "aws_kms_alias":
        owner = estate.find(owner["target_key_id"], "aws_kms_key")
    if owner is None:
        raise Undecidable(f"key {show(key)} is not part of this stack")
    assert_may(key_policy(owner, estate), ("kms:Decrypt", "kms:GenerateDataKey"), owner, sender, estate, service)


def assert_may(
    policy: PolicyDocument | None,
    actions: tuple[str, ...],
    resource: Resource,
    sender: Resource,
    estate: Estate,
    service: str = _CLOUDWATCH,
) -> None:
    """Assert that a service may do something in the name of an alarm, or another sender, of the same account."""
    if policy is None:
        return
    account = Reference("data.aws_caller_identity.current", "account_id")
    context = Context(
        {"aws:SourceArn": arn_of(sender), "aws:SourceAccount": account, "aws:SecureTransport": "true"},
        otherwise=Unknown(f"what {service} sends is not known"),
    )
    principal = Principal(service, "service", account)
    for action in actions:
        decision = may(Policies(resource=policy), action, arn_of(resource), context, principal=principal, estate=estate)
        assert decision.allowed, f"{policy.label} does not let {service} {action}"


_SENDERS = {
    "aws_cloudwatch_event_target": ("arn", "events.amazonaws.com"),
    "aws_backup_vault_notifications": ("sns_topic_arn", "backup.amazonaws.com"),
}
"""Type -> the attribute that names a topic, and the service that publishes; only the topic's policy lets it in."""


@control("sns.services-can-publish", on=tuple(_SENDERS), severity="high", refs=["REQ ALM-12"], lenses=("declared",))
def services_can_publish(sender: Resource, estate: Estate) -> None:
    """A service that is to publish to a topic may do so, and use the topic's key.

    Why: the policy that SNS gives a topic lets alarms in, not EventBridge or AWS Backup; what they send is lost.
    Fix: allow the service `sns:Publish` in an `aws_sns_topic_policy`, and `kms:Decrypt` and `kms:GenerateDataKey*` in
    the policy of the topic's key.
    """
    attribute, service = _SENDERS[sender.type]
    topic = estate.find(sender[attribute], TOPIC)
    if topic is None or topic.data:
        not_applicable("it publishes to no topic of this stack")
        return
    findings = Findings()
    with findings.question():
        policy = _topic_policy(topic, estate)
        assert policy is not None, f"{topic.address} has the policy that SNS gives a topic, which shuts {service} out"
        assert_may(policy, ("sns:Publish",), topic, sender_of(sender, estate), estate, service)
    with findings.question():
        key = topic["kms_master_key_id"]
        if key:
            assert_key_usable(key, sender_of(sender, estate), estate, service)
    findings.conclude()


def sender_of(sender: Resource, estate: Estate) -> Resource:
    """The resource in whose name a service sends: the rule of an EventBridge target."""
    rule = estate.find(sender.peek("rule"), "aws_cloudwatch_event_rule") if "event_target" in sender.type else None
    return rule if rule is not None else sender


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
        wrong = isinstance(endpoint, Reference) and _NOT_WRITTEN_TO.fullmatch(endpoint.attribute)
        assert not wrong, f"{show(endpoint)} is no endpoint of the protocol {protocol}"
        raise endpoint.undecidable()
    assert endpoint and form.fullmatch(str(endpoint)), f"{endpoint} is no endpoint of the protocol {protocol}"


@control(
    "sns.function-invocable",
    on="aws_sns_topic_subscription",
    severity="high",
    refs=["REQ ALM-12", "REQ ALM-14"],
    lenses=("declared",),
)
def function_may_be_invoked(subscription: Resource, estate: Estate) -> None:
    """A function that is subscribed to a topic lets SNS invoke it for that topic.

    Why: without the permission SNS delivers nothing, and says so in no place that anybody looks at.
    Fix: an `aws_lambda_permission` for `sns.amazonaws.com` with the topic's ARN as `source_arn`.
    """
    if subscription["protocol"] != "lambda":
        not_applicable("no function is subscribed")
    functions = named(estate, subscription["endpoint"], "aws_lambda_function")
    if not functions:
        raise Undecidable(f"the function {show(subscription['endpoint'])} is not part of this stack")
    permissions = naming(estate, functions[0], "function_name", "aws_lambda_permission")
    if not permissions:
        raise absent(estate, f"no aws_lambda_permission lets SNS invoke {functions[0].address}")
    findings = Findings()
    for permission in permissions:
        with findings.question():
            _assert_invokes(permission, subscription, estate)
            return
    findings.conclude()


def _assert_invokes(permission: Resource, subscription: Resource, estate: Estate) -> None:
    principal, source = permission["principal"], permission["source_arn"]
    assert principal == "sns.amazonaws.com", f"{permission.address} lets {principal} invoke it, not sns.amazonaws.com"
    if source:
        own, other = (estate.find(value, TOPIC) for value in (subscription["topic_arn"], source))
        same = source == subscription["topic_arn"] if own is None or other is None else own is other
        assert same, f"{permission.address} is about {show(source)}, not about the topic of the subscription"


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
