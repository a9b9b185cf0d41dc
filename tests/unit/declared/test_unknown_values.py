"""What has no value stays unknown, with the reason, wherever it goes; null is not unknown."""

from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.errors import BadInput
from skyworthy.estate import Note, Reference, Template, Undecidable
from skyworthy.estate.codec import decode, encode

from .conftest import ReadText, Write


def test_a_variable_without_value_is_unknown_wherever_it_decides(read: ReadText) -> None:
    estate = read(
        """
        variable "environment" {
          type = string
        }
        variable "encrypted" {
          type      = bool
          sensitive = true
        }
        variable "extra" {
          type = list(string)
        }
        locals {
          production = var.environment == "production"
        }
        resource "aws_db_instance" "main" {
          identifier        = "db-${var.environment}"
          storage_encrypted = var.encrypted
          multi_az          = local.production ? true : false
          engine            = local.production ? "postgres" : "postgres"
          tags              = { Environment = var.environment, Fixed = "yes" }
          publicly_accessible = local.production && false
          dynamic "restore_to_point_in_time" {
            for_each = var.extra
            content {
              use_latest_restorable_time = true
            }
          }
          dynamic "s3_import" {
            for_each = ["one"]
            content {
              bucket_name = s3_import.value
            }
          }
        }
        """
    )
    reason = "variable environment has no value"
    db = estate.of("aws_db_instance")[0]
    with pytest.raises(Undecidable) as undecidable:
        db["storage_encrypted"]
    assert undecidable.value.reason == "storage_encrypted of aws_db_instance.main: variable encrypted has no value"
    identifier = db["identifier"]
    assert isinstance(identifier, Template)
    assert str(identifier) == f"db-(unknown: {reason})"
    assert db.peek("multi_az").reason == reason
    assert db["engine"] == "postgres"
    assert db["publicly_accessible"] is False
    assert db["tags"]["Fixed"] == "yes"
    assert db["tags"]["Environment"].reason == reason
    assert db.peek("restore_to_point_in_time").reason == "variable extra has no value"
    assert db["s3_import"] == [{"bucket_name": "one"}]


def test_a_module_variable_without_value_names_its_module(read: ReadText) -> None:
    estate = read(
        'module "db" {\n  source = "./db"\n}\n',
        **{"db/main.tf": 'variable "size" {}\nresource "aws_db_instance" "main" {\n  instance_class = var.size\n}\n'},
    )
    assert estate.of("aws_db_instance")[0].peek("instance_class").reason == "variable size of module.db has no value"


def test_null_is_not_set_and_takes_the_default(read: ReadText) -> None:
    estate = read(
        """
        variable "key" {
          type    = string
          default = null
        }
        resource "aws_vpc" "main" {
          enable_dns_support = null
        }
        resource "aws_db_instance" "main" {
          kms_key_id            = var.key
          max_allocated_storage = var.key
        }
        resource "test_thing" "this" {
          chosen = var.key == null ? "none" : "some"
          given  = var.key
          policy = jsonencode({ key = var.key })
        }
        """
    )
    assert estate.of("aws_vpc")[0]["enable_dns_support"] is True
    db = estate.of("aws_db_instance")[0]
    assert db["max_allocated_storage"] is None
    assert db.peek("kms_key_id").reason == "known after apply"
    thing = estate.of("test_thing")[0]
    assert (thing["chosen"], thing["given"], thing["policy"]) == ("none", None, '{"key":null}')


