"""``skyworthy alarms`` over real Terraform."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from skyworthy.cli import skyworthy
from skyworthy.errors import BadInput

STACK = """
variable "threshold" {}

resource "aws_sns_topic" "alarms" {
  name = "alarms"
}

resource "aws_sns_topic_subscription" "mail" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = "operations@example.com"
}

resource "aws_db_instance" "main" {
  identifier        = "main"
  allocated_storage = 40
}

resource "aws_cloudwatch_metric_alarm" "storage" {
  alarm_name          = "storage"
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 10737418240
  period              = 300
  evaluation_periods  = 2
  datapoints_to_alarm = 1
  dimensions          = { DBInstanceIdentifier = aws_db_instance.main.identifier }
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "cpu" {
  alarm_name          = "cpu"
  namespace           = "AWS/RDS"
  metric_name         = "CPUUtilization"
  statistic           = "Average"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 8
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "ignore"
  dimensions          = { DBInstanceIdentifier = aws_db_instance.main.identifier }
}

resource "aws_cloudwatch_metric_alarm" "open" {
  alarm_name          = "open"
  namespace           = "AWS/RDS"
  metric_name         = "CPUUtilization"
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.threshold
  period              = 60
  evaluation_periods  = 5
}

resource "aws_cloudwatch_composite_alarm" "any" {
  alarm_name    = "any"
  alarm_rule    = "ALARM(cpu) OR ALARM(open)"
  alarm_actions = [aws_sns_topic.alarms.arn]
}
"""


def run(root: Path, text: str, *arguments: str) -> Result:
    (root / "main.tf").write_text(text, "utf-8")
    return CliRunner().invoke(skyworthy, ["alarms", "--terraform", str(root), *arguments])


def test_each_alarm_is_told_with_what_it_does(tmp_path: Path) -> None:
    done = run(tmp_path, STACK, "--json")
    assert done.exit_code == 0
    lines = {line["alarm"].rpartition(".")[2]: line for line in json.loads(done.stdout)}
    assert lines["storage"] == {
        "alarm": "aws_cloudwatch_metric_alarm.storage",
        "watches": ["AWS/RDS FreeStorageSpace"],
        "fires": "Minimum < 10737418240, 1 of 2 points of 5 min, missing: missing",
        "tells": ["operations@example.com"],
        "incidents": [
            {
                "scenario": "rds-storage",
                "title": "the database has 1.5 GiB of free storage left",
                "watched": "aws_db_instance.main",
                "minutes": 1,
                "in_calm": False,
            }
        ],
        "unknown": "",
    }
    assert lines["cpu"]["fires"] == "Average ≥ 8, 5 of 5 points of 1 min, missing: ignore"
    assert lines["cpu"]["tells"] == ["operations@example.com"], "through the composite alarm"
    assert lines["cpu"]["incidents"][0]["in_calm"] is True
    assert lines["any"]["watches"] == ["ALARM(cpu) OR ALARM(open)"]
    assert lines["open"]["fires"] == (
        "unknown: threshold of aws_cloudwatch_metric_alarm.open: variable threshold has no value"
    )


def test_each_alarm_says_when_it_rings_and_who_is_deaf(tmp_path: Path) -> None:
    done = run(tmp_path, STACK.replace("alarm_actions = [aws_sns_topic.alarms.arn]\n}\n", "}\n"))
    lines = done.stdout.splitlines()
    storage = lines.index("aws_cloudwatch_metric_alarm.storage")
    assert "  rings   rds-storage: after 1 min" in lines[storage : storage + 5]
    cpu = lines.index("aws_cloudwatch_metric_alarm.cpu")
    assert lines[cpu + 1 : cpu + 5] == [
        "  watches AWS/RDS CPUUtilization",
        "  fires   Average ≥ 8, 5 of 5 points of 1 min, missing: ignore",
        "  tells   nobody",
        "  rings   rds-cpu: also in the calm",
    ]
    assert done.stdout.splitlines()[-1] == "4 alarms, 3 of which tell nobody"


def test_a_stack_without_alarms_is_bad_input(tmp_path: Path) -> None:
    done = run(tmp_path, 'resource "aws_sns_topic" "alarms" {}\n')
    assert isinstance(done.exception, BadInput)
    assert "declares no alarm" in str(done.exception)


def test_the_help_has_examples() -> None:
    assert "skyworthy alarms --env staging" in CliRunner().invoke(skyworthy, ["alarms", "--help"]).stdout
