"""What a root module says besides its resources: backend, pins, providers, variables, outputs and calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skyworthy.estate.resource import Location
from skyworthy.estate.values import Unknown, Value


@dataclass(frozen=True)
class Backend:
    """Where the state is kept: ``backend "s3" { ... }``; type ``cloud`` for a ``cloud`` block."""

    type: str
    attributes: Mapping[str, Value]
    location: Location


@dataclass(frozen=True)
class RequiredProvider:
    """One entry of ``required_providers``; ``version`` is the constraint, None where it is not pinned."""

    name: str
    source: str | None
    version: str | None
    location: Location


@dataclass(frozen=True)
class Provider:
    """One provider block; ``default_tags`` as evaluated, None where it has none."""

    name: str
    alias: str | None
    attributes: Mapping[str, Value]
    default_tags: Value
    location: Location


@dataclass(frozen=True)
class Variable:
    """One input variable; ``type`` is the constraint as it is written, ``default`` None where there is none."""

    name: str
    type: str | None
    description: str | None
    required: bool
    default: Value
    sensitive: bool
    validated: bool
    location: Location


@dataclass(frozen=True)
class Output:
    """One output."""

    name: str
    description: str | None
    sensitive: bool
    location: Location


@dataclass(frozen=True)
class ModuleCall:
    """One ``module`` block; ``directory`` is set where the source is a path in this tree."""

    name: str
    source: str | None
    version: str | None
    directory: Path | None
    location: Location


@dataclass(frozen=True)
class Configuration:
    """A module's own settings.

    Args:
        directory: the module.
        required_version: the constraint on Terraform, None where there is none.
        beside: the backends of the root modules that are deployed beside it, Unknown of one that cannot be read.
    """

    directory: Path
    backend: Backend | None
    required_version: str | None
    required_providers: tuple[RequiredProvider, ...]
    providers: tuple[Provider, ...]
    variables: tuple[Variable, ...]
    outputs: tuple[Output, ...]
    calls: tuple[ModuleCall, ...]
    beside: tuple[Backend | Unknown, ...] = ()
