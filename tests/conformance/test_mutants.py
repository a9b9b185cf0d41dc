"""Mutants of the reference stack: enough of them, by every operator, and classic defects are noticed.

The score of all of them is what ``make mutants`` tells; it takes minutes.
"""

import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))

from benchmarks.mutants import LEAST, TREE, all_mutants  # noqa: E402
from benchmarks.mutation.judging import judge_all  # noqa: E402
from benchmarks.mutation.mutant import Mutant  # noqa: E402
from benchmarks.mutation.operators import OPERATORS  # noqa: E402

pytestmark = pytest.mark.slow

CLASSIC = [
    ("flip boolean", "aws_db_instance.this", "storage_encrypted"),
    ("flip boolean", "aws_db_instance.this", "publicly_accessible"),
    ("flip boolean", "aws_elasticache_replication_group.this", "transit_encryption_enabled"),
    ("flip boolean", "aws_lb.this", "drop_invalid_header_fields"),
    ("swap reference", "aws_vpc_security_group_ingress_rule.redis_ecs", "referenced_security_group_id"),
    ("drop attribute", "aws_cloudwatch_metric_alarm.ecs_cpu", "alarm_actions"),
    ("drop element", "aws_ecs_task_definition.backend", "container_definitions.secrets"),
    ("delete resource", "aws_vpc_security_group_ingress_rule.rds_ecs", ""),
    ("delete resource", "aws_sns_topic_subscription.email", ""),
    ("factor", "aws_cloudwatch_metric_alarm.rds_cpu", "evaluation_periods"),
    ("swap word", "aws_cloudwatch_metric_alarm.rds_cpu", "comparison_operator"),
    ("widen", "aws_vpc_security_group_ingress_rule.rds_ecs", "referenced_security_group_id"),
    ("rename secret key", "default of var.secret_keys", "default"),
    ("swap reference", "aws_ecs_task_definition.backend", "execution_role_arn"),
]


@pytest.fixture(scope="module")
def mutants() -> list[Mutant]:
    return all_mutants(REPOSITORY, TREE)


def test_there_are_enough_mutants_by_every_operator(mutants: list[Mutant]) -> None:
    assert len(mutants) >= LEAST
    assert {mutant.operator for mutant in mutants} == set(OPERATORS)


def test_classic_defects_are_noticed(mutants: list[Mutant]) -> None:
    chosen = []
    for operator, owner, path in CLASSIC:
        found = [item for item in mutants if (item.operator, item.owner, item.path) == (operator, owner, path)]
        assert found, f"no mutant: {operator} {owner} {path}"
        chosen.append(found[0])
    missed = [item.mutant.id for item in judge_all(REPOSITORY, TREE, chosen, 2) if item.status != "noticed"]
    assert missed == []
