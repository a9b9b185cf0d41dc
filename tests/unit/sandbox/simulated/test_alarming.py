"""Alarms evaluate, remember and tell, in a running sandbox."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from skyworthy.errors import BadInput
from skyworthy.sandbox.conditions import SIMULATED, pass_time
from skyworthy.sandbox.server import Sandbox

START = datetime(2030, 5, 6, 7, 0, tzinfo=UTC)
RULES: dict[str, Any] = {
    "Namespace": "Shop",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.fixture
def cloudwatch(sandbox: Sandbox) -> Any:
    """A client; it is 07:00 by the sandbox's clock."""
    sandbox.control("POST", "clock", {"at": START.isoformat()})
    return sandbox.client("cloudwatch")


def _put_alarm(cloudwatch: Any, name: str = "errors", **changes: Any) -> None:
    cloudwatch.put_metric_alarm(AlarmName=name, **{**RULES, **changes})


def _put(cloudwatch: Any, *values: float, name: str = "Errors", **more: Any) -> None:
    """Data points of the last minutes that are over, the last value the newest."""
    data = [
        {"MetricName": name, "Value": value, "Timestamp": START - timedelta(minutes=back), **more}
        for back, value in enumerate(reversed(values), start=1)
    ]
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)


def _state(cloudwatch: Any, name: str = "errors") -> tuple[str, str]:
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    (alarm,) = found["MetricAlarms"] + found["CompositeAlarms"]
    return alarm["StateValue"], alarm["StateReason"]


def _value(cloudwatch: Any, name: str = "errors") -> str:
    return _state(cloudwatch, name)[0]


def test_new_alarm_has_insufficient_data(cloudwatch: Any) -> None:
    _put_alarm(cloudwatch)

    assert _state(cloudwatch) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")


def test_m_of_n_points_decide_with_cloudwatchs_reason(cloudwatch: Any) -> None:
    _put_alarm(cloudwatch)

    _put(cloudwatch, 9, 1, 1)
    assert _value(cloudwatch) == "OK"

    _put(cloudwatch, 0, 8, 0)  # the minute's sum is 9 now
    state, reason = _state(cloudwatch)
    assert state == "ALARM"
    assert reason.startswith("Threshold Crossed: 2 out of the last 3 datapoints [9.0 (06/05/30 06:58:00), 9.0 (")
    assert reason.endswith("were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition).")


@pytest.mark.parametrize(
    ("treatment", "state"),
    [("missing", "INSUFFICIENT_DATA"), ("notBreaching", "OK"), ("breaching", "ALARM"), ("ignore", "OK")],
)
def test_missing_data_count_as_the_alarm_says(sandbox: Sandbox, cloudwatch: Any, treatment: str, state: str) -> None:
    _put_alarm(cloudwatch, TreatMissingData=treatment)
    _put(cloudwatch, 1, 1, 1)
    assert _value(cloudwatch) == "OK"

    pass_time(sandbox, 600)

    assert _value(cloudwatch) == state


def test_percentiles_statistic_sets_and_metric_math(cloudwatch: Any) -> None:
    once = {"EvaluationPeriods": 1, "DatapointsToAlarm": 1}
    plain = {key: value for key, value in RULES.items() if key != "Statistic"}
    cloudwatch.put_metric_alarm(AlarmName="p90", ExtendedStatistic="p90", **{**plain, **once})
    _put_alarm(cloudwatch, "low", Statistic="Minimum", ComparisonOperator="LessThanThreshold", **once)

    def metric(id: str, name: str) -> dict[str, Any]:
        stat = {"Metric": {"Namespace": "Shop", "MetricName": name}, "Period": 60, "Stat": "Sum"}
        return {"Id": id, "MetricStat": stat, "ReturnData": False}

    rules = {key: RULES[key] for key in ("Threshold", "ComparisonOperator")} | once
    share = {"Id": "share", "Expression": "100 * e / r"}
    cloudwatch.put_metric_alarm(
        AlarmName="math", Metrics=[metric("e", "Errors"), metric("r", "Requests"), share], **rules
    )

    statistics = {"SampleCount": 10, "Sum": 100, "Minimum": 1, "Maximum": 19}
    at = START - timedelta(minutes=1)
    cloudwatch.put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": "Errors", "StatisticValues": statistics, "Timestamp": at}]
    )
    assert (_value(cloudwatch, "p90"), _value(cloudwatch, "low")) == ("ALARM", "ALARM")
    assert _value(cloudwatch, "math") == "INSUFFICIENT_DATA"

    _put(cloudwatch, 1000, name="Requests")
    assert _state(cloudwatch, "math")[0] == "ALARM"


