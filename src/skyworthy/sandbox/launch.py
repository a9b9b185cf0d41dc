"""Starts the services of a cluster as the ECS agent would, with local processes in the place of containers.

The account says everything: services and task definitions, secrets, target groups, database and cache. What a local
world needs differently is a substitution, and every substitution stands in the result by name:

- the image's command is a stand-in command;
- endpoints of RDS and ElastiCache are local servers (``endpoints.py``);
- the container listens on a port that the system allots, told in the stand-in's port variable;
- ``PATH``, and what points AWS clients at the sandbox with the credentials of the task role: see :func:`_added`.

A process gets its container's declared environment, these, and nothing else. One task is started for each service.
"""

import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from skyworthy.errors import BadInput
from skyworthy.sandbox import servers
from skyworthy.sandbox.agent import Task, read_tasks, resolved
from skyworthy.sandbox.containers import LOOPBACK, Process, StartError, free_port, own_directory
from skyworthy.sandbox.endpoints import Endpoint, Replacement, Substitution, endpoints, mentioned, substitute
from skyworthy.sandbox.injection import ClientFactory, MayRead
from skyworthy.sandbox.launched import Launched, LaunchedContainer, LaunchedServer, LaunchedService, Running
from skyworthy.sandbox.targets import await_healthy

DEADLINE = 30.0
"""Seconds in which a container must become healthy."""


@dataclass(frozen=True)
class StandIn:
    """What runs in the place of an image.

    Args:
        command: program and arguments; ``{python}`` is this interpreter.
        cwd: working directory.
        environment: variables that it needs here and that override the declared ones, such as TLS switched off.
        port_variable: the variable in which it is told the port to listen on.
    """

    command: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    port_variable: str = "PORT"


def launch_stack(
    client: ClientFactory,
    cluster: str,
    stand_ins: Mapping[str, StandIn],
    may_read: MayRead,
    *,
    postgres_password: str = "POSTGRES_PASSWORD",  # noqa: S107 - the name of a variable
    redis_password: str = "REDIS_AUTH_TOKEN",  # noqa: S107
    deadline: float = DEADLINE,
) -> Launched:
    """Start local servers for the databases and caches that a cluster's containers name, and then its services.

    Args:
        client: makes boto3 clients of the account.
        cluster: name of the cluster.
        stand_ins: by container name, or by image repository (the image without its tag or digest).
        may_read: decides what an execution role may do: see MayRead.
        postgres_password: the variable that holds the master user's password.
        redis_password: the variable that holds the AUTH token; a cache whose containers have none gets no password.
        deadline: seconds in which a container must become healthy.

    Returns:
        What was launched, stopped by its :meth:`~Launched.stop`; look at ``problems``. A task that does not start is
        part of the result, with ECS's reason.

    Raises:
        BadInput: there is no such cluster, it has no services, or a local server cannot be started.
    """
    start = time.monotonic()
    client = _cached(client)
    tasks = [resolved(task) for task in read_tasks(client, cluster, may_read)]
    passwords = {"postgres": postgres_password, "redis": redis_password}
    with ExitStack() as stack:
        started = _start_servers(_wanted_servers(endpoints(client), tasks, passwords), stack)
        replacements = [replacement for replacement, _ in started]
        launched = _launch(cluster, tasks, stand_ins, replacements, deadline, stack)
        return replace(
            launched,
            servers=tuple(_launched_server(*pair) for pair in started),
            seconds=time.monotonic() - start,
            _cleanup=stack.pop_all(),
        )


