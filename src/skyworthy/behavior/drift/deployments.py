"""What belongs to deployments: Terraform gives a task definition its first image and version, they give the next.

Where a service's ``ignore_changes`` names ``task_definition``, a deployment chooses the revision that runs. Of it,
tags and digests of images and the variable that tells the version are left out of the comparison with the code;
everything else, the repositories of the images too, is compared.
"""

from collections.abc import Mapping
from typing import Any

from skyworthy.behavior.drift import plain
from skyworthy.behavior.images import without_tag
from skyworthy.behavior.tasks import services_of
from skyworthy.config.deploy import DeploySettings
from skyworthy.estate import Estate, Resource, Undecidable, Value

REPLACES = "skyworthy:replaces"
"""The tag by which a deployment notes on a new revision which one ran before it, as ``family:revision``."""


def belongs_to_deployments(task: Resource, declared: Estate) -> bool:
    """Whether a service that runs a task definition keeps the revision that a deployment gave it."""
    if task.type != "aws_ecs_task_definition":
        return False
    try:
        services = services_of(task, declared)
    except Undecidable:
        return False
    return any(service.ignores("task_definition") for service in services)


def undeployed(containers: Value, settings: DeploySettings) -> Value:
    """Container definitions without what deployments give them.

    Args:
        containers: ``container_definitions`` of either side, decoded or as JSON text.
        settings: which containers are deployed, and the variable that tells the version.
    """
    found = plain.decoded(containers)
    if not isinstance(found, (list, tuple)):
        return found
    return [_undeployed(item, settings) if isinstance(item, Mapping) else item for item in found]


def _undeployed(container: Mapping[str, Any], settings: DeploySettings) -> Mapping[str, Any]:
    if settings.images and container.get("name") not in settings.images:
        return container
    left = {**container, "image": without_tag(container.get("image"))}
    if isinstance(variables := container.get("environment"), (list, tuple)):
        left["environment"] = [_without_version(item, settings.version_variable) for item in variables]
    return left


def _without_version(variable: Value, name: str) -> Value:
    """A variable; the one that tells the version is there on both sides, whatever it says."""
    is_version = isinstance(variable, Mapping) and variable.get("name") == name
    return {**variable, "value": ""} if is_version else variable
