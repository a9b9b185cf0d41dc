"""A tree of Terraform, with positions: its modules, and what supplies the values that stand in them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.mutation.spans import Source, parse
from skyworthy.declared.hcl.nodes import Attribute, Block, Expression, GetAttribute, Index, Literal, Name


@dataclass(frozen=True)
class Supplier:
    """An attribute outside of resources that gives a value to one: a default, an argument, a local, an output.

    Args:
        source: the file.
        attribute: what stands there.
        owner: what it is called, ``var.port``, ``module.rds``, ``local.zones``, ``terraform.tfvars``.
        droppable: whether Terraform does without it.
    """

    source: Source
    attribute: Attribute
    owner: str
    droppable: bool


@dataclass(frozen=True)
class Declared:
    """A block and the file it stands in."""

    source: Source
    block: Block


class Tree:
    """The modules that some roots reach.

    Args:
        base: the directory that paths are relative to.
        roots: root modules, relative to it.
    """

    def __init__(self, base: Path, roots: tuple[Path, ...]) -> None:
        self.base = base
        self.roots = roots
        self.modules: dict[Path, list[Source]] = {}
        self.values: dict[Path, list[Source]] = {}
        self._callers: dict[Path, list[tuple[Path, Declared]]] = {}
        for root in roots:
            self._reach(root)
            self.values[root] = [self._parse(path) for path in sorted((base / root).glob("terraform.tfvars"))]

    def _parse(self, path: Path) -> Source:
        return parse(path.relative_to(self.base), path.read_text("utf-8"))

    def _reach(self, directory: Path) -> None:
        if directory in self.modules:
            return
        self.modules[directory] = [self._parse(path) for path in sorted((self.base / directory).glob("*.tf"))]
        for call in self.blocks(directory, "module"):
            called = _called(directory, call.block)
            if called is not None:
                self._callers.setdefault(called, []).append((directory, call))
                self._reach(called)

    def blocks(self, directory: Path, *types: str) -> Iterator[Declared]:
        """The blocks of some types in a module."""
        for source in self.modules[directory]:
            for block in source.body.of(*types):
                yield Declared(source, block)

    def find(self, directory: Path, type: str, *labels: str) -> Declared | None:
        """A block by type and labels."""
        found = (item for item in self.blocks(directory, type) if item.block.labels == labels)
        return next(found, None)

    def roots_of(self, directory: Path) -> tuple[Path, ...]:
        """The roots that reach a module."""
        found = [directory] if directory in self.roots else []
        for caller, _ in self._callers.get(directory, ()):
            found += self.roots_of(caller)
        return tuple(root for root in self.roots if root in found)

    def suppliers(self, expression: Expression, directory: Path, block: Block | None) -> Iterator[Supplier]:
        """What an expression takes its values from, one step back.

        Args:
            expression: in a module.
            directory: the module.
            block: that it stands in, for ``each``.
        """
        for name in names_in(expression):
            root, _, rest = name.partition(".")
            if root == "var":
                yield from self._of_variable(directory, rest.partition(".")[0])
            elif root == "local":
                yield from self._of_local(directory, rest.partition(".")[0])
            elif root == "module":
                yield from self._of_output(directory, *f"{rest}.".split(".")[:2])
            elif root == "each" and block is not None and "for_each" in block.body.attributes:
                yield from self.suppliers(block.body.attributes["for_each"].expression, directory, None)

    @staticmethod
    def directory(caller: Path, source: str) -> Path:
        """The directory of a local module source."""
        return Path(os.path.normpath(caller / source))

    def _of_variable(self, directory: Path, name: str) -> Iterator[Supplier]:
        declared = self.find(directory, "variable", name)
        default = declared.block.body.attributes.get("default") if declared else None
        if declared and default:
            yield Supplier(declared.source, default, f"default of var.{name}", droppable=False)
        for _, call in self._callers.get(directory, ()):
            argument = call.block.body.attributes.get(name)
            if argument:
                yield Supplier(call.source, argument, f"module.{call.block.labels[0]}", droppable=default is not None)
        for source in self.values.get(directory, ()):
            given = source.body.attributes.get(name)
            if given:
                yield Supplier(source, given, source.path.name, droppable=default is not None)

    def _of_local(self, directory: Path, name: str) -> Iterator[Supplier]:
        for item in self.blocks(directory, "locals"):
            attribute = item.block.body.attributes.get(name)
            if attribute:
                yield Supplier(item.source, attribute, "local", droppable=False)

    def _of_output(self, directory: Path, module: str, output: str) -> Iterator[Supplier]:
        call = self.find(directory, "module", module)
        called = _called(directory, call.block) if call else None
        found = self.find(called, "output", output) if called in self.modules else None
        value = found.block.body.attributes.get("value") if found else None
        if found and value:
            yield Supplier(found.source, value, f"output {output}", droppable=False)


def _called(directory: Path, call: Block) -> Path | None:
    source = call.body.attributes.get("source")
    written = source.expression.value if source and isinstance(source.expression, Literal) else ""
    return Path(os.path.normpath(directory / written)) if str(written).startswith(".") else None


def children(node: Expression) -> Iterator[Expression]:
    """The expressions directly below one."""
    for field in fields(node):
        yield from _expressions(getattr(node, field.name))


def _expressions(value: Any) -> Iterator[Expression]:
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _expressions(item)


def dotted(node: Expression) -> str | None:
    """The name that a traversal is, indices left out; None for anything else."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Index):
        return dotted(node.object)
    if isinstance(node, GetAttribute):
        inner = dotted(node.object)
        return f"{inner}.{node.name}" if inner else None
    return None


def names_in(node: Expression) -> Iterator[str]:
    """The traversals in an expression, also those in their indices."""
    name = dotted(node)
    if name is None:
        for child in children(node):
            yield from names_in(child)
        return
    yield name
    while isinstance(node, (GetAttribute, Index)):
        if isinstance(node, Index):
            yield from names_in(node.key)
        node = node.object


def expressions_of(block: Block) -> Iterator[Expression]:
    """Every attribute's expression in a block and in the blocks below it."""
    for attribute in block.body.attributes.values():
        yield attribute.expression
    for inner in block.body.blocks:
        yield from expressions_of(inner)
