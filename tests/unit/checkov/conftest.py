"""Checkov's real environment, built once and kept beside the repository's other caches."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from skyworthy.checkov import EXECUTABLE_VARIABLE
from skyworthy.checkov.environment import identity, provide

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def environment() -> Path:
    """The folder of checkov's environment."""
    checkov = provide(
        REPOSITORY / ".skyworthy",
        lambda command, **rest: subprocess.run(command, **rest, capture_output=True, text=True, check=False),
        print,
    )
    return Path(checkov.command[0]).parents[1]


@pytest.fixture
def bare_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder without anything; no executable is named."""
    monkeypatch.delenv(EXECUTABLE_VARIABLE, raising=False)
    return tmp_path / "cache"


@pytest.fixture
def cache(environment: Path, bare_cache: Path) -> Iterator[Path]:
    """A cache folder that holds checkov's environment and no results."""
    folder = bare_cache / "checkov" / f"env-{identity().removeprefix('lock ')}"
    folder.parent.mkdir(parents=True)
    folder.symlink_to(environment)
    yield bare_cache
    left = {path.name for path in folder.parent.iterdir() if path.name.startswith(".")}
    assert not left, f"temporary folders are left: {left}"
