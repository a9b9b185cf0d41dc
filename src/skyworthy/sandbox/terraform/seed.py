"""What a root module expects to exist already, certificates and hosted zones and the like, made beforehand."""

import re
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from skyworthy import declared
from skyworthy.declared import Inputs
from skyworthy.declared.evaluation.modules import Module
from skyworthy.declared.evaluation.walk import walk
from skyworthy.declared.hcl import Block, named
from skyworthy.declared.reader import deep_expressions, open_root
from skyworthy.declared.sources import Loader, terraform_files
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Resource, Unknown
from skyworthy.sandbox.server import Sandbox
from skyworthy.sandbox.terraform.existing import Existing
from skyworthy.sandbox.terraform.seeds import Ids, Wanted, makers
from skyworthy.sandbox.terraform.workspace import reached

_FIRST = ("aws_vpc", "aws_vpcs", "aws_subnet", "aws_subnets", "aws_db_instance", "aws_secretsmanager_secret")
"""Types of data sources that others refer to."""
_NAMES = (
    "name",
    "bucket",
    "cluster_name",
    "repository_name",
    "db_instance_identifier",
    "identifier",
    "url",
    "key_name",
)


def prerequisites(root: Path, sandbox: Sandbox, inputs: Inputs | None = None) -> list[str]:
    """Create what the data sources of a root module look up.

    Args:
        root: folder of the root module.
        sandbox: where to create it.
        inputs: what it is given beside the files that Terraform loads by itself.

    Returns:
        One line for each thing that was created, or why nothing could be.
    """
    try:
        estate = declared.read(root, inputs)
        regions = _regions(root, inputs or Inputs())
    except BadInput as problem:
        # Terraform will say so too, and better; here it only means that nothing is known to be needed.
        return [f"nothing was created for data sources: {problem}"]
    members = _members(root)
    here, known = Existing(sandbox, sandbox.region), Ids()
    notes = []
    for source in sorted((each for each in estate if each.data), key=_order):
        maker = makers().get(source.type)
        if maker is None or _is_made_by(estate, source):
            continue
        existing = here.at(regions.get(source.address) or sandbox.region)
        wanted = Wanted(source, existing, known, tuple(sorted(members.get(source.name, ()))))
        try:
            made = maker(wanted)
        except (BotoCoreError, ClientError, LookupError) as error:
            notes.append(f"{source.address} ({source.location}): not created: {error}")
            continue
        if made is not None:
            notes.append(f"{source.address}: created {made}")
    return notes


def _order(source: Resource) -> int:
    return _FIRST.index(source.type) if source.type in _FIRST else len(_FIRST)


def _is_made_by(estate: Estate, source: Resource) -> bool:
    """Whether the stack itself makes what a data source looks up, so that it must not be there before."""
    wanted = {value for name in _NAMES if isinstance(value := source.peek(name), str)}
    return any(
        isinstance(value := resource.peek(name), str) and value in wanted
        for resource in estate.of(source.type)
        if not resource.data
        for name in _NAMES
    )


def _regions(root: Path, inputs: Inputs) -> dict[str, str]:
    """The region in which each data source looks, by address; only where it is known."""
    with deep_expressions(root):
        found = walk(open_root(root, inputs, Loader()))
        return {
            module.address(block, suffix): region
            for module, block, keys in found
            if block.type == "data" and not isinstance(keys, Unknown)
            for suffix, _ in keys
            if (region := _region(module, block)) is not None
        }


def _region(module: Module, block: Block) -> str | None:
    provider = named(block.body.attributes.get("provider"), "aws")
    region = module.run.provider_setting(module.providers.get(provider, provider), "region")
    return region if isinstance(region, str) else None


def _members(root: Path) -> dict[str, set[str]]:
    """The members that are read of secrets, by the name of their data source: `jsondecode(...secret_string)["KEY"]`."""
    files = (file for folder in reached(root) for file in terraform_files(folder))
    texts = [file.read_text(errors="replace") for file in files]
    found: dict[str, set[str]] = {}
    version = r"jsondecode\(\s*data\.aws_secretsmanager_secret_version\.([\w-]+)(?:\[[^\]]*\])?\.secret_string\s*\)"
    member = r'(?:\.([A-Za-z_][\w-]*)|\["([^"]+)"\])'
    for text in texts:
        for name, first, second in re.findall(version + member, text):
            found.setdefault(name, set()).add(first or second)
        for local, name in re.findall(rf"([\w-]+)\s*=\s*{version}\s*$", text, re.MULTILINE):
            for other in texts:
                uses = re.findall(rf"local\.{re.escape(local)}{member}", other)
                found.setdefault(name, set()).update(first or second for first, second in uses)
    return found
