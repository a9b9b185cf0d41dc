"""Faults of the ECS services, their logs, and what is kept around them."""

import hashlib
import json
from typing import Any

from skyworthy.sandbox.faults.registry import Hit, fault
from skyworthy.sandbox.faults.stack import Item, Stack, one


def _service(stack: Stack, **change: Any) -> Hit:
    name = stack.service["serviceName"]
    stack.client("ecs").update_service(cluster=stack.cluster, service=name, **change)
    return Hit("aws_ecs_service", name)


@fault("service-scaled-to-zero", "LIV-5", "REF-14")
def scaled_to_zero(stack: Stack) -> Hit:
    """The service runs no task."""
    return _service(stack, desiredCount=0)


@fault("service-deleted", "LIV-1", "LIV-5")
def deleted(stack: Stack) -> Hit:
    """The service is gone."""
    name = stack.service["serviceName"]
    stack.client("ecs").delete_service(cluster=stack.cluster, service=name, force=True)
    return Hit("aws_ecs_service", name)


@fault("service-public-ip", "NET-2")
def public_ip(stack: Stack) -> Hit:
    """The tasks get public addresses."""
    network = {**stack.service["networkConfiguration"]["awsvpcConfiguration"], "assignPublicIp": "ENABLED"}
    return _service(stack, networkConfiguration={"awsvpcConfiguration": network})


@fault("service-in-wrong-group", "NET-1", "LIV-3")
def wrong_group(stack: Stack) -> Hit:
    """The tasks have the VPC's default security group."""
    groups = stack.in_vpc("describe_security_groups", "SecurityGroups")
    group = one((item for item in groups if item["GroupName"] == "default"), "default security group")["GroupId"]
    network = {**stack.service["networkConfiguration"]["awsvpcConfiguration"], "securityGroups": [group]}
    return _service(stack, networkConfiguration={"awsvpcConfiguration": network})


@fault("service-rollback-off", "LIV-5", "REF-5")
def rollback_off(stack: Stack) -> Hit:
    """A failed deployment is not rolled back."""
    breaker = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
    return _service(stack, deploymentConfiguration=breaker)


@fault("task-definition-rolled-back", "SEC-4", "LIV-5")
def rolled_back(stack: Stack) -> Hit:
    """A newer revision is registered, and the service still runs an old one that lacks a secret."""
    family = stack.deploy(lambda definition: definition["containerDefinitions"][0]["secrets"].pop())
    old = stack.client("ecs").describe_task_definition(taskDefinition=family)["taskDefinition"]["taskDefinitionArn"]
    stack.deploy(lambda _: None)
    return _service(stack, taskDefinition=old)


@fault("task-image-missing", "LIV-7")
def image_missing(stack: Stack) -> Hit:
    """A revision is deployed whose image was never pushed."""

    def change(definition: Item) -> None:
        container = definition["containerDefinitions"][0]
        container["image"] = f"{container['image'].rsplit(':', 1)[0]}:never-pushed"

    return Hit("aws_ecs_task_definition", stack.deploy(change))


@fault("image-tag-moved", "LIV-7")
def tag_moved(stack: Stack) -> Hit:
    """The tag that the tasks run was pushed again, and names another image."""
    image = stack.task_definition["containerDefinitions"][0]["image"]
    name, _, tag = image.partition("/")[2].partition(":")
    ecr = stack.client("ecr")
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="MUTABLE")
    media = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": media, "annotations": {"name": "another"}, "layers": []})
    digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    ecr.put_image(repositoryName=name, imageTag=tag, imageManifest=manifest, imageDigest=digest)
    return Hit("aws_ecs_service", stack.service["serviceName"])


@fault("task-unhealthy", "LIV-5")
def task_unhealthy(stack: Stack) -> Hit:
    """A task fails its health check, and goes on."""
    unhealthy = {"healthStatus": "UNHEALTHY"}
    stack.change_task(task=unhealthy, container=unhealthy)
    return Hit("aws_ecs_service", stack.service["serviceName"])


@fault("task-of-old-revision", "LIV-5", "SEC-4")
def task_of_old_revision(stack: Stack) -> Hit:
    """A task of the former revision goes on beside a finished deployment."""
    before = stack.service["taskDefinition"]
    stack.deploy(lambda definition: definition["containerDefinitions"][0].update(stopTimeout=60))
    stack.change_task(task={"taskDefinitionArn": before})
    return Hit("aws_ecs_service", stack.service["serviceName"])


@fault("task-out-of-memory", "LIV-5")
def out_of_memory(stack: Stack) -> Hit:
    """A task was killed for want of memory, and replaced."""
    stack.change_task(
        ends=True,
        task={"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited"},
        container={"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"},
    )
    return Hit("aws_ecs_service", stack.service["serviceName"])


@fault("task-image-not-pulled", "LIV-5", "LIV-7")
def image_not_pulled(stack: Stack) -> Hit:
    """A task could not pull its image, and another one started."""
    reason = "CannotPullContainerError: pull image manifest has been retried 5 time(s): i/o timeout"
    stack.change_task(ends=True, task={"stopCode": "TaskFailedToStart", "stoppedReason": reason})
    return Hit("aws_ecs_service", stack.service["serviceName"])


