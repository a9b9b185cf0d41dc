"""A stack in two regions, applied by real Terraform: live finds each resource in its region, and nothing twice."""

import shutil
from pathlib import Path

import pytest

from skyworthy.config import load_settings
from skyworthy.results import SuiteResult, merged
from skyworthy.sandbox import server
from skyworthy.sandbox.server import Sandbox
from skyworthy.sandbox.terraform import driver
from skyworthy.suites import live
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import Outcome

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not (shutil.which("terraform") or shutil.which("tofu")), reason="terraform is not on the PATH"),
]

HOME, OTHER = "eu-central-1", "us-east-1"
SETTINGS = '[environments.shop]\nterraform = "root"\n'
MAIN = """\
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias  = "virginia"
  region = "us-east-1"
}

module "here" {
  source = "./place"
  role   = aws_iam_role.app.arn
}

module "there" {
  source    = "./place"
  role      = aws_iam_role.app.arn
  providers = { aws = aws.virginia }
}

resource "aws_iam_role" "app" {
  provider = aws.virginia
  name     = "shop-app"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }]
  })
}

resource "aws_s3_bucket" "trail" {
  bucket = "shop-trail"
}

resource "aws_s3_bucket_policy" "trail" {
  bucket = aws_s3_bucket.trail.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "s3:GetBucketAcl"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Resource  = aws_s3_bucket.trail.arn
      },
      {
        Effect    = "Allow"
        Action    = "s3:PutObject"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Resource  = "${aws_s3_bucket.trail.arn}/*"
      },
    ]
  })
}

resource "aws_cloudtrail" "all" {
  name                  = "shop"
  s3_bucket_name        = aws_s3_bucket.trail.id
  is_multi_region_trail = true
  depends_on            = [aws_s3_bucket_policy.trail]
}

resource "aws_cloudtrail" "virginia" {
  provider       = aws.virginia
  name           = "shop-virginia"
  s3_bucket_name = aws_s3_bucket.trail.id
  depends_on     = [aws_s3_bucket_policy.trail]
}
"""
MODULE = """\
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "role" {
  type = string
}

data "aws_region" "current" {}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "shop" }
}

resource "aws_subnet" "private" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.${count.index}.0/24"
  availability_zone = "${data.aws_region.current.name}${["a", "b"][count.index]}"
}

resource "aws_security_group" "app" {
  name        = "shop-app"
  description = "app"
  vpc_id      = aws_vpc.main.id
}

resource "aws_kms_key" "main" {
  enable_key_rotation = true
}

resource "aws_kms_alias" "main" {
  name          = "alias/shop"
  target_key_id = aws_kms_key.main.key_id
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/shop/app"
  retention_in_days = 30
}

resource "aws_ecs_cluster" "main" {
  name = "shop"
}

resource "aws_ecs_task_definition" "app" {
  family                = "shop-app"
  task_role_arn         = var.role
  container_definitions = jsonencode([{ name = "app", image = "shop:1", memory = 128, essential = true }])
}

resource "aws_guardduty_detector" "main" {
  enable = true
}
"""


def test_each_resource_is_found_where_terraform_made_it(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"skyworthy.toml": SETTINGS, "root/main.tf": MAIN, "root/place/main.tf": MODULE}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    settings = load_settings(tmp_path)
    monkeypatch.setattr(server, "find_running", lambda _directory, _name: sandbox)

    def look(region: str = "") -> SuiteResult:
        with Stage(settings, settings.environments["shop"], Options(region=region)) as stage:
            return live.run(stage)

    with driver.opened(tmp_path / "root", sandbox) as copied:
        copied.apply()
        empty, plan = copied.plan_is_empty()
        assert empty, plan

        seen = look()
        wrong = [
            f"{item.control} {item.where}: {item.message}"
            for item in seen.verdicts
            if item.control.startswith("live.") and item.outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN)
        ]
        assert wrong == []
        homes = {item.address: item.region for item in seen.verdicts if item.control == "live.exists"}
        assert {address: region for address, region in homes.items() if "." in address and region != HOME} == {
            address: ("" if address == "aws_iam_role.app" else OTHER)
            for address in homes
            if address.startswith("module.there.") or address in ("aws_iam_role.app", "aws_cloudtrail.virginia")
        }
        trail = seen.of("cloudtrail.multi-region", "aws_cloudtrail.virginia")
        assert trail is not None
        assert (trail.outcome, trail.message) == (Outcome.NOT_APPLICABLE, "another trail records every region")

        (joined,) = merged([look(HOME), look(OTHER)])
        assert {item.key for item in joined.verdicts} == {item.key for item in seen.verdicts}
        assert [item for item in joined.verdicts if item.control.startswith("live.")] == [
            item for item in seen.verdicts if item.control.startswith("live.")
        ]

        sandbox.client("kms", OTHER).delete_alias(AliasName="alias/shop")
        lost = [item.where for item in look().verdicts if (item.control, item.outcome) == ("live.exists", Outcome.FAIL)]
        assert lost == ["module.there.aws_kms_alias.main (us-east-1)"]
