"""Credentials in the git history: every object is searched once, and what was found in it is kept by its id."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from skyworthy.estate import Undecidable
from skyworthy.files import write_whole
from skyworthy.repository import credentials
from skyworthy.repository.credentials import Found
from skyworthy.repository.git import contents, git, is_true, sizes

_LARGEST = 50_000_000
"""Bytes of the largest file that is searched."""


@dataclass(frozen=True)
class Past:
    """Something found in an object of the history.

    Args:
        path: where it lay, or the message of a commit.
        object: id of the blob, commit or tag.
        found: what.
    """

    path: str
    object: str
    found: Found


def search(directory: Path, store: Path, revision: str = "") -> list[Past]:
    """What looks like a credential in any file or message of the history.

    Args:
        directory: in a checkout.
        store: folder for what was searched already.
        revision: only what can be reached from it; empty: from every branch, tag and stash.

    Raises:
        Undecidable: no git, no checkout, no whole history, or an object too large to be searched.
    """
    if is_true(directory, "rev-parse", "--is-shallow-repository"):
        raise Undecidable("the clone is shallow: `git fetch --unshallow` brings the whole history")
    names = dict(_objects(directory, revision or "--all"))
    path = store / f"history-{credentials.identity()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        found = _load(path)
        new = [id for id in names if id not in found]
        if new:
            found |= _search(directory, new, names)
            write_whole(path, json.dumps(found, separators=(",", ":")))
    return [
        Past(name or "a commit's message", id, Found(*item)) for id, name in names.items() for item in found.get(id, ())
    ]


def commit_with(directory: Path, object: str) -> str:
    """The first commit that holds an object, shortened; empty for one that is a commit itself."""
    told = git(directory, "log", "--all", "--reverse", "--format=%h", f"--find-object={object}").decode().split()
    return told[0] if told else object[:10]


def _objects(directory: Path, revision: str) -> Iterator[tuple[str, str]]:
    told = git(directory, "rev-list", "--objects", revision).decode(errors="replace")
    for line in told.splitlines():
        id, _, name = line.partition(" ")
        yield id, name


_Store = dict[str, list[tuple[str, int, str]]]


def _load(path: Path) -> _Store:
    """What was searched; a file that is no such thing is taken as none: the search replaces it."""
    try:
        data = json.loads(path.read_text("utf-8"))
        return data if isinstance(data, dict) else {}
    except (OSError, ValueError):
        return {}


def _search(directory: Path, new: list[str], names: dict[str, str]) -> _Store:
    known = sizes(directory, new)
    large = [item for item in known if item.size > _LARGEST]
    if large:
        raise Undecidable(f"{names[large[0].id]} is too large to be searched: {large[0].size} bytes")
    found: _Store = {item.id: [] for item in known if item.type == "tree"}
    for item, content in contents(directory, (item for item in known if item.type != "tree")):
        found[item.id] = [(hit.rule, hit.line, hit.fingerprint) for hit in credentials.search(content)]
    return found
