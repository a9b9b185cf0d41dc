"""Paging, and calls that are made once; with answers queued in botocore's Stubber, since moto does not page them."""

import time
from typing import Any

import pytest
from botocore.stub import Stubber

from skyworthy.observed import Session
from skyworthy.observed.calls import Caller, NoAnswer, items_of


@pytest.fixture
def offline() -> Session:
    return Session(endpoint_url="http://127.0.0.1:9", target="sandbox", attempts=1)


def _caller(session: Session) -> Caller:
    return Caller(session, time.monotonic() + 60)


def _alarm(name: str) -> dict[str, str]:
    return {"AlarmName": name}


def test_all_pages_of_a_paginator_are_read(offline: Session) -> None:
    with Stubber(offline.client("cloudwatch")) as stub:
        for token, names, following in ((None, "ab", "2"), ("2", "cd", "3"), ("3", "e", None)):
            answer: dict[str, Any] = {"MetricAlarms": [_alarm(name) for name in names]}
            answer |= {"NextToken": following} if following else {}
            stub.add_response("describe_alarms", answer, {"NextToken": token} if token else {})
        pages = _caller(offline).pages("cloudwatch", "DescribeAlarms", {})
        assert "".join(item["AlarmName"] for item in items_of(pages, "MetricAlarms")) == "abcde"
        stub.assert_no_pending_responses()


def test_pages_of_an_operation_without_paginator_are_read_by_its_token(offline: Session) -> None:
    client = offline.client("wafv2")
    assert not client.can_paginate("list_web_acls")
    with Stubber(client) as stub:
        stub.add_response("list_web_acls", {"WebACLs": [{"Name": "a"}], "NextMarker": "m"}, {"Scope": "REGIONAL"})
        stub.add_response("list_web_acls", {"WebACLs": [{"Name": "b"}]}, {"Scope": "REGIONAL", "NextMarker": "m"})
        pages = _caller(offline).pages("wafv2", "ListWebACLs", {"Scope": "REGIONAL"})
        assert [item["Name"] for item in items_of(pages, "WebACLs")] == ["a", "b"]


def test_a_token_that_comes_twice_is_a_failure_and_not_an_end(offline: Session) -> None:
    with Stubber(offline.client("wafv2")) as stub:
        for _ in range(2):
            stub.add_response("list_web_acls", {"WebACLs": [], "NextMarker": "m"})
        with pytest.raises(NoAnswer) as raised:
            _caller(offline).pages("wafv2", "ListWebACLs", {"Scope": "REGIONAL"})
    assert raised.value.unknown.denied
    assert "the next token 'm' came twice" in raised.value.unknown.reason


def test_a_failing_page_is_no_answer_at_all(offline: Session) -> None:
    with Stubber(offline.client("cloudwatch")) as stub:
        stub.add_response("describe_alarms", {"MetricAlarms": [_alarm("a")], "NextToken": "2"})
        stub.add_client_error("describe_alarms", "Throttling", "Rate exceeded", 400)
        with pytest.raises(NoAnswer, match="throttled: cloudwatch:DescribeAlarms"):
            _caller(offline).pages("cloudwatch", "DescribeAlarms", {})


def test_the_same_call_is_made_once(offline: Session) -> None:
    caller = _caller(offline)
    with Stubber(offline.client("cloudwatch")) as stub:
        stub.add_response("describe_alarms", {"MetricAlarms": [_alarm("a")]})
        assert caller.pages("cloudwatch", "DescribeAlarms", {}) is caller.pages("cloudwatch", "DescribeAlarms", {})


def test_nothing_is_called_after_the_deadline(offline: Session) -> None:
    with pytest.raises(NoAnswer, match="not read in time: cloudwatch:DescribeAlarms came after the deadline"):
        Caller(offline, time.monotonic() - 1).pages("cloudwatch", "DescribeAlarms", {})
    assert offline.calls.total == 0


def test_one_object_that_comes_in_pages_is_one_item() -> None:
    pages = [
        {"Parameters": [{"ParameterName": "a"}], "Group": {"Name": "pg", "Lists": [1]}, "Marker": "2"},
        {"Parameters": [{"ParameterName": "b"}], "Group": {"Name": "pg", "Lists": [2]}},
    ]

    (item,) = items_of(pages, "{Parameters: Parameters, Group: Group}")

    assert [each["ParameterName"] for each in item["Parameters"]] == ["a", "b"]
    assert item["Group"] == {"Name": "pg", "Lists": [1, 2]}
