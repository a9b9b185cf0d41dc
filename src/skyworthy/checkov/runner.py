"""Running checkov in the background, once per content."""

import atexit
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from filelock import FileLock

from skyworthy.checkov.environment import Progress, Run, child_environment, identity, provide
from skyworthy.checkov.findings import FORMAT, Findings, parse
from skyworthy.checkov.sources import reach
from skyworthy.declared import Inputs
from skyworthy.declared.sources import Loader
from skyworthy.declared.variables import values
from skyworthy.errors import BadInput
from skyworthy.files import write_whole

_ARGUMENTS = (
    *("--framework", "terraform", "--output", "json", "--compact", "--soft-fail"),
    *("--skip-download", "--download-external-modules", "false"),
)
"""Not ``--quiet``: it leaves the passed checks and the files that cannot be parsed out of the JSON."""


def start(
    root: Path,
    inputs: Inputs | None = None,
    *,
    cache: Path,
    timeout: float = 600.0,
    progress: Progress | None = None,
    run: Run | None = None,
) -> "Scan":
    """Start checkov on a root module and return at once; the result is had from the scan.

    A result that is stored for exactly these files is taken instead; no process starts then.

    Args:
        root: the root module; local modules that it calls are looked at as part of it.
        inputs: what it is given beside the files that Terraform loads by itself; checkov knows no workspaces.
        cache: folder of caches; environment and results lie in ``checkov/`` below it.
        timeout: seconds that building the environment and the run may take each.
        progress: told of long steps, from another thread.
        run: runs a program to its end, as ``subprocess.run`` does, from another thread; None: as a process that ends
            with the scan.

    Raises:
        BadInput: a root or variables file that is not there, a variable that is not declared, or a SKYWORTHY_CHECKOV
            that is no executable.
    """
    if not root.is_dir():
        raise BadInput(f"{root}: not a directory")
    for path in inputs.var_files if inputs else ():
        if not path.is_file():
            raise BadInput(f"{path}: no such tfvars file")
    return Scan(root, inputs or Inputs(), cache.absolute(), timeout, progress or (lambda _: None), run)


class Scan:
    """A run of checkov that goes on beside other work; a context manager that ends it."""

    def __init__(
        self,
        root: Path,
        inputs: Inputs,
        cache: Path,
        timeout: float,
        progress: Progress,
        run: Run | None = None,
    ) -> None:
        self.root = root
        self._sources = reach(root)
        self._var_files = tuple(path.resolve() for path in inputs.var_files)
        self._values = values(Loader(), root, inputs)
        self._cache = cache
        self._timeout = timeout
        self._progress = progress
        self._processes = _Processes()
        self._execute = run or self._process
        names = [os.path.relpath(path, self._sources.root) for path in self._var_files]
        key = self._sources.digest(
            identity(), str(FORMAT), *_ARGUMENTS, *names, self._values, var_files=self._var_files
        )
        self._stored = cache / "checkov" / "results" / f"{key[:32]}.json"
        self._findings = _load(self._stored)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=f"checkov {root}", daemon=True)
        if self._findings is None:
            atexit.register(self.close)
            self._thread.start()

    def findings(self) -> Findings:
        """What it found; waits until it has ended.

        Raises:
            BadInput: where it could not be run to its end: no environment, crash, time-out, output that is no result.
        """
        if self._findings is None:
            self._thread.join()
        if self._failure is not None:
            raise self._failure
        if self._findings is None:
            raise BadInput(f"checkov on {self.root} was ended before it had a result")
        return self._findings

    def close(self) -> None:
        """End the run, if it still goes on."""
        atexit.unregister(self.close)
        self._processes.end()
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> "Scan":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        try:
            self._stored.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._stored.with_suffix(".lock")):
                self._findings = _load(self._stored) or self._run()
        except BaseException as failure:  # noqa: BLE001 - handed over to whoever asks for the findings
            self._failure = failure

    def _run(self) -> Findings:
        checkov = provide(self._cache, self._execute, self._progress)
        self._progress(f"checkov on {self.root}")
        home = self._cache / "checkov" / "home"
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent, prefix=".copy-") as copied:
            root = self._sources.copy(Path(copied))
            # `--directory=` in one word: checkov reads a .checkov.yaml of the directory that follows `-d`.
            command = (*checkov.command, f"--directory={root}", *_ARGUMENTS)
            command += tuple(f"--var-file={path}" for path in self._all_var_files(Path(copied)))
            done = self._execute(command, env=child_environment(home), cwd=home)
            if done.returncode:
                reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
                raise BadInput(f"checkov on {self.root} ended with {done.returncode}: {reason}")
            findings = parse(done.stdout, self._sources, Path(copied))
        write_whole(self._stored, json.dumps(findings.encode(), sort_keys=True))
        return findings

    def _all_var_files(self, folder: Path) -> tuple[Path, ...]:
        """The files to name, the values that come by `-var` last in one of their own; Terraform's order."""
        if not self._values:
            return self._var_files
        given = folder / "given.tfvars"
        given.write_text(self._values, "utf-8")
        return (*self._var_files, given)

    def _process(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: str | Path
    ) -> "subprocess.CompletedProcess[str]":
        return self._processes.run(command, env=env, cwd=cwd, timeout=self._timeout)


class _Processes:
    """The processes of a scan, each the head of a group of its own, so that what they start ends with them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: subprocess.Popen[str] | None = None
        self._ended = False

    def run(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: str | Path, timeout: float
    ) -> "subprocess.CompletedProcess[str]":
        with self._lock:
            if self._ended:
                raise BadInput("ended before checkov was started")
            process = subprocess.Popen(
                list(command),
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
            self._running = process
        try:
            output, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as expired:
            self._kill(process)
            process.communicate()
            name = Path(command[0]).name
            raise BadInput(f"checkov took longer than {timeout:g} s ({name} was ended)") from expired
        finally:
            self._running = None
        return subprocess.CompletedProcess(list(command), process.returncode, output, errors)

    def end(self) -> None:
        with self._lock:
            self._ended = True
            if self._running is not None:
                self._kill(self._running)

    @staticmethod
    def _kill(process: "subprocess.Popen[str]") -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def _load(path: Path) -> Findings | None:
    """Findings stored earlier; a file that is no such thing is taken as none: the run replaces it."""
    try:
        return Findings.decode(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
