"""Root modules written for a test."""

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from skyworthy import declared
from skyworthy.estate import Estate, Value

Write = Callable[[Mapping[str, str]], Path]
ReadText = Callable[..., Estate]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files, by their path below the test's directory, and returns that directory."""

    def write_files(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), "utf-8")
        return tmp_path

    return write_files


@pytest.fixture
def read(write: Write, monkeypatch: pytest.MonkeyPatch) -> ReadText:
    """The estate of a root module of one file, or of several; locations are relative to its directory."""

    def read_text(main: str, **others: str) -> Estate:
        root = write({"main.tf": main, **{name.replace("__", "/"): text for name, text in others.items()}})
        monkeypatch.chdir(root)
        return declared.read(root)

    return read_text


@pytest.fixture
def value_of(read: ReadText) -> Callable[[str], Value]:
    """The value of one expression, as an attribute of a resource of an unknown provider holds it."""

    def evaluate(expression: str) -> Value:
        estate = read(f"resource test_thing this {{\n  value = {expression}\n}}\n")
        return estate.resources[0].peek("value")

    return evaluate
