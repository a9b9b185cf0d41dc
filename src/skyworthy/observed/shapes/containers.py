"""ECS clusters, services and task definitions, and their autoscaling.

Source of the attribute names: the schemas of aws_ecs_cluster, aws_ecs_service, aws_ecs_task_definition and
aws_appautoscaling_policy, https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/ecs_service
"""

from typing import Any

from skyworthy.estate import Value
from skyworthy.observed.shapes.base import Record, nested, shape


@shape
def cluster_configuration(record: Record) -> Value:
    """``configuration`` of a cluster."""
    given = record.get("configuration") or {}
    execute = given.get("executeCommandConfiguration")
    if not execute:
        return []
    logs = execute.get("logConfiguration")
    block = {"kms_key_id": execute.get("kmsKeyId"), "logging": execute.get("logging")}
    return [{"execute_command_configuration": [{**block, "log_configuration": [nested(logs)] if logs else []}]}]


@shape
def service_network(record: Record) -> Value:
    """``network_configuration`` of a service."""
    vpc = (record.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if not vpc:
        return []
    return [
        {
            "subnets": sorted(vpc.get("subnets", ())),
            "security_groups": sorted(vpc.get("securityGroups", ())),
            "assign_public_ip": vpc.get("assignPublicIp") == "ENABLED",
        }
    ]


@shape
def service_load_balancers(record: Record) -> Value:
    """``load_balancer`` blocks of a service."""
    return [
        {
            "target_group_arn": item.get("targetGroupArn"),
            "elb_name": item.get("loadBalancerName"),
            "container_name": item.get("containerName"),
            "container_port": item.get("containerPort"),
        }
        for item in record.get("loadBalancers", ())
    ]


@shape
def arn_without_revision(record: Record) -> Value:
    """The ARN of a task definition's family."""
    return record["Definition"]["taskDefinitionArn"].rpartition(":")[0]


def _volume(volume: Record) -> dict[str, Any]:
    made: dict[str, Any] = {"name": volume["name"], "host_path": (volume.get("host") or {}).get("sourcePath")}
    made["configure_at_launch"] = volume.get("configuredAtLaunch", False)
    for api, name in (
        ("efsVolumeConfiguration", "efs_volume_configuration"),
        ("dockerVolumeConfiguration", "docker_volume_configuration"),
        ("fsxWindowsFileServerVolumeConfiguration", "fsx_windows_file_server_volume_configuration"),
    ):
        made[name] = [nested(volume[api])] if volume.get(api) else []
    return made


@shape
def task_volumes(record: Record) -> Value:
    """``volume`` blocks of a task definition."""
    return [_volume(item) for item in record["Definition"].get("volumes", ())]


@shape
def target_tracking(record: Record) -> Value:
    """``target_tracking_scaling_policy_configuration`` of a scaling policy."""
    given = record.get("TargetTrackingScalingPolicyConfiguration")
    return [{"disable_scale_in": False, **nested(given)}] if given else []


@shape
def step_scaling(record: Record) -> Value:
    """``step_scaling_policy_configuration`` of a scaling policy."""
    given = record.get("StepScalingPolicyConfiguration")
    if not given:
        return []
    block = nested(given)
    return [
        {
            **{k: v for k, v in block.items() if k != "step_adjustments"},
            "step_adjustment": block.get("step_adjustments", []),
        }
    ]
