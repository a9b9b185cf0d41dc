"""Computed attributes arrive as references to the resource and attribute that they come from."""

from skyworthy.estate import Reference, Template, Unknown

from .conftest import ReadText

ALB = """
    resource "aws_lb" "main" {
      name = "main"
    }
    output "suffix" {
      value = aws_lb.main.arn_suffix
    }
    output "whole" {
      value = aws_lb.main
    }
"""


def test_a_reference_travels_through_outputs_variables_and_locals(read: ReadText) -> None:
    estate = read(
        """
        module "alb" {
          source = "./alb"
        }
        module "monitoring" {
          source = "./monitoring"
          suffix = module.alb.suffix
        }
        """,
        **{
            "alb/main.tf": ALB,
            "monitoring/main.tf": """
                variable "suffix" {
                  type = string
                }
                locals {
                  dimensions = { LoadBalancer = var.suffix }
                }
                resource "aws_cloudwatch_metric_alarm" "errors" {
                  alarm_name = "errors"
                  dimensions = local.dimensions
                }
            """,
        },
    )
    alarm = estate.of("aws_cloudwatch_metric_alarm")[0]
    assert alarm["dimensions"] == {"LoadBalancer": Reference("module.alb.aws_lb.main", "arn_suffix")}
    assert estate.find(alarm["dimensions"]["LoadBalancer"]) is estate.get("module.alb.aws_lb.main")


def test_instances_of_one_module_are_told_apart(read: ReadText) -> None:
    estate = read(
        """
        module "one" {
          source = "./alb"
        }
        module "many" {
          source   = "./alb"
          for_each = toset(["a", "b"])
        }
        module "counted" {
          source = "./alb"
          count  = 2
        }
        resource "test_thing" "this" {
          values = [module.one.suffix, module.many["b"].suffix, module.counted[1].suffix, module.one.whole.dns_name]
          all    = [for key, lb in module.many : lb.suffix]
          splat  = module.counted[*].suffix
        }
        """,
        **{"alb/main.tf": ALB},
    )
    thing = estate.of("test_thing")[0]
    assert thing["values"] == [
        Reference("module.one.aws_lb.main", "arn_suffix"),
        Reference('module.many["b"].aws_lb.main', "arn_suffix"),
        Reference("module.counted[1].aws_lb.main", "arn_suffix"),
        Reference("module.one.aws_lb.main", "dns_name"),
    ]
    assert thing["all"] == [Reference(f'module.many["{key}"].aws_lb.main', "arn_suffix") for key in "ab"]
    assert thing["splat"] == [Reference(f"module.counted[{index}].aws_lb.main", "arn_suffix") for index in (0, 1)]


def test_indices_splats_and_loops_name_the_instance(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_subnet" "private" {
          count      = 2
          cidr_block = cidrsubnet("10.0.0.0/16", 8, count.index)
        }
        resource "aws_eip" "nat" {
          for_each = { a = 0, b = 1 }
          tags     = { Name = "nat-${each.key}", Number = each.value }
        }
        resource "aws_nat_gateway" "this" {
          for_each      = aws_eip.nat
          allocation_id = each.value.id
          subnet_id     = aws_subnet.private[index(keys(aws_eip.nat), each.key)].id
        }
        resource "test_thing" "this" {
          splat  = aws_subnet.private[*].id
          legacy = aws_subnet.private.*.id
          cidrs  = aws_subnet.private[*].cidr_block
          values = values(aws_eip.nat)[*].allocation_id
          one    = one(aws_subnet.private[*].id[*])
          each   = { for key, eip in aws_eip.nat : key => eip.public_ip }
          first  = element(aws_subnet.private[*].arn, 2)
        }
        """
    )
    subnets = [Reference(f"aws_subnet.private[{index}]", "id") for index in (0, 1)]
    thing = estate.of("test_thing")[0]
    assert thing["splat"] == subnets
    assert thing["legacy"] == subnets
    assert thing["cidrs"] == ["10.0.0.0/24", "10.0.1.0/24"]
    assert thing["values"] == [Reference(f'aws_eip.nat["{key}"]', "allocation_id") for key in "ab"]
    assert thing["each"] == {key: Reference(f'aws_eip.nat["{key}"]', "public_ip") for key in "ab"}
    assert thing["first"] == Reference("aws_subnet.private[0]", "arn")
    assert isinstance(thing.peek("one"), Unknown)
    gateway = estate.get('aws_nat_gateway.this["b"]')
    assert gateway is not None
    assert gateway["allocation_id"] == Reference('aws_eip.nat["b"]', "id")
    assert gateway["subnet_id"] == Reference("aws_subnet.private[1]", "id")
    eip = estate.get('aws_eip.nat["b"]')
    assert eip is not None
    assert eip["tags"] == {"Name": "nat-b", "Number": 1}


def test_what_a_block_sets_is_its_value_and_defaults_are_seen_by_others(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_db_instance" "main" {
          identifier = "ohmycoins"
          engine     = null
        }
        resource "test_thing" "this" {
          set      = aws_db_instance.main.identifier
          default  = aws_db_instance.main.backup_retention_period
          unset    = aws_db_instance.main.max_allocated_storage
          computed = aws_db_instance.main.address
          null_set = aws_db_instance.main.engine
          nested   = aws_db_instance.main.master_user_secret[0].secret_arn
        }
        """
    )
    thing = estate.of("test_thing")[0]
    assert thing["set"] == "ohmycoins"
    assert thing["default"] == 0
    assert thing["unset"] is None
    assert thing["computed"] == Reference("aws_db_instance.main", "address")
    assert thing["null_set"] == Reference("aws_db_instance.main", "engine")
    assert thing["nested"] == Reference("aws_db_instance.main", "master_user_secret.0.secret_arn")


