"""What is called when: reads in rounds, each of which reads what the pairings of the one before made known."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Resource, Unknown, Value
from skyworthy.observed.attributes import search
from skyworthy.observed.boundary import Boundary
from skyworthy.observed.calls import NoAnswer
from skyworthy.observed.found import Found, distinct
from skyworthy.observed.pairing import Gone, Pairing, Pending, Undecided
from skyworthy.observed.reading import Reader, names_in_text
from skyworthy.observed.scopes import Scopes
from skyworthy.observed.session import Session
from skyworthy.observed.tables import CollectedType, Read, Tables

WORKERS = 8
"""Calls at a time."""
_ASK_SECRETS = Unknown("secret values are read only where they are asked for")
_ASK_DETAILS = Unknown("not read: details are read only where they are asked for")
_ASK_THOROUGH = Unknown("left out: only a thorough run reads it ([live] thorough in skyworthy.toml)", left_out=True)


class Discovery:
    """Makes the reads that a stack needs.

    Args:
        session: where to look.
        pairing: takes what is found.
        reader: carries out reads.
        wanted: whether reads marked ``secret``, ``detail`` and ``thorough`` are made.
    """

    def __init__(self, session: Session, pairing: Pairing, reader: Reader, wanted: Mapping[str, bool]) -> None:
        self._session = session
        self._pairing = pairing
        self._tables = pairing.tables
        self._reader = reader
        self._wanted = wanted
        self._scopes = Scopes(pairing.tables, session)
        self._boundary = Boundary(pairing.declared, pairing)
        self._types = needed_types(pairing.tables, pairing.declared)
        self._items: dict[str, list[dict[str, object]] | Unknown] = {}
        self._waiting = list(self._needed_reads())
        self._begun: set[str] = set()

    def run(self) -> None:
        """Read and pair until nothing is left.

        Raises:
            BadInput: nothing could be seen.
        """
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="skyworthy-observe") as pool:
            while True:
                ready = [read for read in self._waiting if self._ready(read)]
                self._read(ready, pool)
                advanced = self._advance()
                more = self._rest()
                self._waiting += more
                if ready or advanced or more:
                    continue
                if self._pairing.forced:
                    break
                self._pairing.forced = True
        self._demand_sight()

    def _advance(self) -> bool:
        """Pair what can be paired; whether anything was."""
        advanced = False
        while self._pairing.advance():
            advanced = True
        return advanced

    def _rest(self) -> list[Read]:
        """The reads of all of a type, where a part of it did not show each declared resource."""
        partial = [self._types[name] for name in self._pairing.partial]
        lacking = [kind for kind in partial if kind.name in self._pairing.lacking or self._counts_more(kind)]
        self._pairing.lacking.clear()
        reads = {read.name: read for kind in lacking for read in self._chain(kind.otherwise)}
        new = [read for name, read in sorted(reads.items()) if name not in self._begun]
        self._begun |= reads.keys()
        return new

    def _counts_more(self, kind: CollectedType) -> bool:
        """Whether AWS counts more resources of a type in the stack than were found."""
        other, _, attribute = kind.counted_by.partition(".")
        found = self._pairing.found.get(kind.name)
        if not other or not self._pairing.settled(other) or not isinstance(found, list):
            return False
        counts = [item.attribute(attribute) for item in self._boundary.of_type(other)]
        return sum(count for count in counts if isinstance(count, int)) > len(found)

    def _chain(self, name: str) -> Iterable[Read]:
        """A read and those whose items it takes."""
        read: Read | None = self._tables.reads[name]
        while read is not None:
            yield read
            read = self._tables.reads[read.batch] if read.batch else None

    def _needed_reads(self) -> Iterable[Read]:
        """The reads of the needed types with what they lean on, and their details."""
        names: dict[str, Read] = {}
        for kind in self._types.values():
            names.update({read.name: read for read in self._chain(kind.read)})
            for detail in self._tables.details_of(kind.name):
                names[detail.name] = detail
        return names.values()

    def _ready(self, read: Read) -> bool:
        if read.each:
            leaned_on = self._tables.leaned_on(read)
            return self._pairing.settled(read.each) and not any(other in self._waiting for other in leaned_on)
        if read.batch:
            return read.batch in self._items
        if read.declared:
            return self._arguments(read) is not None
        return True

    def _arguments(self, read: Read) -> list[dict[str, Value]] | None:
        """The resolved attributes that a read by declared resources takes; None where it has to wait."""
        names = {name for text in read.arguments.values() for name in names_in_text(text)}
        found = []
        for resource in self._pairing.of_type(read.declared):
            try:
                given = self._given(resource, names)
            except Pending:
                if not self._pairing.forced:
                    return None
                continue
            except (Gone, Undecided):
                continue
            if names - {"account", "region", "partition"} <= given.keys():
                found.append(given)
        return found

    def _given(self, resource: Resource, names: Iterable[str]) -> dict[str, Value]:
        """The attributes of a declared resource by which it is asked for."""
        given = {
            name: self._pairing.resolved(resource.attributes[name]) for name in names if name in resource.attributes
        }
        if "name" in names and "name" not in given:
            name = self._pairing.named_by_others(resource)
            return given | ({} if name is None else {"name": name})
        return given

    def _read(self, ready: list[Read], pool: ThreadPoolExecutor) -> None:
        """Make reads beside each other, and hand their answers to the pairing."""
        self._waiting = [read for read in self._waiting if read not in ready]
        running: dict[str, Future[list[dict[str, object]] | Unknown]] = {}
        details: list[tuple[Found, Read, Future[object]]] = []
        for read in ready:
            if read.into:
                chosen = self._boundary.of_type(read.each) if self._asked(read) else []
                details += [(found, read, pool.submit(self._reader.detail, read, found)) for found in chosen]
            else:
                running[read.name] = pool.submit(_answer, self._work(read))
        for name, future in running.items():
            self._items[name] = future.result()
        for found, read, answer in details:
            found.add(read.into, answer.result())
        for kind in self._types.values():
            for name in (kind.read, kind.otherwise):
                if name in running:
                    self._pairing.add(kind.name, self._found(kind, name))
            if kind.read in running and kind.otherwise:
                self._pairing.partial.add(kind.name)

    def _asked(self, read: Read) -> bool:
        return self._left_out(read) is None

    def _left_out(self, read: Read) -> Unknown | None:
        """Why a read is not made; None where it is."""
        if read.secret and not self._wanted["secret"]:
            return _ASK_SECRETS
        if read.detail and not self._wanted["detail"]:
            return _ASK_DETAILS
        return _ASK_THOROUGH if read.thorough and not self._wanted["thorough"] else None

    def _work(self, read: Read) -> Callable[[], list[dict[str, object]] | Unknown]:
        left_out = self._left_out(read)
        if left_out is not None:
            return lambda: left_out
        if read.each:
            failed = self._pairing.found.get(read.each)
            if isinstance(failed, Unknown):
                return lambda: failed
            parents = self._boundary.of_type(read.each)
            return lambda: self._reader.each(read, parents)
        if read.batch:
            items = self._items[read.batch]
            if isinstance(items, Unknown):
                return lambda: items
            return lambda: self._reader.batch(read, items)
        if read.declared:
            arguments = self._arguments(read) or []
            return lambda: self._reader.declared(read, arguments)
        return lambda: self._reader.root(read)

    def _found(self, kind: CollectedType, name: str) -> list[Found] | Unknown:
        items = self._items[name]
        if isinstance(items, Unknown):
            return items
        read = self._tables.reads[name]
        scope = self._scopes.record(kind)
        blank = {
            detail.into: left_out
            for detail in self._tables.details_of(kind.name)
            if (left_out := self._left_out(detail)) is not None
        }
        source = f"{read.service}:{read.operation}"
        return distinct(
            Found(kind, {**record, **blank}, scope, source) for item in items for record in _records(kind, item)
        )

    def _demand_sight(self) -> None:
        """Raise where not one declared resource could be looked for."""
        declared = (item for item in self._pairing.declared if not item.data and item.type in self._types)
        outcomes = [self._pairing.outcomes.get(item.address) for item in declared]
        failures = {outcome.reason for outcome in outcomes if isinstance(outcome, Unknown) and outcome.denied}
        if failures and all(isinstance(outcome, Unknown) and outcome.denied for outcome in outcomes):
            first, *others = sorted(failures)
            more = f" (and {len(others)} more like it)" if others else ""
            raise BadInput(f"{self._session.place}: nothing of the stack could be read: {first}{more}")


def needed_types(chosen: Tables, declared: Estate) -> dict[str, CollectedType]:
    """The collectors that a stack needs: of its types, of types that go with them, of what those are read through."""
    there = {resource.type for resource in declared if not resource.data or resource.type in chosen.types}
    names = {name for name, kind in chosen.types.items() if name in there or there & set(kind.also)}
    waiting = list(names)
    while waiting:
        read: Read | None = chosen.reads[chosen.types[waiting.pop()].read]
        while read is not None:
            if read.each and read.each not in names:
                names.add(read.each)
                waiting.append(read.each)
            read = chosen.reads[read.batch] if read.batch else None
    return {name: kind for name, kind in chosen.types.items() if name in names}


def _answer(work: Callable[[], list[dict[str, object]] | Unknown]) -> list[dict[str, object]] | Unknown:
    try:
        return work()
    except NoAnswer as error:
        return error.unknown


def _records(kind: CollectedType, item: dict[str, object]) -> list[dict[str, object]]:
    if kind.records == "@":
        return [dict(item)]
    found = search(kind.records, item) or []
    return [
        dict(record) if "Account" in record else {**record, "Account": item["Account"], "Parent": item}
        for record in found
    ]
