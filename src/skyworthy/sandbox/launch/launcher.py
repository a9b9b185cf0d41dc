"""Starts the services of a cluster as the ECS agent would, with local processes in the place of containers.

The account says everything: services, their tasks and task definitions, secrets, target groups, database and cache.
What a local world needs differently is a substitution, and every substitution stands in the result by name:

- the image's command is a stand-in command;
- endpoints of RDS and ElastiCache are local servers (``endpoints.py``);
- the container listens on a port that the system allots, told in the stand-in's port variable;
- ``PATH``, and what points AWS clients at the sandbox with the credentials of the task role: see ``preparation.py``.

A process gets its container's declared environment, these, and nothing else. Every task that the account lists for a
service is started; one that ends is not replaced. When a service is updated to another revision, tasks of that take the
place of the old ones as soon as they are healthy (``updates.py``). CPU and memory are noted, not enforced.

While it runs, the account tells of it: tasks, services, targets and endpoints are as they are here
(``account/launches.py``), ECS Exec runs in its processes (``exec/sessions.py``), log lines and metrics flow
(``telemetry.py``).
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from skyworthy.errors import BadInput
from skyworthy.sandbox.launch import servers
from skyworthy.sandbox.launch.agent import Task, read_deployment, read_tasks, resolved
from skyworthy.sandbox.launch.agent_server import AgentServer
from skyworthy.sandbox.launch.balancer import Balancer, Target
from skyworthy.sandbox.launch.container_run import ContainerRun
from skyworthy.sandbox.launch.endpoints import Replacement
from skyworthy.sandbox.launch.injection import ClientFactory, MayRead
from skyworthy.sandbox.launch.launched import Launched, LaunchedService
from skyworthy.sandbox.launch.ledger import Ledger, by_service
from skyworthy.sandbox.launch.preparation import StandIn, not_to_start, set_up, stand_in_of
from skyworthy.sandbox.launch.running import TaskRun
from skyworthy.sandbox.launch.stores import declared_endpoints, launched_server, start_servers, wanted_servers
from skyworthy.sandbox.launch.telemetry import Telemetry
from skyworthy.sandbox.launch.updates import Updates
from skyworthy.sandbox.server import Sandbox

__all__ = ["DEADLINE", "StandIn", "launch", "launch_stack"]

DEADLINE = 30.0
"""Seconds in which a container must become healthy."""

_log = logging.getLogger(__name__)


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
        may_read: decides what an execution role, and for ECS Exec a task role, may do: see MayRead.
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
        started = start_servers(wanted_servers(declared_endpoints(client, _sandbox(client)), tasks, passwords), stack)
        world = _World(client, cluster, stand_ins, may_read, started, deadline)
        return _launch(world, tasks, stack, start)


def launch(
    client: ClientFactory,
    cluster: str,
    stand_ins: Mapping[str, StandIn],
    may_read: MayRead,
    *,
    deadline: float = DEADLINE,
) -> Launched:
    """Start the services of a cluster, without local servers.

    Args:
        client: see :func:`launch_stack`.
        cluster: see :func:`launch_stack`.
        stand_ins: see :func:`launch_stack`.
        may_read: see :func:`launch_stack`.
        deadline: seconds in which a container must become healthy.

    Returns:
        See :func:`launch_stack`.

    Raises:
        BadInput: there is no such cluster, or it has no services.
    """
    start = time.monotonic()
    client = _cached(client)
    tasks = [resolved(task) for task in read_tasks(client, cluster, may_read)]
    with ExitStack() as stack:
        return _launch(_World(client, cluster, stand_ins, may_read, [], deadline), tasks, stack, start)


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


def _sandbox(client: ClientFactory) -> Sandbox:
    """The sandbox that a factory makes clients of."""
    return Sandbox(client("ecs").meta.endpoint_url, 0)


@dataclass(frozen=True)
class _World:
    """What tasks are started in.

    Args:
        client: makes clients of the account.
        cluster: name of the cluster.
        stand_ins: see :func:`launch_stack`.
        may_read: see MayRead.
        started: the servers in the place of databases and caches.
        deadline: seconds in which a container must become healthy.
    """

    client: ClientFactory
    cluster: str
    stand_ins: Mapping[str, StandIn]
    may_read: MayRead
    started: Sequence[tuple[Replacement, servers.Server]]
    deadline: float

    @property
    def replacements(self) -> list[Replacement]:
        """The servers' addresses."""
        return [replacement for replacement, _ in self.started]

    def run_of(self, task: Task, stopped: Callable[[TaskRun], None]) -> TaskRun:
        """A task, ready to be started."""
        return TaskRun(task, _containers(task, self.stand_ins, self.replacements), stopped)

    def newest(self, service: str, stopped: Callable[[TaskRun], None]) -> tuple[str, list[TaskRun]]:
        """The id of the newest deployment of a service, and its tasks, ready to be started."""
        deployment, tasks = read_deployment(self.client, self.cluster, service, self.may_read)
        return deployment, [self.run_of(resolved(task), stopped) for task in tasks]


