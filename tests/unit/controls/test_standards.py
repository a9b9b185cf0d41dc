"""Every rule of a standard that is asked for is answered by a control, or by a reason that still holds."""

import re
import tomllib
from importlib.resources import files

import pytest

from skyworthy.controls import catalogue, find_control
from skyworthy.controls.standards import answering, beyond, contradictions, find_rule, rules

LINES = tomllib.loads((files("skyworthy.controls") / "standards.toml").read_text("utf-8"))


def test_every_rule_has_a_control_or_a_reason_and_none_has_both() -> None:
    assert contradictions() == []


def test_what_is_asked_for_is_there_once() -> None:
    asked = [(standard, id) for standard, ids in LINES["asked"].items() for id in ids]
    assert len(asked) == len(set(asked))
    known = {(rule.standard, rule.name) for rule in rules()}
    assert set(asked) <= known
    assert {standard for standard, _ in asked} == {"FSBP", "CIS", "checkov"}


def test_a_reason_is_given_for_what_is_asked_for_only_and_names_controls_that_are_there() -> None:
    asked = {f"{standard} {id}".removeprefix("checkov ") for standard, ids in LINES["asked"].items() for id in ids}
    assert LINES["not_taken"].keys() - asked == set()
    named = [name for reason in LINES["not_taken"].values() for name in re.findall(r"\b[a-z]+\.[a-z][a-z-]+", reason)]
    assert named
    assert [name for name in named if find_control(name) is None] == []


def test_rules_are_in_the_order_in_which_people_count() -> None:
    names = [rule.name for rule in rules()]
    assert names.index("EC2.6") < names.index("EC2.10") < names.index("3.1") < names.index("CKV_AWS_16")
    assert names.index("CKV_AWS_16") < names.index("CKV_AWS_103")


@pytest.mark.parametrize("reference", ["FSBP RDS.3", "RDS.3", "rds.3", "2.3.1", "CKV_AWS_16", "checkov.CKV_AWS_16"])
def test_a_rule_is_found_by_its_id_and_by_what_the_standard_calls_it(reference: str) -> None:
    rule = find_rule(reference)
    assert rule is not None
    assert rule.controls == answering(reference)
    assert [each.id for each in rule.controls] == ["rds.encrypted-at-rest"]


def test_beyond_are_the_controls_that_no_rule_has() -> None:
    answered = {control.id for rule in rules() for control in rule.controls}
    assert {each.id for each in beyond()} == {each.id for each in catalogue()} - answered


def test_a_retired_rule_says_what_took_its_place() -> None:
    rule = find_rule("ECS.1")
    assert rule is not None
    assert (bool(rule.controls), "ECS.20" in rule.retired) == (True, True)
