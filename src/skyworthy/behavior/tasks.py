"""What ECS makes of services and task definitions: sizes, ports, number of tasks.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.permissions.memory import remembered
from skyworthy.behavior.references import naming
from skyworthy.behavior.secrets import containers
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, references, show

_GIB = 1024
FARGATE_SIZES: Mapping[int, tuple[int, ...]] = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}
"""CPU units of a Fargate task -> MiB of memory that it can have."""

_SIZE = re.compile(r"(?P<number>\d*\.?\d+)\s*(?P<unit>vcpu|gb)?", re.IGNORECASE)


def size(value: Value) -> int | None:
    """CPU units or MiB of ``512``, ``"0.5 vCPU"`` or ``"2 GB"``; None where it is not of such a form.

    Raises:
        Undecidable: where it is not known.
    """
    if isinstance(value, (Unknown, Reference, Template)):
        raise value.undecidable()
    match = _SIZE.fullmatch(str(value).strip())
    if match is None:
        return None
    return round(float(match["number"]) * (1024 if match["unit"] else 1))


_MANY = 5


def size_problem(cpu: Value, memory: Value) -> str:
    """What is wrong with a Fargate task's size; empty where it is one that exists."""
    if cpu is None or memory is None:
        return f"{'cpu' if cpu is None else 'memory'} is not set, Fargate needs both for the task"
    units, mebibytes = size(cpu), size(memory)
    if units is None or units not in FARGATE_SIZES:
        return f"cpu is {cpu}, Fargate has {', '.join(map(str, FARGATE_SIZES))}"
    choices = FARGATE_SIZES[units]
    if mebibytes not in choices:
        few, step = len(choices) < _MANY, choices[-1] - choices[-2]
        listed = ", ".join(map(str, choices)) if few else f"{choices[0]} to {choices[-1]} in steps of {step}"
        return f"memory is {memory} with {units} cpu, Fargate has {listed}"
    return ""


def services_of(task_definition: Resource, estate: Estate) -> list[Resource]:
    """The services that run a task definition.

    Raises:
        Undecidable: where of a service it is unknown what it runs.
    """
    found, undecidable = _running(estate)
    if undecidable is not None:
        raise undecidable
    return found.get(task_definition.address, [])


@once_per_estate
def _running(estate: Estate) -> tuple[dict[str, list[Resource]], Undecidable | None]:
    """Address of a task definition -> the services that run it; and why there may be more."""
    found: dict[str, list[Resource]] = {}
    try:
        for service in estate.of("aws_ecs_service"):
            task = task_of(service, estate)
            if task is not None:
                found.setdefault(task.address, []).append(service)
    except Undecidable as undecidable:
        return found, undecidable
    return found, None


def task_of(service: Resource, estate: Estate) -> Resource | None:
    """The task definition that a service names by reference, ARN, ``family:revision`` or family; None if elsewhere."""
    value = service["task_definition"]
    if value is None:
        return None
    if isinstance(value, Template) and (found := _first_of(value, estate)):
        return found
    found = estate.find(value, "aws_ecs_task_definition")
    if found is None and isinstance(value, str):
        family = value.rpartition("/")[2].partition(":")[0]
        found = estate.find(family, "aws_ecs_task_definition")
    return found


def known_task_of(service: Resource, estate: Estate) -> Resource:
    """The task definition of a service.

    Raises:
        Undecidable: it is not known, or of another stack.
    """
    task = task_of(service, estate)
    if task is None:
        raise Undecidable(f"its task definition {show(service.peek('task_definition'))} is not part of this stack")
    return task


def _first_of(value: Template, estate: Estate) -> Resource | None:
    """The task definition that a text such as ``${family}:${revision}`` is made of."""
    found = (estate.get(item.address) for item in value.references)
    return next((item for item in found if item is not None and item.type == "aws_ecs_task_definition"), None)


def runs_on_fargate(task_definition: Resource, estate: Estate) -> bool:
    """Whether a task definition is for Fargate: as it says itself, or as the services say that run it.

    Raises:
        Undecidable: where that is not known.
    """
    compatibilities = _known(task_definition.attributes.get("requires_compatibilities"))
    if compatibilities:
        return "FARGATE" in compatibilities
    return any(
        "FARGATE" in str(name) for item in services_of(task_definition, estate) for name in launchers(item, estate)
    )


