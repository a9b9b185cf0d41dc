"""What a container of a task is started with: a stand-in for its image, its environment, its ports."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from skyworthy.sandbox.launch.agent import Task
from skyworthy.sandbox.launch.endpoints import Replacement, Substitution, substitute
from skyworthy.sandbox.launch.launched import LaunchedContainer
from skyworthy.sandbox.processes import LOOPBACK, free_port


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


def not_to_start(
    task: Task, container: Mapping[str, Any], stand_ins: Mapping[str, StandIn]
) -> LaunchedContainer | None:
    """The result for a container that is not started, or None."""
    result = LaunchedContainer(container["name"], container["image"], container.get("essential", True))
    if not task.service["desiredCount"]:
        return replace(result, state="left out", reason="the service wants no tasks")
    if task.failure:
        return replace(result, reason=task.failure)
    if stand_in_of(container, stand_ins) is None:
        return replace(
            result, reason=f"no stand-in for the image {container['image']}: name one for {container['name']!r}"
        )
    return None


def stand_in_of(container: Mapping[str, Any], stand_ins: Mapping[str, StandIn]) -> StandIn | None:
    """The stand-in for a container: by its very image, else by its name, else by its image's repository."""
    image = container["image"].partition("@")[0]
    registry, slash, name = image.rpartition("/")
    repository = f"{registry}{slash}{name.partition(':')[0]}"
    named = (container["image"], container["name"], repository)
    return next((stand_ins[name] for name in named if name in stand_ins), None)


def set_up(
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
