"""Controls of ECS: clusters, task definitions, services and their scaling."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from skyworthy.behavior.images import meant, repository_of
from skyworthy.behavior.images import moves as image_moves
from skyworthy.behavior.permissions import role_may, scope_of
from skyworthy.behavior.plaintext import reason_secret
from skyworthy.behavior.secrets import (
    MANAGED_KEYS,
    Injection,
    ValueFrom,
    containers,
    environment,
    injections,
    is_managed_by_rds,
    keys_of,
    may_fetch,
    nearest_name,
    needs,
    secret_name,
    secret_of,
)
from skyworthy.behavior.stores import endpoint_problems, missing_hosts, store_of
from skyworthy.behavior.task_roles import EXEC_ACTIONS, assumable_by_tasks, log_options, role_of, start_needs
from skyworthy.behavior.tasks import (
    container,
    fewest_tasks,
    launchers,
    network_mode,
    ports,
    runs_on_fargate,
    scales,
    services_of,
    setting_problems,
    shape_problems,
    size,
    size_problem,
    task_of,
)
from skyworthy.config import Policy
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, show

_TASK = "aws_ecs_task_definition"
_SERVICE = "aws_ecs_service"


@control(
    "ecs.secret-value-from-resolves",
    on=_TASK,
    severity="critical",
    refs=["REQ SEC-2", "REQ REF-5"],
    aliases=("ecs.secret-valuefrom-resolves",),
)
def secret_value_from_resolves(task: Resource, estate: Estate) -> None:
    """Every injected secret exists and holds the key that is asked of it.

    Why: a container whose valueFrom names a missing secret or key does not start; the deployment hangs and rolls back.
    Fix: correct the key or ARN in `valueFrom`, or add the key to the secret's JSON.
    """
    findings = Findings()
    for injection in injections(task):
        with findings.question():
            try:
                source = injection.source
            except ValueError as malformed:
                findings.add(f"{injection.label}: {malformed}")
                continue
            _resolve(injection, source, estate)
    findings.conclude()


def _resolve(injection: Injection, source: ValueFrom, estate: Estate) -> None:
    if source.store == "ssm":
        if estate.find(source.identifier, "aws_ssm_parameter") is None:
            raise Undecidable(f"{injection.label}: the parameter {source.identifier} is not part of this stack")
        return
    if is_managed_by_rds(source):
        wrong = source.json_key and source.json_key not in MANAGED_KEYS
        assert not wrong, (
            f"{injection.label}: a master user's secret has no key {source.json_key}; it has password, username"
        )
        return
    secret = secret_of(source, estate)
    if secret is None:
        meant = nearest_name(source, estate)
        assert not meant, f"{injection.label}: there is no secret {secret_name(source)}; {meant} is declared"
        raise Undecidable(f"{injection.label}: the secret {secret_name(source)} is not part of this stack")
    if not source.json_key:
        return
    keys = keys_of(secret, estate, source.version_stage)
    label = f"{injection.label}: secret {show(secret.peek('name')) if secret.peek('name') else secret.address}"
    assert keys is not None, f"{label} is a plain text and has no key {source.json_key}"
    there = ", ".join(sorted(keys)) or "none"
    assert source.json_key in keys, f"{label} has no key {source.json_key}; it has {there}"


@control(
    "ecs.no-plaintext-secrets",
    on=_TASK,
    severity="high",
    refs=["REQ SEC-2", "FSBP ECS.8"],
    aliases=("ecs.task-no-plaintext-secrets",),
)
def no_plaintext_secrets(task: Resource, estate: Estate) -> None:
    """Nothing secret stands in the plain environment of a container.

    Why: whoever may describe a task definition reads its environment, and every old revision keeps it.
    Fix: put the value into the secret and inject it under `secrets` with `valueFrom`.
    """
    findings = Findings()
    for definition in containers(task):
        with findings.question():
            for name, value in environment(definition).items():
                reason = reason_secret(name, value, estate)
                if reason:
                    findings.add(f"{name} of container {definition.get('name')} is in plain text: {reason}")
    findings.conclude()


@control("ecs.environment-endpoints-right", on=_TASK, severity="high", refs=["REQ NET-1", "REQ REF-5"])
def environment_endpoints_are_right(task: Resource, estate: Estate) -> None:
    """Hosts and ports in the environment are those of the database and cache that their names mean.

    Why: a database variable that names the cache, or a port that nobody listens on, comes out at the first request.
    Fix: take host and port from the same resource.
    """
    findings = Findings()
    judged = 0
    for definition in containers(task):
        with findings.question():
            variables = environment(definition)
            judged += sum(1 for value in variables.values() if store_of(value, estate) is not None)
            missing = [] if definition.get("environmentFiles") else list(_missing_hosts(definition, task, estate))
            for problem in (*endpoint_problems(variables, estate), *missing):
                findings.add(f"container {definition.get('name')}: {problem}")
    findings.conclude()
    if not judged:
        not_applicable("its environment names no database or cache of the stack")


def _missing_hosts(definition: Mapping[str, Any], task: Resource, estate: Estate) -> Iterator[str]:
    variables = environment(definition)
    names = {item.name for item in injections(task) if item.container == definition.get("name")}
    for value in variables.values():
        secret = estate.find(value, "aws_secretsmanager_secret") if isinstance(value, (str, Reference)) else None
        if secret is not None:  # the application reads it itself
            try:
                names |= keys_of(secret, estate) or frozenset()
            except Undecidable:
                return
    yield from missing_hosts(variables, names, estate)


@control("ecs.environment-names-unique", on=_TASK, severity="high", refs=["REQ SEC-2"])
def environment_names_are_unique(task: Resource) -> None:
    """No variable is both plain and injected, and none is given twice.

    Why: ECS refuses a name under both `environment` and `secrets`; of two equal names one wins silently.
    Fix: keep each name once; secrets under `secrets`.
    """
    findings = Findings()
    for definition in containers(task):
        with findings.question():
            for name in _doubles(definition):
                findings.add(f"{name} of container {definition.get('name')} is given more than once")
    findings.conclude()


def _doubles(definition: Mapping[str, Any]) -> list[str]:
    names: list[str] = []
    for field in ("environment", "secrets"):
        value = definition.get(field)
        if isinstance(value, (Unknown, Reference, Template)):
            raise value.undecidable()
        names += [str(item.get("name")) for item in value or () if isinstance(item, Mapping)]
    return sorted({name for name in names if names.count(name) > 1})


@control(
    "ecs.execution-role-can-read-secrets",
    on=_TASK,
    severity="critical",
    refs=["REQ SEC-3"],
    aliases=("ecs.exec-role-can-read-secret",),
)
def execution_role_can_read_secrets(task: Resource, estate: Estate) -> None:
    """The execution role may read every injected secret and decrypt with its key.

    Why: without the permission no task starts; ECS reports ResourceInitializationError.
    Fix: allow `secretsmanager:GetSecretValue` on the secret and `kms:Decrypt` on its key to the execution role.
    """
    injected = injections(task)
    if not injected:
        not_applicable("it injects no secret")
    role = role_of(task, "execution_role_arn", estate)
    assert role is not None, "it injects secrets and has no execution role"
    findings = Findings()
    for injection in injected:
        with findings.question():
            try:
                source = injection.source
            except ValueError:
                continue  # ecs.secret-value-from-resolves tells it
            for need in needs(source, estate):
                with findings.question():
                    decision = may_fetch(role, need, estate)
                    assert decision, f"{role.address} may not {need.action} on {need.target}: {decision.reason}"
    findings.conclude()


@control("ecs.execution-role-can-start-tasks", on=_TASK, severity="high", refs=["REQ REF-3"])
def execution_role_can_start_tasks(task: Resource, estate: Estate) -> None:
    """On Fargate, the execution role may pull the images from ECR and write to the log groups.

    Why: without the permission no task starts, and the reason stands only in the stopped task.
    Fix: attach AmazonECSTaskExecutionRolePolicy, or allow the same on the repositories and log groups.
    """
    if not runs_on_fargate(task, estate):
        not_applicable("it is not for Fargate: its host pulls images and writes logs")
    needed = list(start_needs(task, estate))
    if not needed:
        not_applicable("it uses neither ECR nor CloudWatch Logs")
    role = role_of(task, "execution_role_arn", estate)
    assert role is not None, "it needs an execution role for ECR or CloudWatch Logs and has none"
    findings = Findings()
    for need in needed:
        with findings.question():
            decision = may_fetch(role, need, estate)
            assert decision, f"{role.address} may not {need.action} on {need.target}: {decision.reason}"
    findings.conclude()


@control("ecs.roles-trust-ecs-tasks", on=_TASK, severity="high", refs=["REQ REF-3", "REQ IAM-1"])
def roles_trust_ecs_tasks(task: Resource, estate: Estate) -> None:
    """ECS may assume the roles of its tasks.

    Why: a role that does not trust ecs-tasks.amazonaws.com cannot be given to a task, and no task starts.
    Fix: allow `sts:AssumeRole` to the service `ecs-tasks.amazonaws.com` in the trust policy.
    """
    findings = Findings()
    for attribute in ("execution_role_arn", "task_role_arn"):
        with findings.question():
            role = role_of(task, attribute, estate)
            if role is not None and not role.data:
                trusted = assumable_by_tasks(role, estate)
                assert trusted, f"{role.address} does not trust ecs-tasks.amazonaws.com"
    findings.conclude()


@control(
    "ecs.task-and-execution-role-differ",
    on=_TASK,
    severity="medium",
    refs=["REQ IAM-1", "CKV_AWS_249"],
    aliases=("ecs.exec-role-differs-from-task-role",),
)
def task_and_execution_role_differ(task: Resource, estate: Estate) -> None:
    """Task role and execution role are different roles.

    Why: the application would be able to do what only the agent needs, such as reading every injected secret.
    Fix: give the task a role of its own in `task_role_arn`.
    """
    task_role, execution_role = task["task_role_arn"], task["execution_role_arn"]
    if not task_role or not execution_role:
        not_applicable("it does not have both roles")
    one, other = estate.find(task_role, "aws_iam_role"), estate.find(execution_role, "aws_iam_role")
    same = one is other if one is not None and other is not None else task_role == execution_role
    assert not same, f"both are {show(task_role) if one is None else one.address}"


@control("ecs.fargate-size-valid", on=_TASK, severity="high", refs=["REQ REF-5"])
def fargate_size_is_valid(task: Resource, estate: Estate) -> None:
    """CPU and memory of a Fargate task are a pair that exists, and the containers fit in.

    Why: AWS refuses any other pair when the task definition is registered.
    Fix: choose a pair from the table of Fargate task sizes.
    """
    if not runs_on_fargate(task, estate):
        not_applicable("it is not for Fargate")
    cpu, memory = task["cpu"], task["memory"]
    problem = size_problem(cpu, memory)
    assert not problem, problem
    for name, limit, unit in (("cpu", size(cpu), "units"), ("memory", size(memory), "MiB")):
        asked = sum(_reserved(definition, name) for definition in containers(task))
        assert limit is None or asked <= limit, f"the containers ask for {asked} {unit} of {name}, the task has {limit}"


def _reserved(definition: Mapping[str, Any], name: str) -> int:
    """What a container reserves: its CPU; of memory the reservation, else nothing, for limits may overlap."""
    value = definition.get("memoryReservation" if name == "memory" else "cpu")
    return 0 if value is None else size(value) or 0


@control("ecs.fargate-network", on=_TASK, severity="high", refs=["REQ REF-5"])
def fargate_tasks_have_a_network(task: Resource, estate: Estate) -> None:
    """Fargate tasks have network interfaces of their own, and their services say in which subnets.

    Why: AWS refuses any other network mode on Fargate, and a service without subnets.
    Fix: set `network_mode = "awsvpc"`, and `network_configuration` in the service.
    """
    if not runs_on_fargate(task, estate):
        not_applicable("it is not for Fargate")
    mode = network_mode(task)
    assert mode == "awsvpc", f"network_mode is {mode}, Fargate needs awsvpc"
    findings = Findings()
    for service in services_of(task, estate):
        with findings.question():
            assert service["network_configuration"], f"{service.address} has no network_configuration"
    findings.conclude()


@control("ecs.container-settings-valid", on=_TASK, severity="high", refs=["REQ REF-5"])
def container_settings_are_valid(task: Resource, estate: Estate) -> None:
    """Health check, stop timeout, ports, mounts and log driver of containers are within what ECS takes.

    Why: AWS refuses the task definition, or the container never becomes healthy.
    Fix: keep to what the message names.
    """
    findings = Findings()
    definitions = containers(task)
    with findings.question():
        essential = any(item.get("essential", True) for item in definitions)
        assert essential or not definitions, "no container is essential"
    fargate, shared = runs_on_fargate(task, estate), network_mode(task) == "awsvpc"
    for definition in definitions:
        with findings.question():
            for problem in setting_problems(definition, fargate=fargate, own_interface=shared):
                findings.add(f"container {definition.get('name')}: {problem}")
        with findings.question():
            for problem in shape_problems(definition, task, fargate=fargate):
                findings.add(f"container {definition.get('name')}: {problem}")
    findings.conclude()


@control(
    "ecs.logging-configured",
    on=_TASK,
    severity="high",
    refs=["REQ REF-5", "FSBP ECS.9"],
    aliases=("ecs.task-logging-configured",),
)
def logging_is_configured(task: Resource, estate: Estate) -> None:
    """Every container sends its logs somewhere.

    Why: what a container on Fargate prints is gone with it.
    Fix: set `logConfiguration` with the `awslogs` driver, its group, region and stream prefix.
    """
    findings = Findings()
    fargate = runs_on_fargate(task, estate)
    for definition in containers(task):
        with findings.question():
            problem = _log_problem(definition, fargate)
            assert not problem, f"container {definition.get('name')} {problem}"
    findings.conclude()


def _log_problem(definition: Mapping[str, Any], fargate: bool) -> str:
    configuration = definition.get("logConfiguration")
    if not configuration:
        return "" if definition.get("firelensConfiguration") else "has no logConfiguration"
    options = log_options(definition)
    if options is None:
        return "discards its logs (log driver none)" if configuration.get("logDriver") == "none" else ""
    wanted = ("awslogs-group", "awslogs-region", *(("awslogs-stream-prefix",) if fargate else ()))
    missing = [name for name in wanted if options.get(name) is None]
    return f"has a log driver without {', '.join(missing)}" if missing else ""


@control("ecs.log-group-exists", on=_TASK, severity="high", refs=["REQ REF-5"])
def log_group_exists(task: Resource, estate: Estate) -> None:
    """The log group of every container exists.

    Why: a task whose log group is missing does not start.
    Fix: refer to the name of a declared `aws_cloudwatch_log_group`, or set `awslogs-create-group`.
    """
    findings = Findings()
    for definition in containers(task):
        with findings.question():
            options = log_options(definition) or {}
            group = options.get("awslogs-group")
            if group is None or str(options.get("awslogs-create-group")).lower() == "true":
                continue
            found = estate.find(group, "aws_cloudwatch_log_group")
            assert found is not None, f"container {definition.get('name')} logs to {show(group)}, which is not declared"
            region, here = options.get("awslogs-region"), scope_of(estate).region
            if isinstance(region, str) and here and not found.data:
                wrong = f"container {definition.get('name')} logs to region {region}, {found.address} is in {here}"
                assert region == here, wrong
    findings.conclude()


@control(
    "ecs.non-privileged",
    on=_TASK,
    severity="high",
    refs=["REQ REF-5", "FSBP ECS.4", "FSBP ECS.3", "CKV_AWS_334", "CKV_AWS_335"],
    aliases=("ecs.task-non-privileged", "ecs.task-no-host-pid"),
)
def containers_are_not_privileged(task: Resource) -> None:
    """No container is privileged or shares the processes of its host.

    Why: such a container owns the machine on which it runs, and all other tasks there.
    Fix: remove `privileged`, added capabilities such as SYS_ADMIN, and `pid_mode = "host"`.
    """
    findings = Findings()
    with findings.question():
        assert task["pid_mode"] != "host", "it shares the processes of its host (pid_mode host)"
    for definition in containers(task):
        with findings.question():
            assert not definition.get("privileged"), f"container {definition.get('name')} is privileged"
            added = ((definition.get("linuxParameters") or {}).get("capabilities") or {}).get("add") or ()
            strong = sorted(set(added) & {"ALL", "SYS_ADMIN", "SYS_MODULE", "NET_ADMIN"})
            assert not strong, f"container {definition.get('name')} adds {', '.join(strong)}"
    findings.conclude()


@control(
    "ecs.readonly-root-filesystem",
    on=_TASK,
    severity="low",
    refs=["REQ REF-5", "FSBP ECS.5", "CKV_AWS_336"],
    aliases=("ecs.task-readonly-rootfs",),
)
def root_filesystem_is_read_only(task: Resource, estate: Estate) -> None:
    """No root file system is writable in a stack that keeps them read-only.

    Why: who breaks into a container cannot leave programs or change the application, unless one was forgotten.
    Fix: set `readonlyRootFilesystem = true` and mount a volume where the application writes.
    """
    if (task["runtime_platform"] or [{}])[0].get("operating_system_family", "LINUX") != "LINUX":
        not_applicable("Windows containers cannot have one")
    findings = Findings()
    judged = False
    for definition in containers(task):
        with findings.question():
            readonly = definition.get("readonlyRootFilesystem")
            if readonly is None and not _keeps_read_only(estate):
                continue
            judged = True
            assert readonly, f"container {definition.get('name')} can write to its root file system"
    findings.conclude()
    if not judged:
        not_applicable("no container of the stack has a read-only root file system")


def _keeps_read_only(estate: Estate) -> bool:
    """Whether any container of the estate has a read-only root file system."""
    for task in estate.of(_TASK):
        definitions = task.peek("container_definitions")
        if isinstance(definitions, (list, tuple)) and any(_is_read_only(item) for item in definitions):
            return True
    return False


def _is_read_only(definition: Value) -> bool:
    return isinstance(definition, Mapping) and definition.get("readonlyRootFilesystem") is True


@control("ecs.non-root-user", on=_TASK, severity="medium", refs=["REQ REF-5", "FSBP ECS.20"])
def containers_do_not_run_as_root(task: Resource) -> None:
    """No container is told to run as root.

    Why: a flaw in the application hands over everything in the container.
    Fix: set `user` to a user id above 0 that the image knows.
    """
    findings = Findings()
    named = [item for item in containers(task) if item.get("user") is not None]
    if not named:
        not_applicable("no container sets a user: the image decides")
    for definition in named:
        with findings.question():
            user = definition["user"]
            if isinstance(user, (Unknown, Reference, Template)):
                raise user.undecidable()
            name = str(user).partition(":")[0]
            assert name not in ("root", "0"), f"container {definition.get('name')} runs as {user}"
    findings.conclude()


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


@control("ecs.min-tasks", on=_SERVICE, severity="high", refs=["REQ REF-14", "REQ REF-15"])
def enough_tasks_run(service: Resource, estate: Estate, policy: Policy) -> None:
    """A service runs at least as many tasks as its environment demands.

    Why: with fewer, the loss of one task or zone is an outage.
    Fix: raise `min_capacity` of the scalable target, or `desired_count` where nothing scales the service.
    """
    if service["scheduling_strategy"] == "DAEMON":
        not_applicable("it runs one task on each instance")
    tasks, source = fewest_tasks(service, estate)
    assert tasks >= policy.min_tasks, f"{source} is {tasks}, at least {policy.min_tasks} demanded"


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


@control("ecs.exec-usable", on=_SERVICE, severity="medium", refs=["REQ REF-5"])
def exec_sessions_open(service: Resource, estate: Estate) -> None:
    """Where ECS Exec is enabled, the task role may open its sessions.

    Why: the flag alone opens no session; that comes out when somebody needs one.
    Fix: allow the four `ssmmessages:` channel actions to the task role.
    """
    if not service["enable_execute_command"]:
        not_applicable("ECS Exec is not enabled")
    task = task_of(service, estate)
    if task is None:
        raise Undecidable(f"its task definition {show(service.peek('task_definition'))} is not part of this stack")
    role = role_of(task, "task_role_arn", estate)
    assert role is not None, f"ECS Exec is enabled and {task.address} has no task role"
    findings = Findings()
    for action in EXEC_ACTIONS:
        with findings.question():
            decision = role_may(role, action, "*", estate)
            assert decision, f"{role.address} may not {action}: {decision.reason}"
    findings.conclude()


@control("ecs.autoscaling-bounds", on="aws_appautoscaling_target", severity="high", refs=["REQ REF-5", "REQ REF-15"])
def scaling_bounds_make_sense(target: Resource, estate: Estate, policy: Policy) -> None:
    """A service scales between bounds that make sense, and something scales it.

    Why: bounds the wrong way round are refused or never scale; a target without a policy stays where it is.
    Fix: set `min_capacity` to what the environment demands, `max_capacity` above it, and add a scaling policy.
    """
    if target["service_namespace"] != "ecs":
        not_applicable("it does not scale an ECS service")
    findings = Findings()
    with findings.question():
        low, high = int(target["min_capacity"]), int(target["max_capacity"])
        assert low <= high, f"min_capacity {low} is above max_capacity {high}"
        assert low >= policy.min_tasks, f"min_capacity is {low}, at least {policy.min_tasks} demanded"
    with findings.question():
        assert _is_scaled(target, estate), "no scaling policy or schedule moves it"
    with findings.question():
        services = estate.of(_SERVICE)
        known = not services or any(scales(target, service, estate) for service in services)
        assert known, f"it scales no service of the stack: resource_id is {show(target.peek('resource_id'))}"
    findings.conclude()


def _is_scaled(target: Resource, estate: Estate) -> bool:
    movers = (*estate.of("aws_appautoscaling_policy"), *estate.of("aws_appautoscaling_scheduled_action"))
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
    named = mover["resource_id"]
    if isinstance(named, Reference) and named.address == target.address:
        return True
    return bool(named == target["resource_id"])


@control("ecs.autoscaling-policy-effective", on="aws_appautoscaling_policy", severity="medium", refs=["REQ REF-5"])
def scaling_policy_is_effective(scaling: Resource, estate: Estate) -> None:
    """A scaling policy moves a target, and aims at a utilization that can be reached and left.

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
    tracking = scaling.block("target_tracking_scaling_policy_configuration")
    if not tracking:
        return
    metric = (tracking.get("predefined_metric_specification") or [{}])[0].get("predefined_metric_type")
    if metric not in ("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"):
        return
    value: Value = tracking.get("target_value")
    if isinstance(value, Unknown):
        raise value.undecidable()
    assert 0 < float(value) < 100, f"target_value is {value} % of {metric}"


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
    task = task_of(service, estate)
    if task is None:
        raise Undecidable(f"its task definition {show(service.peek('task_definition'))} is not part of this stack")
    findings = Findings()
    for balancer in balancers:
        with findings.question():
            if isinstance(balancer, Unknown):
                raise balancer.undecidable()
            _check_balancer(balancer, task, estate)
    findings.conclude()


