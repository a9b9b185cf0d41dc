"""The published schema of results files is what is written, and refuses what is not."""

import dataclasses
import datetime
import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from skyworthy.estate import Location
from skyworthy.results import SuiteResult, encode_result
from skyworthy.verdicts import Outcome, Verdict

SCHEMA = json.loads((files("skyworthy.reports") / "results.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def data() -> dict[str, Any]:
    verdicts = [
        Verdict("rds.x", "declared", "staging", f"aws_db_instance.{outcome}", outcome, "said", Location("main.tf", 3))
        for outcome in Outcome
    ]
    verdicts.append(Verdict("live.x", "declared", "staging", "stack", Outcome.PASS))
    finished = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
    calls = {"ecs:DescribeServices": 2}
    result = SuiteResult("static", "staging", tuple(verdicts), 1.25, finished, "a" * 40 + "+", calls)
    times = {"ecs:DescribeServices": 0.25}
    verdicts.append(Verdict("live.x", "observed", "staging", "aws_sns_topic.a", Outcome.PASS, region="eu-west-1"))
    result = dataclasses.replace(result, verdicts=tuple(verdicts), regions=("us-east-1", "eu-west-1"))
    return encode_result(dataclasses.replace(result, call_seconds=times, retries={"ecs:DescribeServices": 1}))


def test_what_is_written_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(data())


@pytest.mark.parametrize(
    ("key", "value"), [("schema", 2), ("suite", "other"), ("commit", "main"), ("more", 1), ("verdicts", [{}])]
)
def test_what_is_not_a_result_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        VALIDATOR.validate({**data(), key: value})
