"""The sandbox commands, as functions: what the command line and the suites call."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skyworthy.errors import BadInput
from skyworthy.sandbox import cassette, server, terraform
from skyworthy.sandbox.server import Sandbox

CASSETTES = "cassettes"


@dataclass(frozen=True)
class Status:
    """What is known of one environment's sandbox; `sandbox` is None where none runs."""

    environment: str
    sandbox: Sandbox | None
    calls: Mapping[str, int]
    unimplemented: Mapping[str, str]


def cassette_path(project_root: Path, environment: str) -> Path:
    """Where an environment's cassette is kept."""
    return project_root / CASSETTES / f"{environment}.jsonl"


def up(project_root: Path, environment: str, root: Path | None = None) -> Sandbox:
    """Start a sandbox that keeps running, and fill it from the environment's cassette where `root` is given.

    Args:
        project_root: folder that holds `.skyworthy/` and `cassettes/`.
        environment: name of the environment.
        root: the root module that the cassette must belong to; None starts an empty account.

    Raises:
        BadInput: one is running already, it does not start, or the cassette is missing, stale or fails.
    """
    tape = None
    if root is not None:
        tape = cassette.load(cassette_path(project_root, environment))
        cassette.check(tape, root)
    sandbox = server.start_detached(project_root, environment)
    if tape is not None:
        try:
            cassette.replay(tape, sandbox)
        except BadInput:
            server.stop(project_root, environment)
            raise
    return sandbox


def down(project_root: Path, environment: str) -> bool:
    """Stop the sandbox of an environment; whether one was running."""
    return server.stop(project_root, environment)


def status(project_root: Path, environment: str) -> Status:
    """What runs, and what was called."""
    sandbox = server.find_running(project_root, environment)
    if sandbox is None:
        return Status(environment, None, {}, {})
    calls = sandbox.control("GET", "status")["calls"]
    return Status(environment, sandbox, calls, sandbox.control("GET", "unimplemented"))


def apply(
    project_root: Path,
    environment: str,
    root: Path,
    *,
    variables: Mapping[str, str] | None = None,
    var_files: Sequence[Path] = (),
    parallelism: int = terraform.PARALLELISM,
    progress: terraform.Progress | None = None,
) -> tuple[Sandbox, terraform.Applied]:
    """Apply a root module to the environment's sandbox, starting one if none runs.

    The copy in which Terraform works, with its state, is kept below `.skyworthy/` as long as the sandbox, so that a
    second apply changes only what changed.
    """
    sandbox = server.find_running(project_root, environment)
    folder = project_root / server.STATE_FOLDER / f"apply-{environment}"
    if sandbox is None:
        _clear(folder)
        sandbox = server.start_detached(project_root, environment)
    applied = terraform.apply(
        root,
        sandbox,
        variables=variables,
        var_files=var_files,
        parallelism=parallelism,
        folder=folder,
        progress=progress,
    )
    return sandbox, applied


def record(
    project_root: Path,
    environment: str,
    root: Path,
    *,
    variables: Mapping[str, str] | None = None,
    var_files: Sequence[Path] = (),
    progress: terraform.Progress | None = None,
) -> cassette.Cassette:
    """Apply a root module to a fresh sandbox and keep its calls as the environment's cassette."""
    out = cassette_path(project_root, environment)
    return cassette.record(root, out, variables=variables, var_files=var_files, progress=progress)


def replay(project_root: Path, environment: str, root: Path, sandbox: Sandbox) -> int:
    """Fill a fresh sandbox from the environment's cassette; the number of calls."""
    tape = cassette.load(cassette_path(project_root, environment))
    cassette.check(tape, root)
    return cassette.replay(tape, sandbox)


@contextmanager
def account(project_root: Path, environment: str, root: Path) -> Iterator[Sandbox]:
    """The running sandbox of an environment, else a private one replayed for the length of the block.

    Args:
        project_root: folder that holds `.skyworthy/` and `cassettes/`.
        environment: name of the environment.
        root: the root module that the cassette must belong to.
    """
    existing = server.find_running(project_root, environment)
    if existing is not None:
        yield existing
        return
    tape = cassette.load(cassette_path(project_root, environment))
    cassette.check(tape, root)
    with server.running(environment) as sandbox:
        cassette.replay(tape, sandbox)
        yield sandbox


def _clear(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder)
