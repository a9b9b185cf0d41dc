"""What the smoke suite asks of a deployment: the version that is served, and what the running tasks were given."""

from collections.abc import Mapping
from typing import Any

from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, show
from skyworthy.probes.running import RunningService

_WORDS = {
    "unset": "is not set",
    "empty": "is empty",
    "differs": "differs from what it is given now",
}


@control("smoke.version", on="aws_ecs_service", severity="high", refs=["REQ SMO-5"], lenses=("smoke",))
def serves_the_deployed_version(service: Resource, estate: Estate, running: RunningService) -> None:
    """The version that is served is the one that was deployed.

    Why: a deployment that was rolled back, or that a proxy in front hides, looks successful to who made it.
    Fix: look at the service's deployments and events; deploy again once the reason is known.
    """
    from skyworthy.probes.http import probe

    asked = running.asked
    if not asked.version_path:
        not_applicable("no version_path is set for it under [smoke.services]")
    assert not running.problem, running.problem
    if running.unreachable:
        raise Undecidable(running.unreachable)
    deployed = _deployed(service, estate, asked.version_variable)
    wanted = {asked.version_key: deployed}
    probe(running.url, path=asked.version_path, expect_holds=wanted, deadline=running.deadline).require()


@control("smoke.injected-names", on="aws_ecs_service", severity="critical", refs=["REQ SMO-4"], lenses=("smoke",))
def running_tasks_hold_what_they_are_given(service: Resource, running: RunningService) -> None:
    """Every variable that the task definition injects is set in the running tasks, with the value it has now.

    Why: ECS injects secrets when a task starts; after a rotation the running tasks go on with the old value until they
        are replaced, and a value that was emptied is only noticed when it is used.
    Fix: force a new deployment of the service; where a name is not set at all, look at the secret's keys.
    """
    if running.variables is None:
        not_applicable(running.closed or "its running tasks are not looked into")
        return
    assert not running.problem, running.problem
    found = running.variables()
    if not found:
        raise Undecidable("no running task of it was found to look into")
    wrong = sorted({f"{item.container}: {item.name} {_WORDS[item.held]}" for item in found if item.held != "held"})
    assert not wrong, "; ".join(wrong)


def _deployed(service: Resource, estate: Estate, variable: str) -> str:
    """What the service's task definition says that it is: a variable, else the tag of its image.

    Raises:
        Undecidable: it says neither.
    """
    task = estate.find(service["task_definition"], "aws_ecs_task_definition")
    if task is None:
        raise Undecidable(f"its task definition {show(service['task_definition'])} is not part of the stack")
    containers = _balanced_first(service, task["container_definitions"])
    for container in containers:
        for item in container.get("environment") or ():
            if item["name"] == variable and isinstance(item["value"], str):
                return str(item["value"])
    image = show(containers[0]["image"]).partition("@")[0]
    _, _, tag = image.rpartition("/")[2].partition(":")
    if not tag:
        raise Undecidable(f"the deployed version is not told: no {variable} and no tag in the image {image}")
    return tag


def _balanced_first(service: Resource, containers: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The containers, those first that the load balancer sends requests to."""
    balanced = [item["container_name"] for item in service["load_balancer"] or ()]
    return sorted(containers, key=lambda item: item["name"] not in balanced)
