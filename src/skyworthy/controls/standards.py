"""The rules of standards: which controls answer to each, and why a rule is not taken."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from skyworthy.controls.registry import Control, catalogue

STANDARDS = {"FSBP": "AWS Security Hub", "CIS": "CIS AWS Foundations Benchmark 3.0", "checkov": "checkov"}
"""What begins the ids of a standard's rules -> its name; those of checkov begin with CKV."""
_REQUIREMENT = "REQ "


@dataclass(frozen=True)
class Rule:
    """One rule of a standard.

    Attributes:
        id: as controls refer to it: `FSBP RDS.3`, `CIS 2.3.1`, `CKV_AWS_16`.
        controls: those that answer to it.
        reason: why it is not taken; empty where it is.
        retired: when the standard took it back, and in favour of what; empty where it did not.
    """

    id: str
    controls: tuple[Control, ...]
    reason: str
    retired: str

    @property
    def standard(self) -> str:
        """One of STANDARDS."""
        return self.id.partition(" ")[0] if " " in self.id else "checkov"

    @property
    def name(self) -> str:
        """What the standard itself calls it: `RDS.3`."""
        return self.id.rpartition(" ")[2]


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule that is asked for, that a control names, or that is not taken; by standard and number."""
    lines = tomllib.loads((files("skyworthy.controls") / "standards.toml").read_text("utf-8"))
    reasons: dict[str, str] = lines["not_taken"]
    ids = {f"{standard} {id}".removeprefix("checkov ") for standard, asked in lines["asked"].items() for id in asked}
    ids |= {ref for control in catalogue() for ref in control.refs if not ref.startswith(_REQUIREMENT)}
    made = [
        Rule(id, answering(id), reasons.get(id, ""), lines["retired"].get(id, ""))
        for id in ids | reasons.keys() | lines["retired"].keys()
    ]
    return tuple(sorted(made, key=lambda rule: ([*STANDARDS].index(rule.standard), _numbered(rule.name))))


def answering(reference: str) -> tuple[Control, ...]:
    """The controls that answer to ``SEC-2``, ``FSBP RDS.3``, ``RDS.3`` or ``CKV_AWS_16``, in any case."""
    return tuple(each for each in catalogue() if any(_is_meant(ref, reference) for ref in each.refs))


def find_rule(reference: str) -> Rule | None:
    """The rule of an id or name, in any case; None for what no standard asks for."""
    return next((rule for rule in rules() if _is_meant(rule.id, reference)), None)


def contradictions() -> list[str]:
    """Rules with neither control nor reason, and those with both."""
    found = [f"{rule.id} has neither control nor reason" for rule in rules() if not rule.controls and not rule.reason]
    both = (rule for rule in rules() if rule.controls and rule.reason)
    return found + [f"{rule.id} is not taken, and {rule.controls[0].id} answers to it" for rule in both]


def beyond() -> tuple[Control, ...]:
    """The controls that no standard asks for."""
    return tuple(each for each in catalogue() if all(ref.startswith(_REQUIREMENT) for ref in each.refs))


def _is_meant(id: str, reference: str) -> bool:
    asked = reference.removeprefix("checkov.").casefold()
    return asked in (id.casefold(), id.casefold().partition(" ")[2])


def _numbered(name: str) -> list[tuple[int, str]]:
    """A name in parts that sort as people count."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
