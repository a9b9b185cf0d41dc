"""The alarm drill: each alarm is set to ALARM, and its message must arrive at a queue that listens for the while.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html and
https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from skyworthy.behavior.alarms import METRIC_ALARM, actions_of, subscriptions_of
from skyworthy.errors import BadInput
from skyworthy.estate import Resource, Undecidable, show
from skyworthy.operations.drills.drill import Finding, Setting
from skyworthy.probes.acting import ActingSession

REASON = "a drill of skyworthy; nothing is wrong"
_PAGE = 100
"""Alarms of one DescribeAlarms call."""
_BY_HAND = {
    "queue": "aws sqs delete-queue --queue-url $(aws sqs get-queue-url --queue-name {} --query QueueUrl --output text)",
    "subscription": "aws sns unsubscribe --subscription-arn $(aws sns list-subscriptions-by-topic --topic-arn {} "
    "--query \"Subscriptions[?Endpoint=='{}'].SubscriptionArn\" --output text)",
}
"""What undoes a thing, for people."""


class CleanupFailed(BadInput):
    """Something that a drill did could not be undone; the message says how to do that."""


@dataclass(frozen=True)
class _Alarm:
    """An alarm that can be tried.

    Args:
        name: of the alarm.
        state: before the drill.
        topics: ARNs that it publishes to.
    """

    name: str
    state: str
    topics: tuple[str, ...]


class AlarmDrill:
    """See the module."""

    allowed = frozenset(
        {
            "cloudwatch:SetAlarmState",
            "sns:ListSubscriptionsByTopic",
            "sns:Subscribe",
            "sns:Unsubscribe",
            "sqs:CreateQueue",
            "sqs:SetQueueAttributes",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessageBatch",
            "sqs:DeleteQueue",
        }
    )

    def plan(self, setting: Setting) -> Sequence[str]:
        """See :class:`Drill`."""
        alarms, _ = _alarms(setting)
        if not alarms:
            raise BadInput(f"{setting.estate.name} has no alarm that could be tried")
        topics = _topics(alarms)
        listeners = sorted({who for alarm in setting.estate.of(METRIC_ALARM) for who in _listeners(alarm, setting)})
        return [
            f"{len(alarms)} alarms are set to ALARM for a moment, then back to their state: "
            + ", ".join(alarm.name for alarm in alarms),
            f"who is subscribed gets a message of each, and one more where it tells of OK: {', '.join(listeners)}",
            f"an SQS queue is made, subscribed to {', '.join(topics)}, and removed at the end",
        ]

    def run(self, setting: Setting) -> list[Finding]:
        """See :class:`Drill`."""
        alarms, findings = _alarms(setting)
        acting = ActingSession(setting.session, self.allowed)
        with _queue(acting, _topics(alarms)) as queue, _cleanup() as made:
            for alarm in alarms:
                setting.progress(f"setting {alarm.name} to ALARM")
                command = f"aws cloudwatch set-alarm-state --alarm-name {alarm.name} --state-value {alarm.state}"
                made.append((f"{command} --state-reason drill", partial(_set, acting, alarm.name, alarm.state)))
                _set(acting, alarm.name, "ALARM")
            heard = _listen(acting, queue, alarms, setting)
        return sorted([*findings, *(_judged(alarm, heard) for alarm in alarms)], key=lambda item: item.what)


def _alarms(setting: Setting) -> tuple[list[_Alarm], list[Finding]]:
    """The alarms that can be tried, and what is to be said of the others."""
    states = _states(setting)
    found: list[_Alarm] = []
    others: list[Finding] = []
    for alarm in setting.estate.of(METRIC_ALARM):
        name = str(alarm["alarm_name"])
        try:
            actions = actions_of(alarm, setting.estate)
        except Undecidable as undecidable:
            others.append(Finding(name, "unknown", undecidable.reason))
            continue
        state = states.get(name)
        topics = (*(str(topic["arn"]) for topic in actions.topics), *actions.elsewhere)
        problem = _untried(state, (*actions.scaling, *actions.other))
        if problem or state is None:
            others.append(Finding(name, "unknown", problem or "it is not in the account"))
        elif not topics or alarm["actions_enabled"] is False:
            others.append(Finding(name, "fail", "its actions are off" if topics else "it tells nobody"))
        else:
            found.append(_Alarm(name, state, topics))
    return found, others


def _untried(state: str | None, elsewhere: Sequence[str]) -> str:
    """Why an alarm is not tried; empty where it can be."""
    if state == "ALARM":
        return "it is in ALARM already: look into that first"
    if elsewhere:
        return f"it would not only tell: {', '.join(map(show, elsewhere))}"
    return "" if state else "it is not in the account"


def _states(setting: Setting) -> Mapping[str, str]:
    names = [str(alarm["alarm_name"]) for alarm in setting.estate.of(METRIC_ALARM)]
    cloudwatch = setting.session.client("cloudwatch")
    return {
        item["AlarmName"]: item["StateValue"]
        for start in range(0, len(names), _PAGE)
        for item in cloudwatch.describe_alarms(AlarmNames=names[start : start + _PAGE], MaxRecords=_PAGE)[
            "MetricAlarms"
        ]
    }


def _listeners(alarm: Resource, setting: Setting) -> Iterator[str]:
    try:
        for topic in actions_of(alarm, setting.estate).topics:
            for subscription in subscriptions_of(topic, setting.estate):
                yield show(subscription.peek("endpoint"))
    except Undecidable as undecidable:
        yield f"unknown ({undecidable.reason})"


def _topics(alarms: Sequence[_Alarm]) -> list[str]:
    return sorted({topic for alarm in alarms for topic in alarm.topics})


def _set(acting: ActingSession, name: str, state: str) -> None:
    acting.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason=REASON)


@contextmanager
def _queue(acting: ActingSession, topics: Sequence[str]) -> Iterator[str]:
    """A queue that is subscribed to topics, for the duration of the block; whatever ends it, both are removed."""
    sqs, sns = acting.client("sqs"), acting.client("sns")
    name = f"skyworthy-drill-{secrets.token_hex(4)}"
    with _cleanup() as made:
        # Noted before it is done: the answer of a call that Ctrl-C ends never comes, what it made is there.
        made.append((_BY_HAND["queue"].format(name), partial(_delete_queue, sqs, name)))
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _policy(arn, topics)})
        for topic in topics:
            made.append((_BY_HAND["subscription"].format(topic, arn), partial(_unsubscribe, sns, topic, arn)))
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
        yield url


def _delete_queue(sqs: Any, name: str) -> None:
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        return
    sqs.delete_queue(QueueUrl=url)


def _unsubscribe(sns: Any, topic: str, endpoint: str) -> None:
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
        for item in page["Subscriptions"]:
            if item["Endpoint"] == endpoint:
                sns.unsubscribe(SubscriptionArn=item["SubscriptionArn"])


@contextmanager
def _cleanup() -> Iterator[list[tuple[str, Callable[[], Any]]]]:
    """Collects commands for people and functions that undo something, and calls these all, the last one first."""
    made: list[tuple[str, Callable[[], Any]]] = []
    try:
        yield made
    finally:
        left = []
        for command, undo in reversed(made):
            try:
                undo()
            except (ClientError, BotoCoreError) as error:
                left.append(f"{command}   ({error})")
        if left:
            raise CleanupFailed("the drill could not undo what it did; do it by hand: " + "; ".join(left))


def _policy(queue: str, topics: Sequence[str]) -> str:
    """Lets these topics, and nobody else, send to the queue."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": list(topics)}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _listen(acting: ActingSession, queue: str, alarms: Sequence[_Alarm], setting: Setting) -> set[tuple[str, str]]:
    """Alarm and topic of every message of an alarm, until all are there or the time is up."""
    sqs = acting.client("sqs")
    wanted = {(alarm.name, topic) for alarm in alarms for topic in alarm.topics}
    heard: set[tuple[str, str]] = set()
    give_up = time.monotonic() + setting.timeout
    while wanted - heard and time.monotonic() < give_up:
        setting.progress(f"{len(wanted & heard)} of {len(wanted)} messages have arrived")
        wait = max(0, min(10, int(give_up - time.monotonic())))
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=wait).get("Messages", [])
        heard |= {told for message in messages if (told := _told(message["Body"])) is not None}
        if messages:
            entries = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
    return heard


def _told(body: str) -> tuple[str, str] | None:
    """Alarm and topic of a message that tells of ALARM; None of any other."""
    try:
        envelope = json.loads(body)
        message = json.loads(envelope["Message"])
        if message["NewStateValue"] == "ALARM":
            return str(message["AlarmName"]), str(envelope["TopicArn"])
    except (ValueError, KeyError, TypeError):
        return None  # somebody else's message on the same topic
    return None


def _judged(alarm: _Alarm, heard: set[tuple[str, str]]) -> Finding:
    missing = [topic for topic in alarm.topics if (alarm.name, topic) not in heard]
    if missing:
        return Finding(alarm.name, "fail", f"its message did not arrive through {', '.join(missing)}")
    return Finding(alarm.name, "pass", f"its message arrived through {', '.join(alarm.topics)}")
