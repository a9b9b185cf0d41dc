"""Idioms of real stacks in one configuration; the expected outputs are those of Terraform's own plan of it."""

import json
from pathlib import Path

from skyworthy import declared

ROOT = Path(__file__).parent / "examples" / "idioms"


def test_outputs_are_those_of_terraforms_plan() -> None:
    assert declared.outputs(ROOT) == json.loads((ROOT / "outputs.json").read_text("utf-8"))
    assert [resource.address for resource in declared.read(ROOT)] == [
        'aws_ecs_task_definition.svc["api"]',
        'aws_ecs_task_definition.svc["web"]',
        'aws_security_group.svc["api"]',
        'aws_security_group.svc["web"]',
        'aws_ssm_parameter.pair["api-A"]',
        'aws_ssm_parameter.pair["api-B"]',
        'aws_subnet.this["us-east-1a"]',
        'aws_subnet.this["us-east-1b"]',
        "aws_vpc.this[0]",
        'module.m["api"].aws_lb_target_group.this',
    ]
