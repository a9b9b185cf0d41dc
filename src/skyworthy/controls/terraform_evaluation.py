"""What Terraform refuses when it evaluates the configuration."""

import re
from collections.abc import Iterator

from skyworthy.controls.registry import STACK, control
from skyworthy.estate import Estate, Resource, Unknown, Value, leaves

_REFUSED = re.compile(
    r"the object has no attribute '[^']+'"
    r"|cidrsubnet: \S+ has no subnet \d+ of \d+ more bits|cidrsubnets: \S+ is too small"
    r"|the index \S+ is outside a list of \d+"
    r"|(variable|local) \S+ is not declared|module \S+ is not called|the module has no output '[^']+'"
    r"|division by zero|two elements of a for expression have the key \S+"
)
"""Failures of an expression that do not depend on anything that is not known."""
_SHOWN = 3


@control("terraform.evaluates", on=STACK, severity="high", refs=["REQ STA-1"], lenses=("declared",))
def everything_evaluates(estate: Estate) -> None:
    """Every expression has a value that Terraform accepts.

    Why: an index that is not there or an address range that does not fit ends the plan, for everybody.
    Fix: correct the expression that the message names.
    """
    found = list(dict.fromkeys(_refusals(estate)))
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    assert not found, "; ".join(found[:_SHOWN]) + more


def _refusals(estate: Estate) -> Iterator[str]:
    for note in estate.notes:
        if _REFUSED.search(note.message):
            yield f"{note.file}:{note.line}: {note.message}" if note.file else note.message
    for resource in estate:
        place = f"{resource.location}: " if resource.location else ""
        for name, value in resource.attributes.items():
            for reason in _reasons(value):
                if _REFUSED.search(reason):
                    yield f"{place}{name} of {resource.address}: {reason}"


def _reasons(value: Value) -> Iterator[str]:
    """Why anything in a value, at any depth, is not known."""
    return (item.reason for item in leaves(value) if isinstance(item, Unknown))


_ARN = re.compile(r"arn:[^:]+:[^:]+:")
_NAMES_TOO = {"aws_ecs_task_definition": ("execution_role_arn", "task_role_arn")}
"""Attributes that take a name in the place of an ARN.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""


@control("terraform.arns-are-arns", on=STACK, severity="high", refs=["REQ STA-1"], lenses=("declared",))
def arns_are_arns(estate: Estate) -> None:
    """Where an ARN is asked for, an ARN is given.

    Why: validate and plan take a name or an id in its place, and AWS refuses it in the middle of the apply.
    Fix: `.arn` of the resource in the place of its `.name` or `.id`.
    """
    found = [problem for resource in estate for problem in _no_arns(resource)]
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    assert not found, "; ".join(found[:_SHOWN]) + more


def _no_arns(resource: Resource) -> Iterator[str]:
    """The attributes of a resource that are to be an ARN and hold another text."""
    taken = _NAMES_TOO.get(resource.type, ())
    for name, value in resource.attributes.items() if not resource.data else ():
        if name.endswith("_arn") and name not in taken and isinstance(value, str) and value and not _ARN.match(value):
            yield f"{name} of {resource.address} is {value}"