def launchers(service: Resource, estate: Estate) -> tuple[Value, ...]:
    """The launch type or capacity providers of a service: ``FARGATE``, ``EC2``, ``FARGATE_SPOT``.

    Where it says nothing, the cluster's default strategy holds, else EC2.

    Raises:
        Undecidable: where they are not known.
    """
    kind = _known(service.attributes.get("launch_type"))
    if kind:
        return (kind,)
    strategy = _known(service.attributes.get("capacity_provider_strategy"))
    if strategy:
        return tuple(_known(_known(item).get("capacity_provider")) for item in strategy)
    cluster = cluster_of(service, estate)
    for item in estate.of("aws_ecs_cluster_capacity_providers"):
        if cluster is not None and estate.find(item.peek("cluster_name"), "aws_ecs_cluster") is cluster:
            defaults = _known(item.attributes.get("default_capacity_provider_strategy")) or ()
            return tuple(_known(_known(default).get("capacity_provider")) for default in defaults)
    return ("EC2",)


def providers_of(cluster: Resource, estate: Estate) -> tuple[str, ...]:
    """The capacity providers that a cluster offers to the strategies of its services.

    Raises:
        Undecidable: where they are not known, or not part of the estate.
    """
    found = naming(estate, cluster, "cluster_name", "aws_ecs_cluster_capacity_providers")
    if cluster.data and not found:
        raise Undecidable(f"the capacity providers of {cluster.address} are not part of this stack")
    return tuple(str(_known(name)) for item in found for name in _known(item["capacity_providers"]) or ())


def cluster_of(service: Resource, estate: Estate) -> Resource | None:
    """The cluster of a service; None where it is the account's default or not part of the estate.

    Raises:
        Undecidable: where it is not known.
    """
    value = service.attributes.get("cluster")
    return None if value is None else estate.find(value, "aws_ecs_cluster")


def network_mode(task_definition: Resource) -> str:
    """The network mode of a task definition; ``bridge`` where it says none (Linux).

    Raises:
        Undecidable: where it is not known.
    """
    mode = task_definition.attributes.get("network_mode")
    if isinstance(mode, (Unknown, Reference, Template)):
        reason = mode.undecidable()
        raise Undecidable(f"network_mode of {task_definition.address}: {reason.reason}", denied=reason.denied)
    return str(mode or "bridge")


def container(task_definition: Resource, name: Value) -> Mapping[str, Any] | None:
    """The container definition of a name, None where there is none."""
    return next((item for item in containers(task_definition) if item.get("name") == name), None)


def ports(definition: Mapping[str, Any]) -> list[int]:
    """The ports that a container definition opens.

    Raises:
        Undecidable: where one is not known.
    """
    mappings = definition.get("portMappings")
    if isinstance(mappings, (Unknown, Reference, Template)):
        raise mappings.undecidable()
    found = []
    for mapping in mappings or ():
        port = mapping.get("containerPort") if isinstance(mapping, Mapping) else mapping
        if isinstance(port, (Unknown, Reference, Template)):
            raise port.undecidable()
        if port is not None:
            found.append(int(port))
    return found


_HEALTH_CHECK = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)}
"""Fields of a container's health check -> least and most, seconds or attempts."""
_LONGEST_STOP = 120
"""Seconds that Fargate leaves a container to stop."""


def setting_problems(definition: Mapping[str, Any], *, fargate: bool, own_interface: bool) -> Iterator[str]:
    """What ECS would refuse in a container definition, a clause each.

    Args:
        definition: the container definition.
        fargate: the task is for Fargate.
        own_interface: the task has an interface of its own (awsvpc), so that ports are not mapped.

    Raises:
        Undecidable: where a setting is not known.
    """
    for entry in _known(definition.get("environment")) or ():
        value = entry.get("value") if isinstance(entry, Mapping) else None
        if isinstance(value, (bool, int, float)):
            yield f"{entry.get('name')} in its environment is {str(value).lower()}, and ECS takes text only"
    check = _known(definition.get("healthCheck")) or {}
    for field, (least, most) in _HEALTH_CHECK.items():
        value = _known(check.get(field))
        if value is not None and not least <= float(value) <= most:
            yield f"{field} of its health check is {value}, {least} to {most} allowed"
    stop = _known(definition.get("stopTimeout"))
    if fargate and stop is not None and float(stop) > _LONGEST_STOP:
        yield f"stopTimeout is {stop}, Fargate allows {_LONGEST_STOP} at most"
    for mapping in _known(definition.get("portMappings")) or () if own_interface else ():
        host, own = _known(_known(mapping).get("hostPort")), _known(_known(mapping).get("containerPort"))
        if host and host != own:
            yield f"hostPort {host} differs from containerPort {own}, which awsvpc does not allow"


