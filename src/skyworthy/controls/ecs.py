"""Clusters and services of ECS."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from skyworthy.behavior.alarms import COMPOSITE_ALARM, METRIC_ALARM
from skyworthy.behavior.commands import loopback_ports, told_ports
from skyworthy.behavior.references import left_out
from skyworthy.behavior.secrets import containers
from skyworthy.behavior.tasks import (
    cluster_of,
    container,
    fewest_tasks,
    known_task_of,
    launchers,
    most_tasks,
    network_mode,
    ports,
    providers_of,
    scaling_target,
    task_of,
)
from skyworthy.config import Policy
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, known, show

_TASK = "aws_ecs_task_definition"
_SERVICE = "aws_ecs_service"
T = TypeVar("T")


@control(
    "ecs.no-public-ip",
    on=_SERVICE,
    severity="high",
    refs=["REQ NET-2", "FSBP ECS.2", "CKV_AWS_333"],
    aliases=("ecs.service-no-public-ip",),
)
def tasks_have_no_public_ip(service: Resource) -> None:
    """Tasks get no public address.

    Why: with one, only a security group stands between a task and the internet.
    Fix: set `assign_public_ip = false` and give the subnets a route to a NAT gateway.
    """
    network = service.block("network_configuration")
    if not network:
        not_applicable("its tasks use the network of their host")
    public = network.get("assign_public_ip")
    if isinstance(public, Unknown):
        raise public.undecidable()
    assert not public, "assign_public_ip is true"


@control("ecs.circuit-breaker-rollback", on=_SERVICE, severity="medium", refs=["REQ REF-5"])
def failed_deployments_roll_back(service: Resource) -> None:
    """A failed deployment is noticed and rolled back.

    Why: otherwise ECS goes on starting tasks that die, for hours, beside the old ones.
    Fix: add `deployment_circuit_breaker { enable = true, rollback = true }`.
    """
    controller = service.block("deployment_controller").get("type") or "ECS"
    if controller != "ECS":
        not_applicable(f"its deployments are the business of {controller}")
    breaker = service.block("deployment_circuit_breaker")
    if breaker.get("enable") and breaker.get("rollback"):
        return
    alarms = service.block("alarms")
    if alarms.get("enable") and alarms.get("rollback"):
        return
    assert breaker.get("enable"), "the deployment circuit breaker is off"
    raise AssertionError("the deployment circuit breaker does not roll back")


@control(
    "ecs.deployment-alarms-exist", on=_SERVICE, severity="high", refs=["REQ REF-5", "REQ REF-9"], lenses=("declared",)
)
def alarms_of_deployments_exist(service: Resource, estate: Estate) -> None:
    """The alarms that a deployment is watched by are alarms of the stack.

    Why: ECS cannot watch an alarm that is not there: a bad deployment goes on, or every deployment stops.
    Fix: take `alarm_names` from the `alarm_name` of the alarms.
    """
    names = service.block("alarms").get("alarm_names")
    if isinstance(names, Unknown):
        raise names.undecidable()
    if not names:
        not_applicable("no alarm watches its deployments")
    if not estate.of(METRIC_ALARM, COMPOSITE_ALARM):
        not_applicable("the alarms stand in another stack")
    missing = [show(name) for name in names or () if estate.find(name, METRIC_ALARM, COMPOSITE_ALARM) is None]
    assert not missing, f"no alarm of the stack is named {', '.join(missing)}"


_MOST_PERCENT = 400
"""Of the wanted tasks; 200 are the default and enough to start every new task before an old one stops."""


@control(
    "ecs.deployment-percent-safe",
    on=_SERVICE,
    severity="high",
    refs=["REQ REF-5"],
)
def deployments_can_proceed(service: Resource, estate: Estate) -> None:
    """A deployment can proceed, and does not stop every task behind a load balancer.

    Why: with no room above and below, ECS can neither start a new task nor stop an old one; with none kept, users
    meet errors in a deployment although there are several tasks.
    Fix: keep `deployment_minimum_healthy_percent` at 50 to 100 and `deployment_maximum_percent` at 200.
    """
    if (
        service["scheduling_strategy"] == "DAEMON"
        or (service.block("deployment_controller").get("type") or "ECS") != "ECS"
    ):
        not_applicable("its deployments do not go by these percentages")
    least, most = service["deployment_minimum_healthy_percent"], service["deployment_maximum_percent"]
    least, most = 100 if least is None else int(least), 200 if most is None else int(most)
    tasks = max(fewest_tasks(service, estate)[0], 1)
    kept, room = -(-tasks * least // 100), tasks * most // 100
    stuck = room <= tasks and kept >= tasks
    assert not stuck, f"{least} to {most} % of {tasks} task{'s' if tasks > 1 else ''} leave a deployment no room"
    outage = kept == 0 and tasks > 1 and service["load_balancer"]
    assert not outage, f"a deployment may stop all {tasks} tasks (minimum healthy percent {least})"
    assert least <= most, f"a deployment keeps {least} % of the tasks and has room for {most} %"
    assert most <= _MOST_PERCENT, f"a deployment may run {most} % of the tasks, at most {_MOST_PERCENT} make sense"
    peak = max(most_tasks(service, estate), tasks)
    left = -(-peak * least // 100)
    thin = service["load_balancer"] and 2 * left < peak and left < peak - 1
    assert not thin, f"a deployment may leave {left} of {peak} tasks (minimum healthy percent {least})"


@control("ecs.min-tasks", on=_SERVICE, severity="high", refs=["REQ REF-14", "REQ REF-15"])
def enough_tasks_run(service: Resource, estate: Estate, policy: Policy) -> None:
    """A service runs at least as many tasks as its environment demands.

    Why: with fewer, the loss of one task or zone is an outage.
    Fix: raise `min_capacity` of the scalable target, or `desired_count` where nothing scales the service.
    """
    if service["scheduling_strategy"] == "DAEMON":
        not_applicable("it runs one task on each instance")
    if _stands_alone(service, estate):
        not_applicable("a deployment stops its task before the next one starts: there must never be two")
    tasks, source = fewest_tasks(service, estate)
    assert tasks >= policy.min_tasks, f"{source} is {tasks}, at least {policy.min_tasks} demanded"


def _stands_alone(service: Resource, estate: Estate) -> bool:
    """Whether a service that nobody asks and nothing scales is made to run one task at a time, such as a scheduler."""
    single = (service["desired_count"], service["deployment_maximum_percent"]) == (1, 100)
    asked = service["load_balancer"] or service["service_registries"]
    return single and not asked and scaling_target(service, estate) is None


@control(
    "ecs.fargate-latest-platform",
    on=_SERVICE,
    severity="low",
    refs=["REQ REF-5", "FSBP ECS.10", "CKV_AWS_332"],
)
def fargate_platform_is_current(service: Resource, estate: Estate) -> None:
    """Fargate tasks run on the current platform version.

    Why: older platforms get no security fixes, and do not know newer settings.
    Fix: leave `platform_version` out or set it to LATEST.
    """
    if not any("FARGATE" in str(name) for name in launchers(service, estate)):
        not_applicable("it is not on Fargate")
    version = service["platform_version"] or "LATEST"
    assert version in ("LATEST", "1.4.0", "1.0.0"), f"platform_version is {version}, LATEST is 1.4.0 (Windows 1.0.0)"


@control(
    "ecs.container-insights", on="aws_ecs_cluster", severity="medium", refs=["REQ REF-5", "FSBP ECS.12", "CKV_AWS_65"]
)
def container_insights_is_on(cluster: Resource, estate: Estate) -> None:
    """The cluster publishes Container Insights.

    Why: the number of running tasks, and memory by task, are published nowhere else.
    Fix: add a `setting` block with the name containerInsights and the value enabled or enhanced.
    """
    for item in cluster["setting"] or ():
        if isinstance(item, Unknown):
            raise item.undecidable()
        if item.get("name") == "containerInsights":
            value = item.get("value")
            assert value in ("enabled", "enhanced"), f"containerInsights is {value}, enabled or enhanced wanted"
            return
    for default in estate.of("aws_ecs_account_setting_default"):
        if default["name"] == "containerInsights" and default["value"] in ("enabled", "enhanced"):
            return
    raise AssertionError("containerInsights is not set, enabled or enhanced wanted")


@control("ecs.container-port-matches-target-group", on=_SERVICE, severity="high", refs=["REQ NET-1", "REQ REF-5"])
def container_port_matches_target_group(service: Resource, estate: Estate) -> None:
    """The load balancer is pointed at a container and port of the task.

    Why: ECS refuses a container or port that the task definition does not have; targets that are checked on another
    port are never healthy.
    Fix: align `container_name` and `container_port` with `portMappings`, and the target group's type with the network.
    """
    balancers = service["load_balancer"]
    if not balancers:
        not_applicable("it is not behind a load balancer")
    task = known_task_of(service, estate)
    _ask_of_each(balancers, lambda balancer: _check_balancer(balancer, task, estate))


def _ask_of_each(balancers: Iterable[Any], check: Callable[[Mapping[str, Any]], T]) -> list[T]:
    """Ask the same of each `load_balancer` block; what the checks gave, where nothing is found."""
    findings = Findings()
    given = []
    for balancer in balancers:
        with findings.question():
            given.append(check(known(balancer)))
    findings.conclude()
    return given


def _check_balancer(balancer: Mapping[str, Any], task: Resource, estate: Estate) -> None:
    name, port = balancer.get("container_name"), balancer.get("container_port")
    for value in (name, port):
        if isinstance(value, (Unknown, Reference, Template)):
            raise value.undecidable()
    definition = container(task, name)
    assert definition is not None, f"{task.address} has no container {name}"
    opened = ports(definition)
    for mapping in definition.get("portMappings") or ():
        datagrams = mapping.get("containerPort") == port and mapping.get("protocol") == "udp"
        group = estate.find(balancer.get("target_group_arn"), "aws_lb_target_group", "aws_alb_target_group")
        speaks = group.peek("protocol") if group is not None else None
        clash = datagrams and speaks in ("HTTP", "HTTPS", "TCP", "TLS")
        assert not clash, f"container {name} opens port {port} for UDP, its target group speaks {speaks}"
    assert port in opened, (
        f"container {name} does not open port {port}; it opens {', '.join(map(str, opened)) or 'none'}"
    )
    told, inside = told_ports(definition), loopback_ports(definition)
    named = ", ".join([*map(str, sorted(told)), *(f"{each} of loopback" for each in sorted(inside))])
    assert not named or port in told, f"the command of container {name} listens on {named}, not on port {port}"
    group = estate.find(balancer.get("target_group_arn"), "aws_lb_target_group", "aws_alb_target_group")
    if group is None or group.data:
        return
    wanted = "ip" if network_mode(task) == "awsvpc" else "instance"
    kind = group["target_type"] or "instance"
    assert kind == wanted, (
        f"{group.address} has targets of type {kind}, tasks in this network mode are of type {wanted}"
    )
    checked = group.block("health_check").get("port")
    if isinstance(checked, Unknown):
        return
    fixed = str(checked or "traffic-port")
    known = fixed == "traffic-port" or int(fixed) in [
        port,
        *(each for item in containers(task) for each in ports(item)),
    ]
    assert known, f"{group.address} checks port {fixed}, the task opens {port}"


_URL = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(?P<port>\d+))?(?P<path>/[^\s'\"|;)]*)?")


@control("ecs.health-path-consistent", on=_SERVICE, severity="medium", refs=["REQ REF-4", "REQ NET-1"])
def health_checks_agree(service: Resource, estate: Estate) -> None:
    """The container's own health check and the target group's ask the same of the application.

    Why: two checks that disagree on protocol, port or path mean that one of them asks for what the application does not
    serve.
    Fix: use the port that the container opens and the same path in `healthCheck` and `health_check`, and as `protocol`
    what the container speaks.
    """
    task = task_of(service, estate) if service["task_definition"] is not None else None
    if task is None:
        not_applicable("its task definition is not part of this stack")
        return
    asked = _ask_of_each(service["load_balancer"] or (), lambda balancer: _compare_health(balancer, task, estate))
    if not any(asked):
        not_applicable("no container of it checks its own health by HTTP behind a load balancer")


def _compare_health(balancer: Mapping[str, Any], task: Resource, estate: Estate) -> int:
    definition = container(task, balancer.get("container_name"))
    url = _health_url(definition) if definition is not None else None
    group = estate.find(balancer.get("target_group_arn"), "aws_lb_target_group", "aws_alb_target_group")
    if definition is None or url is None or group is None or group.data:
        return 0
    opened = ports(definition)
    port = int(url["port"] or (443 if url[0].startswith("https") else 80))
    name = definition.get("name")
    assert not opened or port in opened, (
        f"container {name} checks its port {port}; it opens {', '.join(map(str, opened))}"
    )
    spoken, own_scheme = group.peek("protocol"), url[0].partition(":")[0].upper()
    assert spoken not in ("HTTP", "HTTPS") or port != balancer.get("container_port") or spoken == own_scheme, (
        f"container {name} answers its own check by {own_scheme}, {group.address} speaks {spoken}"
    )
    own = url["path"] or "/"
    path = group.block("health_check").get("path") or "/"
    if isinstance(path, (Unknown, Reference, Template)):
        raise path.undecidable()
    same = own in ("/", path)
    assert same, f"container {name} checks {own}, {group.address} checks {path}"
    return 1


def _health_url(definition: Mapping[str, Any]) -> "re.Match[str] | None":
    """The URL on itself that a container's health check asks for, None where it has none."""
    check: Value = definition.get("healthCheck")
    if isinstance(check, (Unknown, Reference, Template)):
        raise check.undecidable()
    command: Value = (check or {}).get("command") or ()
    if isinstance(command, (Unknown, Reference, Template)):
        raise command.undecidable()
    for part in [command] if isinstance(command, str) else command:
        if isinstance(part, (Unknown, Reference, Template)):
            raise part.undecidable()
    return _URL.search(command if isinstance(command, str) else " ".join(map(str, command)))


