"""What AWS refuses of a policy document when it is attached: ``MalformedPolicyDocument`` and its relatives.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-bucket-user-policy-specifying-resource.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from skyworthy.behavior.permissions.conditions import OPERATORS
from skyworthy.behavior.permissions.documents import many, written
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value

Kind = Literal["identity", "trust", "resource"]
"""What a policy is attached to: a principal, a role as to who assumes it, or something that is used."""

VERSIONS = ("2012-10-17", "2008-10-17")
_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    }
)
_SID = re.compile(r"[A-Za-z0-9]*")
_ACTION = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+")
_PRINCIPALS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_NO_RESOURCE = frozenset({"aws_ecr_repository_policy", "aws_ecr_registry_policy"})
"""Their policies may leave out what they are attached to."""
_BOOLEANS = frozenset({"true", "false"})


def problems(value: Value, kind: Kind, holder: str, estate: Estate) -> Iterator[str]:
    """What AWS refuses of a policy, a clause each; nothing where all that is known is well formed.

    Args:
        value: the attribute that holds the policy.
        kind: see :data:`Kind`.
        holder: type of the resource that bears it.
        estate: where references point.

    Raises:
        Undecidable: where nothing of it is known.
    """
    source = estate.get(value.address) if isinstance(value, Reference) else None
    if source is not None and source.type == "aws_iam_policy_document":
        yield from _of_data_source(source, kind, holder, estate)
        return
    data = written(value)
    if data is None:
        if isinstance(value, (Unknown, Reference, Template)):
            raise value.undecidable()
        yield "it is not a JSON object"
        return
    yield from _of_json(data, kind, holder)


def _of_json(data: Mapping[str, Any], kind: Kind, holder: str) -> Iterator[str]:
    version = data.get("Version")
    if isinstance(version, str) and version not in VERSIONS:
        yield f"Version is {version}, which is neither {' nor '.join(VERSIONS)}"
    statements = data.get("Statement")
    if statements is None:
        yield "it has no Statement"
        return
    if isinstance(statements, (Unknown, Reference, Template)):
        raise statements.undecidable()
    sids: set[str] = set()
    for number, statement in enumerate(many(statements), 1):
        if isinstance(statement, (Unknown, Reference, Template)):
            raise statement.undecidable()
        if not isinstance(statement, Mapping):
            yield f"statement {number} is not an object"
            continue
        name = _name(statement, number)
        for problem in _of_statement(statement, kind, holder):
            yield f"{name} {problem}"
        sid = statement.get("Sid")
        if isinstance(sid, str) and sid and sid in sids and kind != "resource":
            yield f"two statements are called {sid}"
        sids.add(str(sid))


def _name(statement: Mapping[str, Any], number: int) -> str:
    sid = statement.get("Sid")
    return f'statement "{sid}"' if isinstance(sid, str) and sid else f"statement {number}"


def _of_statement(statement: Mapping[str, Any], kind: Kind, holder: str) -> Iterator[str]:
    for strange in sorted(set(statement) - _ELEMENTS):
        yield f"has an element {strange}, which policies do not know"
    effect = statement.get("Effect")
    if effect is None:
        yield "has no Effect"
    elif isinstance(effect, str) and effect not in ("Allow", "Deny"):
        yield f"has the Effect {effect}, which is neither Allow nor Deny"
    yield from _one_of(statement, "Action", "NotAction")
    if kind == "trust":
        if _has(statement, "Resource", "NotResource"):
            yield "has a Resource, which is the role itself"
    elif holder not in _NO_RESOURCE:
        yield from _one_of(statement, "Resource", "NotResource")
    if kind == "identity":
        if _has(statement, "Principal", "NotPrincipal"):
            yield "has a Principal, which is whoever the policy is attached to"
    else:
        yield from _one_of(statement, "Principal", "NotPrincipal")
    yield from _of_values(statement, kind, holder)


def _has(statement: Mapping[str, Any], *names: str) -> bool:
    return any(statement.get(name) is not None for name in names)


def _one_of(statement: Mapping[str, Any], name: str, inverse: str) -> Iterator[str]:
    there = [item for item in (name, inverse) if statement.get(item) is not None]
    if not there:
        yield f"has no {name}"
    elif len(there) == 2:
        yield f"has both {name} and {inverse}"


def _of_values(statement: Mapping[str, Any], kind: Kind, holder: str) -> Iterator[str]:
    sid = statement.get("Sid")
    if kind != "resource" and isinstance(sid, str) and not _SID.fullmatch(sid):
        yield "has a Sid of other characters than letters and digits"
    for action in (*_texts(statement, "Action"), *_texts(statement, "NotAction")):
        if not _ACTION.fullmatch(action):
            yield f"has the action {action}, which is not service:Action"
        elif holder.startswith("aws_sns_") and action == "*":
            yield "has the action *, which a topic's policy must not have: its actions are sns:Publish and the like"
    for resource in (*_texts(statement, "Resource"), *_texts(statement, "NotResource")):
        if holder.startswith("aws_s3_bucket") and resource == "*":
            yield "has the resource *, which a bucket's policy must not have: it is the bucket or objects of it"
        elif not resource.startswith(("arn:", "*", "${")) and kind == "identity":
            yield f"has the resource {resource}, which is neither an ARN nor *"
    for name in ("Principal", "NotPrincipal"):
        yield from _of_principals(statement.get(name), name)
    yield from _of_conditions(statement.get("Condition"))


def _texts(statement: Mapping[str, Any], name: str) -> list[str]:
    value = statement.get(name)
    return [] if value is None else [item for item in many(value) if isinstance(item, str)]


def _of_principals(value: Value, name: str) -> Iterator[str]:
    if value is None or isinstance(value, (Unknown, Reference, Template)):
        return
    if not isinstance(value, Mapping):
        if value != "*":
            yield f"has the {name} {value}, which is neither * nor an object"
        return
    if not value:
        yield f"has a {name} that names nobody"
    for strange in sorted(set(map(str, value)) - _PRINCIPALS):
        yield f"has a {name} of the kind {strange}, which is none of {', '.join(sorted(_PRINCIPALS))}"


def _of_conditions(value: Value) -> Iterator[str]:
    if value is None or isinstance(value, (Unknown, Reference, Template)):
        return
    if not isinstance(value, Mapping):
        yield "has a Condition that is not an object"
        return
    for operator, keys in value.items():
        base = str(operator).lower().rpartition(":")[2].removesuffix("ifexists")
        if base not in OPERATORS and base != "null":
            yield f"has the condition operator {operator}, which does not exist"
        elif isinstance(keys, Mapping) and base in ("bool", "null"):
            yield from _of_booleans(str(operator), keys)


def _of_booleans(operator: str, keys: Mapping[str, Any]) -> Iterator[str]:
    for key, wanted in keys.items():
        for item in many(wanted):
            if isinstance(item, str) and item.lower() not in _BOOLEANS and "${" not in item:
                yield f"compares {key} by {operator} with {item}, which is neither true nor false"


def _of_data_source(source: Resource, kind: Kind, holder: str, estate: Estate) -> Iterator[str]:
    """The data source always writes version, effect and lists; what is left to its author is judged."""
    for item in many(source.attributes.get("source_policy_documents") or ()):
        try:
            yield from problems(item, kind, holder, estate)
        except Undecidable:
            continue  # what is merged in and not known is judged where it is attached
    for number, block in enumerate(many(source.attributes.get("statement") or ()), 1):
        if isinstance(block, Mapping):
            data = _as_json(block)
            for problem in _of_statement(data, kind, holder):
                yield f"{_name(data, number)} {problem}"


def _as_json(block: Mapping[str, Any]) -> dict[str, Any]:
    """A statement block as the element that it renders."""
    names = {
        "sid": "Sid",
        "actions": "Action",
        "not_actions": "NotAction",
        "resources": "Resource",
        "not_resources": "NotResource",
    }
    data: dict[str, Any] = {written: block[name] for name, written in names.items() if block.get(name)}
    data["Effect"] = block.get("effect") or "Allow"
    for name, element in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        items = many(block.get(name) or ())
        if items:
            known = all(isinstance(item, Mapping) for item in items)
            data[element] = _block_principals(items) if known else Unknown(f"{name} is not known")
    conditions: dict[str, Any] = {}
    for item in many(block.get("condition") or ()):
        if isinstance(item, Mapping) and isinstance(item.get("test"), str):
            conditions.setdefault(item["test"], {})[str(item.get("variable"))] = item.get("values")
    return {**data, "Condition": conditions} if conditions else data


def _block_principals(blocks: tuple[Any, ...]) -> dict[str, Any]:
    return {"AWS" if block.get("type") == "*" else str(block.get("type")): block.get("identifiers") for block in blocks}
