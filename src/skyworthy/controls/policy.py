"""Policy documents, whatever they are attached to."""

from collections.abc import Mapping

from skyworthy.behavior.permissions.documents import document, many
from skyworthy.behavior.permissions.grammar import Kind, problems
from skyworthy.behavior.permissions.statements import POLICY_TYPES, everything
from skyworthy.behavior.permissions.strangers import service_may
from skyworthy.behavior.references import left_out
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Value

_USES: Mapping[str, tuple[str, ...]] = {
    "aws_ecr_repository_policy": ("ecr:BatchGetImage", "ecr:PutImage"),
    "aws_kms_key": ("kms:Decrypt", "kms:GenerateDataKey"),
    "aws_kms_key_policy": ("kms:Decrypt", "kms:GenerateDataKey"),
    "aws_s3_bucket": ("s3:GetObject", "s3:PutObject", "s3:ListBucket"),
    "aws_s3_bucket_policy": ("s3:GetObject", "s3:PutObject", "s3:ListBucket"),
    "aws_secretsmanager_secret": ("secretsmanager:GetSecretValue",),
    "aws_secretsmanager_secret_policy": ("secretsmanager:GetSecretValue",),
    "aws_sns_topic": ("sns:Publish", "sns:Subscribe"),
    "aws_sns_topic_policy": ("sns:Publish", "sns:Subscribe"),
    "aws_sqs_queue": ("sqs:SendMessage", "sqs:ReceiveMessage"),
    "aws_sqs_queue_policy": ("sqs:SendMessage", "sqs:ReceiveMessage"),
}
"""What bears a resource policy, and what is done with it."""
_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(POLICY_TYPES, "identity"),
    **dict.fromkeys(_USES, "resource"),
    "aws_iam_role": "trust",
}


def policy_of(holder: Resource, attribute: str = "policy", *, otherwise: str = "it has no policy of its own") -> Value:
    """The policy that a resource holds, be it a document, a reference to one or unknown.

    Raises:
        NotApplicable: it holds none; says `otherwise`.
        Undecidable: it could not be read.
    """
    elsewhere = holder.blank is not None and not holder.blank.denied and attribute not in holder.attributes
    if elsewhere or left_out(holder, attribute):  # in an account, some policies are resources of their own
        not_applicable(otherwise)
    return holder.attributes[attribute]


@control("policy.well-formed", on=tuple(_KINDS), severity="high", refs=["REQ IAM-1", "REQ STA-1"], lenses=("declared",))
def policies_are_well_formed(holder: Resource, estate: Estate) -> None:
    """AWS accepts the policy documents.

    Why: Terraform takes any JSON for a policy; AWS refuses one with a missing or unknown element, and the apply stops
    in the middle.
    Fix: give each statement an `Effect`, an `Action`, a `Resource` (but for trust policies) and, where it is attached
    to a resource, a `Principal`.
    """
    kind = _KINDS[holder.type]
    name = "assume_role_policy" if kind == "trust" else "policy"
    value = policy_of(holder, name, otherwise=f"it has no {name}")
    inline = [block for block in many(holder.attributes.get("inline_policy") or ()) if isinstance(block, Mapping)]
    findings = Findings()
    with findings.question():
        for problem in problems(value, kind, holder.type, estate):
            findings.add(f"{problem}")
    for block in inline if kind == "trust" else ():
        with findings.question():
            for problem in problems(block.get("policy"), "identity", holder.type, estate):
                findings.add(f'the inline policy "{block.get("name", "")}": {problem}')
    findings.conclude()


@control("policy.services-named", on=tuple(_USES), severity="medium", refs=["REQ IAM-1", "REQ ALM-12"])
def policies_name_the_services(holder: Resource, estate: Estate) -> None:
    """The policy of a resource lets in the AWS services that it names, not all of them.

    Why: with `Principal = "*"` and a condition on the account alone, whoever may set up any service of the account to
    act on the resource comes in by that service.
    Fix: write the service in `Principal`, `{ Service = "cloudwatch.amazonaws.com" }`.
    """
    value = policy_of(holder)
    findings = Findings()
    for action in _USES[holder.type]:
        with findings.question():
            may = service_may(value, action, estate, holder.address)
            assert not may, f"its policy allows {action} to every service that acts for the account"
    findings.conclude()


@control(
    "policy.actions-listed",
    on=tuple(name for name in _USES if not name.startswith("aws_kms_")),
    severity="medium",
    refs=["REQ IAM-1"],
)
def resource_policies_list_their_actions(holder: Resource, estate: Estate) -> None:
    """The policy of a resource allows nobody every action.

    Why: who is to write into a bucket could also empty it, open it to others or change this policy.
    Fix: list the actions that are needed, such as `s3:PutObject`.
    """
    value = policy_of(holder)
    own = document(value, estate, f"the policy of {holder.address}")
    findings = Findings()
    for statement in own.statements:
        if statement.effect == "Allow" and everything(statement.actions):
            findings.add(f"{own.name_of(statement)} allows every action")
    with findings.question():
        if own.unknown is not None:
            raise own.unknown.undecidable()
    findings.conclude()
