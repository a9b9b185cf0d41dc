"""What publishes metrics in the sandbox, as an estate: those resources in moto's stores that CloudWatch watches."""

import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from moto import backends

from skyworthy.behavior.alarms import calm_of
from skyworthy.behavior.alarms.series import MINUTE, Minutes
from skyworthy.behavior.metrics import Metric, NotPublished, namespaces, resolve
from skyworthy.estate import Estate, Resource, Undecidable, Unknown

READ = frozenset(
    {
        *("aws_alb", "aws_alb_target_group", "aws_lb", "aws_lb_target_group", "aws_cloudwatch_log_metric_filter"),
        *("aws_db_instance", "aws_db_parameter_group", "aws_ecs_cluster", "aws_ecs_service", "aws_ecs_task_definition"),
        *("aws_elasticache_cluster", "aws_elasticache_replication_group", "aws_rds_cluster_instance"),
    }
)
"""Types of which the estate holds whatever the account has; of all others it knows nothing."""


def publishers(account: str, region: str) -> Estate:
    """The resources of one account and region that publish metrics.

    Args:
        account: twelve digits.
        region: where the metrics are.
    """
    found: list[Resource] = []
    for package, read in _READERS.items():
        if f"moto.{package}.models" in sys.modules:  # else nobody has used it, and importing it takes long
            found += read(backends.get_backend(package)[account][region])  # type: ignore[call-overload]
    others = {type for space in namespaces().values() for row in space.dimensions.values() for type in row.types}
    others |= {row.members_of for space in namespaces().values() for row in space.dimensions.values()} - {""}
    unread = {type: Unknown("the sandbox does not say what publishes it") for type in others - READ}
    return Estate(tuple(found), origin="observed", name="sandbox", unread=unread)


def calm(metric: Metric, estate: Estate) -> Minutes | bool:
    """What a metric shows on a calm day: its samples, or whether it shows anything where the samples are not known.

    A metric that nobody publishes shows nothing. Of an `AWS/` namespace about which nothing is known here, it is taken
    to be published.
    """
    if not _published(metric, estate):
        return False
    try:
        return calm_of(metric, estate) or True
    except Undecidable:
        return True


def _published(metric: Metric, estate: Estate) -> bool:
    try:
        return not isinstance(resolve(metric, estate), NotPublished)
    except Undecidable:
        namespace = str(metric.namespace)
        space = namespaces().get(namespace)
        if space is None:
            return namespace.startswith("AWS/")
        names = metric.dimensions if isinstance(metric.dimensions, Mapping) else {}
        return any(not set(space.dimensions[name].types) <= READ for name in names if name in space.dimensions)


def observations(minutes: Minutes, end: datetime, seconds: int) -> Iterator[tuple[datetime, float]]:
    """The samples of a calm series in a stretch of time.

    Args:
        minutes: the series.
        end: of the stretch, aware.
        seconds: its length.
    """
    last = int(end.timestamp()) // MINUTE
    for back in range(seconds // MINUTE + 1):
        moment = datetime.fromtimestamp((last - back) * MINUTE, end.tzinfo)
        for sample in minutes(last - back):
            yield moment, sample


def _made(type: str, name: str, /, **attributes: Any) -> Resource:
    return Resource(f"{type}({name})", type, attributes)


def _services(ecs: Any) -> Iterator[Resource]:
    for cluster in ecs.clusters.values():
        settings = [{"name": each["name"], "value": each["value"]} for each in cluster.settings or []]
        yield _made("aws_ecs_cluster", cluster.name, name=cluster.name, arn=cluster.arn, setting=settings)
    for service in ecs.services.values():
        if service.status == "ACTIVE":
            yield _made(
                "aws_ecs_service",
                f"{service.cluster_name}/{service.name}",
                name=service.name,
                cluster=service.cluster_arn,
                task_definition=service.task_definition,
                launch_type=service.launch_type,
                desired_count=service.desired_count,
            )
    for family in ecs.task_definitions.values():
        for definition in family.values():
            yield _made(
                "aws_ecs_task_definition",
                definition.arn,
                arn=definition.arn,
                family=definition.family,
                cpu=definition.cpu,
                memory=definition.memory,
            )


def _balancing(elb: Any) -> Iterator[Resource]:
    for balancer in elb.load_balancers.values():
        yield _made("aws_lb", balancer.name, arn=balancer.arn, arn_suffix=balancer.arn.split("loadbalancer/", 1)[-1])
    for group in elb.target_groups.values():
        suffix = group.arn.rsplit(":", 1)[-1]
        yield _made("aws_lb_target_group", group.name, arn=group.arn, arn_suffix=suffix)


def _databases(rds: Any) -> Iterator[Resource]:
    for name, database in rds.databases.items():
        yield _made(
            "aws_db_instance",
            name,
            identifier=name,
            allocated_storage=database.allocated_storage,
            instance_class=database.db_instance_class,
            parameter_group_name=getattr(database, "db_parameter_group_name", None),
        )
    for name, group in rds.db_parameter_groups.items():
        parameters = [
            {"name": key, "value": row.get("ParameterValue", row.get("parameter_value"))}
            for key, row in group.parameters.items()
        ]
        yield _made("aws_db_parameter_group", name, name=name, parameter=parameters)


def _caches(cache: Any) -> Iterator[Resource]:
    for name, group in cache.replication_groups.items():
        yield _made(
            "aws_elasticache_replication_group",
            name,
            replication_group_id=name,
            member_clusters=list(group.member_clusters),
        )
    for name, cluster in cache.cache_clusters.items():
        if not getattr(cluster, "replication_group_id", None):
            yield _made("aws_elasticache_cluster", name, cluster_id=name)


def _filters(logs: Any) -> Iterator[Resource]:
    for found in logs.filters.metric_filters:
        made = [
            {
                "name": each.get("metricName"),
                "namespace": each.get("metricNamespace"),
                "value": each.get("metricValue"),
                "default_value": each.get("defaultValue"),
                "dimensions": each.get("dimensions"),
            }
            for each in found["metricTransformations"]
        ]
        name = f"{found['logGroupName']}/{found['filterName']}"
        yield _made("aws_cloudwatch_log_metric_filter", name, name=found["filterName"], metric_transformation=made)


_READERS: Mapping[str, Callable[[Any], Iterator[Resource]]] = {
    "ecs": _services,
    "elasticache": _caches,
    "elbv2": _balancing,
    "logs": _filters,
    "rds": _databases,
}
