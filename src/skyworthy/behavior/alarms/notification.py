"""Whom an alarm tells."""

from collections.abc import Mapping
from dataclasses import dataclass

from skyworthy.behavior.alarms.alarm import METRIC_ALARM
from skyworthy.behavior.alarms.rules import MalformedRule, parse_rule
from skyworthy.behavior.references import naming
from skyworthy.estate import Estate, Reference, Resource, Undecidable, Unknown, Value, show

COMPOSITE_ALARM = "aws_cloudwatch_composite_alarm"
TOPIC = "aws_sns_topic"
SUBSCRIPTION = "aws_sns_topic_subscription"
_CHATS = ("aws_chatbot_slack_channel_configuration", "aws_chatbot_teams_channel_configuration")
_SCALING = ("aws_appautoscaling_policy", "aws_autoscaling_policy")


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


def listeners_of(topic: Resource, estate: Estate) -> tuple[Resource, ...]:
    """Who gets what is published to a topic: its subscriptions, and the chat channels that subscribe by themselves.

    Raises:
        Undecidable: where none is known and one may be.
    """
    unclear: Undecidable | None = None
    for attribute, types in (("topic_arn", (SUBSCRIPTION,)), ("sns_topic_arns", _CHATS)):
        try:
            found = naming(estate, topic, attribute, *types)
        except Undecidable as undecidable:
            unclear = unclear or undecidable
            continue
        if found:
            return found
    if unclear is not None:
        raise unclear
    return ()


def composites_of(alarm: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The composite alarms whose rule names an alarm.

    Raises:
        Undecidable: where none is known to name it, and of some it is unknown what they name.
    """
    found: list[Resource] = []
    undecided: Undecidable | None = None
    for composite in estate.of(COMPOSITE_ALARM):
        try:
            if any(child is alarm for child in children_of(composite, estate).values()):
                found.append(composite)
        except MalformedRule:
            continue  # CloudWatch refuses it: it tells nobody
        except Undecidable as undecidable:
            undecided = undecided or undecidable
    if not found and undecided is not None:
        raise undecided
    return tuple(found)


def children_of(composite: Resource, estate: Estate) -> Mapping[Value, Resource | None]:
    """The alarms that the rule of a composite alarm names: child as written -> alarm, None: not of this estate.

    Raises:
        MalformedRule: where CloudWatch refuses the rule.
        Undecidable: where the rule is unknown.
    """
    rule = parse_rule(composite["alarm_rule"])
    return {child: _named(child, estate) for child in rule.children}


def _named(child: Value, estate: Estate) -> Resource | None:
    return estate.find(child, METRIC_ALARM, COMPOSITE_ALARM)


def speakers_of(alarm: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The alarm itself and the composite alarms above it, at any height, whose rules it may make true.

    Raises:
        Undecidable: where it is not known which composites there are.
    """
    found = [alarm]
    for member in found:
        above = [item for item in composites_of(member, estate) if _sets_off(member, item, estate)]
        found += [item for item in above if all(item is not other for other in found)]
    return tuple(found)


def _sets_off(alarm: Resource, composite: Resource, estate: Estate) -> bool:
    rule = parse_rule(composite["alarm_rule"])
    return any(rule.set_off_by(child) for child in rule.children if _named(child, estate) is alarm)
