"""Terraform (or OpenTofu) with the real AWS provider, against a sandbox."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from skyworthy.errors import BadInput
from skyworthy.sandbox import seed, workspace
from skyworthy.sandbox.server import Sandbox

PARALLELISM = 10
"""Terraform's own default."""
_LEFT_OUT = ("AWS_", "TF_CLI_", "TF_DATA_DIR", "TF_INPUT", "TF_WORKSPACE", "TF_LOG")
_NO_CHANGES, _CHANGES = 0, 2
"""Exit codes of `plan -detailed-exitcode`."""


@dataclass(frozen=True)
class Step:
    """Progress of one resource.

    Attributes:
        address: the resource, as Terraform names it.
        action: `create`, `update`, `delete`, `read` ...
        state: `started`, `running`, `finished` or `failed`.
        seconds: since the resource was started.
    """

    address: str
    action: str
    state: str
    seconds: float


Progress: TypeAlias = Callable[[Step], None]


@dataclass(frozen=True)
class Applied:
    """The outcome of an apply.

    Attributes:
        resources: addresses that were created or changed, in order of completion.
        seconds: wall time of init, plan and apply.
        unimplemented: operations that the sandbox could not answer, and why.
        notes: what was seeded beforehand.
    """

    resources: tuple[str, ...]
    seconds: float
    unimplemented: Mapping[str, str]
    notes: tuple[str, ...] = ()


