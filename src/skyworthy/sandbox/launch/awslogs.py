"""The awslogs driver: sends what a container writes to its declared log group.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
"""

import threading
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from skyworthy.sandbox.launch.injection import ExecutionRole, TaskFailure
from skyworthy.sandbox.processes import Process

_BATCH = 1000
"""Events in a call; PutLogEvents takes 10,000 and 1 MiB."""
_LINE = 8192
"""Characters of a line that are kept."""
_FAILING = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "


class LogStream:
    """A log stream that follows a process.

    Args:
        client: boto3's client of CloudWatch Logs.
        group: its log group.
        name: of the stream.
    """

    def __init__(self, client: Any, group: str, name: str) -> None:
        self._client = client
        self._sent = 0
        self._shipping = threading.Lock()
        self.group = group
        self.name = name

    def ship(self, process: Process) -> None:
        """Send the whole lines that the process has written since the last time."""
        with self._shipping:
            self._ship(process)

    def _ship(self, process: Process) -> None:
        written = process.log_bytes(self._sent)
        whole = written[: written.rfind(b"\n") + 1]
        self._sent += len(whole)
        now = int(time.time() * 1000)
        lines = whole.decode("utf-8", "replace").splitlines()
        events = [{"timestamp": now, "message": line[:_LINE]} for line in lines if line.strip()]
        for start in range(0, len(events), _BATCH):
            batch = events[start : start + _BATCH]
            self._client.put_log_events(logGroupName=self.group, logStreamName=self.name, logEvents=batch)


def open_stream(container: Mapping[str, Any], task_id: str, role: ExecutionRole) -> LogStream | None:
    """Create the stream of a container, as the agent does before the container starts.

    Returns:
        The stream, or None where the container logs by another driver or not at all.

    Raises:
        TaskFailure: the group does not exist, or the execution role may not write to it.
    """
    declared = container.get("logConfiguration", {})
    if declared.get("logDriver") != "awslogs":
        return None
    options = declared["options"]
    group = options["awslogs-group"]
    prefix = options.get("awslogs-stream-prefix")
    if prefix is None:  # Fargate demands it
        raise TaskFailure(f"{_FAILING}awslogs-stream-prefix is not set")
    name = f"{prefix}/{container['name']}/{task_id}"
    client = role.client("logs")
    if options.get("awslogs-create-group") == "true":
        _tolerate_existing(client.create_log_group, logGroupName=group)
    try:
        groups = client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        arn = next((item["arn"].removesuffix(":*") for item in groups if item["logGroupName"] == group), None)
        if arn is None:
            raise TaskFailure(f"{_FAILING}ResourceNotFoundException: The specified log group does not exist.")
        role.require("logs:CreateLogStream", f"{arn}:log-stream:{name}", _FAILING)
        role.require("logs:PutLogEvents", f"{arn}:log-stream:{name}", _FAILING)
        _tolerate_existing(client.create_log_stream, logGroupName=group, logStreamName=name)
    except ClientError as error:
        raise TaskFailure(f"{_FAILING}{error.response['Error']['Code']}") from error
    return LogStream(client, group, name)


def _tolerate_existing(create: Any, **arguments: str) -> None:
    try:
        create(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
