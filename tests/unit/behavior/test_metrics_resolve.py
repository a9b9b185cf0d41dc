"""Who publishes a metric: in which form CloudWatch knows the resource, or why nobody does."""

import pytest

from skyworthy import declared
from skyworthy.behavior.metrics import Metric, NotPublished, Publisher, namespaces, resolve
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value

STACK = """
resource "aws_ecs_cluster" "main" {
  name = "main"
}

resource "aws_ecs_cluster" "other" {
  name = "other"

  setting {
    name  = "containerInsights"
    value = "enhanced"
  }
}

resource "aws_ecs_service" "api" {
  name        = "api"
  cluster     = aws_ecs_cluster.main.arn
  launch_type = "FARGATE"
}

resource "aws_ecs_service" "web" {
  name        = "web"
  cluster     = aws_ecs_cluster.other.id
  launch_type = "FARGATE"
}

resource "aws_lb" "main" {
  name = "main"
}

resource "aws_lb" "other" {
  name = "other"
}

resource "aws_lb_listener" "main" {
  load_balancer_arn = aws_lb.main.arn
  port              = 80

  default_action {
    type = "forward"

    forward {
      target_group {
        arn = aws_lb_target_group.api.arn
      }
    }
  }
}

resource "aws_lb_target_group" "api" {
  name = "api"
}

resource "aws_elasticache_replication_group" "shards" {
  replication_group_id    = "shards"
  description             = "two shards of two nodes"
  num_node_groups         = 2
  replicas_per_node_group = 1
}

resource "aws_elasticache_replication_group" "main" {
  replication_group_id = "main"
  description          = "two nodes"
  num_cache_clusters   = 2
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "errors"
  pattern        = "{ $.level = \\"error\\" }"
  log_group_name = "/ecs/api"

  metric_transformation {
    namespace  = "Application"
    name       = "Errors"
    value      = "1"
    dimensions = { Service = "$.service" }
  }
}
"""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    root = tmp_path_factory.mktemp("stack")
    (root / "main.tf").write_text(STACK, "utf-8")
    return declared.read(root)


LB, OTHER_LB = Reference("aws_lb.main", "arn_suffix"), Reference("aws_lb.other", "arn_suffix")
TARGETS = Reference("aws_lb_target_group.api", "arn_suffix")
GROUP = Reference("aws_elasticache_replication_group.main", "id")


@pytest.mark.parametrize(
    ("namespace", "name", "dimensions", "publishers"),
    [
        ("AWS/ECS", "CPUUtilization", {"ClusterName": "main", "ServiceName": "api"}, ["cluster.main", "service.api"]),
        ("ECS/ContainerInsights", "RunningTaskCount", {"ClusterName": "other", "ServiceName": "web"}, ["other", "web"]),
        ("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": LB}, ["aws_lb.main"]),
        ("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": LB, "AvailabilityZone": "us-east-1a"}, ["aws_lb.main"]),
        ("AWS/ApplicationELB", "HealthyHostCount", {"LoadBalancer": LB, "TargetGroup": TARGETS}, ["main", "group.api"]),
        ("AWS/ElastiCache", "CacheHitRate", {"CacheClusterId": Template((GROUP, "-002"))}, ["group.main"]),
        ("AWS/ElastiCache", "CacheHitRate", {"CacheClusterId": "main-001", "CacheNodeId": "0001"}, ["group.main"]),
        ("AWS/ElastiCache", "CacheHitRate", {"CacheClusterId": "shards-0002-001"}, ["group.shards"]),
        ("Application", "Errors", {"Service": "api"}, ["filter.errors"]),
    ],
)
def test_publishers(
    estate: Estate, namespace: str, name: str, dimensions: dict[str, Value], publishers: list[str]
) -> None:
    found = resolve(Metric(namespace, name, dimensions), estate)
    assert isinstance(found, Publisher), found
    addresses = [resource.address for resource in found]
    assert len(addresses) == len(publishers)
    assert all(address.endswith(end) for address, end in zip(addresses, publishers, strict=True))


