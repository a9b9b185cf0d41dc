"""One run of a suite for all processes of a test session: the first that needs the result makes it."""

import json
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from skyworthy.errors import BadInput
from skyworthy.files import write_json
from skyworthy.results import SuiteResult, encode_result, read_result


def once(path: Path, make: Callable[[], SuiteResult]) -> SuiteResult:
    """The result in a file, made under a lock by whoever comes first.

    A run that could not be made is told to all who wait for it, instead of being tried by each.

    Args:
        path: of this session alone.
        make: runs the suite.

    Raises:
        BadInput: as ``make`` does, or did in another process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    failure = path.with_suffix(".failed.json")
    with FileLock(f"{path}.lock"):
        if failure.exists():
            raise BadInput(json.loads(failure.read_text("utf-8"))["message"])
        if not path.exists():
            try:
                write_json(path, encode_result(make()))
            except BadInput as error:
                write_json(failure, {"message": str(error)})
                raise
    return read_result(path)