def test_strings_with_references_are_templates_and_json_is_decoded_around_them(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_secretsmanager_secret" "main" {
          name = "staging-omc-secrets"
        }
        resource "aws_db_instance" "main" {
          identifier = "main"
        }
        resource "aws_ecs_task_definition" "backend" {
          family = "backend"
          container_definitions = jsonencode([{
            name    = "backend"
            secrets = [{ name = "KEY", valueFrom = "${aws_secretsmanager_secret.main.arn}:KEY::" }]
            port    = aws_db_instance.main.port
          }])
        }
        resource "aws_iam_role_policy" "read" {
          name   = "read"
          role   = "role"
          policy = <<-EOT
            {
              "Statement": [{
                "Effect": "Allow",
                "Resource": [
                  "${aws_secretsmanager_secret.main.arn}",
                  "arn:aws:s3:::\\"quoted\\"/${aws_db_instance.main.id}/*"
                ],
                "Port": ${aws_db_instance.main.port}
              }]
            }
          EOT
        }
        resource "aws_cloudwatch_dashboard" "main" {
          dashboard_name = "main"
          dashboard_body = templatefile("${path.module}/dashboard.json", { database = aws_db_instance.main.id })
        }
        """,
        **{"dashboard.json": '{"widgets": [{"metrics": [["AWS/RDS", "CPU", "Id", "${database}"]]}]}'},
    )
    secret = Reference("aws_secretsmanager_secret.main", "arn")
    container = estate.of("aws_ecs_task_definition")[0]["container_definitions"][0]
    assert container["secrets"] == [{"name": "KEY", "valueFrom": Template((secret, ":KEY::"))}]
    assert container["port"] == Reference("aws_db_instance.main", "port")
    database = Reference("aws_db_instance.main", "id")
    statement = estate.of("aws_iam_role_policy")[0]["policy"]["Statement"][0]
    assert statement["Resource"] == [secret, Template(('arn:aws:s3:::"quoted"/', database, "/*"))]
    assert statement["Port"] == Reference("aws_db_instance.main", "port")
    widget = estate.of("aws_cloudwatch_dashboard")[0]["dashboard_body"]["widgets"][0]
    assert widget["metrics"] == [["AWS/RDS", "CPU", "Id", database]]


def test_deciding_on_a_reference_is_unknown_but_it_has_a_value(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_lb" "main" {
          name = "main"
        }
        resource "test_thing" "this" {
          given   = aws_lb.main.arn != null && aws_lb.main.arn != "" ? "given" : "absent"
          same    = aws_lb.main.arn == aws_lb.main.arn
          other   = aws_lb.main.arn == "arn:aws:x"
          upper   = upper(aws_lb.main.dns_name)
          length  = length([aws_lb.main.arn, aws_lb.main.id])
          prefix  = startswith("https://${aws_lb.main.dns_name}", "https://")
          bare    = trimprefix("https://${aws_lb.main.dns_name}", "https://")
          differs = "http://${aws_lb.main.dns_name}" == "https://x"
          joined  = join(",", [aws_lb.main.id, "b"])
          chosen  = coalesce("", aws_lb.main.id)
          held    = contains([aws_lb.main.id], aws_lb.main.id)
        }
        """
    )
    thing = estate.of("test_thing")[0]
    identifier = Reference("aws_lb.main", "id")
    assert (thing["given"], thing["same"], thing["length"], thing["prefix"]) == ("given", True, 2, True)
    assert (thing["bare"], thing["differs"]) == (Reference("aws_lb.main", "dns_name"), False)
    assert (thing["joined"], thing["chosen"], thing["held"]) == (Template((identifier, ",b")), identifier, True)
    for name in ("other", "upper"):
        value = thing.peek(name)
        assert isinstance(value, Unknown)
        assert value.reason.endswith("is known after apply")


def test_data_sources_are_references_unless_the_code_settles_them(read: ReadText) -> None:
    estate = read(
        """
        provider "aws" {
          region = "eu-west-1"
        }
        data "aws_region" "current" {}
        data "aws_partition" "current" {}
        data "aws_caller_identity" "me" {}
        data "aws_availability_zones" "available" {
          state = "available"
        }
        resource "test_thing" "this" {
          region  = data.aws_region.current.name
          arn     = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.me.account_id}:root"
          zones   = slice(data.aws_availability_zones.available.names, 0, 2)
          listed  = tolist(data.aws_availability_zones.available.names)[1]
          zone    = data.aws_availability_zones.available.names[1]
          state   = data.aws_availability_zones.available.state
          howmany = length(data.aws_availability_zones.available.names)
        }
        resource "aws_subnet" "each" {
          for_each = toset(data.aws_availability_zones.available.names)
        }
        """
    )
    thing = estate.of("test_thing")[0]
    names = [Reference("data.aws_availability_zones.available", f"names.{index}") for index in (0, 1)]
    account = Reference("data.aws_caller_identity.me", "account_id")
    assert (thing["region"], thing["state"]) == ("eu-west-1", "available")
    assert thing["arn"] == Template(("arn:aws:iam::", account, ":root"))
    assert (thing["zones"], thing["zone"], thing["listed"]) == (names, names[1], names[1])
    assert isinstance(thing.peek("howmany"), Unknown)
    placeholder = estate.get("aws_subnet.each")
    assert placeholder is not None
    assert placeholder.blank == placeholder.peek("cidr_block")
    assert [resource.address for resource in estate if resource.data] == [
        "data.aws_availability_zones.available",
        "data.aws_caller_identity.me",
        "data.aws_partition.current",
        "data.aws_region.current",
    ]
