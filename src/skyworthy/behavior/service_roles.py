"""Roles that resources hand to AWS services, and which service each of them is for.

Only attributes whose role serves one service under one name stand here. Source: the pages on service roles that
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html lists.
"""

from collections.abc import Mapping
from dataclasses import replace

from skyworthy.behavior.permissions import Context, Policies, Principal, arn_of, may, trust_of
from skyworthy.estate import Estate, Resource

SERVICES: Mapping[str, tuple[str, str]] = {
    "aws_api_gateway_account": ("cloudwatch_role_arn", "apigateway.amazonaws.com"),
    "aws_backup_selection": ("iam_role_arn", "backup.amazonaws.com"),
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


def trusts_service(role: Resource, service: str, estate: Estate) -> bool:
    """Whether a role's trust policy lets a service assume it, its conditions granted.

    Conditions narrow for which of its resources the service may do so; of what it sends, only the service knows.

    Args:
        role: an ``aws_iam_role``.
        service: principal of the service, ``lambda.amazonaws.com``.
        estate: where references point.

    Raises:
        Undecidable: where the trust policy is not known.
    """
    trust = trust_of(role, estate)
    statements = tuple(
        replace(item, conditions={}) for item in trust.statements if item.effect == "Allow" or not item.conditions
    )
    policies = Policies(resource=replace(trust, statements=statements))
    principal = Principal(service, "service")
    return may(policies, "sts:AssumeRole", arn_of(role), Context(), principal=principal, estate=estate).allowed
