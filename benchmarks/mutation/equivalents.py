"""Survivors that are no defects, each with the reason: ``benchmarks/equivalent.toml``."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path

from benchmarks.mutation.mutant import Mutant
from skyworthy.errors import BadInput

FILE = Path(__file__).parents[1] / "equivalent.toml"


@dataclass(frozen=True)
class Equivalent:
    """Mutants that behave as the reference stack does, or break nothing that is demanded.

    Args:
        reason: why, one sentence.
        file: pattern of the file's path.
        owner: pattern of the resource or supplier.
        path: pattern of the attribute's path.
        operator: pattern of the operator.
        before: what stood there; empty for anything.
        after: what stands there instead; empty for anything.
    """

    reason: str
    file: str = "*"
    owner: str = "*"
    path: str = "*"
    operator: str = "*"
    before: str = ""
    after: str = ""

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


def load(path: Path = FILE) -> tuple[Equivalent, ...]:
    """The entries of a file.

    Raises:
        BadInput: where one has no reason, matches everything, or has keys that mean nothing.
    """
    known = {item.name for item in fields(Equivalent)}
    found = []
    for number, row in enumerate(tomllib.loads(path.read_text("utf-8")).get("equivalent", ()), 1):
        strange = row.keys() - known
        if strange or not row.get("reason") or row.keys() == {"reason"}:
            raise BadInput(f"{path}: entry {number} needs a reason, something to match, and no {sorted(strange)}")
        found.append(Equivalent(**row))
    return tuple(found)


def reason_for(mutant: Mutant, entries: Iterable[Equivalent]) -> str:
    """Why a mutant is no defect; empty where nothing says so."""
    return next((entry.reason for entry in entries if entry.covers(mutant)), "")
