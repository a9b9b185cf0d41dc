"""Policies that AWS manages: those that task roles usually bear, as data (managed.toml)."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from skyworthy.behavior.permissions.documents import PolicyDocument, Statement
from skyworthy.estate import Unknown

_ARN = re.compile(r"arn:(?P<partition>aws(-[a-z-]+)?|\*):iam::aws:policy/(?P<name>.+)")
DENYING = ("AWSDenyAll", "AWSCompromisedKeyQuarantine")
"""Names of the few managed policies that deny."""

_LISTED_IN_FULL = ("secretsmanager:", "kms:", "ssm:")
"""What a partial listing tells everything of."""


@cache
def _table(partition: str = "aws") -> Mapping[str, PolicyDocument]:
    text = resources.files(__package__).joinpath("managed.toml").read_text("utf-8")
    own = text.replace('"arn:aws:', f'"arn:{partition}:')  # in each partition they name its own resources
    return {name: _document(name, row) for name, row in tomllib.loads(own).items()}


def _document(name: str, row: Mapping[str, object]) -> PolicyDocument:
    rows = row["statements"]
    assert isinstance(rows, list)
    statements = tuple(
        Statement(
            effect="Allow",
            actions=tuple(item["actions"]) if "actions" in item else None,
            not_actions=tuple(item["not_actions"]) if "not_actions" in item else None,
            resources=tuple(item.get("resources", ("*",))),
        )
        for item in rows
    )
    label = f"the AWS managed policy {name.rpartition('/')[2]}"
    if not row.get("partial"):
        return PolicyDocument(label, statements, may_deny=False)
    gap = Unknown(f"the contents of {label} are not known in full")
    known = row.get("known", _LISTED_IN_FULL)
    assert isinstance(known, (list, tuple))
    return PolicyDocument(label, statements, unknown=gap, may_deny=False, known_services=tuple(known))


def managed_policy(arn: str) -> PolicyDocument | None:
    """The policy behind an ARN of AWS's own, None where the ARN is not one; unlisted ones have unknown contents.

    Args:
        arn: its partition is ``*`` where that is not known.
    """
    match = _ARN.fullmatch(arn)
    if match is None:
        return None
    name = match["name"].rpartition("/")[2]
    listed = _table(match["partition"]).get(match["name"])
    if listed is not None:
        return listed
    reason = f"the contents of the AWS managed policy {name} are not known"
    return PolicyDocument(f"the AWS managed policy {name}", unknown=Unknown(reason), may_deny=name.startswith(DENYING))


def managed_named(name: str) -> PolicyDocument | None:
    """The listed policy of AWS's own with a name, whatever its path; None where none is listed."""
    return next((policy for path, policy in _table("*").items() if path.rpartition("/")[2] == name), None)


def listed_names() -> tuple[str, ...]:
    """The policies of the table, path included, sorted."""
    return tuple(sorted(_table()))
