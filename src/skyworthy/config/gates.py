"""``[gates.NAME]``: which suites a moment runs, and which verdicts stop it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skyworthy.config.tables import Toml

SUITES = ("static", "live", "smoke")
OF_A_CHANGE = ("static", "repository")
"""The suites that can judge what is not deployed."""
OUTCOMES = ("error", "fail", "unknown", "waived")
"""The verdicts that a gate may be told to be red for."""
ALWAYS_RED = ("error", "fail")
"""What no gate may let through: a finding, and what could not be looked at."""


@dataclass(frozen=True)
class GateSettings:
    """One gate.

    Args:
        suites: what it needs of every environment, in the order in which they run.
        red: the verdicts that stop it.
        listed: shell patterns of controls whose *unknown* is listed and does not stop it.
        max_age_hours: how old a result may be where the gate reads results instead of making them.
    """

    suites: tuple[str, ...] = SUITES
    red: tuple[str, ...] = ("error", "fail", "unknown")
    listed: tuple[str, ...] = ()
    max_age_hours: float = 24.0


BUILT_IN_GATES: Mapping[str, GateSettings] = {
    "pr": GateSettings(suites=OF_A_CHANGE, red=ALWAYS_RED),
    "nightly": GateSettings(suites=("live", "smoke")),
    "signoff": GateSettings(),
}


def gates_of(toml: Toml, tables: Mapping[str, Any]) -> dict[str, GateSettings]:
    """The gates under what a file says of them.

    Args:
        toml: the file, for messages.
        tables: its ``[gates.NAME]`` tables.

    Raises:
        BadInput: an unknown gate, suite or verdict, or a gate that would let findings through.
    """
    for name in tables:
        if name not in BUILT_IN_GATES:
            toml.refuse(f"unknown gate {name!r}; there are: {', '.join(BUILT_IN_GATES)}", "gates", name)
    return {name: _gate(toml, name, tables.get(name, {})) for name in BUILT_IN_GATES}


def _gate(toml: Toml, name: str, table: Any) -> GateSettings:
    where = ("gates", name)
    given = toml.build(GateSettings, table, *where)
    gate = dataclasses.replace(BUILT_IN_GATES[name], **{key: getattr(given, key) for key in table})
    judging = (*SUITES, "repository") if name == "pr" else SUITES
    for key, allowed in (("suites", judging), ("red", OUTCOMES)):
        strange = [item for item in getattr(gate, key) if item not in allowed]
        if strange:
            toml.refuse(f"{key} takes {', '.join(allowed)}, not {strange[0]!r}", *where, key)
    if not set(ALWAYS_RED) <= set(gate.red):
        toml.refuse(f"red must hold {' and '.join(ALWAYS_RED)}: a gate lets neither through", *where, "red")
    if not gate.suites:
        toml.refuse("suites is empty: a gate that looks at nothing passes nothing", *where, "suites")
    return gate
