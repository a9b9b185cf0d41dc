"""Finding the root modules of a tree."""

from collections.abc import Iterator
from pathlib import Path

from skyworthy.declared.sources import Loader, ModuleSource, local_source, shown, terraform_files
from skyworthy.declared.variables import tfvars_files
from skyworthy.errors import BadInput

TERRAGRUNT = "terragrunt.hcl"
_SKIPPED = frozenset({"archive", "archived", "node_modules", "venv"})


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


def _called(source: ModuleSource) -> list[Path]:
    paths = (local_source(call) for call in source.of("module"))
    return [(source.directory / path).resolve() for path in paths if path]


def _says_root(source: ModuleSource, directory: Path) -> bool:
    settings = any(block.body.of("backend", "cloud") for block in source.of("terraform"))
    return settings or bool(source.of("provider")) or bool(tfvars_files(directory, ()))
