"""What the launcher tells the sandbox of its tasks and services."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from skyworthy.sandbox.exec.sessions import ExecSession
from skyworthy.sandbox.launch.running import TaskRun


@dataclass
class Ledger:
    """What runs, and what the sandbox is told of it.

    Args:
        runs: the tasks.
        addresses: declared address of an endpoint -> the local one.
        events: ARN of a service -> its events, the newest first.
        steady: ARNs of the services that have reached a steady state.
    """

    runs: list[TaskRun]
    addresses: Mapping[str, str]
    events: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    steady: set[str] = field(default_factory=set)

    def state(self) -> dict[str, Any]:
        """See ``account/launches.py``."""
        return {
            "tasks": {run.task.arn: run.describe() for run in self.runs if run.task.arn},
            "events": {arn: list(told) for arn, told in list(self.events.items())},
            "steady": sorted(self.steady),
            "addresses": dict(self.addresses),
        }

    def open_session(self, arn: str, container: str, command: str) -> ExecSession:
        """A session for a command in a container that runs."""
        item = self._run(arn).containers.get(container)
        if item is None or item.stand_in is None or item.status != "RUNNING":
            raise KeyError(f"no container {container} runs in {arn}")
        return ExecSession(command, item.environment, item.stand_in.cwd)

    def stop(self, arn: str, reason: str) -> None:
        """Stop a task."""
        self._run(arn).stop("UserInitiated", reason)

    def stopped(self, run: TaskRun) -> None:
        """Note that a task has stopped."""
        self.note(run, f"has stopped 1 running tasks: (task {run.task.id}).")
        for group in {group.arn for group in run.task.checks.values()}:
            self.note(run, f"deregistered 1 targets in (target-group {group})")

    def note(self, run: TaskRun, message: str) -> None:
        """Add an event of a task's service.

        Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
        """
        service = run.task.service
        event = {
            "id": str(uuid.uuid4()),
            "createdAt": datetime.now(UTC).isoformat(),
            "message": f"(service {service['serviceName']}) {message}",
        }
        self.events.setdefault(service["serviceArn"], []).insert(0, event)

    def note_start(self) -> None:
        """Note what came of the start of each service."""
        for started in by_service(self.runs):
            arn = str(started[0].task.service["serviceArn"])
            running = [run for run in started if run.status == "RUNNING"]
            for run in running:
                self.note(run, f"has started 1 tasks: (task {run.task.id}).")
                for group in {group.arn for group in run.task.checks.values()}:
                    self.note(run, f"registered 1 targets in (target-group {group})")
            problems = [item.problem for run in started for item in run.snapshot().containers if item.problem]
            if len(running) == started[0].task.service["desiredCount"] and not problems:
                self.steady.add(arn)
                self.note(started[0], "has reached a steady state.")
            for problem in problems:
                self.note(started[0], f"is unhealthy: {problem}")

    def _run(self, arn: str) -> TaskRun:
        for run in self.runs:
            if run.task.arn == arn:
                return run
        raise KeyError(f"no task {arn} was launched")


def by_service(runs: Iterable[TaskRun]) -> list[list[TaskRun]]:
    """The tasks of each service; they come service by service."""
    return [list(group) for _, group in groupby(runs, lambda run: str(run.task.service["serviceArn"]))]
