"""Values of attributes that are not plain data: unknown ones, and references to computed ones.

Plain data (``str``, ``int``, ``float``, ``bool``, ``None``, ``list``, ``dict``) stands for itself. A value that cannot
be known is an :class:`Unknown`; a computed attribute of another resource is a :class:`Reference`, and a string that is
built with one a :class:`Template`. Deciding anything on what is not known raises :class:`Undecidable`, so that no
control can take it for a yes or a no.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn


class Undecidable(Exception):
    """A question was asked of a value that is not known.

    Attributes:
        reason: why it is not known, a clause that can follow a colon.
        denied: the account or a tool refused to tell, which makes the verdict *error* instead of *unknown*.
        left_out: the settings leave it out, or it cannot be there, which makes the verdict *not applicable*.
    """

    def __init__(self, reason: str, *, denied: bool = False, left_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.denied = denied
        self.left_out = left_out


class _Undecided:
    """Operators that would decide something, each raising Undecidable."""

    __slots__ = ()

    def undecidable(self) -> Undecidable:
        raise NotImplementedError

    def _refuse(self, *_: object) -> NoReturn:
        raise self.undecidable()

    __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __len__ = __iter__ = __contains__ = __getitem__ = _refuse
    __int__ = __float__ = __index__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse

    def __getattr__(self, name: str) -> Any:
        """A method of the plain value that is not there, such as ``startswith``, is undecidable too."""
        if name.startswith("__"):
            raise AttributeError(name)
        raise self.undecidable()


@dataclass(frozen=True, eq=False)
class Unknown(_Undecided):
    """A value that cannot be known from what was read.

    Args:
        reason: why, for instance "variable db_password has no value".
        denied: see :class:`Undecidable`.
        left_out: see :class:`Undecidable`.
    """

    reason: str
    denied: bool = False
    left_out: bool = False

    def undecidable(self) -> Undecidable:
        """What is raised where something is decided on it."""
        return Undecidable(self.reason, denied=self.denied, left_out=self.left_out)

    def __bool__(self) -> bool:
        raise self.undecidable()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        raise self.undecidable()

    def __hash__(self) -> int:
        return hash((Unknown, self.reason))


@dataclass(frozen=True, eq=False)
class Reference(_Undecided):
    """A computed attribute of a resource: not known yet, but known where it comes from.

    It is true (the attribute will have a value), equals the same reference, and is undecidable against anything else.

    Args:
        address: the resource, as in Terraform: ``module.alb.aws_lb.main``, ``data.aws_caller_identity.current``.
        attribute: its attribute, dotted where nested: ``arn_suffix``, ``endpoint.address``.
    """

    address: str
    attribute: str

    def undecidable(self) -> Undecidable:
        """What is raised where something is decided on it."""
        return Undecidable(f"{self.address}.{self.attribute} is known after apply")

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Reference):
            return (self.address, self.attribute) == (other.address, other.attribute)
        if other is None:
            return False
        raise self.undecidable()

    def __hash__(self) -> int:
        return hash((self.address, self.attribute))

    def __str__(self) -> str:
        return f"${{{self.address}.{self.attribute}}}"


@dataclass(frozen=True, eq=False)
class Template(_Undecided):
    """A string of which some parts are references or unknown: ``"${aws_secretsmanager_secret.main.arn}:KEY::"``.

    Args:
        parts: literal strings, references and unknowns in order; at least one is not a string.
    """

    parts: tuple["str | Reference | Unknown", ...]

    def undecidable(self) -> Undecidable:
        """What is raised where something is decided on it: the reason of its first part that is not known."""
        blank = next(part for part in self.parts if not isinstance(part, str))
        return blank.undecidable()

    @property
    def references(self) -> tuple[Reference, ...]:
        """The references among the parts, in order."""
        return tuple(part for part in self.parts if isinstance(part, Reference))

    def __bool__(self) -> bool:
        if any(isinstance(part, Reference) or part for part in self.parts if not isinstance(part, Unknown)):
            return True
        raise self.undecidable()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Template) and self.parts == other.parts:
            return True
        if other is None:
            return False
        raise self.undecidable()

    def __hash__(self) -> int:
        return hash(self.parts)

    def startswith(self, prefix: str) -> bool:
        """Whether the text starts with a literal; Undecidable where that part is not known."""
        first = self.parts[0]
        if isinstance(first, str) and len(first) >= len(prefix):
            return first.startswith(prefix)
        if isinstance(first, str) and not prefix.startswith(first):
            return False
        raise self.undecidable()

    def endswith(self, suffix: str) -> bool:
        """Whether the text ends with a literal; Undecidable where that part is not known."""
        last = self.parts[-1]
        if isinstance(last, str) and len(last) >= len(suffix):
            return last.endswith(suffix)
        if isinstance(last, str) and not suffix.endswith(last):
            return False
        raise self.undecidable()

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else show(part) for part in self.parts)


Value = Any
"""Plain data, or an Unknown, Reference or Template, at any depth of lists and dicts."""


def show(value: Value) -> str:
    """A value in a message: Terraform's notation for references, ``(unknown: reason)`` for the unknown."""
    if isinstance(value, Unknown):
        return f"(unknown: {value.reason})"
    return str(value)


def is_known(value: Value) -> bool:
    """Whether a value is plain data all the way down."""
    if isinstance(value, (Unknown, Reference, Template)):
        return False
    if isinstance(value, dict):
        return all(is_known(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return all(is_known(item) for item in value)
    return True


def known(value: Value) -> Value:
    """The value itself, for a place where deciding is about to happen.

    Raises:
        Undecidable: where it is an Unknown. References and templates pass: they name what they stand for.
    """
    if isinstance(value, Unknown):
        raise value.undecidable()
    return value


def leaves(value: Value) -> Iterator[Value]:
    """What a value is made of, at any depth, in reading order: no lists, mappings and templates, but their parts."""
    if isinstance(value, Template):
        yield from value.parts
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def references(value: Value) -> Iterator[Reference]:
    """Every reference in a value, at any depth, in reading order."""
    return (item for item in leaves(value) if isinstance(item, Reference))


def text_of(parts: "list[str | Reference | Unknown]") -> Value:
    """The value that a sequence of parts makes: a plain string, a lone reference or unknown, or a template."""
    merged: list[str | Reference | Unknown] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "" if isinstance(part, str) else True:
            merged.append(part)
    if not merged:
        return ""
    return merged[0] if len(merged) == 1 else Template(tuple(merged))


def split_text(text: str, pattern: "re.Pattern[str]", make: "Callable[[re.Match[str]], Reference | Unknown]") -> Value:
    """A string in which every match of a pattern stands for a reference, as a value (see :func:`text_of`)."""
    parts: list[str | Reference | Unknown] = []
    end = 0
    for match in pattern.finditer(text):
        parts += [text[end : match.start()], make(match)]
        end = match.end()
    return text_of([*parts, text[end:]])
