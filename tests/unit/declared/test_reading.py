"""Blocks, values of variables, locations, tags and files."""

from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.estate import Location, Reference, Unknown
from skyworthy.estate.codec import decode, encode

from .conftest import ReadText, Write


def test_variables_files_are_loaded_in_terraforms_order(write: Write) -> None:
    names = ("default", "tfvars", "json", "auto_a", "auto_b", "given")
    declarations = "".join(f'variable "{name}" {{\n  default = "default"\n}}\n' for name in names)
    values = "".join(f"  {name} = var.{name}\n" for name in names)

    def assign(source: str, *assigned: str) -> str:
        return "".join(f'{name} = "{source}"\n' for name in assigned)

    root = write(
        {
            "main.tf": f'{declarations}resource "test_thing" "this" {{\n{values}}}\n',
            "terraform.tfvars": assign("terraform.tfvars", *names[1:]),
            "terraform.tfvars.json": '{"json": "json", "auto_a": "json", "auto_b": "json", "given": "json"}',
            "a.auto.tfvars": assign("a", "auto_a", "auto_b", "given"),
            "b.auto.tfvars.json": '{"auto_b": "b", "given": "b"}',
            "sandbox.tfvars": assign("given", "given"),
        }
    )
    thing = declared.read(root, declared.Inputs((root / "sandbox.tfvars",))).resources[0]
    assert dict(thing.attributes) == {
        "default": "default",
        "tfvars": "terraform.tfvars",
        "json": "json",
        "auto_a": "a",
        "auto_b": "b",
        "given": "given",
    }


def test_a_value_for_a_variable_that_is_not_declared_is_noted(read: ReadText) -> None:
    estate = read("", **{"terraform.tfvars": "\nregoin = 1\n"})
    assert [str(note.message) for note in estate.notes] == [
        "a value is given for variable regoin, which is not declared"
    ]
    assert (estate.notes[0].file, estate.notes[0].line) == ("terraform.tfvars", 2)


def test_values_are_converted_to_the_types_of_variables(read: ReadText) -> None:
    estate = read(
        """
        variable "ports" {
          type    = set(number)
          default = ["443", 80, 80]
        }
        variable "service" {
          type = object({
            name  = string
            count = optional(number, 2)
            tags  = optional(map(string), {})
            image = optional(string)
          })
          default = { name = 5, extra = true }
        }
        variable "pair" {
          type    = tuple([string, bool])
          default = [1, "true"]
        }
        variable "required" {
          type     = string
          nullable = false
          default  = "kept"
        }
        resource "test_thing" "this" {
          ports   = var.ports
          service = var.service
          pair    = var.pair
        }
        module "child" {
          source   = "./child"
          required = null
        }
        """,
        **{
            "child/main.tf": """
                variable "required" {
                  type     = string
                  nullable = false
                  default  = "kept"
                }
                resource "test_thing" "this" {
                  value = var.required
                }
            """
        },
    )
    thing = estate.get("test_thing.this")
    child = estate.get("module.child.test_thing.this")
    assert thing is not None
    assert child is not None
    assert thing["ports"] == [80, 443]
    assert thing["service"] == {"name": "5", "count": 2, "tags": {}, "image": None}
    assert thing["pair"] == ["1", True]
    assert child["value"] == "kept"


def test_blocks_nest_and_dynamic_blocks_expand(read: ReadText) -> None:
    estate = read(
        """
        locals {
          rules = { http = 80, https = 443 }
        }
        resource "aws_security_group" "alb" {
          name = "alb"
          dynamic "ingress" {
            for_each = local.rules
            iterator = rule
            content {
              description = rule.key
              from_port   = rule.value
              to_port     = rule.value
              dynamic "nested" {
                for_each = toset([rule.key])
                content {
                  name = "${rule.key}-${nested.value}"
                }
              }
            }
          }
          ingress {
            description = "fixed"
          }
          egress = []
          timeouts {
            create = "1m"
          }
          lifecycle {
            ignore_changes        = [tags["Name"], ingress]
            create_before_destroy = true
            prevent_destroy       = false
          }
        }
        resource "aws_db_instance" "main" {
          lifecycle {
            ignore_changes = all
          }
        }
        """
    )
    group = estate.of("aws_security_group")[0]
    assert group["ingress"] == [
        {"description": "http", "from_port": 80, "to_port": 80, "nested": [{"name": "http-http"}]},
        {"description": "https", "from_port": 443, "to_port": 443, "nested": [{"name": "https-https"}]},
        {"description": "fixed"},
    ]
    assert group["egress"] == []
    assert "timeouts" not in group.attributes
    assert group.lifecycle == {
        "ignore_changes": ["tags.Name", "ingress"],
        "create_before_destroy": True,
        "prevent_destroy": False,
    }
    assert estate.of("aws_db_instance")[0].lifecycle == {"ignore_changes": "all"}


