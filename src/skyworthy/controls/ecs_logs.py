"""Logs of ECS containers."""

from collections.abc import Mapping
from typing import Any

from skyworthy.behavior.images import bears
from skyworthy.behavior.permissions import scope_of
from skyworthy.behavior.permissions.memory import remembered
from skyworthy.behavior.secrets import containers
from skyworthy.behavior.task_roles import log_options
from skyworthy.behavior.tasks import runs_on_fargate
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control
from skyworthy.estate import Estate, Resource, Undecidable, show

_TASK = "aws_ecs_task_definition"


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
    """The log group of every container exists, and is its own where there is one of its name.

    Why: a task whose log group is missing does not start; in another service's group nobody looks for its errors.
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
            own = _own_group(found, str(definition.get("name")), estate)
            label = f"container {definition.get('name')} logs to {found.address}"
            assert own is None, f"{label}, and nothing to {own.address}"
            region, here = options.get("awslogs-region"), scope_of(estate).region
            if isinstance(region, str) and here and not found.data:
                wrong = f"container {definition.get('name')} logs to region {region}, {found.address} is in {here}"
                assert region == here, wrong
    findings.conclude()


def _own_group(group: Resource, name: str, estate: Estate) -> Resource | None:
    """The log group that bears a container's name and into which no container writes, where its own does not."""
    if bears(group, name):
        return None
    used = remembered(estate, "log groups in use", lambda: _in_use(estate))
    unused = (item for item in estate.of("aws_cloudwatch_log_group") if item.address not in used)
    return next((item for item in unused if bears(item, name)), None)


def _in_use(estate: Estate) -> frozenset[str]:
    """The addresses of the log groups into which containers write; all, where that of a container is not known."""
    found = set()
    for task in estate.of(_TASK):
        try:
            groups = [(log_options(item) or {}).get("awslogs-group") for item in containers(task)]
            written = [estate.find(item, "aws_cloudwatch_log_group") for item in groups]
        except Undecidable:
            return frozenset(item.address for item in estate.of("aws_cloudwatch_log_group"))
        found |= {item.address for item in written if item is not None}
    return frozenset(found)
