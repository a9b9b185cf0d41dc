"""Values have the types of the provider's schema, however they are written."""

from pathlib import Path

from skyworthy import declared
from skyworthy.estate import Reference, Template, Unknown

from .conftest import ReadText, Write


def test_text_becomes_the_bool_or_number_that_the_attribute_is(read: ReadText) -> None:
    estate = read(
        """
        variable "encrypted" {
          default = "false"
        }
        resource "aws_db_instance" "main" {
          storage_encrypted       = var.encrypted
          publicly_accessible     = "${var.encrypted}"
          backup_retention_period = "7"
          engine_version          = 17
        }
        """
    )
    database = estate.get("aws_db_instance.main")
    assert database is not None
    assert database["storage_encrypted"] is False
    assert database["publicly_accessible"] is False
    assert database["backup_retention_period"] == 7
    assert database["engine_version"] == "17"


def test_nested_blocks_are_typed_too(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_lb" "main" {
          access_logs {
            bucket  = "logs"
            enabled = "false"
          }
        }
        resource "aws_lb_listener" "http" {
          port = "80"
          default_action {
            type = "redirect"
            redirect {
              port        = 443
              status_code = "HTTP_301"
            }
          }
        }
        resource "aws_security_group" "main" {
          ingress = [{ from_port = "22", to_port = "22", protocol = 6, self = "true", cidr_blocks = [] }]
        }
        """
    )
    balancer, listener, group = (estate.of(name)[0] for name in ("aws_lb", "aws_lb_listener", "aws_security_group"))
    assert balancer.block("access_logs")["enabled"] is False
    assert listener["port"] == 80
    assert listener.block("default_action")["redirect"][0]["port"] == "443"
    assert group["ingress"] == [{"from_port": 22, "to_port": 22, "protocol": "6", "self": True, "cidr_blocks": []}]


def test_a_bool_that_the_provider_keeps_as_text_stays_a_bool(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_elasticache_replication_group" "one" {
          at_rest_encryption_enabled = "false"
        }
        resource "aws_elasticache_replication_group" "other" {
          at_rest_encryption_enabled = true
        }
        """
    )
    values = [group["at_rest_encryption_enabled"] for group in estate.of("aws_elasticache_replication_group")]
    assert values == [False, True]


def test_what_is_no_bool_or_number_is_unknown_and_says_so(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_db_instance" "main" {
          storage_encrypted       = "yes"
          backup_retention_period = "seven"
        }
        resource "aws_security_group" "main" {
          ingress {
            from_port = "http"
            to_port   = 80
            protocol  = "tcp"
          }
        }
        """
    )
    database, group = estate.of("aws_db_instance", "aws_security_group")
    kept, encrypted = database.peek("backup_retention_period"), database.peek("storage_encrypted")
    port = group.block("ingress")["from_port"]
    assert (
        isinstance(kept, Unknown) and kept.reason == "backup_retention_period cannot be read: 'seven' is not a number"
    )
    assert isinstance(encrypted, Unknown) and encrypted.reason.startswith("storage_encrypted cannot be read: a bool")
    assert isinstance(port, Unknown) and port.reason == "from_port cannot be read: 'http' is not a number"


def test_what_is_no_list_or_map_is_unknown_and_says_so(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_cloudwatch_metric_alarm" "main" {
          dimensions    = ["ServiceName"]
          alarm_actions = "everybody"
        }
        """
    )
    alarm = estate.of("aws_cloudwatch_metric_alarm")[0]
    dimensions, actions = alarm.peek("dimensions"), alarm.peek("alarm_actions")
    assert (
        isinstance(dimensions, Unknown) and dimensions.reason == "dimensions cannot be read: a map is needed, not list"
    )
    assert (
        isinstance(actions, Unknown) and actions.reason == "alarm_actions cannot be read: a list is needed, not string"
    )


def test_another_expression_sees_the_typed_value(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_db_instance" "main" {
          port = "5432"
        }
        resource "aws_ecs_task_definition" "main" {
          container_definitions = jsonencode([{ port = aws_db_instance.main.port }])
        }
        """
    )
    assert estate.of("aws_ecs_task_definition")[0]["container_definitions"] == [{"port": 5432}]


def test_a_policy_in_a_nested_block_is_decoded(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_secretsmanager_secret" "main" {}
        resource "aws_iam_role" "main" {
          inline_policy {
            name   = "read"
            policy = jsonencode({ Statement = [{ Resource = "${aws_secretsmanager_secret.main.arn}*" }] })
          }
        }
        """
    )
    policy = estate.of("aws_iam_role")[0].block("inline_policy")["policy"]
    arn = Reference("aws_secretsmanager_secret.main", "arn")
    assert policy == {"Statement": [{"Resource": Template((arn, "*"))}]}


def test_a_data_source_keeps_what_is_written(write: Write) -> None:
    root: Path = write({"main.tf": 'data "aws_instance" "main" {\n  get_user_data = "true"\n}\n'})
    source = declared.read(root).get("data.aws_instance.main")
    assert source is not None and source["get_user_data"] == "true"


def test_keys_of_container_definitions_may_begin_with_a_capital(read: ReadText) -> None:
    estate = read(
        """
        resource "aws_ecs_task_definition" "app" {
          family = "app"
          container_definitions = jsonencode([{
            Name         = "app"
            PortMappings = [{ ContainerPort = 8000 }]
            Environment  = [{ Name = "MODE", Value = "live" }]
            LogConfiguration = {
              LogDriver = "awsfirelens"
              Options   = { Name = "cloudwatch" }
            }
          }])
        }
        """
    )
    assert estate.of("aws_ecs_task_definition")[0]["container_definitions"] == [
        {
            "name": "app",
            "portMappings": [{"containerPort": 8000}],
            "environment": [{"name": "MODE", "value": "live"}],
            "logConfiguration": {"logDriver": "awsfirelens", "options": {"Name": "cloudwatch"}},
        }
    ]
