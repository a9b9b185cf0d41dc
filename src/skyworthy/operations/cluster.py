"""What an ECS cluster runs: services, their task definitions, tasks and targets, as the account tells it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from skyworthy.behavior.drift.deployments import REPLACES
from skyworthy.behavior.tasks import cluster_of
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Undecidable
from skyworthy.observed import Session

_PAGE = 10
"""Services of one DescribeServices call.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
"""


@dataclass(frozen=True)
class Definition:
    """A revision of a task definition.

    Args:
        described: as DescribeTaskDefinition returns it.
        tags: of the revision.
    """

    described: Mapping[str, Any]
    tags: Sequence[Mapping[str, str]] = ()

    @property
    def arn(self) -> str:
        """``arn:aws:ecs:...:task-definition/ohmycoins-staging-backend:4``."""
        return str(self.described["taskDefinitionArn"])

    @property
    def name(self) -> str:
        """``ohmycoins-staging-backend:4``."""
        return short(self.arn)

    @property
    def family(self) -> str:
        """``ohmycoins-staging-backend``."""
        return str(self.described["family"])

    @property
    def images(self) -> dict[str, str]:
        """Container name -> its image."""
        return {item["name"]: item["image"] for item in self.described["containerDefinitions"]}

    @property
    def replaced(self) -> str:
        """``family:revision`` that ran before this one was deployed; empty where no deployment registered it."""
        return next((item["value"] for item in self.tags if item["key"] == REPLACES), "")


@dataclass(frozen=True)
class Service:
    """A service as it is now.

    Args:
        cluster: name of its cluster.
        described: as DescribeServices returns it.
        definition: the task definition that it runs.
    """

    cluster: str
    described: Mapping[str, Any]
    definition: Definition

    @property
    def name(self) -> str:
        """``backend``."""
        return str(self.described["serviceName"])

    @property
    def revision(self) -> str:
        """``ohmycoins-staging-backend:4``."""
        return short(self.described["taskDefinition"])


def short(arn: str) -> str:
    """``family:revision`` of a task definition's ARN."""
    return arn.rpartition("/")[2]


def declared_services(estate: Estate) -> dict[str, str]:
    """Service name -> name of its cluster, as the Terraform declares them.

    Raises:
        BadInput: there are none, or a name is not known before an apply.
    """
    found: dict[str, str] = {}
    for service in estate.of("aws_ecs_service"):
        try:
            cluster = cluster_of(service, estate)
            name = service["name"]
            where = cluster["name"] if cluster is not None else service.peek("cluster") or "default"
        except Undecidable as undecidable:
            raise BadInput(f"{service.address}: {undecidable.reason}; its name must be known to be deployed") from None
        if not isinstance(name, str) or not isinstance(where, str):
            raise BadInput(f"{service.address}: its name or cluster is not known before an apply")
        found[name] = where.rpartition("/")[2]
    if not found:
        raise BadInput(f"{estate.name} declares no ECS service: there is nothing to deploy")
    return found


def read_services(session: Session, wanted: Mapping[str, str]) -> list[Service]:
    """The services of the account, in the order that is asked for.

    Args:
        session: reads the account.
        wanted: service name -> cluster name.

    Raises:
        BadInput: a cluster or service does not exist, is being deleted, or is not deployed by ECS itself.
    """
    found = []
    for cluster in dict.fromkeys(wanted.values()):
        names = [name for name, of in wanted.items() if of == cluster]
        for start in range(0, len(names), _PAGE):
            found += _described(session, cluster, names[start : start + _PAGE])
    services = [
        Service(cluster, described, read_definition(session, described["taskDefinition"]))
        for cluster, described in found
    ]
    return sorted(services, key=lambda item: list(wanted).index(item.name))


def read_definition(session: Session, named: str) -> Definition:
    """The revision of an ARN or ``family:revision``; of a family its newest active one."""
    answer = session.client("ecs").describe_task_definition(taskDefinition=named, include=["TAGS"])
    return Definition(answer["taskDefinition"], tuple(answer.get("tags", ())))


def _described(session: Session, cluster: str, names: Sequence[str]) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        answer = session.client("ecs").describe_services(cluster=cluster, services=list(names))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ClusterNotFoundException":
            raise
        raise BadInput(f"{session.place}: no ECS cluster {cluster}; apply the Terraform first") from error
    active = {item["serviceName"]: item for item in answer["services"] if item["status"] == "ACTIVE"}
    missing = [name for name in names if name not in active]
    if missing:
        raise BadInput(
            f"{session.place}: the cluster {cluster} has no active service {', '.join(missing)}; "
            "apply the Terraform first"
        )
    for name, item in active.items():
        controller = item.get("deploymentController", {}).get("type", "ECS")
        if controller != "ECS":
            raise BadInput(f"the service {name} is deployed by {controller}, not by ECS: deploy it there")
    return [(cluster, active[name]) for name in names]


def tasks_of(session: Session, cluster: str, service: str, desired: str = "RUNNING") -> list[Mapping[str, Any]]:
    """The tasks of a service, as DescribeTasks returns them: those that are to run, or those that were stopped."""
    ecs = session.client("ecs")
    pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=service, desiredStatus=desired)
    arns = [arn for page in pages for arn in page["taskArns"]]
    return [
        task
        for start in range(0, len(arns), 100)
        for task in ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + 100])["tasks"]
    ]


def targets_of(session: Session, described: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """ARN of each target group of a service -> its targets, as DescribeTargetHealth returns them."""
    balancer = session.client("elbv2")
    groups = [item["targetGroupArn"] for item in described.get("loadBalancers", ()) if "targetGroupArn" in item]
    return {
        group: balancer.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"] for group in groups
    }


def told(service: Service) -> str:
    """A service in a line: ``backend: backend:4, 2 of 2 tasks run``."""
    described = service.described
    return f"{service.name}: {service.revision}, {described['runningCount']} of {described['desiredCount']} tasks run"
