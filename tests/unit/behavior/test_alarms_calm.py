"""What a metric shows on a calm day."""

import pytest

from skyworthy.behavior.alarms import calm_of, scenarios
from skyworthy.behavior.metrics import Metric
from skyworthy.estate import Estate, Resource

DATABASE = Resource(
    "aws_db_instance.main",
    "aws_db_instance",
    {"identifier": "main", "allocated_storage": 20, "instance_class": "db.t3.micro", "parameter_group_name": None},
)
ESTATE = Estate((DATABASE,), origin="observed")


def _metric(name: str, database: str = "main") -> Metric:
    return Metric("AWS/RDS", name, {"DBInstanceIdentifier": database})


def test_every_minute_is_the_one_that_the_calm_begins_with() -> None:
    cpu, storage = calm_of(_metric("CPUUtilization"), ESTATE), calm_of(_metric("FreeStorageSpace"), ESTATE)
    assert cpu is not None
    assert storage is not None

    first = scenarios()["rds-cpu"].stories[0].calm[0][1]
    assert {cpu(minute) for minute in range(-100, 100)} == {tuple(map(float, first))}
    assert storage(0) == (16.0 * 1024**3,)


@pytest.mark.parametrize("metric", [_metric("SwapUsage"), _metric("CPUUtilization", "another"), _metric("Misspelt")])
def test_nothing_is_made_up_of_what_no_scenario_tells_or_nobody_publishes(metric: Metric) -> None:
    assert calm_of(metric, ESTATE) is None
