"""Faults of alarms, of what they notify, of the dashboard and of logs that feed them."""

import json
from collections.abc import Callable
from typing import Any

from skyworthy.sandbox.faults.registry import Hit, fault
from skyworthy.sandbox.faults.stack import Item, Stack, already, one

_OF_ALARM = (
    *("AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions"),
    *("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit"),
    *("EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "Metrics"),
    *("EvaluateLowSampleCountPercentile", "ThresholdMetricId"),
)
"""What PutMetricAlarm takes of what DescribeAlarms tells."""
_CPU = "CPUUtilization"


def _alarm(stack: Stack, metric: str, change: Callable[[Item], Any]) -> Hit:
    """Put a changed copy of an alarm."""
    found = stack.alarm(metric)
    copied = {key: found[key] for key in _OF_ALARM if found.get(key) not in (None, [])}
    change(copied)
    stack.client("cloudwatch").put_metric_alarm(**copied)
    return Hit("aws_cloudwatch_metric_alarm", found["AlarmName"])


@fault("alarm-deleted", "ALM-3", "LIV-1")
def deleted(stack: Stack) -> Hit:
    """The alarm on errors of the load balancer is gone."""
    name = stack.alarm("HTTPCode_ELB_5XX_Count")["AlarmName"]
    stack.client("cloudwatch").delete_alarms(AlarmNames=[name])
    return Hit("aws_cloudwatch_metric_alarm", name)


@fault("alarm-actions-disabled", "ALM-12")
def actions_disabled(stack: Stack) -> Hit:
    """An alarm's actions are switched off."""
    name = stack.alarm(_CPU)["AlarmName"]
    stack.client("cloudwatch").disable_alarm_actions(AlarmNames=[name])
    return Hit("aws_cloudwatch_metric_alarm", name)


@fault("alarm-actions-removed", "ALM-12")
def actions_removed(stack: Stack) -> Hit:
    """An alarm notifies nobody."""
    return _alarm(stack, _CPU, lambda alarm: alarm.pop("AlarmActions"))


@fault("alarm-threshold-raised", "ALM-1", "ALM-10")
def threshold_raised(stack: Stack) -> Hit:
    """An alarm on CPU has a threshold that is never reached."""
    return _alarm(stack, _CPU, lambda alarm: alarm.update(Threshold=800.0))


@fault("alarm-comparison-swapped", "ALM-10")
def comparison_swapped(stack: Stack) -> Hit:
    """An alarm on CPU fires when all is calm, and not in the incident."""
    return _alarm(stack, _CPU, lambda alarm: alarm.update(ComparisonOperator="LessThanThreshold"))


@fault("alarm-statistic-wrong", "ALM-4", "ALM-10")
def statistic_wrong(stack: Stack) -> Hit:
    """The alarm on unhealthy targets counts data points instead of targets."""
    return _alarm(stack, "UnHealthyHostCount", lambda alarm: alarm.update(Statistic="Minimum", Threshold=100.0))


@fault("alarm-too-slow", "ALM-1", "ALM-10")
def too_slow(stack: Stack) -> Hit:
    """An alarm on CPU waits a day."""
    return _alarm(stack, _CPU, lambda alarm: alarm.update(Period=3600, EvaluationPeriods=24, DatapointsToAlarm=24))


@fault("alarm-dimension-wrong", "ALM-11")
def dimension_wrong(stack: Stack) -> Hit:
    """An alarm's dimension names a service that does not exist."""

    def change(alarm: Item) -> None:
        alarm["Dimensions"] = [{**item, "Value": f"{item['Value']}-old"} for item in alarm["Dimensions"]]

    return _alarm(stack, _CPU, change)


@fault("alarm-metric-misspelt", "ALM-11")
def metric_misspelt(stack: Stack) -> Hit:
    """An alarm watches a metric that nobody publishes."""
    return _alarm(stack, "FreeStorageSpace", lambda alarm: alarm.update(MetricName="FreeStorage"))


@fault("alarm-without-data", "ALM-12", "ALM-15")
def without_data(stack: Stack) -> Hit:
    """An alarm has no data to judge by."""
    name = stack.alarm(_CPU)["AlarmName"]
    stack.client("cloudwatch").set_alarm_state(
        AlarmName=name, StateValue="INSUFFICIENT_DATA", StateReason="no data points"
    )
    return Hit("aws_cloudwatch_metric_alarm", name)


@fault("topic-subscription-removed", "ALM-12", "LIV-1")
def subscription_removed(stack: Stack) -> Hit:
    """Nobody is subscribed to the alarms' topic any longer."""
    sns, topic = stack.client("sns"), stack.topic
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    one(subscriptions, "subscription of the topic")
    for item in subscriptions:
        sns.unsubscribe(SubscriptionArn=item["SubscriptionArn"])
    return Hit("aws_sns_topic_subscription", subscriptions[0]["SubscriptionArn"])


@fault("topic-deleted", "ALM-12", "LIV-1")
def topic_deleted(stack: Stack) -> Hit:
    """The topic that the alarms notify is gone."""
    topic = stack.topic
    stack.client("sns").delete_topic(TopicArn=topic)
    return Hit("aws_sns_topic", topic)


def _topic_attribute(stack: Stack, name: str, value: str) -> Hit:
    topic = stack.topic
    stack.client("sns").set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)
    return Hit("aws_sns_topic", topic)