def launch(
    client: ClientFactory,
    cluster: str,
    stand_ins: Mapping[str, StandIn],
    may_read: MayRead,
    *,
    replacements: Iterable[Replacement] = (),
    deadline: float = DEADLINE,
) -> Launched:
    """Start the services of a cluster.

    Args:
        client: see :func:`launch_stack`.
        cluster: see :func:`launch_stack`.
        stand_ins: see :func:`launch_stack`.
        may_read: see :func:`launch_stack`.
        replacements: local servers in the place of databases and caches.
        deadline: seconds in which a container must become healthy.

    Returns:
        See :func:`launch_stack`.

    Raises:
        BadInput: there is no such cluster, or it has no services.
    """
    start = time.monotonic()
    tasks = [resolved(task) for task in read_tasks(_cached(client), cluster, may_read)]
    with ExitStack() as stack:
        launched = _launch(cluster, tasks, stand_ins, list(replacements), deadline, stack)
        return replace(launched, seconds=time.monotonic() - start, _cleanup=stack.pop_all())


def _cached(client: ClientFactory) -> ClientFactory:
    """One client a service: making them is slow, and not safe in several threads at once."""
    clients: dict[str, Any] = {}
    lock = threading.Lock()

    def cached(service: str) -> Any:
        with lock:
            if service not in clients:
                clients[service] = client(service)
            return clients[service]

    return cached


def _wanted_servers(
    found: Sequence[Endpoint], tasks: Sequence[Task], passwords: Mapping[str, str]
) -> list[tuple[Endpoint, str | None]]:
    """The endpoints that containers name, each with the password that these containers use."""
    environments = [
        {**injected.plain, **injected.secret}
        for task in tasks
        if not task.failure
        for injected in task.injected.values()
    ]
    wanted: list[tuple[Endpoint, str | None]] = []
    for endpoint in found:
        users = [environment for environment in environments if mentioned(endpoint, environment.values())]
        if not users:
            continue
        variable = passwords[endpoint.engine]
        password = next((environment[variable] for environment in users if variable in environment), None)
        if password is None and endpoint.engine == "postgres":
            raise BadInput(
                f"containers name the database {endpoint.identifier}, but none of them has a variable {variable}; "
                "say which one holds its password"
            )
        wanted.append((endpoint, password))
    return wanted


def _start_servers(
    wanted: Sequence[tuple[Endpoint, str | None]], stack: ExitStack
) -> list[tuple[Replacement, servers.Server]]:
    """Start all servers at once; those that started are stopped with the stack, also if another one failed."""
    if not wanted:
        return []
    with ThreadPoolExecutor(len(wanted)) as pool:
        futures = [pool.submit(_start_server, endpoint, password) for endpoint, password in wanted]
    started = [stack.enter_context(future.result()) for future in futures if future.exception() is None]
    for future in futures:
        future.result()
    return [
        (Replacement(endpoint, server.host, server.port), server)
        for (endpoint, _), server in zip(wanted, started, strict=True)
    ]


def _start_server(endpoint: Endpoint, password: str | None) -> servers.Server:
    if endpoint.engine == "postgres":
        return servers.postgres(endpoint.database, endpoint.user, password or "")
    return servers.redis(password)


def _launched_server(replacement: Replacement, server: servers.Server) -> LaunchedServer:
    endpoint = replacement.endpoint
    return LaunchedServer(
        identifier=endpoint.identifier,
        engine=server.engine,
        declared_version=endpoint.version,
        version=server.version,
        host=server.host,
        port=server.port,
        pid=server.pid,
    )


def _launch(
    cluster: str,
    tasks: Sequence[Task],
    stand_ins: Mapping[str, StandIn],
    replacements: Sequence[Replacement],
    deadline: float,
    stack: ExitStack,
) -> Launched:
    """Start the containers of all tasks, then await the health of all at once."""
    running: dict[tuple[str, str], Running] = {}
    stack.callback(_stop_all, running)
    started = [_start_task(task, stand_ins, replacements, running) for task in tasks]
    services = _await_all(tasks, started, running, deadline)
    launched = Launched(cluster, services, _running=tuple(running.values()))
    launched.ship_logs()
    return launched


