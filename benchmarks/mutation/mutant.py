"""One change of one file."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutation.places import Place
from benchmarks.mutation.spans import Span

Edit = tuple[int, int, str]


@dataclass(frozen=True)
class Mutant:
    """The reference stack with one defect.

    Args:
        file: that is changed, relative to the tree.
        line: 1-based line of the change.
        operator: what kind of change it is.
        owner: resource or supplier.
        path: of the attribute.
        requirements: that depend on the place.
        before: what stood there, on one line.
        after: what stands there instead; empty where it was cut.
        roots: that reach the file.
        text: the changed file, whole.
        supplies: whether the change is outside of resources, where validation blocks may refuse it.
    """

    file: Path
    line: int
    operator: str
    owner: str
    path: str
    requirements: tuple[str, ...]
    before: str
    after: str
    roots: tuple[Path, ...]
    text: str
    supplies: bool

    @property
    def id(self) -> str:
        """What it is called in lists: stable while the lines around it change."""
        return f"{self.file}: {self.owner} {self.path}: {self.operator}: {self.before} -> {self.after or 'nothing'}"


def make(place: Place, operator: str, edits: list[Edit], roots: tuple[Path, ...]) -> Mutant:
    """A mutant by replacing spans of a file; the first edit is the one that is told of."""
    source = place.source
    start, end, replacement = edits[0]
    return Mutant(
        file=source.path,
        line=source.line(start),
        operator=operator,
        owner=place.owner,
        path=place.path,
        requirements=place.requirements,
        before=one_line(source.text[start:end]),
        after=one_line(replacement),
        roots=roots,
        text=apply(source.text, edits),
        supplies=place.block is None,
    )


def apply(text: str, edits: list[Edit]) -> str:
    """A text with spans replaced; one that is replaced by nothing goes with its comma, or with its line."""
    for start, end, replacement in sorted(edits, reverse=True):
        first, last = (start, end) if replacement else _with_surroundings(text, (start, end))
        text = text[:first] + replacement + text[last:]
    return text


def _with_surroundings(text: str, span: Span) -> Span:
    start, end = span
    after = end + len(text[end:]) - len(text[end:].lstrip(" \t"))
    before = len(text[:start].rstrip(" \t"))
    if text[after : after + 1] == ",":
        end = after + 1
        end += len(text[end:]) - len(text[end:].lstrip(" \t"))
    elif text[before - 1 : before] == ",":
        start = before - 1
    if text[:start].rstrip(" \t").endswith("\n") and text[end:].lstrip(" \t").startswith("\n"):
        start = len(text[:start].rstrip(" \t"))
        end += text[end:].index("\n") + 1
    return start, end


def one_line(text: str, limit: int = 90) -> str:
    """A text on one line, shortened."""
    words = " ".join(text.split())
    return words if len(words) <= limit else words[: limit - 1] + "…"
