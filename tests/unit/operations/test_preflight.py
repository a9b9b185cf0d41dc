"""The checks before a deployment, on small roots and a sandbox."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skyworthy import declared
from skyworthy.config import BUILT_IN_POLICIES, Environment, Settings, load_env_template
from skyworthy.config.deploy import DeploySettings, ImageSource
from skyworthy.observed import Session
from skyworthy.operations.checks import Check
from skyworthy.operations.preflight import CATEGORIES, Subject, preflight, worst
from skyworthy.sandbox import faults
from skyworthy.sandbox.server import ACCOUNT_ID, Sandbox

REGISTRY = f"{ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com"
ROOT = """
terraform {
  required_version = ">= 1.5"
  backend "s3" {
    bucket         = "shop-state"
    key            = "shop.tfstate"
    region         = "us-east-1"
    dynamodb_table = "shop-locks"
  }
}
variable "tag" {}
resource "aws_vpc" "main" { cidr_block = "10.0.0.0/16" }
resource "aws_ecs_cluster" "main" { name = "shop" }
resource "aws_ecs_task_definition" "api" {
  family = "api"
  cpu    = 512
  memory = 1024
  container_definitions = jsonencode([{
    name        = "api"
    image       = "REGISTRY/shop:${var.tag}"
    environment = [{ name = "DB_HOST", value = "db.internal" }]
  }])
}
resource "aws_ecs_service" "api" {
  name            = "api"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.api.arn
  desired_count   = 2
}
data "aws_acm_certificate" "main" { domain = "shop.example.com" }
""".replace("REGISTRY", REGISTRY)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root module with all that is checked."""
    folder = tmp_path / "terraform"
    folder.mkdir()
    (folder / "main.tf").write_text(ROOT)
    (folder / "terraform.tfvars").write_text('tag = "1.0"\n')
    (tmp_path / ".env.template").write_text("# Where the database is.\n# required: api\nDB_HOST=\n")
    return folder


@pytest.fixture
def check(root: Path, sandbox: Sandbox) -> Callable[..., dict[str, list[Check]]]:
    """Makes all checks of the root; gives them by category."""

    def made(policy: str = "production", images: bool = False, **session: Any) -> dict[str, list[Check]]:
        template = load_env_template(root.parent / ".env.template")
        environment = Environment("shop", root, BUILT_IN_POLICIES[policy], policy, env_template=template)
        sources = {"api": ImageSource(".")} if images else {}
        settings = Settings(root.parent, environments={"shop": environment}, deploy=DeploySettings(sources))
        given: dict[str, Any] = {
            "region": "us-east-1",
            "endpoint_url": sandbox.url,
            "target": "sandbox",
            "attempts": 1,
        } | session
        subject = Subject(
            settings, environment, Session(**given), lambda: declared.read(root), lambda: declared.configuration(root)
        )
        told: list[str] = []
        found = preflight(subject, told.append)
        assert tuple(told) == CATEGORIES
        return {category: [item for item in found if item.category == category] for category in CATEGORIES}

    return made


