"""The launches that a sandbox's server knows of: what it tells of their tasks is what their launchers say.

A launcher registers here and is asked at each call that shows its tasks, targets or servers; nothing of its answers is
kept in the account. When it deregisters, or is gone, the account is again what its own calls made of it.
"""

import json
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from skyworthy.sandbox.account.calls import AwsError, Call, Response

if TYPE_CHECKING:
    from skyworthy.sandbox.account.application import Application

TOKEN_HEADER = "X-Skyworthy-Token"  # noqa: S105 - the name of a header
OBSERVER = "skyworthy-observed"
"""What the user agent of the observed side's session says."""
SECONDS = 5.0
"""How long a launcher may take to answer."""
_WITH_ADDRESSES = frozenset(
    {
        "rds:DescribeDBInstances",
        "elasticache:DescribeReplicationGroups",
        "elasticache:DescribeCacheClusters",
    }
)


class NoLauncherError(Exception):
    """No launcher runs that container; the message says what is missing."""


@dataclass(frozen=True)
class Launch:
    """One launch: where its launcher answers, and by which token."""

    url: str
    token: str

    def ask(self, method: str, path: str, content: object = None) -> Any:
        """The launcher's answer.

        Raises:
            requests.ConnectionError: it is gone.
            NoLauncherError: it refuses.
            AwsError: it is there, and does not answer: nothing is known of its tasks.
        """
        headers = {TOKEN_HEADER: self.token}
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(method, self.url + path, json=content, headers=headers, timeout=SECONDS)
        except requests.Timeout as error:  # slow to take the connection is not gone
            raise AwsError("ServerException", f"the launcher at {self.url} does not answer") from error
        if not answer.ok:
            raise NoLauncherError(answer.json()["message"])
        return answer.json()


_launches: dict[str, Launch] = {}
"""By the launcher's URL; a later one goes before an earlier one."""


def routes(application: "Application") -> dict[tuple[str, str], Callable[[bytes], Any]]:
    """The control endpoints by which launchers register, for one application."""
    application.amenders.append(_tell_local_addresses)
    return {("GET", "launches"): _list, ("POST", "launches"): _register, ("DELETE", "launches"): _deregister}


def tasks() -> dict[str, dict[str, Any]]:
    """What launchers say of their tasks, by the task's ARN."""
    return {arn: told for state in _states() for arn, told in state["tasks"].items()}


def events() -> dict[str, list[dict[str, Any]]]:
    """What happened to launched services, newest first, by the service's ARN."""
    return {arn: told for state in _states() for arn, told in state["events"].items()}


def steady() -> frozenset[str]:
    """ARNs of the launched services that have reached a steady state."""
    return frozenset(arn for state in _states() for arn in state["steady"])


def open_session(task: str, container: str, command: str) -> dict[str, str]:
    """A session for a command in a container.

    Returns:
        `sessionId`, `streamUrl` and `tokenValue`.

    Raises:
        NoLauncherError: none runs that container.
    """
    return dict(_of_task(task).ask("POST", "/sessions", {"task": task, "container": container, "command": command}))


def stop(task: str, reason: str) -> None:
    """Have a task stopped, where a launcher runs it."""
    try:
        launch = _of_task(task)
    except NoLauncherError:
        return
    launch.ask("POST", "/stop", {"task": task, "reason": reason})


def update(service: str, tasks: Container[str]) -> None:
    """Have a new deployment of a service carried out by the latest launch that runs tasks of it, if any does.

    Args:
        service: its ARN.
        tasks: ARNs of its tasks.
    """
    for launch, state in reversed(list(_answers())):
        if any(arn in tasks for arn in state["tasks"]):
            launch.ask("POST", "/update", {"service": service})
            return


def _of_task(task: str) -> Launch:
    for launch, state in _answers():
        if task in state["tasks"]:
            return launch
    raise NoLauncherError("nothing runs in the place of this task: start it with `skyworthy sandbox launch`")


def _states() -> list[dict[str, Any]]:
    """Of all launches, earlier ones first."""
    return [state for _, state in _answers()]


def _answers() -> Iterator[tuple[Launch, dict[str, Any]]]:
    for launch in list(_launches.values()):
        try:
            yield launch, launch.ask("GET", "/state")
        except requests.ConnectionError:
            _launches.pop(launch.url, None)


def _tell_local_addresses(call: Call, response: Response) -> Response:
    """Databases and caches are where launched servers stand, as long as these stand.

    Whoever connects is told so; whoever compares the account with the code (see OBSERVER) sees the declared addresses.
    """
    status, headers, body = response
    if call.name not in _WITH_ADDRESSES or status >= 400 or not _launches:
        return response
    if OBSERVER in call.request.headers.get("User-Agent", ""):
        return response
    try:
        states = _states()
    except AwsError as error:
        return call.answer(error)
    for state in states:
        for declared, local in state["addresses"].items():
            body = body.replace(f">{declared}<".encode(), f">{local}<".encode())
    return status, headers, body


def _list(_: bytes) -> list[dict[str, Any]]:
    return [{"url": launch.url, "addresses": state["addresses"]} for launch, state in _answers()]


def _register(body: bytes) -> dict[str, Any]:
    given = json.loads(body)
    _launches[given["url"]] = Launch(given["url"], given["token"])
    return {}


def _deregister(body: bytes) -> dict[str, Any]:
    _launches.pop(json.loads(body)["url"], None)
    return {}
