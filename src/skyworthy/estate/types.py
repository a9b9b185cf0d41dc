"""What is known of each Terraform type: its identities, JSON attributes and the provider's defaults (types.toml)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from skyworthy.estate.values import Unknown, Value


@dataclass(frozen=True)
class ResourceType:
    """One row of ``types.toml``.

    Args:
        name: Terraform's type.
        identity: attributes any of which identifies a resource of the type: ``("identifier", "id", "arn")``.
        json: attributes that hold a JSON document and arrive decoded.
        defaults: the provider's documented default of attributes that may be left out. An optional attribute whose
            absence means "not set" has the default null in the provider; it stands in ``unset``.
        unset: attributes that are simply not set (None) where left out.
        computed: attributes that only the provider knows (after apply).
        blocks: nested blocks: absent means an empty list.
    """

    name: str
    identity: tuple[str, ...] = ("id", "arn", "name")
    json: tuple[str, ...] = ()
    defaults: Mapping[str, Value] = field(default_factory=dict)
    unset: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()
    blocks: frozenset[str] = frozenset()

    def default(self, attribute: str) -> Value:
        """What an absent attribute holds: the default, None, an empty list of blocks, or Unknown."""
        if attribute in self.defaults:
            return self.defaults[attribute]
        if attribute in self.unset:
            return None
        if attribute in self.blocks:
            return []
        if attribute in self.computed:
            return Unknown("known after apply")
        return Unknown("not set, and its default is not known")


@cache
def _table() -> Mapping[str, ResourceType]:
    text = resources.files("skyworthy.estate").joinpath("types.toml").read_text("utf-8")
    table: dict[str, ResourceType] = {}
    for name, row in tomllib.loads(text).items():
        table[name] = ResourceType(
            name=name,
            identity=tuple(row.get("identity", ("id", "arn", "name"))),
            json=tuple(row.get("json", ())),
            defaults=row.get("defaults", {}),
            unset=frozenset(row.get("unset", ())),
            computed=frozenset(row.get("computed", ())),
            blocks=frozenset(row.get("blocks", ())),
        )
    return table


def type_of(name: str) -> ResourceType:
    """The row of a Terraform type; a type without a row has common identities and no defaults."""
    return _table().get(name) or ResourceType(name)


def known_types() -> tuple[str, ...]:
    """The types that have a row, sorted."""
    return tuple(sorted(_table()))
