"""What a stack costs: exact sums of what is declared, and nothing left out in silence."""

from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.behavior.cost import check_usage, estimate, prices, savings
from skyworthy.behavior.cost.estimate import Estimate
from skyworthy.config import BUILT_IN_POLICIES
from skyworthy.errors import BadInput
from skyworthy.estate import Estate

SERVICE = """
resource "aws_ecs_cluster" "main" {
  name = "main"
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "api" {
  family                = "api"
  cpu                   = "512"
  memory                = "1024"
  container_definitions = jsonencode([])
}

resource "aws_ecs_service" "api" {
  name            = "api"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.api.arn
  desired_count   = 2
  launch_type     = "FARGATE"
}
"""
DATABASE = """
resource "aws_db_instance" "main" {
  identifier        = "main"
  engine            = "postgres"
  instance_class    = "db.t3.small"
  allocated_storage = 50
  storage_type      = "gp3"
  multi_az          = true
}
"""
GATEWAYS = """
resource "aws_nat_gateway" "main" {
  count         = 3
  allocation_id = "eipalloc-${count.index}"
  subnet_id     = "subnet-${count.index}"
}
"""


def read(directory: Path, terraform: str) -> Estate:
    (directory / "main.tf").write_text(terraform, "utf-8")
    return declared.read(directory)


def of(directory: Path, terraform: str, **usage: float) -> Estimate:
    return estimate(read(directory, terraform), usage)


def test_a_service_costs_its_tasks_cpu_and_memory(tmp_path: Path) -> None:
    made = of(tmp_path, SERVICE)
    # 2 tasks x 730 hours x (0.5 vCPU x $0.04048 + 1 GB x $0.004445)
    assert made.components["Fargate"] == pytest.approx(2 * 730 * (0.5 * 0.04048 + 0.004445))
    assert made.components["CloudWatch"] == pytest.approx(8 * 0.30)
    assert made.unpriced == ()


def test_a_service_without_a_count_runs_no_task(tmp_path: Path) -> None:
    made = of(tmp_path, SERVICE.replace("  desired_count   = 2\n", ""))
    assert made.components["Fargate"] == 0


def test_container_insights_and_the_architecture_count(tmp_path: Path) -> None:
    arm = 'family                = "api"\n  runtime_platform {\n    cpu_architecture = "ARM64"\n  }'
    changed = SERVICE.replace('"enabled"', '"disabled"').replace('family                = "api"', arm)
    made = of(tmp_path, changed)
    assert made.components == {"Fargate": pytest.approx(2 * 730 * (0.5 * 0.03238 + 0.00356))}


def test_a_second_zone_doubles_instance_and_storage(tmp_path: Path) -> None:
    made = of(tmp_path, DATABASE)
    assert [(item.what, item.quantity, item.price) for item in made.items] == [
        ("db.t3.small Multi-AZ", 1460, 0.036),
        ("50 GB gp3 Multi-AZ", 100, 0.115),
    ]
    assert of(tmp_path, DATABASE.replace("true", "false")).monthly == pytest.approx(made.monthly / 2)


STRATEGY = "capacity_provider_strategy {{\n    capacity_provider = {}\n    weight = 1\n  }}"


def test_tasks_cost_what_their_capacity_providers_cost(tmp_path: Path) -> None:
    def by(*names: str) -> Estimate:
        blocks = "\n  ".join(STRATEGY.format(f'"{name}"') for name in names)
        return of(tmp_path, SERVICE.replace('launch_type     = "FARGATE"', blocks))

    assert by("FARGATE").components == by("FARGATE", "FARGATE_SPOT").components == of(tmp_path, SERVICE).components
    assert by("my-instances").components.get("Fargate") is None
    assert by("FARGATE_SPOT").unpriced == ("aws_ecs_service.api: the price of Fargate Spot changes from day to day",)


def test_a_replica_is_as_large_as_its_source(tmp_path: Path) -> None:
    replica = 'resource "aws_db_instance" "read" {\n replicate_source_db = %s\n instance_class = "db.t3.micro"\n }\n'
    made = of(tmp_path, DATABASE + replica % "aws_db_instance.main.identifier")
    assert [(item.what, item.price) for item in made.items if item.address.endswith("read")] == [
        ("db.t3.micro single-AZ", 0.018),
        ("50 GB gp2 single-AZ", 0.115),
    ]
    assert of(tmp_path, replica % '"arn:aws:rds:us-east-1:123456789012:db:main"').unpriced == (
        "aws_db_instance.read: it is as large as its source, which is not part of this stack",
    )


