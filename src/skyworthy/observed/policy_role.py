"""A role for a live run as Terraform, ready to paste and as ``terraform fmt`` writes it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skyworthy.observed.policy import VERSION, Place

GITHUB = "token.actions.githubusercontent.com"
IN_TERRAFORM = Place(
    "${data.aws_partition.current.partition}",
    "${data.aws_region.current.name}",
    "${data.aws_caller_identity.current.account_id}",
)
"""The place of a stack whose account and region Terraform itself asks for."""
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class GitHub:
    """Who may assume the role: jobs of one repository.

    Args:
        repository: ``owner/name``.
        subject: which of its jobs: ``ref:refs/heads/main``, or ``environment:staging``.
    """

    repository: str
    subject: str = "ref:refs/heads/main"

    def trust(self) -> dict[str, Any]:
        """The role's trust policy.

        Source: https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
        """
        provider = f"arn:{IN_TERRAFORM.partition}:iam::{IN_TERRAFORM.account}:oidc-provider/{GITHUB}"
        audience, subject = "sts.amazonaws.com", f"repo:{self.repository}:{self.subject}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{GITHUB}:aud": audience, f"{GITHUB}:sub": subject}},
        }
        return {"Version": VERSION, "Statement": [statement]}


def as_terraform(policy: Mapping[str, Any], name: str, github: GitHub | None = None) -> str:
    """The policy as Terraform: a role with it that GitHub's jobs assume, or the policy alone.

    Args:
        policy: made for :data:`IN_TERRAFORM`.
        name: of role or policy.
        github: who may assume the role; None: the policy alone.
    """
    blocks = [f'data "{kind}" "current" {{}}' for kind in ("aws_caller_identity", "aws_partition", "aws_region")]
    if github is None:
        blocks.append(_block("aws_iam_policy", {"name": name, "policy": policy}))
    else:
        role = {"name": name, "max_session_duration": 3600, "assume_role_policy": github.trust()}
        blocks.append(_block("aws_iam_role", role))
        blocks.append(_block("aws_iam_role_policy", {"name": "read-only", "role": _Raw(), "policy": policy}))
    return "\n\n".join(blocks) + "\n"


class _Raw:
    """The one expression that is no literal: the id of the role."""

    text = "aws_iam_role.skyworthy.id"


def _block(kind: str, arguments: Mapping[str, Any]) -> str:
    return f'resource "{kind}" "skyworthy" {{\n{_members(arguments, 1, documents=True)}\n}}'


def _members(data: Mapping[str, Any], depth: int, *, documents: bool = False) -> str:
    """The members of an object or block, a line each; ``=`` of neighbours that take one line stand below each other."""
    rows = [(_key(key), _value(value, depth, documents=documents)) for key, value in data.items()]
    lines: list[str] = []
    group: list[tuple[str, str]] = []
    for key, text in [*rows, ("", "\n")]:
        group.append((key, text))
        if "\n" in text:
            closed = group if key and len(group) == 1 else group[:-1]
            width = max((len(name) for name, _ in closed), default=0)
            lines += [f"{'  ' * depth}{name:<{width}} = {value}" for name, value in closed]
            if key and closed is not group:
                lines.append(f"{'  ' * depth}{key} = {text}")
            group = []
    return "\n".join(lines)


def _value(value: Any, depth: int, *, documents: bool) -> str:
    if isinstance(value, _Raw):
        return value.text
    if isinstance(value, Mapping):
        text = f"{{\n{_members(value, depth + 1)}\n{'  ' * depth}}}"
        return f"jsonencode({text})" if documents else text
    if isinstance(value, list):
        if len(value) == 1 and not isinstance(value[0], Mapping):
            return f"[{_value(value[0], depth, documents=False)}]"
        inner = "".join(f"{'  ' * (depth + 1)}{_value(item, depth + 1, documents=False)},\n" for item in value)
        return f"[\n{inner}{'  ' * depth}]"
    return json.dumps(value)


def _key(name: str) -> str:
    return name if _PLAIN_KEY.fullmatch(name) else json.dumps(name)


__all__ = ["IN_TERRAFORM", "GitHub", "as_terraform"]
