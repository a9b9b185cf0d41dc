"""Who writes into a log group, as far as the estate tells."""

from collections.abc import Iterator, Mapping

from skyworthy.behavior.memory import once_per_estate
from skyworthy.estate import Estate, Reference, Resource, Template, Unknown, Value, leaves

_READERS = (
    *("aws_cloudwatch_log_metric_filter", "aws_cloudwatch_log_subscription_filter", "aws_cloudwatch_metric_alarm"),
    *("aws_cloudwatch_dashboard", "aws_cloudwatch_query_definition", "aws_cloudwatch_log_data_protection_policy"),
    *("aws_cloudwatch_log_resource_policy", "aws_cloudwatch_composite_alarm", "aws_kms_key", "aws_kms_key_policy"),
)
"""Types that name log groups and write into none."""
_BY_NAME = ("/aws/", "aws-waf-logs-", "API-Gateway-Execution-Logs", "RDSOSMetrics")
"""How names of log groups begin into which AWS writes without being told by the group."""
_PROGRAMS = (
    *("aws_instance", "aws_launch_template", "aws_launch_configuration", "aws_lambda_function", "aws_eks_cluster"),
    *("aws_batch_job_definition", "aws_glue_job", "aws_emr_cluster", "aws_ssm_document"),
)
"""Types that run programs of which nobody tells where they log."""


def is_written_by_name(group: Resource) -> bool:
    """Whether AWS writes into a group because of its name."""
    name = group.peek("name")
    head = name.parts[0] if isinstance(name, Template) else name
    return isinstance(head, str) and head.startswith(_BY_NAME)


def holds_another_log(group: Value, estate: Estate) -> bool:
    """Whether a log group, by name or reference, holds what no container writes: an audit trail, events, flow logs."""
    found = None if isinstance(group, Unknown) else estate.find(group, "aws_cloudwatch_log_group")
    if found is None:
        return isinstance(group, str) and group.startswith(_BY_NAME)
    if any(_is_among(found, frozenset(_texts(task.attributes))) for task in estate.of("aws_ecs_task_definition")):
        return False
    return is_written_by_name(found) or is_named_by_a_writer(found, estate)


def is_named_by_a_writer(group: Resource, estate: Estate) -> bool:
    """Whether anything names a log group that may write into it."""
    return _is_among(group, _named(estate))


def _is_among(group: Resource, texts: frozenset[str]) -> bool:
    """Whether a log group is one of those that addresses and texts name."""
    own = (group.peek("name"), group.peek("arn"))
    return group.address in texts or any(isinstance(item, str) and item.removesuffix(":*") in texts for item in own)


def unseen_writers(estate: Estate) -> tuple[str, ...]:
    """What runs programs that may log to a group by its name, which nothing of the estate tells."""
    found = [item.address for item in estate.of(*_PROGRAMS)]
    for task in estate.of("aws_ecs_task_definition"):
        definitions = task.peek("container_definitions")
        listed = definitions if isinstance(definitions, (list, tuple)) else ()
        if not listed or any(not isinstance(item, Mapping) or item.get("firelensConfiguration") for item in listed):
            found.append(task.address)
    return tuple(found)


@once_per_estate
def _named(estate: Estate) -> frozenset[str]:
    """Addresses and texts in everything that may write, the parts of ARNs and paths apart."""
    found: set[str] = set()
    for resource in estate:
        skipped = resource.type in _READERS or resource.type.startswith(("aws_iam_", "aws_cloudwatch_log_group"))
        if not resource.data and not skipped:
            found.update(_texts(_followed(resource)))
    return frozenset(found)


def _followed(resource: Resource) -> Mapping[str, Value]:
    """The attributes of a resource, of a cluster without the log configuration that ECS Exec does not follow."""
    attributes = dict(resource.attributes)
    if resource.type == "aws_ecs_cluster":
        settings: Value = resource.attributes.get("configuration")
        if not _overrides(settings):
            attributes.pop("configuration", None)
    return attributes


def _overrides(value: Value) -> bool:
    if isinstance(value, Mapping):
        return value.get("logging") == "OVERRIDE" or any(_overrides(item) for item in value.values())
    return isinstance(value, (list, tuple)) and any(_overrides(item) for item in value)


def _texts(value: Value) -> Iterator[str]:
    for item in leaves(value):
        if isinstance(item, Reference):
            yield item.address
        elif isinstance(item, str):
            yield item.removesuffix(":*")
            if ":log-group:" in item:
                yield item.partition(":log-group:")[2].partition(":")[0]
