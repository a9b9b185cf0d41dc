"""The graph of resources of one root module, or of the account that it describes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from skyworthy.estate.resource import Resource
from skyworthy.estate.types import type_of
from skyworthy.estate.values import Reference, Template, Unknown, Value

Origin = Literal["declared", "observed"]


@dataclass(frozen=True)
class Note:
    """Something that a reader could not see or follow, for people and for the verdict *unknown*.

    Args:
        message: one sentence, what and why.
        file: path as in Location, where it has one.
        line: 1-based.
        address: the resource or block concerned, where it has one.
    """

    message: str
    file: str | None = None
    line: int | None = None
    address: str | None = None


@dataclass(frozen=True)
class Estate:
    """An immutable set of resources that can be asked.

    Args:
        resources: in any order; kept sorted by address.
        origin: which side it was read from.
        name: the root or account it was read from, for messages.
        notes: what the reader could not see.
        unread: type of resource -> why none of it could be listed (denied, throttled): asking for it is undecidable.
        unmanaged: observed inside the stack's boundary without a counterpart in the code; not among the resources.
        elsewhere: what the stack has in other regions: asked where nothing here has the address or bears the name.
    """

    resources: tuple[Resource, ...]
    origin: Origin = "declared"
    name: str = ""
    notes: tuple[Note, ...] = ()
    unread: Mapping[str, Unknown] = field(default_factory=dict)
    unmanaged: tuple[Resource, ...] = ()
    elsewhere: "Estate | None" = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "resources", tuple(sorted(self.resources, key=lambda item: item.address)))

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def __len__(self) -> int:
        return len(self.resources)

    @cached_property
    def _by_address(self) -> dict[str, Resource]:
        return {resource.address: resource for resource in self.resources}

    @cached_property
    def _instances(self) -> dict[str, list[Resource]]:
        """What stands before a bracket in an address, to the resources at such addresses."""
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            for bracket in re.finditer(r"\[", resource.address):
                found.setdefault(resource.address[: bracket.start()], []).append(resource)
        return found

    @cached_property
    def _by_type(self) -> dict[str, tuple[Resource, ...]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            if not resource.data:
                found.setdefault(resource.type, []).append(resource)
        return {name: tuple(items) for name, items in found.items()}

    @cached_property
    def _by_identity(self) -> dict[Value, tuple[Resource, ...]]:
        """Every known identity (also a reference or template that stands for one) to the resources that bear it."""
        found: dict[Value, list[Resource]] = {}
        for resource in self.resources:
            for attribute in type_of(resource.type).identity:
                value = resource.peek(attribute)
                if isinstance(value, (str, Reference, Template)) and value:
                    key = value if isinstance(value, str) else str(value)
                    bearers = found.setdefault(key, [])
                    if not bearers or bearers[-1] is not resource:  # an id that is also the ARN counts once
                        bearers.append(resource)
        return {key: tuple(items) for key, items in found.items()}

    def of(self, *types: str) -> tuple[Resource, ...]:
        """The managed resources of one or several types, sorted by address.

        Raises:
            Undecidable: where a type could not be listed, so that "none found" is never taken for "none there".
        """
        for name in types:
            if name in self.unread:
                raise self.unread[name].undecidable()
        if len(types) == 1:
            return self._by_type.get(types[0], ())
        found = [resource for name in types for resource in self._by_type.get(name, ())]
        return tuple(sorted(found, key=lambda item: item.address))

    def everywhere(self, *types: str) -> tuple[Resource, ...]:
        """As :meth:`of`, those of other regions included.

        Raises:
            Undecidable: where a type could not be listed.
        """
        return self.of(*types) + (self.elsewhere.of(*types) if self.elsewhere is not None else ())

    def get(self, address: str) -> Resource | None:
        """The resource at an address; an address without an index finds the only instance of a counted resource."""
        exact = self._by_address.get(address)
        if exact is not None:
            return exact
        instances = self._instances.get(address, ())
        if not instances and self.elsewhere is not None:
            return self.elsewhere.get(address)
        return instances[0] if len(instances) == 1 else None

    def find(self, identifier: Value, *types: str) -> Resource | None:
        """The resource that any kind of reference names: a Reference, an ARN, id, name or address.

        Args:
            identifier: what another resource's attribute holds.
            types: look among these only; needed where a name alone may belong to several types.

        Returns:
            The resource, or None where the identifier is known and names nothing here, or several things.

        Raises:
            Undecidable: where the identifier is unknown, or a type asked for could not be listed.
        """
        if isinstance(identifier, Unknown):
            raise identifier.undecidable()
        if isinstance(identifier, Reference):
            return self._referred(identifier, types)
        if identifier is None:
            return None
        for name in types:
            if name in self.unread:
                raise self.unread[name].undecidable()
        text = str(identifier)
        candidates = self._by_identity.get(text, ())
        at_address = self._by_address.get(text)
        if at_address is not None:
            candidates = (at_address, *(item for item in candidates if item is not at_address))
        fitting = [item for item in candidates if not types or item.type in types]
        if len(fitting) == 1:
            return fitting[0]
        if not fitting and self.elsewhere is not None:
            return self.elsewhere.find(identifier, *types)
        if not fitting and isinstance(identifier, Template):
            raise identifier.undecidable()
        return None

    def _referred(self, reference: Reference, types: tuple[str, ...]) -> Resource | None:
        """The resource that a reference leads to; where that is but a part of one of these types, the whole."""
        found = self.get(reference.address)
        if found is None or not types or found.type in types:
            return found
        type = type_of(found.type)
        part = reference.attribute == "id" and type.id and not type.identity
        return self.find(found.peek(type.id), *types) if part else None
