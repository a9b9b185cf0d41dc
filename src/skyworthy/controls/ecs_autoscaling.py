"""Scaling of ECS services."""

from collections.abc import Iterator, Mapping

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.metrics import Metric, NotPublished, resolve
from skyworthy.behavior.network import TARGET_GROUPS
from skyworthy.behavior.queues import dead_letters_of
from skyworthy.behavior.references import absent, blocks, left_out, named
from skyworthy.behavior.tasks import scales, scaling_target
from skyworthy.config import Policy
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import (
    Estate,
    Reference,
    Resource,
    Template,
    Undecidable,
    Unknown,
    Value,
    leaves,
    references,
    show,
)

_SERVICE = "aws_ecs_service"


@control("ecs.autoscaling-bounds", on="aws_appautoscaling_target", severity="high", refs=["REQ REF-5", "REQ REF-15"])
def scaling_bounds_make_sense(target: Resource, estate: Estate, policy: Policy) -> None:
    """A service scales between bounds that make sense, has them from one place, and something scales it.

    Why: bounds the wrong way round are refused or never scale; a target without a policy stays where it is; of two
    targets for one service the last one applied wins, and the service that was meant stays where it is.
    Fix: set `min_capacity` to what the environment demands, `max_capacity` above it, and add a scaling policy; one
    target for each service.
    """
    if target["service_namespace"] != "ecs":
        not_applicable("it does not scale an ECS service")
    findings = Findings()
    with findings.question():
        low, high = int(target["min_capacity"]), int(target["max_capacity"])
        assert low <= high, f"min_capacity {low} is above max_capacity {high}"
        assert low >= policy.min_tasks, f"min_capacity is {low}, at least {policy.min_tasks} demanded"
        assert not 0 < policy.max_tasks < high, f"max_capacity is {high}, at most {policy.max_tasks} allowed"
        stuck = low == high and policy.min_tasks > 1 and not _is_scheduled(target, estate)
        assert not stuck, f"min_capacity and max_capacity are both {low}: nothing can scale it"
    with findings.question():
        assert _is_scaled(target, estate), "no scaling policy or schedule moves it"
    with findings.question():
        services = estate.of(_SERVICE)
        known = not services or any(scales(target, service, estate) for service in services)
        assert known, f"it scales no service of the stack: resource_id is {show(target.peek('resource_id'))}"
    with findings.question():
        twins = [other.address for other in _alike(estate).get(_identity(target), ()) if other is not target]
        assert not twins, f"{', '.join(twins)} scales the same service"
    findings.conclude()


@control("ecs.desired-count-left-to-scaling", on=_SERVICE, severity="medium", refs=["REQ REF-5"], lenses=("declared",))
def desired_count_is_left_to_scaling(service: Resource, estate: Estate) -> None:
    """Terraform leaves the number of tasks to what scales the service.

    Why: every apply sets a service that has scaled out back to `desired_count`, in the middle of the load.
    Fix: `lifecycle { ignore_changes = [desired_count] }`, or leave `desired_count` out.
    """
    target = scaling_target(service, estate)
    if target is None:
        not_applicable("nothing scales it")
        return
    if left_out(service, "desired_count"):
        return
    left = service.ignores("desired_count")
    assert left, f"every apply undoes what {target.address} scales: ignore_changes does not list desired_count"


@once_per_estate
def _alike(estate: Estate) -> Mapping[tuple[Value, ...], list[Resource]]:
    """What scales -> the targets and policies that AWS takes for one and the same; the unknown ones are left out."""
    found: dict[tuple[Value, ...], list[Resource]] = {}
    for scaling in estate.of("aws_appautoscaling_target", "aws_appautoscaling_policy"):
        identity = _identity(scaling)
        if not any(isinstance(leaf, Unknown) for leaf in leaves(identity)):
            found.setdefault(identity, []).append(scaling)
    return found


def _identity(scaling: Resource) -> tuple[Value, ...]:
    """By what Application Auto Scaling knows a target, or a policy by its name besides: registering it again replaces.

    Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
    """
    name = scaling.peek("name") if scaling.type == "aws_appautoscaling_policy" else None
    return (scaling.type, name, *(scaling.peek(each) for each in ("resource_id", "scalable_dimension")))


def _is_scaled(target: Resource, estate: Estate) -> bool:
    return _is_moved(target, estate.of("aws_appautoscaling_policy")) or _is_scheduled(target, estate)


def _is_scheduled(target: Resource, estate: Estate) -> bool:
    """Whether a schedule moves the bounds of a target."""
    return _is_moved(target, estate.of("aws_appautoscaling_scheduled_action"))


