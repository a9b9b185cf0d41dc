"""What data sources will say, where that follows from the code alone."""

from typing import TYPE_CHECKING

from skyworthy.declared.evaluation.blocks import is_set, read_blocks
from skyworthy.declared.evaluation.expressions import Scope
from skyworthy.declared.evaluation.functions import call_function
from skyworthy.declared.evaluation.policy_document import policy_document
from skyworthy.declared.evaluation.values import undetermined
from skyworthy.declared.hcl import Block, named
from skyworthy.estate import Reference, Unknown, Value, type_of

if TYPE_CHECKING:
    from skyworthy.declared.evaluation.modules import Module

_OTHER_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso": "aws-iso"}


def computed(module: "Module", block: Block, scope: Scope, address: str, name: str) -> Value:
    """An attribute of a data source that its block does not set: a known value, or a reference to it."""
    type = block.labels[0]
    if type == "aws_iam_policy_document" and name in ("json", "minified_json"):
        document = policy_document(block, scope, address)
        return document if isinstance(document, Unknown) else call_function("jsonencode", [document])
    if is_set(block.body, name):
        return read_blocks(block.body, scope, address, name, type_of(type))
    if (
        type == "aws_region"
        and name in ("name", "id", "region")
        and not block.body.attributes.keys() & {"name", "region"}
    ):
        region = _region(module, block)
        return Reference(address, name) if undetermined(region) or region is None else region
    if type == "aws_partition":
        return _partition(_region(module, block), address, name)
    return Reference(address, name)


def _region(module: "Module", block: Block) -> Value:
    provider = named(block.body.attributes.get("provider"), "aws")
    return module.run.provider_setting(module.providers.get(provider, provider), "region")


def _partition(region: Value, address: str, name: str) -> Value:
    if not isinstance(region, str) or name not in ("partition", "id", "dns_suffix", "reverse_dns_prefix"):
        return Reference(address, name)
    partition = next((item for prefix, item in _OTHER_PARTITIONS.items() if region.startswith(prefix)), "aws")
    if name in ("partition", "id"):
        return partition
    if partition not in ("aws", "aws-us-gov"):
        return Reference(address, name)
    return "amazonaws.com" if name == "dns_suffix" else "com.amazonaws"