@control("ecs.launch-type-fits", on=_SERVICE, severity="high", refs=["REQ REF-5"])
def launch_type_fits(service: Resource, estate: Estate) -> None:
    """A service has a task definition, and launches it where it is made for.

    Why: a definition that was not validated for Fargate is refused there at the latest, and one for Fargate finds no
    instance on EC2: no task starts.
    Fix: `launch_type = "FARGATE"` or a capacity provider, and `requires_compatibilities = ["FARGATE"]`.
    """
    if (service.block("deployment_controller").get("type") or "ECS") == "EXTERNAL":
        not_applicable("its tasks are the business of task sets")
    assert not left_out(service, "task_definition"), "it has no task definition"
    task = known_task_of(service, estate)
    made_for = task["requires_compatibilities"] or ()
    silent = left_out(service, "launch_type", "capacity_provider_strategy")
    cluster = cluster_of(service, estate)
    if silent and (cluster is None or cluster.data):
        raise Undecidable("it names no launch type, and the default of its cluster is not part of this stack")
    for kind in map(str, launchers(service, estate)):
        on_fargate = kind.startswith("FARGATE")
        fits = "FARGATE" in made_for if on_fargate else not made_for or set(made_for) != {"FARGATE"}
        where = "EC2, as neither it nor its cluster says otherwise" if silent and not on_fargate else kind
        wanted = ", ".join(made_for) or "none"
        assert fits, f"it launches on {where}, and {task.address} has requires_compatibilities {wanted}"
        by_provider = not left_out(service, "capacity_provider_strategy") and estate.origin != "observed"
        if by_provider and cluster is not None:
            offered = providers_of(cluster, estate)
            assert kind in offered, f"it launches on {kind}, and {cluster.address} has {', '.join(offered) or 'none'}"


