"""The picture of stacks that are read from real Terraform."""

import re
from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.estate import Estate, Resource, Unknown
from skyworthy.reports.topology import topology

NETWORK = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "public" {
  count      = 2
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.${count.index}.0/24"
}

resource "aws_subnet" "private" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.10.0/24"
}

resource "aws_nat_gateway" "main" {
  subnet_id = aws_subnet.public[0].id
  tags      = { Name = "nat" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.main.id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.main.id
  }
}

resource "aws_route_table_association" "private" {
  subnet_id      = aws_subnet.private.id
  route_table_id = aws_route_table.private.id
}

resource "aws_security_group" "tasks" {
  name   = "tasks"
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group" "store" {
  name   = "store"
  vpc_id = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "store" {
  security_group_id            = aws_security_group.store.id
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
}
"""
EGRESS = """
resource "aws_vpc_security_group_egress_rule" "tasks" {
  security_group_id            = aws_security_group.tasks.id
  referenced_security_group_id = aws_security_group.store.id
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
}
"""
SERVICE = """
resource "aws_lb" "main" {
  name     = "front"
  internal = false
  subnets  = aws_subnet.public[*].id
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"
    redirect {
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.main.arn
  port              = 443
  protocol          = "HTTPS"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}

resource "aws_lb_listener_rule" "api" {
  listener_arn = aws_lb_listener.https.arn

  condition {
    host_header {
      values = ["api.example.com"]
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}

resource "aws_lb_target_group" "web" {
  name = "web"
  port = 8000
}

resource "aws_ecs_service" "web" {
  name            = "web \\"blue\\" <1>"
  desired_count   = 2
  task_definition = aws_ecs_task_definition.web.arn

  network_configuration {
    subnets         = [aws_subnet.private.id]
    security_groups = [aws_security_group.tasks.id]
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.web.arn
    container_name   = "web"
    container_port   = 8000
  }
}

resource "aws_ecs_task_definition" "web" {
  family = "web"
  container_definitions = jsonencode([{
    name        = "web"
    environment = [{ name = "URL", value = "postgresql://app@${aws_db_instance.main.address}/app" }]
    secrets     = [{ name = "KEY", valueFrom = "${aws_secretsmanager_secret.main.arn}:KEY::" }]
  }])
}

resource "aws_secretsmanager_secret" "main" {
  name = "app"
}

resource "aws_db_instance" "main" {
  identifier             = "data"
  vpc_security_group_ids = [aws_security_group.store.id]
  db_subnet_group_name   = aws_db_subnet_group.main.name
}

resource "aws_db_subnet_group" "main" {
  name       = "data"
  subnet_ids = [aws_subnet.private.id]
}

resource "aws_elasticache_replication_group" "main" {
  replication_group_id = "cache"
  subnet_group_name    = aws_elasticache_subnet_group.main.name
  security_group_ids   = [aws_security_group.store.id]
}

resource "aws_elasticache_subnet_group" "main" {
  name       = "cache"
  subnet_ids = [aws_subnet.private.id]
}
"""
GOLDEN = """\
flowchart LR
  internet(("internet"))
  subgraph subnets1["public subnets (2)"]
    aws_lb_main["front<br/>load balancer"]
    aws_nat_gateway_main["nat<br/>NAT gateway"]
  end
  subgraph subnets2["private subnet (1)"]
    aws_ecs_service_web[["web #quot;blue#quot; #lt;1#gt;<br/>ECS service, 2 tasks"]]
    aws_db_instance_main[("data<br/>RDS")]
    aws_elasticache_replication_group_main[("cache<br/>ElastiCache")]
  end
  aws_lb_target_group_web["web<br/>target group, port 8000"]
  aws_secretsmanager_secret_main[/"app<br/>secret"/]
  internet -->|"HTTP 80 (redirect), HTTPS 443"| aws_lb_main
  aws_lb_main -->|"api.example.com"| aws_lb_target_group_web
  aws_lb_target_group_web --> aws_ecs_service_web
  aws_ecs_service_web --> aws_db_instance_main
  aws_ecs_service_web --> aws_secretsmanager_secret_main
  aws_ecs_service_web -->|"allowed"| aws_elasticache_replication_group_main
  aws_ecs_service_web --> aws_nat_gateway_main
  aws_nat_gateway_main --> internet
"""


def read(directory: Path, text: str) -> Estate:
    (directory / "main.tf").write_text(text, "utf-8")
    return declared.read(directory)


def test_a_whole_stack_gives_exactly_this_picture(tmp_path: Path) -> None:
    assert topology(read(tmp_path, NETWORK + EGRESS + SERVICE)) == GOLDEN


def test_a_way_that_the_network_blocks_ends_in_a_cross_and_names_the_hop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # locations are relative to it
    line = (NETWORK + SERVICE).splitlines().index('resource "aws_security_group" "tasks" {') + 1
    lines = topology(read(tmp_path, NETWORK + SERVICE)).splitlines()
    assert [line for line in lines if "--x" in line] == [
        '  aws_ecs_service_web --x|"allowed, blocked: aws_security_group.tasks lets nothing out to port 6379 of '
        f'aws_elasticache_replication_group.main (main.tf:{line})"| aws_elasticache_replication_group_main'
    ]


def test_another_resource_leaves_the_lines_of_the_others_as_they_are(tmp_path: Path) -> None:
    more = '\nresource "aws_ecs_service" "another" {\n  name = "another"\n}\n'
    lines = topology(read(tmp_path, NETWORK + EGRESS + SERVICE + more)).splitlines()
    assert set(GOLDEN.splitlines()) < set(lines)
    assert [line for line in lines if "another" in line] == [
        '  aws_ecs_service_another[["another<br/>ECS service"]]'
    ] or len([line for line in lines if "another" in line]) == 1


@pytest.mark.parametrize("text", ["", 'resource "aws_sqs_queue" "main" {\n  name = "q"\n}\n', NETWORK])
def test_a_stack_without_anything_that_serves_has_little_or_no_picture(tmp_path: Path, text: str) -> None:
    assert topology(read(tmp_path, text or "locals {}\n")) == ""


def test_what_cannot_be_followed_is_left_out(tmp_path: Path) -> None:
    stack = """
variable "subnets" {
  type = list(string)
}

variable "target" {
  type = string
}

resource "aws_lb" "main" {
  name     = "front"
  internal = true
  subnets  = var.subnets
}

resource "aws_ecs_service" "web" {
  name            = "web"
  task_definition = "web:3"

  load_balancer {
    target_group_arn = var.target
    container_name   = "web"
    container_port   = 80
  }
}
"""
    assert re.sub(r", 1 task\b", "", topology(read(tmp_path, stack))) == (
        'flowchart LR\n  aws_lb_main["front<br/>load balancer"]\n  aws_ecs_service_web[["web<br/>ECS service"]]\n'
    )


def test_an_observed_estate_is_joined_by_ids_and_arns() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf"
    containers = [{"name": "web", "secrets": [{"name": "KEY", "valueFrom": f"{arn}:KEY::"}]}]
    task = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:3"
    estate = Estate(
        (
            Resource("aws_ecs_service.web", "aws_ecs_service", {"name": "web", "task_definition": task}),
            Resource(
                "aws_ecs_task_definition.web",
                "aws_ecs_task_definition",
                {"arn": task, "container_definitions": containers},
            ),
            Resource("aws_secretsmanager_secret(app)", "aws_secretsmanager_secret", {"name": "app", "arn": arn}),
        ),
        origin="observed",
        unread={"aws_db_instance": Unknown("denied", denied=True)},
    )
    assert "  aws_ecs_service_web --> aws_secretsmanager_secret_app\n" in topology(estate)
