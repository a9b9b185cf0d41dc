"""A sandbox, a small stack in it made by hand, and the Terraform that describes that stack."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from skyworthy import declared
from skyworthy.estate import Estate
from skyworthy.observed import Session
from skyworthy.sandbox.server import Sandbox, running

Read = Callable[[str], Estate]

PROVIDER = 'provider "aws" {\n  region = "us-east-1"\n}\n'

STACK = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "shop-staging" }
}

resource "aws_subnet" "private" {
  for_each   = { a = "10.0.1.0/24", b = "10.0.2.0/24" }
  vpc_id     = aws_vpc.main.id
  cidr_block = each.value
}

resource "aws_security_group" "web" {
  name        = "shop-staging-web"
  description = "web"
  vpc_id      = aws_vpc.main.id
}

resource "aws_security_group" "db" {
  name        = "shop-staging-db"
  description = "db"
  vpc_id      = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "https" {
  security_group_id = aws_security_group.web.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_ingress_rule" "db_from_web" {
  security_group_id            = aws_security_group.db.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = aws_security_group.web.id
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/shop-staging/app"
  retention_in_days = 30
}

resource "aws_kms_key" "main" {
  enable_key_rotation = true
}

resource "aws_kms_alias" "main" {
  name          = "alias/shop-staging"
  target_key_id = aws_kms_key.main.key_id
}

resource "aws_secretsmanager_secret" "app" {
  name                    = "shop-staging-app"
  kms_key_id              = aws_kms_key.main.arn
  recovery_window_in_days = 7
}

resource "aws_secretsmanager_secret_version" "app" {
  secret_id     = aws_secretsmanager_secret.app.id
  secret_string = jsonencode({ TOKEN = "declared-canary", EMPTY = "" })
}

resource "aws_ecs_cluster" "main" {
  name = "shop-staging"
}

resource "aws_ecs_task_definition" "app" {
  family = "shop-staging-app"
  container_definitions = jsonencode([{ name = "app", image = "shop:1", memory = 128 }])
}

resource "aws_ecs_service" "app" {
  name            = "app"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.app.arn
  desired_count   = 1
}
"""

TOKEN = "planted-canary-a1b2c3d4e5f6"


@pytest.fixture(scope="session")
def _server() -> Iterator[Sandbox]:
    with running("unit") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_server: Sandbox) -> Sandbox:
    _server.control("POST", "reset")
    return _server


class Clients:
    """Clients of the sandbox, each made once."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.client = cache(sandbox.client)


@pytest.fixture(scope="session")
def _clients(_server: Sandbox) -> Clients:
    return Clients(_server)


@pytest.fixture
def aws(sandbox: Sandbox, _clients: Clients) -> Clients:
    """What changes the account, which is empty at first: ``aws.client("ec2")``."""
    return _clients


@pytest.fixture
def session(sandbox: Sandbox) -> Session:
    return Session(endpoint_url=sandbox.url, target="sandbox", attempts=1)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read Terraform, given as text, by the real reader."""

    def read(text: str) -> Estate:
        (tmp_path / "main.tf").write_text(PROVIDER + text)
        return declared.read(tmp_path)

    return read


@pytest.fixture
def stack_text() -> str:
    return STACK


@pytest.fixture
def token() -> str:
    """The value of the secret in the account."""
    return TOKEN


@pytest.fixture
def allow() -> Callable[..., None]:
    """Open a port of a security group for a peer: ``allow(ec2, group, port, IpRanges=[...])``."""
    return _allow


@pytest.fixture
def stack(read: Read) -> Estate:
    return read(STACK)


@pytest.fixture
def made(aws: Clients) -> dict[str, str]:
    """The stack in the account, made by hand; the identifiers that AWS gave."""
    ec2, made = aws.client("ec2"), {}
    made["vpc"] = _named(ec2, ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"], "shop-staging")
    for key, block in (("a", "10.0.1.0/24"), ("b", "10.0.2.0/24")):
        made[f"subnet {key}"] = ec2.create_subnet(VpcId=made["vpc"], CidrBlock=block)["Subnet"]["SubnetId"]
    for key in ("web", "db"):
        group = ec2.create_security_group(GroupName=f"shop-staging-{key}", Description=key, VpcId=made["vpc"])
        made[key] = group["GroupId"]
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.revoke_security_group_egress(GroupId=made[key], IpPermissions=[everything])
    _allow(ec2, made["web"], 443, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    _allow(ec2, made["db"], 5432, UserIdGroupPairs=[{"GroupId": made["web"]}])
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/shop-staging/app")
    logs.put_retention_policy(logGroupName="/shop-staging/app", retentionInDays=30)
    return made | _key_and_secret(aws) | _service(aws)


def _allow(ec2: Any, group: str, port: int, **peer: Any) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def _named(ec2: Any, identifier: str, name: str) -> str:
    ec2.create_tags(Resources=[identifier], Tags=[{"Key": "Name", "Value": name}])
    return identifier


def _key_and_secret(aws: Clients) -> dict[str, str]:
    kms, secrets = aws.client("kms"), aws.client("secretsmanager")
    key = kms.create_key()["KeyMetadata"]
    kms.enable_key_rotation(KeyId=key["KeyId"])
    kms.create_alias(AliasName="alias/shop-staging", TargetKeyId=key["KeyId"])
    content = f'{{"TOKEN": "{TOKEN}", "EMPTY": ""}}'
    secret = secrets.create_secret(Name="shop-staging-app", KmsKeyId=key["Arn"], SecretString=content)
    return {"key": key["KeyId"], "secret": secret["ARN"]}


def _service(aws: Clients) -> dict[str, str]:
    ecs = aws.client("ecs")
    cluster = ecs.create_cluster(clusterName="shop-staging")["cluster"]["clusterArn"]
    task = ecs.register_task_definition(
        family="shop-staging-app", containerDefinitions=[{"name": "app", "image": "shop:1", "memory": 128}]
    )["taskDefinition"]["taskDefinitionArn"]
    service = ecs.create_service(cluster=cluster, serviceName="app", taskDefinition=task, desiredCount=1)
    return {"cluster": cluster, "task": task, "service": service["service"]["serviceArn"]}