@fault("fargate-quota-exceeded", "LIV-8", "REF-5")
def fargate_quota(stack: Stack) -> Hit:
    """The service may be scaled to more vCPUs than the account's quota has."""
    target = _scaling(stack)
    given = {key: target[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension", "MinCapacity")}
    stack.client("application-autoscaling").register_scalable_target(**given, MaxCapacity=1000)
    return Hit("aws_ecs_cluster", stack.cluster.rpartition("/")[2])


@fault("task-privileged", "IAM-1", "REF-5")
def privileged(stack: Stack) -> Hit:
    """A revision is deployed whose container may do everything on its host."""
    return Hit(
        "aws_ecs_task_definition",
        stack.deploy(lambda definition: definition["containerDefinitions"][0].update(privileged=True)),
    )


@fault("task-environment-wrong", "REF-5", "NET-1")
def environment_wrong(stack: Stack) -> Hit:
    """A revision is deployed that looks for its database elsewhere."""

    def change(definition: Item) -> None:
        address = stack.database["Endpoint"]["Address"]
        for item in definition["containerDefinitions"][0]["environment"]:
            if item["value"] == address:
                item["value"] = f"old-{address}"

    return Hit("aws_ecs_task_definition", stack.deploy(change))


@fault("task-port-changed", "NET-1", "REF-5")
def port_changed(stack: Stack) -> Hit:
    """A revision is deployed that listens on another port than the load balancer asks."""

    def change(definition: Item) -> None:
        for item in definition["containerDefinitions"][0]["portMappings"]:
            item.update(containerPort=9999, hostPort=9999)

    stack.deploy(change)
    return Hit("aws_ecs_service", stack.service["serviceName"])


@fault("container-insights-off", "REF-5", "ALM-15")
def insights_off(stack: Stack) -> Hit:
    """The cluster publishes no detailed metrics."""
    setting = {"name": "containerInsights", "value": "disabled"}
    stack.client("ecs").update_cluster(cluster=stack.cluster, settings=[setting])
    return Hit("aws_ecs_cluster", stack.cluster)


def _scaling(stack: Stack) -> Item:
    targets = stack.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    return dict(one(targets["ScalableTargets"], "scalable target"))


@fault("autoscaling-removed", "REF-5", "LIV-1")
def scaling_removed(stack: Stack) -> Hit:
    """The service is no longer scaled."""
    target = _scaling(stack)
    given = {key: target[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    stack.client("application-autoscaling").deregister_scalable_target(**given)
    return Hit("aws_appautoscaling_target", target["ResourceId"])


@fault("autoscaling-minimum-zero", "REF-5", "REF-15")
def scaling_minimum(stack: Stack) -> Hit:
    """The service may be scaled down to no task."""
    target = _scaling(stack)
    given = {key: target[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension", "MaxCapacity")}
    stack.client("application-autoscaling").register_scalable_target(**given, MinCapacity=0)
    return Hit("aws_appautoscaling_target", target["ResourceId"])


@fault("log-group-deleted", "LIV-6", "LIV-1")
def log_group_deleted(stack: Stack) -> Hit:
    """The service's log group is gone."""
    name = stack.log_group
    stack.client("logs").delete_log_group(logGroupName=name)
    return Hit("aws_cloudwatch_log_group", name)


@fault("log-group-retention-removed", "LIV-6")
def retention_removed(stack: Stack) -> Hit:
    """The service's logs are kept for ever."""
    stack.client("logs").delete_retention_policy(logGroupName=stack.log_group)
    return Hit("aws_cloudwatch_log_group", stack.log_group)


@fault("certificate-deleted", "LIV-8", "LIV-1")
def certificate_deleted(stack: Stack) -> Hit:
    """The certificate of the HTTPS listener is gone."""
    arn = stack.listener("HTTPS")["Certificates"][0]["CertificateArn"]
    stack.client("acm").delete_certificate(CertificateArn=arn)
    return Hit("aws_acm_certificate", arn)


def _budget(stack: Stack) -> Item:
    return dict(one(stack.client("budgets").describe_budgets(AccountId=stack.account)["Budgets"], "budget"))


@fault("budget-deleted", "REF-13", "LIV-1")
def budget_deleted(stack: Stack) -> Hit:
    """Nobody is told when the costs rise."""
    name = _budget(stack)["BudgetName"]
    stack.client("budgets").delete_budget(AccountId=stack.account, BudgetName=name)
    return Hit("aws_budgets_budget", name)


@fault("tags-removed", "LIV-3")
def tags_removed(stack: Stack) -> Hit:
    """The VPC has lost its tags."""
    vpc = stack.vpc
    keys = [{"Key": tag["Key"]} for tag in vpc.get("Tags", ())]
    stack.client("ec2").delete_tags(Resources=[vpc["VpcId"]], Tags=keys)
    return Hit("aws_vpc", vpc["VpcId"])
