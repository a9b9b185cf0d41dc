"""Expressions, by recursive descent."""

import re
from collections.abc import Callable

from skyworthy.declared.hcl import nodes
from skyworthy.declared.hcl.nodes import Expression, Literal
from skyworthy.declared.hcl.templates import TemplateScanner

_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_OPERATOR = re.compile(r"\|\||&&|==|!=|<=|>=|[<>+\-*/%]")
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*)[ \t\r]*\n")
_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!="), 3),
    **dict.fromkeys(("<", ">", "<=", ">="), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "%"), 6),
}
_KEYWORDS = {"true": True, "false": False, "null": None}


class ExpressionScanner(TemplateScanner):
    """The rules of expressions."""

    def expression(self) -> Expression:
        """Any expression."""
        condition = self.binary(1)
        if not self.accept("?"):
            return condition
        then = self.expression()
        self.expect(":", "in a conditional")
        return nodes.Conditional(condition, then, self.expression())

    def binary(self, minimum: int) -> Expression:
        """Operators of at least some precedence, from left to right."""
        left = self.unary()
        while True:
            self.skip()
            match = _OPERATOR.match(self.text, self.position)
            if match is None or _PRECEDENCE[match.group()] < minimum:
                return left
            self.position = match.end()
            left = nodes.Binary(match.group(), left, self.binary(_PRECEDENCE[match.group()] + 1))

    def unary(self) -> Expression:
        """An operand with the signs before it."""
        self.skip()
        operator = self.text[self.position : self.position + 1]
        if operator in ("-", "!"):
            self.position += 1
            return nodes.Unary(operator, self.unary())
        return self.traversal(self.primary())

    def primary(self) -> Expression:
        """An operand without what follows it."""
        self.skip()
        character = self.text[self.position : self.position + 1]
        if character == '"':
            return self.quoted()
        if character == "(":
            return self.bracketed("(", ")", self.expression)
        if character == "[":
            return self.bracketed("[", "]", self.list_items)
        if character == "{":
            return self.bracketed("{", "}", self.object_items)
        number = _NUMBER.match(self.text, self.position)
        if number:
            self.position = number.end()
            digits = number.group()
            return Literal(int(digits) if digits.isdigit() else float(digits))
        heredoc = _HEREDOC.match(self.text, self.position)
        if heredoc:
            return self.heredoc(heredoc)
        name = self.identifier()
        if name is None:
            raise self.error(f"an expression expected, found {self.found()}")
        return self.named(name)

    def named(self, name: str) -> Expression:
        """A call, a keyword or the root of a traversal."""
        while self.text.startswith("::", self.position):
            self.position += 2
            name = f"{name}::{self.identifier()}"
        if self.text.startswith("(", self.position):
            return self.bracketed("(", ")", lambda: self.arguments(name))
        if name in _KEYWORDS:
            return Literal(_KEYWORDS[name])
        return nodes.Name(name)

    def bracketed(self, opening: str, closing: str, rule: Callable[[], Expression]) -> Expression:
        """What stands between two brackets, where newlines are blank."""
        self.expect(opening, "here")
        outer, self.lines = self.lines, True
        result = rule()
        self.expect(closing, "to close the bracket")
        self.lines = outer
        return result

    def arguments(self, name: str) -> Expression:
        """The arguments of a call."""
        items: list[Expression] = []
        expand = False
        while not self.at(")"):
            items.append(self.expression())
            if self.accept("..."):
                expand = True
            if not self.accept(","):
                break
        return nodes.Call(name, tuple(items), expand)

    def list_items(self) -> Expression:
        """What stands between square brackets."""
        if self.word("for"):
            key, value, collection = self.for_head()
            body = self.expression()
            return nodes.ForList(key, value, collection, body, self.for_condition())
        items: list[Expression] = []
        while not self.at("]"):
            items.append(self.expression())
            if not self.accept(","):
                break
        return nodes.TupleConstructor(tuple(items))

    def for_head(self) -> tuple[str | None, str, Expression]:
        """Names and collection of a ``for``."""
        first = self.identifier()
        second = self.identifier() if self.accept(",") else None
        if first is None or not self.word("in"):
            raise self.error("'in' expected in a for expression")
        collection = self.expression()
        self.expect(":", "in a for expression")
        return (first, second, collection) if second else (None, first, collection)

    def for_condition(self) -> Expression | None:
        """The condition of a ``for``, where it has one."""
        return self.expression() if self.word("if") else None

    def object_items(self) -> Expression:
        """What stands between braces."""
        if self.word("for"):
            return self.for_map()
        items: list[tuple[Expression, Expression]] = []
        while not self.at("}"):
            key = self.object_key()
            if not (self.accept("=") or self.accept(":")):
                raise self.error(f"'=' expected after a key, found {self.found()}")
            items.append((key, self.value_on_its_line()))
            self.accept(",")
        return nodes.ObjectConstructor(tuple(items))

    def value_on_its_line(self) -> Expression:
        """A value inside an object ends with its line, like an attribute of a block."""
        self.skip()
        outer, self.lines = self.lines, False
        value = self.expression()
        self.lines = outer
        return value

    def object_key(self) -> Expression:
        """The key of an item; a bare name is a string."""
        self.skip()
        start = self.position
        name = self.identifier()
        if name is not None and (self.at("=") or self.at(":")):
            return Literal(name)
        self.position = start
        return self.expression()

    def for_map(self) -> Expression:
        """The rest of a ``for`` that makes an object."""
        key, value, collection = self.for_head()
        key_body = self.expression()
        self.expect("=>", "in a for expression that makes an object")
        body = self.expression()
        group = self.accept("...")
        return nodes.ForMap(key, value, collection, key_body, body, group, self.for_condition())

    def traversal(self, source: Expression) -> Expression:
        """All attributes, indices and splats after an operand."""
        while True:
            step = self.step(source)
            if step is None:
                return source
            source = step

    def step(self, source: Expression) -> Expression | None:
        """One attribute, index or splat, if one comes next."""
        self.skip()
        if not self.text.startswith(("[", "."), self.position):
            return None
        if self.at("[*]"):
            self.position += 3
            return nodes.Splat(source, self.traversal(nodes.SplatItem()))
        if self.at("[") and not (self.lines and self.breaks_before()):
            return self.bracketed("[", "]", lambda: nodes.Index(source, self.expression()))
        if not self.at(".") or self.at("..."):
            return None
        self.position += 1
        self.skip()
        if self.accept("*"):
            return nodes.Splat(source, self.attributes_only(nodes.SplatItem()))
        return self.attribute_of(source)

    def breaks_before(self) -> bool:
        """Whether the position is the first on its line: then a bracket begins a new item."""
        return not self.text[self.text.rfind("\n", 0, self.position) + 1 : self.position].strip()

    def attribute_of(self, source: Expression) -> Expression:
        """The name or number after a dot."""
        digits = _DIGITS.match(self.text, self.position)
        if digits:
            self.position = digits.end()
            return nodes.Index(source, Literal(int(digits.group())))
        name = self.identifier()
        if name is None:
            raise self.error(f"an attribute name expected after '.', found {self.found()}")
        return nodes.GetAttribute(source, name)

    def attributes_only(self, source: Expression) -> Expression:
        """The attributes after ``.*``, which takes no indices."""
        while self.text.startswith(".", self.position) and not self.text.startswith("...", self.position):
            self.position += 1
            source = self.attribute_of(source)
        return source
