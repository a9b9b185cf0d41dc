"""What the containers of a task definition are given at their start."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from skyworthy.behavior.secrets.value_from import ValueFrom, parse_value_from
from skyworthy.estate import Reference, Resource, Template, Undecidable, Unknown, Value


@dataclass(frozen=True)
class Injection:
    """A secret that the ECS agent fetches for a container.

    Args:
        container: its name.
        name: of the environment variable; of a log driver's option ``logConfiguration.OPTION``; of the credentials
            of a private registry ``repositoryCredentials``.
        value_from: as it stands in the task definition.
    """

    container: str
    name: str
    value_from: Value

    @property
    def source(self) -> ValueFrom:
        """What it names; see :func:`parse_value_from` for what is raised."""
        return parse_value_from(self.value_from)

    @property
    def label(self) -> str:
        """The injection in a message."""
        return f"{self.name} of container {self.container}"


def containers(task_definition: Resource) -> tuple[Mapping[str, Any], ...]:
    """The container definitions of an ``aws_ecs_task_definition``.

    Raises:
        Undecidable: where they, or one of them, are not known.
    """
    definitions = task_definition["container_definitions"]
    if isinstance(definitions, (Reference, Template)):
        raise definitions.undecidable()
    for item in definitions or ():
        if not isinstance(item, Mapping):
            reason = item.reason if isinstance(item, Unknown) else "a container definition is not an object"
            raise Undecidable(f"container_definitions of {task_definition.address}: {reason}")
    return tuple(definitions or ())


def _entries(container: Mapping[str, Any], *path: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a list within a container definition.

    Raises:
        Undecidable: where the list or one of them is not known.
    """
    value: Value = container
    for name in path:
        if isinstance(value, (Unknown, Reference, Template)):
            raise value.undecidable()
        value = (value or {}).get(name)
    if isinstance(value, (Unknown, Reference, Template)):
        raise value.undecidable()
    for item in value or ():
        if isinstance(item, (Unknown, Reference, Template)):
            raise item.undecidable()
        yield item


def environment(container: Mapping[str, Any]) -> dict[str, Value]:
    """The plain environment of a container definition: name -> value."""
    return {str(item.get("name")): item.get("value") for item in _entries(container, "environment")}


def injections(task_definition: Resource) -> list[Injection]:
    """Every secret that starting a task of this definition fetches, in the order in which they stand.

    Raises:
        Undecidable: where the container definitions are not known.
    """
    found: list[Injection] = []
    for container in containers(task_definition):
        name = str(container.get("name"))
        found += [
            Injection(name, str(item.get("name")), item.get("valueFrom")) for item in _entries(container, "secrets")
        ]
        found += [
            Injection(name, f"logConfiguration.{item.get('name')}", item.get("valueFrom"))
            for item in _entries(container, "logConfiguration", "secretOptions")
        ]
        credentials = container.get("repositoryCredentials")
        if isinstance(credentials, Mapping):
            found.append(Injection(name, "repositoryCredentials", credentials.get("credentialsParameter")))
    return found
