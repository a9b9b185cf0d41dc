"""Task definitions of ECS: sizes, containers, images."""

from collections.abc import Mapping
from typing import Any

from skyworthy.behavior.images import bears, idle, meant, repository_of
from skyworthy.behavior.images import moves as image_moves
from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.secrets import containers
from skyworthy.behavior.tasks import (
    network_mode,
    runs_on_fargate,
    services_of,
    setting_problems,
    shape_problems,
    size,
    size_problem,
    volume_problems,
)
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, show

_TASK = "aws_ecs_task_definition"


@control("ecs.fargate-size-valid", on=_TASK, severity="high", refs=["REQ REF-5"])
def fargate_size_is_valid(task: Resource, estate: Estate) -> None:
    """CPU and memory of a Fargate task are a pair that exists, its architecture too, and the containers fit in.

    Why: AWS refuses any other pair or architecture, and a container that is larger than its task, when the task
    definition is registered.
    Fix: choose a pair from the table of Fargate task sizes, and `X86_64` or `ARM64`; `memory` of a container at most
    the task's.
    """
    if not runs_on_fargate(task, estate):
        not_applicable("it is not for Fargate")
    architecture = task.block("runtime_platform").get("cpu_architecture")
    if isinstance(architecture, Unknown):
        raise architecture.undecidable()
    if architecture:
        assert architecture in ("X86_64", "ARM64"), f"its architecture is {architecture}, Fargate has X86_64 and ARM64"
    cpu, memory = task["cpu"], task["memory"]
    problem = size_problem(cpu, memory)
    assert not problem, problem
    for name, limit, unit in (("cpu", size(cpu), "units"), ("memory", size(memory), "MiB")):
        asked = sum(_reserved(definition, name) for definition in containers(task))
        assert limit is None or asked <= limit, f"the containers ask for {asked} {unit} of {name}, the task has {limit}"
    for definition in containers(task):
        most, has = size(definition.get("memory")), size(memory)
        called = f"container {definition.get('name')}"
        assert not most or has is None or most <= has, f"{called} may use {most} MiB of memory, the task has {has}"


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


@once_per_estate
def _keeps_read_only(estate: Estate) -> bool:
    """Whether any container of the estate has a read-only root file system."""
    for task in estate.of(_TASK):
        definitions = task.peek("container_definitions")
        if isinstance(definitions, (list, tuple)) and any(_is_read_only(item) for item in definitions):
            return True
    return False


def _is_read_only(definition: Value) -> bool:
    return isinstance(definition, Mapping) and definition.get("readonlyRootFilesystem") is True


@control(
    "ecs.non-root-user",
    on=_TASK,
    severity="medium",
    refs=["REQ REF-5", "FSBP ECS.20", "FSBP ECS.1"],
    aliases=("ecs.task-network-and-user",),
)
def containers_do_not_run_as_root(task: Resource, estate: Estate) -> None:
    """No container is told to run as root, and no own image was forgotten in a stack that sets users.

    Why: a flaw in the application hands over everything in the container.
    Fix: set `user` to a user id above 0 that the image knows.
    """
    findings = Findings()
    named = [item for item in containers(task) if item.get("user") is not None or _is_forgotten(item, estate)]
    if not named:
        not_applicable("no container sets a user: the image decides")
    for definition in named:
        with findings.question():
            user = definition.get("user")
            assert user is not None, f"container {definition.get('name')} runs as its image says, others set a user"
            if isinstance(user, (Unknown, Reference, Template)):
                raise user.undecidable()
            name = str(user).partition(":")[0]
            assert name not in ("root", "0"), f"container {definition.get('name')} runs as {user}"
    findings.conclude()


def _is_forgotten(definition: Mapping[str, Any], estate: Estate) -> bool:
    """Whether a container of an image of the stack sets no user, and another one of such an image does."""
    return _is_own(definition, estate) and _sets_users(estate)


@once_per_estate
def _sets_users(estate: Estate) -> bool:
    """Whether any container of an image of the stack is told its user."""
    definitions = (task.peek("container_definitions") for task in estate.of(_TASK))
    listed = (item for items in definitions if isinstance(items, (list, tuple)) for item in items)
    return any(isinstance(item, Mapping) and item.get("user") and _is_own(item, estate) for item in listed)


def _is_own(definition: Mapping[str, Any], estate: Estate) -> bool:
    """Whether the image of a container is known to come from a repository of the stack."""
    image = definition.get("image")
    try:
        return image is not None and isinstance(repository_of(image, estate), Resource)
    except Undecidable:
        return False


@control("ecs.volumes-used", on=_TASK, severity="medium", refs=["REQ REF-5"])
def volumes_are_used(task: Resource) -> None:
    """Every volume of a task is mounted, and an empty one where something can be written into it.

    Why: the application meets a read-only root file system where it means to write, and fails then.
    Fix: add the mount with `readOnly = false`, or remove the volume.
    """
    if not task["volume"]:
        not_applicable("it has no volumes")
    findings = Findings()
    for problem in volume_problems(task):
        findings.add(problem)
    findings.conclude()


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
    services = services_of(task, estate)
    return bool(services) and all(service.ignores("task_definition") for service in services)


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


@control("ecs.image-of-its-own", on=_TASK, severity="high", refs=["REQ REF-5", "REQ REF-11"], lenses=("declared",))
def images_are_their_own(task: Resource, estate: Estate) -> None:
    """A container does not run the image of another one while nothing runs its own.

    Why: two services run the same program then, and one of them answers on a port that nobody asks.
    Fix: build the image's name from the repository that bears the container's name.
    """
    findings = Findings()
    judged = 0
    for definition in containers(task):
        with findings.question():
            repository = repository_of(definition.get("image"), estate) if definition.get("image") else None
            if not isinstance(repository, Resource):
                continue
            judged += 1
            name = str(definition.get("name"))
            own = None if bears(repository, name) else next((x for x in idle(estate) if bears(x, name)), None)
            assert own is None, (
                f"container {name} runs an image of {repository.address}, and nothing one of {own.address}"
            )
    findings.conclude()
    if not judged:
        not_applicable("none of its images comes from a repository of the stack")
