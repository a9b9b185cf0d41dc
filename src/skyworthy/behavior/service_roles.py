"""Roles that resources hand to AWS services, and which service each of them is for.

Only attributes whose role serves one service under one name stand here. Source: the pages on service roles that
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html lists.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from skyworthy.behavior.permissions import Context, Policies, Principal, arn_of, may, trust_of
from skyworthy.behavior.permissions.probes import ACCOUNT, REGION
from skyworthy.estate import Estate, Reference, Resource, Template, Unknown, Value

SERVICES: Mapping[str, tuple[str, str]] = {
    "aws_api_gateway_account": ("cloudwatch_role_arn", "apigateway.amazonaws.com"),
    "aws_backup_selection": ("iam_role_arn", "backup.amazonaws.com"),
    "aws_chatbot_slack_channel_configuration": ("iam_role_arn", "chatbot.amazonaws.com"),
    "aws_chatbot_teams_channel_configuration": ("iam_role_arn", "chatbot.amazonaws.com"),
    "aws_cloudtrail": ("cloud_watch_logs_role_arn", "cloudtrail.amazonaws.com"),
    "aws_codebuild_project": ("service_role", "codebuild.amazonaws.com"),
    "aws_codepipeline": ("role_arn", "codepipeline.amazonaws.com"),
    "aws_config_configuration_recorder": ("role_arn", "config.amazonaws.com"),
    "aws_db_instance": ("monitoring_role_arn", "monitoring.rds.amazonaws.com"),
    "aws_db_proxy": ("role_arn", "rds.amazonaws.com"),
    "aws_flow_log": ("iam_role_arn", "vpc-flow-logs.amazonaws.com"),
    "aws_lambda_function": ("role", "lambda.amazonaws.com"),
    "aws_rds_cluster": ("monitoring_role_arn", "monitoring.rds.amazonaws.com"),
    "aws_rds_cluster_instance": ("monitoring_role_arn", "monitoring.rds.amazonaws.com"),
}
"""Type of resource -> the attribute that names a role, and the principal of the service that assumes it."""


_SENDS_ITSELF = frozenset({"aws_cloudtrail"})
"""Types whose service sends the ARN of the very resource as ``aws:SourceArn``.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
"""


def trusts_service(role: Resource, user: Resource, estate: Estate) -> bool:
    """Whether a role's trust policy lets the service assume it that a resource hands it to.

    Conditions narrow for which of its resources the service may do so. They are granted, but for those on what it is
    known to send: of the rest, only the service knows.

    Args:
        role: an ``aws_iam_role``.
        user: the resource that hands it over, of a type in ``SERVICES``.
        estate: where references point.

    Raises:
        Undecidable: where the trust policy is not known.
    """
    trust = trust_of(role, estate)
    sent = Context({"aws:SourceArn": arn_of(user)} if user.type in _SENDS_ITSELF else {})
    statements = tuple(
        replace(item, conditions=_on(item.conditions, sent))
        for item in trust.statements
        if item.effect == "Allow" or not item.conditions
    )
    policies = Policies(resource=replace(trust, statements=statements))
    principal = Principal(SERVICES[user.type][1], "service")
    return may(policies, "sts:AssumeRole", arn_of(role), sent, principal=principal, estate=estate).allowed


def _on(
    conditions: Mapping[str, Mapping[str, tuple[Value, ...]]], sent: Context
) -> Mapping[str, Mapping[str, tuple[Value, ...]]]:
    """The conditions on keys that are sent."""
    kept = {
        operator: {key: values for key, values in keys.items() if key.lower() in sent.values}
        for operator, keys in conditions.items()
    }
    return {operator: keys for operator, keys in kept.items() if keys}


_WRITE = ("logs:CreateLogStream", "logs:PutLogEvents")
_MONITORED = ("aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance")
_DATABASE_METRICS = Template(("arn:aws:logs:", REGION, ":", ACCOUNT, ":log-group:RDSOSMetrics"))
"""Where enhanced monitoring writes what it measures."""


def duties(user: Resource, estate: Estate) -> Iterator[tuple[str, Value]]:
    """What a service must be allowed with the role that a resource hands to it: action and resource.

    Sources: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html,
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html,
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html

    Raises:
        Undecidable: where it is not known what the resource is set to.
    """
    if user.type == "aws_flow_log":
        yield from _flow_log_duties(user, estate)
    elif user.type == "aws_cloudtrail":
        for action in _WRITE:
            yield action, _stream(user["cloud_watch_logs_group_arn"], estate, (ACCOUNT, "_CloudTrail_", REGION))
    elif user.type in _MONITORED and user["monitoring_interval"]:
        for action in (*_WRITE, "logs:DescribeLogStreams"):
            yield action, _stream(_DATABASE_METRICS, estate)


def _flow_log_duties(flow_log: Resource, estate: Estate) -> Iterator[tuple[str, Value]]:
    if (flow_log["log_destination_type"] or "cloud-watch-logs") != "cloud-watch-logs":
        return
    destination = flow_log.peek("log_destination")
    if destination is None:
        destination = flow_log.peek("log_group_name")
    if isinstance(destination, Unknown):
        raise destination.undecidable()
    for action in (*_WRITE, "logs:DescribeLogStreams"):
        yield action, _stream(destination, estate)


def _stream(group: Value, estate: Estate, name: tuple[Value, ...] = ("stream",)) -> Value:
    """A stream of a log group, by which both patterns of the group and of its streams are met.

    Args:
        group: name or ARN.
        estate: where a reference points.
        name: what the service calls the stream, where the policy that AWS gives for it says so.
    """
    found = estate.find(group, "aws_cloudwatch_log_group") if isinstance(group, (str, Reference)) else None
    if found is not None:
        group = arn_of(found)
    if isinstance(group, str):
        group = group.removesuffix(":*")
        group = (
            group
            if group.startswith("arn:")
            else Template(("arn:aws:logs:", REGION, ":", ACCOUNT, ":log-group:", group))
        )
    if isinstance(group, Template):
        last = group.parts[-1]
        parts = (*group.parts[:-1], last.removesuffix(":*")) if isinstance(last, str) else group.parts
        return Template((*parts, ":log-stream:", *name))
    return Template((group, ":log-stream:", *name))