def test_undecidable_counts_leave_a_placeholder_and_a_note(read: ReadText) -> None:
    estate = read(
        """
        variable "replicas" {
          type = number
        }
        variable "names" {
          type = set(string)
        }
        resource "aws_db_instance" "replica" {
          count = var.replicas
        }
        resource "aws_sns_topic" "named" {
          for_each = var.names
        }
        resource "aws_sns_topic" "none" {
          count = 0
        }
        resource "aws_sns_topic" "two" {
          count = "2"
        }
        resource "aws_sns_topic" "many" {
          count = "many"
        }
        resource "aws_sns_topic" "list" {
          for_each = ["a"]
        }
        module "optional" {
          source = "./optional"
          count  = var.replicas
        }
        resource "aws_sns_topic_policy" "named" {
          arn = aws_sns_topic.named["a"].arn
        }
        """,
        **{"optional/main.tf": 'resource "aws_vpc" "main" {\n  cidr_block = "10.0.0.0/16"\n}\n'},
    )
    replicas, names = (f"count cannot be decided: variable {name} has no value" for name in ("replicas", "names"))
    module = "how often module.optional is called is not known: variable replicas has no value"
    blanks = {resource.address: resource.blank.reason for resource in estate if resource.blank is not None}
    assert blanks == {
        "aws_db_instance.replica": replicas,
        "aws_sns_topic.list": "count cannot be decided: for_each is a list; Terraform wants a set or a map",
        "aws_sns_topic.many": "count cannot be decided: 'many' is not a number",
        "aws_sns_topic.named": names,
        "module.optional.aws_vpc.main": f"count cannot be decided: {module}",
    }
    assert [item.address for item in estate if item.blank is None] == [
        "aws_sns_topic.two[0]",
        "aws_sns_topic.two[1]",
        "aws_sns_topic_policy.named",
    ]
    with pytest.raises(Undecidable):
        estate.of("aws_db_instance")[0]["storage_encrypted"]
    policy = estate.of("aws_sns_topic_policy")[0]
    assert policy.peek("arn").reason == (
        "the instances of aws_sns_topic.named are not known: variable names has no value"
    )
    assert [(note.address, note.line) for note in estate.notes] == [
        ("aws_db_instance.replica", 8),
        ("aws_sns_topic.named", 11),
        ("aws_sns_topic.many", 20),
        ("aws_sns_topic.list", 23),
        ("module.optional", 26),
        ("module.optional.aws_vpc.main", 1),
    ]


def test_what_uncounted_instances_are_about_is_known_all_the_same(read: ReadText) -> None:
    estate = read(
        """
        variable "names" {
          type = set(string)
        }
        resource "aws_sns_topic" "main" {}
        resource "aws_sns_topic_subscription" "named" {
          for_each  = var.names
          topic_arn = aws_sns_topic.main.arn
          protocol  = "email"
          endpoint  = each.value
        }
        """
    )
    subscription = decode(encode(estate)).of("aws_sns_topic_subscription")[0]
    with pytest.raises(Undecidable):
        subscription["protocol"]
    each = subscription.outlined
    assert each["protocol"] == "email"
    assert each.peek("topic_arn") == Reference("aws_sns_topic.main", "arn")
    with pytest.raises(Undecidable):
        each["endpoint"]


def test_a_remote_module_that_is_not_downloaded_is_noted(read: ReadText) -> None:
    estate = read(
        """
        module "vpc" {
          source  = "terraform-aws-modules/vpc/aws"
          version = "5.0.0"
        }
        resource "aws_db_subnet_group" "main" {
          subnet_ids = module.vpc.private_subnets
        }
        """
    )
    reason = 'module vpc ("terraform-aws-modules/vpc/aws") is not downloaded'
    assert estate.of("aws_db_subnet_group")[0].peek("subnet_ids").reason == reason
    assert estate.notes == (Note(reason, "main.tf", 2, "module.vpc"),)


def test_a_remote_module_that_is_downloaded_is_read(read: ReadText) -> None:
    estate = read(
        'module "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n',
        **{
            ".terraform/modules/modules.json": """
                {"Modules": [{"Key": "", "Dir": "."}, {"Key": "vpc", "Dir": "got/vpc"}]}
            """,
            "got/vpc/main.tf": 'resource "aws_vpc" "this" {}\n',
        },
    )
    assert [resource.address for resource in estate] == ["module.vpc.aws_vpc.this"]


def test_an_evaluation_that_takes_too_long_is_given_up(write: Write) -> None:
    loops = " ".join(f"[for a{number} in range(1000) :" for number in range(3))
    root = write(
        {"main.tf": f"locals {{\n  many = {loops} 1 ]]]\n}}\nresource test_thing this {{\n  v = local.many\n}}\n"}
    )
    with pytest.raises(BadInput) as error:
        declared.read(root, time_limit=0.01)
    assert "evaluating it takes longer than 0.01 s" in str(error.value)


