"""What override files set aside in the copy."""

from pathlib import Path

from skyworthy.sandbox.terraform import adaptation, workspace

MAIN = """\
provider "aws" {
  region              = "eu-west-1"
  profile             = "acme"
  allowed_account_ids = ["111111111111"]

  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/deployer"
  }

  default_tags {
    tags = { Team = "a" }
  }
}

provider "aws" {
  alias  = "us"
  region = "us-east-1"

  dynamic "endpoints" {
    for_each = ["http://localhost"]
    content {
      s3 = endpoints.value
    }
  }
}

module "legacy" {
  source = "../legacy"
}
"""
LEGACY = """\
terraform {
  required_providers {
    amazon = {
      source = "hashicorp/aws"
    }
  }
}

provider "amazon" {
  token = "dummy"
}
"""


def _adapted(tmp_path: Path, main: str) -> tuple[Path, list[str]]:
    for name, text in {"tree/stack/main.tf": main, "tree/legacy/main.tf": LEGACY}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    root = tmp_path / "tree" / "stack"
    copied = workspace.copy(root, tmp_path / "copy")
    return copied, adaptation.adapt(adaptation.sources_of(root), root, copied, tmp_path / "state")


def test_settings_that_lead_elsewhere_are_overridden_and_told(tmp_path: Path) -> None:
    copied, notes = _adapted(tmp_path, MAIN)

    assert (copied / adaptation.OVERRIDE).read_text() == (
        f'terraform {{\n  backend "local" {{\n    path = "{tmp_path}/state"\n'
        f'    workspace_dir = "{tmp_path}/workspaces"\n  }}\n}}\n'
        'provider "aws" {\n  max_retries = 2\n  allowed_account_ids = null\n  profile = null\n'
        '  dynamic "assume_role" {\n    for_each = []\n    content {}\n  }\n}\n'
        'provider "aws" {\n  alias = "us"\n  max_retries = 2\n'
        '  dynamic "endpoints" {\n    for_each = []\n    content {}\n  }\n}\n'
    )
    assert (copied.parent / "legacy" / adaptation.OVERRIDE).read_text() == (
        'provider "amazon" {\n  max_retries = 2\n  token = null\n}\n'
    )
    assert not (copied / adaptation.ADDITION).exists()
    assert notes[0] == (
        f"{tmp_path}/tree/stack/main.tf:1: allowed_account_ids of provider aws does not count in the sandbox"
    )
    assert len(notes) == 5


def test_root_without_a_provider_block_gets_one(tmp_path: Path) -> None:
    copied, _ = _adapted(tmp_path, 'module "legacy" {\n  source = "../legacy"\n}\n')

    assert (copied / adaptation.ADDITION).read_text() == 'provider "aws" {\n  max_retries = 2\n}\n'


def test_region_of_the_default_provider_is_known_where_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(MAIN.partition("module")[0])

    assert adaptation.region_of(adaptation.sources_of(tmp_path)[0]) == "eu-west-1"
