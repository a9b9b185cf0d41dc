"""What a fault is, and the catalogue that the modules of this package fill."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from skyworthy.errors import BadInput
from skyworthy.sandbox.faults.stack import Stack


@dataclass(frozen=True)
class Hit:
    """The resource that a fault breaks: the one that it changed, or the one that suffers from it.

    Args:
        type: Terraform's type.
        identifier: its id, ARN or name; for what has none, the parts by which Terraform imports it, joined by `_`.
    """

    type: str
    identifier: str


Injection: TypeAlias = Callable[[Stack], Hit]
Rule: TypeAlias = dict[str, Any]
"""A transport fault, as `interceptors.Rule` takes it."""


@dataclass(frozen=True)
class Fault:
    """One way in which a stack breaks.

    Args:
        id: kebab case.
        title: what is broken, a sentence.
        refs: ids of the requirements that should notice it.
        inject: breaks the stack by calls of the AWS API and tells the resource; None for a transport fault.
        rules: what a transport fault does to calls.
    """

    id: str
    title: str
    refs: tuple[str, ...]
    inject: Injection | None = None
    rules: tuple[Rule, ...] = ()

    @property
    def area(self) -> str:
        """Area of the first requirement: `SEC`, `ALM`, `NET`, `DAT`, `IAM`, `LIV`, `REF`."""
        return self.refs[0].partition("-")[0]

    @property
    def transport(self) -> bool:
        """Whether calls fail, rather than what they ask for."""
        return self.inject is None


_faults: dict[str, Fault] = {}


def fault(id: str, *refs: str) -> Callable[[Injection], Injection]:
    """Put a function into the catalogue; the first line of its docstring is the title.

    Args:
        id: kebab case, unique.
        refs: ids of the requirements that should notice it, at least one.
    """

    def register(function: Injection) -> Injection:
        add(Fault(id, (function.__doc__ or "").strip().splitlines()[0], refs, function))
        return function

    return register


def add(fault: Fault) -> None:
    """Put a fault into the catalogue."""
    assert fault.id not in _faults, f"two faults are called {fault.id}"
    _faults[fault.id] = fault


def registered() -> tuple[Fault, ...]:
    """Every fault that was put into the catalogue, by id."""
    return tuple(_faults[id] for id in sorted(_faults))


def find(id: str) -> Fault:
    """The fault of an id.

    Raises:
        BadInput: there is none.
    """
    if id not in _faults:
        raise BadInput(f"no fault is called {id}; there are: {', '.join(sorted(_faults))}")
    return _faults[id]
