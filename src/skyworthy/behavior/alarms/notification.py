"""Whom an alarm tells."""

import re
from dataclasses import dataclass

from skyworthy.behavior.references import naming
from skyworthy.estate import Estate, Reference, Resource, Undecidable, Unknown, Value, show

COMPOSITE_ALARM = "aws_cloudwatch_composite_alarm"
TOPIC = "aws_sns_topic"
SUBSCRIPTION = "aws_sns_topic_subscription"
_SCALING = ("aws_appautoscaling_policy", "aws_autoscaling_policy")
_NAMED_IN_RULE = re.compile(r"(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*[\"']?(?P<name>[^\"')]+)")


@dataclass(frozen=True)
class Actions:
    """What an alarm does when it goes to ALARM.

    Args:
        topics: the SNS topics of the estate that it publishes to.
        elsewhere: topics that are not part of the estate, by ARN.
        scaling: actions that drive autoscaling.
        other: other actions, such as Lambda functions or Systems Manager.
    """

    topics: tuple[Resource, ...]
    elsewhere: tuple[str, ...]
    scaling: tuple[str, ...]
    other: tuple[str, ...]

    @property
    def only_scales(self) -> bool:
        """Whether it drives autoscaling and nothing else."""
        return bool(self.scaling) and not (self.topics or self.elsewhere or self.other)


def actions_of(alarm: Resource, estate: Estate) -> Actions:
    """What an alarm does when it goes to ALARM.

    Raises:
        Undecidable: where an action is unknown.
    """
    topics: list[Resource] = []
    names: dict[str, list[str]] = {"elsewhere": [], "scaling": [], "other": []}
    for action in alarm["alarm_actions"] or []:
        if isinstance(action, Unknown):
            raise Undecidable(f"an alarm action of {alarm.address}: {action.reason}", denied=action.denied)
        topic = estate.find(action, TOPIC)
        if topic is not None:
            topics.append(topic)
        else:
            names[_kind(action, estate)].append(show(action))
    return Actions(tuple(topics), *(tuple(names[key]) for key in ("elsewhere", "scaling", "other")))


def _kind(action: Value, estate: Estate) -> str:
    if isinstance(action, Reference):
        resource = estate.get(action.address)
        kind = resource.type if resource else action.address.rpartition(".")[0].rpartition(".")[2]
        return "scaling" if kind in _SCALING else ("elsewhere" if kind == TOPIC else "other")
    text = str(action)
    if ":scalingPolicy:" in text:
        return "scaling"
    return "elsewhere" if ":sns:" in text else "other"


def subscriptions_of(topic: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The subscriptions of a topic.

    Raises:
        Undecidable: where none is known and one may be.
    """
    return naming(estate, topic, "topic_arn", SUBSCRIPTION)


def composites_of(alarm: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The composite alarms whose rule names an alarm."""
    return tuple(item for item in estate.of(COMPOSITE_ALARM) if _named(alarm, item.peek("alarm_rule")))


def _named(alarm: Resource, rule: Value) -> bool:
    text = show(rule)
    own = [value for value in (alarm.peek("alarm_name"), alarm.peek("arn")) if isinstance(value, str)]
    names = {match["name"].strip() for match in _NAMED_IN_RULE.finditer(text)}
    return any(name in names for name in own) or f"${{{alarm.address}." in text
