"""Whether a resource policy lets in somebody who has nothing to do with the account."""

from dataclasses import replace

from skyworthy.behavior.permissions.conditions import Context
from skyworthy.behavior.permissions.documents import document, from_json
from skyworthy.behavior.permissions.evaluation import Policies, may
from skyworthy.behavior.permissions.identifiers import NOBODY
from skyworthy.behavior.permissions.requests import Principal
from skyworthy.estate import Estate, Reference, Template, Unknown, Value

ACCOUNT = Reference(NOBODY, "account")
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


def stranger_may(policy: Value, action: str, estate: Estate, label: str) -> bool:
    """Whether a resource policy allows an action to a principal of an account that nobody knows.

    The stranger's own account allows everything, so that the resource policy alone decides.

    Args:
        policy: the policy's attribute: a document, or a reference to one.
        action: ``kms:Decrypt``.
        estate: where references point.
        label: what bears the policy, for messages.

    Raises:
        Undecidable: where it depends on what is not known.
    """
    own = document(policy, estate, f"the policy of {label}")
    # It speaks of what it is attached to, however that is written.
    statements = tuple(replace(item, resources=None, not_resources=None) for item in own.statements)
    policies = Policies(identity=(EVERYTHING,), resource=replace(own, statements=statements))
    principal = Principal(_ARN, account=ACCOUNT)
    context = Context(_KEYS, _LATER)
    other = Reference("data.aws_caller_identity.this", "account_id")
    return may(policies, action, "*", context, principal=principal, resource_account=other, estate=estate).allowed
