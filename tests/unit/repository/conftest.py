"""Real git repositories in a directory of their own, and what a control says of them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.unit.git import commit, git

from skyworthy.config import BUILT_IN_POLICIES
from skyworthy.controls import find_control
from skyworthy.estate import Estate
from skyworthy.repository import Repository
from skyworthy.verdicts import judge

Judge = Callable[..., tuple[str, str]]


class Checkout:
    """A git repository.

    Args:
        directory: an empty folder.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        return git(self.directory, *arguments)

    def write(self, files: Mapping[str, str | bytes]) -> "Checkout":
        for name, content in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def commit(self, files: Mapping[str, str | bytes], message: str = "change") -> "Checkout":
        self.write(files)
        commit(self.directory, message)
        return self


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    directory = tmp_path / "checkout"
    directory.mkdir()
    return Checkout(directory)


@pytest.fixture
def said(tmp_path: Path) -> Judge:
    """Outcome and message of a control of the repository."""

    def ask(control: str, directory: Path, **facts: Any) -> tuple[str, str]:
        found = find_control(control)
        assert found is not None
        assert found.lenses == ("repository",)
        repository = Repository(directory, tmp_path / "store", **facts)
        verdict = judge(
            found, None, Estate(()), BUILT_IN_POLICIES["baseline"],
            root="repository", lens="repository", repository=repository,
        )  # fmt: skip
        return verdict.outcome.value, verdict.message

    return ask
