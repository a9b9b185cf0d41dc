"""Which files a root module reaches, their digest and a copy of them: what checkov is given, and nothing else.

Checkov walks every directory below the one it is given and takes each for a root; an ``examples/`` directory that calls
the root would give the root's resources other addresses. So it is given a copy of exactly what the root reaches.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SUFFIXES = (".tf", ".tf.json", ".tfvars", ".tfvars.json")
_SOURCE = re.compile(r'\bsource\s*=\s*"([^"$]+)"')
_MODULE = re.compile(r'^\s*module\s+"[^"]+"\s*\{', re.MULTILINE)
_NEXT_BLOCK = re.compile(r"^\}", re.MULTILINE)


@dataclass(frozen=True)
class Sources:
    """What a root module is made of.

    Args:
        root: its directory, resolved.
        modules: directories of the local modules that it reaches, sorted.
        remote: sources of modules that are not local, sorted: nobody looks into them here.
    """

    root: Path
    modules: tuple[Path, ...]
    remote: tuple[str, ...]

    @property
    def base(self) -> Path:
        """The directory that holds them all."""
        return Path(os.path.commonpath([self.root, *self.modules]))

    def files(self) -> Iterator[Path]:
        """Terraform's files in these directories, sorted within each."""
        for directory in (self.root, *self.modules):
            for path in sorted(directory.iterdir()):
                if path.name.endswith(_SUFFIXES) and not path.name.startswith(".") and path.is_file():
                    yield path

    def digest(self, *more: str, var_files: Sequence[Path] = ()) -> str:
        """SHA-256 of names (relative to the root) and contents of the files.

        Args:
            more: what else the result depends on.
            var_files: tfvars files that lie elsewhere.
        """
        digest = hashlib.sha256()
        for text in more:
            digest.update(text.encode() + b"\0")
        for path in [*self.files(), *var_files]:
            content = path.read_bytes()
            digest.update(f"{os.path.relpath(path, self.root)}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()

    def copy(self, target: Path) -> Path:
        """Copy the files below a directory, laid out as they are below :attr:`base`; gives the copy of the root."""
        for path in self.files():
            copied = target / path.relative_to(self.base)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copied)
        root = target / self.root.relative_to(self.base)
        root.mkdir(parents=True, exist_ok=True)
        return root


def reach(root: Path) -> Sources:
    """Follow the local module sources of a root, at any depth. Directories that are missing are left out."""
    start = root.resolve()
    found: dict[Path, None] = {start: None}
    remote: set[str] = set()
    waiting = [start]
    while waiting:
        directory = waiting.pop()
        for source in _module_sources(directory):
            if not source.startswith(("./", "../", "/")):
                remote.add(source)
                continue
            target = Path(os.path.normpath(directory / source))
            if target.is_dir() and target not in found:
                found[target] = None
                waiting.append(target)
    modules = tuple(sorted(path for path in found if path != start))
    return Sources(start, modules, tuple(sorted(remote)))


def _module_sources(directory: Path) -> Iterator[str]:
    for path in sorted(directory.iterdir()):
        if path.name.endswith(".tf"):
            yield from _sources_of_text(path.read_text("utf-8", errors="replace"))
        elif path.name.endswith(".tf.json"):
            yield from _sources_of_json(path)


def _sources_of_text(text: str) -> Iterator[str]:
    for block in _MODULE.finditer(text):
        end = _NEXT_BLOCK.search(text, block.end())
        source = _SOURCE.search(text, block.end(), end.start() if end else len(text))
        if source:
            yield source[1]


def _sources_of_json(path: Path) -> Iterator[str]:
    try:
        modules = json.loads(path.read_text("utf-8"))["module"]
        blocks = [block for item in modules.values() for block in (item if isinstance(item, list) else [item])]
        yield from (block["source"] for block in blocks)
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # not Terraform, or no modules in it: checkov itself says what it cannot read