def test_nested_blocks_take_the_providers_defaults(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_lb_target_group" "backend" {
          health_check {
            path     = "/health"
            interval = null
          }
        }
        resource "aws_lb_listener" "http" {
          default_action {
            type = "redirect"
            redirect {
              status_code = "HTTP_301"
              protocol    = "HTTPS"
            }
          }
        }
        """
    )
    check = estate.of("aws_lb_target_group")[0].block("health_check")
    assert {name: check[name] for name in ("path", "interval", "matcher", "enabled", "unhealthy_threshold")} == {
        "path": "/health",
        "interval": 30,
        "matcher": "200",
        "enabled": True,
        "unhealthy_threshold": 3,
    }
    redirect = estate.of("aws_lb_listener")[0].block("default_action")["redirect"][0]
    assert (redirect["protocol"], redirect["host"], redirect["path"]) == ("HTTPS", "#{host}", "/#{path}")


def test_default_tags_of_the_provider_that_a_resource_uses_are_merged(read: ReadText) -> None:
    estate = read(
        """
        provider "aws" {
          default_tags {
            tags = { Project = "omc", Owner = "platform" }
          }
        }
        provider "aws" {
          alias = "west"
          default_tags {
            tags = { Region = "west" }
          }
        }
        resource "aws_vpc" "main" {
          tags = { Owner = "network" }
        }
        resource "aws_vpc" "west" {
          provider = aws.west
        }
        resource "aws_iam_role_policy_attachment" "untagged" {
          role = "a"
        }
        module "west" {
          source    = "./vpc"
          providers = { aws = aws.west }
        }
        module "default" {
          source = "./vpc"
        }
        """,
        **{"vpc/main.tf": 'resource "aws_vpc" "main" {}\n'},
    )
    tags = {resource.address: resource.attributes.get("tags_all") for resource in estate}
    assert tags == {
        "aws_vpc.main": {"Project": "omc", "Owner": "network"},
        "aws_vpc.west": {"Region": "west"},
        "aws_iam_role_policy_attachment.untagged": None,
        "module.west.aws_vpc.main": {"Region": "west"},
        "module.default.aws_vpc.main": {"Project": "omc", "Owner": "platform"},
    }


def test_a_resource_is_in_the_region_of_its_providers_alias(read: ReadText, tmp_path: Path) -> None:
    (tmp_path / "topic").mkdir()
    (tmp_path / "topic" / "main.tf").write_text(
        """
        terraform {
          required_providers {
            aws = {
              source                = "hashicorp/aws"
              configuration_aliases = [aws.far]
            }
          }
        }
        resource "aws_sns_topic" "near" {}
        resource "aws_sns_topic" "far" {
          provider = aws.far
        }
        """
    )
    estate = read(
        """
        variable "open" {}
        locals { region = "eu-west-1" }
        provider "aws" { region = "us-east-1" }
        provider "aws" {
          alias  = "eu"
          region = local.region
        }
        provider "aws" {
          alias  = "open"
          region = var.open
        }
        resource "aws_sns_topic" "plain" {}
        resource "aws_sns_topic" "eu" { provider = aws.eu }
        resource "aws_sns_topic" "open" { provider = aws.open }
        resource "aws_sns_topic" "own" { region = "ap-south-1" }
        resource "aws_sns_topic" "counted" {
          count    = length(var.open)
          provider = aws.eu
        }
        data "aws_region" "eu" { provider = aws.eu }
        module "topic" {
          source    = "./topic"
          providers = { aws = aws.eu, aws.far = aws.open }
        }
        module "default" {
          source    = "./topic"
          providers = { aws = aws, aws.far = aws.eu }
        }
        """
    )
    unknown = "variable open has no value"
    assert {
        item.address: item.region.reason if isinstance(item.region, Unknown) else item.region for item in estate
    } == {
        "aws_sns_topic.plain": None,
        "aws_sns_topic.eu": "eu-west-1",
        "aws_sns_topic.open": unknown,
        "aws_sns_topic.own": "ap-south-1",
        "aws_sns_topic.counted": "eu-west-1",
        "data.aws_region.eu": "eu-west-1",
        "module.topic.aws_sns_topic.near": "eu-west-1",
        "module.topic.aws_sns_topic.far": unknown,
        "module.default.aws_sns_topic.near": None,
        "module.default.aws_sns_topic.far": "eu-west-1",
    }
    assert encode(decode(encode(estate))) == encode(estate)


def test_locations_are_the_heads_of_the_blocks(read: ReadText) -> None:
    estate = read(
        'module "m" {\n  source = "./modules/m"\n}\n# comment\nresource "aws_vpc" "a" {}\n',
        **{"modules/m/vpc.tf": '\n/* two\nlines */ resource "aws_vpc" "b" {\n}\n'},
    )
    assert {resource.address: resource.location for resource in estate} == {
        "aws_vpc.a": Location("main.tf", 5),
        "module.m.aws_vpc.b": Location("modules/m/vpc.tf", 3),
    }


def test_files_outside_of_the_working_directory_have_absolute_paths(
    write: Write, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write({"main.tf": 'resource "aws_vpc" "a" {}\n'})
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert declared.read(root).resources[0].location == Location(str(root / "main.tf"), 1)


def test_json_syntax_is_the_same_configuration(read: ReadText) -> None:
    estate = read(
        "",
        **{
            "more.tf.json": """
            {
              "variable": {"port": {"type": "number", "default": 80}},
              "locals": {"names": ["a", "b"]},
              "resource": {
                "aws_security_group": {
                  "web": {
                    "//": "a comment",
                    "count": 1,
                    "name": "web-${var.port}",
                    "ingress": [{"from_port": "${var.port}"}],
                    "lifecycle": {"ignore_changes": ["name"]}
                  }
                },
                "aws_lb": {"main": {"name": "${local.names[1]}", "access_logs": {"bucket": "logs"}}},
                "aws_lb_target_group": {
                  "this": {
                    "dynamic": {
                      "stickiness": {"for_each": "${local.names}", "content": {"type": "${stickiness.value}"}}
                    }
                  }
                }
              },
              "module": {"m": {"source": "./m", "load_balancer": "${aws_lb.main.arn}"}}
            }
            """,
            "m/main.tf": 'variable "load_balancer" {}\nresource "test_thing" "t" {\n  v = var.load_balancer\n}\n',
        },
    )
    group = estate.get("aws_security_group.web[0]")
    balancer = estate.get("aws_lb.main")
    thing = estate.get("module.m.test_thing.t")
    assert group is not None
    assert (group["name"], group["ingress"]) == ("web-80", [{"from_port": 80}])
    assert group.lifecycle == {"ignore_changes": ["name"]}
    assert group.location == Location("more.tf.json", 1)
    assert balancer is not None
    assert (balancer["name"], balancer.block("access_logs")["bucket"]) == ("b", "logs")
    assert thing is not None
    assert thing["v"] == Reference("aws_lb.main", "arn")
    sticky = estate.of("aws_lb_target_group")[0]["stickiness"]
    assert [block["type"] for block in sticky] == ["a", "b"]


def test_override_files_replace_attributes_and_blocks(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_lb" "main" {
          name     = "main"
          internal = true
          access_logs {
            bucket = "one"
          }
        }
        """,
        **{
            "main_override.tf": """
                resource "aws_lb" "main" {
                  internal = false
                  access_logs {
                    bucket = "two"
                  }
                }
            """
        },
    )
    balancer = estate.of("aws_lb")[0]
    assert (balancer["name"], balancer["internal"]) == ("main", False)
    assert [block["bucket"] for block in balancer["access_logs"]] == ["two"]
    assert balancer.location == Location("main.tf", 2)


