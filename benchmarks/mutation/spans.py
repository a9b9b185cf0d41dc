"""Where everything stands in a file: our own parser, noting the span of each item, block and expression."""

from dataclasses import dataclass, field
from pathlib import Path

from skyworthy.declared.hcl.nodes import Attribute, Block, Body, Expression
from skyworthy.declared.hcl.parser import _FileScanner

Span = tuple[int, int]


class _Noting(_FileScanner):
    """The parser, noting where what it reads begins and ends; blanks and comments around it are left out."""

    def __init__(self, text: str, file: str, first_line: int = 1) -> None:
        super().__init__(text, file, first_line)
        self.spans: dict[int, Span] = {}
        self.items: dict[int, Span] = {}
        self._key = 0
        self._blank: Span = (-1, -1)

    def skip(self, *, lines: bool | None = None) -> None:
        before = self.position
        super().skip(lines=lines)
        if self.position > before:
            self._blank = (self._blank[0] if self._blank[1] == before else before, self.position)

    def _end(self) -> int:
        return self._blank[0] if self._blank[1] == self.position else self.position

    def _note(self, start: int, node: Expression) -> Expression:
        self.spans[id(node)] = (start, self._end())
        return node

    def _start(self) -> int:
        self.skip()
        return self.position

    def expression(self) -> Expression:
        start = self._start()
        return self._note(start, super().expression())

    def binary(self, minimum: int) -> Expression:
        start = self._start()
        return self._note(start, super().binary(minimum))

    def unary(self) -> Expression:
        start = self._start()
        return self._note(start, super().unary())

    def object_key(self) -> Expression:
        self._key = self._start()
        return super().object_key()

    def value_on_its_line(self) -> Expression:
        start = self._key
        value = super().value_on_its_line()
        self.items[id(value)] = (start, self._end())
        return value

    def item(self, attributes: dict[str, Attribute], blocks: list[Block]) -> None:
        start, before = self._start(), len(blocks)
        super().item(attributes, blocks)
        node = blocks[-1] if len(blocks) > before else next(reversed(attributes.values()))
        self.items[id(node)] = (start, self._end())


@dataclass(frozen=True)
class Source:
    """A parsed file with positions.

    Args:
        path: relative to the directory of the tree.
        text: all of it.
        body: its tree.
        spans: of expressions, by the identity of the node.
        items: of attributes and blocks (by the node) and of the items of objects (by their value).
    """

    path: Path
    text: str
    body: Body
    spans: dict[int, Span] = field(repr=False)
    items: dict[int, Span] = field(repr=False)

    def span(self, node: Expression) -> Span:
        """Start and end of an expression."""
        return self.spans[id(node)]

    def item(self, node: Expression | Attribute | Block) -> Span:
        """Start and end of an attribute or block, or of the item of an object that has this value."""
        return self.items[id(node)]

    def written(self, node: Expression) -> str:
        """An expression as it stands in the file."""
        start, end = self.span(node)
        return self.text[start:end]

    def line(self, position: int) -> int:
        """The 1-based line of a position."""
        return 1 + self.text.count("\n", 0, position)


def parse(path: Path, text: str) -> Source:
    """The tree of a file, with positions.

    Raises:
        BadInput: where it is not HCL.
    """
    parser = _Noting(text, str(path))
    return Source(path, text, parser.body(nested=False), parser.spans, parser.items)
