"""What a root says besides its resources, and which directories are roots."""

from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.declared import Backend, ModuleCall, Output, Provider, RequiredProvider, Variable
from skyworthy.errors import BadInput
from skyworthy.estate import Location

from .conftest import Write

ROOT = {
    "versions.tf": """\
        terraform {
          required_version = ">= 1.10"
          required_providers {
            aws = {
              source                = "hashicorp/aws"
              version               = "~> 5.0"
              configuration_aliases = [aws.west]
            }
            random = "3.0.0"
          }
          backend "s3" {
            bucket  = "state"
            encrypt = true
          }
        }
        provider "aws" {
          region = var.region
          default_tags {
            tags = { Project = "omc" }
          }
        }
        provider "aws" {
          alias  = "west"
          region = "us-west-2"
        }
        """,
    "variables.tf": """\
        variable "region" {
          type        = string
          description = "Region."
          default     = "us-east-1"
          validation {
            condition     = length(var.region) > 4
            error_message = "A region."
          }
        }
        variable "secrets" {
          type      = map(string)
          sensitive = true
        }
        """,
    "main.tf": """\
        module "vpc" {
          source = "../modules/vpc"
        }
        module "remote" {
          source  = "terraform-aws-modules/rds/aws"
          version = "6.0.0"
        }
        output "vpc" {
          description = "The VPC."
          value       = module.vpc.id
        }
        """,
}


def test_the_configuration_of_a_root(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"root/{name}": text for name, text in ROOT.items()}
    top = write({**files, "modules/vpc/main.tf": 'output "id" {\n  value = 1\n}\n'})
    monkeypatch.chdir(top)
    found = declared.configuration(Path("root"))
    assert found.required_version == ">= 1.10"
    assert found.backend == Backend("s3", {"bucket": "state", "encrypt": True}, Location("root/versions.tf", 11))
    assert found.required_providers == (
        RequiredProvider("aws", "hashicorp/aws", "~> 5.0", Location("root/versions.tf", 4)),
        RequiredProvider("random", None, "3.0.0", Location("root/versions.tf", 9)),
    )
    assert found.providers == (
        Provider("aws", None, {"region": "us-east-1"}, {"Project": "omc"}, Location("root/versions.tf", 16)),
        Provider("aws", "west", {"region": "us-west-2"}, None, Location("root/versions.tf", 22)),
    )
    assert found.variables == (
        Variable("region", "string", "Region.", False, "us-east-1", False, True, Location("root/variables.tf", 1)),
        Variable("secrets", "map(string)", None, True, None, True, False, Location("root/variables.tf", 10)),
    )
    assert found.outputs == (Output("vpc", "The VPC.", False, Location("root/main.tf", 8)),)
    assert declared.outputs(Path("root")) == {"vpc": 1}
    assert found.calls == (
        ModuleCall("vpc", "../modules/vpc", None, top / "modules" / "vpc", Location("root/main.tf", 1)),
        ModuleCall("remote", "terraform-aws-modules/rds/aws", "6.0.0", None, Location("root/main.tf", 4)),
    )


def test_a_module_without_settings_has_none(write: Write) -> None:
    found = declared.configuration(write({"main.tf": ""}))
    assert (found.backend, found.required_version, found.providers, found.calls) == (None, None, (), ())


PROVIDER = 'provider "aws" {}\n'


def test_roots_of_a_tree_are_found(write: Write) -> None:
    top = write(
        {
            "environments/staging/main.tf": PROVIDER + 'module "m" {\n  source = "../../modules/m"\n}\n',
            "environments/production/main.tf": 'terraform {\n  backend "s3" {}\n}\n',
            "environments/values/main.tf": "",
            "environments/values/terraform.tfvars": "",
            "modules/m/main.tf": PROVIDER,
            "modules/unused/main.tf": 'variable "a" {}\n',
            "archive/eks/main.tf": PROVIDER,
            "environments/.terraform/x/main.tf": PROVIDER,
            "docs/notes.md": "",
        }
    )
    found = [str(path.relative_to(top)) for path in declared.find_roots(top)]
    assert found == ["environments/production", "environments/staging", "environments/values"]
    assert declared.find_roots(top / "modules" / "m") == [top / "modules" / "m"]


def test_a_directory_that_is_a_root_is_the_only_one(write: Write) -> None:
    top = write({"main.tf": 'module "m" {\n  source = "./m"\n}\n', "m/main.tf": "", "examples/one/main.tf": PROVIDER})
    assert declared.find_roots(top) == [top]


def test_a_tree_without_roots_is_refused(write: Write) -> None:
    top = write({"modules/m/main.tf": ""})
    with pytest.raises(BadInput) as error:
        declared.find_roots(top)
    assert str(error.value) == (
        f"{top}: no root module here: no directory of .tf files with a backend, a provider or cloud block, or tfvars"
    )
    with pytest.raises(BadInput) as error:
        declared.find_roots(top / "nowhere")
    assert str(error.value) == f"{top}/nowhere: there is no such directory"
