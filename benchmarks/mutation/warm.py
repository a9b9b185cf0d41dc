"""Checkov kept loaded between runs: half of the time of a short run is its start."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

_SERVER = Path(__file__).with_name("forking.py")
_CHECKOV = ("-I", "-m", "checkov.main")


class Warm:
    """Runs programs as ``subprocess.run`` does; checkov in a process that is forked from one that has loaded it.

    One run at a time; a context manager that ends the process.
    """

    def __init__(self) -> None:
        self._server: subprocess.Popen[str] | None = None

    def __call__(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: str | Path
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end; variables and directory of checkov's first run hold for all of its runs."""
        python, arguments = command[0], tuple(command[1 + len(_CHECKOV) :])
        if tuple(command[1 : 1 + len(_CHECKOV)]) != _CHECKOV:
            return subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, check=False)
        if self._server is None:
            self._server = subprocess.Popen(
                [python, "-I", str(_SERVER)],
                env=env,
                cwd=cwd,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        with TemporaryDirectory(prefix="mutants-warm-") as folder:
            output, errors = Path(folder, "output"), Path(folder, "errors")
            code = _ask(self._server, {"arguments": arguments, "output": str(output), "errors": str(errors)})
            return subprocess.CompletedProcess(command, code, output.read_text("utf-8"), errors.read_text("utf-8"))

    def __enter__(self) -> "Warm":
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.communicate()


def _ask(server: "subprocess.Popen[str]", request: Mapping[str, object]) -> int:
    assert server.stdin is not None and server.stdout is not None
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    return int(server.stdout.readline())
