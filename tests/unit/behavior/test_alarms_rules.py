"""Rules of composite alarms, against what the PutCompositeAlarm page says of them."""

import itertools
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyworthy import declared
from skyworthy.behavior.alarms import MalformedRule, State, children_of, parse_rule, speakers_of
from skyworthy.estate import Template, Undecidable, Unknown, show

ALARM, OK, NO_DATA = State.ALARM, State.OK, State.INSUFFICIENT_DATA
STATES: Mapping[str, State] = {"a": ALARM, "b": OK, "c": NO_DATA, "high cpu": ALARM, 'it"s': ALARM}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ALARM(a)", ALARM),
        ("ALARM(b)", OK),
        ("OK(b)", ALARM),
        ("INSUFFICIENT_DATA(c)", ALARM),
        ("INSUFFICIENT_DATA(a)", OK),
        ("TRUE", ALARM),
        ("FALSE", OK),
        ("NOT FALSE", ALARM),
        ("NOT NOT ALARM(a)", ALARM),
        ("ALARM(a) AND OK(b)", ALARM),
        ("ALARM(a) AND ALARM(b)", OK),
        ("ALARM(b) OR INSUFFICIENT_DATA(c)", ALARM),
        # NOT before AND before OR
        ("TRUE OR TRUE AND FALSE", ALARM),
        ("(TRUE OR TRUE) AND FALSE", OK),
        ("NOT FALSE AND FALSE", OK),
        ("NOT (FALSE AND FALSE)", ALARM),
        ("NOT ALARM(b) OR FALSE", ALARM),
        ("(ALARM(a) AND (OK(b) OR ALARM(c))) AND NOT ALARM(c)", ALARM),
        ('ALARM("high cpu")', ALARM),
        ("ALARM('high cpu')", ALARM),
        ("ALARM(high cpu)", ALARM),
        ('ALARM("it\\"s")', ALARM),
        ("  ALARM ( a )\n  and\tok(b)  ", ALARM),
        # an alarm that is gone has no data
        ("ALARM(gone)", OK),
        ("INSUFFICIENT_DATA(gone)", ALARM),
        ("AT_LEAST(2, ALARM, (a, b, c))", OK),
        ("AT_LEAST(1, ALARM, (a, b, c))", ALARM),
        ("AT_LEAST(2, NOT ALARM, (a, b, c))", ALARM),
        ("AT_LEAST(50%, OK, (a, b))", ALARM),
        ("AT_LEAST(51%, OK, (a, b)) OR FALSE", OK),
    ],
)
def test_states(rule: str, expected: State) -> None:
    assert parse_rule(rule).state(STATES) is expected


def test_children_are_told_once_in_order() -> None:
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:cpu"
    rule = parse_rule(f'ALARM(b) OR (OK("a") AND ALARM("{arn}")) OR INSUFFICIENT_DATA("b")')
    assert rule.children == ("b", "a", arn)
    assert rule.state({arn: ALARM, "a": OK}) is ALARM


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("", "it ends too early"),
        ("ALARM(a) AND", "it ends too early"),
        ("ALARM(a", "it ends too early"),
        ("ALARM()", "it cannot be read at ')'"),
        ('ALARM("")', "it names an alarm without a name"),
        ("ALARM(a) ALARM(b)", "it cannot be read at 'ALARM(b)'"),
        ("ALARM(a) XOR ALARM(b)", "it cannot be read at 'XOR ALARM(b)'"),
        ("FIRING(a)", "it cannot be read at 'FIRING(a)'"),
        ("(TRUE", "it ends too early"),
        ("TRUE)", "it cannot be read at ')'"),
        ("AT_LEAST(ALARM, 2, (a))", "it cannot be read at ', 2, (a))'"),
        (" OR ".join(f"ALARM(a{number})" for number in range(101)), "it names 101 alarms, at most 100 are allowed"),
        ("(" * 200 + "TRUE" + ")" * 200, "it is nested deeper than 100 levels"),
        ("TRUE" + " " * 10240, "it has 10244 characters, at most 10240 are allowed"),
        (None, "it is no text"),
    ],
)
def test_what_cloudwatch_refuses(rule: str, why: str) -> None:
    with pytest.raises(MalformedRule) as refused:
        parse_rule(rule)
    assert str(refused.value) == why


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ALARM(a)", True),
        ("ALARM(a) AND ALARM(b)", True),
        ("ALARM(b) OR ALARM(a)", True),
        ("NOT OK(a)", True),
        ("ALARM(b) AND NOT ALARM(a)", False),
        ("ALARM(a) AND FALSE", False),
        ("ALARM(a) OR TRUE", False),
        ("OK(a)", False),
        ("AT_LEAST(2, ALARM, (a, b, c))", True),
        (" AND ".join(f"ALARM({name})" for name in "abcdefghijklmnop"), True),
        (" OR ".join(f"ALARM({name})" for name in "abcdefghijklmnop"), True),
    ],
)
def test_whether_a_child_sets_it_off(rule: str, expected: bool) -> None:
    assert parse_rule(rule).set_off_by("a") is expected


