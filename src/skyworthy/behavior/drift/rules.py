"""What AWS or the provider treats alike although it is written in two ways (``rules.toml``)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from skyworthy.estate import Value


@dataclass(frozen=True)
class Rules:
    """The rules; an attribute is written ``type.attribute``, or ``type.block.attribute``.

    Args:
        caseless: attributes of which the case means nothing.
        ordered: the last names of lists of texts of which the order has a meaning.
        none: blocks that are not there where the code does not have them.
        left_out: attributes that are never compared.
        any: attribute -> the declared value that stands for whatever AWS chooses.
        chosen: attribute -> what AWS chooses where the code does not set it.
        protocols: number of a protocol -> its name.
        filled: name of an attribute that holds JSON -> what AWS fills in, by dotted place.
    """

    caseless: frozenset[str] = frozenset()
    ordered: frozenset[str] = frozenset()
    none: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    any: Mapping[str, str] = field(default_factory=dict)
    chosen: Mapping[str, Value] = field(default_factory=dict)
    protocols: Mapping[str, str] = field(default_factory=dict)
    filled: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)


@cache
def rules() -> Rules:
    """The rules of this package."""
    given: dict[str, Any] = tomllib.loads(
        resources.files("skyworthy.behavior.drift").joinpath("rules.toml").read_text("utf-8")
    )
    lists: dict[str, Any] = {name: frozenset(value) for name, value in given.items() if isinstance(value, list)}
    return Rules(**(given | lists))
