"""Controls of who may assume roles."""

from collections.abc import Mapping

from skyworthy.behavior.permissions import PolicyDocument, trust_of
from skyworthy.behavior.permissions.memory import remembered
from skyworthy.behavior.permissions.oidc import audiences_of, trusts_github
from skyworthy.behavior.permissions.statements import everything
from skyworthy.behavior.permissions.trust import (
    everybody_limited,
    is_assumable,
    limits_source,
    services_of,
    strange_accounts_may,
)
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable

_ROLE = "aws_iam_role"
_PROVIDER = "aws_iam_openid_connect_provider"
_SENDERS: Mapping[str, str] = {
    "ecs-tasks.amazonaws.com": "ecs",
    "monitoring.rds.amazonaws.com": "rds",
    "vpc-flow-logs.amazonaws.com": "ec2",
}
"""Services that say for whose account they act when they assume a role, and whose ARNs they send.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html,
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html
"""


def _trust(role: Resource, estate: Estate) -> PolicyDocument:
    if role.data or role.attributes.get("assume_role_policy") is None:
        not_applicable("its trust policy is not part of this stack")
    trust = trust_of(role, estate)
    if trust.unknown is not None:
        raise trust.unknown.undecidable()
    return trust


@control("iam.role-assumable", on=_ROLE, severity="high", refs=["REQ IAM-1", "REQ REF-3"])
def role_can_be_assumed(role: Resource, estate: Estate) -> None:
    """Somebody may assume a role.

    Why: whatever a role may do, nothing of it comes to pass where its trust policy lets nobody in.
    Fix: allow `sts:AssumeRole` to the service or principal that the role is for.
    """
    assert is_assumable(role, _trust(role, estate), estate), "its trust policy lets nobody assume it"


@control("iam.trust-names-principals", on=_ROLE, severity="critical", refs=["REQ IAM-1", "REQ REF-3", "CKV_AWS_60"])
def trust_names_who_may_assume(role: Resource, estate: Estate) -> None:
    """A trust policy says who may assume the role.

    Why: with `Principal = "*"` every AWS account, service and identity provider may, save for what a condition keeps
    out; a condition on anything but who asks leaves that to the caller.
    Fix: name the service, role or identity provider in `Principal`, or limit `*` by `aws:PrincipalOrgID`,
    `aws:PrincipalArn` or `aws:PrincipalAccount`.
    """
    trust = _trust(role, estate)
    findings = Findings()
    for statement in trust.statements:
        with findings.question():
            limited = everybody_limited(statement)
            assert limited, f"{trust.name_of(statement)} lets everybody in who meets its conditions"
    findings.conclude()


@control("iam.trust-actions-listed", on=_ROLE, severity="low", refs=["REQ IAM-1"])
def trust_lists_its_actions(role: Resource, estate: Estate) -> None:
    """A trust policy allows the ways of assuming the role that are meant.

    Why: AWS refuses actions of other services in a trust policy, and whoever may do everything may also tag the session
    and name another source of it.
    Fix: write `sts:AssumeRole` or `sts:AssumeRoleWithWebIdentity`.
    """
    trust = _trust(role, estate)
    for statement in trust.statements:
        wide = statement.effect == "Allow" and (statement.not_actions or everything(statement.actions))
        assert not wide, f"{trust.name_of(statement)} allows every action"


@control("iam.trust-limits-source", on=_ROLE, severity="low", refs=["REQ IAM-1"])
def trust_limits_for_whom_services_act(role: Resource, estate: Estate) -> None:
    """Where a stack says for whom services may assume its roles, it says so of all of them.

    Why: a service acts for every account; the role that was forgotten can be the one that somebody makes it assume.
    Fix: add a condition on `aws:SourceAccount` or `aws:SourceArn`.
    """
    trust = _trust(role, estate)
    services = [name for name in services_of(trust) if name in _SENDERS]
    if not services:
        not_applicable("no service assumes it that says for whom it acts")
    limiting = remembered(estate, "roles that limit for whom services act", lambda: _limiting(estate))
    if not limiting - {role.address}:
        if limits_source(trust):
            return
        not_applicable("no role of the stack limits for whom services act")
    assert limits_source(trust), f"{services[0]} may assume it whichever account it acts for"
    stranger = strange_accounts_may(role, trust, services[0], _SENDERS[services[0]], estate)
    assert not stranger, f"{services[0]} may assume it for an account that nobody named"


def _limiting(estate: Estate) -> frozenset[str]:
    """The addresses of the roles whose trust policies say for whom services may act."""
    trusts = {role.address: trust_of(role, estate) for role in estate.of(_ROLE)}
    return frozenset(
        address
        for address, trust in trusts.items()
        if trust.unknown is None and any(name in _SENDERS for name in services_of(trust)) and limits_source(trust)
    )


@control("iam.oidc-audience-registered", on=_PROVIDER, severity="high", refs=["REQ REF-3", "REQ IAM-1"])
def provider_knows_the_audiences(provider: Resource, estate: Estate) -> None:
    """An identity provider knows the audience that its roles demand.

    Why: AWS turns down a token whose audience the provider does not list, before it looks at any role.
    Fix: list `sts.amazonaws.com` in `client_id_list`.
    """
    known = provider["client_id_list"]
    listed = [item for item in known or () if isinstance(item, str)]
    unclear = [item for item in known or () if not isinstance(item, str)]
    findings = Findings()
    for role in estate.of(_ROLE):
        with findings.question():
            trusted = trusts_github(role, estate)
            if trusted is None or estate.find(trusted, _PROVIDER) is not provider:
                continue
            for audience in audiences_of(trust_of(role, estate)):
                if audience not in listed and unclear:
                    raise Undecidable(f"client_id_list of {provider.address} is not known")
                assert audience in listed, f"client_id_list lacks {audience}, which {role.address} demands"
    findings.conclude()
