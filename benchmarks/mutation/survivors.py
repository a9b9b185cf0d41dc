"""Why mutants survive, each with the reason: ``benchmarks/survivors.toml``."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, get_args

from benchmarks.mutation.mutant import Mutant
from skyworthy.errors import BadInput

FILE = Path(__file__).parents[1] / "survivors.toml"
Kind = Literal["equivalent", "survivor"]


@dataclass(frozen=True)
class Entry:
    """Mutants that survive for one reason.

    Args:
        reason: why, one sentence.
        kind: *equivalent*: they behave as the reference stack does, or break nothing that is demanded, and do not
            count; *survivor*: they count as not noticed.
        file: pattern of the file's path.
        owner: pattern of the resource or supplier.
        path: pattern of the attribute's path.
        operator: pattern of the operator.
        before: what stood there; empty for anything.
        after: what stands there instead; empty for anything.
    """

    reason: str
    kind: Kind = "equivalent"
    file: str = "*"
    owner: str = "*"
    path: str = "*"
    operator: str = "*"
    before: str = ""
    after: str = ""

    @property
    def told(self) -> str:
        """What it matches, and why, on a line."""
        patterns = {name: getattr(self, name) for name in ("file", "owner", "path", "operator", "before", "after")}
        written = ", ".join(f"{name} {value}" for name, value in patterns.items() if value not in ("", "*"))
        return f"{self.kind} with {written}: {self.reason}"

    def covers(self, mutant: Mutant) -> bool:
        """Whether a mutant is meant."""
        return (
            fnmatchcase(str(mutant.file), self.file)
            and fnmatchcase(mutant.owner, self.owner)
            and fnmatchcase(mutant.path, self.path)
            and fnmatchcase(mutant.operator, self.operator)
            and self.before in ("", mutant.before)
            and self.after in ("", mutant.after)
        )


def load(path: Path = FILE) -> tuple[Entry, ...]:
    """The entries of a file, those of mutants that do not count first.

    Raises:
        BadInput: where one has no reason, matches everything, or has keys that mean nothing.
    """
    kinds: tuple[Kind, ...] = get_args(Kind)
    known = {item.name for item in fields(Entry)} - {"kind"}
    tables = tomllib.loads(path.read_text("utf-8"))
    if tables.keys() - set(kinds):
        raise BadInput(f"{path}: tables are {' and '.join(f'[[{kind}]]' for kind in kinds)}, and no others")
    found = []
    for kind in kinds:
        for number, row in enumerate(tables.get(kind, ()), 1):
            strange = row.keys() - known
            if strange or not row.get("reason") or row.keys() == {"reason"}:
                wanted = f"needs a reason, something to match, and no {sorted(strange)}"
                raise BadInput(f"{path}: {kind} {number} {wanted}")
            found.append(Entry(kind=kind, **row))
    return tuple(found)


def entry_for(mutant: Mutant, entries: Iterable[Entry]) -> Entry | None:
    """The first entry that means a mutant; None where nothing says why it survives."""
    return next((entry for entry in entries if entry.covers(mutant)), None)
