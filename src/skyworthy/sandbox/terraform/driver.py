"""Terraform (or OpenTofu) with the real AWS provider, against a sandbox."""

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from skyworthy.declared import Inputs, ambient
from skyworthy.declared.sources import ModuleSource, shown
from skyworthy.errors import BadInput
from skyworthy.sandbox.server import Sandbox
from skyworthy.sandbox.terraform import adaptation, inputs, pins, remote_states, seed, stand_ins, workspace
from skyworthy.sandbox.terraform.existing import Existing
from skyworthy.sandbox.terraform.runs import READS, Command, Home, Progress, Result, Step, errors_of, step_of
from skyworthy.sandbox.terraform.watch import Tell, Watch

__all__ = ["Applied", "Options", "Progress", "Root", "Step", "apply", "executable", "opened"]

PARALLELISM = 10
"""Terraform's own default."""
_TREE = "tree"
_LEFT_OUT = ("AWS_", "TF_CLI_", "TF_DATA_DIR", "TF_INPUT", "TF_WORKSPACE", "TF_LOG")
_NO_CHANGES, _CHANGES = 0, 2
"""Exit codes of `plan -detailed-exitcode`."""
_UNIMPLEMENTED = re.compile(r"([\w.-]+:\w+) is not implemented by the sandbox")
_HALTED = "execution halted"
_ABSENT = re.compile(r"not ?found|no matching|couldn't find|empty result|no results|NoSuch|NoEntity", re.IGNORECASE)


@dataclass(frozen=True)
class Options:
    """What may be changed in the copy of a root module to make it applicable, and how it is applied.

    Attributes:
        inputs: what the root module is given; `sandbox.tfvars` in it is used by itself, before the files given.
        fill: make placeholders for required variables and remote states that have no value.
        loosen_pins: let any version of Terraform and of the providers do.
        parallelism: how many resources at once.
        tell: told what was changed, made and found, as it happens.
    """

    inputs: Inputs = field(default_factory=Inputs)
    fill: bool = False
    loosen_pins: bool = False
    parallelism: int = PARALLELISM
    tell: Tell = lambda _: None


