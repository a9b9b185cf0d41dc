"""The application's ``.env.template``: every variable that is read, in titled sections, who needs it, and what for.

    # --- Database ---

    # Name of the database.
    # required: backend, frontend
    POSTGRES_DB=

The mark is one line of the comment above a variable: ``required``, ``required when deployed`` (a local start does
without) or ``optional`` (the application has a default), then the containers that read it; other readers, such as
compose, may stand beside them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from skyworthy.errors import BadInput

Need = Literal["required", "required when deployed", "optional"]
_SECTION = re.compile(r"#\s*-{3,}\s*(?P<title>[^-].*?)\s*-{3,}")
_MARK = re.compile(r"#\s*(?P<need>required when deployed|required|optional)\s*:\s*(?P<readers>.*)", re.IGNORECASE)
_ASSIGNMENT = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")


@dataclass(frozen=True)
class Variable:
    """One variable of the template.

    Args:
        name: of the environment variable.
        need: whether the application starts, and does all it should, without it.
        readers: the containers that read it, and other readers such as ``compose``.
        section: title of its section, empty before the first.
        comment: what it is for: the comment above it without the mark, on one line.
        value: what stands behind the equals sign.
        line: 1-based.
    """

    name: str
    need: Need
    readers: tuple[str, ...]
    section: str
    comment: str
    value: str
    line: int


@dataclass(frozen=True)
class EnvTemplate:
    """A template.

    Args:
        path: the file.
        variables: in the order in which they stand.
    """

    path: Path
    variables: tuple[Variable, ...]

    @property
    def readers(self) -> tuple[str, ...]:
        """Everybody who reads a variable, sorted."""
        return tuple(sorted({reader for variable in self.variables for reader in variable.readers}))

    def demanded_by(self, container: str) -> tuple[Variable, ...]:
        """What a deployed container must be given."""
        return tuple(item for item in self.variables if container in item.readers and item.need != "optional")


def load_env_template(path: Path) -> EnvTemplate:
    """Read a template.

    Raises:
        BadInput: it cannot be read, a line is none of a template, a variable has no mark or stands there twice, or
            there is none; with file and line.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {error}") from error
    variables = tuple(_variables(path, text.splitlines()))
    lines: dict[str, int] = {}
    for item in variables:
        if item.name in lines:
            raise BadInput(f"{path}:{item.line}: {item.name} stands on line {lines[item.name]} already")
        lines[item.name] = item.line
    if not variables:
        raise BadInput(f"{path}:1: it has no variable")
    return EnvTemplate(path, variables)


def _variables(path: Path, lines: list[str]) -> Iterator[Variable]:
    section = ""
    above: list[str] = []
    for number, line in enumerate((item.strip() for item in lines), 1):
        if title := _SECTION.fullmatch(line):
            section, above = title["title"], []
        elif line.startswith("#"):
            above.append(line)
        elif not line:
            above = []
        elif assignment := _ASSIGNMENT.fullmatch(line):
            yield _variable(path, number, assignment, section, above)
            above = []
        else:
            raise BadInput(f"{path}:{number}: neither a comment nor NAME=value: {line.partition('=')[0]}")


def _variable(path: Path, line: int, assignment: "re.Match[str]", section: str, above: list[str]) -> Variable:
    marks = [found for item in above if (found := _MARK.fullmatch(item))]
    readers = tuple(item.strip() for item in marks[0]["readers"].split(",") if item.strip()) if marks else ()
    if len(marks) != 1 or not readers:
        raise BadInput(
            f"{path}:{line}: {assignment['name']} needs one mark in the comment above it, such as "
            "`# required: backend`, `# required when deployed: backend` or `# optional: backend`"
        )
    return Variable(
        name=assignment["name"],
        need=cast("Need", marks[0]["need"].lower()),
        readers=readers,
        section=section,
        comment=" ".join(item.lstrip("# ") for item in above if not _MARK.fullmatch(item)).strip(),
        value=assignment["value"].strip(),
        line=line,
    )
