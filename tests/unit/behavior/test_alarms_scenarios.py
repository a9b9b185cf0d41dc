"""What alarms, written in Terraform, do in the incidents and calms of the file."""

import re
from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.behavior.alarms import (
    Reaction,
    State,
    actions_of,
    alarm_of,
    composites_of,
    reacts,
    scenarios,
    timeline,
)
from skyworthy.behavior.alarms.scenarios import CALM_MINUTES
from skyworthy.behavior.metrics import namespaces
from skyworthy.estate import Estate, Resource, Undecidable

WATCHED = """
resource "aws_ecs_cluster" "main" {
  name = "main"
}

resource "aws_ecs_service" "api" {
  name        = "api"
  cluster     = aws_ecs_cluster.main.id
  launch_type = "FARGATE"
}

resource "aws_ecs_service" "web" {
  name        = "web"
  cluster     = aws_ecs_cluster.main.id
  launch_type = "FARGATE"
}

resource "aws_lb" "main" {
  name = "main"
}

resource "aws_elasticache_replication_group" "main" {
  replication_group_id = "main"
  description          = "cache"
  num_cache_clusters   = 1
}
"""
CPU = {
    "namespace": '"AWS/ECS"',
    "metric_name": '"CPUUtilization"',
    "dimensions": '{ ClusterName = "main", ServiceName = "api" }',
    "statistic": '"Average"',
    "comparison_operator": '"GreaterThanThreshold"',
    "threshold": "80",
    "period": "60",
    "evaluation_periods": "5",
}
ERRORS = {
    **CPU,
    "namespace": '"AWS/ApplicationELB"',
    "metric_name": '"HTTPCode_ELB_5XX_Count"',
    "dimensions": "{ LoadBalancer = aws_lb.main.arn_suffix }",
    "statistic": '"Sum"',
    "threshold": "10",
    "period": "300",
    "evaluation_periods": "1",
}
RIGHT = "fires, quiet"
LATE = "no fire, quiet"
NOISY = "fires, noisy"
INVERTED = "no fire, noisy"


def read(root: Path, settings: dict[str, str], more: str = "") -> tuple[Estate, Resource]:
    lines = "\n".join(f"  {name} = {value}" for name, value in settings.items() if value)
    text = f'{WATCHED}\nresource "aws_cloudwatch_metric_alarm" "it" {{\n  alarm_name = "it"\n{lines}\n}}\n{more}'
    (root / "main.tf").write_text(text, "utf-8")
    estate = declared.read(root)
    alarm = estate.get("aws_cloudwatch_metric_alarm.it")
    assert alarm is not None
    return estate, alarm


def word(reaction: Reaction | None) -> str:
    assert reaction is not None
    fires = "fires" if reaction.fires_after is not None else "no fire"
    return f"{fires}, {'noisy' if State.ALARM in reaction.calm else 'quiet'}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, RIGHT),
        ({"period": "300", "evaluation_periods": "1"}, RIGHT),
        ({"period": "300", "evaluation_periods": "2"}, RIGHT),
        ({"evaluation_periods": "10", "datapoints_to_alarm": "5"}, RIGHT),
        ({"comparison_operator": '"GreaterThanOrEqualToThreshold"'}, RIGHT),
        ({"threshold": "75"}, RIGHT),
        ({"statistic": "", "extended_statistic": '"p50"'}, RIGHT),
        ({"treat_missing_data": '"breaching"'}, RIGHT),
        ({"threshold": "800"}, LATE),
        ({"threshold": "8"}, NOISY),
        ({"comparison_operator": '"LessThanThreshold"'}, INVERTED),
        ({"statistic": '"Sum"'}, NOISY),
        ({"statistic": '"SampleCount"'}, LATE),
        ({"statistic": '"Minimum"'}, LATE),
        ({"evaluation_periods": "1"}, NOISY),
        ({"evaluation_periods": "5", "datapoints_to_alarm": "1"}, NOISY),
        ({"evaluation_periods": "30"}, LATE),
        ({"period": "3600"}, LATE),
    ],
    ids=str,
)
def test_cpu(tmp_path: Path, changes: dict[str, str], expected: str) -> None:
    estate, alarm = read(tmp_path, {**CPU, **changes})
    watched = estate.get("aws_ecs_service.api")
    assert watched is not None
    assert word(reacts(alarm_of(alarm), scenarios()["ecs-cpu"], watched, estate)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, RIGHT),
        ({"period": "60"}, RIGHT),
        ({"treat_missing_data": '"ignore"'}, RIGHT),
        ({"treat_missing_data": '"breaching"'}, NOISY),
        ({"statistic": '"Average"'}, LATE),
        ({"statistic": '"Maximum"'}, LATE),
        ({"threshold": "0"}, NOISY),
        ({"threshold": "1000"}, LATE),
        ({"comparison_operator": '"LessThanThreshold"'}, INVERTED),
    ],
    ids=str,
)
def test_errors(tmp_path: Path, changes: dict[str, str], expected: str) -> None:
    estate, alarm = read(tmp_path, {**ERRORS, **changes})
    watched = estate.get("aws_lb.main")
    assert watched is not None
    assert word(reacts(alarm_of(alarm), scenarios()["alb-5xx"], watched, estate)) == expected


def query(name: str, metric: str) -> str:
    return f"""
  metric_query {{
    id = "{name}"
    metric {{
      namespace   = "AWS/ElastiCache"
      metric_name = "{metric}"
      stat        = "Sum"
      period      = 300
      dimensions  = {{ CacheClusterId = "main-001" }}
    }}
  }}
"""


