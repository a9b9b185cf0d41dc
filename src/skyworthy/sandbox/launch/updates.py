"""Deployments of launched services: new tasks are started, and take the place of the old ones once they are healthy."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from skyworthy.errors import BadInput
from skyworthy.sandbox.launch.running import TaskRun

Newest = Callable[[str], tuple[str, list[TaskRun]]]
"""ARN of a service -> the id of its newest deployment and its tasks, ready to be started."""
Finish = Callable[[str, str, str], str]
"""(ARN of a service, id of a deployment, failure or nothing) -> what has become of the deployment."""

_log = logging.getLogger(__name__)


class Updates:
    """Carries out deployments, each in a thread; a context manager that waits for their end.

    Args:
        runs: all tasks of the launch; new ones are added to it.
        newest: see Newest.
        finish: see Finish.
        deadline: seconds in which a container must become healthy.
    """

    def __init__(self, runs: list[TaskRun], newest: Newest, finish: Finish, deadline: float) -> None:
        self._runs = runs
        self._newest = newest
        self._finish = finish
        self._deadline = deadline
        self._threads: list[threading.Thread] = []
        self._closing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        for run in list(self._runs):
            run.stop("UserInitiated", "The launch was stopped")
        for thread in self._threads:
            thread.join()

    def begin(self, service: str) -> None:
        """Begin to carry out the newest deployment of a service, by its ARN."""
        thread = threading.Thread(target=self._carry_out, args=(service,), name="deployment", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _carry_out(self, service: str) -> None:
        try:
            deployment, new = self._newest(service)
            old = [run for run in self._runs if run.task.service["serviceArn"] == service]
            self._runs += new
            failure = self._start(new)
            if self._closing:  # nothing is launched any more: the account is what its own calls made of it
                failure = ""
            if not failure:
                _end(old, f"Scaling activity initiated by (deployment {deployment})")
            if self._finish(service, deployment, failure) == "FAILED":
                _end(new, f"Task failed to start: {failure}")
        except (BadInput, BotoCoreError, ClientError) as error:
            # The account may be gone before its deployment has ended: the processes are stopped with the launch.
            _log.warning("cannot carry out the deployment of %s: %s", service, error)

    def _start(self, new: Sequence[TaskRun]) -> str:
        """Start tasks and await their health; gives why one is not healthy, or nothing."""
        if not new:
            return ""
        with ThreadPoolExecutor(len(new)) as pool:
            list(pool.map(TaskRun.start, new))
            list(pool.map(lambda run: run.await_health(self._deadline), new))
        problems = [
            f"(task {run.task.id}) {container.name}: {container.problem}"
            for run in new
            for container in run.snapshot().containers
            if container.problem
        ]
        return problems[0] if problems else ""


def _end(runs: Sequence[TaskRun], reason: str) -> None:
    """Stop tasks at once, and wait for their end."""
    for run in runs:
        run.stop("ServiceSchedulerInitiated", reason)
    for run in runs:
        run.close()
