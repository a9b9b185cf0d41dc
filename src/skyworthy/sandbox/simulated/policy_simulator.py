"""IAM's policy simulator: what a principal may do, by the policies in moto's store, judged by `behavior.permissions`.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from skyworthy.behavior.permissions import (
    Context,
    Decision,
    Outcome,
    Policies,
    PolicyDocument,
    Principal,
    from_json,
    may,
)
from skyworthy.behavior.permissions.documents import Statement, many
from skyworthy.behavior.permissions.identifiers import Speller
from skyworthy.behavior.permissions.requests import Request, applies, has_effect
from skyworthy.estate import Estate, Undecidable
from skyworthy.sandbox.account.calls import AwsError

NOWHERE = Estate(())
_DECISIONS = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICITLY_DENIED: "explicitDeny",
    Outcome.IMPLICITLY_DENIED: "implicitDeny",
}
_VARIABLE = re.compile(r"\$\{([^},]+)")


@dataclass(frozen=True)
class Subject:
    """Whose permissions are simulated.

    Args:
        principal: who asks.
        identity: its policies.
        boundary: its permissions boundary; None: it has none.
        resource: the policy of what it asks for; None: nothing is said of it, so that it leaves all to the account.
    """

    principal: Principal
    identity: tuple[PolicyDocument, ...]
    boundary: PolicyDocument | None = None
    resource: PolicyDocument | None = None

    def documents(self) -> Iterator[PolicyDocument]:
        """All policies."""
        yield from self.identity
        yield from (each for each in (self.boundary, self.resource) if each is not None)


def attached(iam: Any, arn: str) -> tuple[Principal, tuple[PolicyDocument, ...], PolicyDocument | None]:
    """A user, group or role of moto's store: the principal, its policies and its boundary.

    Args:
        iam: moto's store.
        arn: of the user, group or role.

    Raises:
        AwsError: there is none.
    """
    kind, _, path = arn.partition(":")[2].rpartition(":")[2].partition("/")
    name = path.rpartition("/")[2]
    holders = {"user": iam.users, "group": iam.groups, "role": {each.name: each for each in iam.roles.values()}}
    holder = holders.get(kind, {}).get(name)
    if holder is None:
        raise AwsError("NoSuchEntity", f"The {kind or 'entity'} with name {name or arn} cannot be found.")
    documents = list(_of(holder))
    if kind == "user":
        for group in iam.groups.values():
            if any(each.name == name for each in group.users):
                documents += _of(group)
    limit = getattr(holder, "permissions_boundary_arn", None)
    boundary = _managed(iam, limit) if limit else None
    account = arn.split(":")[4]
    return Principal(arn, "user" if kind == "user" else "role", account), tuple(documents), boundary


def read(text: str, label: str) -> PolicyDocument:
    """A policy document.

    Args:
        text: JSON, as it was given or stored.
        label: SourcePolicyId of its statements.

    Raises:
        AwsError: it is none.
    """
    try:
        data = json.loads(text if text.lstrip().startswith("{") else unquote(text))
    except ValueError as error:
        raise AwsError("InvalidInput", f"{label} is not JSON: {error}") from error
    if not isinstance(data, Mapping):
        raise AwsError("InvalidInput", f"{label} is no policy document")
    return from_json(data, label)


def context(entries: Iterable[Mapping[str, Any]]) -> Context:
    """The condition keys that a request gives; all others are missing."""
    return Context(
        {
            each["ContextKeyName"]: list(each["ContextKeyValues"])
            if str(each.get("ContextKeyType", "")).endswith("List") or len(each["ContextKeyValues"]) != 1
            else each["ContextKeyValues"][0]
            for each in entries
        }
    )


def evaluate(subject: Subject, action: str, resource: str, given: Context) -> dict[str, Any]:
    """One EvaluationResult.

    What cannot be decided is denied, as where a condition key is missing.

    Args:
        subject: whose permissions.
        action: `s3:GetObject`.
        resource: ARN or `*`.
        given: condition keys.
    """
    policies = Policies(subject.identity, subject.resource or _delegating(subject.principal), subject.boundary)
    request = Request(subject.principal, action, resource, given, Speller(NOWHERE), None)
    try:
        decision = may(policies, action, resource, given, principal=subject.principal)
    except Undecidable as undecidable:
        decision = Decision(Outcome.IMPLICITLY_DENIED, undecidable.reason)
    result: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": _DECISIONS[decision.outcome],
        "MatchedStatements": list(_matched(subject, request, decision.outcome)),
        "MissingContextValues": _missing(subject, request),
    }
    if subject.boundary is not None:
        allowed = any(
            _applies(statement, subject.boundary, request, "Allow") for statement in subject.boundary.statements
        )
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
    return result


def keys_of(documents: Iterable[PolicyDocument]) -> list[str]:
    """The condition keys that policies name, in conditions and as variables; sorted."""
    return sorted({key for item in documents for statement in item.statements for key in _keys(statement)})


def _of(holder: Any) -> Iterator[PolicyDocument]:
    for name, text in holder.policies.items():
        yield read(text, name)
    for policy in holder.managed_policies.values():
        yield _current(policy)


def _managed(iam: Any, arn: str) -> PolicyDocument:
    policy = iam.managed_policies.get(arn)
    if policy is None:
        raise AwsError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    return _current(policy)


def _current(policy: Any) -> PolicyDocument:
    """The version of a managed policy that is in force."""
    version = next(each for each in policy.versions if each.version_id == policy.default_version_id)
    return read(version.document, policy.name)


def _delegating(principal: Principal) -> PolicyDocument:
    """What the simulator takes for the policy of a resource of which none is given: it leaves all to the account."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": {"AWS": principal.account}}
    return from_json({"Version": "2012-10-17", "Statement": [everything]}, "the account")


def _matched(subject: Subject, request: Request, outcome: Outcome) -> Iterator[dict[str, str]]:
    """The statements that decide: a Deny alone, where there is one."""
    if outcome is Outcome.IMPLICITLY_DENIED:
        return
    effect = "Allow" if outcome is Outcome.ALLOWED else "Deny"
    for item in subject.documents():
        for statement in item.statements:
            if _applies(statement, item, request, effect):
                kind = "Resource Policy" if item is subject.resource else "IAM Policy"
                yield {"SourcePolicyId": item.label, "SourcePolicyType": kind}


def _applies(statement: Statement, item: PolicyDocument, request: Request, effect: str) -> bool:
    return has_effect(statement, effect).yes and applies(statement, item, request).yes


def _missing(subject: Subject, request: Request) -> list[str]:
    """The keys that statements about the action and resource name, and that the request does not give."""
    found: set[str] = set()
    for item in subject.documents():
        for statement in item.statements:
            if not applies(replace(statement, conditions={}), item, request).no or _has_variable(statement):
                found |= {key for key in _keys(statement) if request.context.get(key) is None}
    return sorted(found)


def _has_variable(statement: Statement) -> bool:
    return any(True for _ in _variables(statement))


def _keys(statement: Statement) -> Iterator[str]:
    for keys in statement.conditions.values():
        yield from keys
    yield from _variables(statement)


def _variables(statement: Statement) -> Iterator[str]:
    values = [*(statement.resources or ()), *(statement.not_resources or ())]
    values += [each for keys in statement.conditions.values() for row in keys.values() for each in many(row)]
    for value in values:
        if isinstance(value, str):
            yield from (name.strip() for name in _VARIABLE.findall(value) if name.strip() not in "*?$")
