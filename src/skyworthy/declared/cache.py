"""Readings kept on disk, valid while every file that they depend on is unchanged."""

import hashlib
import json
from functools import cache as once
from importlib import resources
from pathlib import Path
from typing import Any

from skyworthy.declared.sources import Reached, matching, terraform_files
from skyworthy.declared.variables import Inputs, tfvars_files
from skyworthy.estate import Estate
from skyworthy.estate.codec import decode, encode
from skyworthy.files import write_whole

_PACKAGES = (
    "skyworthy.declared",
    "skyworthy.declared.evaluation",
    "skyworthy.declared.evaluation.functions",
    "skyworthy.declared.hcl",
    "skyworthy.estate",
)


@once
def _reader_version() -> str:
    """A digest of the reader itself: a reading by another version is not used."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for item in sorted(resources.files(package).iterdir(), key=lambda entry: entry.name):
            if item.is_file() and not item.name.endswith(".pyc"):
                digest.update(item.name.encode() + item.read_bytes())
    return digest.hexdigest()


def _file(cache: Path, root: Path, inputs: Inputs) -> Path:
    """The file that holds the reading of a root; locations in it are relative to the working directory."""
    files = [str(path.absolute()) for path in inputs.var_files]
    given = [files, sorted(inputs.variables.items()), sorted(inputs.ambient.items()), inputs.workspace_of(root)]
    parts = [_reader_version(), str(Path.cwd()), str(root.absolute()), given]
    return cache / "declared" / f"{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}.json"


def load(cache: Path, root: Path, inputs: Inputs) -> Estate | None:
    """The kept reading of a root, or None where there is none or a file has changed since."""
    try:
        data = json.loads(_file(cache, root, inputs).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return decode(data["estate"]) if _unchanged(data) else None


def _unchanged(data: dict[str, Any]) -> bool:
    for path, names in data["directories"].items():
        directory = Path(path.removesuffix("#tfvars"))
        if not directory.is_dir():
            return False
        found = tfvars_files(directory, ()) if path.endswith("#tfvars") else terraform_files(directory)
        if [item.name for item in found] != names:
            return False
    if any(matching(Path(directory), pattern) != found for directory, pattern, found in data["patterns"]):
        return False
    return all(_digest(Path(path)) == digest for path, digest in data["files"].items())


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def store(cache: Path, root: Path, inputs: Inputs, estate: Estate, reached: Reached) -> None:
    """Keeps a reading; the file appears whole or not at all."""
    target = _file(cache, root, inputs)
    data = {
        "files": reached.files,
        "directories": reached.directories,
        "patterns": reached.patterns,
        "estate": encode(estate),
    }
    write_whole(target, json.dumps(data, separators=(",", ":")), private=True)
