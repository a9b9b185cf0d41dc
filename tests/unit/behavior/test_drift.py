"""Declared against observed: real Terraform through the real reader, beside resources as the collectors give them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skyworthy import declared
from skyworthy.behavior.drift import Comparison, compare
from skyworthy.config.deploy import DeploySettings, ImageSource
from skyworthy.estate import Estate, Resource, Unknown
from skyworthy.observed import SecretValue
from skyworthy.observed.secrets import conceal

Read = Callable[[str], Estate]
Against = Callable[..., Comparison]
PROVIDER = 'provider "aws" {\n  region = "us-east-1"\n}\n'
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(text: str) -> Estate:
        (tmp_path / "main.tf").write_text(text if 'provider "aws"' in text else PROVIDER + text)
        return declared.read(tmp_path)

    return read


@pytest.fixture
def against(read: Read) -> Against:
    """Compare the resource that some Terraform calls main with what the account has at its address."""

    def against(text: str, *others: Resource, **attributes: Any) -> Comparison:
        estate = read(text)
        first = next(item for item in estate if item.name == "main" and not item.data)
        there = Resource(first.address, first.type, attributes, blank=Unknown("not read"))
        found = compare(first, estate, Estate((there, *others), "observed"))
        assert found is not None
        return found

    return against


def there(address: str, **attributes: Any) -> Resource:
    return Resource(address, address.split(".")[-2], attributes, blank=Unknown("not read"))


LB = 'resource "aws_lb" "main" {\n  name = "shop"\n  idle_timeout = 60\n  subnets = ["subnet-a", "subnet-b"]\n}\n'


def test_the_value_that_differs_is_told_with_the_value_in_the_code(against: Against) -> None:
    found = against(LB, name="shop", idle_timeout=30, subnets=["subnet-b", "subnet-a"])
    assert str(found) == "idle_timeout is 30, the code says 60"
    assert found.declared.location is not None
    assert (found.declared.location.line, found.compared, found.blanks) == (4, 3, ())


def test_the_order_of_a_set_means_nothing_and_its_members_do(against: Against) -> None:
    found = against(LB, subnets=["subnet-c", "subnet-a"])
    assert str(found) == "subnets lacks subnet-b; subnets has subnet-c, which the code has not"


def test_the_provider_s_default_is_compared_where_the_code_is_silent(against: Against) -> None:
    found = against(LB, enable_http2=False, internal=False, client_keep_alive=3600)
    assert str(found) == "enable_http2 is false, the code says true"


def test_what_the_provider_or_aws_chooses_is_not_compared(against: Against) -> None:
    found = against(
        LB, dns_name="shop.elb.amazonaws.com", zone_id="Z1", access_logs=[{"enabled": False, "bucket": "b"}]
    )
    assert (found.differences, found.compared) == ((), 1)
    logged = against(LB, access_logs=[{"enabled": True, "bucket": "b"}])
    assert str(logged) == "access_logs has {enabled: true, bucket: b}, which the code has not"


def test_what_a_side_does_not_know_is_counted_and_no_drift(against: Against) -> None:
    variable = 'variable "seconds" {\n  type = number\n}\n'
    text = 'resource "aws_lb" "main" {\n  idle_timeout = var.seconds\n  name = "shop"\n}\n'
    found = against(variable + text, idle_timeout=30, name=Unknown("not read"))
    assert (found.differences, found.compared, found.blanks) == ((), 0, ("idle_timeout", "name"))


def test_a_refused_part_is_told(against: Against) -> None:
    denied = Unknown("denied: elasticloadbalancing:DescribeTags", denied=True)
    assert against(LB, idle_timeout=60, tags_all=denied).refused is denied


def test_no_counterpart_is_nothing_to_compare(read: Read) -> None:
    estate = read(LB)
    assert compare(estate.get("aws_lb.main"), estate, Estate((), "observed")) is None  # type: ignore[arg-type]


SCALARS = [
    ('port = "5432"', {"port": 5432}),
    ('maintenance_window = "Sun:05:00-Sun:06:00"', {"maintenance_window": "sun:05:00-sun:06:00"}),
    ('identifier = "Shop"', {"identifier": "shop"}),
    ("multi_az = false", {"multi_az": None}),
    ("iops = null", {"iops": 0}),
    ('engine_version = "17"', {"engine_version": "17.4"}),
    ('engine_version = "17.2"', {"engine_version": "17.4"}),  # minor upgrades are on by default
    ("allocated_storage = 20\n  max_allocated_storage = 100", {"allocated_storage": 60, "max_allocated_storage": 100}),
    ('enabled_cloudwatch_logs_exports = ["a", "b"]', {"enabled_cloudwatch_logs_exports": ["b", "a"]}),
]  # fmt: skip


@pytest.mark.parametrize(("written", "observed"), SCALARS)
def test_two_ways_to_write_the_same(against: Against, written: str, observed: dict[str, Any]) -> None:
    found = against(f'resource "aws_db_instance" "main" {{\n  {written}\n}}\n', **observed)
    assert (found.differences, found.compared) == ((), len(observed))


DIFFERENT = [
    ('engine_version = "17"', {"engine_version": "16.4"}, "engine_version is 16.4, the code says 17"),
    (
        'engine_version = "17.2"\n  auto_minor_version_upgrade = false',
        {"engine_version": "17.4"},
        "engine_version is 17.4, the code says 17.2",
    ),
    (
        "allocated_storage = 20\n  max_allocated_storage = 100",
        {"allocated_storage": 10},
        "allocated_storage is 10, the code says 20",
    ),
    ("multi_az = true", {"multi_az": None}, "multi_az is not set, the code says true"),
    ("iops = null", {"iops": 3000}, "iops is 3000, the code does not set it"),
    ('db_name = "Shop"', {"db_name": "shop"}, "db_name is shop, the code says Shop"),
]


@pytest.mark.parametrize(("written", "observed", "message"), DIFFERENT)
def test_what_is_not_the_same(against: Against, written: str, observed: dict[str, Any], message: str) -> None:
    assert str(against(f'resource "aws_db_instance" "main" {{\n  {written}\n}}\n', **observed)) == message


def test_a_network_a_protocol_and_an_address_have_several_spellings(against: Against) -> None:
    rule = (
        'resource "aws_vpc_security_group_ingress_rule" "main" {\n  ip_protocol = "6"\n  cidr_ipv4 = "10.0.0.9/8"\n}\n'
    )
    assert not against(rule, ip_protocol="TCP", cidr_ipv4="10.0.0.0/8").differences
    oidc = 'resource "aws_iam_openid_connect_provider" "main" {\n  url = "https://token.example.com"\n}\n'
    assert not against(oidc, url="token.example.com").differences
    zone = 'resource "aws_route53_record" "main" {\n  name = "shop.example.com"\n}\n'
    assert not against(zone, name="Shop.example.com.").differences


SERVICE = """
resource "aws_ecs_service" "main" {
  name            = "web"
  cluster         = aws_ecs_cluster.shop.id
  desired_count   = 2
  task_definition = aws_ecs_task_definition.web.arn

  network_configuration {
    subnets         = [aws_subnet.a.id]
    security_groups = ["${aws_security_group.web.id}"]
  }
}

