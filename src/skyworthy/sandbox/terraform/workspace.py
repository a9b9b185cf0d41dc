"""A copy of a root module in which Terraform may write: the user's own tree stays untouched."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from skyworthy.declared import Inputs
from skyworthy.errors import BadInput

MIRROR_VARIABLE = "SKYWORTHY_PROVIDER_MIRROR"
SANDBOX_VARIABLES = "sandbox.tfvars"
_LOCAL_SOURCE = re.compile(r'^\s*"?source"?\s*[=:]\s*"(\.{1,2}/[^"]*)"', re.MULTILINE)
_OUTSIDE_FILE = re.compile(r"\$\{path\.(?:module|root)\}/([^\"$]*)")
_SKIPPED_FOLDERS = frozenset({".terraform", ".git", ".skyworthy"})
_STATE = re.compile(r"\.tfstate(\.|$)|\.tfplan$|^\.terraform\.tfstate\.lock\.info$")


def reached(root: Path) -> list[Path]:
    """The folders of a root module: its own and those of the local modules it calls, directly or not.

    Args:
        root: folder with `.tf` files.

    Raises:
        BadInput: there is no such folder, it holds no Terraform, or a module's folder is missing.
    """
    root = root.resolve()
    if not root.is_dir():
        raise BadInput(f"{root}: no such folder")
    if not list(_sources(root)):
        raise BadInput(f"{root}: no Terraform files (*.tf) here; give the folder of a root module")
    found: list[Path] = []
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        if folder in found:
            continue
        found.append(folder)
        waiting.extend(_called(folder))
    return sorted(found)


def digest(root: Path, inputs: Inputs | None = None) -> str:
    """A digest of everything a root module is made of, the same on every machine.

    Covers names and contents of the files in the folders it reaches, without documents, hidden files and state, and
    the variables and the workspace that settings give; not files elsewhere, which hold secrets, and are not everywhere.

    Args:
        root: folder of the root module.
        inputs: what it is given.

    Returns:
        `sha256:` and 64 hexadecimal digits.
    """
    root = root.resolve()
    files = {os.path.relpath(path, root).replace(os.sep, "/"): path for path in _files(root) if _counts(path)}
    sum_ = hashlib.sha256()
    for name in sorted(files):
        content = files[name].read_bytes().replace(b"\r\n", b"\n")
        sum_.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    if inputs and (inputs.variables or inputs.workspace):
        sum_.update(json.dumps([inputs.variables, inputs.workspace], sort_keys=True).encode())
    return f"sha256:{sum_.hexdigest()}"


def copy(root: Path, into: Path) -> Path:
    """Copy what a root module is made of, laid out as it was.

    Args:
        root: folder of the root module.
        into: folder for the copy; what it held before goes.

    Returns:
        The copy of `root` inside `into`.
    """
    root = root.resolve()
    files = list(_files(root))
    if into.exists():
        shutil.rmtree(into)
    base = Path(os.path.commonpath([path.parent for path in files] + [root]))
    for path in files:
        target = into / path.relative_to(base)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return into / root.relative_to(base)


def cli_configuration(mirror: str | None, plugin_cache: Path) -> str:
    """Content of the CLI configuration file: where providers come from.

    Args:
        mirror: a filesystem mirror; None for the registry, with a cache.
        plugin_cache: folder that keeps downloaded providers.
    """
    if mirror:
        source = f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
    else:
        source = f'plugin_cache_dir = "{plugin_cache}"\n'
    return f"disable_checkpoint = true\n{source}"


def _files(root: Path) -> Iterator[Path]:
    seen: set[Path] = set()
    for folder in reached(root):
        for path in [*_tree(folder), *_outside(folder)]:
            if path not in seen:
                seen.add(path)
                yield path


def _tree(folder: Path) -> Iterator[Path]:
    """Files of a module: its folder, and below it what holds no other module that nothing reaches."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED_FOLDERS and not any(_sources(Path(parent, name))) and not name.startswith(".")
        )
        files = (Path(parent, name) for name in sorted(names) if not _STATE.search(name))
        yield from (file for file in files if file.is_file())


def _outside(folder: Path) -> Iterator[Path]:
    """Files that a module reads by a path leading out of it, or all those of such a folder."""
    for source in _sources(folder):
        for name in _OUTSIDE_FILE.findall(source.read_text(errors="replace")):
            path = (folder / name).resolve()
            if folder in (path, *path.parents):
                continue
            if path.is_file():
                yield path
            elif path.is_dir() and path not in folder.parents:
                yield from (each for each in sorted(path.rglob("*")) if each.is_file())


def _called(folder: Path) -> Iterator[Path]:
    for source in _sources(folder):
        text = source.read_text(errors="replace")
        for found in _LOCAL_SOURCE.finditer(text):
            called = (folder / found[1]).resolve()
            if not called.is_dir():
                line = text[: found.start(1)].count("\n") + 1
                raise BadInput(f"{source}:{line}: module source {found[1]} does not exist")
            yield called


def _sources(folder: Path) -> Iterator[Path]:
    yield from sorted([*folder.glob("*.tf"), *folder.glob("*.tf.json")])


def _counts(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix != ".md"
