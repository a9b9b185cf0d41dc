"""Whether a resource policy lets in somebody who has nothing to do with the account."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from skyworthy.behavior.permissions.conditions import Context
from skyworthy.behavior.permissions.documents import PolicyDocument, Statement, document, from_json
from skyworthy.behavior.permissions.evaluation import Policies, may
from skyworthy.behavior.permissions.identifiers import NOBODY, Speller
from skyworthy.behavior.permissions.requests import Principal, Request, applies
from skyworthy.estate import Estate, Reference, Template, Unknown, Value

ACCOUNT = Reference(NOBODY, "account")
OWN_ACCOUNT = Reference("data.aws_caller_identity.this", "account_id")
_OWN_REGION = Reference("data.aws_region.this", "name")
_CHOSEN = (
    "kms:encryptioncontext",
    "sns:endpoint",
    "sns:protocol",
    "s3:prefix",
    "s3:delimiter",
    "s3:max-keys",
    "s3:x-amz-",
)
"""Keys of conditions whose value who asks writes into the request."""
_ARN = Template(("arn:aws:iam::", ACCOUNT, ":role/", Reference(NOBODY, "name")))
EVERYTHING = from_json(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}, ""
)
_KEYS = {
    "aws:PrincipalAccount": ACCOUNT,
    "aws:PrincipalArn": _ARN,
    "aws:PrincipalOrgID": Reference(NOBODY, "organization"),
    "aws:PrincipalOrgPaths": [Reference(NOBODY, "organization path")],
    "aws:PrincipalIsAWSService": False,
    "aws:PrincipalType": "AssumedRole",
    "aws:SecureTransport": True,
    "aws:SourceAccount": None,
    "aws:SourceArn": None,
    "aws:SourceIp": "198.51.100.7",
    "aws:SourceOrgID": None,
    "aws:SourceVpc": None,
    "aws:SourceVpce": None,
    "aws:ViaAWSService": False,
    "kms:CallerAccount": ACCOUNT,
    "kms:GrantIsForAWSResource": False,
    "kms:ViaService": None,
}
_LATER = Unknown("it is known at the time of the request only")


@dataclass(frozen=True)
class _Asker:
    """Who asks for something of the account.

    Args:
        principal: who it is.
        keys: what the request's condition keys say.
        identity: the policies of their own.
    """

    principal: Principal
    keys: Mapping[str, Value]
    identity: tuple[PolicyDocument, ...] = ()


_STRANGER = _Asker(Principal(_ARN, account=ACCOUNT), _KEYS, (EVERYTHING,))
_SERVICE = Reference(NOBODY, "service")
_ANY_SERVICE = _Asker(
    Principal(_SERVICE, "service", OWN_ACCOUNT),
    {
        **_KEYS,
        "aws:PrincipalAccount": None,
        "aws:PrincipalArn": None,
        "aws:PrincipalOrgID": None,
        "aws:PrincipalOrgPaths": None,
        "aws:PrincipalIsAWSService": True,
        "aws:PrincipalServiceName": _SERVICE,
        "aws:PrincipalServiceNamesList": [_SERVICE],
        "aws:SourceAccount": OWN_ACCOUNT,
        "aws:SourceArn": Template(
            ("arn:aws:", _SERVICE, ":", _OWN_REGION, ":", OWN_ACCOUNT, ":", Reference(NOBODY, "name"))
        ),
        "aws:SourceOwner": None,
        "kms:CallerAccount": None,
    },
)


def stranger_may(policy: Value, action: str, estate: Estate, label: str) -> bool:
    """Whether a resource policy allows an action to a principal of an account that nobody knows.

    The stranger's own account allows everything, so that the resource policy alone decides. See :func:`_lets_in`.
    """
    return _lets_in(_STRANGER, document(policy, estate, f"the policy of {label}"), action, estate)


def service_may(policy: Value, action: str, estate: Estate, label: str) -> bool:
    """Whether a resource policy allows an action to whatever AWS service acts for the account, named or not.

    See :func:`_lets_in`.
    """
    return _lets_in(_ANY_SERVICE, document(policy, estate, f"the policy of {label}"), action, estate)


def acting_service_may(
    policy: PolicyDocument, action: str, estate: Estate, service: str, source: Mapping[str, Value]
) -> bool:
    """Whether a resource policy allows an action to a service that acts for somebody.

    Args:
        policy: of the resource; its statements are taken to speak of it.
        action: ``s3:PutObject``.
        estate: where references point.
        service: principal of the service, ``cloudtrail.amazonaws.com``.
        source: ``aws:SourceAccount`` and ``aws:SourceArn``: for whom it acts; and what else it is known to send.

    Raises:
        Undecidable: where it depends on what is not known.
    """
    named = {"aws:PrincipalServiceName": service, "aws:PrincipalServiceNamesList": [service]}
    asker = _Asker(Principal(service, "service"), {**_ANY_SERVICE.keys, **named, **source})
    return _lets_in(asker, policy, action, estate)


def _lets_in(asker: "_Asker", own: PolicyDocument, action: str, estate: Estate) -> bool:
    """Whether a resource policy allows an action to somebody.

    Args:
        asker: who asks.
        own: the policy.
        action: ``kms:Decrypt``.
        estate: where references point.

    Raises:
        Undecidable: where it depends on what is not known.
    """
    # It speaks of what it is attached to, however that is written.
    statements = tuple(_unbound(item, asker.keys) for item in own.statements)
    policies = Policies(identity=asker.identity, resource=replace(own, statements=statements))
    context = Context(asker.keys, _LATER)
    return may(
        policies, action, "*", context, principal=asker.principal, resource_account=OWN_ACCOUNT, estate=estate
    ).allowed


def _unbound(statement: Statement, sent: Iterable[str]) -> Statement:
    """A statement without its resources, and an Allow without the conditions that who asks fulfils as they like."""
    chosen = statement.conditions if statement.effect == "Deny" else _without_choice(statement.conditions, sent)
    return replace(statement, resources=None, not_resources=None, conditions=chosen)


def _without_choice(
    conditions: Mapping[str, Mapping[str, tuple[Value, ...]]], sent: Iterable[str]
) -> dict[str, dict[str, tuple[Value, ...]]]:
    known = {key.lower() for key in sent}
    kept = {
        operator: {
            key: values for key, values in keys.items() if key.lower() in known or not key.lower().startswith(_CHOSEN)
        }
        for operator, keys in conditions.items()
    }
    return {operator: keys for operator, keys in kept.items() if keys}


def certainly_denied(policy: PolicyDocument, action: str, resource: Value, estate: Estate, *, tls: bool) -> bool:
    """Whether a resource policy denies a request to whoever asks, whatever else is or is not known of it.

    Args:
        policy: of the resource.
        action: ``s3:GetObject``.
        resource: ARN of what is asked for.
        estate: where references point.
        tls: whether the request comes over TLS.
    """
    context = Context({"aws:SecureTransport": tls}, _LATER)
    somebody = Principal(Template(("arn:aws:iam::", OWN_ACCOUNT, ":role/", Reference(NOBODY, "name"))))
    request = Request(somebody, action, resource, context, Speller(estate), None)
    return any(
        item.effect == "Deny" and applies(item, policy, request).yes
        for item in policy.statements
        if isinstance(item.effect, str)
    )
