"""Trust policies: whether anybody may assume a role, and whether the policy says who.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
"""

from collections.abc import Iterator
from dataclasses import replace

from skyworthy.behavior.permissions.attachments import arn_of
from skyworthy.behavior.permissions.conditions import Context
from skyworthy.behavior.permissions.documents import PolicyDocument, Statement
from skyworthy.behavior.permissions.evaluation import Policies, may
from skyworthy.behavior.permissions.identifiers import NOBODY
from skyworthy.behavior.permissions.requests import Principal, PrincipalKind
from skyworthy.behavior.permissions.statements import everything
from skyworthy.estate import Estate, Reference, Resource, Template, Unknown

WAYS = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML")
"""The actions by which a role is assumed."""

_WHO = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:userid",
)
_SOURCES = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")
_LATER = Unknown("it is known at the time of the request only")


def is_assumable(role: Resource, trust: PolicyDocument, estate: Estate) -> bool:
    """Whether the trust policy lets one of those in whom it names, its conditions granted.

    Args:
        role: an ``aws_iam_role``.
        trust: its trust policy.
        estate: where references point.

    Raises:
        Undecidable: where that depends on what is not known.
    """
    granted = tuple(
        replace(item, conditions={}) for item in trust.statements if item.effect != "Deny" or not item.conditions
    )
    policies = Policies(resource=replace(trust, statements=granted))
    return any(
        may(policies, way, arn_of(role), Context(), principal=who, estate=estate).allowed
        for who in _named(trust)
        for way in WAYS
    )


def _named(trust: PolicyDocument) -> Iterator[Principal]:
    kinds: dict[str, PrincipalKind] = {"Service": "service", "Federated": "federated", "AWS": "session"}
    for statement in trust.statements:
        if statement.not_principals is not None:
            yield Principal(Template(("arn:aws:iam::", Reference(NOBODY, "account"), ":root")), "session")
        for kind, names in (statement.principals or {}).items():
            for name in names:
                yield Principal(name, kinds.get(kind, "session"))


def everybody_limited(statement: Statement) -> bool:
    """Whether a statement names who may assume the role, or limits everybody by a condition on who asks."""
    if statement.effect != "Allow" or not everything((statement.principals or {}).get("AWS")):
        return statement.effect != "Allow" or statement.not_principals is None
    return any(key.lower().startswith(_WHO) for keys in statement.conditions.values() for key in keys)


def services_of(trust: PolicyDocument) -> tuple[str, ...]:
    """The services that a trust policy lets in, by name."""
    names = [
        name
        for statement in trust.statements
        if statement.effect == "Allow"
        for name in (statement.principals or {}).get("Service", ())
    ]
    return tuple(name for name in names if isinstance(name, str))


def limits_source(trust: PolicyDocument) -> bool:
    """Whether every statement that lets a service in has a condition on whom it acts for."""
    allowing = [item for item in trust.statements if item.effect == "Allow" and (item.principals or {}).get("Service")]
    return bool(allowing) and all(
        any(key.lower() in _SOURCES for keys in item.conditions.values() for key in keys) for item in allowing
    )


def strange_accounts_may(role: Resource, trust: PolicyDocument, service: str, sends: str, estate: Estate) -> bool:
    """Whether a service may assume a role in the name of an account that nobody knows.

    Args:
        role: an ``aws_iam_role``.
        trust: its trust policy.
        service: principal of the service, ``ecs-tasks.amazonaws.com``.
        sends: the service in the ARNs that it sends as ``aws:SourceArn``, ``ecs``.
        estate: where references point.

    Raises:
        Undecidable: where that depends on what is not known.
    """
    account = Reference(NOBODY, "account")
    arn = Template((f"arn:aws:{sends}:us-east-1:", account, ":", Reference(NOBODY, "name")))
    keys = {"aws:SourceAccount": account, "aws:SourceArn": arn, "aws:SourceOrgID": Reference(NOBODY, "organization")}
    policies = Policies(resource=trust)
    principal = Principal(service, "service")
    context = Context(keys, _LATER)
    return may(policies, "sts:AssumeRole", arn_of(role), context, principal=principal, estate=estate).allowed
