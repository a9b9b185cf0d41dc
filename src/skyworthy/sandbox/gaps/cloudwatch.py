"""CloudWatch: alarms that evaluate and tell, their history, composite alarms."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow

from skyworthy.behavior.alarms import MalformedRule, parse_rule
from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers, follows, note, precedes, store
from skyworthy.sandbox.simulated import alarm_history, alarming, clock

_METRIC, _COMPOSITE = "MetricAlarm", "CompositeAlarm"


def _alarm(clients: Clients) -> dict[str, Any]:
    """An alarm of moto's own, on a metric of which there is a data point that breaches."""
    cloudwatch = clients("cloudwatch")
    named = {"MetricName": "M", "Namespace": "N"}
    judged = {"Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1}
    cloudwatch.put_metric_alarm(AlarmName="probe", Statistic="Sum", Period=60, **named, **judged)
    made = cloudwatch.describe_alarms()["MetricAlarms"][0]
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "M", "Value": 2}])
    evaluated = cloudwatch.describe_alarms()["MetricAlarms"][0]
    return {"first": made["StateValue"], "then": evaluated["StateValue"]}


def _begins_ok(clients: Clients) -> bool:
    return bool(_alarm(clients)["first"] != "INSUFFICIENT_DATA")


def _never_evaluates(clients: Clients) -> bool:
    return bool(_alarm(clients)["then"] != "ALARM")