@pytest.mark.parametrize(
    ("expression", "threshold", "expected"),
    [
        ("100 * hits / (hits + misses)", "70", RIGHT),
        ("IF(hits + misses > 0, 100 * hits / (hits + misses), 100)", "70", RIGHT),
        ("hits / (hits + misses)", "0.7", RIGHT),
        ("hits / (hits + misses)", "70", NOISY),
        ("100 * FILL(misses, 0) / (hits + misses)", "70", NOISY),
    ],
)
def test_metric_math(tmp_path: Path, expression: str, threshold: str, expected: str) -> None:
    settings = {"comparison_operator": '"LessThanThreshold"', "threshold": threshold, "evaluation_periods": "2"}
    blocks = query("hits", "CacheHits") + query("misses", "CacheMisses")
    ratio = f'\n  metric_query {{\n    id = "ratio"\n    expression = "{expression}"\n    return_data = true\n  }}\n'
    estate, alarm = read(tmp_path, {**settings, "alarm_actions": f"[]\n{blocks}{ratio}"})
    watched = estate.get("aws_elasticache_replication_group.main")
    assert watched is not None
    assert word(reacts(alarm_of(alarm), scenarios()["redis-hit-rate"], watched, estate)) == expected


def test_an_alarm_of_another_resource_does_not_count(tmp_path: Path) -> None:
    estate, alarm = read(tmp_path, CPU)
    other = estate.get("aws_ecs_service.web")
    assert other is not None
    assert reacts(alarm_of(alarm), scenarios()["ecs-cpu"], other, estate) is None
    assert reacts(alarm_of(alarm), scenarios()["ecs-memory"], other, estate) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"threshold": "var.unset"}, "threshold of aws_cloudwatch_metric_alarm.it: variable unset has no value"),
        ({"period": "50"}, "period 50 of aws_cloudwatch_metric_alarm.it is none that CloudWatch knows"),
        (
            {"comparison_operator": '"GreaterThanUpperThreshold"'},
            "GreaterThanUpperThreshold of aws_cloudwatch_metric_alarm.it compares with an anomaly detection band",
        ),
    ],
)
def test_what_only_the_account_can_evaluate(tmp_path: Path, changes: dict[str, str], why: str) -> None:
    _, alarm = read(tmp_path, {**CPU, **changes}, 'variable "unset" {}\n')
    with pytest.raises(Undecidable, match=re.escape(why)):
        alarm_of(alarm)


def test_whom_an_alarm_tells(tmp_path: Path) -> None:
    more = """
resource "aws_sns_topic" "alarms" {
  name = "alarms"
}

resource "aws_appautoscaling_policy" "out" {
  name = "out"
}

resource "aws_cloudwatch_composite_alarm" "any" {
  alarm_name = "any"
  alarm_rule = "ALARM(${aws_cloudwatch_metric_alarm.it.alarm_name}) OR ALARM(elsewhere)"
}

resource "aws_cloudwatch_composite_alarm" "other" {
  alarm_name = "other"
  alarm_rule = "ALARM(its-name-is-longer)"
}
"""
    outside = "arn:aws:sns:us-east-1:123456789012:operations"
    action = f'[aws_sns_topic.alarms.arn, aws_appautoscaling_policy.out.arn, "{outside}"]'
    estate, alarm = read(tmp_path, {**CPU, "alarm_actions": action}, more)
    actions = actions_of(alarm, estate)
    assert [topic.address for topic in actions.topics] == ["aws_sns_topic.alarms"]
    assert actions.elsewhere == (outside,)
    assert actions.scaling == ("${aws_appautoscaling_policy.out.arn}",)
    assert not actions.only_scales
    assert [item.address for item in composites_of(alarm, estate)] == ["aws_cloudwatch_composite_alarm.any"]


@pytest.mark.parametrize("name", scenarios())
def test_the_scenarios_are_about_metrics_that_exist(name: str) -> None:
    scenario = scenarios()[name]
    assert re.fullmatch(r"ALM-\d+", scenario.requirement)
    for story in scenario.stories:
        for metric in story.names:
            assert story.namespace == "*" or namespaces()[story.namespace].publications(metric), metric
        minutes = sum(minutes for minutes, _ in story.calm)
        assert 2 * minutes <= CALM_MINUTES, "a calm must repeat within the time that is looked at"


def test_every_alarm_line_has_a_scenario() -> None:
    assert {scenario.requirement for scenario in scenarios().values()} == {f"ALM-{number}" for number in range(1, 10)}


def test_timeline_shows_what_is_evaluated_before_and_in_the_incident(tmp_path: Path) -> None:
    estate, resource = read(tmp_path, CPU)
    alarm, scenario = alarm_of(resource), scenarios()["ecs-cpu"]
    api, web = estate.get("aws_ecs_service.api"), estate.get("aws_ecs_service.web")
    assert api
    assert web
    seen = timeline(alarm, scenario, api, estate)
    assert seen
    assert seen.reaction == reacts(alarm, scenario, api, estate)
    assert len(seen.values) == 15 + scenario.within_minutes + 1
    values = [value for value in seen.values if value is not None]
    calm, incident = values[: -seen.start + 1], values[-seen.start + 1 :]
    assert max(calm) < 80 < min(incident)
    assert timeline(alarm, scenario, web, estate) is None


def test_timeline_has_no_value_where_nothing_is_published(tmp_path: Path) -> None:
    estate, resource = read(tmp_path, ERRORS)
    balancer = estate.get("aws_lb.main")
    assert balancer
    seen = timeline(alarm_of(resource), scenarios()["alb-5xx"], balancer, estate)
    assert seen
    assert seen.values[0] is None
    assert seen.values[-1] is not None
    assert seen.reaction.right
