"""What the account says of the tasks that a cluster runs, and what the ECS agent prepares before they start."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from skyworthy.errors import BadInput
from skyworthy.sandbox.awslogs import LogStream, open_stream
from skyworthy.sandbox.injection import ClientFactory, ExecutionRole, Injected, MayRead, TaskFailure, resolve
from skyworthy.sandbox.targets import HealthCheck, health_check


@dataclass(frozen=True)
class Task:
    """A task to start: what the account says of it, and what the agent has made of that.

    Args:
        service: as DescribeServices returns it.
        definition: the revision that the service runs, as DescribeTaskDefinition returns it.
        id: of the task here.
        role: its execution role.
        checks: (container name, container port) -> the health check of its target group.
        injected: container name -> its environment; empty where the task failed or is not wanted.
        streams: container name -> its log stream.
        failure: why the task does not start, in ECS's words.
    """

    service: Mapping[str, Any]
    definition: Mapping[str, Any]
    id: str
    role: ExecutionRole
    checks: Mapping[tuple[str, int], HealthCheck]
    injected: Mapping[str, Injected] = field(default_factory=dict)
    streams: Mapping[str, LogStream | None] = field(default_factory=dict)
    failure: str = ""

    @property
    def containers(self) -> Sequence[Mapping[str, Any]]:
        """Its container definitions, as DescribeTaskDefinition returns them."""
        found: Sequence[Mapping[str, Any]] = self.definition["containerDefinitions"]
        return found


def read_tasks(client: ClientFactory, cluster: str, may_read: MayRead) -> list[Task]:
    """One task for each active service of a cluster, in order of the services' names.

    Raises:
        BadInput: there is no such cluster, or it has no active services.
    """
    ecs = client("ecs")
    try:
        pages = ecs.get_paginator("list_services").paginate(cluster=cluster)
        arns = [arn for page in pages for arn in page["serviceArns"]]
    except ecs.exceptions.ClusterNotFoundException as error:
        names = [arn.rpartition("/")[2] for arn in ecs.list_clusters()["clusterArns"]]
        raise BadInput(f"the account has no cluster {cluster!r}; there are: {', '.join(names) or 'none'}") from error
    described = [
        service
        for start in range(0, len(arns), 10)
        for service in ecs.describe_services(cluster=cluster, services=arns[start : start + 10])["services"]
    ]
    active = sorted(
        (item for item in described if item["status"] == "ACTIVE"), key=lambda item: str(item["serviceName"])
    )
    if not active:
        raise BadInput(f"the cluster {cluster!r} has no active services")
    return [_task(client, service, may_read) for service in active]


def _task(client: ClientFactory, service: Mapping[str, Any], may_read: MayRead) -> Task:
    definition = client("ecs").describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    task_id = uuid.uuid4().hex
    role = ExecutionRole(definition.get("executionRoleArn", ""), task_id, client, may_read)
    checks = {}
    for balancer in service.get("loadBalancers", ()):
        if "targetGroupArn" in balancer:
            arns = [balancer["targetGroupArn"]]
            group = client("elbv2").describe_target_groups(TargetGroupArns=arns)["TargetGroups"][0]
            checks[balancer["containerName"], balancer["containerPort"]] = health_check(group)
    return Task(service, definition, task_id, role, checks)


def resolved(task: Task) -> Task:
    """The task as the agent prepares it: environments and log streams, or the failure to get them."""
    if not task.service["desiredCount"]:
        return task
    try:
        injected = {container["name"]: resolve(container, task.role) for container in task.containers}
        streams = {container["name"]: open_stream(container, task.id, task.role) for container in task.containers}
    except TaskFailure as failure:
        return replace(task, failure=str(failure))
    return replace(task, injected=injected, streams=streams)
