"""A plan or state in the place of the code: exact values at the code's lines, and disagreement told without values."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from skyworthy import declared
from skyworthy.cli import skyworthy
from skyworthy.estate import Estate, Unknown

CODE = """\
variable "size" {}

resource "aws_db_instance" "main" {
  identifier        = "main"
  allocated_storage = var.size
  storage_encrypted = true
  password          = "the-code-says-this"
  engine_version    = "17.1"

  lifecycle {
    ignore_changes = [engine_version]
  }
}

resource "aws_sns_topic" "alarms" {
  name = "alarms"
}
"""


def item(address: str, **values: Any) -> dict[str, Any]:
    type, _, name = address.partition(".")
    return {"address": address, "mode": "managed", "type": type, "name": name, "values": values}


def plan(directory: Path, *items: dict[str, Any]) -> Path:
    path = directory / "plan.json"
    path.write_text(json.dumps({"planned_values": {"root_module": {"resources": items}}}), "utf-8")
    return path


DATABASE = {
    "identifier": "main",
    "allocated_storage": 20,
    "storage_encrypted": True,
    "password": "the-code-says-this",
    "engine_version": "17.2",
}
TOPIC = item("aws_sns_topic.alarms", name="alarms")


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.tf").write_text(CODE, "utf-8")
    return declared.read(Path())


def test_what_the_code_does_not_know_comes_from_the_plan_and_lines_from_the_code(read: Estate, tmp_path: Path) -> None:
    exact = declared.read_plan(plan(tmp_path, item("aws_db_instance.main", **DATABASE), TOPIC))
    estate = declared.with_exact(read, exact)
    database = estate.get("aws_db_instance.main")
    assert database is not None
    assert isinstance(read.of("aws_db_instance")[0].peek("allocated_storage"), Unknown)
    assert database["allocated_storage"] == 20
    assert str(database.location) == "main.tf:3"
    assert database.lifecycle == {"ignore_changes": ["engine_version"]}
    assert estate.notes == ()


def test_disagreement_is_told_by_place_and_never_by_value(read: Estate, tmp_path: Path) -> None:
    other = DATABASE | {"storage_encrypted": False, "password": "the-plan-says-that"}
    exact = declared.read_plan(
        plan(tmp_path, item("aws_db_instance.main", **other), item("aws_sqs_queue.new", name="q"))
    )
    notes = [(note.address, note.message) for note in declared.with_exact(read, exact).notes]
    assert notes == [
        ("aws_sns_topic.alarms", "the code declares aws_sns_topic.alarms, plan.json does not have it"),
        ("aws_sqs_queue.new", "plan.json has aws_sqs_queue.new, the code does not declare it"),
        ("aws_db_instance.main", "plan.json and the code disagree about aws_db_instance.main.password"),
        ("aws_db_instance.main", "plan.json and the code disagree about aws_db_instance.main.storage_encrypted"),
    ]


def test_the_static_suite_judges_the_plan_and_lists_the_disagreement(read: Estate, tmp_path: Path) -> None:
    other = DATABASE | {"storage_encrypted": False}
    path = plan(tmp_path, item("aws_db_instance.main", **other), TOPIC)
    done = CliRunner().invoke(skyworthy, ["static", "--terraform", ".", "--no-checkov", "--plan", str(path)])
    assert done.exit_code == 1, done.output
    assert "storage is not encrypted" in done.output
    assert "disagree about aws_db_instance.main.storage_encrypted" in done.output


def test_a_plan_is_of_one_environment(read: Estate, tmp_path: Path) -> None:
    path = plan(tmp_path, TOPIC)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text('provider "aws" {}\n', "utf-8")
    (tmp_path / "main.tf").unlink()
    done = CliRunner().invoke(skyworthy, ["static", "--terraform", ".", "--plan", str(path)])
    assert "a plan or state is of one environment; say which with --env: one, two" in str(done.exception)
    both = CliRunner().invoke(skyworthy, ["static", "--terraform", "one", "--plan", str(path), "--state", str(path)])
    assert "give --plan or --state, not both" in str(both.exception)


def test_a_plan_leaves_resources_in_the_regions_of_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.tf").write_text(
        """
        variable "many" { type = number }
        provider "aws" {
          alias  = "eu"
          region = "eu-west-1"
        }
        resource "aws_sns_topic" "one" { provider = aws.eu }
        resource "aws_sns_topic" "some" {
          count    = var.many
          provider = aws.eu
        }
        resource "aws_sns_topic" "here" {}
        """,
        "utf-8",
    )
    names = ("aws_sns_topic.one", "aws_sns_topic.some[0]", "aws_sns_topic.here")
    exact = declared.with_exact(declared.read(Path()), declared.read_plan(plan(tmp_path, *(item(x) for x in names))))
    assert {resource.address: resource.region for resource in exact} == dict(
        zip(names, ("eu-west-1", "eu-west-1", None), strict=True)
    )
