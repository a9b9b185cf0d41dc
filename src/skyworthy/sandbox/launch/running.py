"""A task that runs: its containers are started in order, watched, and stopped in the reversed order.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

from skyworthy.sandbox.launch import container_health
from skyworthy.sandbox.launch.agent import Task
from skyworthy.sandbox.launch.container_health import ContainerHealth, health_command, localized
from skyworthy.sandbox.launch.container_run import PENDING, RUNNING, STOPPED, ContainerRun
from skyworthy.sandbox.launch.launched import LaunchedTask
from skyworthy.sandbox.launch.targets import TargetWatch, described
from skyworthy.sandbox.processes import LOOPBACK, Process, StartError, own_directory, release

START_TIMEOUT = 180.0
"""Seconds that a container's dependents wait for it where `startTimeout` is not given."""
STOP_TIMEOUT = 30.0
"""Seconds between SIGTERM and SIGKILL where `stopTimeout` is not given."""


class _NotStartedError(Exception):
    """A container cannot be started; the message says why."""


class TaskRun:
    """One task and its containers.

    Attributes:
        task: what is run.
        containers: by name, in the definition's order.

    Args:
        changed: called, in any thread, when the task has stopped, just before it is told that it has.
    """

    def __init__(self, task: Task, containers: Sequence[ContainerRun], changed: Callable[["TaskRun"], None]) -> None:
        self.task = task
        self.containers = {item.name: item for item in containers}
        self.stop_code = self.stopped_reason = ""
        self.times: Mapping[str, datetime] = {}
        self._change = threading.Condition()
        self._winding_down: threading.Thread | None = None
        self._told = changed

    @property
    def status(self) -> str:
        """`PENDING`, `RUNNING`, `STOPPING` or `STOPPED`."""
        if "stoppedAt" in self.times:
            return STOPPED
        if self._winding_down is not None:
            return "STOPPING"
        return RUNNING if "startedAt" in self.times else PENDING

    @property
    def health(self) -> str:
        """As DescribeTasks tells it: that of the essential containers that have a health check."""
        checked = [
            (item.result.essential and health_command(item.definition) is not None, item.check.status)
            for item in self.containers.values()
        ]
        return container_health.of_task(checked)

    @property
    def wanted(self) -> bool:
        """Whether there is anything to run."""
        return any(item.result.state != "left out" for item in self.containers.values())

    def start(self) -> None:
        """Start the containers, each when those that it depends on are as far as it demands."""
        if not self.wanted:
            return
        refused = next((item for item in self.containers.values() if item.stand_in is None), None)
        if refused is not None:
            self._give_up(refused, refused.result.reason)
            return
        for name in _order(self.containers.values()):
            item = self.containers[name]
            try:
                self._await_dependencies(item)
                self._start(item)
            except _NotStartedError as error:
                self._give_up(item, str(error))
                return
        with self._change:
            self._note("startedAt")

    def await_health(self, deadline: float) -> None:
        """Wait until every container is healthy, for its target groups and for itself, or the task has stopped."""
        give_up = time.monotonic() + deadline
        for item in self.containers.values():
            for _, _, watch in item.watches:
                watch.await_verdict(give_up - time.monotonic())
        with self._change:
            self._change.wait_for(self._settled, max(0.0, give_up - time.monotonic()))

    def stop(self, code: str, reason: str) -> None:
        """Begin to stop it, unless it already stops."""
        with self._change:
            if self._winding_down is not None:
                return
            self.stop_code, self.stopped_reason = code, reason
            self._note("stoppingAt")
            self._winding_down = threading.Thread(target=self._wind_down, name="task stop", daemon=True)
            self._winding_down.start()

    def close(self) -> None:
        """Stop it, wait for its end, send its last words and remove what it leaves."""
        self.stop("UserInitiated", "Task stopped by user")
        assert self._winding_down is not None
        self._winding_down.join()
        for item in self.containers.values():
            if item.health is not None:
                item.health.join()
            if item.process is not None:
                item.ship()
                item.process.close()
            for port in item.result.ports.values():
                release(LOOPBACK, port)

    def snapshot(self) -> LaunchedTask:
        """What has become of it by now."""
        definition = self.task.definition
        return LaunchedTask(
            id=self.task.id,
            cpu=int(definition.get("cpu") or 0),
            memory=int(definition.get("memory") or 0),
            containers=tuple(item.snapshot() for item in self.containers.values()),
        )

    def describe(self) -> dict[str, Any]:
        """What of it differs from the account's own word, in the form of DescribeTasks, and its targets' health."""
        told: dict[str, Any] = {
            "lastStatus": self.status,
            "desiredStatus": STOPPED if self._winding_down is not None else RUNNING,
            "healthStatus": self.health,
            "containers": {item.name: item.describe() for item in self.containers.values()},
            "targets": [
                {"group": group, "port": port, "health": self._target(watch)}
                for item in self.containers.values()
                for group, port, watch in item.watches
            ],
            "execute": self.task.exec_agent,
            **{name: moment.isoformat() for name, moment in self.times.items()},
        }
        if self.stop_code:
            told |= {"stopCode": self.stop_code, "stoppedReason": self.stopped_reason}
        return told

    def _target(self, watch: TargetWatch) -> dict[str, str]:
        if self._winding_down is None:
            return described(watch.health)
        return {
            "State": "draining",
            "Reason": "Target.DeregistrationInProgress",
            "Description": "Target deregistration is in progress",
        }

    def _settled(self) -> bool:
        """Whether the health checks of all running containers have told something, or nothing runs any longer."""
        if self._winding_down is not None:
            return self.status == STOPPED
        return not any(
            item.status == RUNNING and item.health is not None and not item.health.decided
            for item in self.containers.values()
        )

    def _await_dependencies(self, item: ContainerRun) -> None:
        for name, condition in item.dependencies.items():
            other = self.containers[name]
            timeout = float(other.definition.get("startTimeout") or START_TIMEOUT)
            with self._change:
                met = self._change.wait_for(partial(self._stopping_or_met, other, condition), timeout)
            if self._winding_down is not None:
                raise _NotStartedError(f"the task was stopped before: {self.stopped_reason}")
            if not met:
                raise _NotStartedError(f"its dependency {name} did not reach {condition} in {timeout:g} s")

    def _stopping_or_met(self, item: ContainerRun, condition: str) -> bool:
        return self._winding_down is not None or _met(item, condition)

    def _start(self, item: ContainerRun) -> None:
        assert item.stand_in is not None
        with self._change:  # whoever hears of its exit waits until it is known to run
            try:
                with own_directory(item.name) as directory:
                    item.process = Process(
                        [part.replace("{python}", sys.executable) for part in item.stand_in.command],
                        environment=item.environment,
                        cwd=item.stand_in.cwd,
                        directory=directory,
                        grace=float(item.definition.get("stopTimeout") or STOP_TIMEOUT),
                        on_exit=lambda: self._exited(item),
                    )
            except StartError as error:
                raise _NotStartedError(f"CannotStartContainerError: {error}") from error
            item.status = RUNNING
            self._watch(item)
            self._change.notify_all()

    def _watch(self, item: ContainerRun) -> None:
        assert item.stand_in is not None
        for (name, port), group in self.task.checks.items():
            if name == item.name:
                checked = group.check.port if group.check.port in item.result.ports else str(port)
                url = f"{group.check.protocol.lower()}://{LOOPBACK}:{item.result.ports[checked]}"
                item.watches.append((group.arn, port, TargetWatch(group.check, url)))
        command = health_command(item.definition)
        if command is not None:
            item.health = ContainerHealth(
                localized(command, item.result.ports),
                environment=item.environment,
                cwd=item.stand_in.cwd,
                changed=self._notify,
            )

    def _notify(self) -> None:
        with self._change:
            self._change.notify_all()

    def _exited(self, item: ContainerRun) -> None:
        with self._change:
            assert item.process is not None
            code = item.process.exit_code()
            assert code is not None
            item.status, item.exit_code = STOPPED, code if code >= 0 else 128 - code
            for _, _, watch in item.watches:
                watch.exited(item.exit_code)
            if item.health is not None:
                item.health.stop()
            self._change.notify_all()
        if item.result.essential:
            self.stop("EssentialContainerExited", "Essential container in task exited")

    def _give_up(self, item: ContainerRun, reason: str) -> None:
        """A container that cannot be started keeps the others from running."""
        item.reason = reason
        refused = self.task.failure or (item.stand_in is None and reason)
        self.stop("TaskFailedToStart", reason if refused else f"Task failed to start: {item.name}: {reason}")

    def _wind_down(self) -> None:
        """Stop each container when those that depend on it have stopped."""
        for name in reversed(list(_order(self.containers.values()))):
            item = self.containers[name]
            dependents = [other for other in self.containers.values() if name in other.dependencies]
            with self._change:
                self._change.wait_for(partial(_all_over, dependents), _patience(dependents))
            if item.process is None:
                item.status = STOPPED
            else:
                item.process.stop()
        with self._change:
            everyone = list(self.containers.values())
            self._change.wait_for(partial(_all_over, everyone), _patience(everyone))
            for item in everyone:
                for _, _, watch in item.watches:
                    watch.stop()
        self._told(self)  # first: who sees that it has stopped sees the event too
        with self._change:
            self._note("stoppedAt")
            self._change.notify_all()

    def _note(self, name: str) -> None:
        """Keep the present time, by the holder of the lock; in a new mapping, since others read without it."""
        self.times = {**self.times, name: datetime.now(UTC)}


def _met(container: ContainerRun, condition: str) -> bool:
    """Whether a container is as far as another demands.

    Raises:
        _NotStartedError: it will never be.
    """
    if condition == "START":
        return container.process is not None
    if condition in ("COMPLETE", "SUCCESS"):
        if condition == "SUCCESS" and container.exit_code:
            raise _NotStartedError(f"its dependency {container.name} exited with code {container.exit_code}")
        return container.status == STOPPED
    if container.status == STOPPED:
        raise _NotStartedError(f"its dependency {container.name} exited before it was HEALTHY")
    if container.health is None:
        raise _NotStartedError(f"its dependency {container.name} has no health check, and is never HEALTHY")
    return container.check.status == container_health.HEALTHY


def _all_over(containers: Iterable[ContainerRun]) -> bool:
    return all(item.process is None or item.status == STOPPED for item in containers)


def _patience(containers: Iterable[ContainerRun]) -> float:
    """Seconds in which containers have stopped or been killed."""
    return max((item.process.grace for item in containers if item.process), default=0.0) + 2.0


def _order(containers: Iterable[ContainerRun]) -> Iterable[str]:
    """Names of containers, each after those that it depends on."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for item in containers:
        sorter.add(item.name, *item.dependencies)
    return sorter.static_order()
