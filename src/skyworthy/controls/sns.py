"""Topics."""

from collections.abc import Iterator, Mapping

from skyworthy.behavior.alarms import METRIC_ALARM, actions_of
from skyworthy.behavior.references import naming
from skyworthy.controls.registry import control
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, Value, show

TOPIC = "aws_sns_topic"
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
    """CloudWatch may use the key of a topic that alarms publish to.

    Why: with the AWS-managed key, or a key whose policy does not name CloudWatch, every alarm's message is dropped.
    Fix: a key of your own, with `kms:Decrypt` and `kms:GenerateDataKey*` for `cloudwatch.amazonaws.com`.
    """
    key = topic["kms_master_key_id"]
    if not key or not _has_alarms(topic, estate):
        return
    assert not (isinstance(key, str) and key.endswith("alias/aws/sns")), (
        "it is encrypted with alias/aws/sns, which CloudWatch alarms may not use"
    )
    owner = estate.find(key, "aws_kms_key", "aws_kms_alias")
    if owner is not None and owner.type == "aws_kms_alias":
        owner = estate.find(owner["target_key_id"], "aws_kms_key")
    if owner is None:
        raise Undecidable(f"key {show(key)} is not part of this stack")
    policy = owner.attributes.get("policy") or _separate(owner, "key_id", "aws_kms_key_policy", estate)
    allowed = _allowed_to(policy, "cloudwatch.amazonaws.com")
    missing = [name for name in ("kms:Decrypt", "kms:GenerateDataKey") if not _matches(name, allowed)]
    assert not missing, f"the policy of {owner.address} does not allow cloudwatch.amazonaws.com {' and '.join(missing)}"


def _has_alarms(topic: Resource, estate: Estate) -> bool:
    return any(found is topic for alarm in estate.of(METRIC_ALARM) for found in actions_of(alarm, estate).topics)


def _separate(owner: Resource, attribute: str, kind: str, estate: Estate) -> Value:
    """The policy that stands in a resource of its own."""
    found = naming(estate, owner, attribute, kind)
    return found[0].peek("policy") if found else None


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


def _allowed_to(policy: Value, service: str) -> list[str]:
    """The actions that a policy allows an AWS service."""
    actions: list[str] = []
    for statement in _statements(policy):
        principal = statement.get("Principal")
        services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else []
        if statement.get("Effect") == "Allow" and service in [item for item in services if isinstance(item, str)]:
            actions += [str(action) for action in _listed(statement.get("Action"))]
    return actions


def _matches(name: str, patterns: list[str]) -> bool:
    wanted = name.lower()
    return any(
        pattern == wanted or (pattern.endswith("*") and wanted.startswith(pattern[:-1]))
        for pattern in (item.lower() for item in patterns)
    )


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
