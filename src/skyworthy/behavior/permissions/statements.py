"""The policy documents that a resource bears, whichever type it is."""

from collections.abc import Iterator

from skyworthy.behavior.permissions.documents import PolicyDocument, document, many
from skyworthy.estate import Estate, Resource, Value

POLICY_TYPES = ("aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy")
ATTACHMENT_TYPES = (
    "aws_iam_policy_attachment",
    "aws_iam_role_policy_attachment",
    "aws_iam_user_policy_attachment",
    "aws_iam_group_policy_attachment",
)


def own_documents(holder: Resource, estate: Estate) -> Iterator[PolicyDocument]:
    """The identity policies that are written in a resource: a policy's own, a role's inline ones."""
    if holder.type in POLICY_TYPES:
        yield document(holder.peek("policy"), estate, "the policy")
    for block in many(holder.attributes.get("inline_policy") or ()):
        if isinstance(block, dict) and block.get("policy") is not None:
            yield document(block["policy"], estate, f'the inline policy "{block.get("name", "")}"')


def attached_arns(holder: Resource) -> tuple[Value, ...]:
    """The policies that a resource attaches by ARN: an attachment's, a role's ``managed_policy_arns``."""
    if holder.type in ATTACHMENT_TYPES:
        return (holder.peek("policy_arn"),)
    arns = holder.attributes.get("managed_policy_arns")
    return () if arns is None else many(arns)


def everything(values: tuple[Value, ...] | None) -> bool:
    """Whether one of the values of an element is ``*``."""
    return any(isinstance(item, str) and item == "*" for item in values or ())


def principals_of(policy: PolicyDocument) -> Iterator[Value]:
    """The AWS principals that a resource policy allows something.

    Raises:
        Undecidable: where the policy is not known.
    """
    for statement in policy.statements:
        if isinstance(statement.effect, str) and statement.effect == "Allow":
            yield from (statement.principals or {}).get("AWS", ())
    if policy.unknown is not None:
        raise policy.unknown.undecidable()


def is_account(principal: Value) -> bool:
    """Whether a principal is a whole account: its root, its number, a reference to it, or everybody."""
    text = str(principal)
    return text.endswith((":root", ".account_id}")) or text == "*" or (text.isdigit() and len(text) == 12)
