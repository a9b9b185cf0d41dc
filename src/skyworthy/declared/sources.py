"""The files of a root module and of the modules that it calls: found, read once, merged and checked."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from skyworthy.declared.hcl import Attribute, Block, Body, parse_file, parse_json_file
from skyworthy.declared.hcl.nodes import Literal
from skyworthy.errors import BadInput
from skyworthy.estate import Location

_LABEL_COUNTS = {"resource": 2, "data": 2, "module": 1, "variable": 1, "output": 1, "provider": 1, "locals": 0}
_UNIQUE = ("resource", "data", "module", "variable", "output")


def shown(path: Path) -> str:
    """A path for people: relative to the working directory where it lies below it."""
    absolute = path.absolute()
    working = Path.cwd()
    return str(absolute.relative_to(working)) if absolute.is_relative_to(working) else str(absolute)


@dataclass(frozen=True)
class ModuleSource:
    """The blocks of one module directory, files and override files merged.

    Args:
        directory: absolute.
        blocks: every top-level block.
        files: the files they stand in.
    """

    directory: Path
    blocks: tuple[Block, ...]
    files: tuple[Path, ...]
    index: dict[tuple[str, ...], Block] = field(repr=False, default_factory=dict)

    def of(self, *types: str) -> tuple[Block, ...]:
        """The blocks of some types."""
        return tuple(block for block in self.blocks if block.type in types)

    def find(self, type: str, *labels: str) -> Block | None:
        """The block of a type with exactly these labels."""
        return self.index.get((type, *labels))


@dataclass
class Reached:
    """Everything that a reading depends on: what a cache must compare.

    Args:
        files: path to SHA-256 of its bytes, or an empty text where the file was looked for and is not there.
        directories: module directory to the names of the files in it that are Terraform's.
        patterns: directory, pattern and the files found of each ``fileset``.
    """

    files: dict[str, str] = field(default_factory=dict)
    directories: dict[str, list[str]] = field(default_factory=dict)
    patterns: list[tuple[str, str, list[str]]] = field(default_factory=list)

    def read(self, path: Path) -> bytes:
        """The bytes of a file, noted."""
        try:
            data = path.read_bytes()
        except OSError:
            self.files[str(path)] = ""
            raise
        self.files[str(path)] = hashlib.sha256(data).hexdigest()
        return data

    def exists(self, path: Path) -> bool:
        """Whether there is a file, noted."""
        found = path.is_file()
        self.files[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest() if found else ""
        return found

    def glob(self, directory: Path, pattern: str) -> list[str]:
        """The files below a directory that match a pattern, in order, noted."""
        found = matching(directory, pattern)
        self.patterns.append((str(directory), pattern, found))
        return found


def matching(directory: Path, pattern: str) -> list[str]:
    """The files below a directory that match a pattern of ``fileset``, in order."""
    return sorted(str(path.relative_to(directory)) for path in directory.glob(pattern) if path.is_file())


def terraform_files(directory: Path) -> list[Path]:
    """The configuration files of one module directory, override files last, as Terraform orders them."""
    names = sorted(
        path for path in directory.iterdir() if path.name.endswith((".tf", ".tf.json")) and not _ignored(path.name)
    )
    return [path for path in names if not _is_override(path)] + [path for path in names if _is_override(path)]


def _ignored(name: str) -> bool:
    return name.startswith((".", "#")) or name.endswith("~")


def _is_override(path: Path) -> bool:
    stem = path.name.removesuffix(".json").removesuffix(".tf")
    return stem == "override" or stem.endswith("_override")


class Loader:
    """Reads module directories, each once."""

    def __init__(self) -> None:
        self.reached = Reached()
        self._modules: dict[Path, ModuleSource] = {}

    def module(self, directory: Path) -> ModuleSource:
        """The blocks of a module directory.

        Raises:
            BadInput: where a file does not parse or a block is declared twice.
        """
        absolute = directory.resolve()
        if absolute not in self._modules:
            self._modules[absolute] = self._load(absolute)
        return self._modules[absolute]

    @property
    def modules(self) -> tuple[ModuleSource, ...]:
        """The module directories that were read so far."""
        return tuple(self._modules.values())

    def _load(self, directory: Path) -> ModuleSource:
        files = terraform_files(directory)
        self.reached.directories[str(directory)] = [path.name for path in files]
        blocks: list[Block] = []
        overrides: list[Block] = []
        for path in files:
            found = self._parse(path).blocks
            (overrides if _is_override(path) else blocks).extend(found)
        index = _checked(blocks)
        for override in overrides:
            _apply(override, blocks, index)
        return ModuleSource(directory, tuple(blocks), tuple(files), index)

    def _parse(self, path: Path) -> Body:
        text = _text(self.reached.read(path), path)
        try:
            body = _parsed(text, shown(path), path.name.endswith(".json"))
        except RecursionError as error:
            raise BadInput(f"{shown(path)}: its expressions are nested too deeply to be read") from error
        for attribute in body.attributes.values():
            raise BadInput(f"{attribute.file}:{attribute.line}: {attribute.name} is set outside of a block")
        for block in body.blocks:
            wanted = _LABEL_COUNTS.get(block.type)
            if wanted is not None and len(block.labels) != wanted:
                raise BadInput(
                    f"{block.file}:{block.line}: {block.type} takes {wanted} labels, not {len(block.labels)}"
                )
        return body


@lru_cache(maxsize=4096)
def _parsed(text: str, name: str, json: bool) -> Body:
    """The tree of a file; finding the roots, reading one and its settings ask for the same files."""
    return parse_json_file(text, name) if json else parse_file(text, name)


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{shown(path)}:{line}: not UTF-8 text") from error


def _key(block: Block) -> tuple[str, ...]:
    if block.type == "provider":
        alias = block.body.attributes.get("alias")
        name = alias.expression.value if alias and isinstance(alias.expression, Literal) else ""
        return ("provider", *block.labels, str(name))
    return (block.type, *block.labels)


def _checked(blocks: Iterable[Block]) -> dict[tuple[str, ...], Block]:
    """Blocks by type and labels; what must be unique is."""
    index: dict[tuple[str, ...], Block] = {}
    names: dict[str, Attribute] = {}
    for block in blocks:
        if block.type in _UNIQUE or block.type == "provider":
            first = index.setdefault(_key(block), block)
            if first is not block:
                raise BadInput(
                    f"{block.file}:{block.line}: {' '.join(_key(block)).strip()} is declared twice"
                    f" (first at {first.file}:{first.line})"
                )
        for name, attribute in block.body.attributes.items() if block.type == "locals" else ():
            earlier = names.setdefault(name, attribute)
            if earlier is not attribute:
                raise BadInput(
                    f"{attribute.file}:{attribute.line}: local {name} is declared twice"
                    f" (first at {earlier.file}:{earlier.line})"
                )
    return index


def _apply(override: Block, blocks: list[Block], index: dict[tuple[str, ...], Block]) -> None:
    """Merges a block of an override file into the block that it overrides, as Terraform does."""
    base = index.get(_key(override)) if override.type in (*_UNIQUE, "provider") else None
    if base is None and override.type in ("terraform", "locals"):
        base = next((block for block in blocks if block.type == override.type), None)
    if base is None:
        blocks.append(override)
        index[_key(override)] = override
        return
    replaced = {block.type for block in override.body.blocks}
    kept = tuple(block for block in base.body.blocks if block.type not in replaced)
    body = Body({**base.body.attributes, **override.body.attributes}, (*kept, *override.body.blocks))
    merged = Block(base.type, base.labels, body, base.file, base.line)
    blocks[blocks.index(base)] = merged
    index[_key(merged)] = merged


def location_of(block: Block) -> Location:
    """Where a block stands."""
    return Location(block.file, block.line)


def literal(attribute: Attribute | None) -> object:
    """The value of an attribute that is a literal, else None."""
    return attribute.expression.value if attribute and isinstance(attribute.expression, Literal) else None


def local_source(call: Block) -> str | None:
    """The source of a module call where it is a path in this tree, else None."""
    source = literal(call.body.attributes.get("source"))
    return source if isinstance(source, str) and source.startswith(("./", "../", "/")) else None


def downloaded(root: Path) -> dict[str, Path]:
    """The directories that ``terraform init`` has put remote modules in, by the path of their calls (``a.b``)."""
    manifest = root / ".terraform" / "modules" / "modules.json"
    if not manifest.is_file():
        return {}
    try:
        rows = json.loads(manifest.read_text("utf-8"))["Modules"]
        return {row["Key"]: root / row["Dir"] for row in rows if row["Key"]}
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{shown(manifest)}:1: not a module manifest; run terraform init again") from error


def root_source(loader: Loader, root: Path) -> ModuleSource:
    """The blocks of a root module.

    Raises:
        BadInput: where the directory is missing or holds no Terraform.
    """
    if not root.is_dir():
        raise BadInput(f"{shown(root)}: there is no such directory")
    source = loader.module(root)
    if not source.files:
        raise BadInput(f"{shown(root)}: no .tf or .tf.json files here; give a directory with a root module")
    return source
