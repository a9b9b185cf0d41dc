"""``skyworthy reach`` over real Terraform."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from skyworthy.cli import skyworthy
from skyworthy.errors import BadInput

STACK = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.0.0/24"
}

resource "aws_subnet" "private" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_security_group" "alb" {
  vpc_id = aws_vpc.main.id

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    protocol    = "tcp"
    from_port   = 8000
    to_port     = 8000
    cidr_blocks = ["10.0.0.0/16"]
  }
}

resource "aws_security_group" "tasks" {
  vpc_id = aws_vpc.main.id

  ingress {
    protocol        = "tcp"
    from_port       = 8000
    to_port         = 8000
    security_groups = [aws_security_group.alb.id]
  }

  egress {
    protocol    = "tcp"
    from_port   = 5432
    to_port     = 5432
    cidr_blocks = ["10.0.0.0/16"]
  }
}

resource "aws_security_group" "database" {
  vpc_id = aws_vpc.main.id
}

resource "aws_lb" "main" {
  name            = "front"
  subnets         = [aws_subnet.public.id]
  security_groups = [aws_security_group.alb.id]
}

resource "aws_lb_target_group" "api" {
  name = "api"
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.main.arn
  port              = 443
  protocol          = "HTTPS"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.api.arn
  }
}

resource "aws_ecs_task_definition" "api" {
  family                = "api"
  container_definitions = jsonencode([{ name = "api", portMappings = [{ containerPort = 8000 }] }])
}

resource "aws_ecs_service" "api" {
  name            = "orders"
  task_definition = aws_ecs_task_definition.api.arn

  network_configuration {
    subnets         = [aws_subnet.private.id]
    security_groups = [aws_security_group.tasks.id]
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.api.arn
    container_name   = "api"
    container_port   = 8000
  }
}

resource "aws_db_subnet_group" "main" {
  subnet_ids = [aws_subnet.private.id]
}

resource "aws_db_instance" "main" {
  identifier             = "data"
  engine                 = "postgres"
  db_subnet_group_name   = aws_db_subnet_group.main.name
  vpc_security_group_ids = [aws_security_group.database.id]
}
"""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "main.tf").write_text(STACK, "utf-8")
    monkeypatch.chdir(tmp_path)  # locations are relative to it
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(skyworthy, ["reach", *arguments, "--terraform", "."])


def line_of(head: str) -> int:
    return STACK.splitlines().index(head) + 1


def test_a_way_through_the_load_balancer_is_told_hop_by_hop(stack: Path) -> None:
    done = run("internet", "orders")
    assert done.exit_code == 0
    lb, alb, tasks = (line_of(f'resource "{head}" {{') for head in LINES)
    https = line_of('resource "aws_lb_listener" "https" {')
    assert done.stdout.splitlines() == [
        "open     the internet → aws_lb.main → aws_ecs_service.api",
        "  the internet → aws_lb.main, port 443",
        f"    ✓ aws_lb.main has a public address (main.tf:{lb})",
        f"    ✓ aws_security_group.alb lets port 443 in (main.tf:{alb})",
        "  aws_lb.main → aws_ecs_service.api, port 8000",
        f"    ✓ aws_lb_listener.https forwards port 443 to aws_lb_target_group.api (main.tf:{https})",
        f"    ✓ aws_security_group.alb lets port 8000 out (main.tf:{alb})",
        f"    ✓ aws_security_group.tasks lets port 8000 in (main.tf:{tasks})",
        "blocked  the internet → aws_ecs_service.api",
        f"    ✗ aws_ecs_service.api has no public address (main.tf:{line_of(SERVICE)})",
    ]


LINES = ('aws_lb" "main', 'aws_security_group" "alb', 'aws_security_group" "tasks')
SERVICE = 'resource "aws_ecs_service" "api" {'


def test_the_hop_that_blocks_is_told_with_its_line_and_exit_code_1(stack: Path) -> None:
    done = run("aws_ecs_service.api", "data")
    blocked = "aws_security_group.database lets nothing in to port 5432 from aws_ecs_service.api"
    line = line_of('resource "aws_security_group" "database" {')
    assert f"✗ {blocked} (main.tf:{line})" in done.stdout
    assert done.exit_code == 1


def test_who_can_reach_a_place(stack: Path) -> None:
    done = run("aws_ecs_service", "--json")
    assert done.exit_code == 0
    told = {tuple(item["stops"]): item["answer"] for item in json.loads(done.stdout)}
    assert told == {
        ("the internet", "aws_lb.main", "aws_ecs_service.api"): "open",
        ("the internet", "aws_ecs_service.api"): "blocked",
        ("aws_lb.main", "aws_ecs_service.api"): "open",
    }


def test_json_has_every_hop_with_file_and_line(stack: Path) -> None:
    done = run("orders", "data", "--port", "3306", "--json")
    (journey,) = json.loads(done.stdout)
    assert journey["legs"] == [
        {
            "from": "aws_ecs_service.api",
            "to": "aws_db_instance.main",
            "port": 3306,
            "answer": "blocked",
            "hops": [],
            "blocked": {
                "what": "aws_security_group.tasks lets nothing out to port 3306 of aws_db_instance.main",
                "file": "main.tf",
                "line": line_of('resource "aws_security_group" "tasks" {'),
            },
            "unknown": None,
        }
    ]


def test_what_is_not_known_exits_with_2(stack: Path) -> None:
    text = STACK.replace("[aws_security_group.database.id]", "var.groups") + 'variable "groups" {}\n'
    (stack / "main.tf").write_text(text, "utf-8")
    done = run("orders", "data")
    assert "?" in done.stdout
    assert "variable groups has no value" in done.stdout
    assert done.exit_code == 2


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ((), "name one or two places: [FROM] TO, such as `skyworthy reach internet aws_ecs_service.backend`"),
        (
            ("a", "b", "c"),
            "name one or two places: [FROM] TO, such as `skyworthy reach internet aws_ecs_service.backend`",
        ),
        (("order",), "no place of the network is called 'order'; did you mean orders?"),
        (
            ("xyz",),
            "no place of the network is called 'xyz'; "
            "there are: aws_db_instance.main, aws_ecs_service.api, aws_lb.main",
        ),
        (("main",), "main may be aws_db_instance.main or aws_lb.main"),
        (("orders", "aws_ecs_service.api"), "orders and aws_ecs_service.api are the same place"),
    ],
)
def test_bad_input_is_one_clear_message(stack: Path, places: tuple[str, ...], message: str) -> None:
    done = run(*places)
    assert isinstance(done.exception, BadInput)
    assert str(done.exception) == message


def test_which_environment_is_asked_where_there_are_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("staging", "production"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(STACK + '\nprovider "aws" {}\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    done = run("orders")
    assert str(done.exception) == "which environment? --env production or --env staging"
    assert CliRunner().invoke(skyworthy, ["reach", "orders", "--env", "staging", "--terraform", "."]).exit_code == 0


def test_the_help_has_examples() -> None:
    assert "skyworthy reach internet aws_ecs_service.backend --env staging" in run("--help").stdout
