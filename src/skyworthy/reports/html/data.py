"""What the page is made of, gathered once."""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

from skyworthy.config import Environment, Settings, Waiver
from skyworthy.controls import STACK, catalogue
from skyworthy.estate import Estate, Location
from skyworthy.reports.history import Run
from skyworthy.reports.html.elements import Markup, tag
from skyworthy.reports.markdown import href
from skyworthy.reports.status import SUITES
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict

REPOSITORY = "repository"
"""The suite that judges the repository itself, which its results name in the place of an environment."""
_ANYWHERE = ("policy", "live", "drift")
"""Areas that are about a trait of many services, not about one."""
OPEN = (Outcome.ERROR, Outcome.FAIL, Outcome.UNKNOWN)


@dataclass(frozen=True)
class Finding:
    """A verdict and where it comes from.

    Args:
        verdict: the verdict.
        environment: of which environment.
        suite: of which suite.
    """

    verdict: Verdict
    environment: str
    suite: str


@dataclass(frozen=True)
class Report:
    """Everything that the page shows.

    Args:
        settings: its environments, in order, are the page's.
        results: environment -> suite -> last result.
        now: UTC; ages are told by it.
        estates: environment -> what is declared; a text says why it is not known.
        runs: of the past, the oldest first.
        waivers: of waivers.toml; a text says why they are not known.
    """

    settings: Settings
    results: Mapping[str, Mapping[str, SuiteResult]]
    now: datetime.datetime
    estates: Mapping[str, Estate | str] = field(default_factory=dict)
    runs: Sequence[Run] = ()
    waivers: tuple[Waiver, ...] | str = ()

    @property
    def environments(self) -> Mapping[str, Environment]:
        """By name, in the order of skyworthy.toml."""
        return self.settings.environments

    @property
    def names(self) -> tuple[str, ...]:
        """Of what there are results or should be: the environments, and the repository where it was judged."""
        others = sorted(name for name, suites in self.results.items() if REPOSITORY in suites)
        return (*self.environments, *(name for name in others if name not in self.environments))

    def suites(self, name: str) -> tuple[str, ...]:
        """The suites that look at an environment, or the one that looks at the repository."""
        return SUITES if name in self.environments else (REPOSITORY,)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """All verdicts of all environments and suites."""
        return tuple(
            Finding(verdict, name, suite)
            for name in self.names
            for suite in self.suites(name)
            if suite in self.results.get(name, {})
            for verdict in self.results[name][suite].verdicts
        )

    @cached_property
    def counts(self) -> Counter[tuple[str, Outcome]]:
        """(environment, verdict) -> how many."""
        return Counter((item.environment, item.verdict.outcome) for item in self.findings)

    def place(self, location: Location | None) -> Markup | None:
        """A link to a file and line."""
        if location is None:
            return None
        target = href(location, base=self.settings.directory, page=self.settings.reports)
        shown = tag("code", str(location))
        return tag("a", shown, href=target, class_="place") if target else tag("span", shown, class_="place")


def worst(counts: Mapping[Outcome, int]) -> Outcome | None:
    """The worst verdict that there is, None where there is none."""
    return next((outcome for outcome in Outcome if counts.get(outcome)), None)


def area_of(verdict: Verdict) -> str:
    """The service area of a verdict: of its control, or, where the control is of another tool, of the resource."""
    area = verdict.control.partition(".")[0]
    areas, of_type = _areas()
    if area in areas:
        return area
    type = type_of(verdict.address)
    # A type that no control is on: what stands behind the provider's name in it, sqs of aws_sqs_queue.
    return of_type.get(type) or (type.split("_")[1] if type.count("_") else STACK)


def type_of(address: str) -> str:
    """The Terraform type in an address, empty where there is none."""
    return next((part for part in address.split(".") if part.startswith("aws_")), "")


@cache
def _areas() -> tuple[frozenset[str], dict[str, str]]:
    """The areas of the catalogue, and the one that has most to say of each type."""
    found = Counter(
        (type, control.area) for control in catalogue() for type in control.on if control.area not in _ANYWHERE
    )
    # Sorted so that the last one of a type is the one with the most controls, of equals the first by name.
    ordered = sorted(found, key=lambda pair: (found[pair], [-ord(letter) for letter in pair[1]]))
    return frozenset(control.area for control in catalogue()), dict(ordered)
