"""What a check before a deployment says."""

from dataclasses import dataclass
from typing import Literal

Word = Literal["pass", "fail", "unknown"]


@dataclass(frozen=True)
class Check:
    """One check.

    Args:
        category: one of nine.
        name: of what was looked at.
        outcome: *unknown* where it cannot be told; that is no pass.
        detail: what was found.
        next_step: what to do; empty where it passes.
    """

    category: str
    name: str
    outcome: Word
    detail: str
    next_step: str = ""


def passed(category: str, name: str, detail: str) -> Check:
    """A check that passes."""
    return Check(category, name, "pass", detail)


def failed(category: str, name: str, detail: str, next_step: str) -> Check:
    """A check that fails."""
    return Check(category, name, "fail", detail, next_step)


def unknown(category: str, name: str, detail: str, next_step: str) -> Check:
    """A check that could not be made."""
    return Check(category, name, "unknown", detail, next_step)