def test_an_unknown_part_is_undecidable() -> None:
    with pytest.raises(Undecidable, match="no value"):
        parse_rule(Template(("ALARM(", Unknown("variable name has no value"), ")")))


NAMES = st.sampled_from(["a", "b", "c"])
LEAVES = st.one_of(
    st.sampled_from(["TRUE", "FALSE"]), st.builds(lambda state, name: f"{state}({name})", st.sampled_from(State), NAMES)
)
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda one, word, two: f"({one} {word} {two})", inner, st.sampled_from(["AND", "OR"]), inner),
        st.builds(lambda one: f"NOT ({one})", inner),
    ),
    max_leaves=8,
)
WORLDS = [dict(zip("abc", states, strict=True)) for states in itertools.product(State, repeat=3)]


@given(RULES, st.sampled_from(WORLDS))
def test_rules_obey_the_laws_of_logic(rule: str, world: dict[str, State]) -> None:
    def state(text: str) -> State:
        return parse_rule(text).state(world)

    assert state(f"NOT ({rule})") is not state(rule)
    assert state(f"({rule}) AND TRUE") is state(f"({rule}) OR FALSE") is state(rule)
    assert state(f"({rule}) AND NOT ({rule})") is OK


COMPOSITES = """
resource "aws_cloudwatch_metric_alarm" "node" {
  for_each            = toset(["001", "002"])
  alarm_name          = "cpu-${each.key}"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
}

resource "aws_cloudwatch_composite_alarm" "by_arn" {
  alarm_name = "by-arn"
  alarm_rule = join(" OR ", [for alarm in aws_cloudwatch_metric_alarm.node : "ALARM(\\"${alarm.arn}\\")"])
}

resource "aws_cloudwatch_composite_alarm" "above" {
  alarm_name = "above"
  alarm_rule = "ALARM(${aws_cloudwatch_composite_alarm.by_arn.alarm_name}) AND NOT ALARM(maintenance)"
}
"""


def test_composites_stand_above_the_alarms_that_they_name(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(COMPOSITES, "utf-8")
    estate = declared.read(tmp_path)
    alarm = estate.get('aws_cloudwatch_metric_alarm.node["002"]')
    above = estate.get("aws_cloudwatch_composite_alarm.above")
    assert alarm is not None
    assert above is not None
    assert [item.address for item in speakers_of(alarm, estate)] == [
        'aws_cloudwatch_metric_alarm.node["002"]',
        "aws_cloudwatch_composite_alarm.by_arn",
        "aws_cloudwatch_composite_alarm.above",
    ]
    named = {show(child): alarm and alarm.address for child, alarm in children_of(above, estate).items()}
    assert named == {"by-arn": "aws_cloudwatch_composite_alarm.by_arn", "maintenance": None}