def test_what_is_used_is_an_assumption_that_can_be_changed(tmp_path: Path) -> None:
    made, more = of(tmp_path, GATEWAYS), of(tmp_path, GATEWAYS, nat_gb=1020)
    assert made.monthly == pytest.approx(3 * (730 * 0.05 + 20 * 0.045))
    assert more.monthly - made.monthly == pytest.approx(3 * 1000 * 0.045)
    assert [item.assumed for item in made.items[:3]] == [False, False, True]


def test_an_alarm_on_several_metrics_costs_each_of_them(tmp_path: Path) -> None:
    metric = 'metric_query {{\n id = "m{0}"\n metric {{\n metric_name = "x"\n period = {1}\n stat = "Sum"\n }}\n }}\n'
    alarm = 'resource "aws_cloudwatch_metric_alarm" "main" {{\n alarm_name = "x"\n {0}\n }}\n'
    made = of(tmp_path, alarm.format(metric.format(1, 60) + metric.format(2, 60)))
    assert [item.what for item in made.items] == ["1 alarm on 2 metrics"]
    assert made.monthly == pytest.approx(0.20)
    quick = of(tmp_path, alarm.format("period = 10"))
    assert quick.monthly == pytest.approx(0.30)


def test_what_has_no_price_is_listed_and_never_counted_as_nothing(tmp_path: Path) -> None:
    unknown = 'variable "class" {}\n' + DATABASE.replace('"db.t3.small"', "var.class")
    assert of(tmp_path, unknown).unpriced == (
        "aws_db_instance.main: instance_class of aws_db_instance.main: variable class has no value",
    )
    odd = DATABASE.replace("db.t3.small", "db.x9.huge") + 'resource "aws_redshift_cluster" "main" {}\n'
    assert of(tmp_path, odd).unpriced == (
        "aws_db_instance.main: there is no price of rds.postgres.db.x9.huge",
        "aws_redshift_cluster.main: there is no price of aws_redshift_cluster",
    )


def test_savings_are_those_that_the_stack_and_its_policy_have(tmp_path: Path) -> None:
    estate = read(tmp_path, SERVICE + DATABASE + GATEWAYS)
    production = savings(estate, estimate(estate), BUILT_IN_POLICIES["production"])
    assert [item.what for item in production] == [
        "a single NAT gateway",
        "a reserved database instance, one year",
        "a Compute Savings Plan for the tasks, one year",
        "Fargate on Arm (ARM64 images)",
    ]
    assert production[0].monthly == pytest.approx(2 * 730 * 0.05)
    assert "Fargate Spot for the tasks" in [
        item.what for item in savings(estate, estimate(estate), BUILT_IN_POLICIES["staging"])
    ]


@pytest.mark.parametrize(
    ("usage", "message"), [({"nat_tb": 1.0}, "nothing is assumed of 'nat_tb'"), ({"nat_gb": -1.0}, "less than nothing")]
)
def test_assumptions_that_make_no_sense_are_refused(usage: dict[str, float], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        check_usage(usage)


def test_no_price_is_nothing_and_the_table_says_where_it_is_from() -> None:
    table = prices()
    assert all(price > 0 for prices in (table.hour, table.month, table.use) for price in prices.values())
    assert table.region
    assert table.source.startswith("https://aws.amazon.com/")


def test_a_service_whose_task_has_no_size_is_not_priced(tmp_path: Path) -> None:
    made = of(tmp_path, SERVICE.replace('  cpu                   = "512"\n', ""))
    assert made.unpriced == ("aws_ecs_service.api: aws_ecs_task_definition.api sets no cpu",)


def test_a_load_balancer_by_its_older_names_costs_the_same(tmp_path: Path) -> None:
    stack = """
resource "aws_lb" "main" {
  name    = "main"
  subnets = ["subnet-1", "subnet-2"]
}

resource "aws_lb_target_group" "main" {
  port = 80
}

resource "aws_lb_listener" "main" {
  load_balancer_arn = aws_lb.main.arn
}
"""
    newer = estimate(read(tmp_path, stack))
    older = estimate(read(tmp_path, stack.replace("aws_lb", "aws_alb")))
    assert older.monthly == newer.monthly > 0
    assert older.unpriced == newer.unpriced == ()
