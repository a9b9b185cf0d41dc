"""What the account says of the tasks that a cluster runs, and what the ECS agent prepares before they start."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from skyworthy.behavior.task_roles import EXEC_ACTIONS
from skyworthy.errors import BadInput
from skyworthy.estate import Undecidable, Unknown
from skyworthy.sandbox.launch.awslogs import LogStream, open_stream
from skyworthy.sandbox.launch.injection import ClientFactory, ExecutionRole, Injected, MayRead, TaskFailure, resolve
from skyworthy.sandbox.launch.targets import HealthCheck, health_check


@dataclass(frozen=True)
class TargetGroup:
    """A target group that a container is registered with: its ARN and its health check."""

    arn: str
    check: HealthCheck


@dataclass(frozen=True)
class Task:
    """A task to start: what the account says of it, and what the agent has made of that.

    Args:
        service: as DescribeServices returns it.
        definition: the revision that the service runs, as DescribeTaskDefinition returns it.
        id: of the task.
        account: the task as DescribeTasks returns it, empty where the account lists none.
        role: its execution role.
        checks: (container name, container port) -> its target group.
        injected: container name -> its environment; empty where the task failed or is not wanted.
        streams: container name -> its log stream.
        exec_agent: why the agent behind ECS Exec does not run; empty where it runs, None where it is not enabled.
        failure: why the task does not start, in ECS's words.
    """

    service: Mapping[str, Any]
    definition: Mapping[str, Any]
    id: str
    role: ExecutionRole
    checks: Mapping[tuple[str, int], TargetGroup]
    account: Mapping[str, Any] = field(default_factory=dict)
    injected: Mapping[str, Injected] = field(default_factory=dict)
    streams: Mapping[str, LogStream | None] = field(default_factory=dict)
    exec_agent: str | None = None
    failure: str = ""

    @property
    def arn(self) -> str:
        """Of the task; empty where the account lists no task for the service."""
        return str(self.account.get("taskArn", ""))

    @property
    def containers(self) -> Sequence[Mapping[str, Any]]:
        """Its container definitions, as DescribeTaskDefinition returns them."""
        found: Sequence[Mapping[str, Any]] = self.definition["containerDefinitions"]
        return found


def read_tasks(client: ClientFactory, cluster: str, may_read: MayRead) -> list[Task]:
    """The tasks of each active service of a cluster, in order of the services' names.

    A service for which the account lists no task, as it wants none or none could be placed, comes as one task of which
    the account does not know.

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
    return [task for service in active for task in _tasks(client, cluster, service, may_read)]


def read_deployment(client: ClientFactory, cluster: str, service: str, may_read: MayRead) -> tuple[str, list[Task]]:
    """The id of the newest deployment of a service, and its tasks.

    Args:
        client: makes clients of the account.
        cluster: name of the cluster.
        service: name or ARN.
        may_read: see MayRead.
    """
    described = client("ecs").describe_services(cluster=cluster, services=[service])["services"][0]
    primary = next(str(item["id"]) for item in described["deployments"] if item["status"] == "PRIMARY")
    found = _tasks(client, cluster, described, may_read)
    return primary, [task for task in found if task.account.get("startedBy") == primary]


def _tasks(client: ClientFactory, cluster: str, service: Mapping[str, Any], may_read: MayRead) -> Iterator[Task]:
    ecs = client("ecs")
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    checks = {}
    for balancer in service.get("loadBalancers", ()):
        if "targetGroupArn" in balancer:
            arns = [balancer["targetGroupArn"]]
            group = client("elbv2").describe_target_groups(TargetGroupArns=arns)["TargetGroups"][0]
            place = balancer["containerName"], balancer["containerPort"]
            checks[place] = TargetGroup(group["TargetGroupArn"], health_check(group))
    arns = ecs.list_tasks(cluster=cluster, serviceName=service["serviceName"])["taskArns"]
    listed = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else [{}]
    for account in listed:
        task_id = account["taskArn"].rpartition("/")[2] if account else uuid.uuid4().hex
        role = ExecutionRole(definition.get("executionRoleArn", ""), task_id, client, may_read)
        yield Task(service, definition, task_id, role, checks, account)


def resolved(task: Task) -> Task:
    """The task as the agent prepares it: environments, log streams and ECS Exec, or the failure to get them."""
    if not task.service["desiredCount"]:
        return task
    try:
        injected = {container["name"]: resolve(container, task.role) for container in task.containers}
        streams = {container["name"]: open_stream(container, task.id, task.role) for container in task.containers}
    except TaskFailure as failure:
        return replace(task, failure=str(failure))
    return replace(task, injected=injected, streams=streams, exec_agent=_exec_agent(task))


def _exec_agent(task: Task) -> str | None:
    """Why the agent behind ECS Exec cannot connect: it does so with the task role.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#ecs-exec-required-iam-permissions
    """
    if not task.account.get("enableExecuteCommand"):
        return None
    role = task.definition.get("taskRoleArn", "")
    if not role:
        return "the task has no task role"
    denied = []
    for action in EXEC_ACTIONS:
        try:
            allowed = task.role.may_read(role, action, "*")
        except Undecidable as undecidable:
            allowed = Unknown(undecidable.reason)
        if isinstance(allowed, Unknown):
            return f"undecided whether {role} may {action}: {allowed.reason}"
        if not allowed:
            denied.append(action)
    return f"{role} may not {', '.join(denied)}" if denied else ""
