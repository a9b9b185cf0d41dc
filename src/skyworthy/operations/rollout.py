"""The rollout of a new revision: whether it goes on, has become stable, or has failed; and waiting for that.

*Stable* is more than ECS's own word: the deployment is completed, all its tasks run and none is unhealthy, and in every
target group of the service as many of them are healthy as are desired.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from skyworthy.observed import Session
from skyworthy.operations.cluster import read_services, short, targets_of, tasks_of

State = Literal["not begun", "rolling", "stable", "failed"]

INTERVAL = 5.0
"""Seconds between two looks at a rollout."""
_EVENTS = 3


@dataclass(frozen=True)
class Rollout:
    """The rollout of one service, as it was seen last.

    Args:
        service: its name.
        cluster: name of its cluster.
        before: ``family:revision`` that ran before.
        after: ``family:revision`` that is rolled out; empty where none was registered yet.
        deployment: id of ECS's deployment; empty before the service was updated.
        state: see State.
        detail: for people: counts, or why it failed.
        runs: ``family:revision`` that the service runs, as far as it is known.
    """

    service: str
    cluster: str
    before: str
    after: str = ""
    deployment: str = ""
    state: State = "not begun"
    detail: str = "was not touched"
    runs: str = ""


def begun(rollout: Rollout, described: Mapping[str, Any]) -> Rollout:
    """A rollout that UpdateService has begun; ``described`` is the service in its answer."""
    primary = next(item for item in described["deployments"] if item["status"] == "PRIMARY")
    return replace(rollout, deployment=primary["id"], state="rolling", detail="has begun", runs=rollout.before)


def judged(
    rollout: Rollout,
    described: Mapping[str, Any],
    tasks: Sequence[Mapping[str, Any]],
    targets: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Rollout:
    """How a rollout is.

    Args:
        rollout: as it was.
        described: the service, as DescribeServices returns it.
        tasks: of the service, as DescribeTasks returns them.
        targets: target group ARN -> its targets, as DescribeTargetHealth returns them.
    """
    runs = short(described["taskDefinition"])
    own = next((item for item in described["deployments"] if item["id"] == rollout.deployment), None)
    if own is None or own.get("rolloutState") == "FAILED" or own["status"] != "PRIMARY":
        return replace(rollout, state="failed", detail=_why(own, runs, described["events"]), runs=runs)
    desired = described["desiredCount"]
    new = [task for task in tasks if short(task["taskDefinitionArn"]) == rollout.after]
    running = [task for task in new if task["lastStatus"] == "RUNNING"]
    unhealthy = sum(task.get("healthStatus") == "UNHEALTHY" for task in running)
    healthy = {group: _healthy(running, items) for group, items in targets.items()}
    parts = [f"{len(running)} of {desired} tasks of {rollout.after} run"]
    parts += [f"{count} of {desired} targets healthy in {_group(group)}" for group, count in healthy.items()]
    parts += [f"{unhealthy} unhealthy"] if unhealthy else []
    parts += [f"{own['failedTasks']} failed"] if own.get("failedTasks") else []
    complete = own.get("rolloutState") == "COMPLETED" and described.get("pendingCount", 0) == 0
    stable = (
        complete and len(running) >= desired and not unhealthy and min(healthy.values(), default=desired) >= desired
    )
    return replace(rollout, state="stable" if stable else "rolling", detail=", ".join(parts), runs=runs)


def _why(own: Mapping[str, Any] | None, runs: str, events: Sequence[Mapping[str, Any]]) -> str:
    if own is None:
        reason = f"its deployment is gone, and {runs} is the primary one"
    elif own.get("rolloutState") == "FAILED":
        reason = own.get("rolloutStateReason") or "its deployment failed"
    else:
        reason = f"another deployment took its place, of {runs}"
    said = [item["message"] for item in events[:_EVENTS]]
    return "; ".join([reason.rstrip("."), *(text.rstrip(".") for text in said)])


def ends(stopped: Sequence[Mapping[str, Any]], revision: str) -> list[str]:
    """How the tasks of a revision ended, each way once: ``Essential container in task exited (api: exit code 1)``.

    Args:
        stopped: tasks, as DescribeTasks returns them.
        revision: as ``family:revision``.
    """
    found: dict[str, None] = {}
    for task in stopped:
        if short(task["taskDefinitionArn"]) == revision:
            told = [f"{item['name']}: {how}" for item in task["containers"] if (how := _end(item))]
            found[f"{task.get('stoppedReason', 'stopped')}" + (f" ({', '.join(told)})" if told else "")] = None
    return list(found)[:_EVENTS]


def _end(container: Mapping[str, Any]) -> str:
    code = container.get("exitCode")
    return ", ".join(filter(None, [container.get("reason"), f"exit code {code}" if code else ""]))


def _healthy(running: Sequence[Mapping[str, Any]], targets: Sequence[Mapping[str, Any]]) -> int:
    """How many targets of running tasks are healthy; all, where tasks have no addresses of their own (bridge mode)."""
    if not running:
        return 0
    healthy = [item["Target"]["Id"] for item in targets if item["TargetHealth"]["State"] == "healthy"]
    addresses = {address for task in running if (address := _address(task))}
    return sum(id in addresses for id in healthy) if addresses else len(healthy)


def _address(task: Mapping[str, Any]) -> str:
    details = {item["name"]: item["value"] for each in task.get("attachments", ()) for item in each["details"]}
    return str(details.get("privateIPv4Address", ""))


def _group(arn: str) -> str:
    """The name in ``...:targetgroup/name/id``."""
    return arn.rpartition(":")[2].split("/")[1]


class Watch:
    """The rollouts of one deployment, and what is known of them at any time.

    Attributes:
        rollouts: in order; those that were not begun too.

    Args:
        session: reads the account.
        rollouts: none begun.
        progress: told how the rollouts are, where that has changed.
    """

    def __init__(self, session: Session, rollouts: Sequence[Rollout], progress: Callable[[str], None]) -> None:
        self.rollouts = list(rollouts)
        self._session = session
        self._progress = progress
        self._told = ""

    def put(self, rollout: Rollout) -> None:
        """Replace what is known of a service."""
        self.rollouts = [rollout if item.service == rollout.service else item for item in self.rollouts]

    def of(self, service: str) -> Rollout:
        """What is known of a service."""
        return next(item for item in self.rollouts if item.service == service)

    def look(self) -> None:
        """Look at those that roll."""
        rolling = {item.service: item.cluster for item in self.rollouts if item.state == "rolling"}
        for service in read_services(self._session, rolling) if rolling else []:
            tasks = tasks_of(self._session, service.cluster, service.name)
            targets = targets_of(self._session, service.described)
            found = judged(self.of(service.name), service.described, tasks, targets)
            if found.state == "failed":
                stopped = tasks_of(self._session, service.cluster, service.name, "STOPPED")
                found = replace(found, detail="; ".join([found.detail, *ends(stopped, found.after)]))
            self.put(found)
        seen = "; ".join(f"{item.service}: {item.detail}" for item in self.rollouts)
        if seen != self._told:
            self._told = seen
            self._progress(seen)

    def wait(self, timeout: float, interval: float) -> bool:
        """Look until none rolls any more.

        Args:
            timeout: seconds.
            interval: seconds between two looks.

        Returns:
            False where the time is up before.
        """
        give_up = time.monotonic() + timeout
        pause = threading.Event()
        while True:
            self.look()
            if all(item.state != "rolling" for item in self.rollouts):
                return True
            if time.monotonic() + interval > give_up:
                return False
            pause.wait(interval)


READ_ERRORS = (ClientError, BotoCoreError)
"""What a look may raise."""
