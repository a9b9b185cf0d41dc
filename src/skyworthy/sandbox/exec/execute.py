"""Shell commands in running containers, by ECS Exec: exit code, output and errors apart.

ECS Exec itself gives a terminal: one stream, in which output and errors are mixed, and no exit code. So the command is
wrapped in a script that tells them apart; it needs what every image with a shell has: `sh`, `sed` and `base64`.
"""

import base64
import binascii
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from skyworthy.sandbox.exec.client import SessionError, read_session
from skyworthy.sandbox.server import Sandbox

TIMEOUT = 60.0
"""Seconds that a command may take."""
_WRAPPED = (
    "{{ {{ {{ sh -c {command} 3>&- 4>&- </dev/null; echo exit $? >&3; }} 2>&4 | base64 | sed 's/^/out /' >&3; }} "
    "4>&1 | base64 | sed 's/^/err /' >&3; }} 3>&1"
)


@dataclass(frozen=True)
class Result:
    """What came of a command.

    Args:
        exit_code: of the command.
        stdout: what it wrote.
        stderr: what it wrote as errors.
    """

    exit_code: int
    stdout: str
    stderr: str


def run(sandbox: Sandbox, cluster: str, task: str, container: str, command: str, *, timeout: float = TIMEOUT) -> Result:
    """Run a shell command in a container of a launched task.

    Args:
        sandbox: the one that the task is in.
        cluster: name or ARN of the cluster.
        task: id or ARN of the task.
        container: its name in the task definition.
        command: for `sh -c`.
        timeout: seconds that it may take.

    Raises:
        ClientError: as AWS refuses: `InvalidParameterException`, `ClusterNotFoundException`,
            `TargetNotConnectedException`.
        SessionError: the session did not open, or broke off.
    """
    return run_by(sandbox.client, cluster, task, container, command, timeout=timeout)


def run_by(
    client: Callable[[str], Any], cluster: str, task: str, container: str, command: str, *, timeout: float = TIMEOUT
) -> Result:
    """As :func:`run`, by any clients: boto3's name of a service -> a client of it, also of an AWS account."""
    answer = client("ecs").execute_command(
        cluster=cluster, task=task, container=container, command=wrapped(command), interactive=True
    )
    session = answer["session"]
    return parsed(read_session(session["streamUrl"], session["tokenValue"], timeout))


def wrapped(command: str) -> str:
    """The command for ExecuteCommand, which splits words but knows no shell, and mixes what it hears."""
    return shlex.join(["sh", "-c", _WRAPPED.format(command=shlex.quote(command))])


def parsed(written: bytes) -> Result:
    """What a wrapped command has written.

    Raises:
        SessionError: that is not what it writes: the container has no `sh`, `sed` or `base64`.
    """
    lines = [line.strip() for line in written.decode("utf-8", "replace").splitlines()]
    code = next((found[1] for line in lines if (found := re.fullmatch(r"exit (\d+)", line))), None)
    if code is None:
        raise SessionError(f"the command could not be run: {' '.join(lines)[-300:] or 'nothing was heard of it'}")
    streams = {}
    for name in ("out", "err"):
        text = "".join(line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} "))
        try:
            streams[name] = base64.b64decode(text, validate=True).decode("utf-8", "replace")
        except binascii.Error as error:
            raise SessionError(f"what the command wrote cannot be read: {error}") from error
    return Result(int(code), streams["out"], streams["err"])