def _topic_policy(stack: Stack, principal: Any) -> Hit:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sns:Publish", "Resource": stack.topic}
    return _topic_attribute(stack, "Policy", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


@fault("topic-closed-to-alarms", "ALM-12")
def topic_closed(stack: Stack) -> Hit:
    """The topic's policy does not let CloudWatch publish."""
    return _topic_policy(stack, {"Service": "backup.amazonaws.com"})


@fault("topic-public", "ALM-14")
def topic_public(stack: Stack) -> Hit:
    """The topic's policy lets everybody publish."""
    return _topic_policy(stack, "*")


@fault("topic-unencrypted", "ALM-14")
def topic_unencrypted(stack: Stack) -> Hit:
    """The topic is no longer encrypted."""
    attributes = stack.client("sns").get_topic_attributes(TopicArn=stack.topic)["Attributes"]
    if not attributes.get("KmsMasterKeyId"):
        raise already("the topic is not encrypted")
    return _topic_attribute(stack, "KmsMasterKeyId", "")


@fault("dashboard-deleted", "ALM-13", "LIV-1")
def dashboard_deleted(stack: Stack) -> Hit:
    """The dashboard is gone."""
    name = stack.dashboard
    stack.client("cloudwatch").delete_dashboards(DashboardNames=[name])
    return Hit("aws_cloudwatch_dashboard", name)


def _dashboard(stack: Stack, change: Callable[[list[Item]], object]) -> Hit:
    cloudwatch, name = stack.client("cloudwatch"), stack.dashboard
    body = json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
    change(body["widgets"])
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody=json.dumps(body))
    return Hit("aws_cloudwatch_dashboard", name)


@fault("dashboard-widget-removed", "ALM-13")
def widget_removed(stack: Stack) -> Hit:
    """A widget of the dashboard is gone."""
    return _dashboard(stack, lambda widgets: widgets.pop(0))


@fault("dashboard-metric-wrong", "ALM-13", "ALM-11")
def dashboard_metric_wrong(stack: Stack) -> Hit:
    """A metric on the dashboard does not exist."""

    def change(widgets: list[Item]) -> None:
        widget = one((each for each in widgets if each["properties"].get("metrics")), "widget with metrics")
        metric = one((each for each in widget["properties"]["metrics"] if len(each) > 2), "plain metric")
        metric[1] = f"{metric[1]}Old"

    return _dashboard(stack, change)


def _filter(stack: Stack) -> Item:
    return dict(one(stack.client("logs").describe_metric_filters()["metricFilters"], "metric filter"))


@fault("metric-filter-deleted", "ALM-9", "LIV-1")
def filter_deleted(stack: Stack) -> Hit:
    """Errors in the logs are no longer counted."""
    found = _filter(stack)
    stack.client("logs").delete_metric_filter(logGroupName=found["logGroupName"], filterName=found["filterName"])
    return Hit("aws_cloudwatch_log_metric_filter", found["filterName"])


def _replace_filter(stack: Stack, **change: Any) -> Hit:
    """Put a changed copy of the metric filter; moto would keep the old one beside it."""
    logs, found = stack.client("logs"), _filter(stack)
    given = {key: found[key] for key in ("logGroupName", "filterName", "filterPattern", "metricTransformations")}
    logs.delete_metric_filter(logGroupName=found["logGroupName"], filterName=found["filterName"])
    logs.put_metric_filter(**{**given, **change})
    return Hit("aws_cloudwatch_log_metric_filter", found["filterName"])


@fault("metric-filter-matches-nothing", "ALM-9", "LIV-3")
def filter_matches_nothing(stack: Stack) -> Hit:
    """Errors in the logs are counted by a pattern that no line has."""
    return _replace_filter(stack, filterPattern='"no line of the application has this"')


@fault("metric-filter-feeds-another-metric", "ALM-9", "ALM-11")
def filter_feeds_another(stack: Stack) -> Hit:
    """Errors in the logs are counted under a name that no alarm watches."""
    first = _filter(stack)["metricTransformations"][0]
    renamed = {**first, "metricName": f"{first['metricName']}Old"}
    return _replace_filter(stack, metricTransformations=[renamed])
