"""Attributes and nested blocks of one resource."""

from skyworthy.declared.evaluation.conversion import as_declared
from skyworthy.declared.evaluation.expressions import Scope, evaluate, pairs_of
from skyworthy.declared.evaluation.values import Failure, Nested
from skyworthy.declared.hcl import Attribute, Block, Body
from skyworthy.declared.hcl.nodes import Literal, Name
from skyworthy.estate import Reference, ResourceType, Unknown, Value, type_of
from skyworthy.estate.types import Kinds

META = frozenset({"count", "for_each", "provider", "providers", "depends_on", "source", "version"})
"""Arguments of Terraform itself."""
META_BLOCKS = frozenset({"lifecycle", "provisioner", "connection", "timeouts"})
_NONE: frozenset[str] = frozenset()
_RESOURCE_META = frozenset({"count", "for_each", "provider", "depends_on"})


def is_set(body: Body, name: str) -> bool:
    """Whether a body sets an attribute or holds blocks of a name."""
    return name in body.attributes or name in block_names(body)


def block_names(body: Body, meta: frozenset[str] = META_BLOCKS) -> list[str]:
    """The names of the nested blocks, dynamic ones included, each once, without those that are Terraform's own."""
    names: dict[str, None] = {}
    for block in body.blocks:
        name = block.labels[0] if block.type == "dynamic" and block.labels else block.type
        if name not in meta:
            names[name] = None
    return list(names)


def set_names(body: Body) -> list[str]:
    """The attributes and nested blocks of a resource that stand in its body."""
    return [name for name in body.attributes if name not in _RESOURCE_META] + block_names(body)


def read_attribute(block: Block, scope: Scope, address: str, name: str) -> Value:
    """What another expression sees of a resource's attribute.

    Raises:
        Failure: where the expression that sets it does.
    """
    type = type_of(block.labels[0])
    if name in block.body.attributes:
        kinds = type.kinds if block.type == "resource" else None
        value = as_declared(evaluate(block.body.attributes[name].expression, scope), name, kinds)
        if value is not None:
            return value
    elif name in block_names(block.body):
        return read_blocks(block.body, scope, address, name, type)
    return left_out(type, address, name)


def left_out(type: ResourceType, address: str, name: str) -> Value:
    """What an attribute that is not set is seen as: its default, or a reference to what the provider will say."""
    value = type.default(name)
    return Reference(address, name) if isinstance(value, Unknown) else value


def read_blocks(
    body: Body, scope: Scope, address: str, name: str, type: ResourceType, path: str = ""
) -> "list[Nested] | Unknown":
    """The nested blocks of a name, dynamic ones expanded; Unknown where it is not known how many there are."""
    result: list[Nested] = []
    for block in body.blocks:
        if block.type == name:
            result.append(_read_body(block.body, scope, address, f"{path}{name}.{len(result)}", type))
        elif block.type == "dynamic" and block.labels == (name,):
            scopes = _iterations(block, scope)
            if isinstance(scopes, Unknown):
                return scopes
            for content in block.body.of("content"):
                for inner in scopes:
                    result.append(_read_body(content.body, inner, address, f"{path}{name}.{len(result)}", type))
    return result


def _read_body(body: Body, scope: Scope, address: str, path: str, type: ResourceType) -> Nested:
    kinds = type.nested(_names(path)).kinds
    content: dict[str, Value] = {name: settle_typed(item, scope, kinds) for name, item in body.attributes.items()}
    for name in block_names(body, meta=_NONE):  # the lifecycle of a backup rule is the provider's
        content[name] = read_blocks(body, scope, address, name, type, f"{path}.")
    return Nested(with_defaults(content, path, type), address, path)


def with_defaults(content: dict[str, Value], path: str, type: ResourceType) -> dict[str, Value]:
    """A nested block's attributes with the provider's defaults of those that are left out."""
    nested = type.nested(_names(path))
    result = dict(content)
    for name, value in nested.defaults.items():
        if result.get(name) is None:
            result[name] = value
    for name in nested.computed:
        if result.get(name) is None and name not in nested.defaults:
            result[name] = Unknown("known after apply")
    return result


def _iterations(dynamic: Block, scope: Scope) -> "list[Scope] | Unknown":
    attributes = dynamic.body.attributes
    try:
        pairs = pairs_of(evaluate(attributes["for_each"].expression, scope))
    except Failure as failure:
        return Unknown(f"the dynamic block cannot be evaluated: {failure}")
    except KeyError:
        return Unknown("the dynamic block has no for_each")
    if isinstance(pairs, Unknown):
        return pairs
    named = attributes.get("iterator")
    iterator = dynamic.labels[0]
    if named is not None and isinstance(named.expression, (Name, Literal)):
        iterator = named.expression.name if isinstance(named.expression, Name) else str(named.expression.value)
    return [scope.bound({iterator: {"key": key, "value": value}}) for key, value in pairs]


def settle_typed(attribute: Attribute, scope: Scope, kinds: Kinds | None) -> Value:
    """The value of an attribute as the provider's schema types it; see :func:`settle`."""
    return _typed(settle(attribute.expression, attribute.text, scope), attribute.name, kinds)


def typed_blocks(value: Value, kinds: Kinds | None) -> Value:
    """Nested blocks that are written as an attribute, ``route = [{ ... }]``, typed by the schema."""
    items = [value] if isinstance(value, dict) else value
    if not isinstance(items, list):
        return items
    return [
        {name: _typed(item, name, kinds) for name, item in part.items()} if isinstance(part, dict) else part
        for part in items
    ]


def _typed(value: Value, name: str, kinds: Kinds | None) -> Value:
    try:
        return as_declared(value, name, kinds)
    except Failure as failure:
        return Unknown(f"{name} cannot be read: {failure}")


def settle(expression: object, text: str, scope: Scope) -> Value:
    """The value of an attribute; a failure is an Unknown that says what could not be evaluated."""
    try:
        return evaluate(expression, scope)  # type: ignore[arg-type]
    except Failure as failure:
        shortened = " ".join(text.split())
        if len(shortened) > 60:
            shortened = f"{shortened[:57]}..."
        return Unknown(f"{shortened} cannot be evaluated: {failure}")


def _names(path: str) -> str:
    """A block's path without the indices, ``default_action.redirect`` of ``default_action.0.redirect.0``."""
    return ".".join(part for part in path.split(".") if not part.isdigit())
