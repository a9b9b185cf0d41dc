"""Injects every fault into a replayed sandbox and writes ``docs/faults.md``: what the live suite says to each.

    python tools/faults_page.py

Tests import it too: ``tests/conformance/test_faults.py`` runs the same and compares the page.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from skyworthy.config import Settings, load_settings
from skyworthy.config.settings import LiveSettings
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Resource
from skyworthy.observed import Session
from skyworthy.sandbox import cassette, faults, server
from skyworthy.sandbox.faults.registry import Fault, Hit
from skyworthy.sandbox.server import Sandbox
from skyworthy.suites import live
from skyworthy.suites.account import Account, cassette_of
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import Outcome, Verdict

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "faults.md"
RED = frozenset({Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN})
"""What the nightly gate is red for."""
ELSEWHERE = {
    "alb-deletion-protection-off": "production",
    "config-rule-deleted": "account",
    "db-deletion-protection-off": "production",
    "db-multi-az-off": "production",
    "delivery-channel-deleted": "account",
    "detector-deleted": "account",
    "detector-disabled": "account",
    "recorder-narrowed": "account",
    "recorder-stopped": "account",
    "redis-backups-off": "production",
    "redis-failover-off": "production",
    "trail-bucket-public": "account",
    "trail-bucket-refuses": "account",
    "trail-cloudwatch-off": "account",
    "trail-deleted": "account",
    "trail-files-expire-early": "account",
    "trail-key-removed": "account",
    "trail-management-events-left-out": "account",
    "trail-single-region": "account",
    "trail-stopped": "account",
    "trail-validation-off": "account",
}
"""The environment of the faults for which staging has nothing to lose."""
WITHSTOOD = {
    "slow": "an answer that comes later is an answer",
    "throttled-briefly": "the session tries again",
}
"""Faults that the suite must get over without a word."""
NOT_SEEN_YET: dict[str, str] = {}
"""Faults that the live suite does not see, and what it lacks. One that becomes visible turns the test red."""


@dataclass(frozen=True)
class Row:
    """What the live suite said to a fault.

    Args:
        fault: which.
        hit: the resource, as the suite calls it; empty for a transport fault.
        red: verdicts that were not red before.
        named: those of them that name the resource.
        refused: why the suite could not look at all.
        healed: whether every verdict was as before afterwards.
    """

    fault: Fault
    hit: str
    red: tuple[Verdict, ...]
    named: tuple[Verdict, ...]
    refused: str
    healed: bool

    @property
    def seen(self) -> bool:
        """Whether the suite was red and, where a resource was hit, named it."""
        return bool(self.refused or self.named)

    @property
    def detected_by(self) -> str:
        """For the page: the controls that named the resource."""
        if self.refused:
            return "the suite says that it cannot look at all"
        counts: dict[str, int] = {}
        for verdict in self.named:
            counts[verdict.control] = counts.get(verdict.control, 0) + 1
        if self.fault.transport and "live.exists" in counts:
            return "`live.exists`, and every control that needs the answer"
        shown = sorted(counts, key=lambda control: (-counts[control], control))[:4]
        return ", ".join(f"`{control}`" for control in shown) + (" and others" if len(counts) > len(shown) else "")


class _Stage(Stage):
    """A stage whose Terraform was read before, and whose clients were made before."""

    def __init__(self, settings: Settings, name: str, declared: Estate, account: Account) -> None:
        super().__init__(settings, settings.environment(name), Options())
        self.__dict__.update(declared=declared, account=account)


class Bench:
    """A replayed sandbox of an environment into which one fault after the other is injected."""

    def __init__(self, settings: Settings, name: str, sandbox: Sandbox) -> None:
        self._settings, self._name = settings, name
        self.sandbox = sandbox
        self._declared = Stage(settings, settings.environment(name), Options()).declared
        session = Session(region=sandbox.region, endpoint_url=sandbox.url, target="sandbox")
        self._account = Account(session, sandbox, "for the faults", lambda _: session)
        self.before = self.look()
        with self._stage() as stage:
            self._estate = stage.observation.estate

    def _stage(self) -> Stage:
        return _Stage(self._settings, self._name, self._declared, self._account)

    def look(self) -> tuple[Verdict, ...]:
        """The verdicts of the live suite now."""
        with self._stage() as stage:
            return live.run(stage).verdicts

    def try_(self, fault: Fault) -> Row:
        """Inject, look, heal, look."""
        refused = ""
        red: tuple[Verdict, ...] = ()
        hit = faults.inject_fault(self.sandbox, fault.id).hit
        try:
            known = {item.key for item in self.before if item.outcome in RED}
            red = tuple(item for item in self.look() if item.outcome in RED and item.key not in known)
        except BadInput as error:
            refused = str(error)
        finally:
            faults.heal(self.sandbox)
        healed = _told(self.look()) == _told(self.before)
        names = self._names(hit) if hit else ()
        named = tuple(item for item in red if not hit or _names_it(item, names))
        return Row(fault, names[0] if names else "", red, named, refused, healed)

    def _names(self, hit: Hit) -> tuple[str, ...]:
        """What a resource is called: its address where the code knows it, and its identifier."""
        there = self._estate.find(hit.identifier, hit.type) or self._belonging(hit)
        return (
            (there.address, hit.identifier) if there is not None else (f"{hit.type} {hit.identifier}", hit.identifier)
        )

    def _belonging(self, hit: Hit) -> Resource | None:
        """The resource that is known by what it belongs to: the policy of a bucket, the route of a table."""
        parts = hit.identifier.split("_") if hit.type == "aws_route" else [hit.identifier]
        of_type = [item for item in self._estate if item.type == hit.type]
        found = [item for item in of_type if all(part in item.attributes.values() for part in parts)]
        return found[0] if len(found) == 1 else None


def _told(verdicts: Iterable[Verdict]) -> list[tuple[object, ...]]:
    return [(*item.key, item.outcome, item.message) for item in verdicts]


def _names_it(verdict: Verdict, names: tuple[str, ...]) -> bool:
    return verdict.address in names or any(name in verdict.message for name in names)


@contextmanager
def bench(name: str) -> Iterator[Bench]:
    """A bench with a freshly replayed sandbox of an environment."""
    settings = replace(load_settings(ROOT), live=LiveSettings(thorough=True))
    with server.running(name) as started:
        cassette.replay(cassette.load(cassette_of(settings, settings.environment(name))), started)
        yield Bench(settings, name, started)


def environment_of(fault: Fault) -> str:
    """The environment in which a fault is tried."""
    return ELSEWHERE.get(fault.id, "staging")


def rows(chosen: Iterable[Fault]) -> Iterator[Row]:
    """Try faults, each environment in a sandbox of its own."""
    by_environment: dict[str, list[Fault]] = {}
    for fault in chosen:
        by_environment.setdefault(environment_of(fault), []).append(fault)
    for name, group in by_environment.items():
        with bench(name) as opened:
            for fault in group:
                yield opened.try_(fault)


def share(found: Iterable[Row]) -> str:
    """How many of the faults that should be seen are seen."""
    asked = [row for row in found if row.fault.id not in WITHSTOOD]
    seen = sum(row.seen for row in asked)
    return f"{seen} of {len(asked)} faults ({100 * seen // len(asked)} %)"


_HEAD = """# Faults

