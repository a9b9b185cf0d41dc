"""States of other root modules that a root module reads: replaced in the copy by states of placeholders."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from skyworthy.declared.hcl import Block
from skyworthy.declared.sources import ModuleSource
from skyworthy.errors import BadInput
from skyworthy.estate import Value
from skyworthy.sandbox.terraform.adaptation import OVERRIDE, in_copy
from skyworthy.sandbox.terraform.placeholders import Candidates, strings

_TYPE = "terraform_remote_state"
_LIST = re.compile(r"(ids|arns|subnets|cidrs|cidr_blocks|azs|zones|groups|names|list)$")
_FORMAT = 4
"""Version of Terraform's state files."""


@dataclass(frozen=True)
class _RemoteState:
    block: Block
    source: ModuleSource
    outputs: tuple[str, ...]
    indexed: frozenset[str]

    def __str__(self) -> str:
        names = ", ".join(self.outputs) or "nothing"
        return f"{self.block.file}:{self.block.line}: data.{_TYPE}.{self.block.labels[1]}, of which it reads {names}"


def replace(
    sources: Sequence[ModuleSource], root: Path, copied: Path, home: Path, guess: Candidates | None
) -> list[str]:
    """Let every remote state be read from a file of placeholders.

    Args:
        sources: the root module and those that it reaches.
        root: the user's root module.
        copied: its copy, which gets override files.
        home: folder for the states.
        guess: strings for names; None where placeholders are not wanted.

    Returns:
        One line for each state.

    Raises:
        BadInput: there are remote states, and placeholders are not wanted.
    """
    found = [state for source in sources for state in _states(source)]
    if found and guess is None:
        listed = "\n".join(f"- {state}" for state in found)
        raise BadInput(
            f"{root} reads states of other root modules, which the sandbox does not have:\n{listed}\n"
            "--fill makes placeholders for their outputs"
        )
    notes = []
    for number, state in enumerate(found):
        if guess is not None:
            outputs = {name: _value(name, name in state.indexed, guess) for name in state.outputs}
            file = home / f"remote-{number}.tfstate"
            file.write_text(json.dumps(_document(outputs), indent=2))
            with (in_copy(state.source.directory, root, copied) / OVERRIDE).open("a") as override:
                override.write(_override(state.block, file))
            notes.append(f"filled: {state}: {json.dumps(outputs)}")
    return notes


def _states(source: ModuleSource) -> Iterator[_RemoteState]:
    text = "\n".join(path.read_text() for path in source.files)
    for block in source.of("data"):
        if block.labels[0] == _TYPE:
            prefix = rf"data\.{_TYPE}\.{re.escape(block.labels[1])}(?:\[[^\]]*\])?\.outputs"
            uses = re.findall(rf'{prefix}(?:\.([\w-]+)|\["([\w-]+)"\])(\[)?', text)
            names = dict.fromkeys(first or second for first, second, _ in uses)
            indexed = frozenset(first or second for first, second, bracket in uses if bracket)
            yield _RemoteState(block, source, tuple(names), indexed)


def _value(name: str, indexed: bool, guess: Candidates) -> Value:
    fitting = strings(name, guess)
    if indexed or _LIST.search(name.lower()):
        several = list(guess(name))
        return several[:2] if len(several) > 1 else fitting[:1]
    return fitting[0]


def _document(outputs: dict[str, Value]) -> dict[str, object]:
    typed = {
        name: {"value": value, "type": ["tuple", ["string"] * len(value)] if isinstance(value, list) else "string"}
        for name, value in outputs.items()
    }
    return {"version": _FORMAT, "terraform_version": "1.0.0", "serial": 1, "lineage": "", "outputs": typed}


def _override(block: Block, file: Path) -> str:
    lines = ['  backend = "local"', f"  config = {{ path = {json.dumps(str(file))} }}"]
    lines += ["  workspace = null"] if "workspace" in block.body.attributes else []
    return "\n".join([f'data "{_TYPE}" "{block.labels[1]}" {{', *lines, "}\n"])
