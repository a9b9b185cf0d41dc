"""Waivers: findings that somebody answers for until a date (waivers.toml)."""

import datetime
import fnmatch
from dataclasses import dataclass
from pathlib import Path

from skyworthy.config.tables import Toml

WAIVERS_FILE = "waivers.toml"
LONGEST = datetime.timedelta(days=180)


@dataclass(frozen=True)
class Waiver:
    """One ``[[waiver]]`` table.

    Args:
        control: id or shell pattern of the controls, ``rds.multi-az``, ``checkov.CKV_AWS_338``.
        resource: shell pattern of addresses, ``module.rds.*``.
        environment: shell patterns of environments, with commas between them, ``production, staging``.
        owner: the team that answers for it.
        reason: why it is accepted.
        expires: last day on which it holds.
    """

    control: str
    resource: str
    owner: str
    reason: str
    expires: datetime.date
    environment: str = "*"

    def covers(self, control: str, environment: str, address: str) -> bool:
        """Whether it speaks of this control, environment and address."""
        return (
            self.covers_control(control) and self.covers_environment(environment) and _matches(self.resource, address)
        )

    def covers_control(self, control: str) -> bool:
        """Whether it speaks of this control."""
        return _matches(self.control, control)

    def covers_environment(self, environment: str) -> bool:
        """Whether it speaks of this environment."""
        return any(_matches(pattern.strip(), environment) for pattern in self.environment.split(","))

    def expired(self, today: datetime.date) -> bool:
        """Whether its last day is past."""
        return today > self.expires


def _matches(pattern: str, text: str) -> bool:
    """A shell pattern in which only ``*`` and ``?`` are special: addresses hold brackets of their own."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def load_waivers(path: Path, today: datetime.date) -> tuple[Waiver, ...]:
    """The waivers of a file, none where there is no such file.

    Args:
        path: the file.
        today: a waiver may expire at most 180 days ahead of it.

    Raises:
        BadInput: a malformed file, an empty owner or reason, an expiry too far ahead.
    """
    if not path.exists():
        return ()
    toml = Toml(path)
    tables = toml.data.get("waiver", [])
    if not isinstance(tables, list) or set(toml.data) - {"waiver"}:
        toml.refuse("it holds [[waiver]] tables and nothing else", *sorted(set(toml.data) - {"waiver"})[:1])
    made = []
    for number, table in enumerate(tables, 1):
        waiver: Waiver = toml.build(Waiver, table, "waiver")
        if not waiver.owner.strip() or not waiver.reason.strip():
            toml.refuse(f"waiver {number} ({waiver.control}) needs an owner and a reason", "waiver")
        if waiver.expires - today > LONGEST:
            toml.refuse(
                f"waiver {number} ({waiver.control}) expires more than 180 days ahead: {waiver.expires}", "waiver"
            )
        made.append(waiver)
    return tuple(made)
