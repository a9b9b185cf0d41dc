"""What moto lacks of AWS, filled here: one module per service (botocore's name), one function per fill.

A fill is a function with a decorator; deleting the function removes it. Three kinds:

- `answers(service, operation)`: the whole operation. The function takes the call and returns the result as a mapping in
  the form of the API reference, or raises `moto.core.exceptions.ServiceException`.
- `follows(service, operation)`: completes what moto did; runs after moto answered with success.
- `precedes(service, operation)`: sets right what moto would misread; runs before moto, and may return a result instead.

State lives in moto's own stores (per account and region), so that it goes when moto resets.
Each fill's docstring links the AWS page that it follows. `needed` tells whether the installed moto still lacks it.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias

from moto import backends
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores

from skyworthy.sandbox.account.calls import Call

Kind: TypeAlias = Literal["answers", "follows", "precedes"]
Result: TypeAlias = Mapping[str, Any] | None
Function: TypeAlias = Callable[[Call], Result]
Clients: TypeAlias = Callable[[str], Any]
"""boto3 clients by service name."""

_fills: dict[tuple[Kind, str, str], "Fill"] = {}


@dataclass(frozen=True)
class Fill:
    """One filled gap."""

    kind: Kind
    service: str
    operation: str
    function: Function
    probe: Callable[[Clients], bool] | None

    @property
    def name(self) -> str:
        """`kind service:Operation`."""
        return f"{self.kind} {self.service}:{self.operation}"

    def needed(self, clients: Clients) -> bool:
        """Whether moto alone still lacks this.

        Args:
            clients: boto3 clients of a moto without fills.
        """
        if self.probe is not None:
            return self.probe(clients)
        return lacks(self.service, self.operation)(clients)


def answers(
    service: str, *operations: str, lacking: Callable[[Clients], bool] | None = None
) -> Callable[[Function], Function]:
    """Declare a function that answers the operations instead of moto.

    Args:
        service: botocore's name of the service.
        operations: as the API reference names them.
        lacking: shows the gap on a moto without fills; by default, that moto has no such operation.
    """
    return _declare("answers", service, operations, lacking)


def follows(service: str, *operations: str, lacking: Callable[[Clients], bool]) -> Callable[[Function], Function]:
    """Declare a function that runs after moto carried the operations out.

    A result that is not None replaces moto's answer.

    Args:
        service: botocore's name of the service.
        operations: as the API reference names them.
        lacking: shows the gap on a moto without fills; true while it is there.
    """
    return _declare("follows", service, operations, lacking)


def precedes(service: str, *operations: str, lacking: Callable[[Clients], bool]) -> Callable[[Function], Function]:
    """Declare a function that runs before moto; a result that is not None is the answer."""
    return _declare("precedes", service, operations, lacking)


def lacks(service: str, operation: str) -> Callable[[Clients], bool]:
    """A probe: moto has no such operation."""
    return lambda _: not _implemented_by_moto(service, operation)


def fill_of(kind: Kind, call: Call) -> Fill | None:
    """The fill of that kind for the call's operation; a service's module is imported at its first call."""
    _import(call.service.replace("-", "_"))
    return _fills.get((kind, call.service, call.operation))


def load() -> dict[tuple[Kind, str, str], Fill]:
    """All fills, by kind, service and operation."""
    for name in _modules():
        _import(name)
    return _fills


def store(call: Call, package: str, region: str | None = None) -> Any:
    """moto's store of a service for the call's account and region.

    Args:
        call: the call being answered.
        package: moto's package name (`elasticache`, `applicationautoscaling`).
        region: for global services `aws`; otherwise the call's region.
    """
    return backends.get_backend(package)[call.account][region or call.region]  # type: ignore[call-overload]


def note(owner: Any, name: str, default: Callable[[], Any]) -> Any:
    """A field of our own on one of moto's stores or objects, made on first use; moto's reset removes it."""
    fields = vars(owner)
    if name not in fields:
        fields[name] = default()
    return fields[name]


@cache
def _modules() -> frozenset[str]:
    return frozenset(module.name for module in pkgutil.iter_modules(__path__))


def _import(name: str) -> None:
    if name in _modules():
        importlib.import_module(f"{__name__}.{name}")


def _declare(
    kind: Kind, service: str, operations: tuple[str, ...], probe: Callable[[Clients], bool] | None
) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        for operation in operations:
            _fills[kind, service, operation] = Fill(kind, service, operation, function, probe)
        return function

    return register


def _implemented_by_moto(service: str, operation: str) -> bool:
    package = {"lambda": "awslambda"}.get(service, service.replace("-", ""))
    try:
        responses = importlib.import_module(f"moto.{package}.responses")
    except ModuleNotFoundError:
        return False
    classes = [each for each in vars(responses).values() if isinstance(each, type) and issubclass(each, BaseResponse)]
    method = camelcase_to_underscores(operation)
    return any(hasattr(each, method) for each in classes)
