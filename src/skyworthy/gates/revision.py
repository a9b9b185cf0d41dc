"""The files of another revision, beside those that are checked out."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skyworthy.errors import BadInput


@dataclass(frozen=True)
class Revision:
    """A revision to compare with.

    Attributes:
        asked: as it was named: `origin/main`.
        commit: the commit that is meant: where the branches parted, or the named one where they have nothing in common.
        directory: where its files are, for as long as the block lasts.
    """

    asked: str
    commit: str
    directory: Path


@contextmanager
def files_of(directory: Path, revision: str) -> Iterator[Revision]:
    """The files of a directory as they were in a revision, in a folder that goes with the block.

    What a branch changed is told by where it left the other one, so that a base that went on in the meantime neither
    blames nor excuses the branch. Nothing is written into the repository.

    Args:
        directory: in a git checkout.
        revision: a branch, tag or commit.

    Raises:
        BadInput: no git, no checkout, or no such revision.
    """
    named = _git(directory, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").decode().strip()
    if not named:
        raise BadInput(
            f"{revision} is no revision of the git checkout in {directory.resolve()}; "
            f"fetch it first (git fetch origin; in CI, check out with the whole history)"
        )
    commit = _git(directory, "merge-base", named, "HEAD").decode().strip() or named
    prefix = _git(directory, "rev-parse", "--show-prefix").decode().strip()
    archive = _git(directory, "archive", "--format=tar", f"{commit}:{prefix}")
    if not archive:
        raise BadInput(f"{revision} ({commit[:12]}) has no directory {prefix or '.'}")
    with tempfile.TemporaryDirectory(prefix="skyworthy-base-") as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder, filter="data")
        yield Revision(revision, commit, Path(folder))


def _git(directory: Path, *arguments: str) -> bytes:
    """What git says; nothing where it refuses."""
    try:
        done = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise BadInput("comparing with a revision needs git on the PATH") from None
    return done.stdout if done.returncode == 0 else b""
