"""What an alarm sends to an SNS topic, and whether it may.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html (who is told, in
which form) and https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html (who may publish).
"""

import json
import logging
import threading
from collections.abc import Iterable
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import requests
from botocore.loaders import create_loader
from moto import backends
from moto.core.exceptions import ServiceException
from moto.moto_api._internal import mock_random

from skyworthy.behavior.alarms import State
from skyworthy.behavior.permissions import Context, Policies, Principal, document, may
from skyworthy.estate import Estate, Undecidable
from skyworthy.sandbox.simulated.alarm_history import stamp

log = logging.getLogger(__name__)

LONGEST_SUBJECT = 100
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NOWHERE = Estate(())


def notify(
    account: str, region: str, alarm: Any, old: State, topic: str, children: list[dict[str, Any]]
) -> tuple[str, str]:
    """Publish an alarm's new state to a topic.

    Args:
        account: twelve digits.
        region: of the alarm.
        alarm: moto's object, in its new state.
        old: the state before.
        topic: ARN.
        children: of a composite alarm, those that it is about.

    Returns:
        The message, and why it could not be published; empty where it was.
    """
    message = json.dumps(_message(account, region, alarm, old, children))
    found = backends.get_backend("sns")[account][topic.split(":")[3]].topics.get(topic)
    problem = "Topic does not exist" if found is None else _refusal(account, alarm, found)
    if not problem:
        subject = f'{alarm.state_value}: "{alarm.name}" in {_region_name(region)}'
        _publish(found, message, subject[:LONGEST_SUBJECT])
    return message, problem


def triggering(alarms: Iterable[Any]) -> list[dict[str, Any]]:
    """The alarms that put a composite one into its state, with theirs."""
    return [
        {"Arn": each.alarm_arn, "State": {"Value": each.state_value, "Timestamp": stamp(each.state_updated_timestamp)}}
        for each in alarms
        if each.state_value == State.ALARM
    ]


def _message(account: str, region: str, alarm: Any, old: State, children: list[dict[str, Any]]) -> dict[str, Any]:
    told = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configuration_updated_timestamp),
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": stamp(alarm.state_updated_timestamp),
        "Region": _region_name(region),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old.value,
        "OKActions": list(alarm.ok_actions or []),
        "AlarmActions": list(alarm.alarm_actions or []),
        "InsufficientDataActions": list(alarm.insufficient_data_actions or []),
    }
    if alarm.rule is not None:
        return {**told, "AlarmRule": alarm.rule, "TriggeringChildren": children}
    return {**told, "Trigger": _trigger(alarm)}


def _trigger(alarm: Any) -> dict[str, Any]:
    """What the alarm watches, in the message's own words."""
    judged = {
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm or alarm.evaluation_periods,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
    }
    if alarm.metric_data_queries:
        return {**judged, "Metrics": [_query(query) for query in alarm.metric_data_queries]}
    kind = (
        {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": alarm.extended_statistic}
        if alarm.extended_statistic
        else {"StatisticType": "Statistic", "Statistic": (alarm.statistic or "").upper()}
    )
    named = {"MetricName": alarm.metric_name, "Namespace": alarm.namespace, "Dimensions": _dimensions(alarm.dimensions)}
    return {**named, **kind, "Unit": alarm.unit, **judged}


def _query(query: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"Id": query.id, "ReturnData": True if query.return_data is None else query.return_data}
    if query.label:
        row["Label"] = query.label
    if query.metric_stat is None:
        return {**row, "Expression": query.expression}
    read = query.metric_stat.metric
    metric = {"Dimensions": _dimensions(read.dimensions), "MetricName": read.metric_name, "Namespace": read.namespace}
    return {**row, "MetricStat": {"Metric": metric, "Period": query.metric_stat.period, "Stat": query.metric_stat.stat}}


def _dimensions(dimensions: Iterable[Any]) -> list[dict[str, str]]:
    return [{"value": each.value, "name": each.name} for each in dimensions]


def _refusal(account: str, alarm: Any, topic: Any) -> str:
    """Why CloudWatch may not publish to a topic; empty where it may."""
    if not _lets(topic.policy, "sns:Publish", topic.arn, account, alarm):
        return (
            f"CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: {topic.arn} "
            "because no resource-based policy allows the SNS:Publish action"
        )
    key = topic.kms_master_key_id
    if not key:
        return ""
    policy = _key_policy(account, topic.arn.split(":")[3], key)
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        if policy is None or not _lets(policy, action, key, account, alarm):
            return f"CloudWatch Alarms does not have authorization to access the SNS topic encryption key: {action}"
    return ""


def _key_policy(account: str, region: str, key: str) -> str | None:
    """The policy of the key that a topic names; None for AWS's own, which lets no alarm use it."""
    store = backends.get_backend("kms")[account][region]
    name = store.get_key_id(store.get_alias_name(key))
    found = store.keys.get((store.get_key_id_from_alias(name) or "") if name.startswith("alias/") else name)
    return None if found is None else str(found.policy)


def _lets(policy: str, action: str, resource: str, account: str, alarm: Any) -> bool:
    """Whether a resource policy lets CloudWatch do something in the name of an alarm; what is open is let pass."""
    context = Context(
        {
            "aws:SourceArn": alarm.alarm_arn,
            "aws:SourceAccount": account,
            "aws:SourceOwner": account,
            "aws:SecureTransport": "true",
        }
    )
    principal = Principal("cloudwatch.amazonaws.com", "service", account)
    policies = Policies(resource=document(policy, _NOWHERE, "the policy"))
    try:
        return may(policies, action, resource, context, principal=principal).allowed
    except Undecidable:
        return True


def _publish(topic: Any, message: str, subject: str) -> None:
    """Deliver to the queues that are subscribed, and to addresses on this machine; the others get nothing."""
    identifier = str(mock_random.uuid4())
    for subscription in topic.sns_backend.list_subscriptions_by_topic(topic_arn=topic.arn)[0]:
        if subscription.protocol == "sqs":
            _deliver(subscription, message, identifier, subject)
        elif urlsplit(subscription.endpoint or "").hostname in _LOOPBACK:
            # Whoever listens there may call the sandbox before it answers.
            arguments = (subscription, message, identifier, subject)
            threading.Thread(target=_deliver, args=arguments, daemon=True).start()
    topic.sent_notifications.append((identifier, message, subject, None, None))


def _deliver(subscription: Any, message: str, identifier: str, subject: str) -> None:
    try:
        subscription.publish(message, identifier, subject=subject)
    except (ServiceException, requests.RequestException) as error:
        log.warning("%s gets no message of %s: %s", subscription.endpoint, subscription.topic.arn, error)


@cache
def _region_name(region: str) -> str:
    """`US East (N. Virginia)` of `us-east-1`."""
    for partition in create_loader().load_data("partitions")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"])
    return region