def prepare(sandbox: Sandbox) -> None:
    """All that a deployment needs."""
    sandbox.client("s3").create_bucket(Bucket="shop-state")
    sandbox.client("s3").put_bucket_versioning(Bucket="shop-state", VersioningConfiguration={"Status": "Enabled"})
    sandbox.client("dynamodb").create_table(
        TableName="shop-locks",
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    sandbox.client("ecr").create_repository(repositoryName="shop")
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
    sandbox.client("ecr").put_image(repositoryName="shop", imageTag="1.0", imageManifest=json.dumps(manifest))
    sandbox.client("acm").request_certificate(DomainName="shop.example.com", ValidationMethod="DNS")


def words(checks: list[Check]) -> list[tuple[str, str]]:
    """Name and outcome of checks."""
    return [(item.name, item.outcome) for item in checks]


def test_everything_is_there(check: Callable[..., dict[str, list[Check]]], sandbox: Sandbox) -> None:
    prepare(sandbox)
    found = check()
    assert words(found["state bucket"]) == [("shop-state", "pass"), ("versioning", "pass")]
    assert words(found["lock table"]) == [("shop-locks", "pass")]
    assert words(found["Terraform configuration"]) == [("root", "pass"), ("variables", "pass")]
    assert words(found["environment variables"]) == [("aws_ecs_task_definition.api", "pass")]
    assert words(found["container images"]) == [("aws_ecs_task_definition.api api", "pass")]
    assert words(found["TLS certificate"]) == [("shop.example.com", "pass")]
    assert words(found["AWS credentials"]) == [("identity", "pass")]
    assert words(found["service quotas"]) == [("VPCs", "pass"), ("Fargate vCPUs", "pass")]
    assert found["service quotas"][1].detail.startswith("a deployment needs 2 at once")


def test_nothing_is_there(check: Callable[..., dict[str, list[Check]]], root: Path) -> None:
    (root / "terraform.tfvars").unlink()
    (root.parent / ".env.template").write_text("# A key.\n# required: api\nSECRET_KEY=\n")
    found = check()
    assert [item.detail for item in found["state bucket"]] == ["does not exist"]
    assert [item.detail for item in found["lock table"]] == ["does not exist"]
    variable = found["Terraform configuration"][1]
    assert (variable.outcome, variable.next_step) == ("fail", "set it in terraform.tfvars, or TF_VAR_tag")
    assert [item.detail for item in found["environment variables"]] == ["container api is not given SECRET_KEY"]
    assert words(found["container images"]) == [("aws_ecs_task_definition.api api", "unknown")]
    assert words(found["TLS certificate"]) == [("shop.example.com", "fail")]
    assert all(item.next_step for checks in found.values() for item in checks if item.outcome != "pass")


def test_image_that_is_not_pushed(check: Callable[..., dict[str, list[Check]]], sandbox: Sandbox) -> None:
    (missing,) = check()["container images"]
    assert (missing.outcome, missing.detail) == ("fail", "there is no repository shop")
    sandbox.client("ecr").create_repository(repositoryName="shop")
    (missing,) = check()["container images"]
    assert (missing.outcome, missing.detail) == ("fail", "shop:1.0 is not in ECR")


@pytest.mark.parametrize(
    ("action", "category"),
    [
        ("s3:HeadBucket", "state bucket"),
        ("dynamodb:DescribeTable", "lock table"),
        ("ecr:DescribeImages", "container images"),
        ("acm:ListCertificates", "TLS certificate"),
        ("ec2:DescribeVpcs", "service quotas"),
    ],
)
def test_denied_is_not_green(
    check: Callable[..., dict[str, list[Check]]], sandbox: Sandbox, action: str, category: str
) -> None:
    prepare(sandbox)
    faults.deny(sandbox, action)
    try:
        assert worst(check()[category]) == "unknown"
    finally:
        faults.heal(sandbox)


def test_without_credentials_the_account_is_unknown(
    check: Callable[..., dict[str, list[Check]]], sandbox: Sandbox
) -> None:
    faults.inject(sandbox, "sts:GetCallerIdentity", "ExpiredToken")
    try:
        found = check()
    finally:
        faults.heal(sandbox)
    assert words(found["AWS credentials"]) == [("identity", "fail")]
    assert words(found["state bucket"]) == [("account", "unknown")]
    assert worst(found["Terraform configuration"]) == "pass"


def test_state_that_is_not_locked(check: Callable[..., dict[str, list[Check]]], root: Path, sandbox: Sandbox) -> None:
    prepare(sandbox)
    text = ROOT.replace('    dynamodb_table = "shop-locks"\n', "")
    (root / "main.tf").write_text(text)
    assert words(check()["lock table"]) == [("lock", "fail")]
    (root / "main.tf").write_text(text.replace("    key ", "    use_lockfile = true\n    key "))
    assert words(check()["lock table"]) == [("lock file", "pass")]
    sandbox.client("s3").put_bucket_versioning(Bucket="shop-state", VersioningConfiguration={"Status": "Suspended"})
    assert [item.detail for item in check()["state bucket"]] == ["exists", "is suspended"]


def test_local_state_fails(check: Callable[..., dict[str, list[Check]]], root: Path) -> None:
    text = ROOT[: ROOT.index('  backend "s3"')] + "}\n" + ROOT[ROOT.index('variable "tag"') :]
    (root / "main.tf").write_text(text)
    found = check()
    assert words(found["state bucket"]) == [("backend", "fail")]
    assert words(found["lock table"]) == [("backend", "fail")]


def test_certificate_is_needed_where_https_is_demanded(check: Callable[..., dict[str, list[Check]]]) -> None:
    (only,) = check(policy="baseline")["TLS certificate"]
    assert (only.outcome, only.detail) == ("pass", "the policy baseline does not demand HTTPS")


def test_quota_that_is_used_up(check: Callable[..., dict[str, list[Check]]], sandbox: Sandbox) -> None:
    for _ in range(4):  # beside the default one
        sandbox.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    full = check()["service quotas"][0]
    assert (full.outcome, full.detail) == ("fail", "the account has 5, the stack declares 1, 5 are allowed")
    sandbox.client("ecs").create_cluster(clusterName="shop")  # the stack is among what the account has
    assert check()["service quotas"][0].outcome == "pass"


@pytest.mark.parametrize(
    ("tool", "script", "outcome"),
    [
        ("docker", "echo 27.1", "pass"),
        ("docker", "echo no engine >&2; exit 1", "fail"),
        ("docker", None, "fail"),
        ("terraform", "echo Terraform v1.4.9", "fail"),
        ("terraform", "echo Terraform v1.11.4", "pass"),
        ("git", None, "fail"),
    ],
)
def test_local_tools(
    check: Callable[..., dict[str, list[Check]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tool: str,
    script: str | None,
    outcome: str,
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    if script is not None:
        (folder / tool).write_text(f"#!/bin/sh\n{script}\n")
        (folder / tool).chmod((folder / tool).stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))
    found = check(images=True)["local tools"]
    assert [item.outcome for item in found if item.name == tool] == [outcome]
    assert [item.name for item in found] == ["git", "terraform", "docker"]


def test_broken_terraform_is_a_finding(check: Callable[..., dict[str, list[Check]]], root: Path) -> None:
    (root / "main.tf").write_text('resource "aws_vpc" {\n')
    found = check()
    assert worst(found["Terraform configuration"]) == "fail"
    assert "main.tf:2" in found["Terraform configuration"][0].detail
    assert worst(found["AWS credentials"]) == "pass"
