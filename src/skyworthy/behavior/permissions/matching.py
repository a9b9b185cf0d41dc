"""Matching text against a pattern where either may have parts that are not known yet.

Text is a sequence of characters and :class:`Hole` s; a pattern may also have :class:`Wildcard` s. Every question has
three answers: the pattern covers every text that this may turn out to be (yes), none of them (no), or it depends.
"""

import fnmatch
import functools
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from skyworthy.behavior.permissions.answers import NO, YES, Answer, answer, maybe

_ALLOWED: dict[str, Callable[[str], bool]] = {
    "any": lambda _: True,
    "text": lambda _: True,
    "nobody": lambda _: False,
    "hexadecimal": lambda char: char in "0123456789abcdef",
    "digit": lambda char: char in "0123456789",
    "alphanumeric": lambda char: char.isascii() and char.isalnum(),
    "segment": lambda char: char != ":",
}


@dataclass(frozen=True)
class Hole:
    """Characters that are not known.

    Args:
        key: holes with equal keys stand for equal text.
        many: any number of characters, else exactly one.
        allowed: which characters: ``any``, a wildcard included; ``text``, ``digit``, ``hexadecimal``,
            ``alphanumeric``, ``segment`` (no colon); ``nobody``: a name that nothing bears, which only wildcards cover.
        why: why it is not known, a clause.
        made: the resource in whose identifier it stands where AWS makes that up; no two resources get the same.
    """

    key: Hashable
    many: bool = True
    allowed: str = "any"
    why: str = "it is not known"
    made: str = ""

    def may_be(self, char: str) -> bool:
        """Whether a character can stand in it."""
        return _ALLOWED[self.allowed](char)


@dataclass(frozen=True)
class Wildcard:
    """``*`` (many) or ``?`` of a pattern."""

    many: bool


ONE, MANY = Wildcard(False), Wildcard(True)
Token = str | Hole | Wildcard
Tokens = tuple[Token, ...]


def literal(text: str) -> Tokens:
    """The characters of a text, none of them special."""
    return tuple(text)


def glob(text: str) -> Tokens:
    """The tokens of a pattern in which ``*`` and ``?`` are wildcards."""
    return tuple(MANY if char == "*" else ONE if char == "?" else char for char in text)


def lower(tokens: Tokens) -> Tokens:
    """The same without regard to case."""
    return tuple(token.lower() if isinstance(token, str) else token for token in tokens)