@precedes("cloudwatch", "PutMetricAlarm", lacking=_begins_ok)
def remember_alarm(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html.

    moto forgets the alarm that is replaced, whose state the new one keeps.
    """
    _replaced(call)[call.params["AlarmName"]] = store(call, "cloudwatch").alarms.get(call.params["AlarmName"])


@follows("cloudwatch", "PutMetricAlarm", lacking=_begins_ok)
def complete_alarm(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html.

    A new alarm has no data yet; one that is replaced keeps its state.
    """
    name = call.params["AlarmName"]
    alarm = store(call, "cloudwatch").alarms[name]
    alarming.created(call.account, call.region, alarm, _replaced(call).pop(name, None))


def _replaced(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = note(store(call, "cloudwatch"), "sky_replaced_alarms", dict)
    return found


@answers("cloudwatch", "PutCompositeAlarm")
def put_composite_alarm(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html."""
    params, cloudwatch = call.params, store(call, "cloudwatch")
    name = params["AlarmName"]
    try:
        children = parse_rule(params["AlarmRule"]).children
    except MalformedRule as error:
        raise AwsError("ValidationError", f"AlarmRule: {error}") from error
    missing = [str(child) for child in children if _named(cloudwatch, str(child)) is None]
    if missing:
        raise AwsError("ValidationError", f"AlarmRule names alarms that do not exist: {', '.join(missing)}")
    old = cloudwatch.alarms.get(name)
    absent = ("namespace", "metric_name", "comparison_operator", "evaluation_periods", "period", "threshold")
    alarm = cloudwatch.put_metric_alarm(
        name=name,
        statistic=None,
        description=params.get("AlarmDescription"),
        dimensions=[],
        alarm_actions=params.get("AlarmActions", []),
        ok_actions=params.get("OKActions", []),
        insufficient_data_actions=params.get("InsufficientDataActions", []),
        actions_enabled=params.get("ActionsEnabled", True),
        rule=params["AlarmRule"],
        tags=params.get("Tags"),
        **dict.fromkeys(absent),
    )
    for member, attribute in _SUPPRESSION.items():
        if member in params:
            setattr(alarm, attribute, params[member])
    alarming.created(call.account, call.region, alarm, old)
    return {}


_SUPPRESSION = {
    "ActionsSuppressor": "actions_suppressor",
    "ActionsSuppressorWaitPeriod": "actions_suppressor_wait_period",
    "ActionsSuppressorExtensionPeriod": "actions_suppressor_extension_period",
}


def _named(cloudwatch: Any, child: str) -> Any:
    return cloudwatch.alarms.get(child.partition(":alarm:")[2] or child)


@answers("cloudwatch", "DescribeAlarms", lacking=_never_evaluates)
def describe_alarms(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html.

    Every filter narrows what the others leave; composite alarms are told on request only.
    """
    alarming.refresh(call.account, call.region)
    params, cloudwatch = call.params, store(call, "cloudwatch")
    found: list[Any] = list(cloudwatch.alarms.values())
    if params.get("AlarmNames"):
        found = [alarm for alarm in found if alarm.name in params["AlarmNames"]]
    if params.get("AlarmNamePrefix"):
        found = [alarm for alarm in found if alarm.name.startswith(params["AlarmNamePrefix"])]
    if params.get("StateValue"):
        found = [alarm for alarm in found if alarm.state_value == params["StateValue"]]
    if params.get("ActionPrefix"):
        found = [alarm for alarm in found if any(each.startswith(params["ActionPrefix"]) for each in _actions(alarm))]
    if params.get("ChildrenOfAlarmName"):
        found = _children(cloudwatch, cloudwatch.alarms.get(params["ChildrenOfAlarmName"]))
    if params.get("ParentsOfAlarmName"):
        child = cloudwatch.alarms.get(params["ParentsOfAlarmName"])
        found = [each for each in found if any(other is child for other in _children(cloudwatch, each))]
    related = params.get("ChildrenOfAlarmName") or params.get("ParentsOfAlarmName")
    types = params.get("AlarmTypes") or ([_METRIC, _COMPOSITE] if related else [_METRIC])
    return {
        "MetricAlarms": [alarm for alarm in found if alarm.rule is None and _METRIC in types],
        "CompositeAlarms": [alarm for alarm in found if alarm.rule is not None and _COMPOSITE in types],
    }


def _actions(alarm: Any) -> Iterable[str]:
    return (*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions)


def _children(cloudwatch: Any, alarm: Any) -> list[Any]:
    children = parse_rule(alarm.rule).children if alarm is not None and alarm.rule is not None else ()
    return [found for found in (_named(cloudwatch, str(child)) for child in children) if found is not None]


@precedes("cloudwatch", "DescribeAlarmsForMetric", lacking=_never_evaluates)
def evaluate_alarms(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html."""
    alarming.refresh(call.account, call.region)


@precedes("cloudwatch", "PutMetricData", lacking=_never_evaluates)
def date_data(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html.

    A data point without a time is of now: by the sandbox's clock, where that is not the machine's.
    """
    cloudwatch = store(call, "cloudwatch")
    cloudwatch.sky_before = len(cloudwatch.metric_data), utcnow()


@follows("cloudwatch", "PutMetricData", lacking=_never_evaluates)
def evaluate_data(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html."""
    cloudwatch, rows = store(call, "cloudwatch"), call.params.get("MetricData", [])
    number, moment = cloudwatch.sky_before
    for datum in cloudwatch.metric_data[number:]:
        if clock.aware(moment) <= clock.aware(datum.timestamp) <= clock.aware(utcnow()):
            datum.timestamp = clock.plain()  # moto dated it
    keys = {
        alarming.key(
            call.params["Namespace"],
            row["MetricName"],
            ((each["Name"], each["Value"]) for each in row.get("Dimensions", [])),
        )
        for row in rows
    }
    alarming.data_came(call.account, call.region, keys)


@follows("cloudwatch", "SetAlarmState", lacking=_never_evaluates)
def tell_set_state(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html."""
    alarming.was_set(call.account, call.region, store(call, "cloudwatch").alarms[call.params["AlarmName"]])


@precedes("cloudwatch", "DeleteAlarms", lacking=_never_evaluates)
def note_deletion(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html."""
    alarms = store(call, "cloudwatch").alarms
    for name in call.params.get("AlarmNames", []):
        if name in alarms:
            alarm_history.configured(call.account, call.region, alarms[name], "deleted")


@answers("cloudwatch", "DescribeAlarmHistory")
def describe_alarm_history(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html."""
    alarming.refresh(call.account, call.region)
    params = call.params
    types = params.get("AlarmTypes") or [_METRIC]
    wanted = {"AlarmName": params.get("AlarmName"), "HistoryItemType": params.get("HistoryItemType")}
    found = [
        item
        for item in alarm_history.items(call.account, call.region)
        if item["AlarmType"] in types
        and all(value is None or item[name] == value for name, value in wanted.items())
        and _between(item["Timestamp"], params.get("StartDate"), params.get("EndDate"))
    ]
    ordered = sorted(found, key=lambda item: item["Timestamp"])
    return {"AlarmHistoryItems": ordered if params.get("ScanBy") == "TimestampAscending" else ordered[::-1]}


def _between(moment: datetime, start: datetime | None, end: datetime | None) -> bool:
    at = clock.aware(moment)
    return (start is None or clock.aware(start) <= at) and (end is None or at <= clock.aware(end))
