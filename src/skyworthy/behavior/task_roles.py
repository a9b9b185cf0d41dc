"""What the roles of a task must be able to do: be assumed by ECS, pull images, write logs, open ECS Exec sessions.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from skyworthy.behavior.permissions import Context, Policies, Principal, arn_of, may, trust_of
from skyworthy.behavior.secrets import Need, containers
from skyworthy.estate import Estate, Reference, Resource, Template, Unknown, Value

EXEC_ACTIONS = (
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
"""What the agent behind ECS Exec does with the task role."""

_PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability")
_REGISTRY = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<name>[^:@]+)")
_ACCOUNT = Reference("data.aws_caller_identity.this", "account_id")
_REGION = Reference("data.aws_region.this", "name")
_LATER = Unknown("it is known at the time of the request only")


def role_of(task_definition: Resource, attribute: str, estate: Estate) -> Resource | None:
    """The role that an attribute of a task definition names, None where it names none.

    Raises:
        Undecidable: where it names one that is not part of the estate.
    """
    value = task_definition[attribute]
    if value is None or (isinstance(value, str) and not value):
        return None
    role = estate.find(value, "aws_iam_role")
    if role is None:
        raise Unknown(f"the role {value} is not part of this stack").undecidable()
    return role


def assumable_by_tasks(role: Resource, estate: Estate) -> bool:
    """Whether ECS may assume a role for a task of the same account and region.

    Raises:
        Undecidable: where the trust policy depends on what is not known.
    """
    context = Context(
        {
            "aws:SourceAccount": _ACCOUNT,
            "aws:SourceArn": Template(("arn:aws:ecs:", _REGION, ":", _ACCOUNT, ":task/cluster/0123456789abcdef")),
        },
        _LATER,
    )
    policies = Policies(resource=trust_of(role, estate))
    service = Principal("ecs-tasks.amazonaws.com", "service")
    return may(policies, "sts:AssumeRole", arn_of(role), context, principal=service, estate=estate).allowed


def start_needs(task_definition: Resource, estate: Estate) -> Iterator[Need]:
    """What the execution role must be allowed, beside secrets: pulling images from ECR, writing to CloudWatch Logs."""
    for definition in containers(task_definition):
        yield from _image_needs(definition.get("image"), estate)
        yield from _log_needs(definition, estate)


def _need(action: str, resource: Value, target: str) -> Need:
    return Need(action, resource, target, Context(otherwise=_LATER))


def _image_needs(image: Value, estate: Estate) -> Iterator[Need]:
    found = _repository(image, estate)
    if found is not None:
        resource, label = found
        yield _need("ecr:GetAuthorizationToken", "*", "the registry")
        for action in _PULL:
            yield _need(action, resource, label)


def _repository(image: Value, estate: Estate) -> tuple[Value, str] | None:
    """The ECR repository of an image and what it is called; None where the image comes from elsewhere."""
    head = image.parts[0] if isinstance(image, Template) else image
    if isinstance(head, Unknown):
        raise head.undecidable()
    if isinstance(head, Reference):
        repository = estate.find(head, "aws_ecr_repository")
        return None if repository is None else (arn_of(repository), repository.address)
    match = _REGISTRY.match(str(head))
    if match is None or isinstance(image, Template):
        return None
    arn = f"arn:aws:ecr:{match['region']}:{match['account']}:repository/{match['name']}"
    known = estate.find(match["name"], "aws_ecr_repository")
    return arn, known.address if known is not None else f"the repository {match['name']}"


def _log_needs(definition: Mapping[str, Any], estate: Estate) -> Iterator[Need]:
    options = log_options(definition)
    group = options.get("awslogs-group") if options is not None else None
    if options is None or group is None:
        return
    if isinstance(group, Unknown):
        raise group.undecidable()
    found = estate.find(group, "aws_cloudwatch_log_group")
    label = f"the log group {group}" if found is None else found.address
    arn: Value = _group_arn(group, options.get("awslogs-region")) if found is None else arn_of(found)
    if isinstance(arn, str):
        arn = arn.removesuffix(":*")
    stream = Template((arn, ":log-stream:stream/container/0123456789abcdef"))
    yield _need("logs:CreateLogStream", stream, label)
    yield _need("logs:PutLogEvents", stream, label)
    if str(options.get("awslogs-create-group")).lower() == "true":
        yield _need("logs:CreateLogGroup", arn, label)


def _group_arn(group: Value, region: Value) -> Template:
    """The ARN of a log group that the estate does not have."""
    return Template(("arn:aws:logs:", _REGION if region is None else region, ":", _ACCOUNT, ":log-group:", group))


def log_options(definition: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The options of a container's ``awslogs`` driver, None where it uses another or none.

    Raises:
        Undecidable: where they are not known.
    """
    configuration = definition.get("logConfiguration")
    for value in (configuration, configuration.get("options") if isinstance(configuration, Mapping) else None):
        if isinstance(value, (Unknown, Reference, Template)):
            raise value.undecidable()
    if not configuration or configuration.get("logDriver") != "awslogs":
        return None
    options: Mapping[str, Any] = configuration.get("options") or {}
    return options
