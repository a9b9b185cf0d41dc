"""What may be set in a running sandbox that AWS does not let one set, and what a sandbox only simulates."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from skyworthy.errors import BadInput
from skyworthy.sandbox.server import Sandbox

SIMULATED = {
    "alarm states": "alarms evaluate the data points that were put; a metric without any shows a calm minute",
    "images": "those that run were pushed, by nobody, and scanned; there is nothing in them",
    "backups": "they are listed with their times; there is nothing in them",
    "tasks": "as many as are desired run and are healthy, unless the services are launched",
}
"""What the sandbox behaves as if it were so, and how."""


def pass_time(sandbox: Sandbox, seconds: float) -> datetime:
    """Let time pass in a sandbox at once, and its alarms be evaluated.

    Args:
        sandbox: a running one.
        seconds: how much; none evaluates the alarms as of now.

    Returns:
        The time by its clock.

    Raises:
        BadInput: seconds are less than none.
    """
    if seconds < 0:
        raise BadInput(f"time passes forward: {seconds:g} seconds is less than none")
    return datetime.fromisoformat(sandbox.control("POST", "clock", {"forward": seconds})["now"])


def set_page_size(sandbox: Sandbox, size: int) -> None:
    """Let every list come in pages of so many items.

    Args:
        sandbox: a running one.
        size: items; 0: as AWS does.

    Raises:
        BadInput: the size is none.
    """
    sandbox.control("POST", "pages", {"size": size})


def change_task(
    sandbox: Sandbox,
    cluster: str,
    service: str,
    *,
    task: Mapping[str, Any] | None = None,
    container: Mapping[str, Any] | None = None,
    ends: bool = False,
) -> str:
    """Let the first task of a service be other than it should.

    Args:
        sandbox: a running one, in which the service is not launched.
        cluster: name of the cluster.
        service: name of the service.
        task: members of DescribeTasks -> what they say from now on.
        container: members of each of its containers, likewise.
        ends: whether the task ends by that; the service starts another one in its place.

    Returns:
        The task's ARN.

    Raises:
        BadInput: the service runs no task.
    """
    given = {"task": task or {}, "container": container or {}, "ends": ends}
    where = {"region": sandbox.region, "cluster": cluster, "service": service}
    return str(sandbox.control("POST", "tasks", {**where, **given})["taskArn"])
