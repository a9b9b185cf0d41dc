"""The places of a tree that a requirement depends on: by the table, and by what supplies the values there."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from benchmarks.mutation import tree as trees
from benchmarks.mutation.spans import Source, Span
from benchmarks.mutation.tree import Declared, Supplier, Tree
from skyworthy.declared.hcl.nodes import Block, Expression, ForList, ForMap, ObjectConstructor, TupleConstructor
from skyworthy.estate import type_of

TABLE = Path(__file__).with_name("dependencies.toml")
Role = Literal["resource", "block", "attribute", "item", "element", "part"]


@dataclass(frozen=True)
class Place:
    """Something that may be changed.

    Args:
        source: the file.
        directory: the module.
        owner: what it belongs to, ``aws_lb.this`` or ``terraform.tfvars``.
        path: of the attribute, dotted through blocks and objects.
        role: what it is: a whole resource, a nested block, an attribute, an item of an object, an element of a list,
            or a part of an expression.
        node: the expression or block.
        span: what is to be cut to be without it; None where it cannot be left out.
        requirements: that depend on it.
        kind: ``bool`` or ``number`` where the schema says so.
        block: the top-level block it stands in, if it is a resource's.
    """

    source: Source
    directory: Path
    owner: str
    path: str
    role: Role
    node: Expression | Block
    span: Span | None
    requirements: tuple[str, ...]
    kind: str = ""
    block: Block | None = None

    @property
    def key(self) -> str:
        """The last name of the path."""
        return self.path.rpartition(".")[2]


@cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """What requirements depend on, from ``dependencies.toml``."""
    return tomllib.loads(TABLE.read_text("utf-8"))


def places(tree: Tree) -> list[Place]:
    """Every place of a tree that a requirement depends on, each once, with all requirements that do."""
    found: dict[tuple[Path, str, Span], Place] = {}
    for place in _all(tree):
        span = place.span or (place.source.span(place.node) if isinstance(place.node, Expression) else (0, 0))
        key = (place.source.path, place.role, span)
        known = found.get(key)
        if known is None:
            found[key] = place
        else:
            both = dict.fromkeys((*known.requirements, *place.requirements))
            found[key] = replace(known, requirements=tuple(both), span=known.span and place.span)
    return list(found.values())


def _all(tree: Tree) -> Iterator[Place]:
    for directory in tree.modules:
        for declared in tree.blocks(directory, "resource"):
            row = table().get(declared.block.labels[0])
            if row is not None:
                for place in _in_resource(declared, directory, row):
                    yield place
                    if place.role in ("attribute", "item", "element") and isinstance(place.node, Expression):
                        yield from _behind(tree, place)


def _in_resource(declared: Declared, directory: Path, row: Mapping[str, Any]) -> Iterator[Place]:
    source, block = declared.source, declared.block
    whole = tuple(str(row.get("*", "")).split())
    base = Place(source, directory, ".".join(block.labels), "", "resource", block, source.item(block), whole)
    base = replace(base, block=block)
    if whole:
        yield base
    yield from _in_body(base, block, "", _Lookup(row))


class _Lookup:
    """The rows of one type, asked by path."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = {path: text.split() for path, text in row.items() if isinstance(text, str) and path != "*"}
        self._required = frozenset(row.get("required", ()))
        self._except = tuple(row.get("except", ()))

    def requirements(self, path: str) -> tuple[str, ...]:
        if _ignored(path) or any(map(_below(path), self._except)):
            return ()
        if path == "count" and "count" not in self._row:
            return ()
        return tuple(id for entry, ids in self._row.items() if _below(path)(entry) for id in ids)

    def required(self, path: str) -> bool:
        return path in self._required


def _ignored(path: str) -> bool:
    return not frozenset(path.split(".")).isdisjoint(table()["ignored"]["keys"])


def _below(path: str) -> Callable[[str], bool]:
    return lambda entry: path == entry or path.startswith(f"{entry}.")


def _in_body(base: Place, block: Block, prefix: str, lookup: _Lookup) -> Iterator[Place]:
    type = type_of(base.owner.partition(".")[0])
    kinds = type.nested(prefix.rstrip(".")).kinds if prefix else type.kinds
    for name, attribute in block.body.attributes.items():
        path = prefix + name
        kind = "" if kinds is None else "bool" if name in kinds.bools else "number" if name in kinds.numbers else ""
        item = base.source.item(attribute)
        start = replace(base, path=path, role="attribute", node=attribute.expression, span=item, kind=kind)
        yield from _in_expression(start, lookup)
    for inner in block.body.blocks:
        path = prefix + inner.type
        ids = lookup.requirements(path)
        if ids and not lookup.required(path):
            span = base.source.item(inner)
            yield replace(base, path=path, role="block", node=inner, span=span, requirements=ids)
        yield from _in_body(base, inner, f"{path}.", lookup)


def _in_expression(place: Place, lookup: _Lookup | None, *, in_list: bool = False) -> Iterator[Place]:
    """A place and those in its expression; a lookup of None covers everything."""
    node, source = place.node, place.source
    assert isinstance(node, Expression)
    ids = lookup.requirements(place.path) if lookup else () if _ignored(place.path) else place.requirements
    if ids:
        fixed = lookup is not None and place.role in ("attribute", "item") and lookup.required(place.path)
        yield replace(place, requirements=ids, span=None if fixed else place.span)
    if isinstance(node, ObjectConstructor):
        for key, value in node.items:
            path = ".".join(filter(None, (place.path, _key(source, key))))
            yield from _in_expression(
                replace(place, path=path, role="item", node=value, span=source.item(value), kind=""), lookup
            )
    elif isinstance(node, TupleConstructor):
        for value in node.items:
            span = None if in_list else source.span(value)
            element = replace(place, role="element", node=value, span=span, kind="")
            yield from _in_expression(element, lookup, in_list=True)
    elif trees.dotted(node) is None:
        for child in trees.children(node):
            if id(child) in source.spans:
                part = replace(place, role="part", node=child, span=None)
                yield from _in_expression(part, lookup, in_list=in_list or isinstance(node, (ForList, ForMap)))


def _key(source: Source, key: Expression) -> str:
    value = getattr(key, "value", None)
    return str(value) if value is not None else source.written(key).strip("()")


def _behind(tree: Tree, place: Place) -> Iterator[Place]:
    """The suppliers of a place, however many steps back."""
    seen: set[int] = set()
    assert isinstance(place.node, Expression)
    waiting = [*_heeded(tree, place.node, place.directory, place.block)]
    while waiting:
        supplier = waiting.pop()
        if id(supplier.attribute) in seen:
            continue
        seen.add(id(supplier.attribute))
        directory = supplier.source.path.parent
        expression = supplier.attribute.expression
        span = supplier.source.item(supplier.attribute) if supplier.droppable else None
        yield from _in_expression(
            Place(
                source=supplier.source,
                directory=directory,
                owner=supplier.owner,
                path=supplier.attribute.name,
                role="attribute",
                node=expression,
                span=span,
                requirements=place.requirements,
                kind=place.kind,
            ),
            None,
        )
        waiting += _heeded(tree, expression, directory, None)


def _heeded(tree: Tree, node: Expression, directory: Path, block: Block | None) -> Sequence[Supplier]:
    ignored = {name.partition(".")[2] for name in table()["ignored"]["names"]}
    return [item for item in tree.suppliers(node, directory, block) if item.attribute.name not in ignored]
