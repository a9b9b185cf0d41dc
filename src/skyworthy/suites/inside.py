"""What the running tasks of a service are given, and a look at whether they hold it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from skyworthy.behavior.secrets import parse_value_from
from skyworthy.config import SmokeService
from skyworthy.estate import Resource, Undecidable
from skyworthy.probes.running import Variable
from skyworthy.sandbox.launch.launched import LaunchedService
from skyworthy.suites.stage import Stage

MOST_TASKS = 5
"""Running tasks of a service that are looked into; each container of each is a session."""
NOT_ENABLED = "ECS Exec is not enabled for it"
_CLOSED = (
    "ECS Exec opens a session in its tasks, which is not done in AWS unless skyworthy.toml says so: "
    "look_inside = [{environment!r}] in [smoke.services.{service}]"
)

Look = Callable[[], Sequence[Variable]]


def of_aws(stage: Stage, service: Resource, asked: SmokeService) -> dict[str, Any]:
    """The look into the tasks of a service that runs in AWS, or why none is taken: fields of a RunningService."""
    if not service["enable_execute_command"]:
        return {"closed": NOT_ENABLED}
    if stage.environment.name not in asked.look_inside:
        return {"closed": _CLOSED.format(environment=stage.environment.name, service=service["name"])}
    cluster = stage.observation.estate.find(service["cluster"], "aws_ecs_cluster")
    if cluster is None:
        return {"closed": "its cluster is not part of the stack"}
    return {"variables": variables(stage, service, str(cluster["name"]))}


def variables(stage: Stage, service: Resource, cluster: str, copy: LaunchedService | None = None) -> Look | None:
    """How the running tasks of a service hold the variables that its task definition names.

    Args:
        stage: of the run.
        service: observed.
        cluster: name of its cluster.
        copy: what was launched for it on this machine, where some values are others by need.

    Returns:
        The look; None where ECS Exec is not enabled.
    """
    if not service["enable_execute_command"]:
        return None

    def look() -> list[Variable]:
        # Imported here: pytest-testinfra takes a while, and few runs look inside.
        from skyworthy.probes.acting import ActingSession
        from skyworthy.probes.container_variables import CannotLook, held
        from skyworthy.probes.ecs_exec import ALLOWED, ExecFailed, host_of, running_tasks

        client = ActingSession(stage.account.session_in(str(service.region or "")), ALLOWED).client
        found = []
        try:
            for task in running_tasks(client, cluster, service["name"])[:MOST_TASKS]:
                for container, given in _given(stage, service, copy).items():
                    host = host_of(client, cluster, service["name"], container, task)
                    found += [Variable(task, container, name, how) for name, how in held(host, given).items()]
        except (ExecFailed, CannotLook) as error:
            raise Undecidable(str(error)) from error
        return found

    return look


def _given(stage: Stage, service: Resource, copy: LaunchedService | None) -> dict[str, dict[str, str | None]]:
    """Container -> variable -> the value that it is given now; None where that is another on this machine."""
    task = stage.observation.estate.find(service["task_definition"], "aws_ecs_task_definition")
    if task is None:
        raise Undecidable("its task definition is not part of the stack")
    local = {
        (container.name, item.variable)
        for container in (copy.containers if copy else ())
        for item in container.substitutions
    }
    read = cache(partial(_secret, stage))
    return {
        container["name"]: {
            name: None if (container["name"], name) in local else value for name, value in _values(container, read)
        }
        for container in task["container_definitions"]
    }


def _values(container: Mapping[str, Any], read: Callable[[str], str]) -> Iterable[tuple[str, str | None]]:
    for variable in container.get("environment") or ():
        yield variable["name"], str(variable["value"])
    for secret in container.get("secrets") or ():
        yield secret["name"], _value(secret["valueFrom"], read)


def container_value(stage: Stage, name: str) -> str | None:
    """What the running tasks hold in a variable: plain, or a key of their JSON secret; None where none has it."""
    for task in stage.observation.estate.of("aws_ecs_task_definition"):
        for container in task["container_definitions"]:
            for variable in container.get("environment", ()):
                if variable["name"] == name:
                    return str(variable["value"])
            for secret in container.get("secrets", ()):
                if secret["name"] == name:
                    return _value(secret["valueFrom"], partial(_secret, stage))
    return None


def _value(value_from: str, read: Callable[[str], str]) -> str | None:
    """The value that a task is given for a ``valueFrom``; kept in memory only. None: of a store that is not read."""
    source = parse_value_from(value_from)
    if source.store != "secretsmanager":
        return None
    text = read(str(source.identifier))
    return str(json.loads(text)[source.json_key]) if source.json_key else text


def _secret(stage: Stage, identifier: str) -> str:
    """The current value of a secret."""
    region = identifier.split(":")[3] if identifier.startswith("arn:") else ""
    session = stage.account.session_in(region)
    return str(session.client("secretsmanager").get_secret_value(SecretId=identifier)["SecretString"])
