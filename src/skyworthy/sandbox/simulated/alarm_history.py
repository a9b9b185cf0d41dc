"""What happened to alarms, as DescribeAlarmHistory tells it; kept in moto's store, also for alarms that are gone.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmHistoryItem.html
"""

import json
from datetime import datetime
from typing import Any

from moto import backends

from skyworthy.behavior.alarms import Alarm, Evaluation, State
from skyworthy.sandbox.simulated import clock

_FIELD = "sky_alarm_history"


def items(account: str, region: str) -> list[dict[str, Any]]:
    """What happened, the newest last, in the form of the API reference."""
    found: list[dict[str, Any]] = vars(backends.get_backend("cloudwatch")[account][region]).setdefault(_FIELD, [])
    return found


def configured(account: str, region: str, alarm: Any, what: str) -> None:
    """Note that an alarm was `created`, `updated` or `deleted`."""
    data = {"version": "1.0", "type": what.removesuffix("d").capitalize()}
    _add(account, region, alarm, clock.plain(), "ConfigurationUpdate", f'Alarm "{alarm.name}" {what}', data)


def changed(account: str, region: str, alarm: Any, old: State, reason: str, data: str) -> None:
    """Note that an alarm has a new state.

    Args:
        account: twelve digits.
        region: of the alarm.
        alarm: moto's object, in its new state.
        old: the state before.
        reason: why it had that.
        data: the same as JSON.
    """
    history = {
        "version": "1.0",
        "oldState": _state(old.value, reason, data),
        "newState": _state(alarm.state_value, alarm.state_reason, alarm.state_reason_data),
    }
    summary = f"Alarm updated from {old} to {alarm.state_value}"
    _add(account, region, alarm, alarm.state_updated_timestamp, "StateUpdate", summary, history)


def acted(account: str, region: str, alarm: Any, action: str, message: str, problem: str) -> None:
    """Note that an action was executed, or why it could not be."""
    done = {
        "actionState": "Failed" if problem else "Succeeded",
        "notificationResource": action,
        "publishedMessage": json.dumps({"default": message}),
        "error": problem or None,
    }
    summary = (
        f'Failed to execute action {action}. Received error: "{problem}"'
        if problem
        else f"Successfully executed action {action}"
    )
    _add(account, region, alarm, alarm.state_updated_timestamp, "Action", summary, done)


def reason_data(alarm: Any, rules: Alarm, found: Evaluation, at: datetime) -> str:
    """StateReasonData of an evaluation, as histories and consoles show it."""
    points = found.points[-rules.periods :]
    seen = [(moment, value) for moment, value in points if value is not None]
    told = {
        "version": "1.0",
        "queryDate": stamp(at),
        "startDate": stamp(points[0][0]),
        "unit": alarm.unit,
        "statistic": alarm.statistic or alarm.extended_statistic,
        "period": rules.period,
        "recentDatapoints": [value for _, value in seen],
        "threshold": rules.threshold,
        "evaluatedDatapoints": [{"timestamp": stamp(moment), "value": value} for moment, value in reversed(seen)],
    }
    return json.dumps({name: value for name, value in told.items() if value is not None})


def stamp(moment: datetime) -> str:
    """A time as CloudWatch writes it: `2026-11-21T13:55:00.000+0000`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"


def _state(value: str, reason: str, data: str) -> dict[str, Any]:
    return {"stateValue": value, "stateReason": reason, "stateReasonData": json.loads(data or "{}")}


def _add(account: str, region: str, alarm: Any, at: datetime, kind: str, summary: str, data: dict[str, Any]) -> None:
    items(account, region).append(
        {
            "AlarmName": alarm.name,
            "AlarmType": "MetricAlarm" if alarm.rule is None else "CompositeAlarm",
            "Timestamp": at,
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps(data),
        }
    )
