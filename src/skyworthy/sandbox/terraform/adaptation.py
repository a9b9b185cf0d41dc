"""Makes the copy of a root module fit for the sandbox, by override files: the state is local, every call goes there.

An override file replaces single arguments of blocks that stand elsewhere, so that nothing else is touched
(https://developer.hashicorp.com/terraform/language/files/override).
"""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from skyworthy.declared.hcl import Block
from skyworthy.declared.sources import Loader, ModuleSource, literal
from skyworthy.sandbox.terraform.pins import local_names
from skyworthy.sandbox.terraform.workspace import reached

OVERRIDE = "zz_skyworthy_override.tf"
"""Override files count in the order of their names; ours has the last word."""
WORKSPACES = "workspaces"
"""Folder of the states of other workspaces than the default, beside the state."""
ADDITION = "zz_skyworthy.tf"
MAX_RETRIES = 2
"""Attempts of the provider: an error of the sandbox does not pass by itself, and 25 attempts take minutes."""
AWS = "registry.terraform.io/hashicorp/aws"
_ELSEWHERE = (
    "access_key",
    "allowed_account_ids",
    "custom_ca_bundle",
    "ec2_metadata_service_endpoint",
    "forbidden_account_ids",
    "http_proxy",
    "https_proxy",
    "profile",
    "secret_key",
    "shared_config_files",
    "shared_credentials_file",
    "shared_credentials_files",
    "sts_region",
    "token",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
)
"""Arguments of the provider that lead to another account or endpoint; the environment says what counts here.

Source: https://registry.terraform.io/providers/hashicorp/aws/latest/docs#argument-reference
"""
_ELSEWHERE_BLOCKS = ("assume_role", "assume_role_with_web_identity", "endpoints")


def sources_of(root: Path) -> list[ModuleSource]:
    """The blocks of a root module and of the local modules that it reaches, the root first.

    Raises:
        BadInput: a file does not parse, or a module's folder is missing.
    """
    loader, root = Loader(), root.resolve()
    return [loader.module(root), *(loader.module(folder) for folder in reached(root) if folder != root)]


def in_copy(path: Path, root: Path, copied: Path) -> Path:
    """Where a file of the user's tree lies in the copy."""
    return Path(os.path.normpath(copied / os.path.relpath(path, root.resolve())))


def adapt(sources: Sequence[ModuleSource], root: Path, copied: Path, state: Path) -> list[str]:
    """Write the override files.

    Args:
        sources: see `sources_of`.
        root: the user's root module.
        copied: its copy.
        state: the file that keeps the state.

    Returns:
        One line for each setting that would lead elsewhere and is left out.
    """
    notes: list[str] = []
    for source in sources:
        folder = in_copy(source.directory, root, copied)
        top = source is sources[0]
        text = _backend(state) if top else ""
        names = local_names(source, AWS)
        for block in source.of("provider"):
            if block.labels[0] in names:
                text += _provider(block)
                notes += _left_out(block)
        if text:
            (folder / OVERRIDE).write_text(text)
        if top:
            _add_default_providers(source, names, folder)
    return notes


def region_of(root: ModuleSource) -> str | None:
    """The region of a root module's default provider, where it is written out."""
    for block in root.of("provider"):
        if block.labels[0] in local_names(root, AWS) and "alias" not in block.body.attributes:
            region = literal(block.body.attributes.get("region"))
            return region if isinstance(region, str) else None
    return None


def _backend(state: Path) -> str:
    lines = [f"path = {json.dumps(str(state))}", f"workspace_dir = {json.dumps(str(state.parent / WORKSPACES))}"]
    return "\n".join(["terraform {", '  backend "local" {', *(f"    {line}" for line in lines), "  }", "}", ""])


def _provider(block: Block) -> str:
    alias = literal(block.body.attributes.get("alias"))
    lines = [f"  alias = {json.dumps(alias)}"] if alias else []
    lines.append(f"  max_retries = {MAX_RETRIES}")
    lines += [f"  {name} = null" for name in _ELSEWHERE if name in block.body.attributes]
    for name in _blocks_elsewhere(block):
        lines.append(f'  dynamic "{name}" {{\n    for_each = []\n    content {{}}\n  }}')
    return "\n".join([f'provider "{block.labels[0]}" {{', *lines, "}\n"])


def _left_out(block: Block) -> Iterator[str]:
    for name in (*(name for name in _ELSEWHERE if name in block.body.attributes), *_blocks_elsewhere(block)):
        yield f"{block.file}:{block.line}: {name} of provider {block.labels[0]} does not count in the sandbox"


def _blocks_elsewhere(block: Block) -> list[str]:
    given = {each.labels[0] if each.type == "dynamic" else each.type for each in block.body.blocks}
    return [name for name in _ELSEWHERE_BLOCKS if name in given]


def _add_default_providers(source: ModuleSource, names: set[str], folder: Path) -> None:
    """A root without a default configuration of the provider gets one, for the number of attempts."""
    given = {block.labels[0] for block in source.of("provider") if literal(block.body.attributes.get("alias")) is None}
    absent = sorted(names - given)
    if absent:
        text = "".join(f'provider "{name}" {{\n  max_retries = {MAX_RETRIES}\n}}\n' for name in absent)
        (folder / ADDITION).write_text(text)
