"""Controls of what ECS runs: services that have settled, on the current revision, from images that are there."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from skyworthy.behavior.drift import compare
from skyworthy.behavior.images import image_of, repository_of
from skyworthy.behavior.tasks import task_of
from skyworthy.config import Policy
from skyworthy.config.deploy import DeploySettings
from skyworthy.controls.moments import moment
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, show

_SERVICE = "aws_ecs_service"
_TASK = "aws_ecs_task_definition"
_RECENT = timedelta(hours=1)
_STEADY = "has reached a steady state"
_FAILING = re.compile(r"unable to|fail|unhealthy|rolling back|circuit breaker|throttl|insufficient", re.IGNORECASE)
_SCANNED = frozenset({"COMPLETE", "ACTIVE"})
"""The states of basic and of enhanced scanning in which there are findings, if only none."""


@control("ecs.service-stable", on=_SERVICE, severity="high", refs=["REQ LIV-5"], lenses=("observed",))
def service_is_stable(service: Resource, policy: Policy, now: datetime) -> None:
    """A service runs the tasks that it should, by one completed deployment.

    Why: tasks that do not start, or a deployment that does not end, are an outage or the next one.
    Fix: read the service's events and the stopped tasks' reasons; deploy a revision that starts.
    """
    problems = [*_counts(service, policy), *_deployments(service), *_events(service, now)]
    assert not problems, "; ".join(problems)


def _counts(service: Resource, policy: Policy) -> Iterator[str]:
    if service["status"] != "ACTIVE":
        yield f"its status is {service['status']}"
    desired, running = service["desired_count"], service["running_count"]
    if desired < policy.min_tasks:
        yield f"desired_count is {desired}, at least {policy.min_tasks} demanded"
    if running != desired:
        yield f"{running} of {desired} tasks run"


def _deployments(service: Resource) -> Iterator[str]:
    """Of ECS's own controller; another one keeps task sets instead."""
    if service.block("deployment_controller").get("type") not in (None, "ECS"):
        return
    deployments = service["deployments"]
    if len(deployments) != 1:
        yield f"{len(deployments)} deployments at once, instead of one"
    for item in deployments:
        if item["rollout_state"] not in (None, "COMPLETED"):
            yield f"its {item['status']} deployment is {item['rollout_state']}"
        if item["failed_tasks"]:
            yield f"{item['failed_tasks']} tasks of its {item['status']} deployment failed"


def _events(service: Resource, now: datetime) -> Iterator[str]:
    """What went wrong in the last hour and after the service was steady last; events come newest first."""
    for event in service["events"]:
        if _STEADY in event["message"] or now - moment(event["at"]) > _RECENT:
            return
        if _FAILING.search(event["message"]):
            yield f"event of {event['at']}: {event['message']}"


@control(
    "ecs.runs-current-revision",
    on=_SERVICE,
    severity="high",
    refs=["REQ SEC-4", "REQ LIV-5"],
    lenses=("observed",),
    aliases=("ecs.runs-newest-revision",),
)
def current_revision_runs(service: Resource, estate: Estate, declared: Estate, deploy: DeploySettings) -> None:
    """A service runs one revision of its task definition, and that is as the code says.

    Why: what was changed in the task definition, a new secret for instance, is not there until the service runs it.
    Fix: apply the Terraform, which registers a new revision, then `skyworthy deploy`, which starts from the newest one.
    """
    written = declared.get(service.address)
    task = task_of(written, declared) if written is not None else None
    if task is None:
        not_applicable("its task definition is not part of the stack")
        return
    given = {service["task_definition"], *(item["task_definition"] for item in service["deployments"])}
    running = sorted(str(arn).rpartition("/")[2] for arn in given)
    assert len(running) == 1, f"it runs {' and '.join(running)} at once"
    there = estate.get(task.address)
    assert there is not None, f"it runs {running[0]}, no revision of {show(task.peek('family'))}"
    assert there["arn"] in given, f"it runs {running[0]}, no revision of {there['family']}"
    found = compare(task, declared, estate, deploy)
    assert found is None or not found.differences, f"it runs {running[0]}, which is not as the code says: {found}"
    if found is not None and found.refused is not None:
        raise found.refused.undecidable()


@control("ecs.image-exists", on=_TASK, severity="critical", refs=["REQ LIV-7"], lenses=("observed",))
def images_exist(task: Resource, estate: Estate) -> None:
    """The images of a task definition are in their repositories.

    Why: a task whose image is gone does not start again, and nobody notices before it has to.
    Fix: push the image again, or deploy a revision whose image is there; keep running images in the lifecycle policy.
    """
    problems = [
        f"{container}: {repository['name']} holds no image {wanted}"
        for container, repository, wanted, image in _images(task, estate)
        if image is None
    ]
    assert not problems, "; ".join(problems)


@control("ecs.image-no-critical-findings", on=_TASK, severity="critical", refs=["REQ LIV-7"], lenses=("observed",))
def images_have_no_critical_findings(task: Resource, estate: Estate) -> None:
    """The scans of a task definition's images have no critical finding.

    Why: a critical flaw that is known can be used by whoever reads the same list.
    Fix: build the image anew on a mended base, and deploy it; scan an image that was never scanned.
    """
    problems, unscanned = [], []
    for container, repository, wanted, image in _images(task, estate):
        if image is None:
            not_applicable(f"{repository['name']} holds no image {wanted}, see ecs.image-exists")
        elif image["scan_status"] not in _SCANNED:
            unscanned.append(f"{container}: image {wanted} of {repository['name']} was never scanned to the end")
        elif count := image["findings"].get("CRITICAL"):
            problems.append(f"{container}: image {wanted} of {repository['name']} has {count} critical findings")
    assert not problems, "; ".join(problems)
    if unscanned:
        raise Undecidable("; ".join(unscanned))


def _images(task: Resource, estate: Estate) -> list[tuple[str, Resource, str, Mapping[str, Any] | None]]:
    """The containers whose images come from repositories of the stack.

    Returns:
        Of each its name, the repository, the tag or digest that is asked for, and the image; None: it is not there.
    """
    found: list[tuple[str, Resource, str, Mapping[str, Any] | None]] = []
    for container in task["container_definitions"]:
        repository = repository_of(container["image"], estate)
        if isinstance(repository, Resource):
            wanted = _wanted(str(container["image"]))
            held = (item for item in repository["images"] if wanted in (item["digest"], *(item["tags"] or ())))
            found.append((str(container["name"]), repository, wanted, next(held, None)))
    if not found:
        not_applicable("its images come from no repository of the stack")
    return found


def _wanted(image: str) -> str:
    """The digest or tag that an image's name asks for."""
    return image.partition("@")[2] or str(image_of(image).tag or "latest")