_FARGATE_LOG_DRIVERS = ("awsfirelens", "awslogs", "splunk")
_COMMANDS = ("CMD", "CMD-SHELL", "NONE")
"""What the command of a health check starts with."""


def shape_problems(definition: Mapping[str, Any], task_definition: Resource, *, fargate: bool) -> Iterator[str]:
    """What ECS would refuse in how a container definition is put together, a clause each.

    Args:
        definition: the container definition.
        task_definition: what it is part of.
        fargate: the task is for Fargate.

    Raises:
        Undecidable: where a setting is not known.
    """
    driver = _known((_known(definition.get("logConfiguration")) or {}).get("logDriver"))
    if fargate and driver and driver not in _FARGATE_LOG_DRIVERS:
        yield f"its log driver is {driver}, Fargate has {', '.join(_FARGATE_LOG_DRIVERS)}"
    yield from _command_problems(definition)
    yield from _mount_problems(definition, task_definition)


_INTERPRETERS = re.compile(r"(?:.*/)?(?:python|node|ruby|perl|php|bash|dash|ash|sh|zsh)[\d.]*")


def _command_problems(definition: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the command of a container's health check, a clause each."""
    check = _known(definition.get("healthCheck"))
    command = _known(check.get("command")) if check else None
    if not check or not isinstance(command, (list, tuple, type(None))):
        return
    first, *rest = command or (None,)
    if _known(first) not in _COMMANDS:
        yield f"the command of its health check starts with {first or 'nothing'}, CMD or CMD-SHELL wanted"
    elif first != "NONE" and not rest:
        yield f"the command of its health check is nothing but {first}"
    elif first == "CMD":
        yield from _program_problems([item if isinstance(item, str) else show(item) for item in rest])


def _program_problems(words: list[str]) -> Iterator[str]:
    """What is wrong with a program and its arguments: an option in its place, or an interpreter without its option."""
    program, arguments = words[0], words[1:]
    if program.startswith("-") or re.search(r"\s", program):
        yield f"the command of its health check runs {program!r}, which is no program"
    elif _INTERPRETERS.fullmatch(program):
        if not arguments or arguments[-1] in ("-c", "-e"):
            yield f"the command of its health check gives {program} nothing to run"
        elif not arguments[0].startswith("-") and re.search(r"[\s;]", arguments[0]):
            yield f"the command of its health check gives {program} code where a file is expected: -c is missing"


def _mount_problems(definition: Mapping[str, Any], task_definition: Resource) -> Iterator[str]:
    """What is wrong with a container's mounts, a clause each."""
    mounts = [_known(item) for item in _known(definition.get("mountPoints")) or ()]
    volumes = [_known(_known(item).get("name")) for item in task_definition["volume"] or ()] if mounts else []
    for mount in mounts:
        source, path = _known(mount.get("sourceVolume")), mount.get("containerPath")
        if source is None or path is None:
            yield f"a mount has no {'sourceVolume' if source is None else 'containerPath'}"
        elif source not in volumes:
            yield f"it mounts {source}, the task has the volumes {', '.join(map(str, volumes)) or '(none)'}"


_SCRATCH_ONLY = frozenset({"name", "configure_at_launch"})


def volume_problems(task_definition: Resource) -> Iterator[str]:
    """Volumes of a task definition that are of no use, a clause each: mounted nowhere, or empty and never written.

    Raises:
        Undecidable: where volumes or mounts are not known.
    """
    mounts = [
        _known(mount)
        for definition in containers(task_definition)
        for mount in _known(definition.get("mountPoints")) or ()
    ]
    for volume in (_known(item) for item in task_definition["volume"] or ()):
        name = _known(volume.get("name"))
        readers = [mount for mount in mounts if _known(mount.get("sourceVolume")) == name]
        filled = any(value for key, value in volume.items() if key not in _SCRATCH_ONLY)
        if not readers:
            yield f"no container mounts its volume {name}"
        elif not filled and all(_known(mount.get("readOnly")) is True for mount in readers):
            yield f"its volume {name} is empty, and every container mounts it read-only"


def writable_paths(definition: Mapping[str, Any]) -> list[str]:
    """Where a container can write although its root file system is read-only.

    Raises:
        Undecidable: where its mounts are not known.
    """
    mounts = [_known(item) for item in _known(definition.get("mountPoints")) or ()]
    return [str(_known(item.get("containerPath"))) for item in mounts if _known(item.get("readOnly")) is not True]


def _known(value: Value) -> Value:
    """The value itself; Undecidable where it is not plain."""
    if isinstance(value, (Unknown, Reference, Template)):
        raise value.undecidable()
    return value


def scaling_target(service: Resource, estate: Estate) -> Resource | None:
    """The scalable target that sets a service's number of tasks, None where nothing does.

    Raises:
        Undecidable: where it is not known which service a target scales.
    """
    named, unnamed = remembered(estate, "scalable targets", lambda: _scalable_targets(estate))
    exact = named.get(_scalable_id(service, estate))
    if exact is not None:
        return exact
    unclear: Undecidable | None = None
    for target in unnamed:
        try:
            if scales(target, service, estate):
                return target
        except Undecidable as undecidable:
            unclear = undecidable
    if unclear is not None:
        raise unclear
    return None


def _scalable_targets(estate: Estate) -> tuple[dict[str, Resource], list[Resource]]:
    """The scalable targets of services by what they name, and those of which that is not plain."""
    targets = [
        target
        for target in estate.of("aws_appautoscaling_target")
        if target.peek("scalable_dimension") == "ecs:service:DesiredCount"
    ]
    named = {target.peek("resource_id"): target for target in targets if isinstance(target.peek("resource_id"), str)}
    return named, [target for target in targets if not isinstance(target.peek("resource_id"), str)]


def _scalable_id(service: Resource, estate: Estate) -> str:
    """``service/CLUSTER/SERVICE`` of a service, as far as it is known."""
    return f"service/{_cluster_name(service, estate)}/{service.peek('name')}"


def _cluster_name(service: Resource, estate: Estate) -> Value:
    """The name of a service's cluster, also of one that another stack makes."""
    value = service.attributes.get("cluster")
    if value is None:
        return "default"
    cluster = estate.find(value, "aws_ecs_cluster")
    if cluster is not None:
        return cluster.peek("cluster_name" if cluster.data else "name")
    return value.rpartition("/")[2] if isinstance(value, str) else value


def scales(target: Resource, service: Resource, estate: Estate) -> bool:
    """Whether a scalable target's ``service/CLUSTER/SERVICE`` names a service."""
    value = target["resource_id"]
    if any(item.attribute in ("id", "arn") for item in references(value)):
        return False  # of a cluster these are its ARN, of a service too
    if show(value).startswith("service/arn:"):
        return False
    named = [item.address for item in references(value)]
    if service.address in named:
        return True
    cluster = cluster_of(service, estate)
    if any((other := estate.get(address)) is not None and other is not cluster for address in named):
        return False
    if isinstance(value, Template):
        return value.endswith(f"/{service['name']}")
    name = _cluster_name(service, estate)
    if isinstance(name, (Unknown, Reference, Template)) and value.endswith(f"/{service['name']}"):
        raise name.undecidable()
    return bool(value == _scalable_id(service, estate))


def fewest_tasks(service: Resource, estate: Estate) -> tuple[int, str]:
    """The number of tasks below which a service is not set to go, and what sets it."""
    target = scaling_target(service, estate)
    if target is not None:
        return int(target["min_capacity"]), f"min_capacity of {target.address}"
    count = service["desired_count"]
    return (0 if count is None else int(count)), "desired_count"


def most_tasks(service: Resource, estate: Estate) -> int:
    """The number of tasks above which a service is not set to go."""
    target = scaling_target(service, estate)
    if target is not None:
        return int(target["max_capacity"])
    return fewest_tasks(service, estate)[0]