resource "aws_ecs_cluster" "shop" {
  name = "shop"
}

resource "aws_ecs_task_definition" "web" {
  family                = "web"
  container_definitions = "[]"
}

resource "aws_subnet" "a" {
  vpc_id = "vpc-1"
}

resource "aws_security_group" "web" {
  name = "web"
}

resource "aws_security_group" "other" {
  name = "other"
}
"""
CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/shop"
TASK = "arn:aws:ecs:us-east-1:123456789012:task-definition/web"
BESIDE = (
    there("aws_ecs_cluster.shop", id=CLUSTER, arn=CLUSTER, name="shop"),
    there("aws_ecs_task_definition.web", arn=f"{TASK}:7", family="web"),
    there("aws_subnet.a", id="subnet-1"),
    there("aws_security_group.web", id="sg-1", name="web"),
    there("aws_security_group.other", id="sg-2", name="other"),
)


def network(group: str) -> list[dict[str, Any]]:
    return [{"subnets": ["subnet-1"], "security_groups": [group], "assign_public_ip": False}]


def test_references_are_what_the_account_has_at_their_address(against: Against) -> None:
    found = against(
        SERVICE, *BESIDE, cluster=CLUSTER, task_definition=f"{TASK}:7", network_configuration=network("sg-1")
    )
    assert (found.differences, found.compared, found.blanks) == ((), 3, ("desired_count", "name"))
    by_name = against(SERVICE, *BESIDE, cluster="shop", task_definition=f"{TASK}:7")
    assert by_name.differences == ()


def test_another_resource_than_the_one_referred_to_is_drift(against: Against) -> None:
    found = against(SERVICE, *BESIDE, task_definition=f"{TASK}:6", network_configuration=network("sg-2"))
    assert [str(item) for item in found.differences] == [
        f"task_definition is {TASK}:6, the code says aws_ecs_task_definition.web.arn ({TASK}:7)",
        "network_configuration.security_groups lacks aws_security_group.web.id (sg-1)",
        "network_configuration.security_groups has sg-2 (aws_security_group.other), which the code has not",
    ]


def test_a_reference_to_what_is_not_there_is_not_compared(against: Against) -> None:
    found = against(SERVICE, *BESIDE[1:], cluster=CLUSTER)
    assert (found.differences, found.blanks) == (
        (),
        ("cluster", "desired_count", "name", "network_configuration", "task_definition"),
    )


@pytest.mark.parametrize(("lifecycle", "drifted"), [("", True), ("desired_count", False), ("all", False)])
def test_what_terraform_is_told_to_leave_alone_is_no_drift(against: Against, lifecycle: str, drifted: bool) -> None:
    names = lifecycle if lifecycle == "all" else f"[{lifecycle}]"
    text = SERVICE.replace("\n\n  network", f"\n  lifecycle {{\n    ignore_changes = {names}\n  }}\n\n  network", 1)
    assert bool(against(text, *BESIDE, desired_count=5).differences) is drifted


SCALED = """
resource "aws_appautoscaling_target" "web" {
  resource_id        = "service/shop/web"
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
  min_capacity       = 2
  max_capacity       = 6
}
"""


@pytest.mark.parametrize(("count", "drifted"), [(2, False), (6, False), (7, True), (0, True)])
def test_autoscaling_may_set_the_number_of_tasks_within_its_bounds(against: Against, count: int, drifted: bool) -> None:
    assert bool(against(SERVICE + SCALED, *BESIDE, desired_count=count).differences) is drifted


def test_one_ignored_tag_and_the_tags_of_aws(against: Against) -> None:
    text = """
    provider "aws" {
      region = "us-east-1"
      default_tags {
        tags = { Team = "shop" }
      }
    }
    resource "aws_vpc" "main" {
      tags = { Name = "main", Seen = "a" }
      lifecycle {
        ignore_changes = [tags["Seen"]]
      }
    }
    """
    tags = {"Name": "other", "Seen": "b", "aws:cloudformation:stack-name": "x", "Added": "by hand"}
    assert [str(item) for item in against(text, tags={}, tags_all=tags).differences] == [
        "tags.Team is not set, the code says shop",
        "tags.Name is other, the code says main",
        "tags.Added is by hand, the code does not set it",
    ]


TOPIC = """
resource "aws_sns_topic_policy" "main" {
  arn = "arn:aws:sns:us-east-1:123456789012:shop"
  policy = jsonencode({
    Statement = [
      {
        Sid       = "Own"
        Effect    = "Allow"
        Action    = ["sns:Publish", "sns:Subscribe"]
        Principal = { AWS = "123456789012" }
        Resource  = "arn:aws:sns:us-east-1:123456789012:shop"
        Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" }, Bool = { "aws:SecureTransport" = true } }
      },
      { Effect = "Deny", Action = "sns:*", Principal = "*", Resource = "*" },
    ]
  })
}
"""
OWN = {
    "Effect": "Allow",
    "Action": ["SNS:Subscribe", "SNS:Publish"],
    "Principal": {"AWS": ["arn:aws:iam::123456789012:root"]},
    "Resource": ["arn:aws:sns:us-east-1:123456789012:shop"],
    "Condition": {
        "bool": {"AWS:SecureTransport": ["true"]},
        "StringEquals": {"aws:SourceAccount": ["123456789012"]},
    },
}
DENY = {"Effect": "Deny", "Action": ["sns:*"], "Principal": {"AWS": "*"}, "Resource": "*"}


def test_policies_are_compared_by_meaning(against: Against) -> None:
    found = against(TOPIC, policy={"Version": "2012-10-17", "Statement": [DENY, OWN]})
    assert (found.differences, found.compared) == ((), 1)


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Deny"},
        {"Action": ["sns:Publish"]},
        {"Action": ["sns:Publish", "sns:Subscribe", "sns:Receive"]},
        {"Principal": {"AWS": "210987654321"}},
        {"Principal": {"Service": "sns.amazonaws.com"}},
        {"Resource": "*"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": OWN["Condition"] | {"Bool": {"aws:SecureTransport": "false"}}},  # type: ignore[operator]
    ],
)
def test_each_element_of_a_statement_counts(against: Against, change: dict[str, Any]) -> None:
    found = against(TOPIC, policy={"Statement": [DENY, OWN | change]})
    lacking, extra = found.differences
    assert str(lacking) == (
        "policy lacks statement 'Own' (Allow sns:Publish, sns:Subscribe to 123456789012 "
        "on arn:aws:sns:us-east-1:123456789012:shop under conditions)"
    )
    assert str(extra).startswith("policy has statement (")


def test_a_policy_of_the_data_source_is_compared_statement_by_statement(against: Against) -> None:
    text = """
    resource "aws_iam_role" "main" {
      name               = "web"
      assume_role_policy = data.aws_iam_policy_document.trust.json
    }
    data "aws_iam_policy_document" "trust" {
      statement {
        actions = ["sts:AssumeRole"]
        principals {
          type        = "Service"
          identifiers = ["ecs-tasks.amazonaws.com"]
        }
      }
    }
    """
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
    assert not against(text, assume_role_policy={"Statement": [trust]}).differences
    wider = {**trust, "Principal": {"Service": "ec2.amazonaws.com"}}
    assert [str(item) for item in against(text, assume_role_policy={"Statement": [trust, wider]}).differences] == [
        "assume_role_policy has statement (Allow sts:AssumeRole to ec2.amazonaws.com), which the code has not"
    ]


def test_a_policy_with_a_reference_names_what_the_account_has(against: Against) -> None:
    text = """
    resource "aws_iam_role_policy" "main" {
      role   = "web"
      policy = jsonencode({
        Statement = [{ Effect = "Allow", Action = "kms:Decrypt", Resource = aws_kms_key.data.arn }]
      })
    }
    resource "aws_kms_key" "data" {
    }
    """
    key = there("aws_kms_key.data", arn=KEY, key_id=KEY.rpartition("/")[2])
    allowed = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY}
    assert not against(text, key, policy={"Statement": allowed}).differences
    other = {**allowed, "Resource": KEY.replace("1111", "9999")}
    assert len(against(text, key, policy={"Statement": [other]}).differences) == 2
    gone = against(text, policy={"Statement": [allowed]})
    assert (gone.differences, gone.blanks) == ((), ("policy", "role"))


TASK_TEXT = """
resource "aws_ecs_task_definition" "main" {
  family = "web"
  container_definitions = jsonencode([
    {
      name         = "web"
      image        = "shop:1"
      command      = ["serve", "--port", "80"]
      portMappings = [{ containerPort = 80 }]
      environment  = [{ name = "MODE", value = "fast" }, { name = "LEVEL", value = "info" }]
      secrets      = []
      healthCheck  = { command = ["CMD", "true"] }
    },
  ])
}
"""
CONTAINER: dict[str, Any] = {
    "name": "web",
    "image": "shop:1",
    "cpu": 0,
    "essential": True,
    "command": ["serve", "--port", "80"],
    "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
    "environment": [{"name": "LEVEL", "value": "info"}, {"name": "MODE", "value": "fast"}],
    "mountPoints": [],
    "volumesFrom": [],
    "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3},
}


def test_what_ecs_fills_in_is_no_drift(against: Against) -> None:
    found = against(TASK_TEXT, container_definitions=[CONTAINER])
    assert (found.differences, found.compared) == ((), 1)


LEVEL, MODE = CONTAINER["environment"]
CONTAINERS: list[tuple[dict[str, Any], str]] = [
    ({"image": "shop:2"}, "image is shop:2, the code says shop:1"),
    ({"privileged": True}, "privileged is true, the code does not set it"),
    ({"essential": False}, "essential is false, the code does not set it"),
    ({"command": ["serve", "80", "80"]}, "command[1] is 80, the code says --port"),
    ({"command": ["serve"]}, "command is [serve], the code says [serve, --port, 80]"),
    ({"command": ["serve", "--password", "canary"]}, "command is not as the code says (its value is not shown)"),
    ({"command": ["--api-token=canary"]}, "command is not as the code says (its value is not shown)"),
    ({"environment": [MODE]}, "environment lacks LEVEL"),
    (
        {"environment": [LEVEL, MODE, {"name": "MORE", "value": "canary"}]},
        "environment has MORE, which the code has not",
    ),
    (
        {"environment": [LEVEL | {"value": "canary"}, MODE]},
        "environment[LEVEL].value is not as the code says (its value is not shown)",
    ),
    (
        {"healthCheck": {"command": ["CMD", "true"], "interval": 10}},
        "healthCheck.interval is 10, the code does not set it",
    ),
]


@pytest.mark.parametrize(("change", "message"), CONTAINERS)
def test_what_differs_in_a_container(against: Against, change: dict[str, Any], message: str) -> None:
    found = against(TASK_TEXT, container_definitions=[CONTAINER | change])
    assert str(found) == f"container_definitions.{message}"
    assert "canary" not in repr(found)


DEPLOYED_TEXT = """
resource "aws_ecr_repository" "web" {
  name = "shop/web"
}

