"""A position in a text, and the steps that every rule of the grammar takes."""

import re

from skyworthy.errors import BadInput

_BLANK = re.compile(r"(?:[ \t\r]+|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_BLANK_LINES = re.compile(r"(?:[ \t\r\n]+|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_BLANK_STARTS = " \t\r\n#/"
_IDENTIFIER = re.compile(r"[^\W\d][\w-]*")


class Scanner:
    """Moves over a text.

    Args:
        text: all of it.
        file: for messages.
        first_line: the line of the file in which the text begins.

    Attributes:
        position: what comes next.
        lines: whether a newline is blank here, as between brackets, or ends an item.
    """

    def __init__(self, text: str, file: str, first_line: int = 1) -> None:
        self.text = text
        self.file = file
        self.first_line = first_line
        self.position = 0
        self.lines = False
        self._counted = (0, first_line)

    @property
    def line(self) -> int:
        """The line of the position, 1-based."""
        start, line = self._counted if self._counted[0] <= self.position else (0, self.first_line)
        line += self.text.count("\n", start, self.position)
        self._counted = (self.position, line)
        return line

    def error(self, message: str) -> BadInput:
        """What is wrong here, with file and line."""
        return BadInput(f"{self.file}:{self.line}: {message}")

    def skip(self, *, lines: bool | None = None) -> None:
        """Passes blanks and comments."""
        if self.text[self.position : self.position + 1] not in _BLANK_STARTS:
            return
        across = self.lines if lines is None else lines
        match = (_BLANK_LINES if across else _BLANK).match(self.text, self.position)
        if match:
            self.position = match.end()

    def at(self, literal: str) -> bool:
        """Whether a literal comes next."""
        self.skip()
        return self.text.startswith(literal, self.position)

    def accept(self, literal: str) -> bool:
        """Passes a literal if it comes next."""
        if self.at(literal):
            self.position += len(literal)
            return True
        return False

    def expect(self, literal: str, where: str) -> None:
        """Passes a literal that must come next."""
        if not self.accept(literal):
            raise self.error(f"{literal!r} expected {where}, found {self.found()}")

    def found(self) -> str:
        """What stands here, for messages."""
        rest = self.text[self.position :].partition("\n")[0].strip()
        return repr(rest[:20]) if rest else "the end of the line" if self.position < len(self.text) else "the end"

    def identifier(self) -> str | None:
        """Passes a name if one comes next."""
        self.skip()
        match = _IDENTIFIER.match(self.text, self.position)
        if match is None:
            return None
        self.position = match.end()
        return match.group()

    def word(self, name: str) -> bool:
        """Accept a keyword such as ``in`` or ``if``."""
        start = self.position
        if self.identifier() == name:
            return True
        self.position = start
        return False