def test_what_depends_on_itself_through_modules_is_unknown(read: ReadText) -> None:
    estate = read(
        'module "a" {\n  source = "./a"\n  x = module.a.y\n}\nresource test_thing this {\n  v = module.a.y\n}\n',
        **{"a/main.tf": 'variable "x" {}\noutput "y" {\n  value = var.x\n}\n'},
    )
    assert estate.resources[0].peek("v").reason == "module.a.y cannot be evaluated: output.y depends on itself"


def test_a_block_with_too_many_instances_is_a_placeholder_with_a_note(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_sns_topic" "counted" {
          count = 1000000
        }
        resource "aws_sns_topic" "named" {
          for_each = toset([for pair in setproduct(range(101), range(100)) : join("-", pair)])
        }
        resource "aws_sns_topic" "few" {
          count = 10000
        }
        resource "aws_sns_topic_policy" "first" {
          arn = aws_sns_topic.counted[0].arn
        }
        """
    )
    many = "1000000 instances of one block are more than the 10000 that are read"
    named = "10100 instances of one block are more than the 10000 that are read"
    blanks = {resource.address: resource.blank.reason for resource in estate if resource.blank is not None}
    assert blanks == {
        "aws_sns_topic.counted": f"count cannot be decided: {many}",
        "aws_sns_topic.named": f"count cannot be decided: {named}",
    }
    assert [(note.address, note.line) for note in estate.notes] == [
        ("aws_sns_topic.counted", 2),
        ("aws_sns_topic.named", 5),
    ]
    policy = estate.of("aws_sns_topic_policy")[0]
    assert policy.peek("arn").reason == f"the instances of aws_sns_topic.counted are not known: {many}"
    assert len(estate.of("aws_sns_topic")) == 10_002


def test_a_long_chain_of_locals_is_evaluated(read: ReadText) -> None:
    chain = "".join(f"  l{number} = local.l{number - 1} + 1\n" for number in range(1, 500))
    estate = read(f"locals {{\n  l0 = 0\n{chain}}}\nresource test_thing this {{\n  v = local.l499\n}}\n")
    assert estate.resources[0]["v"] == 499


def test_expressions_nested_without_end_are_refused_not_crashed_on(write: Write) -> None:
    root = write({"main.tf": f"resource test_thing this {{\n  v = {'[' * 30_000}{']' * 30_000}\n}}\n"})
    with pytest.raises(BadInput) as error:
        declared.read(Path(root))
    assert str(error.value).endswith("nested too deeply to be read")


def test_an_arn_is_taken_apart_at_the_separators_of_its_format(read: ReadText) -> None:
    estate = read(
        """
        variable "given" {
          type = string
        }
        resource "aws_ecs_cluster" "main" {
          name = "shop"
        }
        resource "aws_ecs_cluster" "given" {
          name = var.given
        }
        resource "aws_kms_key" "main" {}
        resource "test_thing" "by" {
          arn    = element(split("/", aws_ecs_cluster.main.arn), 1)
          id     = split("/", aws_ecs_cluster.main.id)[1]
          colons = split(":", aws_ecs_cluster.main.arn)[5]
          text   = split("/", "${aws_ecs_cluster.main.arn}/more")[2]
          region = split(":", aws_ecs_cluster.main.arn)[3]
          open   = split("/", aws_ecs_cluster.given.arn)[1]
          key    = split("/", aws_kms_key.main.arn)[1]
          name   = split("/", aws_ecs_cluster.given.name)[0]
        }
        """
    )
    thing = estate.of("test_thing")[0]
    assert [thing[name] for name in ("arn", "id", "colons", "text")] == ["shop", "shop", "cluster/shop", "more"]
    assert {name: thing.peek(name).reason for name in ("region", "open", "key", "name")} == {
        "region": "the region is not known",
        "open": "aws_ecs_cluster.given.arn is known after apply",
        "key": "aws_kms_key.main.arn is known after apply",
        "name": "variable given has no value",
    }
