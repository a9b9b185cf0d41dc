"""What the code declares: Terraform configuration, plans and states, read into an estate."""

from collections.abc import Sequence
from pathlib import Path

from skyworthy.declared import cache as kept
from skyworthy.declared.agreement import disagreements, with_exact
from skyworthy.declared.configuration import configuration, outputs
from skyworthy.declared.plan import read_plan
from skyworthy.declared.reader import TIME_LIMIT, read_root
from skyworthy.declared.roots import find_roots
from skyworthy.declared.sources import Loader, literal, root_source
from skyworthy.declared.state import read_state
from skyworthy.declared.variables import assigned
from skyworthy.estate import Estate
from skyworthy.estate.configuration import (
    Backend,
    Configuration,
    ModuleCall,
    Output,
    Provider,
    RequiredProvider,
    Variable,
)

__all__ = [
    "Backend",
    "Configuration",
    "ModuleCall",
    "Output",
    "Provider",
    "RequiredProvider",
    "Variable",
    "configuration",
    "disagreements",
    "find_roots",
    "outputs",
    "read",
    "read_plan",
    "read_state",
    "with_exact",
]


def read(
    root: Path, *, var_files: Sequence[Path] = (), cache: Path | None = None, time_limit: float = TIME_LIMIT
) -> Estate:
    """The estate that a root module declares.

    Args:
        root: directory of the root module; the tfvars files that Terraform would load by itself are loaded.
        var_files: further tfvars files; a later one wins.
        cache: directory in which readings are kept, by the contents of all files that they depend on. A reading with
            the value of a sensitive variable is not kept.
        time_limit: seconds after which an evaluation is given up.

    Raises:
        BadInput: where it cannot be read; the message names file and line, or the next step.
    """
    found = kept.load(cache, root, var_files) if cache is not None else None
    if found is not None:
        return found
    loader = Loader()
    estate = read_root(root, var_files, loader, time_limit)
    if cache is not None and not _secret_given(root, var_files, loader):
        kept.store(cache, root, var_files, estate, loader.reached)
    return estate


def _secret_given(root: Path, var_files: Sequence[Path], loader: Loader) -> bool:
    """Whether a tfvars file gives a value to a variable that is marked sensitive."""
    given = assigned(loader, root, var_files)
    return any(
        block.labels[0] in given and literal(block.body.attributes.get("sensitive")) is True
        for block in root_source(loader, root).of("variable")
    )
