"""The register of shapes, and what several of them need."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from botocore import xform_name

from skyworthy.estate import Value

Record: TypeAlias = Mapping[str, Any]
Shape: TypeAlias = Callable[[Record], Value]

SHAPES: dict[str, Shape] = {}
"""By name."""


def shape(function: Shape) -> Shape:
    """Register a shape under the function's name."""
    SHAPES[function.__name__] = function
    return function


def nested(value: Any) -> Any:
    """An API structure as Terraform's nested blocks: snake_case names, and each inner structure a list of one."""
    if isinstance(value, Mapping):
        return {xform_name(name): _block(item) for name, item in value.items()}
    if isinstance(value, list):
        return [nested(item) for item in value]
    return value


def _block(value: Any) -> Any:
    return [nested(value)] if isinstance(value, Mapping) else nested(value)


def setting(record: Record, key: str) -> str:
    """A value among ``Settings`` as the load balancing API lists them; empty where it is not listed."""
    return next((item.get("Value", "") for item in record["Settings"] if item["Key"] == key), "")
