"""Native HCL syntax to a tree."""

from skyworthy.declared.hcl.expressions import ExpressionScanner
from skyworthy.declared.hcl.nodes import Attribute, Block, Body, Expression, Literal


class _FileScanner(ExpressionScanner):
    """The rules of files and blocks."""

    def body(self, *, nested: bool) -> Body:
        """The items of a file, or of a block up to its closing brace."""
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        while True:
            self.skip(lines=True)
            if nested and self.accept("}"):
                return Body(attributes, tuple(blocks))
            if self.position >= len(self.text):
                if nested:
                    raise self.error("a block is not closed: '}' expected")
                return Body(attributes, tuple(blocks))
            self.item(attributes, blocks)
            self.skip()
            if not (self.position >= len(self.text) or self.text[self.position] == "\n" or (nested and self.at("}"))):
                raise self.error(f"a new line expected after an item, found {self.found()}")

    def item(self, attributes: dict[str, Attribute], blocks: list[Block]) -> None:
        """One attribute or block."""
        line = self.line
        name = self.identifier()
        if name is None:
            raise self.error(f"an attribute or a block expected, found {self.found()}")
        if self.at("=") and not self.text.startswith("==", self.position):
            self.position += 1
            self.skip()
            start = self.position
            expression = self.expression()
            if name in attributes:
                raise self.error(f"{name} is set twice in one block (first in line {attributes[name].line})")
            attributes[name] = Attribute(name, expression, self.text[start : self.position].strip(), self.file, line)
            return
        blocks.append(self.block(name, line))

    def block(self, type: str, line: int) -> Block:
        """Labels and body of a block."""
        labels: list[str] = []
        while not self.accept("{"):
            label = self.identifier()
            if label is None:
                if not self.at('"'):
                    raise self.error(f"'=' or a block expected after {type}, found {self.found()}")
                string = self.quoted()
                if not isinstance(string, Literal):
                    raise self.error("a block's label cannot hold an interpolation")
                label = str(string.value)
            labels.append(label)
        outer, self.lines = self.lines, False
        body = self.body(nested=True)
        self.lines = outer
        return Block(type, tuple(labels), body, self.file, line)


def parse_file(text: str, file: str) -> Body:
    """The tree of a ``.tf`` or ``.tfvars`` file.

    Args:
        text: the file's contents.
        file: the name that messages and nodes bear.

    Raises:
        BadInput: where the text is not HCL, with file and line.
    """
    return _FileScanner(text.removeprefix("\ufeff"), file).body(nested=False)


def parse_expression(text: str, file: str) -> Expression:
    """The tree of one expression.

    Raises:
        BadInput: where the text is not an expression.
    """
    parser = _FileScanner(text, file)
    parser.lines = True
    expression = parser.expression()
    parser.skip()
    if parser.position < len(text):
        raise parser.error(f"the end expected, found {parser.found()}")
    return expression


def parse_template(text: str, file: str, first_line: int = 1) -> Expression:
    """The tree of a template file, or of a string in JSON syntax.

    Raises:
        BadInput: where a sequence in it is not closed or holds no expression.
    """
    return _FileScanner(text, file, first_line).template()