@control("ecs.spot-not-alone", on=_SERVICE, severity="medium", refs=["REQ REF-5", "REQ REF-15"])
def spot_is_not_alone(service: Resource, estate: Estate, policy: Policy) -> None:
    """Where more than one task is demanded, some of them are on capacity that AWS does not take back.

    Why: Fargate Spot ends tasks at two minutes' notice, all of them where capacity is short.
    Fix: a `capacity_provider_strategy` for `FARGATE` with a `base` of at least one task, beside that for spot.
    """
    if policy.min_tasks < 2:
        not_applicable("one task is enough here, and may be interrupted")
    if left_out(service, "launch_type", "capacity_provider_strategy") and cluster_of(service, estate) is None:
        raise Undecidable("it names no launch type, and the default of its cluster is not part of this stack")
    kinds = [show(kind) for kind in launchers(service, estate)]
    if not left_out(service, "capacity_provider_strategy"):
        used = [item for item in service["capacity_provider_strategy"] if item.get("base") or item.get("weight")]
        kinds = [show(item.get("capacity_provider")) for item in used]
    if "FARGATE_SPOT" not in kinds:
        not_applicable("it does not run on Fargate Spot")
    assert set(kinds) != {"FARGATE_SPOT"}, "all of its tasks run on Fargate Spot, which may be taken back at any time"


