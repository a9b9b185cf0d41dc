"""Alarms that evaluate: over the data points in moto's store, in `behavior.alarms`' way, with history and actions.

Nothing waits. An alarm is evaluated when it is asked for, when a data point of it is put, and when the clock is set; it
then takes the state that it would have by now, minute by minute since the last time.

What is simulated, and differs from AWS:

- A metric that a resource of the account publishes, and of which nobody put a data point, shows an ordinary calm minute
  (`publishers.calm`); one that nobody publishes has no data.
- A data point of the minute that is not over yet counts at once.
- A state that SetAlarmState sets stays until a data point of the alarm is put, or the clock is set.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from moto import backends

from skyworthy.behavior.alarms import METRIC_ALARM, Alarm, Query, State, alarm_of, evaluate_alarm, samples_of_set
from skyworthy.behavior.alarms.evaluation import EXTRA_POINTS
from skyworthy.behavior.alarms.instant import Observation
from skyworthy.behavior.alarms.rules import parse_rule
from skyworthy.estate import Estate, Resource, Undecidable, Value
from skyworthy.sandbox.simulated import alarm_history, clock, notifications, publishers

MOST_STEPS = 180
"""How many evaluations are made up for when an alarm was not asked for longer."""
_OF_MOTO = "TargetTracking-"
"""The alarms of target tracking policies, which moto makes with thresholds of its own; they stay as moto has them."""
_EVALUATED, _HELD, _SEEN = "sky_evaluated", "sky_held", "sky_seen"
Key = tuple[str, str, frozenset[tuple[str, str]]]


def refresh(account: str, region: str, *, release: bool = False) -> None:
    """Bring the alarms of a region up to date.

    Args:
        account: twelve digits.
        region: of the alarms.
        release: also those that hold a state which was set.
    """
    alarms = Alarms(account, region)
    for alarm in list(alarms.store.alarms.values()):
        if alarm.rule is None:
            if release:
                vars(alarm).pop(_HELD, None)
            alarms.evaluate(alarm)


def refresh_all(account: str) -> None:
    """Bring every alarm of an account up to date, whatever state was set."""
    for region in list(backends.get_backend("cloudwatch")[account]):
        refresh(account, region, release=True)


def data_came(account: str, region: str, keys: set[Key]) -> None:
    """Evaluate the alarms that read any of some metrics; they hold their state no longer."""
    alarms = Alarms(account, region)
    for alarm in list(alarms.store.alarms.values()):
        if not keys.isdisjoint(_read(alarm)):
            vars(alarm).pop(_HELD, None)
            alarms.evaluate(alarm)


def created(account: str, region: str, alarm: Any, old: Any | None) -> None:
    """Give a new alarm its first state, or one that was put anew the state that it had.

    Args:
        account: twelve digits.
        region: of the alarm.
        alarm: moto's new object.
        old: the one that it replaces.
    """
    if old is not None:
        for name in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp"):
            setattr(alarm, name, getattr(old, name))
        vars(alarm)[_HELD] = vars(old).get(_HELD, False)
        alarm_history.configured(account, region, alarm, "updated")
        return
    alarm.state_value = State.INSUFFICIENT_DATA.value
    alarm.state_updated_timestamp = clock.plain()
    alarm_history.configured(account, region, alarm, "created")
    if alarm.rule is not None:
        reason = f"{alarm.alarm_arn} was created and its alarm rule evaluates to"
        Alarms(account, region).evaluate_composite(alarm, reason)


def was_set(account: str, region: str, alarm: Any) -> None:
    """Do what follows from SetAlarmState, which moto has carried out."""
    vars(alarm)[_HELD] = True
    _, reason, data, old, _ = alarm.history[-1]
    Alarms(account, region).moved(alarm, State(old), reason, data, clock.now())


class Alarms:
    """The alarms of one region, and what they judge by.

    Args:
        account: twelve digits.
        region: of the alarms.
    """

    def __init__(self, account: str, region: str) -> None:
        self.account, self.region = account, region
        self.store: Any = backends.get_backend("cloudwatch")[account][region]

    @cached_property
    def _estate(self) -> Estate:
        return publishers.publishers(self.account, self.region)

    @cached_property
    def _data(self) -> Mapping[Key, list[Any]]:
        """What was put, and what moto derives, by metric."""
        found: dict[Key, list[Any]] = {}
        for datum in self.store.get_all_metrics():
            named = key(datum.namespace, datum.name, ((each.name, each.value) for each in datum.dimensions))
            found.setdefault(named, []).append(datum)
        return found

    def evaluate(self, alarm: Any) -> None:
        """Give a metric alarm the state that it has by now, unless it holds one that was set."""
        if alarm.name.startswith(_OF_MOTO):
            return
        seen = (int(clock.now().timestamp()) // 10, len(self.store.metric_data), alarm.configuration_updated_timestamp)
        if vars(alarm).get(_HELD) or vars(alarm).get(_SEEN) == seen:
            return
        vars(alarm)[_SEEN] = seen
        try:
            self._evaluate(alarm, alarm_of(_resource(alarm)))
        except (Undecidable, ValueError) as error:
            self._take_for_calm(alarm, f"the sandbox cannot evaluate it ({error})")

    def _evaluate(self, alarm: Any, rules: Alarm) -> None:
        put = {query.id: list(self._put(query, alarm)) for query in rules.queries if query.metric is not None}
        calm = {query.id: self._calm(query) for query in rules.queries if query.metric is not None}
        if not any(put.values()) and any(each is True for each in calm.values()):
            self._take_for_calm(alarm, "nobody put a data point of it, and what it shows on a calm day is not known")
            return
        moments = list(_moments(alarm, rules, put))
        reach = (rules.periods + EXTRA_POINTS) * rules.period + int((moments[-1] - moments[0]).total_seconds())
        series = {name: _filled(put[name], calm[name], moments[-1], reach) for name in put}
        for moment in moments:
            current = State(alarm.state_value)
            found = evaluate_alarm(rules, lambda query: series[query.id], moment, current)
            if found.state is not current:
                data = alarm_history.reason_data(alarm, rules, found, moment)
                self._move(alarm, found.state, found.reason, data, min(moment, clock.now()))

    def _put(self, query: Query, alarm: Any) -> Iterator[Observation]:
        """The samples of a query that are in the store."""
        for datum in self._data.get(_key(query), ()):
            if alarm.unit and datum.unit and datum.unit != alarm.unit:
                continue
            moment = clock.aware(datum.timestamp)
            if hasattr(datum, "value"):
                yield moment, datum.value
            else:
                yield from (
                    (moment, each) for each in samples_of_set(datum.sample_count, datum.sum, datum.min, datum.max)
                )

    def _calm(self, query: Query) -> Any:
        assert query.metric is not None
        return publishers.calm(query.metric, self._estate)

    def _take_for_calm(self, alarm: Any, why: str) -> None:
        if alarm.state_value != State.OK:
            self._move(alarm, State.OK, f"Simulated: taken to be calm, since {why}.", "{}", clock.now())

    def evaluate_composite(self, alarm: Any, cause: str) -> None:
        """Give a composite alarm the state that its rule has.

        Args:
            alarm: moto's object.
            cause: what happened, a clause that the state ends.
        """
        rule = parse_rule(alarm.rule)
        children = {child: self._named(child) for child in rule.children}
        state = rule.state({str(child): State(each.state_value) for child, each in children.items() if each})
        if state != alarm.state_value:
            triggering = notifications.triggering(each for each in children.values() if each)
            reason = f"{cause} {state}" if cause.endswith("evaluates to") else cause
            self._move(alarm, state, reason, json.dumps({"triggeringAlarms": triggering}), clock.now())

    def _named(self, child: Value) -> Any:
        """The alarm that a rule names, by name or ARN; None where it does not exist."""
        return self.store.alarms.get(str(child).partition(":alarm:")[2] or str(child))

    def _move(self, alarm: Any, state: State, reason: str, data: str, at: datetime) -> None:
        old = State(alarm.state_value)
        alarm.update_state(reason, data, state.value)
        self.moved(alarm, old, alarm.history[-1][1], alarm.history[-1][2], at)

    def moved(self, alarm: Any, old: State, old_reason: str, old_data: str, at: datetime) -> None:
        """Do what follows from a new state: history, actions, composite alarms.

        Args:
            alarm: moto's object, in its new state.
            old: the state before.
            old_reason: why it had that.
            old_data: the same as JSON.
            at: when it changed, aware.
        """
        alarm.state_updated_timestamp = at.replace(tzinfo=None)
        if alarm.state_value == old:
            return
        alarm.state_transitioned_timestamp = alarm.state_updated_timestamp
        alarm_history.changed(self.account, self.region, alarm, old, old_reason, old_data)
        self._act(alarm, old)
        cause = f"{alarm.alarm_arn} transitioned to {alarm.state_value} at {at:%A %d %B, %Y %H:%M:%S} UTC"
        for parent in list(self.store.alarms.values()):
            if parent.rule is not None and any(
                self._named(child) is alarm for child in parse_rule(parent.rule).children
            ):
                self.evaluate_composite(parent, cause)

    def _act(self, alarm: Any, old: State) -> None:
        """See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html."""
        actions = {
            State.OK: alarm.ok_actions,
            State.ALARM: alarm.alarm_actions,
            State.INSUFFICIENT_DATA: alarm.insufficient_data_actions,
        }[State(alarm.state_value)]
        suppressor = self._named(vars(alarm).get("actions_suppressor") or "")
        if not alarm.actions_enabled or (suppressor is not None and suppressor.state_value == State.ALARM):
            return
        for action in actions or []:
            if ":sns:" in action:
                message, problem = notifications.notify(
                    self.account, self.region, alarm, old, action, self._children(alarm)
                )
                alarm_history.acted(self.account, self.region, alarm, action, message, problem)

    def _children(self, alarm: Any) -> list[dict[str, Any]]:
        children = parse_rule(alarm.rule).children if alarm.rule is not None else ()
        return notifications.triggering(each for each in map(self._named, children) if each is not None)


def _moments(alarm: Any, rules: Alarm, put: Mapping[str, list[Observation]]) -> Iterator[datetime]:
    """When to evaluate: at the end of each minute since the last time, where there are data points; else now."""
    place = int(clock.now().timestamp()) // rules.unit
    newest = max((int(moment.timestamp()) // rules.unit for each in put.values() for moment, _ in each), default=0)
    target = place + 1 if newest == place else place
    last = vars(alarm).get(_EVALUATED, target)
    vars(alarm)[_EVALUATED] = target
    first = max(last + 1, target - MOST_STEPS) if newest and last < target else target
    for each in range(first, target + 1):
        yield datetime.fromtimestamp(each * rules.unit, UTC)


def _filled(put: list[Observation], calm: Any, end: datetime, reach: int) -> list[Observation]:
    """The samples that were put, and those of calm minutes in which none was."""
    if isinstance(calm, bool):
        return put
    covered = {int(moment.timestamp()) // 60 for moment, _ in put}
    made = publishers.observations(calm, end, reach)
    return [*put, *((moment, value) for moment, value in made if int(moment.timestamp()) // 60 not in covered)]


def _key(query: Query) -> Key:
    assert query.metric is not None
    dimensions = query.metric.dimensions if isinstance(query.metric.dimensions, Mapping) else {}
    return key(str(query.metric.namespace), str(query.metric.name), dimensions.items())


def key(namespace: str, name: str, dimensions: Iterable[tuple[Any, Any]]) -> Key:
    """What tells a metric from others."""
    return namespace, name, frozenset((str(each), str(value)) for each, value in dimensions)


def _read(alarm: Any) -> Iterator[Key]:
    """The metrics that an alarm of moto's reads."""
    if alarm.metric_name:
        yield key(alarm.namespace, alarm.metric_name, ((each.name, each.value) for each in alarm.dimensions))
    for query in alarm.metric_data_queries or []:
        if query.metric_stat is not None:
            read = query.metric_stat.metric
            yield key(read.namespace, read.metric_name, ((each.name, each.value) for each in read.dimensions))