def test_files_are_read_relative_to_the_module(read: ReadText, tmp_path: Path) -> None:
    estate = read(
        'module "m" {\n  source = "./modules/m"\n}\n',
        **{
            "modules/m/main.tf": """
                resource "test_thing" "this" {
                  text    = file("${path.module}/files/a.txt")
                  sum     = filesha256("${path.module}/files/a.txt")
                  there   = fileexists("${path.module}/files/b.txt")
                  names   = fileset("${path.module}/files", "*.txt")
                  missing = file("${path.module}/files/b.txt")
                  list    = templatefile("${path.module}/files/list.tpl", { items = ["x", "y"] })
                  root    = path.root
                }
            """,
            "modules/m/files/a.txt": "hello",
            "modules/m/files/list.tpl": "%{ for item in items ~}\n- ${item}\n%{ endfor ~}\n",
        },
    )
    thing = estate.resources[0]
    assert (thing["text"], thing["there"], thing["names"], thing["root"]) == ("hello", False, ["a.txt"], ".")
    assert thing["sum"] == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert thing["list"] == "- x\n- y\n"
    assert thing.peek("missing").reason == (
        'file("${path.module}/files/b.txt") cannot be evaluated:'
        " file: modules/m/files/b.txt cannot be read: No such file or directory"
    )


def test_the_selected_workspace_is_used(read: ReadText) -> None:
    main = 'resource "test_thing" "this" {\n  v = terraform.workspace\n}\n'
    assert read(main).resources[0]["v"] == "default"
    assert read(main, **{".terraform/environment": "staging"}).resources[0]["v"] == "staging"


def test_a_lifecycle_within_a_nested_block_is_the_providers(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_backup_plan" "main" {
          name = "main"
          rule {
            rule_name         = "daily"
            target_vault_name = "main"
            lifecycle {
              delete_after = 35
            }
          }
          lifecycle {
            prevent_destroy = true
          }
        }
        """
    )
    plan = estate.resources[0]
    assert plan["rule"][0]["lifecycle"][0]["delete_after"] == 35
    assert "lifecycle" not in plan.attributes