def split(tokens: Tokens, at: str, most: int) -> list[Tokens]:
    """The parts between the first ``most`` occurrences of a literal character."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token == at and len(parts) <= most:
            parts.append([])
        else:
            parts[-1].append(token)
    return [tuple(part) for part in parts]


def matches(text: Tokens, pattern: Tokens) -> Answer:
    """Whether a pattern covers a text."""
    start = _common(text, pattern)
    text, pattern = text[start:], pattern[start:]
    end = _common(text[::-1], pattern[::-1])
    text, pattern = text[: len(text) - end], pattern[: len(pattern) - end]
    if pattern == (MANY,) or text == pattern:
        return YES
    if _differ(text[:1], pattern[:1]) or _differ(text[-1:], pattern[-1:]):
        return NO
    return _walk(text, pattern)


def _common(left: Tokens, right: Tokens) -> int:
    """How many tokens at the start are the same text on both sides."""
    count = 0
    for one, other in zip(left, right, strict=False):
        same = one == other if isinstance(one, str) else isinstance(other, Hole) and _key(one) == other.key
        if not same:
            break
        count += 1
    return count


def _key(token: Token) -> Hashable:
    return token.key if isinstance(token, Hole) else None


def _differ(left: Tokens, right: Tokens) -> bool:
    """Whether two tokens at the same place are different characters."""
    return bool(left and right) and isinstance(left[0], str) and isinstance(right[0], str) and left != right


def _walk(text: Tokens, pattern: Tokens) -> Answer:
    holes = [token for token in (*pattern, *text) if isinstance(token, Hole)]
    if not holes:
        return answer(_glob_matches("".join(map(_as_glob, text)), "".join(map(_as_glob, pattern))))
    if _nobody(text) and not any(isinstance(token, Wildcard) or _is_free(token) for token in pattern):
        return NO
    if _walkable(text, pattern, _certain):
        return YES
    if not _walkable(text, pattern, _possible):
        return NO
    return maybe(_open_question(text, pattern, holes))


def _nobody(tokens: Tokens) -> bool:
    return any(isinstance(token, Hole) and token.allowed == "nobody" for token in tokens)


def _is_free(token: Token) -> bool:
    """Whether it may turn out to be anything, a wildcard included."""
    return isinstance(token, Hole) and token.allowed == "any"


def _open_question(text: Tokens, pattern: Tokens, holes: list[Hole]) -> str:
    """Why of the first hole on which it depends: with it filled in well, the pattern would cover the text."""
    reasons = dict.fromkeys(hole.why for hole in holes)
    return next((why for why in reasons if _walkable(text, pattern, _certain_but(why))), holes[0].why)


def _as_glob(token: Token) -> str:
    """One token as text for :func:`fnmatch.translate`; literal wildcards are moved out of its way."""
    if isinstance(token, Wildcard):
        return "*" if token.many else "?"
    return {"*": "\ue000", "?": "\ue001", "[": "\ue002"}.get(str(token), str(token))


@functools.lru_cache(maxsize=4096)
def _glob_matches(text: str, pattern: str) -> bool:
    return re.match(fnmatch.translate(pattern), text) is not None


_Rule = Callable[[Token | None, Token | None], tuple[bool, bool, bool]]


def _walkable(text: Sequence[Token], pattern: Sequence[Token], rule: _Rule) -> bool:
    """Whether a walk from the start of both to the end of both exists.

    The rule says of the next tokens (None: at the end) whether the walk may pass over the text's token, over the
    pattern's, or over both at once.
    """
    end = (len(text), len(pattern))
    open_, seen = [(0, 0)], {(0, 0)}
    while open_:
        row, column = place = open_.pop()
        if place == end:
            return True
        left = text[row] if row < len(text) else None
        right = pattern[column] if column < len(pattern) else None
        over_text, over_pattern, over_both = rule(left, right)
        steps = (
            ((row + 1, column), over_text and left is not None),
            ((row, column + 1), over_pattern and right is not None),
            ((row + 1, column + 1), over_both and left is not None and right is not None),
        )
        for step, allowed in steps:
            if allowed and step not in seen:
                seen.add(step)
                open_.append(step)
    return False


def _certain(left: Token | None, right: Token | None) -> tuple[bool, bool, bool]:
    """Steps that hold whatever the holes turn out to be."""
    if isinstance(right, Wildcard) and right.many:
        return True, True, False
    if isinstance(right, Wildcard):
        return False, False, isinstance(left, str) or (isinstance(left, Hole) and not left.many)
    if isinstance(right, Hole):
        return False, False, isinstance(left, Hole) and left.key == right.key
    return False, False, left == right


def _certain_but(why: str) -> _Rule:
    """The same, but for the holes of one reason, which are filled as fits."""

    def rule(left: Token | None, right: Token | None) -> tuple[bool, bool, bool]:
        free = any(isinstance(token, Hole) and token.why == why for token in (left, right))
        return _possible(left, right) if free else _certain(left, right)

    return rule


def _possible(left: Token | None, right: Token | None) -> tuple[bool, bool, bool]:
    """Steps that some filling of the holes allows."""
    if left is None or right is None:
        return _vanishes(left), _vanishes(right), False
    if isinstance(left, Hole) and isinstance(right, Hole) and left.made and right.made and left.made != right.made:
        return False, False, False
    left_many, right_many = _vanishes(left), _vanishes(right)
    fits = _can_share(left, right)
    return left_many or (right_many and fits), right_many or (left_many and fits), fits


def _vanishes(token: Token | None) -> bool:
    """Whether it may stand for no character at all."""
    return isinstance(token, (Hole, Wildcard)) and token.many


def _can_share(left: Token, right: Token) -> bool:
    """Whether both can stand for the same character."""
    if isinstance(left, str):
        return left == right if isinstance(right, str) else isinstance(right, Wildcard) or right.may_be(left)
    if isinstance(right, str):
        return isinstance(left, Wildcard) or left.may_be(right)
    if isinstance(left, Wildcard) or isinstance(right, Wildcard) or left.key == right.key:
        return True
    return "nobody" not in (left.allowed, right.allowed) or "any" in (left.allowed, right.allowed)