def _resource(alarm: Any) -> Resource:
    """An alarm of moto's as Terraform words it."""
    attributes = {
        "alarm_name": alarm.name,
        "arn": alarm.alarm_arn,
        "namespace": alarm.namespace,
        "metric_name": alarm.metric_name,
        "dimensions": {each.name: each.value for each in alarm.dimensions},
        "statistic": alarm.statistic,
        "extended_statistic": alarm.extended_statistic,
        "period": alarm.period,
        "evaluation_periods": alarm.evaluation_periods,
        "datapoints_to_alarm": alarm.datapoints_to_alarm,
        "comparison_operator": alarm.comparison_operator,
        "threshold": alarm.threshold,
        "treat_missing_data": alarm.treat_missing_data,
        "metric_query": [_query(query) for query in alarm.metric_data_queries or []],
    }
    return Resource(f"{METRIC_ALARM}({alarm.name})", METRIC_ALARM, attributes)


def _query(query: Any) -> dict[str, Any]:
    returned = True if query.return_data is None else query.return_data
    row = {"id": query.id, "expression": query.expression, "period": query.period, "return_data": returned}
    if query.metric_stat is not None:
        read = query.metric_stat.metric
        metric = {
            "namespace": read.namespace,
            "metric_name": read.metric_name,
            "dimensions": {each.name: each.value for each in read.dimensions},
            "period": query.metric_stat.period,
            "stat": query.metric_stat.stat,
        }
        row["metric"] = [metric]
    return row
