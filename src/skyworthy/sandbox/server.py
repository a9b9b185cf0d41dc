"""Start, find and stop sandboxes: an AWS account on this machine, served on loopback by a process of its own."""

import functools
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import boto3
import requests
from botocore.config import Config
from filelock import FileLock

from skyworthy.errors import BadInput
from skyworthy.files import write_whole

ACCOUNT_ID = "123456789012"
DUMMY = "testing"
"""In the place of every credential."""
DEFAULT_REGION = "us-east-1"
STATE_FOLDER = ".skyworthy"
START_SECONDS = 60.0
"""How long a server may take to listen before the start counts as failed; usually about one second."""
STOP_SECONDS = 10.0
_LEFT_OUT = ("AWS_", "MOTO_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")

_detached: dict[int, "subprocess.Popen[bytes]"] = {}
"""Servers that this process started and leaves running, to be reaped when it stops them or finds them gone."""


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox.

    Attributes:
        url: endpoint of every AWS service, on loopback.
        pid: the server's process.
        environment_name: the environment it stands for (`staging`), if any.
        started: when, in UTC (ISO 8601).
        account_id: the account it plays.
        region: the default region.
    """

    url: str
    pid: int
    environment_name: str = ""
    started: str = ""
    account_id: str = ACCOUNT_ID
    region: str = DEFAULT_REGION

    def environment(self) -> dict[str, str]:
        """Environment variables that point AWS clients and Terraform at this sandbox, and at nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": DUMMY,
            "AWS_SECRET_ACCESS_KEY": DUMMY,
            "AWS_SESSION_TOKEN": DUMMY,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of this sandbox.

        Args:
            service: boto3's name of the service.
            region: by default the sandbox's.
        """
        config = Config(retries={"total_max_attempts": 1}, proxies={}, s3={"addressing_style": "path"})
        with _MAKING:
            session = _session(region or self.region)
            return session.client(service, endpoint_url=self.url, config=config)  # type: ignore[call-overload]

    def control(self, method: str, endpoint: str, content: object = None, timeout: float = 120.0) -> Any:
        """Call one of the server's control endpoints and return its JSON answer.

        Args:
            method: HTTP method.
            endpoint: name below `/skyworthy/`.
            content: text or bytes are sent as they are, anything else as JSON.
            timeout: seconds.

        Raises:
            BadInput: the server cannot be reached, or refuses the request.
        """
        data = content if isinstance(content, str | bytes) or content is None else json.dumps(content)
        data = data.encode() if isinstance(data, str) else data
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(method, f"{self.url}/skyworthy/{endpoint}", data=data, timeout=timeout)
        except requests.RequestException as error:
            raise BadInput(f"the sandbox at {self.url} does not answer: {error}") from error
        if not answer.ok:
            raise BadInput(f"the sandbox refused {method} {endpoint}: {answer.text[:500]}")
        return answer.json()

    def alive(self) -> bool:
        """Whether the server answers and is the process that was started."""
        try:
            return bool(self.control("GET", "status", timeout=5.0)["pid"] == self.pid)
        except BadInput:
            return False


_MAKING = threading.Lock()
"""Sessions make one client at a time; the clients themselves may be used from any thread."""


@functools.cache
def _session(region: str) -> boto3.Session:
    """A session of a region, which reads the model of a service once: a new one takes a tenth of a second a client."""
    return boto3.Session(
        aws_access_key_id=DUMMY, aws_secret_access_key=DUMMY, aws_session_token=DUMMY, region_name=region
    )


@contextmanager
def running(environment_name: str = "") -> Iterator[Sandbox]:
    """A private sandbox for the duration of the block.

    The server's life is bound to this process: it exits when this process ends, however it ends.

    Raises:
        BadInput: the server did not start; the message holds its log.
    """
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            _command("--lifeline"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_server_environment(),
        )
        try:
            yield _await(process, log, environment_name)
        finally:
            _end(process)


def start_detached(project_root: Path, environment_name: str) -> Sandbox:
    """Start a sandbox that outlives this process, and record it in the project's state folder.

    Args:
        project_root: folder that holds (or gets) `.skyworthy/`.
        environment_name: the environment it stands for; one sandbox for each.

    Raises:
        BadInput: one is running already, or the server did not start.
    """
    state = _state_file(project_root, environment_name)
    _make_state_folder(state.parent)
    with FileLock(state.with_suffix(".lock")):
        existing = find_running(project_root, environment_name)
        if existing is not None:
            raise BadInput(
                f"a sandbox of {environment_name} runs already at {existing.url} (process {existing.pid}); "
                f"stop it with `skyworthy sandbox down --env {environment_name}`"
            )
        sandbox = _spawn(state, environment_name)
        write_whole(state, json.dumps(asdict(sandbox), indent=2) + "\n")
    return sandbox


def find_running(project_root: Path, environment_name: str) -> Sandbox | None:
    """The recorded sandbox of an environment, if it still runs; a record of one that is gone is removed."""
    state = _state_file(project_root, environment_name)
    try:
        sandbox = Sandbox(**json.loads(state.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise BadInput(f"{state} is not a sandbox record ({error}); delete it") from error
    if urlsplit(sandbox.url).hostname != "127.0.0.1":
        raise BadInput(f"{state} names {sandbox.url}, which is not on this machine; delete it")
    if sandbox.alive():
        return sandbox
    child = _detached.pop(sandbox.pid, None)
    if child is not None:
        _end(child)
    state.unlink(missing_ok=True)
    return None


def recorded(project_root: Path) -> list[str]:
    """The environments of which a sandbox is recorded, whether it still runs or not."""
    states = (project_root / STATE_FOLDER).glob("sandbox-*.json")
    return sorted(path.stem.removeprefix("sandbox-") for path in states)


def stop(project_root: Path, environment_name: str) -> bool:
    """Stop the recorded sandbox of an environment.

    Returns:
        Whether one was running.
    """
    sandbox = find_running(project_root, environment_name)
    if sandbox is None:
        return False
    os.kill(sandbox.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while sandbox.alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    if sandbox.alive():
        os.kill(sandbox.pid, signal.SIGKILL)
    child = _detached.pop(sandbox.pid, None)
    if child is not None:
        child.wait()
    _state_file(project_root, environment_name).unlink(missing_ok=True)
    return True


def _spawn(state: Path, environment_name: str) -> Sandbox:
    with state.with_suffix(".log").open("w+b") as log:
        process = subprocess.Popen(
            _command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_server_environment(),
            start_new_session=True,
        )
        sandbox = _await(process, log, environment_name)
    if process.stdout is not None:
        process.stdout.close()
    _detached[process.pid] = process
    return sandbox


def _command(*options: str) -> list[str]:
    for module in ("moto", "flask"):
        if find_spec(module) is None:
            raise BadInput("the sandbox needs moto: install it with `pip install 'skyworthy[sandbox]'`")
    return [sys.executable, "-m", "skyworthy.sandbox.account.serve", *options]


def _server_environment() -> dict[str, str]:
    """What the server process sees: nothing of the caller's AWS settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    return kept | {
        "AWS_ACCESS_KEY_ID": DUMMY,
        "AWS_SECRET_ACCESS_KEY": DUMMY,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "MOTO_ACCOUNT_ID": ACCOUNT_ID,
        "MOTO_ACM_VALIDATION_WAIT": "0",
        "MOTO_DISABLE_GLOBAL_CORS": "true",
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
    }


def _await(process: "subprocess.Popen[bytes]", log: IO[bytes], environment_name: str) -> Sandbox:
    """Wait until the server says where it listens."""
    line = _first_line(process)
    if not line:
        _end(process)
        log.seek(0)
        said = log.read().decode(errors="replace").strip()[-3000:]
        raise BadInput(f"the sandbox server did not start (exit code {process.returncode}); its log:\n{said}")
    told = json.loads(line)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Sandbox(url=told["url"], pid=told["pid"], environment_name=environment_name, started=now)


def _first_line(process: "subprocess.Popen[bytes]") -> bytes:
    if process.stdout is None:
        return b""
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    return process.stdout.readline() if ready else b""


def _end(process: "subprocess.Popen[bytes]") -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _state_file(project_root: Path, environment_name: str) -> Path:
    return project_root / STATE_FOLDER / f"sandbox-{environment_name or 'default'}.json"


def _make_state_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
