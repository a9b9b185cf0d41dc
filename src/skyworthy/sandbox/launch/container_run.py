"""A container of a task, and the process that stands for it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from skyworthy.sandbox.launch.awslogs import LogStream
from skyworthy.sandbox.launch.container_health import ContainerHealth
from skyworthy.sandbox.launch.launched import NO_CHECK, LaunchedContainer
from skyworthy.sandbox.launch.preparation import StandIn
from skyworthy.sandbox.launch.targets import Health, TargetWatch
from skyworthy.sandbox.processes import Process

PENDING, RUNNING, STOPPED = "PENDING", "RUNNING", "STOPPED"

_log = logging.getLogger(__name__)


@dataclass
class ContainerRun:
    """A container of a task and the process that stands for it.

    Args:
        definition: the container definition.
        result: what is known of it before it starts.
        stand_in: what runs in the place of its image; None: it is not to be started.
        environment: all of its environment.
        secrets: values that must not be told.
        stream: its log stream.
    """

    definition: Mapping[str, Any]
    result: LaunchedContainer
    stand_in: StandIn | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Sequence[str] = field(default=(), repr=False)
    stream: LogStream | None = None
    process: Process | None = None
    health: ContainerHealth | None = None
    watches: list[tuple[str, int, TargetWatch]] = field(default_factory=list)
    status: str = PENDING
    exit_code: int | None = None
    reason: str = ""

    @property
    def name(self) -> str:
        """As in the task definition."""
        return self.result.name

    @property
    def dependencies(self) -> dict[str, str]:
        """Name of a container that it depends on -> the condition."""
        return {item["containerName"]: item["condition"] for item in self.definition.get("dependsOn", ())}

    @property
    def check(self) -> Health:
        """As its own health check sees it."""
        return Health(self.health.status, self.health.reason, self.health.checks) if self.health else NO_CHECK

    def ship(self) -> None:
        """Send what it has written since the last time; a log group that is gone is said in the program's log."""
        if self.stream is None or self.process is None:
            return
        try:
            self.stream.ship(self.process)
        except (BotoCoreError, ClientError) as error:
            # The account may be gone before its tasks: that must not keep them from being stopped.
            _log.warning("cannot write to log group %s: %s", self.stream.group, error)

    def snapshot(self) -> LaunchedContainer:
        """What has become of it by now."""
        health = self.watches[0][2].health if self.watches else self.result.health
        result = replace(self.result, health=health, check=self.check, exit_code=self.exit_code)
        if self.process is not None and self.status == RUNNING:
            return replace(result, state="running", pid=self.process.pid)
        if self.process is not None and self.status == STOPPED:
            return replace(result, state="stopped", pid=self.process.pid, reason=self._ended())
        return replace(result, reason=self.reason or result.reason)

    def describe(self) -> dict[str, Any]:
        """What of it differs from the account's own word, in the form of DescribeTasks."""
        told: dict[str, Any] = {"lastStatus": self.status, "healthStatus": self.check.status}
        if self.exit_code is not None:
            told["exitCode"] = self.exit_code
        if self.status == STOPPED and self.process is None:
            told["reason"] = self.reason or self.result.reason
        return told

    def _ended(self) -> str:
        said = self._redacted(self.process.last_line() if self.process else "")
        reason = f"exited with code {self.exit_code}"
        if self.result.essential:
            reason = f"Essential container in task {reason}"
        return f"{reason}: {said}" if said else reason

    def _redacted(self, text: str) -> str:
        for value in sorted(filter(None, self.secrets), key=len, reverse=True):
            text = text.replace(value, "***")
        return text
