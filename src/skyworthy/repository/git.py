"""Asking git, which never writes for us and never fetches."""

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from skyworthy.estate import Undecidable

_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_SET_BY_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
_OBJECTS = "cat-file", "--buffer"


@dataclass(frozen=True)
class Stored:
    """An object of the repository.

    Args:
        id: its name, a hexadecimal digest.
        type: blob, commit, tag or tree.
        size: bytes.
    """

    id: str
    type: str
    size: int


def git(directory: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git says.

    Args:
        directory: in a checkout.
        arguments: of git.
        given: to its standard input.

    Raises:
        Undecidable: there is no git, or it refuses; with its words.
    """
    done = _run(directory, arguments, given)
    if done.returncode:
        words = " ".join(done.stderr.decode(errors="replace").split()) or f"it ended with {done.returncode}"
        raise Undecidable(f"git cannot tell: {words}")
    return done.stdout


def is_true(directory: Path, *arguments: str) -> bool:
    """Whether git answers with ``true``; see :func:`git`."""
    return git(directory, *arguments).strip() == b"true"


def sizes(directory: Path, ids: Iterable[str]) -> list[Stored]:
    """Type and size of objects, in the order in which they are named.

    Raises:
        Undecidable: one of them is not there, as in a partial clone.
    """
    asked = "".join(f"{id}\n" for id in ids).encode()
    found = []
    for line in git(directory, *_OBJECTS, "--batch-check", given=asked).decode().splitlines():
        id, type, *size = line.split()
        if type == "missing":
            raise Undecidable(f"object {id} is not here: the clone is not complete; fetch the whole history")
        found.append(Stored(id, type, int(size[0])))
    return found


def contents(directory: Path, objects: Iterable[Stored]) -> Iterator[tuple[Stored, bytes]]:
    """The content of each object, one at a time.

    Raises:
        Undecidable: git ended before it had told all of them.
    """
    wanted = list(objects)
    with TemporaryFile() as asked:
        asked.write("".join(f"{item.id}\n" for item in wanted).encode())
        asked.seek(0)
        command = ["git", "-C", str(directory), *_OBJECTS, "--batch"]
        with subprocess.Popen(
            command, stdin=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        ) as process:
            assert process.stdout is not None, "it is a pipe"
            for item in wanted:
                head = process.stdout.readline().split()
                body = process.stdout.read(item.size + 1)
                if len(head) != 3 or len(body) != item.size + 1:
                    raise Undecidable(f"git ended before it had told object {item.id}")
                yield item, body[:-1]


def _run(directory: Path, arguments: Iterable[str], given: bytes) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(
            ["git", "-C", str(directory), *arguments],
            input=given, capture_output=True, check=False, env=_environment(),
        )  # fmt: skip
    except FileNotFoundError:
        raise Undecidable("there is no git on the PATH") from None


def _environment() -> dict[str, str]:
    """Ours, without what a hook of git would make it look at instead of the directory."""
    return {name: value for name, value in os.environ.items() if name not in _SET_BY_HOOKS} | _QUIET
