"""Roles of pipelines: what a deployment lacks, and what it reaches beyond, statement by statement."""

from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.behavior.deploy_roles import Deployer, assumed_by_pipelines, excess, shortcomings, targets
from skyworthy.estate import Estate, Resource

STACK = """
resource "aws_ecr_repository" "api" {
  name = "api"
}

resource "aws_ecr_repository" "web" {
  name = "web"
}

resource "aws_ecs_cluster" "main" {
  name = "main"
}

resource "aws_iam_role" "execution" {
  name               = "execution"
  assume_role_policy = jsonencode({ Statement = [] })
}

resource "aws_ecs_task_definition" "api" {
  family                = "api"
  execution_role_arn    = aws_iam_role.execution.arn
  container_definitions = jsonencode([{ name = "api", image = "${aws_ecr_repository.api.repository_url}:1" }])
}

resource "aws_ecs_task_definition" "web" {
  family                = "web"
  execution_role_arn    = aws_iam_role.execution.arn
  container_definitions = jsonencode([{ name = "web", image = "${aws_ecr_repository.web.repository_url}:1" }])
}

resource "aws_ecs_service" "api" {
  name            = "api"
  cluster         = aws_ecs_cluster.main.arn
  task_definition = aws_ecs_task_definition.api.arn
}

resource "aws_ecs_service" "web" {
  name            = "web"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.web.arn
}

resource "aws_iam_role" "deploy" {
  name = "deploy"
  assume_role_policy = jsonencode({ Statement = [{
    Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity"
    Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/PROVIDER" }
  }] })
}
"""
LOGIN = '{ Effect = "Allow", Action = "ecr:GetAuthorizationToken", Resource = "*" }'
REGISTER = '{ Effect = "Allow", Action = "ecs:RegisterTaskDefinition", Resource = "*" }'
PASS = '{ Effect = "Allow", Action = "iam:PassRole", Resource = aws_iam_role.execution.arn }'


def push(*names: str) -> str:
    actions = '"ecr:BatchCheckLayerAvailability", "ecr:*Layer*", "ecr:PutImage"'
    arns = ", ".join(f"aws_ecr_repository.{name}.arn" for name in names)
    return f'{{ Effect = "Allow", Action = [{actions}], Resource = [{arns}] }}'


def update(pattern: str, *more: str) -> str:
    actions = ", ".join(f'"ecs:{action}"' for action in ("UpdateService", *more))
    return f'{{ Effect = "Allow", Action = [{actions}], Resource = "arn:aws:ecs:*:*:service/main/{pattern}" }}'


def deployer(path: Path, *statements: str, provider: str = "token.actions.githubusercontent.com") -> Deployer:
    policy = f"""
resource "aws_iam_role_policy" "deploy" {{
  role   = aws_iam_role.deploy.name
  policy = jsonencode({{ Version = "2012-10-17", Statement = [{", ".join(statements)}] }})
}}
"""
    (path / "main.tf").write_text(STACK.replace("PROVIDER", provider) + policy, "utf-8")
    estate: Estate = declared.read(path)
    role = estate.get("aws_iam_role.deploy")
    assert isinstance(role, Resource)
    return Deployer(role, estate)


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ((LOGIN, push("api", "web"), REGISTER, PASS, update("*", "DescribeServices")), []),
        ((LOGIN, push("api"), REGISTER, PASS, update("api", "DescribeServices")), []),
        ((LOGIN, push("api", "web")), []),
        ((update("*", "DescribeServices"),), []),
        (
            (REGISTER, PASS, '{ Effect = "Allow", Action = "codedeploy:*", Resource = "arn:aws:codedeploy:*:*:*" }'),
            [],
        ),
        (
            (LOGIN, push("api"), update("*", "DescribeServices")),
            ["it may update aws_ecs_service.web and not push to aws_ecr_repository.web"],
        ),
        (
            (LOGIN, push("api", "web"), update("web", "DescribeServices")),
            ["it may push the images of aws_ecs_service.api and not update it (ecs:UpdateService)"],
        ),
        (
            (REGISTER, PASS, '{ Effect = "Deny", Action = "ecs:UpdateService", Resource = "*" }', update("*")),
            ["it may register task definitions and update no service of the stack"],
        ),
        (
            (PASS, update("api", "DescribeServices")),
            ["it may pass the roles of aws_ecs_task_definition.api and register no task definition "
             "(ecs:RegisterTaskDefinition)"],
        ),
    ],
)  # fmt: skip
def test_a_deployment_needs_all_of_what_it_may_do_in_part(
    statements: tuple[str, ...], found: list[str], tmp_path: Path
) -> None:
    made = deployer(tmp_path, *statements)
    assert list(shortcomings(made, targets(made.estate))) == found


def test_what_is_named_is_not_beyond(tmp_path: Path) -> None:
    assert list(excess(deployer(tmp_path, LOGIN, push("api"), PASS, update("*")))) == []


@pytest.mark.parametrize(
    ("provider", "expected"),
    [("token.actions.githubusercontent.com", True), ("gitlab.com", True), ("cognito-identity.amazonaws.com", False)],
)
def test_pipelines_are_known_by_their_provider(provider: str, expected: bool, tmp_path: Path) -> None:
    made = deployer(tmp_path, LOGIN, provider=provider)
    assert assumed_by_pipelines(made.role, made.estate) is expected