resource "aws_secretsmanager_secret" "web" {
  name = "shop"
}

resource "aws_ecs_service" "web" {
  name            = "web"
  task_definition = aws_ecs_task_definition.main.arn
  lifecycle {
    ignore_changes = [task_definition]
  }
}

resource "aws_ecs_task_definition" "main" {
  family = "web"
  tags   = { Team = "shop" }
  container_definitions = jsonencode([
    {
      name        = "web"
      image       = "${aws_ecr_repository.web.repository_url}:1.0"
      environment = [{ name = "APP_VERSION", value = "1.0" }, { name = "MODE", value = "fast" }]
      secrets     = [{ name = "TOKEN", valueFrom = "${aws_secretsmanager_secret.web.arn}:TOKEN::" }]
    },
    { name = "proxy", image = "envoy:1" },
  ])
}
"""
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"
PINNED = "@sha256:" + "a" * 64
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-AbCdEf"
RESOURCES = (
    there("aws_ecr_repository.web", name="shop/web", repository_url=f"{REGISTRY}/web"),
    there("aws_secretsmanager_secret.web", name="shop", arn=SECRET),
)
WEB: dict[str, Any] = {
    "name": "web",
    "image": f"{REGISTRY}/web{PINNED}",
    "environment": [{"name": "APP_VERSION", "value": "1.1"}, {"name": "MODE", "value": "fast"}],
    "secrets": [{"name": "TOKEN", "valueFrom": f"{SECRET}:TOKEN::"}],
}
PROXY: dict[str, Any] = {"name": "proxy", "image": "envoy:1"}
ONLY_WEB = DeploySettings(images={"web": ImageSource(".")})


def test_what_a_deployment_gives_is_no_drift(against: Against) -> None:
    tags = {"Team": "shop", "skyworthy:replaces": "web:1"}
    found = against(DEPLOYED_TEXT, *RESOURCES, container_definitions=[WEB, PROXY], tags=tags, tags_all=tags)
    assert (found.differences, found.compared, found.blanks) == ((), 2, ("family",))


@pytest.mark.parametrize(
    ("web", "proxy", "message"),
    [
        ({"image": f"{REGISTRY}/miner{PINNED}"}, {}, f"[web].image is {REGISTRY}/miner, the code says aws_ecr"),
        ({"environment": WEB["environment"][1:]}, {}, "[web].environment lacks APP_VERSION"),
        (
            {"environment": [WEB["environment"][0], {"name": "MODE", "value": "slow"}]},
            {},
            "[web].environment[MODE].value is not as the code says (its value is not shown)",
        ),
        (
            {"secrets": [{"name": "TOKEN", "valueFrom": f"{SECRET}:OTHER::"}]},
            {},
            f"[web].secrets.valueFrom is {SECRET}:OTHER::, the code says {SECRET}:TOKEN::",
        ),
        ({"secrets": []}, {}, "[web].secrets lacks"),
        ({"user": "root"}, {}, "[web].user is root, the code does not set it"),
        ({}, {"image": "envoy:2"}, "[proxy].image is envoy:2, the code says envoy:1"),
    ],
)
def test_all_else_that_differs_in_what_is_deployed_is_drift(
    read: Read, web: dict[str, Any], proxy: dict[str, Any], message: str
) -> None:
    estate = read(DEPLOYED_TEXT)
    task = next(iter(estate.of("aws_ecs_task_definition")))
    seen = there(task.address, container_definitions=[WEB | web, PROXY | proxy])
    found = compare(task, estate, Estate((*RESOURCES, seen), "observed"), ONLY_WEB)
    assert found is not None
    (difference,) = found.differences
    assert str(difference).startswith(f"container_definitions{message}"), difference


def test_where_terraform_deploys_the_image_is_its_own(against: Against) -> None:
    text = DEPLOYED_TEXT.replace("ignore_changes = [task_definition]", "")
    found = against(text, *RESOURCES, container_definitions=[WEB, PROXY])
    assert [item.path for item in found.differences] == [
        "container_definitions[web].environment[APP_VERSION].value",
        "container_definitions[web].image",
    ]


def test_blocks_are_told_apart_by_their_key_and_by_what_they_are_most_like(against: Against) -> None:
    text = """
    resource "aws_db_parameter_group" "main" {
      name   = "shop"
      family = "postgres17"
      parameter {
        name  = "rds.force_ssl"
        value = "1"
      }
      parameter {
        name  = "log_statement"
        value = "ddl"
      }
    }
    """
    given = [
        {"name": "log_statement", "value": "all", "apply_method": "immediate"},
        {"name": "rds.force_ssl", "value": "1", "apply_method": "immediate"},
        {"name": "log_hostname", "value": "1", "apply_method": "immediate"},
    ]
    assert [str(item) for item in against(text, parameter=given).differences] == [
        "parameter[log_statement].value is all, the code says ddl",
        "parameter has {name: log_hostname, value: 1, apply_method: immediate}, which the code has not",
    ]


def test_blocks_that_another_resource_may_hold_are_not_compared_where_the_code_has_none(against: Against) -> None:
    group = 'resource "aws_security_group" "main" {\n  name = "web"\n}\n'
    ingress = [{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}]
    assert not against(group, name="web", ingress=ingress).differences
    default = group.replace("aws_security_group", "aws_default_security_group").replace('name = "web"', "")
    assert len(against(default, ingress=ingress).differences) == 1


SECRET = """
resource "aws_secretsmanager_secret_version" "main" {
  secret_id     = "shop"
  secret_string = jsonencode({ TOKEN = "declared-canary", OTHER = "same" })
}
"""


def test_secrets_are_compared_by_digest_and_never_shown(against: Against) -> None:
    values: dict[str, SecretValue] = {"TOKEN": conceal("planted-canary"), "OTHER": conceal("same")}
    found = against(SECRET, secret_string=values)
    assert str(found) == "secret_string.TOKEN is not as the code says (its value is not shown)"
    assert "canary" not in repr(found.differences)
    assert not against(SECRET, secret_string=values | {"TOKEN": conceal("declared-canary")}).differences


def test_a_credential_in_any_value_is_not_shown(against: Against) -> None:
    text = 'resource "aws_lb" "main" {\n  tags = { Note = "none" }\n}\n'
    found = against(text, tags_all={"Note": "postgres://app:planted-canary@db/app"})
    assert str(found) == "tags.Note is not as the code says (its value is not shown)"
    assert "canary" not in repr(found.differences)


def test_a_task_definition_is_named_by_arn_or_family_with_or_without_revision(against: Against) -> None:
    text = 'resource "aws_ecs_service" "main" {\n  task_definition = "web%s"\n}\n'
    assert not against(text % ":7", task_definition=f"{TASK}:7", propagate_tags="NONE").differences
    assert not against(text % "", task_definition=f"{TASK}:7").differences
    assert against(text % ":6", task_definition=f"{TASK}:7").differences
    assert against(text % "-old", task_definition=f"{TASK}:7").differences


def test_a_block_within_a_block_that_the_code_has_not(against: Against) -> None:
    text = """
    resource "aws_wafv2_web_acl" "main" {
      name  = "shop"
      scope = "REGIONAL"
      default_action {
        allow {}
      }
      rule {
        name     = "common"
        priority = 1
        override_action {
          none {}
        }
      }
    }
    """
    rule = {"name": "common", "priority": 1, "override_action": [{"count": [{}]}]}
    found = against(text, default_action=[{"allow": [{}]}], rule=[rule])
    assert str(found) == "rule.override_action.count has an empty block, which the code has not"
    listener = (
        'resource "aws_lb_listener" "main" {\n  default_action {\n    type = "forward"\n    forward {\n    }\n  }\n}\n'
    )
    off = [{"type": "forward", "forward": [{"stickiness": [{"enabled": False, "duration": 1}]}]}]
    assert not against(listener, default_action=off).differences
