"""Git repositories to try things in."""

import subprocess
from pathlib import Path

_AUTHOR = ("-c", "user.name=x", "-c", "user.email=x@example.invalid", "-c", "commit.gpgsign=false")


def git(directory: Path, *arguments: str) -> str:
    """What a git command writes, run as somebody; one that fails is an error."""
    command = ["git", "-C", str(directory), *_AUTHOR, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def commit(directory: Path, message: str = "change") -> None:
    """Commit everything that is not ignored."""
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--allow-empty", "--message", message)
