"""Plans and states that the real provider made of this configuration.

``aws_iam_role.task`` with a policy of ``data.aws_iam_policy_document.trust``; ``aws_sns_topic.alarms`` with a count of
one and ``aws_sns_topic_policy.alarms`` with its ARN; ``module "alb"`` with that ARN as ``topic``, in which an alarm has
``alarm_actions = [var.topic]``; ``aws_ssm_parameter.topic`` for each of one name, its value a log group of the module.
"""

import json
from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.errors import BadInput
from skyworthy.estate import Reference, Unknown

EXAMPLES = Path(__file__).parent / "examples"
ADDRESSES = [
    "aws_iam_role.task",
    "aws_sns_topic.alarms[0]",
    "aws_sns_topic_policy.alarms",
    'aws_ssm_parameter.topic["one"]',
    "data.aws_iam_policy_document.trust",
    "module.alb.aws_cloudwatch_log_group.this",
    "module.alb.aws_cloudwatch_metric_alarm.errors",
]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}],
}


def test_a_plan_holds_values_references_and_unknowns() -> None:
    estate = declared.read_plan(EXAMPLES / "plan.json")
    assert [resource.address for resource in estate] == ADDRESSES
    topic = Reference("aws_sns_topic.alarms[0]", "arn")
    alarm = estate.of("aws_cloudwatch_metric_alarm")[0]
    assert alarm["alarm_actions"] == [topic]
    assert alarm["threshold"] == 10
    assert isinstance(alarm.peek("dimensions"), Unknown)
    policy = estate.of("aws_sns_topic_policy")[0]
    assert policy["arn"] == topic
    assert estate.find(policy["arn"]) is estate.get("aws_sns_topic.alarms[0]")
    assert isinstance(policy.peek("policy"), Unknown)
    assert estate.of("aws_iam_role")[0]["assume_role_policy"] == TRUST
    parameter = estate.of("aws_ssm_parameter")[0]
    assert parameter["value"] == Reference("module.alb.aws_cloudwatch_log_group.this", "name")
    document = estate.get("data.aws_iam_policy_document.trust")
    assert document is not None
    assert document.data
    assert document["json"] == TRUST


@pytest.mark.parametrize("name", ["state-file.json", "state-shown.json"])
def test_a_state_holds_what_is_there(name: str) -> None:
    estate = declared.read_state(EXAMPLES / name)
    assert [resource.address for resource in estate] == ADDRESSES
    arn = "arn:aws:sns:us-east-1:123456789012:alarms"
    alarm = estate.of("aws_cloudwatch_metric_alarm")[0]
    assert alarm["alarm_actions"] == [arn]
    assert estate.find(arn, "aws_sns_topic") is estate.get("aws_sns_topic.alarms[0]")
    assert estate.of("aws_sns_topic_policy")[0]["policy"]["Statement"][0]["Resource"] == arn


def test_bools_that_the_provider_keeps_as_text_are_bools(tmp_path: Path) -> None:
    values = {"at_rest_encryption_enabled": "false", "description": "true"}
    item = {
        "address": "aws_elasticache_replication_group.a",
        "mode": "managed",
        "type": "aws_elasticache_replication_group",
        "name": "a",
        "values": values,
    }
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"values": {"root_module": {"resources": [item]}}}))
    group = declared.read_state(path).resources[0]
    assert group["at_rest_encryption_enabled"] is False
    assert group["description"] == "true"


BAD = [
    ("plan", None, "a plan cannot be read: No such file or directory"),
    ("plan", b"PK\x03\x04\xff", "not a plan in JSON; write it with: terraform show -json PLANFILE > plan.json"),
    ("plan", b"{", "1: not a plan in JSON (Expecting property name enclosed in double quotes); write it with: "),
    ("plan", b"[]", "1: not a plan: an object expected; write it with: terraform show -json PLANFILE > plan.json"),
    (
        "plan",
        b"{}",
        "1: not a plan: it has no planned_values; write it with: terraform show -json PLANFILE > plan.json",
    ),
    ("state", b"{}", "1: not a state: neither version 4 nor values; give a terraform.tfstate, or write one with: "),
]


@pytest.mark.parametrize(("kind", "content", "message"), BAD)
def test_files_that_are_neither_are_refused(kind: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput) as error:
        (declared.read_plan if kind == "plan" else declared.read_state)(path)
    assert message in str(error.value)
    assert str(error.value).startswith(str(path))