def _is_moved(target: Resource, movers: tuple[Resource, ...]) -> bool:
    unclear: Undecidable | None = None
    for mover in movers:
        try:
            if _moves(mover, target):
                return True
        except Undecidable as undecidable:
            unclear = undecidable
    if unclear is not None:
        raise unclear
    return False


def _moves(mover: Resource, target: Resource) -> bool:
    moved = mover["resource_id"]
    if isinstance(moved, Reference) and moved.address == target.address:
        return True
    return bool(moved == target["resource_id"])


@control("ecs.autoscaling-policy-effective", on="aws_appautoscaling_policy", severity="medium", refs=["REQ REF-5"])
def scaling_policy_is_effective(scaling: Resource, estate: Estate) -> None:
    """A scaling policy moves a target, follows a metric, and aims at a utilization that can be reached and left.

    Why: CPU and memory are percentages of the reservation: aiming at 100 or more never scales out, at 0 always; a
    policy for a service that is no scalable target is refused.
    Fix: set `target_value` between 10 and 90, and take `resource_id` from the `aws_appautoscaling_target`.
    """
    if scaling["service_namespace"] != "ecs":
        not_applicable("it does not scale an ECS service")
    targets = estate.of("aws_appautoscaling_target")
    if not targets:
        raise Undecidable("its scalable target is not part of this stack")
    moved = any(_moves(scaling, target) for target in targets)
    assert moved, f"no scalable target has its resource_id {show(scaling.peek('resource_id'))}"
    findings = Findings()
    with findings.question():
        same = [other.address for other in _alike(estate).get(_identity(scaling), ()) if other is not scaling]
        assert not same, f"{', '.join(same)} has the same name for the same target: one replaces the other"
    with findings.question():
        problem = _kind_problem(scaling)
        assert not problem, problem
    tracking = scaling.block("target_tracking_scaling_policy_configuration")
    if tracking:
        with findings.question():
            _assert_target(tracking)
        with findings.question():
            twin = _twin(scaling, tracking, estate)
            assert twin is None, f"{twin.address if twin else ''} follows the same metric for the same target"
        with findings.question():
            elsewhere = _requests_elsewhere(scaling, tracking, estate)
            assert not elsewhere, elsewhere
        for metric in _own_metrics(tracking):
            with findings.question():
                unseen = _unseen(metric, estate)
                assert not unseen, f"it follows {metric.namespace} {metric.name}: {unseen}"
    findings.conclude()


def _requests_elsewhere(scaling: Resource, tracking: Mapping[str, Value], estate: Estate) -> str:
    """What is wrong with whose requests a policy follows; empty where they are those of its own service."""
    if METRICS.get(str(_metric(tracking))) != "requests":
        return ""
    label = tracking["predefined_metric_specification"][0].get("resource_label")
    if label is None:
        return "it follows the requests to a target group, and has no resource_label that names it"
    if isinstance(label, Unknown):
        raise label.undecidable()
    ends = [item.attribute for item in references(label)]
    if ends == ["arn_suffix", "arn_suffix"] and next(references(label)).address in (
        group.address for group in estate.of(*TARGET_GROUPS)
    ):
        return "its resource_label names the target group before the load balancer"
    followed = {item.address for item in references(label)} & {group.address for group in estate.of(*TARGET_GROUPS)}
    for service in estate.of(_SERVICE) if followed else ():
        if scales(scaling, service, estate):
            blocks = service["load_balancer"] or ()
            own = {group.address for item in blocks for group in _group_of(item, estate)}
            if own and not own & followed:
                return f"it follows the requests to {min(followed)}, and {service.address} is behind {min(own)}"
    return ""


def _group_of(block: Mapping[str, Value], estate: Estate) -> tuple[Resource, ...]:
    return named(estate, block.get("target_group_arn"), *TARGET_GROUPS)


def _own_metrics(tracking: Mapping[str, Value]) -> Iterator[Metric]:
    """The metrics of a customized specification, by themselves or in an expression, as far as they are written out."""
    for custom in blocks(tracking.get("customized_metric_specification")):
        stats = [stat for item in blocks(custom.get("metrics")) for stat in blocks(item.get("metric_stat"))]
        for metric in (custom, *(metric for stat in stats for metric in blocks(stat.get("metric")))):
            namespace, name = metric.get("namespace"), metric.get("metric_name")
            if isinstance(namespace, str) and isinstance(name, str):
                dimensions = {show(item.get("name")): item.get("value") for item in blocks(metric.get("dimensions"))}
                yield Metric(namespace, name, dimensions)


