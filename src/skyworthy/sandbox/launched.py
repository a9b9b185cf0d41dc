"""What a launch came to: services, containers, local servers, and how to stop them."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from skyworthy.errors import BadInput
from skyworthy.sandbox.awslogs import LogStream
from skyworthy.sandbox.containers import Process
from skyworthy.sandbox.endpoints import Substitution
from skyworthy.sandbox.targets import Health

UNCHECKED = Health("unknown", "no target group checks it")

_log = logging.getLogger(__name__)


@dataclass
class Running:
    """A container's process and its log stream."""

    process: Process
    stream: LogStream | None

    def ship(self) -> None:
        """Send what it has written since the last time; a log group that is gone is said in the program's log."""
        if self.stream is None:
            return
        try:
            self.stream.ship(self.process)
        except (BotoCoreError, ClientError) as error:
            # The account may be gone before its tasks: that must not keep them from being stopped.
            _log.warning("cannot write to log group %s: %s", self.stream.group, error)


@dataclass(frozen=True)
class LaunchedContainer:
    """What became of a container.

    Args:
        name: as in the task definition.
        image: as in the task definition.
        essential: whether the task ends with it.
        state: ``running``, ``failed`` (it did not start), ``stopped`` (it exited) or ``left out`` (not to be started).
        reason: why it does not run; a failure to initialise in ECS's words.
        pid: its process, 0 where there is none.
        ports: container port -> local port.
        url: where its main port is served, or empty.
        health: as its target group sees it.
        environment: names of its declared plain variables.
        secrets: names of its injected secrets.
        added: names of the variables that only this machine gives it.
        substitutions: declared values that were replaced.
        notes: what differs from ECS and has no place above.
    """

    name: str
    image: str
    essential: bool = True
    state: str = "failed"
    reason: str = ""
    pid: int = 0
    ports: Mapping[str, int] = field(default_factory=dict)
    url: str = ""
    health: Health = UNCHECKED
    environment: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """Why it is not as it should be, or an empty string."""
        if self.state in ("failed", "stopped"):
            return self.reason if self.essential else ""
        return self.health.reason if self.health.status == "unhealthy" else ""


@dataclass(frozen=True)
class LaunchedService:
    """A service and the one task that was started for it.

    Args:
        name: of the service.
        task_definition: ARN of the revision that the service runs.
        desired: how many tasks the service wants; one was started.
        task_id: of the task here.
        containers: of the task, in the definition's order.
    """

    name: str
    task_definition: str
    desired: int
    task_id: str
    containers: tuple[LaunchedContainer, ...]


@dataclass(frozen=True)
class LaunchedServer:
    """A local server in the place of a database or cache: its declared and its real version, and where it is."""

    identifier: str
    engine: str
    declared_version: str
    version: str
    host: str
    port: int
    pid: int


@dataclass(frozen=True)
class Launched:
    """Launched services; a context manager that stops them.

    Args:
        cluster: name of the cluster.
        services: in order of their names.
        servers: local databases and caches.
        seconds: what the launch took.
    """

    cluster: str
    services: tuple[LaunchedService, ...]
    servers: tuple[LaunchedServer, ...] = ()
    seconds: float = 0.0
    _running: tuple["Running", ...] = field(default=(), repr=False, compare=False)
    _cleanup: ExitStack = field(default_factory=ExitStack, repr=False, compare=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def containers(self) -> tuple[LaunchedContainer, ...]:
        """All containers of all services."""
        return tuple(container for service in self.services for container in service.containers)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is not as it should be, one sentence each; empty means that everything runs and is healthy."""
        found = [
            f"{service.name}/{container.name}: {container.problem}"
            for service in self.services
            for container in service.containers
            if container.problem
        ]
        if not any(container.state == "running" for container in self.containers):
            found.append(f"no container of {self.cluster} runs")
        return tuple(found)

    def url_of(self, service: str) -> str:
        """Where a service is served: ``http://127.0.0.1:40001``.

        Raises:
            BadInput: there is no such service, or none of its containers serves; with the reason.
        """
        found = next((item for item in self.services if item.name == service), None)
        if found is None:
            names = ", ".join(item.name for item in self.services)
            raise BadInput(f"{self.cluster} has no service {service!r}; there are: {names}")
        for container in found.containers:
            if container.url and container.state == "running":
                return container.url
        reasons = "; ".join(container.problem for container in found.containers if container.problem)
        raise BadInput(f"{service} of {self.cluster} does not serve: {reasons or 'it has no port'}")

    def ship_logs(self) -> None:
        """Send what the containers have written since the last time to their log groups."""
        for running in self._running:
            running.ship()

    def stop(self) -> None:
        """Stop all containers, then the servers; what the containers wrote last goes to their log groups."""
        self._cleanup.close()

    def to_json(self) -> dict[str, Any]:
        """Everything but the processes, as JSON data: no value of a variable is in it."""
        return {
            "cluster": self.cluster,
            "services": [asdict(service) for service in self.services],
            "servers": [asdict(server) for server in self.servers],
            "seconds": self.seconds,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Launched":
        """What :meth:`to_json` wrote; its processes belong to whoever launched them and cannot be stopped with it."""
        return Launched(
            cluster=data["cluster"],
            services=tuple(_service_from_json(item) for item in data["services"]),
            servers=tuple(LaunchedServer(**item) for item in data["servers"]),
            seconds=data["seconds"],
        )


def _service_from_json(data: Mapping[str, Any]) -> LaunchedService:
    return LaunchedService(**{**data, "containers": tuple(map(_container_from_json, data["containers"]))})


def _container_from_json(data: Mapping[str, Any]) -> LaunchedContainer:
    tuples = {name: tuple(data[name]) for name in ("environment", "secrets", "added", "notes")}
    substitutions = tuple(Substitution(**item) for item in data["substitutions"])
    return LaunchedContainer(**{**data, **tuples, "substitutions": substitutions, "health": Health(**data["health"])})
