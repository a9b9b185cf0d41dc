"""What the code declares: Terraform configuration, plans and states, read into an estate."""

from pathlib import Path

from skyworthy.declared import cache as kept
from skyworthy.declared.agreement import disagreements, with_exact
from skyworthy.declared.configuration import configuration, outputs
from skyworthy.declared.plan import read_plan
from skyworthy.declared.reader import TIME_LIMIT, read_root
from skyworthy.declared.roots import asks_for_workspace, calls_itself, find_roots, variable_sets
from skyworthy.declared.sources import Loader, literal, root_source
from skyworthy.declared.state import read_state
from skyworthy.declared.variables import Inputs, ambient, assigned, inputs_of
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
    "Inputs",
    "ModuleCall",
    "Output",
    "Provider",
    "RequiredProvider",
    "Variable",
    "ambient",
    "asks_for_workspace",
    "calls_itself",
    "configuration",
    "disagreements",
    "find_roots",
    "inputs_of",
    "outputs",
    "read",
    "read_plan",
    "read_state",
    "variable_sets",
    "with_exact",
]


def read(
    root: Path, inputs: Inputs | None = None, *, cache: Path | None = None, time_limit: float = TIME_LIMIT
) -> Estate:
    """The estate that a root module declares.

    Args:
        root: directory of the root module; the tfvars files that Terraform would load by itself are loaded.
        inputs: what it is given beside them.
        cache: directory in which readings are kept, by the contents of all files that they depend on. A reading with
            the value of a sensitive variable is not kept.
        time_limit: seconds after which an evaluation is given up.

    Raises:
        BadInput: where it cannot be read; the message names file and line, or the next step.
    """
    inputs = inputs or Inputs()
    found = kept.load(cache, root, inputs) if cache is not None else None
    if found is not None:
        return found
    loader = Loader()
    estate = read_root(root, inputs, loader, time_limit)
    if cache is not None and not _secret_given(root, inputs, loader):
        kept.store(cache, root, inputs, estate, loader.reached)
    return estate


def _secret_given(root: Path, inputs: Inputs, loader: Loader) -> bool:
    """Whether a variable that is marked sensitive is given a value."""
    source = root_source(loader, root)
    given = assigned(loader, source, inputs)
    return any(
        block.labels[0] in given and literal(block.body.attributes.get("sensitive")) is True
        for block in source.of("variable")
    )
