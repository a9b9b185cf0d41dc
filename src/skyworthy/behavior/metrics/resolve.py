"""From a metric with dimensions to the resources of the estate that publish it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.metrics.table import Dimension, Namespace, meant_namespace, namespaces
from skyworthy.behavior.network.balancing import balancers_of
from skyworthy.behavior.references import undecided
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, show

REPLICATION_GROUP = "aws_elasticache_replication_group"
LOG_METRIC_FILTER = "aws_cloudwatch_log_metric_filter"


@dataclass(frozen=True)
class Metric:
    """A metric as an alarm or a dashboard names it.

    Args:
        namespace: ``AWS/RDS``.
        name: ``CPUUtilization``.
        dimensions: name -> value, which may be a reference; Unknown where not even the names are known.
    """

    namespace: Value
    name: Value
    dimensions: Mapping[str, Value] | Unknown = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{show(self.namespace)} {show(self.name)}"


@dataclass(frozen=True)
class Publisher:
    """Who publishes a metric.

    Args:
        resources: dimension -> the resource that it names; for a log metric filter under the key ``""``.
    """

    resources: Mapping[str, Resource]

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources.values())


@dataclass(frozen=True)
class NotPublished:
    """Nobody publishes the metric: an alarm on it never gets a data point.

    Args:
        reason: why, a clause.
    """

    reason: str


def resolve(metric: Metric, estate: Estate) -> Publisher | NotPublished:
    """Who in the estate publishes a metric, or why nobody does.

    Raises:
        Undecidable: where a dimension is unknown, or the namespace is one of which nothing is known.
    """
    for part in (metric.namespace, metric.name):
        if not isinstance(part, str):
            raise undecided(part, "the metric's name")
    _mapping(metric)
    namespace = namespaces().get(metric.namespace)
    if namespace is None:
        return _custom(metric, estate)
    problem = _not_in_table(metric, namespace, estate)
    if problem:
        return NotPublished(problem)
    found: dict[str, Resource] = {}
    for name, value in sorted(_mapping(metric).items()):
        named = _named(name, value, namespace, found, estate)
        if isinstance(named, NotPublished):
            return named
        if named is not None:
            found[name] = named
    inconsistent = _inconsistent(metric, found, estate)
    return NotPublished(inconsistent) if inconsistent else Publisher(found)


def publishers(metric: Metric, estate: Estate) -> tuple[Resource, ...]:
    """The resources that publish a metric together; none where nobody does.

    Raises:
        Undecidable: as :func:`resolve`.
    """
    publisher = resolve(metric, estate)
    return () if isinstance(publisher, NotPublished) else tuple(publisher)


def unpublished(metrics: Iterable[Metric], estate: Estate) -> tuple[str, ...]:
    """Why nobody publishes some of the metrics: each reason once.

    Raises:
        Undecidable: where nothing is known to be wrong, and of some it is not known.
    """
    found, open_ = resolve_all(metrics, estate)
    reasons = [publisher.reason for publisher in found if isinstance(publisher, NotPublished)]
    if not reasons and open_ is not None:
        raise open_
    return tuple(dict.fromkeys(reasons))


def resolve_all(metrics: Iterable[Metric], estate: Estate) -> tuple[list[Publisher | NotPublished], Undecidable | None]:
    """Who publishes each of some metrics, as far as it is known, and why it is not known of the first other one."""
    found: list[Publisher | NotPublished] = []
    open_: Undecidable | None = None
    for metric in metrics:
        try:
            found.append(resolve(metric, estate))
        except Undecidable as undecidable:
            open_ = open_ or undecidable
    return found, open_


def _mapping(metric: Metric) -> Mapping[str, Value]:
    if isinstance(metric.dimensions, Unknown):
        raise undecided(metric.dimensions, f"the dimensions of {metric}")
    return metric.dimensions


def _not_in_table(metric: Metric, namespace: Namespace, estate: Estate) -> str:
    rows = namespace.publications(metric.name)
    if not rows:
        return f"{namespace.name} has no metric {metric.name}"
    asked = tuple(sorted(_mapping(metric)))
    fitting = [row for row in rows if asked in row.sets]
    if not fitting:
        known = "; ".join(" + ".join(names) for row in rows for names in row.sets)
        return f"{metric.name} is not published by {' + '.join(asked) or 'no dimension'}, but by {known}"
    if all(row.needs == "ec2" for row in fitting) and not _has_instances(estate):
        return f"{metric.name} is published per cluster for tasks on EC2 instances only; on Fargate add ServiceName"
    return ""


def _has_instances(estate: Estate) -> bool:
    """Whether some service of the estate runs on EC2 instances."""
    for service in estate.of("aws_ecs_service"):
        launch = service.peek("launch_type")
        strategy = service.peek("capacity_provider_strategy") or []
        if isinstance(launch, Unknown):
            raise launch.undecidable()
        providers = [str(item.get("capacity_provider", "")) for item in strategy]
        if (launch != "FARGATE" and not providers) or any(not name.startswith("FARGATE") for name in providers):
            return True
    return not estate.of("aws_ecs_service")


def _named(
    name: str, value: Value, namespace: Namespace, found: Mapping[str, Resource], estate: Estate
) -> Resource | NotPublished | None:
    """The resource that a dimension's value names, beside those found before; None where the dimension names none."""
    dimension = namespace.dimensions[name]
    if dimension.pattern:
        if isinstance(value, str) and not re.fullmatch(dimension.pattern, value):
            return NotPublished(f"dimension {name} = {value} is no value that CloudWatch publishes")
        return None
    if isinstance(value, Reference):
        return _by_reference(name, value, dimension, estate)
    text = concrete(value, estate) if dimension.members_of else value
    if isinstance(text, str):
        published = _published(estate).get((name, text), ())
        fitting = [item for item in published if item.type in (*dimension.types, dimension.members_of)]
        if fitting:
            return _of_cluster(fitting, found.get("ClusterName"), estate)
        by_another = _by_another(name, text, namespace, estate)
        if by_another is not None:
            return by_another
    return _by_text(name, text, dimension, estate)


