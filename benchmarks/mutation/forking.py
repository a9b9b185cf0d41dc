"""Checkov, loaded once and forked for each run; ``warm.py`` starts it with checkov's own Python, without skyworthy.

Reads a request a line, ``{"arguments": [...], "output": path, "errors": path}``, and answers it with the exit code. The
first root is looked at here as well, through checkov's library, so that what does not depend on the stack (checks,
tables of parsers) is loaded; what is kept of a stack stays in a runner that nobody asks again.
"""

import json
import os
import sys
import traceback
from pathlib import Path
from typing import TextIO

from checkov.main import Checkov
from checkov.runner_filter import RunnerFilter
from checkov.terraform.runner import Runner

_DIRECTORY = "--directory="


def main() -> None:
    """Serve until the standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warm = False
    for line in sys.stdin:
        request = json.loads(line)
        if not warm:
            _load(request["arguments"])
            warm = True
        _answer(answers, _run(request["arguments"], request["output"], request["errors"]))


def _load(arguments: list[str]) -> None:
    root = next(item.removeprefix(_DIRECTORY) for item in arguments if item.startswith(_DIRECTORY))
    Runner().run(root_folder=root, runner_filter=RunnerFilter(framework=["terraform"]))


def _run(arguments: list[str], output: str, errors: str) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        for number, path in ((1, output), (2, errors)):
            with Path(path).open("wb") as file:
                os.dup2(file.fileno(), number)
        code = Checkov(arguments).run() or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - a child must not return into the loop of its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _answer(answers: TextIO, code: int) -> None:
    answers.write(f"{code}\n")
    answers.flush()


if __name__ == "__main__":
    main()
