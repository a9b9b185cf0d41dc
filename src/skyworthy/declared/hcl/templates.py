"""Quoted strings, heredocs and templates, with their interpolations and directives.

As in Terraform, a template is first a flat sequence of tokens, literal text line by line; strip markers (``~``) reach
as far as the neighbouring token, the indentation of ``<<-`` is taken from what begins a line, and then a tree is made.
"""

import re
from abc import abstractmethod
from dataclasses import dataclass

from skyworthy.declared.hcl import nodes
from skyworthy.declared.hcl.nodes import Expression, Literal
from skyworthy.declared.hcl.scanner import Scanner

_QUOTED_RUN = re.compile(r'[^"\\$%\n]+')
_TEMPLATE_RUN = re.compile(r"[^$%\n]*\n|[^$%\n]+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


@dataclass
class _Text:
    """Literal text, at most one line of it."""

    value: str


@dataclass
class _Sequence:
    """An interpolation (no word) or a directive, and which neighbours it strips."""

    word: str
    expression: Expression | None = None
    names: tuple[str | None, str] = (None, "")
    left: bool = False
    right: bool = False


_Token = _Text | _Sequence


class TemplateScanner(Scanner):
    """The rules of strings."""

    @abstractmethod
    def expression(self) -> Expression:
        """An expression, between the braces of an interpolation."""

    def quoted(self) -> Expression:
        """A string between double quotes."""
        self.position += 1
        tokens: list[_Token] = []
        while not self.text.startswith('"', self.position):
            if self.text[self.position : self.position + 1] in ("", "\n"):
                raise self.error("a string is not closed: '\"' expected")
            if self.opens_sequence():
                tokens.append(self.sequence())
            elif tokens and isinstance(tokens[-1], _Text):
                tokens[-1].value += self.quoted_text()
            else:
                tokens.append(_Text(self.quoted_text()))
        self.position += 1
        return self.tree(tokens)

    def quoted_text(self) -> str:
        """The literal text that comes next in a quoted string."""
        run = _QUOTED_RUN.match(self.text, self.position)
        if run:
            self.position = run.end()
            return run.group()
        return self.escape() if self.text[self.position] == "\\" else self.dollar()

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

    def dollar(self) -> str:
        """A literal ``$`` or ``%``, also doubled before a brace."""
        if self.text.startswith(("$${", "%%{"), self.position):
            self.position += 3
            return self.text[self.position - 2 : self.position]
        self.position += 1
        return self.text[self.position - 1]

    def template(self, *, flush: bool = False) -> Expression:
        """The whole text as a template, as in a heredoc (``<<-`` if flush) or a template file."""
        tokens: list[_Token] = []
        while self.position < len(self.text):
            tokens.append(self.sequence() if self.opens_sequence() else _Text(self.line_text()))
        return self.tree(tokens, flush=flush)

    def line_text(self) -> str:
        """The literal text that comes next, up to the end of its line."""
        parts: list[str] = []
        while self.position < len(self.text) and not self.opens_sequence():
            run = _TEMPLATE_RUN.match(self.text, self.position)
            parts.append(run.group() if run else self.dollar())
            self.position = run.end() if run else self.position
            if parts[-1].endswith("\n"):
                break
        return "".join(parts)

    def heredoc(self, head: "re.Match[str]") -> Expression:
        """The lines up to the closing word, as a template."""
        ending = re.compile(rf"^[ \t]*{re.escape(head[2])}[ \t\r]*$", re.MULTILINE).search(self.text, head.end())
        if ending is None:
            raise self.error(f"the heredoc {head[2]} is not closed")
        inner = type(self)(self.text[head.end() : ending.start()], self.file, self.line + 1)
        self.position = ending.end()
        return inner.template(flush=bool(head[1]))

    def opens_sequence(self) -> bool:
        """Whether an interpolation or a directive begins here."""
        return self.text.startswith(("${", "%{"), self.position)

    def sequence(self) -> _Sequence:
        """An interpolation or a directive."""
        directive = self.text.startswith("%{", self.position)
        left = self.text.startswith("~", self.position + 2)
        self.position += 3 if left else 2
        outer, self.lines = self.lines, True
        found = self.directive() if directive else _Sequence("", self.expression())
        found.left, found.right = left, self.accept("~")
        self.expect("}", "to close a directive" if directive else "to close an interpolation")
        self.lines = outer
        return found

    def directive(self) -> _Sequence:
        """What stands between the braces of a directive."""
        word = self.identifier()
        if word == "if":
            return _Sequence("if", self.expression())
        if word == "for":
            first = self.identifier()
            second = self.identifier() if self.accept(",") else None
            if first is None or not self.word("in"):
                raise self.error("'in' expected in %{ for }")
            return _Sequence("for", self.expression(), (first, second) if second else (None, first))
        if word not in ("else", "endif", "endfor"):
            raise self.error(f"%{{ {word} }} is not a directive")
        return _Sequence(word)

    def tree(self, tokens: list[_Token], *, flush: bool = False) -> Expression:
        """The expression that the tokens of a whole template make."""
        _strip(tokens)
        if flush:
            _flush(tokens)
        rest = list(tokens)
        parts, word = self.parts(rest)
        if word:
            raise self.error(f"%{{ {word} }} has no beginning")
        return _joined(parts)

    def parts(self, rest: list[_Token]) -> tuple[list[Expression], str]:
        """Takes tokens up to a directive that ends or divides another, and gives that directive's word."""
        found: list[Expression] = []
        while rest:
            token = rest.pop(0)
            if isinstance(token, _Text):
                found.append(Literal(token.value))
            elif token.word == "if":
                found.append(self.choice(token, rest))
            elif token.word == "for":
                body, word = self.parts(rest)
                self.closed("endfor", word)
                assert token.expression is not None
                found.append(nodes.TemplateFor(token.names[0], token.names[1], token.expression, _joined(body)))
            elif token.word:
                return found, token.word
            elif token.expression is not None:
                found.append(token.expression)
        return found, ""

    def choice(self, token: _Sequence, rest: list[_Token]) -> Expression:
        """``%{ if }`` with both its branches."""
        then, word = self.parts(rest)
        otherwise: list[Expression] = []
        if word == "else":
            otherwise, word = self.parts(rest)
        self.closed("endif", word)
        assert token.expression is not None
        return nodes.TemplateIf(token.expression, _joined(then), _joined(otherwise))

    def closed(self, wanted: str, found: str) -> None:
        """Refuses a directive that is closed by another's end, or by none."""
        if found != wanted:
            raise self.error(f"%{{ {wanted} }} is missing")


def _strip(tokens: list[_Token]) -> None:
    """Takes the white space away from the texts that a strip marker touches."""
    for number, token in enumerate(tokens):
        if isinstance(token, _Text):
            continue
        before = tokens[number - 1] if number else None
        after = tokens[number + 1] if number + 1 < len(tokens) else None
        if token.left and isinstance(before, _Text):
            before.value = before.value.rstrip()
        if token.right and isinstance(after, _Text):
            after.value = after.value.lstrip()


def _flush(tokens: list[_Token]) -> None:
    """Takes the least indentation of all lines away from each; blank lines do not count and stay as they are."""
    widths: list[int] = []
    starts: list[_Text] = []
    begins_line = True
    for token in tokens:
        text = token.value if isinstance(token, _Text) else ""
        blank = text.endswith("\n") and not text.strip()
        if begins_line and not blank:
            widths.append(len(text) - len(text.lstrip()))
            if isinstance(token, _Text):
                starts.append(token)
        begins_line = text.endswith("\n")
    width = min(widths, default=0)
    for start in starts:
        start.value = start.value[width:]


def _joined(parts: list[Expression]) -> Expression:
    """A plain string, a lone interpolation's own value, or a template."""
    if len(parts) == 1 and not isinstance(parts[0], (nodes.TemplateIf, nodes.TemplateFor)):
        return parts[0]
    merged: list[Expression] = []
    for part in parts:
        if merged and _is_text(part) and _is_text(merged[-1]):
            merged[-1] = Literal(merged[-1].value + part.value)  # type: ignore[attr-defined]
        else:
            merged.append(part)
    if not merged:
        return Literal("")
    return merged[0] if len(merged) == 1 and _is_text(merged[0]) else nodes.TemplateText(tuple(merged))


def _is_text(part: Expression) -> bool:
    return isinstance(part, Literal) and isinstance(part.value, str)
