"""Real Terraform and provider on a small root module."""

import shutil
from pathlib import Path

import pytest

from skyworthy.declared import Inputs
from skyworthy.errors import BadInput
from skyworthy.sandbox import cassette, faults
from skyworthy.sandbox.server import Sandbox, running
from skyworthy.sandbox.terraform import driver
from skyworthy.sandbox.terraform.driver import Step

needs_terraform = [
    pytest.mark.integration,
    pytest.mark.skipif(not (shutil.which("terraform") or shutil.which("tofu")), reason="terraform is not on the PATH"),
]

MAIN = """\
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }

  backend "s3" {
    bucket = "state-of-nobody"
    key    = "terraform.tfstate"
    region = "us-east-1"
  }
}

provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = { Project = "small" }
  }
}

variable "token" {
  type      = string
  sensitive = true
}

data "aws_acm_certificate" "site" {
  domain = "*.example.com"
}

module "app" {
  source = "../modules/app"

  token       = var.token
  certificate = data.aws_acm_certificate.site.arn
}
"""

MODULE = """\
variable "token" {
  type = string
}

variable "certificate" {
  type = string
}

resource "aws_ssm_parameter" "token" {
  name  = "/app/token"
  type  = "SecureString"
  value = var.token
}

resource "aws_ssm_parameter" "certificate" {
  name  = "/app/certificate"
  type  = "String"
  value = var.certificate
}

resource "aws_sns_topic" "alarms" {
  name = "alarms"
}

resource "aws_elasticache_parameter_group" "redis" {
  name   = "redis"
  family = "redis7"

  parameter {
    name  = "maxmemory-policy"
    value = "allkeys-lru"
  }
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {"small/main.tf": MAIN, "small/sandbox.tfvars": 'token = "dummy"\n', "modules/app/main.tf": MODULE}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "small"


def _tree(root: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in root.parent.rglob("*") if path.is_file()}


class TestWithTerraform:
    pytestmark = needs_terraform

    def test_apply_leaves_nothing_to_change_and_destroy_leaves_nothing(self, root: Path, sandbox: Sandbox) -> None:
        before, steps = _tree(root), list[Step]()

        with driver.opened(root, sandbox) as copied:
            applied = copied.apply(steps.append)
            empty, plan = copied.plan_is_empty()
            topic = sandbox.client("sns").list_topics()["Topics"][0]["TopicArn"]
            tags = sandbox.client("sns").list_tags_for_resource(ResourceArn=topic)["Tags"]
            copied.destroy()

        assert sorted(applied.resources) == [
            "module.app.aws_elasticache_parameter_group.redis",
            "module.app.aws_sns_topic.alarms",
            "module.app.aws_ssm_parameter.certificate",
            "module.app.aws_ssm_parameter.token",
        ]
        assert applied.notes == ("data.aws_acm_certificate.site: created *.example.com",)
        assert applied.unimplemented == {}
        assert empty, plan
        assert tags == [{"Key": "Project", "Value": "small"}]
        assert {(step.action, step.state) for step in steps} >= {("create", "started"), ("create", "finished")}
        assert sandbox.client("ssm").describe_parameters()["Parameters"] == []
        assert _tree(root) == before

    def test_change_made_by_hand_is_seen_by_the_next_plan(self, root: Path, sandbox: Sandbox) -> None:
        with driver.opened(root, sandbox) as copied:
            copied.apply()
            sandbox.client("ssm").put_parameter(Name="/app/token", Value="other", Type="SecureString", Overwrite=True)

            empty, plan = copied.plan_is_empty()

        assert not empty
        assert "module.app.aws_ssm_parameter.token will be updated in-place" in plan

    def test_failure_names_resource_place_and_unimplemented_operation(self, root: Path, sandbox: Sandbox) -> None:
        with (root / "main.tf").open("a") as main:
            main.write('\nresource "aws_oam_sink" "main" {\n  name = "main"\n}\n')

        with pytest.raises(BadInput) as raised:
            driver.apply(root, sandbox)

        message = str(raised.value)
        assert "main.tf:39: aws_oam_sink.main: creating AWS CloudWatch Observability Access Manager Sink" in message
        assert message.endswith("\n- oam:CreateSink (moto has no such service)")

    def test_denied_operation_fails_the_apply(self, root: Path, sandbox: Sandbox) -> None:
        faults.deny(sandbox, "sns:CreateTopic")

        with pytest.raises(BadInput, match=r"module\.app\.aws_sns_topic\.alarms: .*(AuthorizationError|AccessDenied)"):
            driver.apply(root, sandbox)

    def test_missing_variable_is_named(self, root: Path, sandbox: Sandbox) -> None:
        (root / "sandbox.tfvars").unlink()

        with pytest.raises(BadInput, match=r"token \(string, .*main\.tf:23\)\ngive them with --var"):
            driver.apply(root, sandbox)
        driver.apply(root, sandbox, driver.Options(Inputs(variables={"token": "given"})))

    def test_workspace_is_made_and_its_state_kept(self, root: Path, tmp_path: Path) -> None:
        (root / "workspace.tf").write_text(
            'resource "aws_ssm_parameter" "workspace" {\n  name = "/app/workspace"\n  type = "String"\n'
            "  value = terraform.workspace\n}\n"
        )
        options = driver.Options(Inputs(workspace="blue"))
        with running() as sandbox:
            driver.apply(root, sandbox, options, folder=tmp_path / "kept")
            (found,) = sandbox.client("ssm").get_parameters(Names=["/app/workspace"])["Parameters"]
            again = driver.apply(root, sandbox, options, folder=tmp_path / "kept")
        with running() as other:
            anew = driver.apply(root, other, options, folder=tmp_path / "kept")

        assert found["Value"] == "blue"
        assert again.resources == ()
        assert len(anew.resources) == 5

    def test_kept_folder_serves_later_applies_to_the_same_sandbox(self, root: Path, tmp_path: Path) -> None:
        def applied(sandbox: Sandbox) -> list[str]:
            return sorted(driver.apply(root, sandbox, folder=tmp_path / "kept").resources)

        with running() as sandbox:
            first = applied(sandbox)
            (root / "sandbox.tfvars").write_text('token = "other"\n')
            second = applied(sandbox)
        with running() as other:
            third = applied(other)

        assert second == ["module.app.aws_ssm_parameter.token"]
        assert len(first) == 4
        assert third == first

    def test_recorded_apply_is_replayed_with_the_same_ids(self, root: Path, tmp_path: Path) -> None:
        recorded = cassette.record(root, tmp_path / "small.jsonl")

        with running() as replayed, running() as applied:
            cassette.replay(recorded, replayed)
            driver.apply(root, applied)
            arns = [
                [sandbox.client("acm").list_certificates()["CertificateSummaryList"][0]["CertificateArn"]]
                + [
                    each["Value"]
                    for each in sandbox.client("ssm").get_parameters(Names=["/app/certificate"])["Parameters"]
                ]
                for sandbox in (replayed, applied)
            ]

        cassette.check(recorded, root)
        assert recorded.environment == "small"
        assert arns[0] == arns[1]
        assert arns[0][0] == arns[0][1]


def test_missing_terraform_says_what_to_do(root: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(BadInput, match="neither terraform nor tofu is on the PATH; install one of them"):
        driver.apply(root, sandbox)


def test_missing_variable_file_is_named(root: Path, sandbox: Sandbox) -> None:
    with (
        pytest.raises(BadInput, match=r"absent\.tfvars: no such variable file"),
        driver.opened(root, sandbox, driver.Options(Inputs((root / "absent.tfvars",)))),
    ):
        pytest.fail("it opened")