@dataclass
class Root:
    """A copy of one root module, ready for Terraform. Make it with `opened`.

    Attributes:
        folder: the copy in which Terraform runs.
        sandbox: where the calls go.
        inputs: `-var` and `-var-file` options.
    """

    folder: Path
    sandbox: Sandbox
    inputs: tuple[str, ...]
    parallelism: int = PARALLELISM
    _home: Path = field(default_factory=Path)

    def apply(self, progress: Progress | None = None) -> Applied:
        """Initialise, seed what must pre-exist, and apply.

        Raises:
            BadInput: Terraform is missing or failed; the message names the resources and the operations that the
                sandbox does not implement.
        """
        started = time.monotonic()
        self._run("init", "-no-color", "-input=false")
        notes = seed.prerequisites(self.folder, self.sandbox, self._var_files())
        done: list[str] = []

        def listen(step: Step) -> None:
            if step.state == "finished" and step.action != "read":
                done.append(step.address)
            if progress is not None:
                progress(step)

        self._stream("apply", listen, "-auto-approve", f"-parallelism={self.parallelism}", *self.inputs)
        unimplemented = self.sandbox.control("GET", "unimplemented")
        return Applied(tuple(done), time.monotonic() - started, unimplemented, tuple(notes))

    def plan_is_empty(self) -> tuple[bool, str]:
        """Plan once more.

        Returns:
            Whether the account is as the code says, and the plan's text.
        """
        options = ("-no-color", "-input=false", "-detailed-exitcode", *self.inputs)
        result = self._run("plan", *options, allowed=(_NO_CHANGES, _CHANGES))
        return result.returncode == _NO_CHANGES, result.stdout

    def destroy(self, progress: Progress | None = None) -> None:
        """Destroy everything that was applied."""
        self._stream("destroy", progress or _ignore, "-auto-approve", f"-parallelism={self.parallelism}", *self.inputs)

    def _var_files(self) -> list[Path]:
        return [Path(option.removeprefix("-var-file=")) for option in self.inputs if option.startswith("-var-file=")]

    def _run(self, command: str, *options: str, allowed: tuple[int, ...] = (0,)) -> "subprocess.CompletedProcess[str]":
        result = subprocess.run(
            [executable(), command, *options],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode not in allowed:
            raise BadInput(f"terraform {command} failed:\n{(result.stderr or result.stdout).strip()[-4000:]}")
        return result

    def _stream(self, command: str, listen: Progress, *options: str) -> None:
        """Run a command with machine-readable output, handing each step to `listen`."""
        errors: list[str] = []
        with (
            tempfile.TemporaryFile("w+") as complaints,
            subprocess.Popen(
                [executable(), command, "-json", "-input=false", *options],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
            ) as process,
        ):
            try:
                for event in _events(process.stdout):
                    step = _step(event)
                    if step is not None:
                        listen(step)
                    errors.extend(_errors(event))
                process.wait()
            finally:
                if process.poll() is None:
                    process.terminate()
            if process.returncode != 0:
                complaints.seek(0)
                raise BadInput(self._failure(command, errors or [complaints.read().strip()[-4000:]]))

    def _failure(self, command: str, errors: Sequence[str]) -> str:
        text = f"terraform {command} failed:\n" + "\n".join(f"- {error}" for error in errors)
        unimplemented = self.sandbox.control("GET", "unimplemented")
        if unimplemented:
            text += "\nOperations that the sandbox does not implement:\n"
            text += "\n".join(f"- {name} ({reason})" for name, reason in unimplemented.items())
        return text

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
        return (
            kept
            | self.sandbox.environment()
            | {
                "AWS_MAX_ATTEMPTS": "2",
                "AWS_RETRY_MODE": "standard",
                "CHECKPOINT_DISABLE": "1",
                "TF_CLI_CONFIG_FILE": str(self._home / "terraformrc"),
                "TF_DATA_DIR": str(self._home / "data"),
                "TF_IN_AUTOMATION": "1",
            }
        )


@contextmanager
def opened(
    root: Path,
    sandbox: Sandbox,
    *,
    variables: Mapping[str, str] | None = None,
    var_files: Sequence[Path] = (),
    parallelism: int = PARALLELISM,
    folder: Path | None = None,
) -> Iterator[Root]:
    """A copy of a root module that Terraform may work in.

    Args:
        root: folder of the root module; nothing is written into it.
        sandbox: where the calls go.
        variables: values of variables, as Terraform's `-var` takes them.
        var_files: further variable files; `sandbox.tfvars` in the root is used by itself, before them.
        parallelism: how many resources at once.
        folder: keep the copy and its state here, for later applies to the same sandbox; by default both go when the
            block ends.
    """
    executable()
    inputs = _inputs(root.resolve(), variables or {}, var_files)
    with tempfile.TemporaryDirectory(prefix="skyworthy-") as temporary:
        home = (folder or Path(temporary)).resolve()
        home.mkdir(parents=True, exist_ok=True)
        _forget_other_accounts(home, sandbox)
        mirror = os.environ.get(workspace.MIRROR_VARIABLE)
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "skyworthy" / "plugins"
        if mirror is None:
            cache.mkdir(parents=True, exist_ok=True)
        (home / "terraformrc").write_text(workspace.cli_configuration(mirror, cache))
        copied = workspace.copy(root, home / "tree", home / "terraform.tfstate")
        if mirror is not None:
            (copied / ".terraform.lock.hcl").unlink(missing_ok=True)
        yield Root(copied, sandbox, inputs, parallelism, home)


def _forget_other_accounts(home: Path, sandbox: Sandbox) -> None:
    """Drop a state that belongs to a sandbox that is gone."""
    owner, present = home / "sandbox.txt", f"{sandbox.url} {sandbox.pid} {sandbox.started}\n"
    if not owner.is_file() or owner.read_text() != present:
        for state in home.glob("terraform.tfstate*"):
            state.unlink()
        owner.write_text(present)


def apply(
    root: Path,
    sandbox: Sandbox,
    *,
    variables: Mapping[str, str] | None = None,
    var_files: Sequence[Path] = (),
    parallelism: int = PARALLELISM,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Applied:
    """Apply a root module to a sandbox; the arguments are those of `opened` and `Root.apply`."""
    with opened(
        root, sandbox, variables=variables, var_files=var_files, parallelism=parallelism, folder=folder
    ) as copied:
        return copied.apply(progress)


def executable() -> str:
    """The program: `terraform`, else OpenTofu's `tofu`.

    Raises:
        BadInput: neither is on the PATH.
    """
    found = shutil.which("terraform") or shutil.which("tofu")
    if found is None:
        raise BadInput(
            "neither terraform nor tofu is on the PATH; install one of them, "
            "or rebuild the account from a cassette with `skyworthy sandbox replay`"
        )
    return found


def _inputs(root: Path, variables: Mapping[str, str], var_files: Sequence[Path]) -> tuple[str, ...]:
    files = [root / workspace.SANDBOX_VARIABLES] if (root / workspace.SANDBOX_VARIABLES).is_file() else []
    for file in var_files:
        if not file.is_file():
            raise BadInput(f"{file}: no such variable file")
        files.append(file.resolve())
    return tuple(f"-var-file={file}" for file in files) + tuple(
        f"-var={name}={text}" for name, text in variables.items()
    )


def _events(lines: Any) -> Iterator[dict[str, Any]]:
    """Terraform's machine-readable messages.

    Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
    """
    for line in lines:
        if line.startswith("{"):
            yield json.loads(line)


_STATES = {
    "apply_start": "started",
    "apply_progress": "running",
    "apply_complete": "finished",
    "apply_errored": "failed",
}


def _step(event: Mapping[str, Any]) -> Step | None:
    state = _STATES.get(str(event.get("type")))
    if state is None:
        return None
    hook = event["hook"]
    return Step(hook["resource"]["addr"], hook["action"], state, float(hook.get("elapsed_seconds", 0)))


def _errors(event: Mapping[str, Any]) -> Iterator[str]:
    if event.get("type") == "diagnostic" and event["diagnostic"]["severity"] == "error":
        yield _described(event["diagnostic"])


def _described(diagnostic: Mapping[str, Any]) -> str:
    place = diagnostic.get("range")
    where = f"{place['filename']}:{place['start']['line']}: " if place else ""
    address = f"{diagnostic['address']}: " if diagnostic.get("address") else ""
    detail = f": {diagnostic['detail']}" if diagnostic.get("detail") else ""
    return f"{where}{address}{diagnostic['summary']}{detail}"


def _ignore(_: Step) -> None:
    """No progress wanted."""