@dataclass(frozen=True)
class Applied:
    """The outcome of an apply.

    Attributes:
        resources: addresses that were created or changed, in order of completion.
        seconds: wall time of init, plan and apply.
        unimplemented: operations that the sandbox could not answer, and why.
        notes: what was changed in the copy and seeded beforehand.
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
        given: what the root module is given.
        original: the user's root module.
        existing: what the sandbox holds for those who ask by name.
        options: see `Options`.
        notes: what was changed in the copy, and what was made beforehand.
    """

    folder: Path
    sandbox: Sandbox
    given: Inputs
    original: Path
    existing: Existing
    options: Options = field(default_factory=Options)
    notes: list[str] = field(default_factory=list)
    _home: Path = field(default_factory=Path)

    @property
    def inputs(self) -> tuple[str, ...]:
        """`-var` and `-var-file` options."""
        return self.given.options()

    def apply(self, progress: Progress | None = None) -> Applied:
        """Initialise, seed what must pre-exist, and apply.

        Raises:
            BadInput: Terraform is missing or failed; the message names the resources and the operations that the
                sandbox does not implement.
        """
        started = time.monotonic()
        self._run("init", "-no-color", "-input=false")
        if self.given.workspace:
            self._run("workspace", "select", "-or-create", self.given.workspace)
        self.given, notes = stand_ins.replace(self._home / _TREE, self._home, self.existing, self.given)
        self._note(notes)
        self._note(seed.prerequisites(self.folder, self.sandbox, self.given))
        before = self._unimplemented()
        done: list[str] = []

        def listen(step: Step) -> None:
            if step.state == "finished" and step.action not in READS:
                done.append(step.address)
            if progress is not None:
                progress(step)

        self._stream("apply", listen)
        unimplemented = {name: why for name, why in self._unimplemented().items() if name not in before}
        return Applied(tuple(done), time.monotonic() - started, unimplemented, tuple(self.notes))

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
        self._stream("destroy", progress or _ignore)

    def _note(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.notes.append(line)
            self.options.tell(line)

    def _unimplemented(self) -> dict[str, str]:
        found: dict[str, str] = self.sandbox.control("GET", "unimplemented")
        return found

    def _command(self, *arguments: str) -> Command:
        return Command([executable(), *arguments], self._environment(), self.folder)

    def _run(self, command: str, *options: str, allowed: tuple[int, ...] = (0,)) -> Result:
        with self._command(command, *options) as running:
            result = running.result()
        if result.returncode not in allowed:
            raise BadInput(f"terraform {command} failed:\n{_said(result)}")
        return result

    def _stream(self, command: str, listen: Progress) -> None:
        """Run a command with machine-readable output, handing each step to `listen`."""
        options = ("-json", "-input=false", "-auto-approve", f"-parallelism={self.options.parallelism}", *self.inputs)
        before = self._unimplemented()
        watch = Watch(self.options.tell, self._unimplemented)
        errors: list[str] = []
        with self._command(command, *options) as running:
            for event in running.events():
                step = step_of(event) if event else None
                if step is not None:
                    listen(step)
                    watch.heed(step)
                if event is not None:
                    errors.extend(errors_of(event, self._place))
                elif watch.is_hopeless():
                    running.stop()
            result = running.result()
        if result.returncode != 0:
            raise BadInput(self._failure(command, errors or [result.stderr.strip()[-4000:]], before))

    def _place(self, name: str) -> str:
        """A file name in Terraform's messages as the user knows it."""
        return shown(Path(os.path.normpath(self.original / name)))

    def _failure(self, command: str, errors: Sequence[str], before: Mapping[str, str]) -> str:
        # What the sandbox lacks comes first: the rest often only follows from it.
        ordered = sorted(dict.fromkeys(errors), key=lambda error: _UNIMPLEMENTED.search(error) is None)
        text = f"terraform {command} failed:\n" + "\n".join(f"- {error}" for error in ordered if error != _HALTED)
        named = [name for error in errors for name in _UNIMPLEMENTED.findall(error)]
        known = set(before) - set(named)
        unimplemented = {name: why for name, why in self._unimplemented().items() if name not in known}
        if unimplemented:
            text += "\nOperations that the sandbox does not implement:\n"
            order = [*(name for name in named if name in unimplemented), *unimplemented]
            text += "\n".join(f"- {name} ({unimplemented[name]})" for name in dict.fromkeys(order))
        if any("data." in error and _looks_absent(error) for error in errors):
            text += (
                f"\nWhat a data source looks up must exist: make it in the sandbox beforehand"
                f" (AWS_ENDPOINT_URL={self.sandbox.url}), then apply again"
            )
        return text

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
        return (
            kept
            | self.sandbox.environment()
            | {
                "AWS_MAX_ATTEMPTS": str(adaptation.MAX_RETRIES),
                "AWS_RETRY_MODE": "standard",
                "CHECKPOINT_DISABLE": "1",
                "TF_CLI_CONFIG_FILE": str(self._home / "terraformrc"),
                "TF_DATA_DIR": str(self._home / "data"),
                "TF_IN_AUTOMATION": "1",
            }
        )


def _said(result: Result) -> str:
    said = (result.stderr or result.stdout).strip()[-4000:]
    if "could not connect to registry" in said:
        said += f"\nWithout a way to the registry, name a mirror of the providers in {workspace.MIRROR_VARIABLE}"
    return said


def _looks_absent(error: str) -> bool:
    return _ABSENT.search(error) is not None


@contextmanager
def opened(
    root: Path,
    sandbox: Sandbox,
    options: Options | None = None,
    *,
    folder: Path | None = None,
) -> Iterator[Root]:
    """A copy of a root module that Terraform may work in.

    Args:
        root: folder of the root module; nothing is written into it.
        sandbox: where the calls go.
        options: see `Options`.
        folder: keep the copy and its state here, for later applies to the same sandbox; by default both go when the
            block ends.

    Raises:
        BadInput: Terraform, a provider or a value is missing, or a version is not there; the message says what to do.
    """
    executable()
    given = options or Options()
    process = ambient(os.environ)
    wanted = replace(
        given.inputs,
        var_files=_var_files(root.resolve(), given.inputs.var_files),
        ambient=process.ambient,
        workspace=given.inputs.workspace or process.workspace,
    )
    if folder is None:
        with Home() as home:
            yield _open(root, sandbox, given, wanted, home)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        yield _open(root, sandbox, given, wanted, folder.resolve())


def _open(root: Path, sandbox: Sandbox, options: Options, wanted: Inputs, home: Path) -> Root:
    sources = adaptation.sources_of(root)
    _forget_other_accounts(home, sandbox)
    mirror = os.environ.get(workspace.MIRROR_VARIABLE)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "skyworthy" / "plugins"
    if mirror is None:
        cache.mkdir(parents=True, exist_ok=True)
    (home / "terraformrc").write_text(workspace.cli_configuration(mirror, cache))
    copied = workspace.copy(root, home / _TREE)
    existing = Existing(sandbox, adaptation.region_of(sources[0]) or sandbox.region)
    made = Root(copied, sandbox, wanted, root.resolve(), existing, options, [], home)
    _meet_pins(sources, made, Path(mirror) if mirror else None)
    made._note(adaptation.adapt(sources, root, copied, home / "terraform.tfstate"))
    missing = inputs.lacking(sources[0], wanted)
    if missing and not options.fill:
        raise inputs.refuse(missing, root)
    if missing:
        made.given, notes = inputs.fill(missing, root, home, wanted, existing)
        made._note([f"filled: {note}" for note in notes])
    made._note(remote_states.replace(sources, root, copied, home, existing if options.fill else None))
    return made


def _meet_pins(sources: Sequence[ModuleSource], made: Root, mirror: Path | None) -> None:
    """See that Terraform and the providers are what the modules demand; in the copy, make any do, where that is asked.

    Raises:
        BadInput: a provider is missing, or a version, and nothing was to be loosened.
    """
    if mirror is not None:
        pins.check_providers(sources, mirror)
    found = pins.unmet(sources, made.original, pins.version_of(executable()), mirror)
    if found and not made.options.loosen_pins:
        listed = "\n".join(f"- {pin}" for pin in found)
        raise BadInput(
            f"{made.original}: versions are demanded that are not here:\n{listed}\n"
            "--loosen-pins lets any version do, in a copy; your files stay as they are"
        )
    for pin in found:
        pins.loosen(pin, adaptation.in_copy(pin.file, made.original, made.folder))
    made._note([f"loosened: {pin}" for pin in found])
    if mirror is not None:
        # A mirror's packages need not be those whose hashes the lock file holds.
        (made.folder / pins.LOCK).unlink(missing_ok=True)


def _forget_other_accounts(home: Path, sandbox: Sandbox) -> None:
    """Drop a state that belongs to a sandbox that is gone."""
    owner, present = home / "sandbox.txt", f"{sandbox.url} {sandbox.pid} {sandbox.started}\n"
    if not owner.is_file() or owner.read_text() != present:
        for state in (*home.glob("terraform.tfstate*"), *home.glob(f"{adaptation.WORKSPACES}/*/*")):
            state.unlink()
        owner.write_text(present)


def apply(
    root: Path,
    sandbox: Sandbox,
    options: Options | None = None,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Applied:
    """Apply a root module to a sandbox; the arguments are those of `opened` and `Root.apply`."""
    with opened(root, sandbox, options, folder=folder) as copied:
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


def _var_files(root: Path, given: Sequence[Path]) -> tuple[Path, ...]:
    own = root / workspace.SANDBOX_VARIABLES
    for file in given:
        if not file.is_file():
            raise BadInput(f"{file}: no such variable file")
    return (*([own] if own.is_file() else []), *(file.resolve() for file in given))


def _ignore(_: Step) -> None:
    """No progress wanted."""
