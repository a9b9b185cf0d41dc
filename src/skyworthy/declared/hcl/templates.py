"""Quoted strings, heredocs and templates, with their interpolations and directives."""

import re
import textwrap
from abc import abstractmethod

from skyworthy.declared.hcl import nodes
from skyworthy.declared.hcl.nodes import Expression, Literal
from skyworthy.declared.hcl.scanner import Scanner

_LITERAL_RUN = re.compile(r'[^"\\$%\n]+')
_TEMPLATE_RUN = re.compile(r"[^$%]+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class _Interpolation(Expression):
    """An expression in a template with its strip markers, until :func:`_template` has applied them."""

    __slots__ = ("expression", "left", "right")

    def __init__(self, expression: Expression, left: bool, right: bool) -> None:
        object.__setattr__(self, "expression", expression)
        object.__setattr__(self, "left", left)
        object.__setattr__(self, "right", right)

    expression: Expression
    left: bool
    right: bool


def _with_text(parts: list[Expression], text: list[str]) -> list[Expression]:
    return [*parts, Literal("".join(text))] if text else parts


def _stripped(parts: list[Expression], *, left: bool, right: bool) -> list[Expression]:
    """Template parts without white space at either end, as a ``~`` on the neighbouring directive demands."""
    result = list(parts)
    if left and result and isinstance(result[0], Literal):
        result[0] = Literal(result[0].value.lstrip())
    if right and result and isinstance(result[-1], Literal):
        result[-1] = Literal(result[-1].value.rstrip())
    return result


def _template(parts: list[Expression]) -> Expression:
    """What a sequence of parts is: a plain string, a lone interpolation's own value, or a template."""
    texts: list[Expression] = list(parts)
    for number, part in enumerate(parts):
        if isinstance(part, _Interpolation):
            texts[number] = part.expression
            if part.left and number and isinstance(texts[number - 1], Literal):
                texts[number - 1] = Literal(texts[number - 1].value.rstrip())  # type: ignore[attr-defined]
            following = parts[number + 1] if number + 1 < len(parts) else None
            if part.right and isinstance(following, Literal):
                texts[number + 1] = parts[number + 1] = Literal(following.value.lstrip())
    if not texts:
        return Literal("")
    if len(texts) == 1 and not isinstance(texts[0], (nodes.TemplateIf, nodes.TemplateFor)):
        return texts[0]
    return nodes.TemplateText(tuple(texts))


class TemplateScanner(Scanner):
    """The rules of strings."""

    @abstractmethod
    def expression(self) -> Expression:
        """An expression, between the braces of an interpolation."""

    def quoted(self) -> Expression:
        """A string between double quotes."""
        self.position += 1
        parts: list[Expression] = []
        text: list[str] = []
        while True:
            run = _LITERAL_RUN.match(self.text, self.position)
            if run:
                text.append(run.group())
                self.position = run.end()
            character = self.text[self.position : self.position + 1]
            if character == '"':
                self.position += 1
                return _template(_with_text(parts, text))
            if character in ("", "\n"):
                raise self.error("a string is not closed: '\"' expected")
            if character == "\\":
                text.append(self.escape())
            elif not self.opens_sequence():
                text.append(self.dollar())
            else:
                parts = _with_text(parts, text)
                text = []
                parts.append(self.sequence(quoted=True))

    def escape(self) -> str:
        """The character that a backslash sequence stands for."""
        letter = self.text[self.position + 1 : self.position + 2]
        if letter in _ESCAPES:
            self.position += 2
            return _ESCAPES[letter]
        width = {"u": 4, "U": 8}.get(letter)
        digits = self.text[self.position + 2 : self.position + 2 + (width or 0)]
        if width is None or not re.fullmatch(r"[0-9a-fA-F]+", digits):
            raise self.error(f"'\\{letter}' is not an escape of HCL")
        self.position += 2 + width
        return chr(int(digits, 16))

    def opens_sequence(self) -> bool:
        """Whether an interpolation or a directive begins here."""
        return self.text.startswith(("${", "%{"), self.position)

    def dollar(self) -> str:
        """A literal ``$`` or ``%``, also doubled before a brace."""
        if self.text.startswith(("$${", "%%{"), self.position):
            self.position += 3
            return self.text[self.position - 2 : self.position]
        self.position += 1
        return self.text[self.position - 1]

    def sequence(self, *, quoted: bool) -> Expression:
        """An interpolation, or a directive with all that belongs to it."""
        if self.text.startswith("${", self.position):
            strip_left = self.text.startswith("~", self.position + 2)
            self.position += 3 if strip_left else 2
            outer, self.lines = self.lines, True
            expression = self.expression()
            strip_right = self.accept("~")
            self.expect("}", "to close an interpolation")
            self.lines = outer
            return _Interpolation(expression, strip_left, strip_right)
        word, strip_left = self.directive_head()
        if word == "if":
            return self.directive_if(strip_left, quoted=quoted)
        if word == "for":
            return self.directive_for(strip_left, quoted=quoted)
        raise self.error(f"the directive %{{ {word} }} has no beginning")

    def directive_head(self) -> tuple[str | None, bool]:
        """The word of a directive, and whether it strips what is before it."""
        strip_left = self.text.startswith("~", self.position + 2)
        self.position += 3 if strip_left else 2
        self.lines = True
        return self.identifier(), strip_left

    def directive_end(self) -> bool:
        """Passes the end of a directive; whether it strips what follows."""
        strip_right = self.accept("~")
        self.expect("}", "to close a directive")
        self.lines = False
        return strip_right

    def directive_if(self, strip_left: bool, *, quoted: bool) -> Expression:
        """``%{ if }`` up to its ``%{ endif }``."""
        condition = self.expression()
        strip = self.directive_end()
        then, word, strip_before = self.until(("else", "endif"), quoted=quoted)
        strip_after = self.directive_end()
        otherwise: Expression = Literal("")
        first = _template(_stripped(then, left=strip, right=strip_before))
        if word == "else":
            strip = strip_after
            parts, _, strip_before = self.until(("endif",), quoted=quoted)
            strip_after = self.directive_end()
            otherwise = _template(_stripped(parts, left=strip, right=strip_before))
        return _Interpolation(nodes.TemplateIf(condition, first, otherwise), strip_left, strip_after)

    def directive_for(self, strip_left: bool, *, quoted: bool) -> Expression:
        """``%{ for }`` up to its ``%{ endfor }``."""
        first = self.identifier()
        second = self.identifier() if self.accept(",") else None
        if first is None or not self.word("in"):
            raise self.error("'in' expected in %{ for }")
        collection = self.expression()
        strip = self.directive_end()
        parts, _, strip_before = self.until(("endfor",), quoted=quoted)
        strip_after = self.directive_end()
        body = _template(_stripped(parts, left=strip, right=strip_before))
        key, value = (first, second) if second else (None, first)
        return _Interpolation(nodes.TemplateFor(key, value, collection, body), strip_left, strip_after)

    def until(self, words: tuple[str, ...], *, quoted: bool) -> tuple[list[Expression], str, bool]:
        """Template parts up to one of some directives; the position is then behind that directive's word."""
        parts: list[Expression] = []
        text: list[str] = []
        while self.position < len(self.text):
            if not self.opens_sequence():
                text.append(self.template_text(quoted=quoted))
                continue
            parts = _with_text(parts, text)
            text = []
            if self.text.startswith("%{", self.position):
                start = self.position
                word, strip_left = self.directive_head()
                if word in words:
                    return parts, word, strip_left
                self.position, self.lines = start, False
            parts.append(self.sequence(quoted=quoted))
        raise self.error(f"%{{ {words[-1]} }} is missing")

    def template_text(self, *, quoted: bool) -> str:
        """The literal text that comes next."""
        if quoted and self.text[self.position] == "\\":
            return self.escape()
        if quoted and self.text[self.position] in '"\n':
            raise self.error("a directive is not closed before the end of its string")
        run = (_LITERAL_RUN if quoted else _TEMPLATE_RUN).match(self.text, self.position)
        if run:
            self.position = run.end()
            return run.group()
        return self.dollar()

    def template(self) -> Expression:
        """The whole text as a template, as in a heredoc or a template file."""
        parts: list[Expression] = []
        text: list[str] = []
        while self.position < len(self.text):
            if self.opens_sequence():
                parts = _with_text(parts, text)
                text = []
                parts.append(self.sequence(quoted=False))
            else:
                text.append(self.template_text(quoted=False))
        return _template(_with_text(parts, text))

    def heredoc(self, head: "re.Match[str]") -> Expression:
        """The lines up to the closing word, as a template."""
        ending = re.compile(rf"^[ \t]*{re.escape(head[2])}[ \t\r]*$", re.MULTILINE).search(self.text, head.end())
        if ending is None:
            raise self.error(f"the heredoc {head[2]} is not closed")
        content = self.text[head.end() : ending.start()]
        first_line = self.line + 1
        self.position = ending.end()
        inner = type(self)(textwrap.dedent(content) if head[1] else content, self.file, first_line)
        return inner.template()