def _by_another(name: str, text: str, namespace: Namespace, estate: Estate) -> NotPublished | None:
    """What is wrong where a text names a resource that publishes by another dimension, one that never stands beside."""
    sets = [names for row in namespace.published for names in row.sets]
    for other in namespace.dimensions:
        apart = not any(name in names and other in names for names in sets)
        for item in _published(estate).get((other, text), ()) if apart else ():
            return NotPublished(f"dimension {name} = {text} names {item.address}, which publishes by {other}")
    return None


def _of_cluster(fitting: list[Resource], cluster: Resource | None, estate: Estate) -> Resource:
    """The one that runs in a cluster: services of different clusters may have the same name."""
    for item in fitting if cluster is not None and len(fitting) > 1 else ():
        written = item.peek("cluster")
        if written is not None and not isinstance(written, Unknown) and estate.find(written) is cluster:
            return item
    return fitting[0]


@once_per_estate
def _published(estate: Estate) -> Mapping[tuple[str, str], tuple[Resource, ...]]:
    """Dimension and value -> the resources that publish under it, where their text is known."""
    found: dict[tuple[str, str], list[Resource]] = {}
    described = {(name, row) for space in namespaces().values() for name, row in space.dimensions.items()}
    for name, dimension in described:
        for resource, text in _candidates(dimension, estate):
            if isinstance(text, str) and all(item is not resource for item in found.get((name, text), ())):
                found.setdefault((name, text), []).append(resource)
    return {key: tuple(items) for key, items in found.items()}


def _candidates(dimension: Dimension, estate: Estate) -> Iterator[tuple[Resource, Value]]:
    """What a dimension may name, with each text under which it is published; a type that was not read has none."""
    for kind in dimension.types:
        for resource in () if kind in estate.unread else estate.of(kind):
            for attribute in (dimension.attribute, *dimension.same):
                yield resource, resource.peek(attribute)
    if dimension.members_of and dimension.members_of not in estate.unread:
        for group in estate.of(dimension.members_of):
            for text in member_ids(group):
                yield group, text


