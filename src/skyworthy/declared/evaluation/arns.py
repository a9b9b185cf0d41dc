"""The text of an ARN before it exists, as far as it is settled by what stands in the code."""

import re
from collections.abc import Mapping

from skyworthy.declared.evaluation.values import Instance, join_text, undetermined
from skyworthy.estate import Reference, Template, Unknown, Value, type_of

_FIELD = re.compile(r"\{(\w+)\}")
_TYPE = re.compile(r"(?:^|\.)(?P<type>\w+)\.\w+(?:\[[^]]*\])?$")
_OPEN = ("partition", "region", "account", "random")
"""Fields that are no attributes of the resource and hold no separator."""


def spelled(value: Value, instances: Mapping[str, Instance]) -> Value:
    """A value in which the ARNs are written out: what their format leaves open is Unknown, and holds no separator.

    Args:
        value: any; a reference to something else than an ARN stays one.
        instances: the resources that have been read, by address.
    """
    if isinstance(value, Template):
        return join_text([spelled(part, instances) for part in value.parts])
    if not isinstance(value, Reference) or value.address not in instances:
        return value
    found = _TYPE.search(value.address)
    type = type_of(found["type"]) if found else type_of("")
    if not type.arn or "arn" not in (value.attribute, type.id if value.attribute == "id" else ""):
        return value
    literals, names = _FIELD.split(type.arn)[::2], _FIELD.findall(type.arn)
    fields = [_open(name) if name in _OPEN else instances[value.address].read(name) for name in names]
    if any(undetermined(field) for name, field in zip(names, fields, strict=True) if name not in _OPEN):
        return value
    return join_text([part for pair in zip(literals, [*fields, ""], strict=True) for part in pair])


def _open(name: str) -> Unknown:
    return Unknown(f"the {name} is not known")
