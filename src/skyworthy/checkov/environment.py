"""Where checkov lives: in an environment of its own, for its pins cannot share ours.

The environment is made once by uv from a lock file with hashes and kept in the cache folder; its name holds the digest
of the lock and the Python version, so that a new lock makes a new environment beside the old one.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import uv
from filelock import FileLock

from skyworthy.errors import BadInput

EXECUTABLE_VARIABLE = "SKYWORTHY_CHECKOV"
"""Environment variable that names an existing checkov executable, used instead of our own environment."""

Progress = Callable[[str], None]
Run = Callable[..., "subprocess.CompletedProcess[str]"]

_LEFT_OUT = ("PYTHON", "VIRTUAL_ENV", "CONDA_", "AWS_")
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT")


@dataclass(frozen=True)
class Checkov:
    """A checkov that can be run.

    Args:
        command: program and first arguments.
        identity: changes when the program does; part of the key of cached results.
    """

    command: tuple[str, ...]
    identity: str


def lock_text() -> str:
    """The lock file: checkov and all that it needs, by version and hash, without addresses."""
    return resources.files("skyworthy.checkov").joinpath("requirements.txt").read_text("utf-8")


def identity(environment: Mapping[str, str] = os.environ) -> str:
    """What tells one checkov from another, without starting or building it.

    Raises:
        BadInput: where SKYWORTHY_CHECKOV names no executable.
    """
    given = environment.get(EXECUTABLE_VARIABLE)
    if not given:
        return "lock " + hashlib.sha256(f"{lock_text()}{sys.version_info[:2]}".encode()).hexdigest()[:16]
    path = _executable(given)
    stat = path.stat()
    return f"{path} {stat.st_size} {stat.st_mtime_ns}"


def provide(cache: Path, run: Run, progress: Progress) -> Checkov:
    """The checkov to use; the first time its environment is built, which takes a package index and some seconds.

    Args:
        cache: folder of caches; the environment lies in ``checkov/`` below it.
        run: starts a program and waits (as ``subprocess.run`` does), so that the caller can end it.
        progress: told what goes on.

    Raises:
        BadInput: where it cannot be built, with the reason and the ways out.
    """
    name = identity()
    given = os.environ.get(EXECUTABLE_VARIABLE)
    if given:
        return Checkov((str(_executable(given)),), name)
    folder = cache.absolute() / "checkov" / f"env-{name.removeprefix('lock ')}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not folder.exists():
                progress("building checkov's environment (once)")
                _build(folder, run)
    return Checkov((str(_python(folder)), "-I", "-m", "checkov.main"), name)


def child_environment(home: Path) -> dict[str, str]:
    """The environment variables that checkov is started with: no credentials, no settings, nobody's home.

    Args:
        home: an empty folder, so that no ``.checkov.yaml`` or stored API key of the user is found.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "HOME": str(home), "CKV_SKIP_PACKAGE_UPDATE_CHECK": "True", "PYTHONUTF8": "1"}


def _executable(given: str) -> Path:
    found = shutil.which(given)
    if found is None:
        raise BadInput(
            f"{EXECUTABLE_VARIABLE}={given}: not an executable; name one, or unset it to use our own checkov"
        )
    return Path(found).resolve()


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _build(folder: Path, run: Run) -> None:
    """Build beside, then rename: a folder of that name is a complete environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".building-") as building:
        made = Path(building) / "env"
        lock = Path(building) / "requirements.txt"
        lock.write_text(lock_text(), "utf-8")
        program = uv.find_uv_bin()
        install = (program, "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:")
        for command in (
            (program, "venv", "--quiet", "--relocatable", "--python", sys.executable, str(made)),
            (*install, "--python", str(_python(made)), "-r", str(lock)),
        ):
            done = run(command, env=clean, cwd=building)
            if done.returncode:
                reason = " ".join(done.stderr.split()) or f"uv ended with {done.returncode}"
                raise BadInput(
                    f"checkov's environment cannot be made: {reason}; it needs a package index once: check the "
                    f"connection, or name a checkov 3 executable in {EXECUTABLE_VARIABLE}, or give --no-checkov"
                )
        made.rename(folder)
