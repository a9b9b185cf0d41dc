"""What skyworthy must cover, and what covers each line of it."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from skyworthy.controls.registry import Control, catalogue

FIXTURES = Path("tests/unit/fixtures/controls")
"""Where the examples of the controls are, below the repository."""


@dataclass(frozen=True)
class Requirement:
    """One line of the requirements.

    Attributes:
        id: `ALM-11`.
        must: what must hold, in one sentence.
        by: what covers it beside controls: commands, make targets, files of the repository.
        controls: those whose refs name it.
    """

    id: str
    must: str
    by: tuple[str, ...]
    controls: tuple[Control, ...]

    @property
    def lenses(self) -> tuple[str, ...]:
        """The sides that its controls judge, in the catalogue's order, each once."""
        return tuple(dict.fromkeys(lens for control in self.controls for lens in control.lenses))

    def examples(self, repository: Path) -> int:
        """How many Terraform examples hold its controls to their verdicts."""
        return sum(len(list((repository / FIXTURES / control.id).glob("*.tf"))) for control in self.controls)

    def gaps(self, repository: Path, has_command: Callable[[str], bool]) -> list[str]:
        """What stands between this line and being covered; empty where it is.

        Args:
            repository: folder of skyworthy's own sources.
            has_command: whether the command line has a command of that name (`sandbox up`).
        """
        if not self.controls and not self.by:
            return ["nothing covers it"]
        return [f"{each} does not exist" for each in self.by if not _exists(each, repository, has_command)]


@cache
def requirements() -> tuple[Requirement, ...]:
    """Every line, in the order of `requirements.toml`."""
    lines = tomllib.loads((files("skyworthy.controls") / "requirements.toml").read_text("utf-8"))
    return tuple(
        Requirement(
            id, line["must"], tuple(line.get("by", ())), tuple(each for each in catalogue() if id in each.requirements)
        )
        for id, line in lines.items()
    )


def strangers() -> list[str]:
    """References of controls to lines that are not there: `<control> names <id>`."""
    known = {line.id for line in requirements()}
    return [f"{each.id} names {id}" for each in catalogue() for id in each.requirements if id not in known]


def _exists(covering: str, repository: Path, has_command: Callable[[str], bool]) -> bool:
    program, _, rest = covering.partition(" ")
    if program == "skyworthy":
        return has_command(rest)
    if program == "make":
        makefile = repository / "Makefile"
        return makefile.exists() and any(line.startswith(f"{rest}:") for line in makefile.read_text().splitlines())
    return (repository / covering).exists()