def test_only_data_of_the_same_dimensions_and_unit_count(cloudwatch: Any) -> None:
    once = {"EvaluationPeriods": 1, "DatapointsToAlarm": 1}
    _put_alarm(cloudwatch, "bare", **once)
    _put_alarm(cloudwatch, "a", Dimensions=[{"Name": "Shop", "Value": "a"}], Unit="Count", **once)

    _put(cloudwatch, 9, Dimensions=[{"Name": "Shop", "Value": "b"}], Unit="Count")
    _put(cloudwatch, 9, Dimensions=[{"Name": "Shop", "Value": "a"}], Unit="Seconds")
    assert (_value(cloudwatch, "bare"), _value(cloudwatch, "a")) == ("INSUFFICIENT_DATA",) * 2

    _put(cloudwatch, 9, Dimensions=[{"Name": "Shop", "Value": "a"}], Unit="Count")
    assert (_value(cloudwatch, "bare"), _value(cloudwatch, "a")) == ("INSUFFICIENT_DATA", "ALARM")


def test_data_point_of_now_counts_at_once_by_the_sandboxs_clock(cloudwatch: Any) -> None:
    _put_alarm(cloudwatch, EvaluationPeriods=1, DatapointsToAlarm=1)

    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Errors", "Value": 9}])

    assert _value(cloudwatch) == "ALARM"
    (alarm,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert alarm["StateUpdatedTimestamp"].replace(second=0, microsecond=0) == START


def test_states_in_between_are_told_too(sandbox: Sandbox, cloudwatch: Any) -> None:
    _put_alarm(cloudwatch, EvaluationPeriods=1, DatapointsToAlarm=1, TreatMissingData="notBreaching")
    later = [{"MetricName": "Errors", "Value": 9, "Timestamp": START + timedelta(minutes=3)}]
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=later)
    pass_time(sandbox, 600)

    items = cloudwatch.describe_alarm_history(AlarmName="errors", HistoryItemType="StateUpdate")["AlarmHistoryItems"]

    assert [(item["HistorySummary"], item["Timestamp"].strftime("%H:%M")) for item in items] == [
        ("Alarm updated from ALARM to OK", "07:07"),  # two points more than the alarm's one are looked at
        ("Alarm updated from OK to ALARM", "07:04"),
        ("Alarm updated from INSUFFICIENT_DATA to OK", "07:00"),
    ]


def _topic_and_queue(sandbox: Sandbox) -> tuple[str, Any]:
    """A topic, and a function that takes the messages that its queue got."""
    sns, sqs = sandbox.client("sns"), sandbox.client("sqs")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    url = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def take() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]

    return topic, take


def test_subscriber_of_the_topic_gets_cloudwatchs_message(sandbox: Sandbox, cloudwatch: Any) -> None:
    topic, messages = _topic_and_queue(sandbox)
    _put_alarm(cloudwatch, AlarmActions=[topic], AlarmDescription="too many", Dimensions=[{"Name": "a", "Value": "b"}])
    _put(cloudwatch, 9, 9, 9, Dimensions=[{"Name": "a", "Value": "b"}])

    (message,) = messages()
    told = json.loads(message["Message"])

    assert message["Subject"] == 'ALARM: "errors" in US East (N. Virginia)'
    assert (told["NewStateValue"], told["OldStateValue"]) == ("ALARM", "INSUFFICIENT_DATA")
    assert told["NewStateReason"] == _state(cloudwatch)[1]
    assert told["StateChangeTime"].startswith("2030-05-06T07:00:0")
    assert (told["AlarmName"], told["AlarmDescription"]) == ("errors", "too many")
    assert (told["AWSAccountId"], told["Region"]) == (sandbox.account_id, "US East (N. Virginia)")
    assert told["AlarmActions"] == [topic]
    assert told["Trigger"] == {
        "MetricName": "Errors",
        "Namespace": "Shop",
        "Dimensions": [{"value": "b", "name": "a"}],
        "StatisticType": "Statistic",
        "Statistic": "SUM",
        "Unit": None,
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 5.0,
        "TreatMissingData": "missing",
        "EvaluateLowSampleCountPercentile": "",
    }
    _put(cloudwatch, 9, 9, 9, Dimensions=[{"Name": "a", "Value": "b"}])
    assert messages() == []  # only a new state is told


def test_state_that_is_set_is_told_kept_and_given_up_for_data(sandbox: Sandbox, cloudwatch: Any) -> None:
    topic, messages = _topic_and_queue(sandbox)
    _put_alarm(cloudwatch, AlarmActions=[topic], OKActions=[topic])
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")

    assert [json.loads(each["Message"])["NewStateReason"] for each in messages()] == ["a drill"]
    assert _state(cloudwatch) == ("ALARM", "a drill")

    _put(cloudwatch, 1, 1, 1)
    assert _value(cloudwatch) == "OK"
    assert [json.loads(each["Message"])["OldStateValue"] for each in messages()] == ["ALARM"]