def _unseen(metric: Metric, estate: Estate) -> str:
    """Why a metric does not tell of the work that waits; empty where it does, or where that cannot be known."""
    try:
        found = resolve(metric, estate)
    except Undecidable:
        return ""  # what an application publishes by itself
    if isinstance(found, NotPublished):
        return found.reason
    sources = [(item, source) for item in found for source in dead_letters_of(item, estate)]
    return next((f"{item.address} holds what was given up on in {source.address}" for item, source in sources), "")


_CONFIGURATIONS = {
    "TargetTrackingScaling": "target_tracking_scaling_policy_configuration",
    "StepScaling": "step_scaling_policy_configuration",
}
_LEAST, _TOO_MUCH = 10, 100
"""Percent of CPU or memory that a policy may aim at: an idle application uses more than the first, none the other."""


def _kind_problem(scaling: Resource) -> str:
    """What is wrong with a policy's type and the block that goes with it; empty where they agree."""
    kind = scaling["policy_type"] or "StepScaling"
    given = [name for name in _CONFIGURATIONS.values() if scaling.block(name)]
    wanted = _CONFIGURATIONS.get(kind)
    if wanted is None or wanted in given:
        return ""
    return f"policy_type is {kind}, and it has no {wanted}{'; it has ' + ', '.join(given) if given else ''}"


def _assert_target(tracking: Mapping[str, Value]) -> None:
    predefined, custom = (tracking.get(f"{kind}_metric_specification") for kind in ("predefined", "customized"))
    assert predefined or custom, "it follows no metric: neither a predefined nor a customized one"
    if METRICS.get(str(_metric(tracking))) not in ("cpu", "memory"):
        return
    value: Value = tracking.get("target_value")
    if isinstance(value, Unknown):
        raise value.undecidable()
    assert _LEAST <= float(value) < _TOO_MUCH, f"target_value is {value} % of {_metric(tracking)}"


def _metric(tracking: Mapping[str, Value]) -> Value:
    """The predefined metric that a policy follows, None where it follows another one."""
    blocks: Value = tracking.get("predefined_metric_specification")
    if isinstance(blocks, Unknown):
        raise blocks.undecidable()
    metric = blocks[0].get("predefined_metric_type") if blocks else None
    if isinstance(metric, (Unknown, Reference, Template)):
        raise metric.undecidable()
    return metric


def _twin(scaling: Resource, tracking: Mapping[str, Value], estate: Estate) -> Resource | None:
    """Another policy of the same target for the same predefined metric, which AWS refuses."""
    metric = _metric(tracking)
    for other in _tracking(estate).get(show(scaling.peek("resource_id")), ()) if metric is not None else ():
        if other is not scaling and _metric(other.block("target_tracking_scaling_policy_configuration")) == metric:
            return other
    return None


@once_per_estate
def _tracking(estate: Estate) -> Mapping[str, list[Resource]]:
    """What target tracking policies scale, as it is written -> the policies."""
    found: dict[str, list[Resource]] = {}
    for scaling in estate.of("aws_appautoscaling_policy"):
        if scaling.peek("target_tracking_scaling_policy_configuration"):
            found.setdefault(show(scaling.peek("resource_id")), []).append(scaling)
    return found


METRICS = {
    "ECSServiceAverageCPUUtilization": "cpu",
    "ECSServiceAverageMemoryUtilization": "memory",
    "ALBRequestCountPerTarget": "requests",
}
"""Predefined metrics of ECS services -> their names in an environment's policy."""


@control("ecs.autoscaling-metrics", on=_SERVICE, severity="medium", refs=["REQ REF-5"])
def service_follows_its_metrics(service: Resource, estate: Estate, policy: Policy) -> None:
    """Every service is scaled on the metrics that its environment demands.

    Why: a service that follows CPU alone is out of memory before a task is added.
    Fix: an `aws_appautoscaling_target` for the service, and a target tracking policy for each metric.
    """
    if not policy.scaling_metrics:
        not_applicable("no metrics to scale on are demanded here")
    if service["scheduling_strategy"] == "DAEMON":
        not_applicable("it runs one task on each instance")
    target = scaling_target(service, estate)
    if target is None:
        raise absent(estate, "nothing scales it: no aws_appautoscaling_target names it")
    followed = set()
    for scaling in (item for items in _tracking(estate).values() for item in items):
        if _moves(scaling, target):
            tracking = scaling.block("target_tracking_scaling_policy_configuration")
            followed.add(METRICS.get(str(_metric(tracking)), ""))
    missing = [name for name in policy.scaling_metrics if name not in followed]
    assert not missing, f"no policy scales it on {' and '.join(missing)}"
