"""What a module's expressions refer to, and what Terraform refuses about that before it evaluates anything.

As ``terraform validate`` does (https://developer.hashicorp.com/terraform/language/expressions/references), this looks
at names only: a reference to what is not declared is refused in a branch that is never taken and inside ``try`` too.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from skyworthy.declared.hcl import Attribute, Block, Body, Expression
from skyworthy.declared.hcl.nodes import (
    Binary,
    Call,
    Conditional,
    ForList,
    ForMap,
    GetAttribute,
    Index,
    Literal,
    Name,
    ObjectConstructor,
    Splat,
    TemplateFor,
    TemplateIf,
    TemplateText,
    TupleConstructor,
    Unary,
)
from skyworthy.declared.sources import ModuleSource

Path = tuple[str, ...]
"""The names of a reference, ``("aws_vpc", "main", "id")``."""
Use = tuple[Attribute, Path]
"""An attribute and one reference in it."""

_RESERVED = frozenset({"each", "count", "self", "path", "terraform"})
_KINDS = {"var": "variable", "local": "local", "module": "module", "data": "data source", "ephemeral": "ephemeral"}
_NO_REFERENCES = {
    "resource": frozenset({"provider"}),
    "data": frozenset({"provider"}),
    "ephemeral": frozenset({"provider"}),
    "module": frozenset({"providers", "source", "version"}),
    "variable": frozenset({"type", "default"}),
    "provisioner": frozenset({"when", "on_failure"}),
    "lifecycle": frozenset({"ignore_changes", "replace_triggered_by"}),
}
"""Arguments that hold keywords, types or addresses instead of expressions."""
_WALKED = ("resource", "data", "ephemeral", "module", "variable", "output", "locals", "provider", "check")
_OF_ITS_OWN = ("lifecycle", "provisioner", "connection")
"""Blocks of a resource that do not make it depend on what they refer to before it exists."""


def refusals(source: ModuleSource) -> list[str]:
    """Why Terraform would refuse a module for the names in it, each as ``file:line: why``."""
    declared = _declared(source)
    found = [
        f"{attribute.file}:{line_of(attribute, path)}: {reason}"
        for block in source.of(*_WALKED)
        if block.type != "provider" or _is_used(block, source)
        for attribute, path in uses(block)
        if (reason := _refusal(path, declared, attribute.file.endswith(".json"))) is not None
    ]
    return list(dict.fromkeys(found)) or _cycles(source, declared)


def _is_used(provider: Block, source: ModuleSource) -> bool:
    """Whether Terraform configures a provider at all; one that nothing needs is not evaluated."""
    return "alias" not in provider.body.attributes and bool(source.of("resource", "data"))


def uses(block: Block) -> list[Use]:
    """Every reference in the expressions of a block, with the attribute that it stands in."""
    return list(_of_body(block.body, frozenset(), _NO_REFERENCES.get(block.type, frozenset())))


def line_of(attribute: Attribute, path: Path) -> int:
    """The line in which a reference stands; that of the attribute where it cannot be told."""
    found = re.search(r"\s*\.\s*".join(rf"\b{re.escape(name)}\b" for name in path), attribute.text)
    return attribute.line + (attribute.text.count("\n", 0, found.start()) if found else 0)


def _of_body(body: Body, bound: frozenset[str], left_out: frozenset[str]) -> Iterator[Use]:
    for name, attribute in body.attributes.items():
        if name not in left_out:
            for path in paths(attribute.expression, bound):
                yield attribute, path
    for block in body.blocks:
        if block.type == "dynamic" and block.labels:
            inner = bound | {_iterator(block)}
            yield from _of_body(Body(block.body.attributes), bound, frozenset({"iterator"}))
            for content in block.body.of("content"):
                yield from _of_body(content.body, inner, frozenset())
        else:
            yield from _of_body(block.body, bound, _NO_REFERENCES.get(block.type, frozenset()))


def _iterator(dynamic: Block) -> str:
    named = dynamic.body.attributes.get("iterator")
    if named is None:
        return dynamic.labels[0]
    return named.expression.name if isinstance(named.expression, Name) else named.text.strip('"')


def paths(expression: Expression, bound: frozenset[str] = frozenset()) -> list[Path]:
    """The references in an expression, without those to names that are bound in it."""
    found: list[Path] = []
    waiting = [(expression, bound)]
    while waiting:
        node, names = waiting.pop()
        path = _path(node)
        if path is None:
            waiting += _parts(node, names)
        elif path[0] not in names:
            found.append(path)
    return found


def _path(node: Expression) -> Path | None:
    names: list[str] = []
    while isinstance(node, GetAttribute):
        names.append(node.name)
        node = node.object
    return (node.name, *reversed(names)) if isinstance(node, Name) else None


def _parts(node: Expression, bound: frozenset[str]) -> list[tuple[Expression, frozenset[str]]]:
    """The expressions that an expression is made of, each with the names that are bound in it."""
    if isinstance(node, (ForList, ForMap, TemplateFor)):
        inner = bound | {name for name in (node.key, node.value) if name}
        bodies = [node.body]
        if isinstance(node, ForMap):
            bodies.append(node.key_body)
        if not isinstance(node, TemplateFor) and node.condition is not None:
            bodies.append(node.condition)
        return [(node.collection, bound), *((body, inner) for body in bodies)]
    parts = _PARTS.get(type(node))
    return [(part, bound) for part in parts(node)] if parts else []


_PARTS: dict[type[Expression], Callable[[Any], Iterable[Expression]]] = {
    GetAttribute: lambda node: (node.object,),
    Index: lambda node: (node.object, node.key),
    Splat: lambda node: (node.collection, node.body),
    TemplateText: lambda node: node.parts,
    TemplateIf: lambda node: (node.condition, node.then, node.otherwise),
    Call: lambda node: node.arguments,
    TupleConstructor: lambda node: node.items,
    ObjectConstructor: lambda node: (part for item in node.items for part in item),
    Unary: lambda node: (node.operand,),
    Binary: lambda node: (node.left, node.right),
    Conditional: lambda node: (node.condition, node.then, node.otherwise),
}


def _declared(source: ModuleSource) -> frozenset[Path]:
    names: set[Path] = {("local", name) for block in source.of("locals") for name in block.body.attributes}
    names |= {("var", *block.labels) for block in source.of("variable")}
    names |= {(block.type, *block.labels) for block in source.of("module", "data", "ephemeral")}
    names |= {block.labels for block in source.of("resource")}
    names |= {("data", *inner.labels) for block in source.of("check") for inner in block.body.of("data")}
    return frozenset(names)


def _target(path: Path) -> Path:
    """What a reference refers to: the declaration, without attributes of it."""
    if path[0] == "resource":
        path = path[1:]
    return path[:3] if path and path[0] in ("data", "ephemeral") else path[:2]


def _refusal(path: Path, declared: frozenset[Path], json: bool) -> str | None:
    """Why a reference is refused.

    In JSON syntax an attribute cannot be told from a nested block, so there an unknown first name may be the iterator
    of a ``dynamic`` block.
    """
    target = _target(path)
    if path[0] in _RESERVED or target in declared or (json and path[0] not in _KINDS):
        return None
    kind = _KINDS.get(path[0], "resource")
    if len(target) < (3 if kind in ("data source", "ephemeral") else 2):
        return None if path[0] in _KINDS else f"{path[0]} is no value; a resource is referred to by type and name"
    if kind in ("variable", "local", "module"):
        return f"{'.'.join(target)}: {kind} {target[1]} is not declared"
    return f"{'.'.join(target)}: {kind} {'.'.join(target[-2:])} is not declared"


def _cycles(source: ModuleSource, declared: frozenset[Path]) -> list[str]:
    """The first cycle of locals, resources and data sources, if there is one."""
    places: dict[Path, tuple[str, int]] = {}
    graph: dict[Path, set[Path]] = {}
    for block in source.of("locals"):
        for name, attribute in block.body.attributes.items():
            places["local", name] = (attribute.file, attribute.line)
            graph["local", name] = {_target(path) for path in paths(attribute.expression)} & declared
    for block in source.of("resource", "data"):
        key = block.labels if block.type == "resource" else ("data", *block.labels)
        places[key] = (block.file, block.line)
        inner = tuple(item for item in block.body.blocks if item.type not in _OF_ITS_OWN)
        whole = Block(block.type, block.labels, Body(block.body.attributes, inner), block.file, block.line)
        named = uses(whole)
        graph[key] = {_target(path) for _, path in named} & declared
        direct = {_target(path) for attribute, path in named if attribute.name != "depends_on"}
        if key not in direct or block.body.attributes.keys() & {"count", "for_each"}:
            graph[key].discard(key)  # one instance may name another, and depends_on the block itself
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle: list[Path] = list(reversed(error.args[1]))
        file, line = min(places[key] for key in cycle)
        start = next(at for at, key in enumerate(cycle) if places[key] == (file, line))
        names = [".".join(key) for key in [*cycle[start:-1], *cycle[:start], cycle[start]]]
        return [f"{file}:{line}: {names[0]} depends on itself: {' -> '.join(names)}"]
    return []


def not_constant(attribute: Attribute) -> str | None:
    """What makes a value no constant, as those of tfvars files and of defaults must be, or None."""
    if attribute.file.endswith(".json"):
        return None
    waiting: list[Expression] = [attribute.expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            return f"the function {node.name} cannot be called here"
        path = _path(node)
        if path is not None:
            return f"{'.'.join(path)} cannot be referred to here"
        if not isinstance(node, Literal):
            waiting += [part for part, _ in _parts(node, frozenset())]
    return None
