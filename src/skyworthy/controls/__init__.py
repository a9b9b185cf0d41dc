"""The catalogue: one module per service, each a list of small functions with plain asserts."""

from skyworthy.controls.registry import (
    ANY,
    STACK,
    Control,
    Lens,
    NotApplicable,
    Severity,
    catalogue,
    control,
    find_control,
    not_applicable,
)

__all__ = [
    "ANY",
    "STACK",
    "Control",
    "Lens",
    "NotApplicable",
    "Severity",
    "catalogue",
    "control",
    "find_control",
    "not_applicable",
]
