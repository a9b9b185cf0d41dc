"""Validation of all Terraform: ``terraform fmt`` and ``terraform validate``, and our own reader, for every module."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from skyworthy import declared
from skyworthy.declared.roots import module_directories
from skyworthy.errors import BadInput
from skyworthy.sandbox.terraform import workspace

Word = Literal["pass", "fail", "unknown"]


@dataclass(frozen=True)
class Result:
    """What one check says of one module.

    Args:
        outcome: *unknown* where it could not be made.
        detail: what is wrong, or why it is unknown; where it passes, by what, if not by itself.
    """

    outcome: Word
    detail: str = ""


@dataclass(frozen=True)
class Module:
    """A directory with Terraform and what the checks say of it.

    Args:
        directory: as it was found.
        root: whether Terraform is run there; False: it is called by others.
        formatted: ``terraform fmt -check``.
        valid: ``terraform validate`` after ``terraform init -backend=false``.
        readable: our own reader; None for a module that only others call.
    """

    directory: Path
    root: bool
    formatted: Result
    valid: Result
    readable: Result | None

    @property
    def results(self) -> tuple[Result, ...]:
        """Of all checks that were made or should have been."""
        return tuple(item for item in (self.formatted, self.valid, self.readable) if item is not None)


def validate(tree: Path, roots: Iterable[Path], progress: Callable[[str], None]) -> list[Module]:
    """Validate every module of a tree; nothing is written into it.

    Args:
        tree: in which modules are looked for.
        roots: the root modules among them.
        progress: told which module is looked at.

    Raises:
        BadInput: there is no Terraform in the tree.
    """
    if not tree.is_dir():
        raise BadInput(f"{tree} is not a directory")
    folders = module_directories(tree)
    if not folders:
        raise BadInput(f"{tree} holds no Terraform")
    known = {root.resolve() for root in roots}
    terraform = shutil.which("terraform")
    with tempfile.TemporaryDirectory(prefix="skyworthy-validate-") as home:
        tool = _Terraform(terraform, Path(home)) if terraform else None
        called: dict[Path, Path] = {}
        found = {}
        for folder in sorted(folders, key=lambda item: item.resolve() not in known):
            progress(f"validating {folder}")
            found[folder] = _module(folder, folder.resolve() in known, tool, called)
    return [found[folder] for folder in folders]


def _module(folder: Path, root: bool, tool: "_Terraform | None", called: dict[Path, Path]) -> Module:
    """One module; a root that is valid vouches for the modules that it calls, which ``called`` keeps."""
    own = folder.resolve()
    if tool is None:
        valid = _MISSING
    elif own in called:
        valid = Result("pass", f"with {called[own]}")
    else:
        valid = tool.valid(folder)
    if root and valid.outcome == "pass":
        called.update({each: folder for each in workspace.reached(folder) if each not in called and each != own})
    formatted = tool.formatted(folder) if tool else _MISSING
    return Module(folder, root, formatted, valid, _read(folder) if root else None)


_MISSING = Result("unknown", "terraform is not on the PATH")


def _read(folder: Path) -> Result:
    try:
        declared.read(folder)
    except BadInput as error:
        return Result("fail", str(error))
    return Result("pass")


class _Terraform:
    """Terraform, run in copies of the modules.

    Args:
        program: its path.
        home: an empty folder that goes with the run.
    """

    def __init__(self, program: str, home: Path) -> None:
        self._program = program
        self._home = home
        self._count = 0
        (home / "plugins").mkdir()
        mirror = os.environ.get(workspace.MIRROR_VARIABLE)
        self._environment = {
            **os.environ,
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "TF_DATA_DIR": ".terraform",
        }
        if mirror:
            (home / "terraformrc").write_text(workspace.cli_configuration(mirror, home / "plugins"))
            self._environment["TF_CLI_CONFIG_FILE"] = str(home / "terraformrc")

    def formatted(self, folder: Path) -> Result:
        """Whether ``terraform fmt`` would change a file."""
        done = self._run(folder, "fmt", "-check", "-list=true", "-no-color")
        if done.returncode == 0:
            return Result("pass")
        files = ", ".join(done.stdout.split()) if done.stdout.strip() else _last(done.stderr)
        return Result("fail", f"run `terraform fmt {folder}`: {files}")

    def valid(self, folder: Path) -> Result:
        """What ``terraform validate`` says; unknown where the providers cannot be had."""
        self._count += 1
        copied = workspace.copy(folder, self._home / str(self._count))
        done = self._run(copied, "init", "-backend=false", "-input=false", "-no-color")
        if done.returncode != 0:
            said = _last(done.stderr or done.stdout)
            provider = "provider" in said.lower() or "registry" in said.lower()
            return Result("unknown" if provider else "fail", f"terraform init: {said}")
        answer = self._run(copied, "validate", "-json", "-no-color")
        try:
            told: dict[str, Any] = json.loads(answer.stdout)
        except ValueError:
            return Result("unknown", f"terraform validate: {_last(answer.stderr or answer.stdout)}")
        if told["valid"]:
            return Result("pass")
        return Result(
            "fail", "; ".join(_diagnostic(item) for item in told["diagnostics"] if item["severity"] == "error")
        )

    def _run(self, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self._program, *arguments],
            cwd=folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def _diagnostic(item: dict[str, Any]) -> str:
    place = item.get("range") or {}
    where = f"{place['filename']}:{place['start']['line']}: " if place else ""
    detail = " ".join(item.get("detail", "").split())
    return f"{where}{item['summary']}" + (f": {detail}" if detail else "")


def _last(text: str) -> str:
    """The essence of what Terraform says: the lines of its first error."""
    lines = [line.strip(" │╷╵\t") for line in text.splitlines()]
    lines = [line for line in lines if line]
    start = next((index for index, line in enumerate(lines) if line.startswith("Error")), max(len(lines) - 4, 0))
    return " ".join(lines[start : start + 4])


def worst(found: Sequence[Module]) -> Word:
    """Fail before unknown before pass."""
    outcomes = {item.outcome for module in found for item in module.results}
    return "fail" if "fail" in outcomes else "unknown" if "unknown" in outcomes else "pass"
