"""What a module says besides its resources: backend, pins, providers, variables, outputs and calls."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from skyworthy.declared.evaluation.blocks import settle
from skyworthy.declared.evaluation.modules import Module
from skyworthy.declared.evaluation.values import plain
from skyworthy.declared.hcl import Attribute, Block
from skyworthy.declared.hcl.nodes import ObjectConstructor
from skyworthy.declared.reader import deep_expressions, open_root
from skyworthy.declared.sources import Loader, ModuleSource, literal, local_source, location_of
from skyworthy.declared.variables import Inputs
from skyworthy.errors import BadInput
from skyworthy.estate import Location, Unknown, Value
from skyworthy.estate.configuration import (
    Backend,
    Configuration,
    ModuleCall,
    Output,
    Provider,
    RequiredProvider,
    Variable,
)


def configuration(root: Path, inputs: Inputs | None = None, *, beside: Sequence[Path] = ()) -> Configuration:
    """The settings of a root module, or of any module directory.

    Args:
        root: the directory.
        inputs: what its variables are given.
        beside: the root modules that are deployed beside it, of which only the backends are read.

    Raises:
        BadInput: where it cannot be read; the message names file and line.
    """
    with deep_expressions(root):
        return _configuration(root, inputs or Inputs(), beside)


def _configuration(root: Path, inputs: Inputs, beside: Sequence[Path]) -> Configuration:
    loader = Loader()
    module = open_root(root, inputs, loader)
    source = module.source
    settings = source.of("terraform")
    version = next((item for block in settings if (item := block.body.attributes.get("required_version"))), None)
    return Configuration(
        directory=root,
        backend=_backend_of(source),
        required_version=_text(version),
        required_providers=tuple(pin for block in settings for pin in _required(block, module)),
        providers=tuple(_provider(block, module) for block in source.of("provider")),
        variables=tuple(_variable(block, module) for block in source.of("variable")),
        outputs=tuple(_output(block) for block in source.of("output")),
        calls=tuple(_call(block, source) for block in source.of("module")),
        beside=tuple(found for other in beside if (found := _backend_beside(other, loader)) is not None),
    )


def _text(attribute: Attribute | None) -> str | None:
    value = literal(attribute)
    return value if isinstance(value, str) else None


def _backend_of(source: ModuleSource) -> Backend | None:
    return next((found for block in source.of("terraform") if (found := _backend(block))), None)


def _backend_beside(root: Path, loader: Loader) -> Backend | Unknown | None:
    try:
        return _backend_of(loader.module(root))
    except BadInput as error:
        return Unknown(str(error))


def _backend(terraform: Block) -> Backend | None:
    for block in terraform.body.of("backend", "cloud"):
        # A backend takes literals only, so anything else is left as it is written.
        attributes = {
            name: literal(item) if literal(item) is not None else item.text
            for name, item in block.body.attributes.items()
        }
        return Backend(block.labels[0] if block.labels else block.type, attributes, location_of(block))
    return None


def _required(terraform: Block, module: Module) -> list[RequiredProvider]:
    pins: list[RequiredProvider] = []
    for block in terraform.body.of("required_providers"):
        for name, attribute in block.body.attributes.items():
            entry = _entry(attribute, module)
            location = Location(attribute.file, attribute.line)
            pins.append(RequiredProvider(name, entry.get("source"), entry.get("version"), location))
    return pins


def _entry(attribute: Attribute, module: Module) -> Mapping[str, str | None]:
    """An entry of required_providers; ``configuration_aliases`` in it are no values."""
    expression = attribute.expression
    if not isinstance(expression, ObjectConstructor):
        return {"version": _text(attribute)}
    kept = tuple(item for item in expression.items if getattr(item[0], "value", None) in ("source", "version"))
    value = settle(ObjectConstructor(kept), attribute.text, module.scope)
    return value if isinstance(value, dict) else {}


def _provider(block: Block, module: Module) -> Provider:
    attributes = {
        name: plain(settle(item.expression, item.text, module.scope))
        for name, item in block.body.attributes.items()
        if name != "alias"
    }
    alias = _text(block.body.attributes.get("alias"))
    name = f"{block.labels[0]}.{alias}" if alias else block.labels[0]
    return Provider(block.labels[0], alias, attributes, module.run.provider_tags(name), location_of(block))


def _variable(block: Block, module: Module) -> Variable:
    attributes = block.body.attributes
    default = attributes.get("default")
    value = plain(settle(default.expression, default.text, module.scope)) if default else None
    return Variable(
        name=block.labels[0],
        type=attributes["type"].text if "type" in attributes else None,
        description=_text(attributes.get("description")),
        required=default is None,
        default=value,
        sensitive=literal(attributes.get("sensitive")) is True,
        validated=bool(block.body.of("validation")),
        location=location_of(block),
    )


def outputs(root: Path, inputs: Inputs | None = None) -> dict[str, Value]:
    """The outputs of a root module, as far as they are known before anything is applied.

    Raises:
        BadInput: where it cannot be read; the message names file and line.
    """
    with deep_expressions(root):
        module = open_root(root, inputs or Inputs(), Loader())
        given = {block.labels[0]: block.body.attributes.get("value") for block in module.source.of("output")}
        return {
            name: plain(settle(item.expression, item.text, module.scope)) if item else None
            for name, item in given.items()
        }


def _output(block: Block) -> Output:
    attributes = block.body.attributes
    return Output(
        name=block.labels[0],
        description=_text(attributes.get("description")),
        sensitive=literal(attributes.get("sensitive")) is True,
        location=location_of(block),
    )


def _call(block: Block, source: ModuleSource) -> ModuleCall:
    attributes = block.body.attributes
    local = local_source(block)
    return ModuleCall(
        name=block.labels[0],
        source=_text(attributes.get("source")),
        version=_text(attributes.get("version")),
        directory=(source.directory / local).resolve() if local else None,
        location=location_of(block),
    )