def test_nobody_is_told_where_actions_are_disabled(sandbox: Sandbox, cloudwatch: Any) -> None:
    topic, messages = _topic_and_queue(sandbox)
    _put_alarm(cloudwatch, AlarmActions=[topic])
    cloudwatch.disable_alarm_actions(AlarmNames=["errors"])

    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")

    assert messages() == []
    items = cloudwatch.describe_alarm_history(AlarmName="errors", HistoryItemType="Action")["AlarmHistoryItems"]
    assert items == []


@pytest.mark.parametrize("closed", ["policy", "key", "gone"])
def test_action_that_topic_or_key_refuse_fails_in_the_history(sandbox: Sandbox, cloudwatch: Any, closed: str) -> None:
    topic, messages = _topic_and_queue(sandbox)
    sns = sandbox.client("sns")
    if closed == "policy":
        statement = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sns:Publish"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": topic}]})
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    elif closed == "key":
        sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns")
    else:
        sns.delete_topic(TopicArn=topic)
    _put_alarm(cloudwatch, AlarmActions=[topic])

    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")

    assert messages() == []
    (item,) = cloudwatch.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
    assert item["HistorySummary"].startswith(f'Failed to execute action {topic}. Received error: "')


def test_subscribers_elsewhere_and_queues_that_are_gone_get_nothing(sandbox: Sandbox, cloudwatch: Any) -> None:
    topic, messages = _topic_and_queue(sandbox)
    sns = sandbox.client("sns")
    queue = "arn:aws:sqs:us-east-1:123456789012:gone"
    for protocol, endpoint in (("https", "https://pager.invalid/alarm"), ("email", "ops@example.com"), ("sqs", queue)):
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    _put_alarm(cloudwatch, AlarmActions=[topic])

    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")

    assert len(messages()) == 1


def test_history_tells_what_happened_also_of_an_alarm_that_is_gone(cloudwatch: Any) -> None:
    _put_alarm(cloudwatch)
    _put_alarm(cloudwatch, Threshold=6.0)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    cloudwatch.delete_alarms(AlarmNames=["errors"])

    items = cloudwatch.describe_alarm_history(AlarmName="errors", ScanBy="TimestampAscending")["AlarmHistoryItems"]

    assert [(item["HistoryItemType"], item["HistorySummary"]) for item in items] == [
        ("ConfigurationUpdate", 'Alarm "errors" created'),
        ("ConfigurationUpdate", 'Alarm "errors" updated'),
        ("StateUpdate", "Alarm updated from INSUFFICIENT_DATA to ALARM"),
        ("ConfigurationUpdate", 'Alarm "errors" deleted'),
    ]
    data = json.loads(items[2]["HistoryData"])
    assert data["oldState"]["stateReason"] == "Unchecked: Initial alarm creation"
    assert data["newState"] == {"stateValue": "ALARM", "stateReason": "a drill", "stateReasonData": {}}
    assert cloudwatch.describe_alarm_history(EndDate=START - timedelta(days=1))["AlarmHistoryItems"] == []


def test_alarm_that_is_put_anew_keeps_its_state(cloudwatch: Any) -> None:
    _put_alarm(cloudwatch)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")

    _put_alarm(cloudwatch, AlarmDescription="changed")

    assert _value(cloudwatch) == "ALARM"


def test_composite_alarm_follows_its_children_and_tells(sandbox: Sandbox, cloudwatch: Any) -> None:
    topic, messages = _topic_and_queue(sandbox)
    _put_alarm(cloudwatch, "a")
    _put_alarm(cloudwatch, "b")
    rule = 'ALARM("a") AND NOT ALARM(b)'
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule=rule, AlarmActions=[topic])

    assert cloudwatch.describe_alarms()["CompositeAlarms"] == []  # only on request
    (made,) = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert (made["AlarmRule"], made["StateValue"]) == (rule, "OK")
    assert made["StateReason"] == f"{made['AlarmArn']} was created and its alarm rule evaluates to OK"

    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="a drill")
    (message,) = messages()
    told = json.loads(message["Message"])
    assert _value(cloudwatch, "both") == "ALARM"
    assert (told["AlarmName"], told["AlarmRule"]) == ("both", rule)
    assert [child["Arn"].rpartition(":")[2] for child in told["TriggeringChildren"]] == ["a"]
    assert "alarm:a transitioned to ALARM at Monday 06 May, 2030 07:00:" in told["NewStateReason"]

    cloudwatch.set_alarm_state(AlarmName="b", StateValue="ALARM", StateReason="a drill")
    assert _value(cloudwatch, "both") == "OK"
    kinds = cloudwatch.describe_alarm_history(AlarmTypes=["CompositeAlarm"])["AlarmHistoryItems"]
    assert len([item for item in kinds if item["HistoryItemType"] == "StateUpdate"]) == 3
    names = [each["AlarmName"] for each in cloudwatch.describe_alarms(ChildrenOfAlarmName="both")["MetricAlarms"]]
    assert names == ["a", "b"]
    (parent,) = cloudwatch.describe_alarms(ParentsOfAlarmName="a")["CompositeAlarms"]
    assert parent["AlarmName"] == "both"


