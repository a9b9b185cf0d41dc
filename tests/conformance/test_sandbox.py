"""The reference stack, applied to the sandbox by real Terraform with the real provider."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from skyworthy.sandbox import cassette, terraform
from skyworthy.sandbox.server import Sandbox, running

PROJECT = Path(__file__).parents[2]
ENVIRONMENTS = ["production", "staging"]

pytestmark = [pytest.mark.integration, pytest.mark.slow]

READS: dict[str, list[str]] = {
    "acm": ["list_certificates"],
    "cloudwatch": ["describe_alarms", "list_dashboards"],
    "ec2": [
        "describe_addresses",
        "describe_flow_logs",
        "describe_internet_gateways",
        "describe_nat_gateways",
        "describe_network_acls",
        "describe_network_interfaces",
        "describe_route_tables",
        "describe_security_group_rules",
        "describe_security_groups",
        "describe_subnets",
        "describe_vpc_endpoints",
        "describe_vpcs",
    ],
    "ecr": ["describe_repositories"],
    "ecs": ["list_clusters", "list_task_definitions"],
    "elasticache": [
        "describe_cache_clusters",
        "describe_cache_parameter_groups",
        "describe_cache_subnet_groups",
        "describe_replication_groups",
    ],
    "elbv2": ["describe_load_balancers", "describe_target_groups"],
    "iam": ["list_open_id_connect_providers", "list_roles"],
    "kms": ["list_aliases", "list_keys"],
    "logs": ["describe_log_groups", "describe_metric_filters"],
    "rds": ["describe_db_instances", "describe_db_parameter_groups", "describe_db_subnet_groups"],
    "s3": ["list_buckets"],
    "secretsmanager": ["list_secrets"],
    "sns": ["list_subscriptions", "list_topics"],
}
RANDOM = {"ResponseMetadata", "SecretVersionsToStages", "VersionId", "creationTime"}
"""Not of the account: the request's id, times as numbers, and versions of secrets, whose ids the client chooses."""


def _root(environment: str) -> Path:
    return PROJECT / "terraform" / "environments" / environment


def _cassette(environment: str) -> Path:
    return PROJECT / "cassettes" / f"{environment}.jsonl"


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_times(each) for name, each in value.items() if name not in RANDOM}
    if isinstance(value, list):
        return sorted((_without_times(each) for each in value), key=repr)
    return "time" if isinstance(value, datetime) else value


def _inventory(sandbox: Sandbox, environment: str) -> dict[str, Any]:
    """What the account holds, without times."""
    found: dict[str, Any] = {}
    for service, operations in READS.items():
        client = sandbox.client(service)
        for operation in operations:
            found[f"{service}.{operation}"] = getattr(client, operation)()
    found |= _details(sandbox, f"ohmycoins-{environment}")
    plain: dict[str, Any] = _without_times(found)
    return plain


def _details(sandbox: Sandbox, name: str) -> dict[str, Any]:
    ecs, elb, scaling = (sandbox.client(each) for each in ("ecs", "elbv2", "application-autoscaling"))
    secrets, rds = sandbox.client("secretsmanager"), sandbox.client("rds")
    balancers = elb.describe_load_balancers()["LoadBalancers"]
    listeners = [
        listener
        for each in balancers
        for listener in elb.describe_listeners(LoadBalancerArn=each["LoadBalancerArn"])["Listeners"]
    ]
    definitions = ecs.list_task_definitions()["taskDefinitionArns"]
    parameters = rds.describe_db_parameters(DBParameterGroupName=f"{name}-postgres17")
    return {
        "listeners": listeners,
        "rules": [elb.describe_rules(ListenerArn=each["ListenerArn"])["Rules"] for each in listeners],
        "services": ecs.describe_services(cluster=name, services=["backend", "frontend"])["services"],
        "tasks": ecs.describe_tasks(cluster=name, tasks=ecs.list_tasks(cluster=name)["taskArns"])["tasks"],
        "definitions": [ecs.describe_task_definition(taskDefinition=each)["taskDefinition"] for each in definitions],
        "health": [
            elb.describe_target_health(TargetGroupArn=each["TargetGroupArn"])["TargetHealthDescriptions"]
            for each in elb.describe_target_groups()["TargetGroups"]
        ],
        "scaling": scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"],
        "targets": scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"],
        "parameters": parameters["Parameters"],
        "secrets": [
            secrets.get_secret_value(SecretId=each["ARN"])["SecretString"]
            for each in secrets.list_secrets()["SecretList"]
        ],
        "budgets": sandbox.client("budgets").describe_budgets(AccountId=sandbox.account_id)["Budgets"][0][
            "BudgetLimit"
        ],
    }


def _unprotect(sandbox: Sandbox) -> None:
    """Switch deletion protection off, as an operator would before taking an environment down."""
    rds, elb = sandbox.client("rds"), sandbox.client("elbv2")
    for database in rds.describe_db_instances()["DBInstances"]:
        name = database["DBInstanceIdentifier"]
        rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        off = {"Key": "deletion_protection.enabled", "Value": "false"}
        elb.modify_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=[off])


@pytest.mark.skipif(not (shutil.which("terraform") or shutil.which("tofu")), reason="terraform is not on the PATH")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_apply_is_complete_equals_the_cassette_and_can_be_destroyed(environment: str) -> None:
    root = _root(environment)
    tape = cassette.load(_cassette(environment))
    cassette.check(tape, root)

    with running(environment) as applied, terraform.opened(root, applied) as copied:
        outcome = copied.apply()
        empty, plan = copied.plan_is_empty()
        assert empty, plan
        assert outcome.unimplemented == {}

        with running(environment) as replayed:
            cassette.replay(tape, replayed)
            assert _inventory(replayed, environment) == _inventory(applied, environment)

        _unprotect(applied)
        copied.destroy()
        assert [vpc for vpc in applied.client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]] == []
        assert applied.client("rds").describe_db_instances()["DBInstances"] == []
        assert applied.client("elasticache").describe_replication_groups()["ReplicationGroups"] == []
        assert applied.client("elbv2").describe_load_balancers()["LoadBalancers"] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_committed_cassette_is_current_and_replays_to_the_same_account_each_time(environment: str) -> None:
    tape = cassette.load(_cassette(environment))
    cassette.check(tape, _root(environment))
    inventories = []
    for _ in range(2):
        with running(environment) as sandbox:
            cassette.replay(tape, sandbox)
            inventories.append(_inventory(sandbox, environment))

    assert inventories[0] == inventories[1]
    for service in inventories[0]["services"]:
        assert service["runningCount"] == service["desiredCount"] > 0
    assert {each["TargetHealth"]["State"] for group in inventories[0]["health"] for each in group} == {"healthy"}
