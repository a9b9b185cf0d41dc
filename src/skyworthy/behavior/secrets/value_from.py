"""The ``valueFrom`` of a container's secret: which secret or parameter, which key of it.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html
"""

import re
from dataclasses import dataclass
from typing import Literal

from skyworthy.estate import Reference, Template, Unknown, Value

Store = Literal["secretsmanager", "ssm"]
SECRET_TYPES = (
    "aws_secretsmanager_secret",
    "aws_secretsmanager_secret_policy",
    "aws_secretsmanager_secret_rotation",
    "aws_secretsmanager_secret_version",
)
"""Types whose ``arn``, ``id`` or ``secret_id`` names a secret."""
ARN_FIELDS = 7
"""Fields of a secret's ARN; the JSON key, stage and version id follow behind further colons."""

MANAGED = re.compile(r"master_user_secret\b.*\bsecret_arn")
"""The attribute of a database whose master password RDS keeps in a secret of its own."""
_TYPE = re.compile(r"(?:^|\.)(?P<data>data\.)?(?P<type>[a-z0-9]+_[a-z0-9_]+)\.[\w-]+(\[.*\])?$")


@dataclass(frozen=True)
class ValueFrom:
    """What the ``valueFrom`` of a container's secret names.

    Args:
        store: where the value is kept.
        identifier: the secret's ARN or a Reference to it; of SSM the parameter's ARN, name or Reference.
        json_key: key of the secret's JSON; empty: the whole secret.
        version_stage: empty: AWSCURRENT.
        version_id: empty: by stage.
    """

    store: Store
    identifier: Value
    json_key: str = ""
    version_stage: str = ""
    version_id: str = ""


def parse_value_from(value: Value) -> ValueFrom:
    """What a ``valueFrom`` names.

    Args:
        value: ``arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME:JSON-KEY:STAGE:VERSION-ID`` (all behind the name may
            be left out), a parameter's ARN or name, or a Reference or Template of one.

    Raises:
        Undecidable: where it is not known what it names.
        ValueError: where it is not of such a form; the message says in what way.
    """
    head = value.parts[0] if isinstance(value, Template) else value
    if isinstance(head, Unknown):
        raise head.undecidable()
    if isinstance(head, Reference):
        rest = value.parts[1:] if isinstance(value, Template) else ()
        return _behind_reference(head, rest)
    if not isinstance(value, (str, Template)):
        raise ValueError(f"valueFrom is {value!r}, not a string")  # noqa: TRY004 - malformed input, not a caller's slip
    fields = fields_of(value)
    if isinstance(fields[0], Template) or fields[0] != "arn":
        return ValueFrom("ssm", value)
    service = fields[2] if len(fields) > 2 else ""
    if service == "ssm":
        return ValueFrom("ssm", value)
    if service != "secretsmanager":
        raise ValueError(f"{value} is the ARN of neither a secret nor a parameter")
    if len(fields) < ARN_FIELDS:
        raise ValueError(f"{value} is not the whole ARN of a secret")
    return _with_fields(_join(fields[:ARN_FIELDS]), fields[ARN_FIELDS:], value)


def _behind_reference(head: Reference, rest: tuple[str | Reference | Unknown, ...]) -> ValueFrom:
    """A reference that may be followed by ``:KEY:STAGE:VERSION-ID``."""
    match = _TYPE.search(head.address)
    kind = match["type"] if match else ""
    if kind == "aws_ssm_parameter":
        return ValueFrom("ssm", Template((head, *rest)) if rest else head)
    if kind not in SECRET_TYPES and not MANAGED.search(head.attribute):
        if match is None or match["data"] or not kind.startswith("aws_") or kind == "aws_cloudformation_stack":
            raise head.undecidable()
        raise ValueError(f"{head} is neither a secret nor a parameter")
    if not rest:
        return ValueFrom("secretsmanager", head)
    text = Template((head, *rest))
    fields = fields_of(text)
    if not isinstance(fields[0], Reference):
        raise ValueError(f"what follows the ARN in {text} must start with a colon")  # noqa: TRY004 - malformed input
    return _with_fields(head, fields[1:], text)


def _with_fields(identifier: Value, fields: list[Value], value: Value) -> ValueFrom:
    """The secret with what follows its ARN; ECS wants all three colons, or none."""
    if fields and len(fields) != 3:
        raise ValueError(f"{value} must end in :JSON-KEY:VERSION-STAGE:VERSION-ID, each of which may be empty")
    known = [known_text(field) for field in fields] or ["", "", ""]
    return ValueFrom("secretsmanager", identifier, *known)


def known_text(value: Value) -> str:
    """The text itself; Undecidable where it holds what is not known."""
    if not isinstance(value, str):
        raise value.undecidable()
    return value


def fields_of(value: str | Template) -> list[Value]:
    """The parts between colons; references within a part stay in it."""
    fields: list[list[str | Reference | Unknown]] = [[]]
    for part in value.parts if isinstance(value, Template) else (value,):
        if not isinstance(part, str):
            fields[-1].append(part)
            continue
        first, *others = part.split(":")
        fields[-1].append(first)
        fields += [[other] for other in others]
    return [_value(field) for field in fields]


def _value(parts: list[str | Reference | Unknown]) -> Value:
    kept: list[str | Reference | Unknown] = [part for part in parts if not isinstance(part, str) or part]
    if all(isinstance(part, str) for part in kept):
        return "".join(map(str, kept))
    return kept[0] if len(kept) == 1 else Template(tuple(kept))


def _join(fields: list[Value]) -> Value:
    parts: list[str | Reference | Unknown] = []
    for index, field in enumerate(fields):
        items = field.parts if isinstance(field, Template) else (field,)
        for item in ([":"] if index else []) + list(items):
            if isinstance(item, str) and parts and isinstance(parts[-1], str):
                parts[-1] += item
            else:
                parts.append(item)
    return _value(parts)