def test_suppressor_in_alarm_keeps_a_composite_alarm_quiet(sandbox: Sandbox, cloudwatch: Any) -> None:
    topic, messages = _topic_and_queue(sandbox)
    _put_alarm(cloudwatch, "a")
    _put_alarm(cloudwatch, "maintenance")
    suppression = {"ActionsSuppressorWaitPeriod": 0, "ActionsSuppressorExtensionPeriod": 0}
    cloudwatch.put_composite_alarm(
        AlarmName="c", AlarmRule="ALARM(a)", AlarmActions=[topic], ActionsSuppressor="maintenance", **suppression
    )
    cloudwatch.set_alarm_state(AlarmName="maintenance", StateValue="ALARM", StateReason="maintenance")
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="a drill")

    assert (_value(cloudwatch, "c"), messages()) == ("ALARM", [])


@pytest.mark.parametrize("rule", ["ALARM(", "ALARM(absent)"])
def test_rule_that_cannot_hold_is_refused(cloudwatch: Any, rule: str) -> None:
    with pytest.raises(ClientError) as raised:
        cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule=rule)

    assert raised.value.response["Error"]["Code"] == "ValidationError"


def test_metric_of_a_resource_is_calm_and_one_that_nobody_publishes_is_silent(
    sandbox: Sandbox, cloudwatch: Any
) -> None:
    sandbox.client("rds").create_db_instance(
        DBInstanceIdentifier="main",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="app",
        MasterUserPassword="testing-dummy",
    )
    cpu: dict[str, Any] = {"Namespace": "AWS/RDS", "MetricName": "CPUUtilization", "Statistic": "Average"}
    for name, database, metric, threshold in (
        ("cpu", "main", "CPUUtilization", 80.0),
        ("cpu of another", "gone", "CPUUtilization", 80.0),
        ("misspelt", "main", "CPUUtilisation", 80.0),
        ("connections", "main", "DatabaseConnections", 80.0),
        ("calm fires", "main", "CPUUtilization", 10.0),
        ("unknown calm", "main", "SwapUsage", 1.0),
    ):
        dimensions = [{"Name": "DBInstanceIdentifier", "Value": database}]
        _put_alarm(cloudwatch, name, Dimensions=dimensions, **{**cpu, "MetricName": metric, "Threshold": threshold})

    states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}
    assert states == {
        "cpu": "OK",
        "cpu of another": "INSUFFICIENT_DATA",
        "misspelt": "INSUFFICIENT_DATA",
        "connections": "OK",
        "calm fires": "ALARM",
        "unknown calm": "OK",
    }
    assert _state(cloudwatch, "unknown calm")[1].startswith(
        "Simulated: taken to be calm, since nobody put a data point"
    )

    busy = [
        {
            "MetricName": "CPUUtilization",
            "Value": 97.0,
            "Timestamp": START - timedelta(minutes=back),
            "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": "main"}],
        }
        for back in (1, 2)
    ]
    cloudwatch.put_metric_data(Namespace="AWS/RDS", MetricData=busy)
    assert _value(cloudwatch, "cpu") == "ALARM"
    pass_time(sandbox, 600)
    assert _value(cloudwatch, "cpu") == "OK"


def test_restored_account_has_its_states_and_its_time_back(sandbox: Sandbox, cloudwatch: Any) -> None:
    _put_alarm(cloudwatch)
    sandbox.control("POST", "snapshots", {"name": "before"})
    _put(cloudwatch, 9, 9, 9)
    assert pass_time(sandbox, 3600).hour == 8

    sandbox.control("POST", "restore", {"name": "before"})

    assert _state(cloudwatch) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    assert sandbox.control("GET", "clock")["now"].startswith("2030-05-06T07:00")
    sandbox.control("POST", "reset")
    assert not sandbox.control("GET", "clock")["now"].startswith("2030")


def test_what_is_simulated_is_told(sandbox: Sandbox) -> None:
    status = sandbox.control("GET", "status")

    assert status["simulated"] == SIMULATED
    assert (status["pages"], {"alarm states", "backups"} <= status["simulated"].keys()) == (0, True)


def test_clock_refuses_what_it_does_not_know(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match="a clock takes `at` and `forward`, not back"):
        sandbox.control("POST", "clock", {"back": 1})
    with pytest.raises(BadInput, match="time passes forward"):
        pass_time(sandbox, -1)
