"""How to make what data sources look up: one function for each type of data source.

A maker takes what is known of the data source and returns what it made, or None where it was there already, or cannot
be told. It makes nothing twice.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from botocore.exceptions import ClientError

from skyworthy.estate import Reference, Resource
from skyworthy.sandbox.terraform.existing import Existing

Ids: TypeAlias = dict[tuple[str, str], str]
"""Values of computed attributes of data sources, by address and attribute, as far as they are known."""


@dataclass(frozen=True)
class Wanted:
    """A data source, and the sandbox in which it will look.

    Attributes:
        source: as it is declared.
        existing: the sandbox and the region.
        ids: what earlier data sources found; makers add to it.
        members: names of the members that are read of a document, such as a secret's keys.
    """

    source: Resource
    existing: Existing
    ids: Ids = field(default_factory=dict)
    members: tuple[str, ...] = ()

    def client(self, service: str) -> Any:
        """A client for the data source's region."""
        return self.existing.client(service)

    def text(self, *names: str) -> str | None:
        """The first of the attributes that has a value that is known."""
        for name in names:
            value = self._resolved(self.source.peek(name))
            if isinstance(value, str) and value:
                return value
        return None

    def filters(self) -> dict[str, list[str]]:
        """What the resource's filter blocks and tags ask for, as names and values of EC2 filters.

        Values that are not known are left out.
        """
        found: dict[str, list[str]] = {}
        blocks = self.source.peek("filter")
        for block in blocks if isinstance(blocks, list) else ():
            if isinstance(block, Mapping) and isinstance(block.get("name"), str):
                values = block.get("values")
                known = [self._resolved(value) for value in values] if isinstance(values, list) else []
                found[str(block["name"])] = [value for value in known if isinstance(value, str)]
        tags = self.source.peek("tags")
        for key, value in tags.items() if isinstance(tags, Mapping) else ():
            if isinstance(value, str):
                found[f"tag:{key}"] = [value]
        return found

    def know(self, attribute: str, value: str) -> None:
        """Note the value of a computed attribute, for data sources that refer to it."""
        self.ids[self.source.address, attribute] = value

    def _resolved(self, value: object) -> object:
        if isinstance(value, Reference):
            return self.ids.get((value.address, value.attribute))
        return value


Maker: TypeAlias = Callable[[Wanted], str | None]
_makers: dict[str, Maker] = {}


def makes(*types: str) -> Callable[[Maker], Maker]:
    """Declare a function that makes what data sources of these types look up."""

    def register(maker: Maker) -> Maker:
        for type in types:
            _makers[type] = maker
        return maker

    return register


def makers() -> Mapping[str, Maker]:
    """Every maker, by the type of data source; those that others refer to come first."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return _makers


def once(create: Callable[..., Any], **arguments: Any) -> bool:
    """Call `create`; whether it created something, rather than find it there."""
    try:
        create(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if not any(word in code for word in ("Exist", "InUse", "Duplicate", "AlreadyOwned")):
            raise
        return False
    return True


def absent(read: Callable[..., Any], **arguments: Any) -> bool:
    """Whether a call that reads one thing says that there is none."""
    try:
        read(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if not any(word in code for word in ("NotFound", "NoSuch", "404", "NonExistent", "NotExist")):
            raise
        return True
    return False