def _start_task(
    task: Task,
    stand_ins: Mapping[str, StandIn],
    replacements: Sequence[Replacement],
    running: dict[tuple[str, str], Running],
) -> LaunchedService:
    launched = {}
    for container in _in_order(task.containers):
        result = _not_to_start(task, container, stand_ins)
        if result is None:
            stand_in = _stand_in(container, stand_ins)
            assert stand_in is not None
            result = _start_container(task, container, stand_in, replacements, running)
        launched[container["name"]] = result
    return LaunchedService(
        name=task.service["serviceName"],
        task_definition=task.definition["taskDefinitionArn"],
        desired=task.service["desiredCount"],
        task_id=task.id,
        containers=tuple(launched[container["name"]] for container in task.containers),
    )


def _in_order(containers: Sequence[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """Containers after those that they depend on."""
    by_name = {container["name"]: container for container in containers}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for container in containers:
        sorter.add(container["name"], *(item["containerName"] for item in container.get("dependsOn", ())))
    return [by_name[name] for name in sorter.static_order()]


def _not_to_start(
    task: Task, container: Mapping[str, Any], stand_ins: Mapping[str, StandIn]
) -> LaunchedContainer | None:
    """The result for a container that is not started, or None."""
    result = LaunchedContainer(container["name"], container["image"], container.get("essential", True))
    if not task.service["desiredCount"]:
        return replace(result, state="left out", reason="the service wants no tasks")
    if task.failure:
        return replace(result, reason=task.failure)
    if _stand_in(container, stand_ins) is None:
        return replace(
            result, reason=f"no stand-in for the image {container['image']}: name one for {container['name']!r}"
        )
    return None


def _stand_in(container: Mapping[str, Any], stand_ins: Mapping[str, StandIn]) -> StandIn | None:
    image = container["image"].partition("@")[0]
    registry, slash, name = image.rpartition("/")
    repository = f"{registry}{slash}{name.partition(':')[0]}"
    return stand_ins.get(container["name"]) or stand_ins.get(repository)


def _start_container(
    task: Task,
    container: Mapping[str, Any],
    stand_in: StandIn,
    replacements: Sequence[Replacement],
    running: dict[tuple[str, str], Running],
) -> LaunchedContainer:
    result, environment = _set_up(task, container, stand_in, replacements)
    try:
        with own_directory(result.name) as directory:
            process = Process(
                [part.replace("{python}", sys.executable) for part in stand_in.command],
                environment=environment,
                cwd=stand_in.cwd,
                directory=directory,
            )
    except StartError as error:
        return replace(result, reason=f"CannotStartContainerError: {error}")
    running[task.id, result.name] = Running(process, task.streams[result.name])
    return replace(result, state="running", pid=process.pid)


def _set_up(
    task: Task, container: Mapping[str, Any], stand_in: StandIn, replacements: Sequence[Replacement]
) -> tuple[LaunchedContainer, dict[str, str]]:
    """The result for a container that is about to start, and the whole environment of its process."""
    name, injected = container["name"], task.injected[container["name"]]
    environment, substitutions, notes = substitute({**injected.plain, **injected.secret}, replacements)
    added = _added(task, container)
    main_port, ports = _ports(task, container)
    forced = dict(stand_in.environment)
    if main_port:
        forced[stand_in.port_variable] = str(ports[main_port])
    for variable in sorted(forced.keys() & environment.keys()):
        declared = "(secret)" if variable in injected.secret else environment[variable]
        substitutions.append(Substitution(variable, declared, forced[variable]))
    if len(ports) > 1:
        notes.append(f"only port {main_port} is served; the others are not told to the stand-in")
    result = LaunchedContainer(
        name,
        container["image"],
        container.get("essential", True),
        ports=ports,
        url=f"http://{LOOPBACK}:{ports[main_port]}" if main_port else "",
        environment=tuple(sorted(injected.plain)),
        secrets=tuple(sorted(injected.secret)),
        added=tuple(sorted((added.keys() | forced.keys()) - environment.keys())),
        substitutions=tuple(substitutions),
        notes=tuple(notes),
    )
    return result, {**added, **environment, **forced}


def _added(task: Task, container: Mapping[str, Any]) -> dict[str, str]:
    """What a container gets beside its definition, where that does not say otherwise.

    From ECS on Fargate: the region, AWS_EXECUTION_ENV and credentials of the task role. From this machine: PATH, and
    the endpoint of the account, without the look for an instance's metadata.
    """
    ecs = task.role.client("ecs")
    region = ecs.meta.region_name
    added = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_ENDPOINT_URL": ecs.meta.endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    role = task.definition.get("taskRoleArn")
    if role:
        session = f"{container['name']}-{task.id}"[:64]
        answer = task.role.client("sts").assume_role(RoleArn=role, RoleSessionName=session)
        added["AWS_ACCESS_KEY_ID"] = answer["Credentials"]["AccessKeyId"]
        added["AWS_SECRET_ACCESS_KEY"] = answer["Credentials"]["SecretAccessKey"]
        added["AWS_SESSION_TOKEN"] = answer["Credentials"]["SessionToken"]
    return added


def _ports(task: Task, container: Mapping[str, Any]) -> tuple[str, dict[str, int]]:
    """The container's main port (the load-balanced one, else the first; empty: none), and a local port for each."""
    declared = [mapping["containerPort"] for mapping in container.get("portMappings", ())]
    balanced = [port for name, port in task.checks if name == container["name"]]
    ports = {str(port): free_port() for port in dict.fromkeys([*balanced, *declared])}
    return next(iter(ports), ""), ports


def _await_all(
    tasks: Sequence[Task],
    services: Sequence[LaunchedService],
    running: Mapping[tuple[str, str], Running],
    deadline: float,
) -> tuple[LaunchedService, ...]:
    """The services with the health of every container that runs."""
    jobs = [
        (task, container)
        for task, service in zip(tasks, services, strict=True)
        for container in service.containers
        if container.state == "running"
    ]

    def look(job: tuple[Task, LaunchedContainer]) -> LaunchedContainer:
        task, container = job
        return _await_one(task, container, running[task.id, container.name].process, deadline)

    with ThreadPoolExecutor(max(1, len(jobs))) as pool:
        looked = pool.map(look, jobs)
    results = {(task.id, container.name): result for (task, container), result in zip(jobs, looked, strict=True)}
    return tuple(
        replace(
            service,
            containers=tuple(results.get((service.task_id, item.name), item) for item in service.containers),
        )
        for service in services
    )


def _await_one(task: Task, container: LaunchedContainer, process: Process, deadline: float) -> LaunchedContainer:
    checks = [(port, check) for (name, port), check in task.checks.items() if name == container.name]
    health = container.health
    if checks:
        port, check = checks[0]
        checked = check.port if check.port in container.ports else str(port)
        url = f"{check.protocol.lower()}://{LOOPBACK}:{container.ports[checked]}"
        health = await_healthy(check, url, deadline, process.exit_code)
    code = process.exit_code()
    if code is None:
        return replace(container, health=health)
    said = _redacted(process.last_line(), task.injected[container.name].secret.values())
    reason = (
        f"Essential container in task exited with code {code}" if container.essential else f"exited with code {code}"
    )
    return replace(container, state="stopped", reason=f"{reason}: {said}" if said else reason, health=health)


def _redacted(text: str, values: Iterable[str]) -> str:
    for value in sorted(values, key=len, reverse=True):
        if value:
            text = text.replace(value, "***")
    return text


def _stop_all(running: Mapping[tuple[str, str], Running]) -> None:
    """Ask all to stop, wait for each, send its last words, and remove what it leaves."""
    for item in running.values():
        item.process.stop()
    for item in running.values():
        try:
            item.process.exit_code(timeout=item.process.grace + 1.0)
            item.ship()
        finally:
            item.process.close()
