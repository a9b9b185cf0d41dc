"""What a policy allows wherever in the account: actions that could name a resource and do not."""

from skyworthy.behavior.permissions.conditions import Context
from skyworthy.behavior.permissions.documents import PolicyDocument, Statement
from skyworthy.behavior.permissions.evaluation import Policies, may
from skyworthy.behavior.permissions.probes import ANY_ROLE, LATER, probe
from skyworthy.estate import Estate, Reference, Template, Value

WRITES: dict[str, Value] = {
    "dynamodb:PutItem": probe("dynamodb", "table/"),
    "ecr:BatchGetImage": probe("ecr", "repository/"),
    "ecr:PutImage": probe("ecr", "repository/"),
    "ecs:UpdateService": probe("ecs", "service/", "/service"),
    "iam:AttachRolePolicy": ANY_ROLE,
    "lambda:UpdateFunctionCode": probe("lambda", "function:"),
    "logs:PutLogEvents": probe("logs", "log-group:", ":log-stream:stream"),
    "rds:DeleteDBInstance": probe("rds", "db:"),
    "s3:PutObject": probe("s3", "", "/object"),
    "secretsmanager:PutSecretValue": probe("secretsmanager", "secret:", "-a1B2c3"),
    "sns:Publish": probe("sns", ""),
    "sqs:SendMessage": probe("sqs", ""),
    "ssm:PutParameter": probe("ssm", "parameter/"),
}
"""Actions that AWS lets be limited to resources, each with the ARN of something that nobody declared.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""


def grants_everywhere(policy: PolicyDocument, action: str, estate: Estate) -> bool:
    """Whether an identity policy allows an action of :data:`WRITES` on what nobody declared.

    Raises:
        Undecidable: where that depends on what is not known.
    """
    if policy.unknown is None and not any(_reaches_far(item, action) for item in policy.statements):
        return False
    return may(Policies(identity=(policy,)), action, WRITES[action], Context(otherwise=LATER), estate=estate).allowed


def _reaches_far(statement: Statement, action: str) -> bool:
    """Whether a statement may allow an action on more than what it names outright; a quick look."""
    if isinstance(statement.effect, str) and statement.effect == "Deny":
        return False
    if not all(_is_another_service(item, action) for item in statement.actions or ("*",)):
        return statement.resources is None or not all(_is_named(item) for item in statement.resources)
    return False


def _is_another_service(value: Value, action: str) -> bool:
    service = value.partition(":")[0].lower() if isinstance(value, str) else "*"
    return not set("*?$") & set(service) and service != action.partition(":")[0]


def _is_named(value: Value) -> bool:
    """Whether a resource is one of the estate, or something within it, or is written out."""
    head = value.parts[0] if isinstance(value, Template) else value
    return isinstance(head, Reference) or (isinstance(value, str) and not set("*?$") & set(value))