_DATA_SOURCE = re.compile(r"(.*\.)?(?<!module\.)data\.")
"""Addresses of what is read, not made; a module may be called ``data``."""


def _by_reference(name: str, value: Reference, dimension: Dimension, estate: Estate) -> Resource | NotPublished:
    if _DATA_SOURCE.match(value.address):
        raise Undecidable(f"dimension {name} is {value.address}.{value.attribute}, which only the account knows")
    resource = estate.get(value.address)
    if resource is None:
        raise Undecidable(f"dimension {name} is {value.address}.{value.attribute}, which could not be read")
    if resource.type == dimension.members_of:
        if value.attribute.startswith("member_clusters"):
            return resource
        return NotPublished(
            f"dimension {name} is {value.address}.{value.attribute}; CloudWatch publishes each member cluster: "
            "use member_clusters, or the group's id with -001, -002"
        )
    if resource.type not in dimension.types:
        return NotPublished(f"dimension {name} names {value.address}, which is no {' or '.join(dimension.types)}")
    if value.attribute not in (dimension.attribute, *dimension.same):
        return NotPublished(
            f"dimension {name} is {value.address}.{value.attribute}; CloudWatch publishes its {dimension.attribute}"
        )
    return resource


def _by_text(name: str, value: Value, dimension: Dimension, estate: Estate) -> Resource | NotPublished:
    """What a value names that no resource is known to publish under: the same expression, or nothing."""
    if isinstance(value, Unknown):
        raise undecided(value, f"dimension {name}")
    types = (*dimension.types, *([dimension.members_of] if dimension.members_of else []))
    estate.of(*types)
    open_questions: list[Undecidable] = []
    for resource, text in _candidates(dimension, estate):
        try:
            if text == value:
                return resource
        except Undecidable as undecidable:
            open_questions.append(undecidable)
    if not isinstance(value, str):
        raise undecided(value, f"dimension {name}")
    read = [item for item in estate if item.data and item.type in types]
    if any(value in (text for text in item.attributes.values() if isinstance(text, str)) for item in read):
        raise Undecidable(f"dimension {name} = {value} names {read[0].address}, which only the account knows")
    other = estate.find(value, *types)
    if other is not None:
        wanted = (
            "a member cluster, such as -001" if other.type == dimension.members_of else f"its {dimension.attribute}"
        )
        return NotPublished(f"dimension {name} = {value} names {other.address}, but CloudWatch publishes {wanted}")
    if open_questions:
        raise Undecidable(f"dimension {name} = {value}: {open_questions[0].reason}", denied=open_questions[0].denied)
    if not estate.of(*types):
        raise Undecidable(f"dimension {name} = {value}: this stack makes no {' or '.join(types)}")
    return NotPublished(f"dimension {name} = {value} names no {' or '.join(types)} of this stack")


def member_ids(group: Resource) -> list[Value]:
    """The member clusters of a replication group: ``<id>-001``, or ``<id>-0001-001`` with shards.

    Source: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.html
    """
    observed = group.peek("member_clusters")
    if isinstance(observed, (list, tuple)) and observed:
        return list(observed)
    name = group.peek("replication_group_id")
    if not isinstance(name, (str, Template)):
        return [name]
    parts = list(name.parts) if isinstance(name, Template) else [name]
    shards = _count(group, "num_node_groups")
    if shards > 1:
        nodes = _count(group, "replicas_per_node_group") + 1
        tails = [f"-{shard:04}-{node:03}" for shard in range(1, shards + 1) for node in range(1, nodes + 1)]
    else:
        nodes = _count(group, "num_cache_clusters") or _count(group, "replicas_per_node_group") + 1
        tails = [f"-{node:03}" for node in range(1, nodes + 1)]
    if isinstance(name, str):
        return [name + tail for tail in tails]
    return [Template((*parts, tail)) for tail in tails]


def _count(group: Resource, attribute: str) -> int:
    value = group.peek(attribute)
    return int(value) if isinstance(value, (int, float)) else 0


_ALIASES = {
    ("aws_elasticache_replication_group", "id"): "replication_group_id",
    ("aws_elasticache_cluster", "id"): "cluster_id",
    ("aws_rds_cluster", "id"): "cluster_identifier",
    ("aws_cloudwatch_log_group", "id"): "name",
}