_LONGEST_GRACE = 600
"""Seconds that a deployment is waited for, as ``aws ecs wait services-stable`` does."""


@control("ecs.health-grace-period", on=_SERVICE, severity="medium", refs=["REQ REF-5", "REQ LIV-5"])
def grace_period_fits(service: Resource, estate: Estate) -> None:
    """The load balancer leaves a new task the time that its container is given to start, and not for ever.

    Why: too short, and tasks are stopped while they start, again and again; too long, and a broken version is noticed
    only after the deployment is given up on.
    Fix: set `health_check_grace_period_seconds` to the container's `startPeriod` or somewhat more; leave it out where
    there is no load balancer.
    """
    balancers = service["load_balancer"]
    grace = int(service["health_check_grace_period_seconds"] or 0)
    if not balancers:
        alone = grace and not service["vpc_lattice_configurations"]
        assert not alone, f"ECS refuses its grace period of {grace} s: it is not behind a load balancer"
        not_applicable("it is not behind a load balancer")
    assert grace < _LONGEST_GRACE, (
        f"a broken task is kept for {grace} s; a deployment is given up on after {_LONGEST_GRACE}"
    )
    task = known_task_of(service, estate)
    _ask_of_each(balancers, lambda balancer: _compare_start(balancer, grace, task, estate))


def _compare_start(balancer: Mapping[str, Any], grace: int, task: Resource, estate: Estate) -> None:
    definition = container(task, balancer.get("container_name"))
    check = definition.get("healthCheck") if definition is not None else None
    group = estate.find(balancer.get("target_group_arn"), "aws_lb_target_group", "aws_alb_target_group")
    if not isinstance(check, Mapping) or group is None or group.data:
        return
    start, health = check.get("startPeriod") or 0, group.block("health_check")
    interval, times = health.get("interval") or 30, health.get("unhealthy_threshold") or 3
    for value in (start, interval, times):
        if isinstance(value, (Unknown, Reference, Template)):
            raise value.undecidable()
    noticed = grace + int(interval) * int(times)
    assert noticed >= int(start), (
        f"the load balancer may have a task stopped after {noticed} s, its container is given {start} s to start"
    )
