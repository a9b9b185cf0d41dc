"""Controls of the account's service quotas: that what the stack has, and may come to have, fits into them."""

from skyworthy.behavior.tasks import cluster_of, launchers, most_tasks, size, task_of
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable

_NEAR = 0.8
"""The part of a quota from which on it is near: AWS's own notifications begin there.

Source: https://docs.aws.amazon.com/servicequotas/latest/userguide/quota-automatic-management.html
"""
_LIMITED = (
    "aws_vpc",
    "aws_eip",
    "aws_security_group",
    "aws_lb",
    "aws_lb_target_group",
    "aws_db_instance",
    "aws_elasticache_replication_group",
)


@control("quota.has-room", on=_LIMITED, severity="medium", refs=["REQ LIV-8"], lenses=("observed",))
def quota_has_room(resource: Resource) -> None:
    """A quota of the account that limits a resource is used to less than four fifths.

    Why: at the quota AWS refuses the next one, mostly while a stack is being scaled, replaced or restored.
    Fix: delete what is no longer needed, or ask for a higher quota in Service Quotas; that may take days.
    """
    problems = []
    for item in resource["quotas"]:
        if item["limit"] is None:
            raise Undecidable("AWS tells no quota for it")
        if item["used"] >= _NEAR * item["limit"]:
            problems.append(f"{item['name']}: {item['used']:g} of {item['limit']:g} are used")
    assert not problems, "; ".join(problems)


@control("quota.fargate-vcpu", on="aws_ecs_cluster", severity="high", refs=["REQ LIV-8"], lenses=("observed",))
def fargate_has_room(cluster: Resource, estate: Estate) -> None:
    """The account's quota of Fargate vCPUs has room for all tasks to which the services may be scaled.

    Why: tasks above the quota are not started, which shows when the load is highest.
    Fix: ask for a higher quota of Fargate On-Demand vCPUs, or set lower maximums; a deployment runs both revisions.
    """
    limit = cluster["fargate_vcpu_limit"]
    if limit is None:
        raise Undecidable("AWS tells no quota for it")
    services = [item for item in estate.of("aws_ecs_service") if cluster_of(item, estate) is cluster]
    wanted = [_most_units(item, estate) for item in services if "FARGATE" in launchers(item, estate)]
    if not wanted:
        not_applicable("no service of it runs on Fargate On-Demand")
    most = sum(wanted) / 1024
    assert most < _NEAR * limit, f"{len(wanted)} services may come to run {most:g} vCPU, the quota is {limit:g}"


def _most_units(service: Resource, estate: Estate) -> int:
    """CPU units of a service with all the tasks that it may have; 1024 are a vCPU."""
    task = task_of(service, estate)
    units = None if task is None else size(task["cpu"])
    if units is None:
        raise Undecidable(f"how many vCPUs a task of {service.address} has is not known")
    return units * most_tasks(service, estate)
