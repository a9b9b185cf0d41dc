"""Carrying out reads: arguments, batches, fan-out, and what becomes of their answers."""

import string
from collections.abc import Iterable, Mapping
from typing import Any

import jmespath  # type: ignore[import-untyped]

from skyworthy.estate import Unknown, Value
from skyworthy.observed.calls import Caller, NoAnswer, items_of
from skyworthy.observed.eventually import eventually
from skyworthy.observed.found import Found
from skyworthy.observed.model import names_in
from skyworthy.observed.session import Identity
from skyworthy.observed.tables import Read


class _Filler(string.Formatter):
    """Fills ``{name}``; ``{url!h}`` leaves out the scheme."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion == "h":
            return str(value).partition("://")[2] or str(value)
        return super().convert_field(value, conversion)


_FILLER = _Filler()


def names_in_text(text: str) -> tuple[str, ...]:
    """The names that a text with ``{name}`` asks for."""
    return tuple(name for _, name, _, _ in _FILLER.parse(text) if name)


class Reader:
    """Carries out reads.

    Args:
        caller: makes the calls.
        identity: whose account it is.
    """

    def __init__(self, caller: Caller, identity: Identity) -> None:
        self._caller = caller
        self.account = {"Id": identity.account, "Region": identity.region, "Partition": identity.partition}
        self._names = {"account": identity.account, "region": identity.region, "partition": identity.partition}

    def root(self, read: Read) -> list[dict[str, Any]]:
        """The items of a read that is called once.

        Raises:
            NoAnswer: there was none.
        """
        return self._items(read, self._constants(read), None)

    def each(self, read: Read, parents: Iterable[Found]) -> list[dict[str, Any]]:
        """The items of a read that is called for each of several found resources.

        Raises:
            NoAnswer: one of the calls gave no answer.
        """
        return [
            item for parent in parents for item in self._items(read, self._of_item(read, parent.record), parent.record)
        ]

    def declared(self, read: Read, resources: Iterable[Mapping[str, Value]]) -> list[dict[str, Any]]:
        """The items of a read that is called for each of several declared resources, given by resolved attributes.

        Raises:
            NoAnswer: one of the calls gave no answer.
        """
        filled = [
            {name: _FILLER.vformat(text, (), {**self._names, **attributes}) for name, text in read.arguments.items()}
            for attributes in resources
        ]
        return [
            item
            for arguments in self._together(read, filled)
            for item in self._items(read, self._listed(read, self._constants(read) | arguments), None)
        ]

    def _together(self, read: Read, filled: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Arguments that differ in nothing but the batch parameter, as one."""
        if not read.batch_parameter:
            return filled
        groups: dict[str, tuple[dict[str, Any], list[Any]]] = {}
        for arguments in filled:
            value = arguments.pop(read.batch_parameter)
            groups.setdefault(repr(sorted(arguments.items())), (arguments, []))[1].append(value)
        return [
            {**arguments, read.batch_parameter: values[start : start + read.size]}
            for arguments, values in groups.values()
            for start in range(0, len(values), read.size)
        ]

    def batch(self, read: Read, items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The items of a read that takes another read's items, several at once where it has a parameter for them.

        Raises:
            NoAnswer: one of the calls gave no answer.
        """
        if not read.batch_parameter:
            return [found for item in items for found in self._items(read, self._of_item(read, item), item)]
        groups: dict[str, tuple[dict[str, Any], Any, list[Any]]] = {}
        for item in items:
            arguments = self._of_item(read, item)
            group = groups.setdefault(repr(sorted(arguments.items())), (arguments, item, []))
            group[2].append(jmespath.search(read.batch_value, item))
        found: list[dict[str, Any]] = []
        for arguments, parent, values in groups.values():
            for start in range(0, len(values), read.size):
                some = {**arguments, read.batch_parameter: values[start : start + read.size]}
                found += self._items(read, some, parent)
        return found

    def detail(self, read: Read, parent: Found) -> Any:
        """The answer that belongs to a found resource: data, None where there is none, Unknown where it failed."""
        if read.batch_parameter:
            return self._several(read, parent)
        try:
            pages = self._settled(read, self._of_item(read, parent.record))
        except NoAnswer as error:
            return error.unknown
        answers = [jmespath.search(read.items, page) for page in pages]
        if answers and all(isinstance(answer, list) for answer in answers):
            return [item for answer in answers for item in answer]
        return next((answer for answer in answers if answer is not None), None)

    def _several(self, read: Read, parent: Found) -> Any:
        """What belongs to a found resource by the values that it holds, several asked for at once; [] without any."""
        blank = next((parent.record[name] for name in names_in(read.batch_value)
                      if isinstance(parent.record.get(name), Unknown)), None)  # fmt: skip
        if blank is not None:
            return blank
        # What goes from one list to another while they are read stands in both.
        values = list(dict.fromkeys(jmespath.search(read.batch_value, parent.record) or ()))
        arguments = self._of_item(read, parent.record)
        try:
            return [
                item
                for start in range(0, len(values), read.size)
                for page in self._pages(read, arguments | {read.batch_parameter: values[start : start + read.size]})
                for item in jmespath.search(read.items, page)
            ]
        except NoAnswer as error:
            return error.unknown

    def _settled(self, read: Read, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """The pages of a read, once AWS has done what it was told before, or the time for that is up."""
        if not read.settled:
            return self._pages(read, parameters)

        def ask() -> list[dict[str, Any]]:
            self._caller.forget(read.service, read.operation, parameters)
            return self._pages(read, parameters)

        def settled(pages: list[dict[str, Any]]) -> bool:
            return all(jmespath.search(read.settled, page) for page in pages)

        return eventually(ask, settled, within=read.within)

    def _items(self, read: Read, parameters: dict[str, Any], parent: Any) -> list[dict[str, Any]]:
        pages = self._pages(read, parameters)
        added = {"Account": self.account, "Arguments": parameters} | ({} if parent is None else {"Parent": parent})
        return [{**item, **added} for item in items_of(pages, read.items)]

    def _pages(self, read: Read, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            return self._caller.pages(read.service, read.operation, parameters)
        except NoAnswer as error:
            if error.code not in read.absent:
                raise
            return []

    def _constants(self, read: Read) -> dict[str, Any]:
        return {
            name: _FILLER.vformat(value, (), self._names)
            if isinstance(value, str)
            else list(value)
            if isinstance(value, (list, tuple))
            else value
            for name, value in read.parameters.items()
        }

    def _of_item(self, read: Read, item: Mapping[str, Any]) -> dict[str, Any]:
        arguments = {name: jmespath.search(place, item) for name, place in read.arguments.items()}
        return self._constants(read) | {name: value for name, value in arguments.items() if value is not None}

    def _listed(self, read: Read, parameters: dict[str, Any]) -> dict[str, Any]:
        """Parameters of which the API wants a list, as one."""
        members = self._caller.input_members(read.service, read.operation)
        return {name: [value] if members.get(name) == "list" and isinstance(value, str) else value
                for name, value in parameters.items()}  # fmt: skip
