"""Policy documents: from JSON, or from the ``aws_iam_policy_document`` data source, to statements.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, split_text

CURRENT_VERSION = "2012-10-17"


@dataclass(frozen=True)
class Statement:
    """One statement. An element that is absent is None; its values may be References, Templates and Unknowns.

    Args:
        effect: ``Allow`` or ``Deny``.
        actions: ``Action``.
        not_actions: ``NotAction``.
        resources: ``Resource``.
        not_resources: ``NotResource``.
        principals: type (``AWS``, ``Service``, ``Federated``, ``*``) -> identifiers.
        not_principals: the same of ``NotPrincipal``.
        conditions: operator -> key -> values.
        sid: ``Sid``.
    """

    effect: Value
    actions: tuple[Value, ...] | None = None
    not_actions: tuple[Value, ...] | None = None
    resources: tuple[Value, ...] | None = None
    not_resources: tuple[Value, ...] | None = None
    principals: Mapping[str, tuple[Value, ...]] | None = None
    not_principals: Mapping[str, tuple[Value, ...]] | None = None
    conditions: Mapping[str, Mapping[str, tuple[Value, ...]]] = field(default_factory=dict)
    sid: str = ""


@dataclass(frozen=True)
class PolicyDocument:
    """A policy.

    Args:
        label: what it is, for messages: the address of the resource, or the ARN of a managed policy.
        statements: in order.
        version: policy variables are text in the old ``2008-10-17``.
        unknown: why its contents, or a part of them, are not known.
        may_deny: whether what is not known of it could be a Deny; AWS's managed policies only allow.
        known_services: prefixes of actions (``kms:``) of which the statements tell everything all the same.
    """

    label: str
    statements: tuple[Statement, ...] = ()
    version: str = CURRENT_VERSION
    unknown: Unknown | None = None
    may_deny: bool = True
    known_services: tuple[str, ...] = ()

    def gap(self, action: str) -> Unknown | None:
        """Why it is not known what the policy says of an action; None where it is."""
        return None if action.lower().startswith(self.known_services or "\0") else self.unknown

    def name_of(self, statement: Statement) -> str:
        """A statement in a message."""
        sid = f'statement "{statement.sid}"' if statement.sid else f"statement {self.statements.index(statement) + 1}"
        return f"{sid} of {self.label}"


def document(value: Value, estate: Estate, label: str) -> PolicyDocument:
    """The policy that an attribute holds.

    Args:
        value: decoded JSON, JSON text, a reference to an ``aws_iam_policy_document``, or what is not known.
        estate: where references point.
        label: see :class:`PolicyDocument`.
    """
    if isinstance(value, Reference):
        source = estate.get(value.address)
        if source is not None and source.type == "aws_iam_policy_document":
            return _from_data_source(source, estate, label)
        return PolicyDocument(label, unknown=_why(value, label))
    if isinstance(value, Template):
        decoded = _decoded(value)
        return PolicyDocument(label, unknown=_why(value, label)) if decoded is None else from_json(decoded, label)
    if isinstance(value, Unknown):
        return PolicyDocument(label, unknown=_why(value, label))
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return PolicyDocument(label, unknown=Unknown(f"{label} is not JSON"))
    if not isinstance(value, Mapping):
        return PolicyDocument(label, unknown=Unknown(f"{label} is not a policy document"))
    return from_json(value, label)


def written(value: Value) -> Mapping[str, Any] | None:
    """The JSON object that an attribute holds, as it is written; None where it holds none or none that is known."""
    if isinstance(value, Template):
        return _decoded(value)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return value if isinstance(value, Mapping) else None


_BLANK = re.compile("\ue100(\\d+)\ue101")
"""What stands for a part of a template while its JSON is decoded."""


def _decoded(value: Template) -> Mapping[str, Any] | None:
    """JSON text with references in it, decoded; None where it is none, or where what is unknown could be more of it."""
    text = "".join(part if isinstance(part, str) else f"\ue100{place}\ue101" for place, part in enumerate(value.parts))
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return _restored(found, value.parts) if isinstance(found, Mapping) else None


def _restored(data: Any, parts: tuple[str | Reference | Unknown, ...]) -> Any:
    if isinstance(data, Mapping):
        return {key: _restored(item, parts) for key, item in data.items()}
    if isinstance(data, list):
        return [_restored(item, parts) for item in data]
    if not isinstance(data, str):
        return data
    return split_text(data, _BLANK, lambda match: _part(parts[int(match[1])]))


def _part(part: str | Reference | Unknown) -> Reference | Unknown:
    return Unknown("it is text") if isinstance(part, str) else part


def _why(value: Reference | Template | Unknown, label: str) -> Unknown:
    undecidable: Undecidable = value.undecidable()
    return Unknown(f"the contents of {label} are not known: {undecidable.reason}", denied=undecidable.denied)


def from_json(data: Mapping[str, Any], label: str) -> PolicyDocument:
    """A policy document as AWS writes it."""
    statements = data.get("Statement", [])
    if isinstance(statements, (Unknown, Reference, Template)):
        return PolicyDocument(label, unknown=_why(statements, label))
    listed = [statements] if isinstance(statements, Mapping) else list(statements)
    known = tuple(_statement(item) for item in listed if isinstance(item, Mapping))
    gap = next((item for item in listed if isinstance(item, (Unknown, Reference, Template))), None)
    version = data.get("Version", "2008-10-17")
    return PolicyDocument(label, known, str(version), unknown=None if gap is None else _why(gap, label))


def _statement(data: Mapping[str, Any]) -> Statement:
    return Statement(
        effect=data.get("Effect", "Allow"),
        actions=_values(data, "Action"),
        not_actions=_values(data, "NotAction"),
        resources=_values(data, "Resource"),
        not_resources=_values(data, "NotResource"),
        principals=_principals(data.get("Principal")),
        not_principals=_principals(data.get("NotPrincipal")),
        conditions=_conditions(data.get("Condition")),
        sid=str(data.get("Sid") or ""),
    )


def _values(data: Mapping[str, Any], name: str) -> tuple[Value, ...] | None:
    value = data.get(name)
    return None if value is None else many(value)


def many(value: Value) -> tuple[Value, ...]:
    """One value or a list of them, as a tuple; a list within a list is laid flat."""
    if isinstance(value, (list, tuple)):
        return tuple(part for item in value for part in many(item))
    return (value,)


def _principals(value: Value) -> Mapping[str, tuple[Value, ...]] | None:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {str(kind): many(names) for kind, names in value.items()}
    return {"AWS": many(value)}


def _conditions(value: Value) -> Mapping[str, Mapping[str, tuple[Value, ...]]]:
    if not value:
        return {}
    if not isinstance(value, Mapping):
        return {"?": {"?": many(value)}}
    return {
        operator: {str(key): many(item) for key, item in keys.items()} if isinstance(keys, Mapping) else {"?": (keys,)}
        for operator, keys in value.items()
    }


def _from_data_source(source: Resource, estate: Estate, label: str) -> PolicyDocument:
    """What the data source renders: ``source_policy_documents``, own statements, then overrides by sid.

    Source: https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/data-sources/iam_policy_document
    """
    made: list[Statement] = []
    unknown: Unknown | None = None
    for item in _blocks(source, "source_policy_documents"):
        inner = document(item, estate, label)
        made += inner.statements
        unknown = unknown or inner.unknown
    for block in _blocks(source, "statement"):
        if isinstance(block, Mapping):
            _put(made, _from_block(block))
        else:
            unknown = unknown or _why(block, label)
    for item in _blocks(source, "override_policy_documents"):
        inner = document(item, estate, label)
        for statement in inner.statements:
            _put(made, statement)
        unknown = unknown or inner.unknown
    version = source.attributes.get("version") or CURRENT_VERSION
    return PolicyDocument(label, tuple(made), str(version), unknown)


def _blocks(source: Resource, name: str) -> tuple[Value, ...]:
    value = source.attributes.get(name)
    return () if value is None else many(value)


def _put(made: list[Statement], statement: Statement) -> None:
    """Append a statement, in the place of the one with the same sid where there is one."""
    for index, other in enumerate(made):
        if statement.sid and other.sid == statement.sid:
            made[index] = statement
            return
    made.append(statement)


def _from_block(block: Mapping[str, Any]) -> Statement:
    return Statement(
        effect=block.get("effect") or "Allow",
        actions=_listed(block, "actions"),
        not_actions=_listed(block, "not_actions"),
        resources=_listed(block, "resources"),
        not_resources=_listed(block, "not_resources"),
        principals=_block_principals(block, "principals"),
        not_principals=_block_principals(block, "not_principals"),
        conditions=_block_conditions(block),
        sid=str(block.get("sid") or ""),
    )


def _listed(block: Mapping[str, Any], name: str) -> tuple[Value, ...] | None:
    value = block.get(name)
    return None if value is None or (isinstance(value, (list, str)) and not value) else many(value)


def _nested(block: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any] | Unknown]:
    for item in many(block.get(name) or ()):
        yield item if isinstance(item, Mapping) else _why(item, name)


def _block_principals(block: Mapping[str, Any], name: str) -> Mapping[str, tuple[Value, ...]] | None:
    found: dict[str, tuple[Value, ...]] = {}
    for item in _nested(block, name):
        if isinstance(item, Unknown):
            found["AWS"] = (*found.get("AWS", ()), item)
            continue
        kind = "AWS" if item.get("type") == "*" else str(item.get("type"))
        found[kind] = (*found.get(kind, ()), *many(item.get("identifiers")))
    return found or None


def _block_conditions(block: Mapping[str, Any]) -> Mapping[str, Mapping[str, tuple[Value, ...]]]:
    found: dict[str, dict[str, tuple[Value, ...]]] = {}
    for item in _nested(block, "condition"):
        if isinstance(item, Unknown):
            found.setdefault("?", {})["?"] = (item,)
            continue
        keys = found.setdefault(str(item.get("test")), {})
        name = str(item.get("variable"))
        keys[name] = (*keys.get(name, ()), *many(item.get("values")))
    return found
