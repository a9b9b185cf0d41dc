"""Scaling of ECS services by the clock and in steps."""

import itertools
import math
from collections.abc import Iterator, Mapping

from skyworthy.behavior.alarms import METRIC_ALARM, metrics_of, watchers_of
from skyworthy.behavior.references import absent, named, naming, undecided
from skyworthy.behavior.schedules import schedule_problem
from skyworthy.behavior.tasks import scales
from skyworthy.config import Policy
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Undecidable, Value, is_known, show

_TARGET = "aws_appautoscaling_target"
_POLICY = "aws_appautoscaling_policy"
_LOAD = ("AWS/ECS", "AWS/SQS", "AWS/ApplicationELB", "ECS/ContainerInsights")
"""Namespaces in which more of a metric means more work ..."""
_NOT_LOAD = ("HealthyHostCount", "RunningTaskCount", "DesiredTaskCount")
"""... but for these."""
_ADJUSTMENTS = ("ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity")


@control(
    "ecs.schedule-bounds",
    on="aws_appautoscaling_scheduled_action",
    severity="high",
    refs=["REQ REF-5", "REQ REF-15"],
    lenses=("declared",),
)
def schedule_keeps_bounds(action: Resource, estate: Estate, policy: Policy) -> None:
    """A schedule moves a service's bounds to ones that make sense, at a time that there is.

    Why: a schedule overrides what the target says: after it a service may run no task, or never more than a few.
    Fix: `min_capacity` at or below `max_capacity`, both as the environment demands; a `cron(...)` or `rate(...)`.
    """
    if action["service_namespace"] != "ecs":
        not_applicable("it does not scale an ECS service")
    findings = Findings()
    with findings.question():
        schedule = action["schedule"]
        if not is_known(schedule):
            raise undecided(schedule, "its schedule")
        problem = schedule_problem(str(schedule))
        assert not problem, f"its schedule is {schedule}: {problem}"
    target = _target_of(action, estate)
    bounds = action.block("scalable_target_action")
    with findings.question():
        low, high = (_bound(name, bounds, target) for name in ("min_capacity", "max_capacity"))
        assert low <= high, f"min_capacity {low} is above max_capacity {high}"
        demanded = policy.min_tasks if policy.min_tasks > 1 else 0
        assert low >= demanded, f"min_capacity is {low}, at least {demanded} demanded"
        assert not 0 < policy.max_tasks < high, f"max_capacity is {high}, at most {policy.max_tasks} allowed"
    findings.conclude()


def _target_of(action: Resource, estate: Estate) -> Resource:
    """The scalable target of a schedule or policy.

    Raises:
        AssertionError: where the stack has targets, and none is meant.
        Undecidable: where it is not known.
    """
    written = action["resource_id"]
    targets = estate.of(_TARGET)
    for target in targets:
        by_id = isinstance(written, Reference) and written.address == target.address
        if by_id or written == target["resource_id"]:
            return target
    if not targets:
        raise Undecidable("its scalable target is not part of this stack")
    raise AssertionError(f"no scalable target has its resource_id {show(written)}")


def _bound(name: str, bounds: Mapping[str, Value], target: Resource) -> int:
    """A bound as the schedule sets it, or as the target has it."""
    value: Value = bounds.get(name)
    value = target[name] if value is None else value
    if not is_known(value):
        raise undecided(value, name)
    return int(value)


@control(
    "ecs.step-scaling-effective",
    on="aws_appautoscaling_policy",
    severity="high",
    refs=["REQ REF-5"],
)
def steps_go_the_right_way(scaling: Resource, estate: Estate) -> None:
    """A step scaling policy is called by an alarm on its own service, and adds tasks under more load.

    Why: a policy that no alarm calls never scales; one that takes tasks away under load makes an outage of a busy hour;
    one that another service's load calls leaves its own service overloaded.
    Fix: the policy's ARN in the `alarm_actions` of an alarm with the dimensions of its service; a positive
    `scaling_adjustment` where load rises.
    """
    block = scaling.block("step_scaling_policy_configuration")
    if scaling["service_namespace"] != "ecs" or not block:
        not_applicable("it does not scale an ECS service in steps")
    findings = Findings()
    with findings.question():
        alarms = _callers(scaling, estate)
        if not alarms:
            raise absent(estate, "no alarm calls it")
        kind = block.get("adjustment_type")
        assert not is_known(kind) or kind in _ADJUSTMENTS, f"there is no adjustment_type {kind}"
        changes = list(_changes(block))
        assert changes, "it has no step_adjustment"
        signs = {change > 0 for change in changes if change}
        assert len(signs) == 1, "some of its steps add tasks, others take them away"
        adds = signs.pop()
        gaps = list(_gaps(block))
        assert not gaps, "; ".join(gaps)
        for alarm in alarms:
            _assert_answers(alarm, adds=adds)
            _assert_own_service(alarm, scaling, estate)
    with findings.question():
        for alarm in _callers(scaling, estate):
            _assert_comes_to_rest(alarm, scaling, estate)
    findings.conclude()


