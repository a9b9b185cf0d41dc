"""Controls of the tasks behind a service: as they are, and as those of the last hour ended."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from skyworthy.behavior.images import image_of, repository_of
from skyworthy.behavior.tasks import cluster_of
from skyworthy.controls.moments import moment, told
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable

_SERVICE = "aws_ecs_service"
_STARTING = timedelta(minutes=10)
_FAILED = frozenset({"EssentialContainerExited", "TaskFailedToStart"})
_UNHEALTHY = ("failed container health checks", "failed ELB health checks")
Task = Mapping[str, Any]


@control("ecs.tasks-healthy", on=_SERVICE, severity="high", refs=["REQ LIV-5"], lenses=("observed",))
def tasks_are_healthy(service: Resource, estate: Estate, now: datetime) -> None:
    """Every task of a service has started, is connected, and passes its health checks.

    Why: the count of tasks that run is complete while one of them answers nobody.
    Fix: read the task's log and the reason of its container; see that the health check asks what the image serves.
    """
    problems = [
        f"task {_id(task)} {problem}" for task in _running(service, estate) for problem in _of_running(task, now)
    ]
    assert not problems, "; ".join(problems)


def _of_running(task: Task, now: datetime) -> Iterator[str]:
    """See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html."""
    age = now - moment(task["created_at"])
    if task["last_status"] != "RUNNING":
        if age > _STARTING:
            yield f"is {task['last_status']}, {told(age)} after it was made"
        return
    if task["connectivity"] == "DISCONNECTED":
        yield "has lost its connection to ECS"
    sick = [item for item in task["containers"] if item["health_status"] == "UNHEALTHY"]
    for item in sick:
        yield f"is UNHEALTHY: container {item['name']} fails its health check"
    if task["health_status"] == "UNHEALTHY" and not sick:
        yield "is UNHEALTHY"
    for item in task["containers"]:
        if item["last_status"] == "STOPPED" and item["exit_code"] != 0:
            yield f"runs without container {item['name']}: {_end(item)}"


@control("ecs.tasks-same-revision", on=_SERVICE, severity="high", refs=["REQ LIV-5", "REQ SEC-4"], lenses=("observed",))
def tasks_are_of_one_revision(service: Resource, estate: Estate) -> None:
    """Every task of a service runs the revision that the service names.

    Why: while tasks of two revisions answer in turn, every other request meets the old code and the old secrets.
    Fix: stop the old tasks, or deploy the service anew.
    """
    tasks = _running(service, estate)
    if len(service["deployments"]) > 1:
        not_applicable("a deployment is under way, see ecs.service-stable")
    others = [f"task {_id(task)} runs {_last(task['task_definition'])}" for task in tasks
              if task["task_definition"] != service["task_definition"]]  # fmt: skip
    assert not others, f"the service names {_last(service['task_definition'])}: {'; '.join(others)}"


@control("ecs.tasks-same-image", on=_SERVICE, severity="high", refs=["REQ LIV-7"], lenses=("observed",))
def tasks_run_the_image(service: Resource, estate: Estate) -> None:
    """The tasks of a service run the image that their tag names now.

    Why: where a tag was pushed again, the task that starts next runs other code than those that run.
    Fix: make the repository's tags immutable, and deploy the service anew.
    """
    running: dict[tuple[str, str], dict[str, str]] = {}
    for task in _running(service, estate):
        for item in task["containers"]:
            if item["image_digest"]:
                running.setdefault((item["name"], item["image"]), {})[item["image_digest"]] = _id(task)
    if not running:
        raise Undecidable("ECS tells no digest of the images that run")
    problems = []
    for (name, image), digests in running.items():
        pushed = _pushed(image, estate)
        told = [f"task {id} runs {digest}" for digest, id in digests.items() if digest != pushed]
        if pushed and told:
            problems.append(f"{image} of container {name} is now {pushed}: {', '.join(told)}")
        elif len(told) > 1:
            problems.append(f"{image} of container {name} is not one image: {', '.join(told)}")
    assert not problems, "; ".join(problems)


def _pushed(image: str, estate: Estate) -> str:
    """The digest that an image's tag names in its repository; empty where no repository of the stack tells."""
    repository = repository_of(image, estate)
    asked = image_of(image)
    if asked.digest or not isinstance(repository, Resource):
        return ""
    tag = asked.tag or "latest"
    return next((item["digest"] for item in repository["images"] if tag in (item["tags"] or ())), "")


@control("ecs.no-failed-tasks", on=_SERVICE, severity="high", refs=["REQ LIV-5"], lenses=("observed",))
def no_task_failed(service: Resource, estate: Estate) -> None:
    """No task of the revision that a service runs ended by a failure in the last hour.

    Why: what is replaced as often as it dies looks like a service that runs, and loses requests each time.
    Fix: give it the memory that it needs, mend what ended it, or let it pull its image and secrets.
    """
    problems = [
        f"task {_id(task)} stopped at {task['stopped_at']}: {_failure(task)}"
        for task in _tasks(service, estate)
        if task["task_definition"] == service["task_definition"] and task["last_status"] == "STOPPED" and _failure(task)
    ]
    assert not problems, "; ".join(problems)


def _failure(task: Task) -> str:
    """Why a task failed, in ECS's words; empty where it was stopped on purpose.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """
    reason = str(task["stopped_reason"] or "")
    if task["stop_code"] not in _FAILED and not any(words in reason for words in _UNHEALTHY):
        return ""
    ended = (item for item in task["containers"] if item["exit_code"] or item["reason"])
    ends = ", ".join(f"container {item['name']}: {_end(item)}" for item in ended)
    return ": ".join(filter(None, (reason or str(task["stop_code"]), ends)))


def _end(container: Mapping[str, Any]) -> str:
    """How a container ended: ``OutOfMemoryError: ... (exit code 137)``."""
    code = container["exit_code"]
    words = [str(container["reason"] or ""), "" if code is None else f"exit code {code}"]
    return ", ".join(filter(None, words)) or "ECS tells no reason"


def _running(service: Resource, estate: Estate) -> list[Task]:
    """The tasks of a service that are to run; without one there is nothing to judge."""
    found = [task for task in _tasks(service, estate) if task["desired_status"] == "RUNNING"]
    if not found:
        not_applicable("it runs no task, see ecs.service-stable")
    return found


def _tasks(service: Resource, estate: Estate) -> list[Task]:
    """All tasks of a service that ECS still tells of."""
    cluster = cluster_of(service, estate)
    if cluster is not None:
        return [task for task in cluster["tasks"] if task["group"] == f"service:{service['name']}"]
    not_applicable(f"its cluster {_last(service['cluster'])} is not part of the stack")
    return []


def _id(task: Task) -> str:
    return _last(task["arn"])


def _last(arn: str) -> str:
    return str(arn).rpartition("/")[2]