def concrete(value: Value, estate: Estate) -> Value:
    """A template in which references are replaced by the text that the estate knows for them."""
    if not isinstance(value, Template):
        return value
    parts = [_text_behind(part, estate) if isinstance(part, Reference) else part for part in value.parts]
    if all(isinstance(part, str) for part in parts):
        return "".join(str(part) for part in parts)
    return Template(tuple(parts))


def _text_behind(reference: Reference, estate: Estate) -> Value:
    resource = estate.get(reference.address)
    if resource is None:
        return reference
    text = resource.peek(_ALIASES.get((resource.type, reference.attribute), reference.attribute))
    return text if isinstance(text, str) else reference


def _inconsistent(metric: Metric, found: Mapping[str, Resource], estate: Estate) -> str:
    """Why resources that exist do not publish a metric together; empty where they do."""
    cluster, service = found.get("ClusterName"), found.get("ServiceName")
    if cluster and service:
        own = estate.find(service.peek("cluster"), "aws_ecs_cluster") if service.peek("cluster") else None
        if own is not None and own is not cluster:
            return f"service {service.address} runs in {own.address}, not in {cluster.address}"
    if cluster and metric.namespace == "ECS/ContainerInsights" and not container_insights(cluster):
        return f"Container Insights is off in {cluster.address}"
    balancer, group = found.get("LoadBalancer"), found.get("TargetGroup")
    if balancer and group:
        serving = balancers_of(group, estate)
        if serving and all(item is not balancer for item in serving):
            return f"target group {group.address} belongs to {serving[0].address}, not to {balancer.address}"
    return ""


def container_insights(cluster: Resource) -> bool:
    """Whether a cluster publishes Container Insights (``enabled`` or ``enhanced``).

    Raises:
        Undecidable: where the setting is unknown.
    """
    for setting in cluster["setting"] or []:
        if setting.get("name") == "containerInsights":
            value = setting.get("value")
            if not isinstance(value, str):
                raise undecided(value, f"setting of {cluster.address}")
            return value in ("enabled", "enhanced")
    return False


def _custom(metric: Metric, estate: Estate) -> Publisher | NotPublished:
    """A namespace outside the table: one that a log metric filter of the estate publishes into, or nothing known."""
    names: list[str] = []
    elsewhere = ""
    for source in estate.of(LOG_METRIC_FILTER):
        for made in transformations(source):
            if made.get("namespace") != metric.namespace:
                if made.get("name") == metric.name:
                    elsewhere = f"{source.address} publishes {metric.name} in {show(made.get('namespace'))}"
                continue
            names.append(show(made.get("name")))
            if made.get("name") == metric.name:
                return _of_filter(metric, source, made)
    if names:
        return NotPublished(
            f"no log metric filter publishes {metric.name} in {metric.namespace}, but {', '.join(names)}"
        )
    if elsewhere:
        return NotPublished(f"{elsewhere}, not in {metric.namespace}")
    meant = meant_namespace(metric.namespace, metric.name)
    if meant:
        return NotPublished(f"nobody publishes {metric.name} in {metric.namespace}; it is in {meant}")
    if metric.namespace.startswith("AWS/"):
        raise Undecidable(f"what {metric.namespace} publishes is not known here")
    raise Undecidable(
        f"no log metric filter publishes in {metric.namespace}; whether the application does is not known"
    )


def transformations(source: Resource) -> list[Mapping[str, Value]]:
    """The metrics that a log metric filter makes."""
    return [item for item in source["metric_transformation"] or [] if isinstance(item, Mapping)]


def _of_filter(metric: Metric, source: Resource, made: Mapping[str, Value]) -> Publisher | NotPublished:
    published = set(made.get("dimensions") or {})
    if set(_mapping(metric)) != published:
        wanted = " + ".join(sorted(published)) or "no dimension"
        asked = " + ".join(sorted(_mapping(metric))) or "no dimension"
        return NotPublished(f"{source.address} publishes {metric.name} with {wanted}, not with {asked}")
    return Publisher({"": source})
