"""Verdicts: what a control says of a resource, and how waivers and gates read it."""

import enum
import fnmatch
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from skyworthy.config import BadInput, GateSettings, Policy
from skyworthy.controls import ANY, STACK, Control, Lens, NotApplicable, Severity
from skyworthy.controls.registry import arguments_for
from skyworthy.estate import Estate, Location, Resource, Undecidable

if not __debug__:
    raise BadInput("controls are plain asserts, which `python -O` strips: run skyworthy without -O")


class Outcome(enum.StrEnum):
    """The verdicts, worst first."""

    ERROR = "error"
    FAIL = "fail"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Verdict:
    """What one control says of one resource.

    Args:
        control: the control's id.
        lens: ``declared``, ``observed`` or ``smoke``.
        root: the root module (environment or directory) whose stack was judged; addresses repeat between roots.
        address: the resource, or ``stack``.
        outcome: the verdict.
        message: for people; empty where it passed.
        location: the block in the code, where known.
        severity: of the control.
        title: of the control.
        refs: of the control.
        region: where the resource is, in an environment of several regions; else empty.
    """

    control: str
    lens: str
    root: str
    address: str
    outcome: Outcome
    message: str = ""
    location: Location | None = None
    severity: Severity = "medium"
    title: str = ""
    refs: tuple[str, ...] = ()
    region: str = ""

    @property
    def where(self) -> str:
        """The resource for people: its address, and the region where there are several."""
        return f"{self.address} ({self.region})" if self.region else self.address

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells verdicts apart and sorts them: lens, root, control, address."""
        return (self.lens, self.root, self.control, self.address)


def judge(
    control: Control,
    resource: Resource | None,
    estate: Estate,
    policy: Policy,
    *,
    root: str,
    lens: Lens | None = None,
    region: str = "",
    **more: Any,
) -> Verdict:
    """Ask one control about one resource (None: about the stack) of an estate.

    Never raises for what the control finds or cannot decide; a control that crashes gives *error* with the place.

    Args:
        control: which.
        resource: of the estate.
        estate: the side that is judged.
        policy: what is demanded of the environment.
        root: the environment, for the verdict.
        lens: for the verdict; the estate's side where not given.
        region: for the verdict.
        more: other arguments that controls may ask for, see the registry.
    """
    outcome, message = _ask(control, resource, {"estate": estate, "policy": policy, **more})
    return Verdict(
        control=control.id,
        lens=lens or estate.origin,
        root=root,
        address=resource.address if resource else STACK,
        outcome=outcome,
        message=message,
        location=resource.location if resource else None,
        severity=control.severity,
        title=control.title,
        refs=control.refs,
        region=region,
    )


def _ask(control: Control, resource: Resource | None, available: dict[str, Any]) -> tuple[Outcome, str]:
    try:
        arguments = arguments_for(control, available)
        if resource is None:
            control.function(**arguments)
        else:
            control.function(resource, **arguments)
    except Undecidable as undecidable:
        return _undecided(undecidable), undecidable.reason
    except NotApplicable as not_applicable:
        return Outcome.NOT_APPLICABLE, str(not_applicable)
    except AssertionError as finding:
        return Outcome.FAIL, _words(finding) or control.title
    except Exception as crash:  # noqa: BLE001 - one broken control must not stop the others, and is never green
        place = traceback.extract_tb(crash.__traceback__)[-1]
        return Outcome.ERROR, f"the control crashed at {place.name}:{place.lineno}: {crash!r}"
    return Outcome.PASS, ""


def _undecided(undecidable: Undecidable) -> Outcome:
    if undecidable.denied:
        return Outcome.ERROR
    return Outcome.NOT_APPLICABLE if undecidable.left_out else Outcome.UNKNOWN


def _words(finding: AssertionError) -> str:
    """The message of an assert, without what pytest's rewriting adds where the plugin is loaded."""
    words = str(finding).partition("\nassert ")[0]
    return "" if words.startswith("assert ") else words


@dataclass(frozen=True)
class Case:
    """A question to be asked: one control, one resource (None: the stack)."""

    control: Control
    resource: Resource | None

    @property
    def address(self) -> str:
        """The address that the verdict will bear."""
        return self.resource.address if self.resource else STACK


def cases(controls: Iterable[Control], estate: Estate, lens: Lens) -> Iterator[Case]:
    """Every question that a catalogue has for an estate through a lens, sorted by control and address."""
    managed = [resource for resource in estate if not resource.data]
    by_type: dict[str, list[Resource]] = {}
    for resource in managed:
        by_type.setdefault(resource.type, []).append(resource)
    for control in sorted(controls, key=lambda item: item.id):
        if lens not in control.lenses:
            continue
        if control.on == (STACK,):
            yield Case(control, None)
            continue
        judged = managed if control.on == (ANY,) else [item for name in control.on for item in by_type.get(name, ())]
        yield from (Case(control, resource) for resource in sorted(judged, key=lambda item: item.address))


def is_red(verdict: Verdict, gate: GateSettings) -> bool:
    """Whether a verdict stops a gate; an unknown that the gate lists does not."""
    if verdict.outcome is Outcome.UNKNOWN and any(fnmatch.fnmatchcase(verdict.control, item) for item in gate.listed):
        return False
    return verdict.outcome.value in gate.red


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many verdicts there are of each outcome, every outcome named, worst first."""
    found = {outcome.value: 0 for outcome in Outcome}
    for verdict in verdicts:
        found[verdict.outcome.value] += 1
    return found