<!-- Written by tools/faults_page.py; tests/conformance/test_faults.py compares it. -->

`skyworthy sandbox fault inject ID` breaks the stack in a running sandbox, `skyworthy sandbox heal` puts the account
back as it was. Each fault below was injected into a sandbox of the reference stack, looked at by the live suite
(`[live] thorough`), and healed; afterwards every verdict was as before.

The live suite is red and names the resource for {share}. {withstood}
"""
_AREAS = {
    "SEC": "Secrets",
    "IAM": "Permissions",
    "ALM": "Monitoring",
    "NET": "Network",
    "DAT": "Data",
    "LIV": "What runs",
    "REF": "The reference stack",
}


def page(found: Iterable[Row]) -> str:
    """The Markdown page."""
    all_rows = sorted(found, key=lambda row: row.fault.id)
    withstood = ", ".join(f"`{id}` ({why})" for id, why in sorted(WITHSTOOD.items()))
    parts = [_HEAD.format(share=share(all_rows), withstood=f"It gets over {withstood}.")]
    named = [row for row in all_rows if not row.fault.transport]
    for area, title in _AREAS.items():
        parts.append(_table(f"{title} ({area})", [row for row in named if row.fault.area == area]))
    parts.append(_table("On the way to AWS", [row for row in all_rows if row.fault.transport]))
    unseen = [f"- `{id}`: {why}" for id, why in sorted(NOT_SEEN_YET.items())]
    parts.append("\n".join(["## Not seen yet", "", *(unseen or ["Nothing."])]) + "\n")
    return "\n".join(parts)


def _table(title: str, found: list[Row]) -> str:
    lines = [f"## {title}", "", "| fault | what is broken | should notice | detected by |", "|---|---|---|---|"]
    for row in found:
        detected = row.detected_by or ("withstood" if row.fault.id in WITHSTOOD else "**not seen yet**")
        lines.append(f"| `{row.fault.id}` | {row.fault.title} | {', '.join(row.fault.refs)} | {detected} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, and tell what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", help="ids; tells what is seen of these and writes nothing")
    options = parser.parse_args()
    catalogue = faults.catalogue()
    found = []
    for row in rows(item for item in catalogue if not options.only or item.id in options.only):
        found.append(row)
        mark = "seen" if row.seen else "NOT SEEN"
        sys.stdout.write(f"{row.fault.id}: {mark}{'' if row.healed else ', NOT HEALED'}: {row.detected_by}\n")
        if not row.seen:
            others = sorted({f"{item.control} {item.address}: {item.message}" for item in row.red})
            sys.stdout.write(f"    hit {row.hit}; red: {others[:5]}\n")
        sys.stdout.flush()
    sys.stdout.write(f"seen: {share(found)}\n")
    if not options.only:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(found), "utf-8")


if __name__ == "__main__":
    main()
