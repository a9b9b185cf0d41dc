"""Versions that a root module demands, and those that there are."""

from pathlib import Path

import pytest

from skyworthy.errors import BadInput
from skyworthy.sandbox.terraform import adaptation, pins

MAIN = """\
terraform {
  required_version = "~> 1.5.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 4.0, < 5.0"
    }
  }
}

module "edge" {
  source = "./edge"
}
"""
EDGE = """\
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = ">= 5.0"
      configuration_aliases = [aws.us]
    }
  }
}
"""
LOCK = """\
provider "registry.terraform.io/hashicorp/aws" {
  version     = "4.67.0"
  constraints = "~> 4.67"
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {"root/main.tf": MAIN, "root/edge/main.tf": EDGE, "root/.terraform.lock.hcl": LOCK}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "root"


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    (tmp_path / "mirror/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64").mkdir(parents=True)
    return tmp_path / "mirror"


@pytest.mark.parametrize(
    ("version", "constraint", "met"),
    [
        ("5.100.0", ">= 5.0, < 6.0", True),
        ("5.100.0", "~> 5.0", True),
        ("5.100.0", "~> 5.31.0", False),
        ("5.100.0", "~> 4.67", False),
        ("5.100.0", "5.100", True),
        ("5.100.0", "= 5.99.0", False),
        ("5.100.0", "!= 5.100.0", False),
        ("1.11.4", "~> 1.5.0", False),
        ("1.11.4", "~> 1.5", True),
        ("1.11.4", ">= 1.3.0", True),
        ("1.11.4", "<= 1.11", False),
        ("1.12.0-rc1", "> 1.11", True),
    ],
)
def test_constraints_mean_what_terraform_says(version: str, constraint: str, met: bool) -> None:
    assert pins.meets(version, constraint) is met


def test_unmet_pins_are_named_with_file_and_line(root: Path, mirror: Path) -> None:
    found = pins.unmet(adaptation.sources_of(root), root, "1.11.4", mirror)

    assert [str(pin) for pin in found] == [
        f"{root}/main.tf:2: Terraform ~> 1.5.0 (there is 1.11.4)",
        f"{root}/main.tf:5: hashicorp/aws >= 4.0, < 5.0 (there is 5.100.0)",
        f"{root}/.terraform.lock.hcl:2: hashicorp/aws 4.67.0 (there is 5.100.0)",
    ]


def test_without_a_mirror_only_terraform_itself_is_given(root: Path) -> None:
    found = pins.unmet(adaptation.sources_of(root), root, "1.11.4", None)

    assert [pin.subject for pin in found] == ["Terraform"]


def test_loosened_pins_are_met_and_lines_stay_where_they_are(root: Path, mirror: Path) -> None:
    for pin in pins.unmet(adaptation.sources_of(root), root, "1.11.4", mirror):
        pins.loosen(pin, pin.file)

    assert pins.unmet(adaptation.sources_of(root), root, "1.11.4", mirror) == []
    assert (root / "main.tf").read_text() == MAIN.replace("~> 1.5.0", ">= 0").replace(">= 4.0, < 5.0", ">= 0")
    assert not (root / ".terraform.lock.hcl").exists()


def test_packed_mirror_is_read_too(tmp_path: Path) -> None:
    folder = tmp_path / "registry.terraform.io/hashicorp/random"
    folder.mkdir(parents=True)
    for version in ("3.10.0", "3.9.1"):
        (folder / f"terraform-provider-random_{version}_linux_amd64.zip").touch()

    assert pins.mirrored(tmp_path, "registry.terraform.io/hashicorp/random") == ("3.9.1", "3.10.0")


def test_providers_that_the_mirror_lacks_are_named_with_the_first_use(root: Path, mirror: Path) -> None:
    (root / "main.tf").write_text(
        MAIN.replace(
            "  }\n}\n\nmodule",
            '    dns = {\n      source = "acme/dns"\n    }\n  }\n}\n\nresource "random_password" "db" {\n'
            '  length = 16\n}\n\nresource "terraform_data" "nothing" {}\n\nmodule',
        )
    )

    with pytest.raises(BadInput) as raised:
        pins.check_providers(adaptation.sources_of(root), mirror)

    assert str(raised.value).splitlines()[1:3] == [
        f"- acme/dns, needed at {root}/main.tf:9",
        f"- hashicorp/random, needed at {root}/main.tf:15",
    ]
