"""What is known of each Terraform type: its identities, JSON attributes and the provider's defaults.

Three files beside this one: ``schema.json.gz`` is a digest of the provider's own schema (tools/provider_schema.py),
``defaults.json`` holds the defaults that its plans show (tools/provider_defaults.py), ``types.toml`` what neither of
them says: identities, JSON documents, and defaults that AWS sets.
"""

import gzip
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

from skyworthy.estate.values import Unknown, Value

_COMMON_IDENTITY = ("id", "arn", "name")
_OLDER = re.compile(r"^aws_alb(?=_|$)")
"""The beginning of the older names of the same types."""


@dataclass(frozen=True)
class Kinds:
    """The types of the attributes of a resource or nested block.

    Args:
        bools: those that are bools.
        numbers: those that are numbers; the other scalars are strings.
        lists: of a resource, those that are lists or sets.
        maps: of a resource, those that are maps.
    """

    bools: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    maps: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Nested:
    """What is known of a nested block of a type.

    Args:
        defaults: the provider's default of attributes that may be left out in it.
        computed: attributes that the provider chooses where they are left out.
        kinds: the types of its attributes; None where the block is not known.
    """

    defaults: Mapping[str, Value] = field(default_factory=dict)
    computed: frozenset[str] = frozenset()
    kinds: "Kinds | None" = None


@dataclass(frozen=True)
class ResourceType:
    """What is known of a type.

    Args:
        name: Terraform's type.
        identity: attributes any of which identifies a resource of the type: ``("identifier", "id", "arn")``.
        arn: what its ARN looks like, with fields in braces; empty where that is not written down.
        id: the attribute that its id is the same as; empty where that is not written down.
        json: attributes that hold a JSON document and arrive decoded.
        camel: those of them whose keys arrive as ``portMappings`` where ``PortMappings`` is written.
        defaults: the default of attributes that may be left out, as the provider or AWS sets it. An optional attribute
            whose absence means "not set" has the default null in the provider; it stands in ``unset``.
        unset: attributes that are simply not set (None) where left out.
        computed: attributes that only the provider knows (after apply).
        required: attributes that cannot be left out.
        blocks: nested blocks: absent means an empty list.
        lists: attributes that hold a list or a set.
        maps: attributes that hold a map.
        inner: nested blocks by path, see :meth:`nested`.
        kinds: the types of its attributes; None where the type is not known.
    """

    name: str
    identity: tuple[str, ...] = _COMMON_IDENTITY
    arn: str = ""
    id: str = ""
    json: tuple[str, ...] = ()
    camel: tuple[str, ...] = ()
    defaults: Mapping[str, Value] = field(default_factory=dict)
    unset: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    blocks: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    maps: frozenset[str] = frozenset()
    inner: Mapping[str, Nested] = field(default_factory=dict)
    kinds: Kinds | None = None

    def nested(self, path: str) -> Nested:
        """What is known of a nested block, by the dotted names of blocks: ``default_action.redirect``."""
        return self.inner.get(path, _NOTHING)

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


_NOTHING = Nested()


def _read(name: str) -> bytes:
    return resources.files("skyworthy.estate").joinpath(name).read_bytes()


@cache
def _schema() -> Mapping[str, Any]:
    types: Mapping[str, Any] = json.loads(gzip.decompress(_read("schema.json.gz")))["types"]
    return types


@cache
def _harvested() -> Mapping[str, Mapping[str, Mapping[str, Value]]]:
    """Defaults by type and by the path of the nested block; the path of the resource itself is empty."""
    defaults: Mapping[str, Mapping[str, Mapping[str, Value]]] = json.loads(_read("defaults.json"))["types"]
    return defaults


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(_read("types.toml").decode("utf-8"))


def newer_name(name: str) -> str:
    """The newer name of a type that has an older one, too: ``aws_lb_listener`` for ``aws_alb_listener``."""
    return _OLDER.sub("aws_lb", name)


@cache
def type_of(name: str) -> ResourceType:
    """What is known of a Terraform type; a type of another provider has common identities and no defaults."""
    twin = newer_name(name)
    schema, row, harvested = _schema().get(name, {}), _table().get(twin, {}), _harvested().get(twin, {})
    lists, maps = frozenset(schema.get("l", "").split()), frozenset(schema.get("m", "").split())
    computed: Mapping[str, str] = schema.get("n", {})
    absent = frozenset(row.get("absent", ()))
    written: Mapping[str, Mapping[str, Value]] = row.get("nested", {})
    kinds = {path: _kinds(text) for path, text in schema.get("k", {}).items()}
    paths = {*computed, *written, *harvested, *kinds} - {""}
    return ResourceType(
        name=name,
        identity=tuple(row.get("identity", _COMMON_IDENTITY)),
        arn=row.get("arn", ""),
        id=row.get("id", ""),
        json=tuple(row.get("json", ())),
        camel=tuple(row.get("camel", ())),
        defaults={**harvested.get("", {}), **row.get("defaults", {})},
        unset=frozenset(schema.get("u", "").split()) | absent,
        computed=frozenset(schema.get("c", "").split()) - absent,
        required=frozenset(schema.get("r", "").split()),
        blocks=frozenset(schema.get("b", "").split()),
        lists=lists,
        maps=maps,
        inner={
            path: Nested(
                {**harvested.get(path, {}), **written.get(path, {})},
                frozenset(computed.get(path, "").split()),
                kinds.get(path),
            )
            for path in paths
        },
        kinds=replace(kinds[""], lists=lists, maps=maps) if "" in kinds else None,
    )


def _kinds(text: str) -> Kinds:
    bools, _, numbers = text.partition("|")
    return Kinds(frozenset(bools.split()), frozenset(numbers.split()))


def known_types() -> tuple[str, ...]:
    """The types whose identities or defaults are written down in ``types.toml``, sorted."""
    return tuple(sorted(_table()))
