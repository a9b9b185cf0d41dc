"""From an evaluated root module to an estate."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from skyworthy.declared.evaluation.blocks import read_blocks, set_names, settle, settle_typed, typed_blocks
from skyworthy.declared.evaluation.expressions import Scope, evaluate
from skyworthy.declared.evaluation.modules import Module
from skyworthy.declared.evaluation.run import Run
from skyworthy.declared.evaluation.values import because, plain, undetermined
from skyworthy.declared.evaluation.walk import walk
from skyworthy.declared.hcl import Block, named, traversal_names
from skyworthy.declared.json_files import attributes_of, decoded
from skyworthy.declared.references import refusals
from skyworthy.declared.sources import Loader, location_of, root_source, shown
from skyworthy.declared.variables import Inputs, assigned
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Note, Reference, Resource, ResourceType, Unknown, Value, type_of

TIME_LIMIT = 120.0
_RECURSION_LIMIT = 20_000


def open_root(root: Path, inputs: Inputs, loader: Loader, time_limit: float = TIME_LIMIT) -> Module:
    """A root module, ready to be asked; nothing is evaluated yet.

    Raises:
        BadInput: where the directory holds no Terraform, or a file does not parse.
    """
    source = root_source(loader, root)
    values = assigned(loader, source, inputs)
    run = Run(loader, source.directory, time_limit, workspace=inputs.workspace_of(source.directory))
    module = Module(run, source, "", (), {}, _provider_names(source.of("provider")))
    module.origins = values
    for name, attribute in values.items():
        module.inputs[name] = partial(evaluate, attribute.expression, module.scope)
        if source.find("variable", name) is None:
            message = f"a value is given for variable {name}, which is not declared"
            run.notes.append(Note(message, attribute.file, attribute.line))
    run.top = module
    return module


def _provider_names(blocks: Sequence[Block]) -> dict[str, str]:
    names: dict[str, str] = {}
    for block in blocks:
        alias = named(block.body.attributes.get("alias"), "")
        name = f"{block.labels[0]}.{alias}" if alias else block.labels[0]
        names[name] = name
    return names


@contextmanager
def deep_expressions(root: Path) -> Iterator[None]:
    """Lets expressions be nested as deeply as Terraform's own evaluator would follow them.

    Raises:
        BadInput: where they are nested deeper than that.
    """
    outer = sys.getrecursionlimit()
    sys.setrecursionlimit(max(outer, _RECURSION_LIMIT))
    try:
        yield
    except RecursionError as error:
        raise BadInput(f"{shown(root)}: its expressions are nested too deeply to be evaluated") from error
    finally:
        sys.setrecursionlimit(outer)


def read_root(root: Path, inputs: Inputs, loader: Loader, time_limit: float = TIME_LIMIT) -> Estate:
    """The estate that a root module declares.

    Raises:
        BadInput: where it cannot be read, or Terraform would refuse it for an undeclared name, a cycle or the value
            of a variable; the message names file and line, one line for each name.
    """
    with deep_expressions(root):
        module = open_root(root, inputs, loader, time_limit)
        resources: list[Resource] = []
        for inner, block, keys in walk(module):
            if isinstance(keys, Unknown):
                resources.append(_placeholder(inner, block, keys))
            else:
                resources += [_resource(inner, block, suffix, bound) for suffix, bound in keys]
    refused = [reason for source in loader.modules for reason in refusals(source)]
    if refused:
        raise BadInput("\n".join(refused))
    return Estate(tuple(resources), origin="declared", name=shown(root), notes=tuple(dict.fromkeys(module.run.notes)))


def _placeholder(module: Module, block: Block, reason: Unknown) -> Resource:
    """Stands for the instances of a block of which it is not known how many there are."""
    blank = Unknown(f"count cannot be decided: {reason.reason}")
    address = module.address(block)
    module.run.notes.append(Note(blank.reason, block.file, block.line, address))
    region = _region(module, block, {})
    if block.type == "data":
        return Resource(address, block.labels[0], {}, location_of(block), data=True, blank=blank, region=region)
    outline = _resource(module, block, "", {"count": blank, "each": blank}).attributes
    return Resource(address, block.labels[0], {}, location_of(block), blank=blank, region=region, outline=outline)


def _resource(module: Module, block: Block, suffix: str, bound: dict[str, Value]) -> Resource:
    address = module.address(block, suffix)
    scope = module.scope.bound(bound)
    type = type_of(block.labels[0])
    attributes: dict[str, Value] = {}
    for name in set_names(block.body):
        value = _value(block, scope, address, name)
        if value is not None or _null_is_meant(type, name):
            attributes[name] = value
    attributes = attributes_of(type.name, attributes)
    region = _region(module, block, attributes)
    if block.type == "data":
        if block.labels[0] == "aws_iam_policy_document":
            attributes["json"] = decoded(plain(module.instance(block, suffix, bound).read("json")))
        blank = Unknown("read by the data source when Terraform runs")
        return Resource(address, block.labels[0], attributes, location_of(block), data=True, blank=blank, region=region)
    if "tags_all" in type.computed:
        attributes["tags_all"] = _tags_all(module, block, attributes.get("tags"))
    lifecycle = _lifecycle(block, scope)
    return Resource(address, block.labels[0], attributes, location_of(block), lifecycle=lifecycle, region=region)


def _region(module: Module, block: Block, attributes: Mapping[str, Value]) -> str | Unknown | None:
    """The region that a block asks for by its own argument (provider 6), or by an alias of its provider."""
    region = attributes.get("region")
    if region is None and block.labels[0].startswith("aws_"):
        provider = named(block.body.attributes.get("provider"), "aws")
        provider = module.providers.get(provider, provider)
        region = module.run.provider_setting(provider, "region") if "." in provider else None
    if region is None or isinstance(region, str):
        return region
    return because(region) if undetermined(region) else Unknown("the region is no text")


def _null_is_meant(type: ResourceType, name: str) -> bool:
    """Whether null is the value; elsewhere it stands for an attribute that is left out."""
    return name not in type.defaults and name not in type.computed and name not in type.blocks


def _value(block: Block, scope: Scope, address: str, name: str) -> Value:
    type = type_of(block.labels[0])
    attribute = block.body.attributes.get(name)
    if attribute is None:
        return plain(read_blocks(block.body, scope, address, name, type))
    value = plain(settle_typed(attribute, scope, type.kinds if block.type == "resource" else None))
    inner = type.nested(name).kinds
    if name in type.blocks or inner is not None:  # ``ingress = [{ ... }]``, the same as blocks
        return typed_blocks(value, inner)
    return value


def _tags_all(module: Module, block: Block, tags: Value) -> Value:
    provider = named(block.body.attributes.get("provider"), "aws")
    defaults = module.run.provider_tags(module.providers.get(provider, provider))
    for part in (defaults, tags):
        if isinstance(part, (Unknown, Reference)):
            return part
        if part is not None and not isinstance(part, dict):
            return Unknown("the tags are not a map")
    return {**(defaults or {}), **(tags or {})}


def _lifecycle(block: Block, scope: Scope) -> dict[str, Value]:
    result: dict[str, Value] = {}
    for item in block.body.of("lifecycle"):
        for name, attribute in item.body.attributes.items():
            if name in ("ignore_changes", "replace_triggered_by"):
                result[name] = traversal_names(attribute)
            else:
                result[name] = plain(settle(attribute.expression, attribute.text, scope))
    return result
