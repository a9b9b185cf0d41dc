"""What a root module looks up is made beforehand, once."""

from pathlib import Path

import pytest

from skyworthy.controls.live_state import state_is_in_order
from skyworthy.declared import Inputs, configuration
from skyworthy.estate import Location, Unknown
from skyworthy.estate.configuration import Backend
from skyworthy.observed import Session
from skyworthy.observed.state import observe_state
from skyworthy.sandbox.server import Sandbox
from skyworthy.sandbox.terraform import seed
from skyworthy.sandbox.terraform.seeds.state import keep_state

HERE = Location("backend.tf", 1)

SOURCES = """\
variable "domain" {
  type = string
}

locals {
  host = "*.${var.domain}"
}

data "aws_acm_certificate" "site" {
  domain = local.host
}

data "aws_route53_zone" "site" {
  name = var.domain
}

data "aws_iam_openid_connect_provider" "github" {
  url = "https://token.actions.githubusercontent.com"
}

data "aws_ecr_repository" "app" {
  name = "app"
}

data "aws_secretsmanager_secret" "app" {
  name = "app-secrets"
}

data "aws_caller_identity" "current" {}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(SOURCES)
    (tmp_path / "extra.tfvars").write_text('domain = "example.com"\n')
    return tmp_path


def test_everything_that_is_looked_up_is_made(root: Path, sandbox: Sandbox) -> None:
    notes = seed.prerequisites(root, sandbox, Inputs((root / "extra.tfvars",)))

    assert sorted(notes) == [
        "data.aws_acm_certificate.site: created *.example.com",
        "data.aws_ecr_repository.app: created app",
        "data.aws_iam_openid_connect_provider.github: created https://token.actions.githubusercontent.com",
        "data.aws_route53_zone.site: created example.com",
        "data.aws_secretsmanager_secret.app: created app-secrets",
    ]
    certificate = sandbox.client("acm").list_certificates()["CertificateSummaryList"][0]
    assert (certificate["DomainName"], certificate["Status"]) == ("*.example.com", "ISSUED")


def test_what_is_there_already_is_left_alone(root: Path, sandbox: Sandbox) -> None:
    seed.prerequisites(root, sandbox, Inputs((root / "extra.tfvars",)))

    assert seed.prerequisites(root, sandbox, Inputs((root / "extra.tfvars",))) == []
    assert len(sandbox.client("acm").list_certificates()["CertificateSummaryList"]) == 1


def test_name_that_cannot_be_known_is_left_to_terraform(root: Path, sandbox: Sandbox) -> None:
    notes = seed.prerequisites(root, sandbox)

    assert not any("example.com" in note for note in notes)


def test_terraform_that_cannot_be_read_is_told_and_left_to_terraform(root: Path, sandbox: Sandbox) -> None:
    (root / "main.tf").write_text("data {{")

    (note,) = seed.prerequisites(root, sandbox)
    assert note.startswith("nothing was created for data sources: ")
    assert "main.tf:1: " in note


@pytest.mark.parametrize(("region", "place"), [("us-east-1", None), ("eu-west-1", "eu-west-1")])
def test_what_keeps_the_state_is_made_as_a_bootstrap_would(
    tmp_path: Path, sandbox: Sandbox, region: str, place: str | None
) -> None:
    block = f'bucket = "states"\n  dynamodb_table = "locks"\n  region = "{region}"'
    (tmp_path / "backend.tf").write_text(f'terraform {{\n  backend "s3" {{\n  {block}\n  }}\n}}\n')
    found = configuration(tmp_path)
    for _ in range(2):
        keep_state(found.backend, sandbox)
    s3, table = sandbox.client("s3", region), sandbox.client("dynamodb", region).describe_table(TableName="locks")
    assert s3.get_bucket_location(Bucket="states")["LocationConstraint"] == place
    assert [item["AttributeName"] for item in table["Table"]["KeySchema"]] == ["LockID"]
    state = observe_state(Session(region=region, endpoint_url=sandbox.url, target="sandbox"), found.backend)
    assert not isinstance(state, Unknown)
    state_is_in_order(state.estate, found)


@pytest.mark.parametrize(
    "backend", [None, Backend("local", {}, HERE), Backend("s3", {"bucket": Unknown("given at init")}, HERE)]
)
def test_a_state_that_is_elsewhere_needs_nothing(sandbox: Sandbox, backend: Backend | None) -> None:
    keep_state(backend, sandbox)
    assert sandbox.client("s3").list_buckets()["Buckets"] == []
    assert sandbox.client("dynamodb").list_tables()["TableNames"] == []
