"""JUnit XML: the golden text of a small result, and the rules of the schema that importers share."""

import datetime
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyworthy.reports.junit import junit
from skyworthy.results import SuiteResult
from skyworthy.verdicts import Outcome, Verdict

GOLDEN = """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites name="skyworthy" tests="3" failures="1" errors="0" time="1.250">
  <testsuite name="static.staging" tests="3" failures="1" errors="0" skipped="1" time="1.250" \
timestamp="2026-03-01T10:30:15">
    <properties>
      <property name="environment" value="staging" />
      <property name="target" value="code" />
      <property name="commit" value="0123456789abcdef0123456789abcdef01234567" />
    </properties>
    <testcase classname="static.staging.rds" name="rds.storage-encrypted[module.rds.aws_db_instance.main]" \
time="0.000" file="terraform/modules/rds/main.tf" line="12">
      <properties>
        <property name="severity" value="high" />
        <property name="lens" value="declared" />
        <property name="title" value="Database storage is encrypted." />
        <property name="requirement" value="DAT-1" />
        <property name="standard" value="FSBP RDS.3" />
        <property name="standard" value="CKV_AWS_16" />
      </properties>
    </testcase>
    <testcase classname="static.staging.rds" name="rds.storage-encrypted[aws_db_instance.second]" time="0.000" \
file="terraform/modules/rds/main.tf" line="12">
      <properties>
        <property name="severity" value="high" />
        <property name="lens" value="declared" />
        <property name="title" value="Database storage is encrypted." />
        <property name="requirement" value="DAT-1" />
        <property name="standard" value="FSBP RDS.3" />
        <property name="standard" value="CKV_AWS_16" />
      </properties>
      <failure message="storage is not encrypted" type="high">terraform/modules/rds/main.tf:12: \
aws_db_instance.second: storage is not encrypted
rds.storage-encrypted (high): Database storage is encrypted.</failure>
    </testcase>
    <testcase classname="static.staging.alb" name="alb.two-zones[stack]" time="0.000">
      <properties>
        <property name="severity" value="low" />
        <property name="lens" value="declared" />
      </properties>
      <skipped message="unknown: variable zones has no value" type="unknown" />
    </testcase>
    <system-out>a module is not local</system-out>
  </testsuite>
</testsuites>
"""


def test_a_small_result_gives_exactly_this_file(
    result: Callable[..., SuiteResult], verdict: Callable[..., Verdict]
) -> None:
    text = junit(
        result(
            verdict(),
            verdict(Outcome.FAIL, "storage is not encrypted", address="aws_db_instance.second"),
            verdict(
                Outcome.UNKNOWN,
                "variable zones has no value",
                control="alb.two-zones",
                address="stack",
                location=None,
                severity="low",
                title="",
                refs=(),
            ),
            notes=("a module is not local",),
        )
    )
    assert text == GOLDEN


@pytest.mark.parametrize(
    ("outcome", "tag", "message"),
    [
        (Outcome.FAIL, "failure", "too open"),
        (Outcome.ERROR, "error", "too open"),
        (Outcome.UNKNOWN, "skipped", "unknown: too open"),
        (Outcome.WAIVED, "skipped", "waived: too open"),
        (Outcome.NOT_APPLICABLE, "skipped", "not applicable: too open"),
    ],
)
def test_each_outcome_has_its_element(
    outcome: Outcome, tag: str, message: str, result: Callable[..., SuiteResult], verdict: Callable[..., Verdict]
) -> None:
    tree = parse(junit(result(verdict(outcome, "too open"))))
    check_schema(tree)
    (case,) = tree.iter("testcase")
    (element,) = [item for item in case if item.tag != "properties"]
    assert (element.tag, element.get("message")) == (tag, message)


def test_the_region_is_a_property_and_stands_in_the_message(
    result: Callable[..., SuiteResult], verdict: Callable[..., Verdict]
) -> None:
    tree = parse(junit(result(verdict(Outcome.FAIL, "too open", region="eu-west-1"))))
    check_schema(tree)
    (case,) = tree.iter("testcase")
    assert [item.get("value") for item in case.iter("property") if item.get("name") == "region"] == ["eu-west-1"]
    assert "module.rds.aws_db_instance.main (eu-west-1): too open" in str(case.findtext("failure"))


def test_a_result_without_verdicts_is_valid_and_counts_none(result: Callable[..., SuiteResult]) -> None:
    tree = parse(junit(result(verdicts=())))
    check_schema(tree)
    assert tree.get("tests") == "0"


@given(hostile=st.text(st.characters(codec="utf-16")) | st.sampled_from(["\x00\x1b[31m", "]]>", "<&\"'>", "\ufffe"]))
def test_any_text_gives_a_valid_file(hostile: str) -> None:
    verdicts = tuple(
        Verdict("a.b", "declared", hostile, hostile, outcome, hostile, None, "low", hostile, (hostile,))
        for outcome in Outcome
    )
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    tree = parse(junit(SuiteResult("live", hostile, verdicts, 0.0, moment, notes=(hostile,))))
    check_schema(tree)


def test_characters_that_xml_cannot_hold_are_shown(
    result: Callable[..., SuiteResult], verdict: Callable[..., Verdict]
) -> None:
    tree = parse(junit(result(verdict(Outcome.FAIL, "red: \x1b[31m, null: \x00"))))
    (failure,) = tree.iter("failure")
    assert failure.get("message") == r"red: \x1b[31m, null: \x00"


def parse(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - our own file


def check_schema(root: ElementTree.Element) -> None:
    """The rules of the common schema: which element stands where, which attributes it must and may have."""
    numbers = {name: re.compile(r"\d+") for name in ("tests", "failures", "errors")}
    time = {"time": re.compile(r"\d+\.\d{3}")}
    required = {
        "testsuites": {"name": re.compile(".+"), **numbers, **time},
        "testsuite": {
            "name": re.compile(".+", re.DOTALL),
            "timestamp": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
            **numbers,
            "skipped": re.compile(r"\d+"),
            **time,
        },
        "testcase": {"name": re.compile(".+", re.DOTALL), "classname": re.compile(".+", re.DOTALL), **time},
        "failure": {"type": re.compile(".+")},
        "error": {"type": re.compile(".+")},
        "property": {"name": re.compile(".+"), "value": re.compile(".*", re.DOTALL)},
    }
    optional = {"testcase": {"file", "line"}, "failure": {"message"}, "error": {"message"}}
    children = {
        "testsuites": r"(testsuite )*",
        "testsuite": r"(properties )?(testcase )*(system-out )?(system-err )?",
        "testcase": r"(properties )?((skipped|error|failure) )?",
        "properties": r"(property )+",
    }
    for element in root.iter():
        demanded = required.get(element.tag, {})
        for name, pattern in demanded.items():
            assert pattern.fullmatch(element.get(name, "")), f"{element.tag} {name}={element.get(name)!r}"
        if element.tag != "skipped":
            assert set(element.keys()) <= set(demanded) | optional.get(element.tag, set())
        inner = "".join(f"{child.tag} " for child in element)
        assert re.fullmatch(children.get(element.tag, ""), inner), f"{element.tag} holds {inner}"
    for suite in root.iter("testsuite"):
        cases = list(suite.iter("testcase"))
        found = [sum(case.find(tag) is not None for case in cases) for tag in ("failure", "error", "skipped")]
        assert [int(suite.get(name, "")) for name in ("failures", "errors", "skipped")] == found
        assert suite.get("tests") == str(len(cases))
