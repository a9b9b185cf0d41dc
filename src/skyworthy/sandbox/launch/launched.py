"""What a launch came to: services, containers, local servers, and how to stop them."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from skyworthy.errors import BadInput
from skyworthy.sandbox.launch.endpoints import Substitution
from skyworthy.sandbox.launch.targets import Health

UNCHECKED = Health("unknown", "no target group checks it")
NO_CHECK = Health("UNKNOWN", "it has no health check")


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
        check: as its own health check sees it: ``HEALTHY``, ``UNHEALTHY`` or ``UNKNOWN``.
        exit_code: as ECS reports it, 128 and the signal where one ended it; None while it has not exited.
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
    check: Health = NO_CHECK
    exit_code: int | None = None
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
        if self.health.status == "unhealthy":
            return self.health.reason
        failing = self.check.status == "UNHEALTHY" or (self.check.status == "UNKNOWN" and self.check.checks)
        return self.check.reason if failing and self.essential else ""


@dataclass(frozen=True)
class LaunchedTask:
    """A task of a service.

    Args:
        id: the account's id of it; one of its own where the account lists none.
        cpu: declared CPU units, 1024 a virtual CPU; noted, not enforced.
        memory: declared memory in MiB; noted, not enforced.
        containers: in the definition's order.
    """

    id: str
    cpu: int
    memory: int
    containers: tuple[LaunchedContainer, ...]


@dataclass(frozen=True)
class LaunchedService:
    """A service and its tasks.

    Args:
        name: of the service.
        task_definition: ARN of the revision that the service runs.
        desired: how many tasks the service wants.
        tasks: those that were started for it.
        url: where requests are handed to its tasks in turn, as its load balancer would; empty where it has none.
    """

    name: str
    task_definition: str
    desired: int
    tasks: tuple[LaunchedTask, ...]
    url: str = ""

    @property
    def containers(self) -> tuple[LaunchedContainer, ...]:
        """The containers of all its tasks."""
        return tuple(container for task in self.tasks for container in task.containers)


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
    _flush: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
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
        served = [item.url for item in found.containers if item.url and item.state == "running"]
        if served:
            return found.url or served[0]
        reasons = "; ".join(container.problem for container in found.containers if container.problem)
        raise BadInput(f"{service} of {self.cluster} does not serve: {reasons or 'it has no port'}")

    def flush(self) -> None:
        """Send log lines and data points now instead of at their time."""
        self._flush()

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
    return LaunchedService(**{**data, "tasks": tuple(map(_task_from_json, data["tasks"]))})


def _task_from_json(data: Mapping[str, Any]) -> LaunchedTask:
    return LaunchedTask(**{**data, "containers": tuple(map(_container_from_json, data["containers"]))})


def _container_from_json(data: Mapping[str, Any]) -> LaunchedContainer:
    tuples = {name: tuple(data[name]) for name in ("environment", "secrets", "added", "notes")}
    substitutions = tuple(Substitution(**item) for item in data["substitutions"])
    healths = {name: Health(**data[name]) for name in ("health", "check")}
    return LaunchedContainer(**{**data, **tuples, **healths, "substitutions": substitutions})