def _assert_comes_to_rest(alarm: Resource, scaling: Resource, estate: Estate) -> None:
    """An alarm that calls for more tasks does so above where another one calls for fewer, of the same metric."""
    if not _is_upward(alarm):
        return
    for other in estate.of(METRIC_ALARM):
        if other is alarm or _is_upward(other) or metrics_of(other) != metrics_of(alarm):
            continue
        called = [item for item in named(estate, other["alarm_actions"], _POLICY) if _same_target(item, scaling)]
        high, low = alarm["threshold"], other["threshold"]
        if called and is_known(high) and is_known(low):
            assert float(low) <= float(high), (
                f"{alarm.address} calls it from {high} on, and {other.address} calls {called[0].address} up to {low}:"
                " tasks come and go between them"
            )


def _is_upward(alarm: Resource) -> bool:
    return str(alarm.peek("comparison_operator")).startswith("Greater")


def _same_target(one: Resource, other: Resource) -> bool:
    return all(show(one.peek(name)) == show(other.peek(name)) for name in ("resource_id", "scalable_dimension"))


def _callers(scaling: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The alarms that call a scaling policy."""
    return naming(estate, scaling, "alarm_actions", METRIC_ALARM)


def _changes(block: Mapping[str, Value]) -> Iterator[float]:
    """How many tasks each step adds; steps to an exact number say nothing of a direction."""
    kind: Value = block.get("adjustment_type")
    if kind == "ExactCapacity":
        not_applicable("its steps name exact numbers of tasks")
    for step in block.get("step_adjustment") or ():
        change = step.get("scaling_adjustment")
        if not is_known(change):
            raise undecided(change, "scaling_adjustment")
        yield float(change)


def _gaps(block: Mapping[str, Value]) -> Iterator[str]:
    """Where the intervals of the steps do not follow on each other, which AWS refuses."""
    bounds = []
    for step in block.get("step_adjustment") or ():
        lower, upper = (step.get(f"metric_interval_{end}_bound") for end in ("lower", "upper"))
        if not is_known(lower) or not is_known(upper):
            raise undecided(lower if not is_known(lower) else upper, "the interval of a step")
        bounds.append(
            (-math.inf if lower in (None, "") else float(lower), math.inf if upper in (None, "") else float(upper))
        )
    for (_, upper), (lower, _) in itertools.pairwise(sorted(bounds)):
        if upper != lower:
            yield f"one of its steps ends at {upper:g}, and the next one begins at {lower:g}"


def _assert_own_service(alarm: Resource, scaling: Resource, estate: Estate) -> None:
    """An alarm that watches services of the stack watches the one that is scaled."""
    watchers = watchers_of(estate).by_address
    services = estate.of("aws_ecs_service")
    watched = [item for item in services if any(by.alarm is alarm for by in watchers.get(item.address, ()))]
    scaled = [item for item in services if scales(scaling, item, estate)] if watched else []
    own = not scaled or any(item in watched for item in scaled)
    assert own, f"it scales {scaled[0].address}, and {alarm.address} watches {watched[0].address}"


def _assert_answers(alarm: Resource, *, adds: bool) -> None:
    metrics = metrics_of(alarm)
    if any(item.namespace not in _LOAD or item.name in _NOT_LOAD for item in metrics):
        return
    rises = str(alarm["comparison_operator"]).startswith("Greater")
    does = "adds tasks" if adds else "takes tasks away"
    when = "rises above" if rises else "falls below"
    name = " and ".join(str(item.name) for item in metrics)
    assert rises == adds, f"it {does} where {name} {when} {show(alarm['threshold'])} ({alarm.address})"
