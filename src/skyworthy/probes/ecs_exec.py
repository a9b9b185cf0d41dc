"""Hosts of pytest-testinfra that are containers of running ECS tasks, by ECS Exec.

    host = testinfra.get_host("ecs://ohmycoins-staging/backend/backend")
    assert host.file("/app").is_directory

An address is ``ecs://CLUSTER/SERVICE/CONTAINER``, and may go on with ``?region=``, ``&profile=``, ``&task=`` (an id; by
default the service's oldest running task) and ``&endpoint=`` (a sandbox; by default what ``AWS_ENDPOINT_URL`` says).

Every command is a session of its own, which AWS records where the cluster says so, and opens with
``ecs:ExecuteCommand``. On AWS the channel is opened by the session-manager-plugin.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
"""

import json
import os
import pty
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from testinfra.backend import base
from testinfra.host import Host

from skyworthy.errors import BadInput
from skyworthy.observed import Session
from skyworthy.probes.acting import ActingSession
from skyworthy.sandbox.exec.client import SessionError, read_session
from skyworthy.sandbox.exec.execute import Result, parsed, wrapped

ALLOWED = ("ecs:ListTasks", "ecs:DescribeTasks", "ecs:ExecuteCommand")
PLUGIN = "session-manager-plugin"
INSTALL = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
)
TIMEOUT = 60.0
"""Seconds that a command may take."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_OPTIONS = ("region", "profile", "task", "endpoint")


class ExecFailed(Exception):
    """A command could not be run in a container; the message says why, and what to do."""


@dataclass(frozen=True)
class Address:
    """What ``ecs://`` addresses name.

    Args:
        cluster: name of the cluster.
        service: name of the service.
        container: its name in the task definition.
        options: region, profile, task, endpoint, as far as they are given.
    """

    cluster: str
    service: str
    container: str
    options: Mapping[str, str]

    @staticmethod
    def of(text: str) -> "Address":
        """Read ``CLUSTER/SERVICE/CONTAINER?OPTIONS``.

        Raises:
            BadInput: it is not of that form.
        """
        path, _, query = text.partition("?")
        parts = path.split("/")
        options = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        strange = [name for name in options if name not in _OPTIONS]
        if len(parts) != 3 or not all(parts) or strange:
            wrong = f"unknown option {strange[0]!r}" if strange else "three names are needed"
            raise BadInput(f"ecs://{text}: {wrong}; an address is ecs://CLUSTER/SERVICE/CONTAINER?{'&'.join(_OPTIONS)}")
        cluster, service, container = parts
        return Address(cluster, service, container, options)


class EcsBackend(base.BaseBackend):  # type: ignore[misc]
    """Runs the commands of pytest-testinfra in a container of a running task."""

    NAME = "ecs"

    def __init__(
        self, hostname: str, *arguments: Any, clients: Callable[[str], Any] | None = None, **options: Any
    ) -> None:
        self.address = Address.of(hostname)
        super().__init__(hostname.partition("?")[0], *arguments, **options)
        self._clients = clients
        self._task = self.address.options.get("task", "")

    def run(self, command: str, *arguments: str, **_: Any) -> base.CommandResult:
        """Run a shell command.

        Raises:
            ExecFailed: it could not be run.
        """
        line = self.get_command(command, *arguments)
        if self._clients is None:
            self._clients = _session_of(self.address).client
        if not self._task:
            self._task = running_tasks(self._clients, self.address.cluster, self.address.service)[0]
        done = execute(self._clients, self.address.cluster, self._task, self.address.container, line)
        # Not by result(), which logs what was written: a container's environment belongs in no log.
        return base.CommandResult(
            backend=self, exit_status=done.exit_code, command=line.encode(), _stdout=done.stdout, _stderr=done.stderr
        )


def host_of(client: Callable[[str], Any], cluster: str, service: str, container: str, task: str) -> Host:
    """A host of pytest-testinfra for a container of one task.

    Args:
        client: makes boto3 clients of the account.
        cluster: its name.
        service: name of the service.
        container: its name in the task definition.
        task: id of the task.
    """
    backend = EcsBackend(f"{cluster}/{service}/{container}?task={task}", clients=client)
    host = Host(backend)
    backend.set_host(host)
    return host


def running_tasks(client: Callable[[str], Any], cluster: str, service: str) -> list[str]:
    """Ids of the running tasks of a service, the oldest first.

    Raises:
        ExecFailed: there is none, or that cannot be asked.
    """
    ecs = client("ecs")
    try:
        arns = ecs.list_tasks(cluster=cluster, serviceName=service, desiredStatus="RUNNING")["taskArns"]
        tasks = ecs.describe_tasks(cluster=cluster, tasks=arns[:100])["tasks"] if arns else []
    except (ClientError, BotoCoreError) as error:
        raise ExecFailed(f"{cluster}/{service}: {error}") from error
    running = [task for task in tasks if task["lastStatus"] == "RUNNING"]
    if not running:
        raise ExecFailed(f"{cluster}/{service} has no running task")
    running.sort(key=lambda task: (str(task.get("startedAt", "")), task["taskArn"]))
    return [str(task["taskArn"]).rpartition("/")[2] for task in running]


def execute(
    client: Callable[[str], Any], cluster: str, task: str, container: str, command: str, *, timeout: float = TIMEOUT
) -> Result:
    """Run a shell command in a container by ECS Exec.

    Args:
        client: makes boto3 clients of the account.
        cluster: name or ARN.
        task: id or ARN.
        container: its name in the task definition.
        command: for ``sh -c``.
        timeout: seconds that it may take.

    Raises:
        ExecFailed: AWS refuses, the plugin is missing, or the session breaks off.
    """
    where = f"{cluster}/{task}/{container}"
    ecs = client("ecs")
    try:
        answer = ecs.execute_command(
            cluster=cluster, task=task, container=container, command=wrapped(command), interactive=True
        )
    except (ClientError, BotoCoreError) as error:
        raise ExecFailed(f"{where}: ECS Exec is refused: {error}") from error
    session = answer["session"]
    try:
        if _is_sandbox(session["streamUrl"]):
            return parsed(read_session(session["streamUrl"], session["tokenValue"], timeout))
        return parsed(_by_plugin(ecs, answer, timeout))
    except SessionError as error:
        raise ExecFailed(f"{where}: {error}") from error


def _is_sandbox(stream_url: str) -> bool:
    parts = urlsplit(stream_url)
    return parts.scheme == "ws" and parts.hostname in _LOOPBACK


def _by_plugin(ecs: Any, answer: Mapping[str, Any], timeout: float) -> bytes:
    """What the command of a session writes, by AWS's own client, started as the AWS command line starts it."""
    program = shutil.which(PLUGIN)
    if program is None:
        raise ExecFailed(f"ECS Exec needs the {PLUGIN}, which is not on the PATH: see {INSTALL}")
    session, target = answer["session"], json.dumps({"Target": _target(ecs, answer)})
    told = {"SessionId": session["sessionId"], "StreamUrl": session["streamUrl"], "TokenValue": session["tokenValue"]}
    arguments = [json.dumps(told), ecs.meta.region_name, "StartSession", "", target, ecs.meta.endpoint_url]
    ours, theirs = pty.openpty()  # it ends at once where its input is at an end, or no terminal
    try:
        done = subprocess.run([program, *arguments], stdin=theirs, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise SessionError(f"the command was not over in {timeout:g} s") from error
    finally:
        os.close(ours)
        os.close(theirs)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()[-300:]
        raise SessionError(f"{PLUGIN} exited with {done.returncode}: {said}")
    return done.stdout


def _target(ecs: Any, answer: Mapping[str, Any]) -> str:
    """The container of a session as Session Manager names it."""
    (task,) = ecs.describe_tasks(cluster=answer["clusterArn"], tasks=[answer["taskArn"]])["tasks"]
    container = next(item for item in task["containers"] if item["containerArn"] == answer["containerArn"])
    cluster, task_id = (answer[name].rpartition("/")[2] for name in ("clusterArn", "taskArn"))
    return f"ecs:{cluster}_{task_id}_{container['runtimeId']}"


def _session_of(address: Address) -> ActingSession:
    """A session of its own for an address; in a sandbox without the machine's AWS configuration."""
    options = address.options
    endpoint = options.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL_ECS") or os.environ.get("AWS_ENDPOINT_URL")
    local = endpoint is not None and urlsplit(endpoint).hostname in _LOOPBACK
    looking = Session(
        profile=options.get("profile"),
        region=options.get("region"),
        endpoint_url=endpoint,
        target="sandbox" if local else "aws",
    )
    return ActingSession(looking, ALLOWED)