def _launch(world: _World, tasks: Sequence[Task], stack: ExitStack, start: float) -> Launched:
    """Start all tasks at once, and await their health; all is stopped with the stack."""
    ledger = Ledger([], _local_addresses(world.replacements))
    ledger.runs = [world.run_of(task, ledger.stopped) for task in tasks]
    stack.callback(_stop_all, ledger.runs)
    sandbox = _sandbox(world.client)
    updates = stack.enter_context(
        Updates(ledger.runs, partial(world.newest, stopped=ledger.stopped), partial(_finish, sandbox), world.deadline)
    )
    server = stack.enter_context(AgentServer(ledger.state, ledger.open_session, ledger.stop, updates.begin))
    sandbox.control("POST", "launches", {"url": server.url, "token": server.token})
    stack.callback(_deregister, sandbox, server.url)
    with ThreadPoolExecutor(len(tasks)) as pool:
        list(pool.map(TaskRun.start, ledger.runs))
        list(pool.map(lambda run: run.await_health(world.deadline), ledger.runs))
    ledger.note_start()
    balancers = [
        stack.enter_context(Balancer(group, partial(_targets, ledger.runs, group))) for group in _groups(ledger.runs)
    ]
    telemetry = stack.enter_context(Telemetry(world.client, world.cluster, ledger.runs, world.started, balancers))
    return Launched(
        world.cluster,
        _services(ledger.runs, {item.group: item.url for item in balancers}),
        servers=tuple(launched_server(*pair) for pair in world.started),
        seconds=time.monotonic() - start,
        _flush=telemetry.flush,
        _cleanup=stack.pop_all(),
    )


def _local_addresses(replacements: Iterable[Replacement]) -> dict[str, str]:
    """Declared address -> local one, of servers that listen on the declared port: nothing else of them differs."""
    return {
        address: replacement.host
        for replacement in replacements
        if replacement.port == replacement.endpoint.port
        for address in replacement.endpoint.addresses
    }


def _containers(
    task: Task, stand_ins: Mapping[str, StandIn], replacements: Sequence[Replacement]
) -> list[ContainerRun]:
    prepared = []
    for container in task.containers:
        refused = not_to_start(task, container, stand_ins)
        if refused is not None:
            prepared.append(ContainerRun(container, refused))
            continue
        stand_in = stand_in_of(container, stand_ins)
        assert stand_in is not None
        result, environment = set_up(task, container, stand_in, replacements)
        name = container["name"]
        secrets = tuple(task.injected[name].secret.values())
        prepared.append(ContainerRun(container, result, stand_in, environment, secrets, task.streams[name]))
    return prepared


def _groups(runs: Iterable[TaskRun]) -> list[str]:
    """ARNs of the target groups that tasks are registered with."""
    return sorted({group.arn for run in runs for group in run.task.checks.values()})


def _targets(runs: Sequence[TaskRun], group: str) -> list[Target]:
    """The running tasks in a target group."""
    return [
        (item.result.ports[str(port)], watch.health.status == "healthy")
        for run in runs
        if run.status == "RUNNING"
        for item in run.containers.values()
        for arn, port, watch in item.watches
        if arn == group
    ]


def _services(runs: Iterable[TaskRun], urls: Mapping[str, str]) -> tuple[LaunchedService, ...]:
    return tuple(
        LaunchedService(
            name=service["serviceName"],
            task_definition=started[0].task.definition["taskDefinitionArn"],
            desired=service["desiredCount"],
            tasks=tuple(run.snapshot() for run in started),
            url=next((urls[group.arn] for group in started[0].task.checks.values()), ""),
        )
        for started in by_service(runs)
        for service in [started[0].task.service]
    )


def _stop_all(runs: Sequence[TaskRun]) -> None:
    """Stop all tasks at once."""
    for run in runs:
        run.stop("UserInitiated", "The launch was stopped")
    for run in runs:
        run.close()


def _finish(sandbox: Sandbox, service: str, deployment: str, failure: str) -> str:
    """Tell the sandbox how a deployment ended; gives what it makes of that: see ``simulated/rollouts.py``."""
    given = {"service": service, "deployment": deployment, "failure": failure}
    return str(sandbox.control("POST", "rollouts", given)["state"])


def _deregister(sandbox: Sandbox, url: str) -> None:
    try:
        sandbox.control("DELETE", "launches", {"url": url})
    except BadInput as error:
        # The account may be gone before its tasks: that must not keep them from being stopped.
        _log.warning("cannot tell the sandbox that its launch is over: %s", error)