@pytest.mark.parametrize(
    ("namespace", "name", "dimensions", "reason"),
    [
        ("AWS/ECS", "CpuUtilization", {}, "AWS/ECS has no metric CpuUtilization"),
        (
            "AWS/ECS",
            "CPUUtilization",
            {"ClusterName": "main"},
            "CPUUtilization is published per cluster for tasks on EC2 instances only; on Fargate add ServiceName",
        ),
        (
            "AWS/ECS",
            "CPUUtilization",
            {"ClusterName": "other", "ServiceName": "api"},
            "service aws_ecs_service.api runs in aws_ecs_cluster.main, not in aws_ecs_cluster.other",
        ),
        (
            "AWS/ECS",
            "CPUUtilization",
            {"ClusterName": Reference("aws_ecs_cluster.main", "arn"), "ServiceName": "api"},
            "dimension ClusterName is aws_ecs_cluster.main.arn; CloudWatch publishes its name",
        ),
        (
            "ECS/ContainerInsights",
            "RunningTaskCount",
            {"ClusterName": "main", "ServiceName": "api"},
            "Container Insights is off in aws_ecs_cluster.main",
        ),
        (
            "AWS/ApplicationELB",
            "HealthyHostCount",
            {"LoadBalancer": OTHER_LB, "TargetGroup": TARGETS},
            "target group aws_lb_target_group.api belongs to aws_lb.main, not to aws_lb.other",
        ),
        (
            "AWS/ApplicationELB",
            "RequestCount",
            {"LoadBalancer": TARGETS},
            "dimension LoadBalancer names aws_lb_target_group.api, which is no aws_lb or aws_alb",
        ),
        (
            "AWS/ApplicationELB",
            "RequestCount",
            {"LoadBalancer": LB, "AvailabilityZone": "1a"},
            "dimension AvailabilityZone = 1a is no value that CloudWatch publishes",
        ),
        (
            "AWS/ElastiCache",
            "CacheHitRate",
            {"CacheClusterId": "main"},
            "dimension CacheClusterId = main names aws_elasticache_replication_group.main, "
            "but CloudWatch publishes a member cluster, such as -001",
        ),
        (
            "AWS/ElastiCache",
            "CacheHitRate",
            {"CacheClusterId": "main-003"},
            "dimension CacheClusterId = main-003 names no aws_elasticache_cluster or "
            "aws_elasticache_replication_group of this stack",
        ),
        ("Application", "Failures", {}, "no log metric filter publishes Failures in Application, but Errors"),
        (
            "Application",
            "Errors",
            {},
            "aws_cloudwatch_log_metric_filter.errors publishes Errors with Service, not with no dimension",
        ),
    ],
)
def test_why_nobody_publishes(
    estate: Estate, namespace: str, name: str, dimensions: dict[str, Value], reason: str
) -> None:
    assert resolve(Metric(namespace, name, dimensions), estate) == NotPublished(reason)


@pytest.mark.parametrize(
    ("namespace", "dimensions", "reason"),
    [
        ("AWS/RDS", {"DBInstanceIdentifier": Unknown("variable db has no value")}, "variable db has no value"),
        ("AWS/RDS", {"DBInstanceIdentifier": Reference("data.aws_db_instance.x", "id")}, "only the account knows"),
        ("AWS/RDS", {"DBInstanceIdentifier": Reference("module.data.data.aws_db_instance.x", "id")}, "account knows"),
        ("AWS/Bedrock", {}, "what AWS/Bedrock publishes is not known here"),
        ("Orders", {}, "whether the application does is not known"),
    ],
)
def test_what_cannot_be_known(estate: Estate, namespace: str, dimensions: dict[str, Value], reason: str) -> None:
    with pytest.raises(Undecidable, match=reason):
        resolve(Metric(namespace, "CPUUtilization", dimensions), estate)


def test_a_module_called_data_makes_what_it_holds() -> None:
    database = Resource("module.data.aws_db_instance.main", "aws_db_instance", {"identifier": "main"})
    metric = Metric("AWS/RDS", "CPUUtilization", {"DBInstanceIdentifier": Reference(database.address, "id")})
    assert resolve(metric, Estate((database,))) == NotPublished(
        "dimension DBInstanceIdentifier is module.data.aws_db_instance.main.id; CloudWatch publishes its identifier"
    )


def test_observed_resources_are_found_by_what_cloudwatch_publishes() -> None:
    database = Resource(
        "aws_db_instance.main", "aws_db_instance", {"identifier": "main", "id": "db-ABC", "arn": "arn:db"}
    )
    estate = Estate((database,), origin="observed")

    def ask(value: str) -> Publisher | NotPublished:
        return resolve(Metric("AWS/RDS", "CPUUtilization", {"DBInstanceIdentifier": value}), estate)

    assert ask("main") == Publisher({"DBInstanceIdentifier": database})
    assert ask("db-ABC") == NotPublished(
        "dimension DBInstanceIdentifier = db-ABC names aws_db_instance.main, but CloudWatch publishes its identifier"
    )


def test_a_hard_coded_value_may_name_what_only_the_account_knows(estate: Estate) -> None:
    with pytest.raises(Undecidable, match="LoadBalancer = app/main/50dc6c495c0c9188: known after apply"):
        resolve(Metric("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": "app/main/50dc6c495c0c9188"}), estate)


@pytest.mark.parametrize("namespace", namespaces().values(), ids=lambda item: item.name)
def test_the_table_is_whole(namespace: object) -> None:
    """Every dimension of a set is described, and every description is used."""
    row = namespaces()[namespace.name]  # type: ignore[attr-defined]
    used = {name for publication in row.published for names in publication.sets for name in names}
    assert used == set(row.dimensions)
    assert row.page.startswith("https://docs.aws.amazon.com/")
    for dimension in row.dimensions.values():
        assert bool(dimension.types and dimension.attribute) != bool(dimension.pattern)
