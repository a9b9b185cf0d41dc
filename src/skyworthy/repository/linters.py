"""Linters of workflows and scripts, run at fixed versions, once per content."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
import tomllib
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import uv

from skyworthy.estate import Undecidable
from skyworthy.files import write_whole

_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "XDG_CACHE_HOME", "XDG_DATA_HOME")
_HANDED = (
    "UV_",
    "PIP_",
    "GO",
    "SSL_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
_PATIENCE = 120.0
"""Seconds that a linter may take, the making of its environment included."""
_AGAIN = 3600.0
"""Seconds before a linter that could not be had is asked for again."""


class Linter:
    """One program.

    Args:
        name: a table of ``linters.toml``.
        store: folder for results.
        progress: told what goes on.
    """

    def __init__(self, name: str, store: Path, progress: Callable[[str], None]) -> None:
        text = (files("skyworthy.repository") / "linters.toml").read_text("utf-8")
        self._settings: dict[str, Any] = tomllib.loads(text)[name]
        self._name = name
        self._store = store
        self._progress = progress

    def findings(self, directory: Path, names: Sequence[str]) -> list[str]:
        """What it says of files, a line for each finding, in its own form: ``file:line:column: ...``.

        Args:
            directory: where it is started.
            names: the files, relative to it.

        Raises:
            Undecidable: it cannot be had, or did not come to an end.
        """
        key = hashlib.sha256(json.dumps(self._settings, sort_keys=True).encode())
        heeded = [name for name in self._settings.get("configuration", ()) if (directory / name).exists()]
        for name in (*names, *heeded):
            key.update(os.fsencode(f"\0{name}\0"))
            key.update((directory / name).read_bytes())
        stored = self._store / f"{self._name}-{key.hexdigest()[:24]}.json"
        if (known := _load(stored)) is not None:
            return known
        found = self._run(directory, names)
        write_whole(stored, json.dumps(found))
        return found

    def _run(self, directory: Path, names: Sequence[str]) -> list[str]:
        failed = self._store / f"{self._name}.unavailable"
        if failed.exists() and time.time() - failed.stat().st_mtime < _AGAIN:
            raise Undecidable(f"{failed.read_text('utf-8').strip()} (asked again an hour later, or without {failed})")
        reasons = []
        for command in self._commands():
            self._progress(f"{self._name} on {len(names)} file{'s' * (len(names) != 1)}")
            arguments = [name for item in self._settings["arguments"] for name in _expanded(item, names)]
            done = _execute([*command, *arguments], directory)
            if isinstance(done, str):
                reasons.append(done)
            elif done.returncode in self._settings["ends"] and not _is_refusal(done):
                failed.unlink(missing_ok=True)
                return [self._shown(line) for line in done.stdout.splitlines() if line.strip()]
            else:
                reasons.append(_last(done))
        problem = f"{self._name} cannot be run: {'; '.join(reasons)}"
        write_whole(failed, problem)
        raise Undecidable(problem)

    def _shown(self, line: str) -> str:
        found = re.fullmatch(self._settings.get("line", "$"), line)
        return f"{found['file']}:{found['line']}: {found['words']} [{found['rule']}]" if found else line

    def _commands(self) -> list[list[str]]:
        """The ways to start it: from Go's module proxy where Go is at hand, then as a tool of uv."""
        ways = []
        if "go" in self._settings and (go := shutil.which("go")):
            ways.append([go, "run", self._settings["go"]])
        return [*ways, [uv.find_uv_bin(), "tool", "run", "--quiet", *self._settings["uvx"]]]


def _expanded(item: str, names: Sequence[str]) -> Sequence[str]:
    return names if item == "{files}" else (item,)


def _is_refusal(done: "subprocess.CompletedProcess[str]") -> bool:
    """Whether a program that ended with a finding's exit code says nothing: then another one spoke, on stderr."""
    return bool(done.returncode) and not done.stdout.strip()


def _last(done: "subprocess.CompletedProcess[str]") -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"it ended with {done.returncode}"


def _execute(command: list[str], directory: Path) -> "subprocess.CompletedProcess[str] | str":
    """What came of a command, or why nothing did. It is given no credentials and no settings of Python's."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_HANDED)}
    try:
        return subprocess.run(
            command, cwd=directory, env=kept, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=_PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"it took longer than {_PATIENCE:g} s"
    except OSError as error:
        return str(error)


def _load(path: Path) -> list[str] | None:
    """Findings stored earlier; a file that is no such thing is taken as none: the run replaces it."""
    try:
        data = json.loads(path.read_text("utf-8"))
        return data if isinstance(data, list) else None
    except (OSError, ValueError):
        return None
