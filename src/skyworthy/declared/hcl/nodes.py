"""The syntax tree of HCL (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md)."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Expression:
    """Base of all expressions."""


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """A number, a string without interpolation, ``true``, ``false`` or ``null``."""

    value: Any


@dataclass(frozen=True, slots=True)
class TemplateText(Expression):
    """A string with interpolations and directives; the parts make one string."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class TemplateIf(Expression):
    """``%{ if condition }...%{ else }...%{ endif }``."""

    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class TemplateFor(Expression):
    """``%{ for key, value in collection }...%{ endfor }``."""

    key: str | None
    value: str
    collection: Expression
    body: Expression


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """The root of a traversal: ``var``, ``local``, ``aws_lb``, the name of a ``for``."""

    name: str


@dataclass(frozen=True, slots=True)
class GetAttribute(Expression):
    """``object.name``."""

    object: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Index(Expression):
    """``object[key]``; ``object.0`` too."""

    object: Expression
    key: Expression


@dataclass(frozen=True, slots=True)
class SplatItem(Expression):
    """The element at hand in the body of a :class:`Splat`."""


@dataclass(frozen=True, slots=True)
class Splat(Expression):
    """``collection[*].attribute``: the body for each element."""

    collection: Expression
    body: Expression


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """``name(arguments...)``; ``expand`` where the last argument is followed by dots."""

    name: str
    arguments: tuple[Expression, ...]
    expand: bool = False


@dataclass(frozen=True, slots=True)
class Unary(Expression):
    """``-operand`` or ``!operand``."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """``left operator right``."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Conditional(Expression):
    """``condition ? then : otherwise``."""

    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class TupleConstructor(Expression):
    """``[a, b]``."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ObjectConstructor(Expression):
    """``{ key = value }``; a bare key is a Literal."""

    items: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class ForList(Expression):
    """``[for key, value in collection : body if condition]``."""

    key: str | None
    value: str
    collection: Expression
    body: Expression
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class ForMap(Expression):
    """``{for key, value in collection : key_body => body... if condition}``."""

    key: str | None
    value: str
    collection: Expression
    key_body: Expression
    body: Expression
    group: bool
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class Attribute:
    """``name = expression``; ``text`` is the expression as it stands in the file."""

    name: str
    expression: Expression
    text: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """``type "label" { body }``."""

    type: str
    labels: tuple[str, ...]
    body: "Body"
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Body:
    """The attributes and blocks between braces, or of a whole file."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()

    def of(self, *types: str) -> tuple[Block, ...]:
        """The blocks of some types, in the order of the file."""
        return tuple(block for block in self.blocks if block.type in types)
