"""Tags are recorded in one order, whatever the client's."""

import pytest

from skyworthy.sandbox.account import tags

FORM = {
    "Action": "CreateVpc",
    "TagSpecification.1.Tag.1.Key": "b",
    "TagSpecification.1.Tag.1.Value": "2",
    "TagSpecification.1.Tag.2.Key": "a",
    "TagSpecification.1.Tag.2.Value": "1",
}


@pytest.mark.parametrize(
    ("body", "ordered"),
    [
        (
            {"form": FORM},
            {
                "form": {
                    "Action": "CreateVpc",
                    "TagSpecification.1.Tag.1.Key": "a",
                    "TagSpecification.1.Tag.1.Value": "1",
                    "TagSpecification.1.Tag.2.Key": "b",
                    "TagSpecification.1.Tag.2.Value": "2",
                }
            },
        ),
        (
            {"json": {"tags": [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}], "names": ["b", "a"]}},
            {"json": {"tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}], "names": ["b", "a"]}},
        ),
        (
            {"json": {"environment": [{"name": "b", "value": "2"}, {"name": "a", "value": "1"}]}},
            {"json": {"environment": [{"name": "b", "value": "2"}, {"name": "a", "value": "1"}]}},
        ),
        (
            {"text": "<TagSet><Tag><Key>b</Key></Tag><Tag><Key>a</Key></Tag></TagSet>"},
            {"text": "<TagSet><Tag><Key>a</Key></Tag><Tag><Key>b</Key></Tag></TagSet>"},
        ),
        ({"base64": "AA=="}, {"base64": "AA=="}),
        ({}, {}),
    ],
    ids=["form", "json", "other-lists", "xml", "binary", "empty"],
)
def test_tags_are_sorted_and_nothing_else(body: dict[str, object], ordered: dict[str, object]) -> None:
    assert tags.in_order(body) == ordered
    assert tags.in_order(ordered) == ordered
