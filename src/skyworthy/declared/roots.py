"""Finding the root modules of a tree, and the sets of values that one of them is applied with."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from skyworthy.declared.hcl.nodes import Literal
from skyworthy.declared.sources import Loader, ModuleSource, local_source, shown, terraform_files
from skyworthy.declared.variables import assignments, tfvars_files
from skyworthy.errors import BadInput

TERRAGRUNT = "terragrunt.hcl"
_SKIPPED = frozenset({"archive", "archived", "node_modules", "venv"})
_TFVARS = re.compile(r"(?P<stem>.+)\.tfvars(\.json)?")
_UNTOLD = frozenset({"inputs", "main", "terraform", "values", "variables", "vars"})
"""Names of files that say nothing: the directory's name says whose values they are."""
_SHARED = frozenset({"all", "base", "common", "default", "defaults", "global", "secret", "secrets", "shared"})
"""Names of files that are given beside those of an environment."""
_CALLED = ("environment", "environment_name", "env", "env_name", "stage")
"""How variables and locals are called that hold the name of the environment."""
_SAMPLE = re.compile(r"(^|[._-])(dummy|example|sample|sandbox|template)s?($|[._-])")


def find_roots(directory: Path) -> list[Path]:
    """The root modules in a tree, sorted by path.

    A directory with Terraform files is a root where no other module in the tree calls it and it says so itself: a
    backend, a cloud or provider block, or a tfvars file. Hidden directories and archives are left out. Where the
    given directory is a root, it is the only one.

    Args:
        directory: a root module, or a tree that holds some.

    Raises:
        BadInput: where the directory is missing, a file does not parse, or no root is found.
    """
    if not directory.is_dir():
        raise BadInput(f"{shown(directory)}: there is no such directory")
    loader = Loader()
    if terraform_files(directory) and _says_root(loader.module(directory), directory):
        return [directory]
    modules = {path: loader.module(path) for path in module_directories(directory)}
    called = {target for source in modules.values() for target in _called(source)}
    roots = [
        path
        for path, source in modules.items()
        if path.resolve() not in called and (path == directory or _says_root(source, path))
    ]
    if not roots:
        raise BadInput(
            f"{shown(directory)}: no root module here: no directory of .tf files with a backend,"
            f" a provider or cloud block, or tfvars{_terragrunt(directory)}"
        )
    return [directory] if directory in roots else roots


def _terragrunt(directory: Path) -> str:
    if next(terragrunt_units(directory), None) is None:
        return ""
    return f"; {TERRAGRUNT} is not read: name the directory that `terragrunt init` makes below .terragrunt-cache"


def terragrunt_units(directory: Path) -> Iterator[Path]:
    """The directories from which Terragrunt makes root modules: Terraform is there only after it ran."""
    for file in sorted(directory.rglob(TERRAGRUNT)):
        hidden = any(part.startswith(".") for part in file.relative_to(directory).parts)
        if not hidden and not terraform_files(file.parent) and "source" in file.read_text("utf-8", "replace"):
            yield file.parent


def module_directories(directory: Path) -> list[Path]:
    """The directories of a tree that hold Terraform files, sorted; hidden directories and archives are left out."""
    found = [directory] if terraform_files(directory) else []
    for child in sorted(path for path in directory.iterdir() if path.is_dir() and not path.is_symlink()):
        if child.name.lower() not in _SKIPPED and not child.name.startswith("."):
            found += module_directories(child)
    return found


def variable_sets(root: Path) -> dict[str, tuple[Path, ...]]:
    """The sets of values that one root module is applied with in turn: ``-var-file=staging.tfvars``, then production's.

    Looked for are the tfvars files that Terraform does not load by itself, in the root or in directories below that
    hold no Terraform (``env/production.tfvars``, ``env/production/terraform.tfvars``). Those that several environments
    share (``common.tfvars``) come first in each set; samples, and what gives no variable of the root a value (such as
    the settings of a backend), are left out.

    Args:
        root: a root module.

    Returns:
        By name, in order: the files to be given beside those that Terraform loads. Empty where there is one set only,
        that which Terraform loads by itself.

    Raises:
        BadInput: where a file does not parse.
    """
    loader = Loader()
    declared = {block.labels[0] for block in loader.module(root).of("variable") if block.labels}
    loaded = {path.resolve() for path in tfvars_files(root, ())}
    sets: dict[str, list[Path]] = {}
    shared: list[Path] = []
    for path in _tfvars_below(root, 2):
        name = _set_name(path, root)
        if path.resolve() in loaded or _SAMPLE.search(name.lower()) or not declared & assignments(loader, path).keys():
            continue
        if name.lower() in _SHARED:
            shared.append(path)
        else:
            sets.setdefault(name, []).append(path)
    return {name: (*shared, *paths) for name, paths in sorted(sets.items())}


def calls_itself(root: Path, var_files: Sequence[Path] = ()) -> str:
    """What a root module calls its environment: the literal value of its variable or local of such a name, else empty.

    Args:
        root: a root module.
        var_files: given beside those that Terraform loads.

    Raises:
        BadInput: where a file does not parse, or a given one is not there.
    """
    loader = Loader()
    source = loader.module(root)
    said = {name: value for block in source.of("locals") for name, value in block.body.attributes.items()}
    for block in source.of("variable"):
        if default := block.body.attributes.get("default"):
            said[block.labels[0]] = default
    for path in tfvars_files(root, var_files):
        said.update(assignments(loader, path))
    texts = [said[name].expression for name in _CALLED if name in said]
    return next((text.value for text in texts if isinstance(text, Literal) and isinstance(text.value, str)), "")


def asks_for_workspace(root: Path) -> bool:
    """Whether a root module reads the name of its workspace: it is applied in one for each environment then."""
    return any("terraform.workspace" in path.read_text("utf-8", "replace") for path in terraform_files(root))


def _tfvars_below(directory: Path, depth: int) -> Iterator[Path]:
    entries = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    yield from (path for path in entries if path.is_file() and _TFVARS.fullmatch(path.name))
    for child in entries:
        if depth and _holds_values_only(child):
            yield from _tfvars_below(child, depth - 1)


def _holds_values_only(path: Path) -> bool:
    own = path.is_dir() and not path.is_symlink() and path.name.lower() not in _SKIPPED
    return own and not terraform_files(path)


def _set_name(path: Path, root: Path) -> str:
    found = _TFVARS.fullmatch(path.name)
    stem = found["stem"].removesuffix(".auto") if found else path.stem
    return path.parent.name if stem.lower() in _UNTOLD and path.parent != root else stem


def _called(source: ModuleSource) -> list[Path]:
    paths = (local_source(call) for call in source.of("module"))
    return [(source.directory / path).resolve() for path in paths if path]


def _says_root(source: ModuleSource, directory: Path) -> bool:
    settings = any(block.body.of("backend", "cloud") for block in source.of("terraform"))
    return settings or bool(source.of("provider")) or bool(tfvars_files(directory, ()))
