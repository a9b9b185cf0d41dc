"""Reading what an account holds of a stack, and telling it."""

import dataclasses
import time
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from skyworthy.estate import Estate, Note, Resource, Unknown
from skyworthy.observed.boundary import Boundary
from skyworthy.observed.calls import Caller
from skyworthy.observed.discovery import Discovery
from skyworthy.observed.found import Found
from skyworthy.observed.metrics import Metrics
from skyworthy.observed.pairing import Missing, Pairing, account_attributes
from skyworthy.observed.reading import Reader
from skyworthy.observed.session import Session
from skyworthy.observed.tables import Tables, tables

DEADLINE_SECONDS = 120.0
"""How long the reading of an account may take in all."""


@dataclass(frozen=True)
class Observation:
    """What an account holds of a stack.

    Args:
        estate: the stack's resources as they are, at their declared addresses; also those inside its boundary that the
            code does not know. A declared resource that could not be read or told apart stands in it with nothing but
            the reason.
        missing: declared resources that are not there.
        unmanaged: resources inside the stack's boundary that the code does not know.
        undecided: declared resources of which it cannot be told whether they are there, and why.
        calls: ``service:Operation`` -> number of calls.
        call_seconds: ``service:Operation`` -> seconds that its calls took together.
        retries: ``service:Operation`` -> attempts after the first, where there were any.
        seconds: it took.
        account: twelve digits.
        region: where it looked.
        notes: what was not observed.
        unread_in: region -> type -> why none of it could be listed there, where several regions were looked in.
    """

    estate: Estate
    missing: tuple[Resource, ...] = ()
    unmanaged: tuple[Resource, ...] = ()
    undecided: Mapping[str, Unknown] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)
    call_seconds: Mapping[str, float] = field(default_factory=dict)
    retries: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    account: str = ""
    region: str = ""
    notes: tuple[str, ...] = ()
    unread_in: Mapping[str, Mapping[str, Unknown]] = field(default_factory=dict)


def observe(
    session: Session,
    declared: Estate,
    *,
    with_secrets: bool = False,
    with_details: bool = False,
    thorough: bool = False,
    idle: str = "",
    deadline: float = DEADLINE_SECONDS,
    collectors: Tables | None = None,
    beside: Estate | None = None,
) -> Observation:
    """Read what an account holds of a stack in the region of a session.

    Args:
        session: where to look.
        declared: what to look for.
        with_secrets: read the values of secrets too, of which only digests are kept.
        with_details: make the calls too that tell what no control asks for (``detail`` in the tables).
        thorough: make the calls too that would be too many for an ordinary run (``thorough`` in the tables).
        idle: why nothing runs there that would measure or log anything, so that no metrics are asked for; empty: they
            are.
        deadline: seconds after which nothing more is called; what was not read by then is unknown.
        collectors: other tables than those of the package.
        beside: what was observed of the stack in other regions, which may be referred to.

    Raises:
        BadInput: no credentials, nothing answers, or nothing at all could be seen.
    """
    started = time.monotonic()
    before = session.calls.calls()
    identity = session.identity()
    chosen = collectors or tables()
    pairing = Pairing(declared, chosen, identity, beside)
    caller = Caller(session, started + deadline)
    wanted = {"secret": with_secrets, "detail": with_details, "thorough": thorough}
    with session.until(started + deadline):
        Discovery(session, pairing, Reader(caller, identity), wanted).run()
        Metrics(chosen, Boundary(declared, pairing), caller).read(idle)
    made = session.calls.calls().since(before)
    return dataclasses.replace(
        _told(pairing, declared),
        calls=made.counts,
        call_seconds=made.seconds,
        retries=made.retries,
        seconds=time.monotonic() - started,
        account=identity.account,
        region=identity.region,
    )


def _told(pairing: Pairing, declared: Estate) -> Observation:
    """The outcome of a finished pairing."""
    resources: list[Resource] = []
    missing: list[Resource] = []
    undecided: dict[str, Unknown] = {}
    for resource in declared:
        outcome = pairing.outcomes.get(resource.address)
        if isinstance(outcome, Found):
            resources.append(outcome.resource())
        elif resource.data:
            resources += _of_account(resource, pairing)
        elif isinstance(outcome, Missing):
            missing.append(resource)
        elif isinstance(outcome, Unknown):
            undecided[resource.address] = outcome
            resources.append(_blank(resource, outcome))
    known = {resource.type for resource in declared}
    unread = {
        name: found
        for name, found in pairing.found.items()
        if isinstance(found, Unknown) and (name in known or not found.left_out)
    }
    unknown = [found.resource() for found in Boundary(declared, pairing).unmanaged()]
    doubtful = {resource.type for resource in declared if resource.address in undecided}
    unmanaged = [resource for resource in unknown if resource.type not in doubtful]
    notes = _notes(pairing, declared, undecided, unread) + _doubts(unknown, doubtful)
    estate = Estate(
        (*resources, *unknown),
        origin="observed",
        name=declared.name,
        notes=tuple(Note(text) for text in notes),
        unread=unread,
        unmanaged=tuple(unmanaged),
    )
    told = {name: why for name, why in undecided.items() if not why.denied and not why.left_out}
    return Observation(estate, tuple(missing), tuple(unmanaged), told, notes=notes)


def _doubts(unknown: Iterable[Resource], doubtful: Container[str]) -> tuple[str, ...]:
    """What may be a declared resource that could not be told apart, and so is not reported as unmanaged."""
    names = sorted(resource.address for resource in unknown if resource.type in doubtful)
    return tuple(f"{name}: in the account, may be one that could not be told apart" for name in names)


def _blank(resource: Resource, why: Unknown) -> Resource:
    return Resource(resource.address, resource.type, {}, resource.location, lifecycle=resource.lifecycle, blank=why)


def _of_account(resource: Resource, pairing: Pairing) -> list[Resource]:
    """A data source of the account itself."""
    attributes = account_attributes(pairing.identity).get(resource.type)
    if attributes is None:
        return []
    return [Resource(resource.address, resource.type, attributes, resource.location, data=True)]


def _notes(
    pairing: Pairing, declared: Estate, undecided: Mapping[str, Unknown], unread: Mapping[str, Unknown]
) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for resource in declared:
        if not resource.data and resource.type not in pairing.tables.types:
            counts[resource.type] = counts.get(resource.type, 0) + 1
    notes = [f"not observed: {name} ({count})" for name, count in sorted(counts.items())]
    notes += [f"could not be read: {name}: {why.reason}" for name, why in sorted(unread.items()) if not why.left_out]
    told = {address: why for address, why in undecided.items() if not why.denied and not why.left_out}
    notes += [f"{address}: {why.reason}" for address, why in sorted(told.items())]
    return tuple(notes)