def _check_balancer(balancer: Mapping[str, Any], task: Resource, estate: Estate) -> None:
    name, port = balancer.get("container_name"), balancer.get("container_port")
    for value in (name, port):
        if isinstance(value, (Unknown, Reference, Template)):
            raise value.undecidable()
    definition = container(task, name)
    assert definition is not None, f"{task.address} has no container {name}"
    opened = ports(definition)
    assert port in opened, (
        f"container {name} does not open port {port}; it opens {', '.join(map(str, opened)) or 'none'}"
    )
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

    Why: two checks that disagree on port or path mean that one of them asks for what the application does not serve.
    Fix: use the port that the container opens and the same path in `healthCheck` and `health_check`.
    """
    task = task_of(service, estate) if service["task_definition"] is not None else None
    if task is None:
        not_applicable("its task definition is not part of this stack")
        return
    findings = Findings()
    asked = 0
    for balancer in service["load_balancer"] or ():
        with findings.question():
            if isinstance(balancer, Unknown):
                raise balancer.undecidable()
            asked += _compare_health(balancer, task, estate)
    findings.conclude()
    if not asked:
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


@control("ecs.image-tag-fixed", on=_TASK, severity="medium", refs=["REQ REF-5", "REQ SMO-5"])
def image_tags_are_fixed(task: Resource, estate: Estate) -> None:
    """Every container runs an image with a fixed tag or digest.

    Why: behind `latest` another image may stand at the next start of a task, and there is nothing to roll back to.
    Fix: give the image a version's tag, or a digest.
    """
    if _is_placeholder(task, estate):
        not_applicable("its services get their task definition elsewhere: ignore_changes lists task_definition")
    findings = Findings()
    for definition in containers(task):
        with findings.question():
            reason = image_moves(definition.get("image")) if definition.get("image") is not None else ""
            assert not reason, f"container {definition.get('name')} runs {show(definition.get('image'))}: {reason}"
    findings.conclude()


def _is_placeholder(task: Resource, estate: Estate) -> bool:
    """Whether deployments outside Terraform replace a task definition in every service that starts with it."""
    ignored = [item.lifecycle.get("ignore_changes") or () for item in services_of(task, estate)]
    return bool(ignored) and all(
        not isinstance(names, Unknown) and (names == "all" or "task_definition" in names or "all" in names)
        for names in ignored
    )


@control(
    "ecs.image-from-known-repository", on=_TASK, severity="high", refs=["REQ REF-5", "REQ REF-11"], lenses=("declared",)
)
def images_come_from_known_repositories(task: Resource, estate: Estate) -> None:
    """Images from ECR come from repositories that exist.

    Why: a task whose image cannot be pulled does not start, and the deployment hangs until it is rolled back.
    Fix: build the image's name from `repository_url` of the `aws_ecr_repository`.
    """
    findings = Findings()
    judged = 0
    for definition in containers(task):
        with findings.question():
            repository = repository_of(definition.get("image"), estate) if definition.get("image") else None
            if repository is None:
                continue
            judged += 1
            if isinstance(repository, str):
                other = meant(repository, estate)
                label = f"container {definition.get('name')}"
                assert other is None, (
                    f"{label}: there is no repository {repository}; {other.address} has the name {other['name']}"
                )
                raise Undecidable(f"{label}: the repository {repository} is not part of this stack")
    findings.conclude()
    if not judged:
        not_applicable("none of its images comes from ECR")
