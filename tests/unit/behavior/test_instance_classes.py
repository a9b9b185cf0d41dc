"""The table of instance classes is what AWS's price lists say, as cfn-lint keeps them."""

import runpy
import tomllib
from pathlib import Path

import pytest

from skyworthy.behavior.instance_classes import Kind, class_problem

REPOSITORY = Path(__file__).parents[3]


def test_the_table_is_as_the_tool_writes_it() -> None:
    tool = runpy.run_path(str(REPOSITORY / "tools" / "instance_classes.py"))
    text = tool["TABLE"].read_text("utf-8")
    assert text == tool["table"](tomllib.loads(text)["as_of"]), "python tools/instance_classes.py YEAR-MONTH"


@pytest.mark.parametrize(
    ("name", "kind", "engine", "problem"),
    [
        ("db.t3.micro", "database", "postgres", ""),
        ("db.t3.micro", "database", "aurora-mysql", "AWS offers no db.t3.micro for aurora-mysql"),
        ("db.z1d.large", "database", "sqlserver-se", ""),
        ("db.r6g.large", "database", "an engine of tomorrow", ""),
        ("db.r6gd.large", "cluster", "mysql", ""),
        ("db.serverless", "database", "aurora-postgresql", ""),
        ("cache.t4g.small", "cache", "", ""),
        (
            "cache.t4g.smal",
            "cache",
            "",
            "there is no cache.t4g.smal among AWS's offers of 2026-10; cache.t4g.small is one",
        ),
    ],
)
def test_a_class_is_judged_by_its_engine(name: str, kind: Kind, engine: str, problem: str) -> None:
    assert class_problem(name, kind, engine) == problem
