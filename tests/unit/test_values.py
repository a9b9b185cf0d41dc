"""Values that are not known end every decision."""

import operator
import re
from collections.abc import Callable
from typing import Any

import pytest

from skyworthy.estate import Reference, Template, Undecidable, Unknown, is_known, references, split_text, text_of
from skyworthy.estate.codec import decode_value, encode_value

UNKNOWN = Unknown("variable size has no value")
ARN = Reference("module.secrets.aws_secretsmanager_secret.main", "arn")
VALUE_FROM = Template((ARN, ":SECRET_KEY::"))

DECISIONS: dict[str, Callable[[Any], object]] = {
    "truth": bool,
    "equality": lambda value: value == "db.t3.micro",
    "inequality": lambda value: value != 3,
    "order": lambda value: value > 3,
    "membership": lambda value: "a" in value,
    "length": len,
    "iteration": list,
    "item": lambda value: value["Statement"],
    "method": lambda value: value.startswith("db."),
    "arithmetic": lambda value: value * 60,
    "reversed arithmetic": lambda value: 60 - value,
    "number": int,
    "in a list": lambda value: value in ["a", "b"],
    "index": lambda value: operator.getitem([1], value),
}


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_nothing_can_be_decided_on_an_unknown(decide: Callable[[Any], object]) -> None:
    with pytest.raises(Undecidable, match="variable size has no value"):
        decide(UNKNOWN)


@pytest.mark.parametrize("decide", [DECISIONS[name] for name in DECISIONS if name != "truth"])
def test_a_reference_is_true_and_otherwise_undecidable(decide: Callable[[Any], object]) -> None:
    assert ARN
    with pytest.raises(Undecidable, match=r"aws_secretsmanager_secret\.main\.arn is known after apply"):
        decide(ARN)


def test_references_are_equal_by_address_and_attribute() -> None:
    assert Reference("aws_lb.main", "arn") == Reference("aws_lb.main", "arn")
    assert Reference("aws_lb.main", "arn") != Reference("aws_lb.main", "id")
    assert Reference("aws_lb.main", "arn") != None  # noqa: E711 - null is decidable: a reference has a value


def test_a_template_decides_on_its_literal_parts_only() -> None:
    assert VALUE_FROM.endswith(":SECRET_KEY::")
    assert not VALUE_FROM.endswith(":OTHER::")
    with pytest.raises(Undecidable):
        VALUE_FROM.startswith("arn:")
    with pytest.raises(Undecidable):
        VALUE_FROM.endswith("a longer suffix:SECRET_KEY::")
    with pytest.raises(Undecidable):
        assert VALUE_FROM == "arn:aws:secretsmanager:us-east-1:123456789012:secret:x:SECRET_KEY::"


def test_denied_survives_the_way_to_the_verdict() -> None:
    with pytest.raises(Undecidable) as caught:
        bool(Unknown("rds:DescribeDBInstances was denied", denied=True))
    assert caught.value.denied


def test_text_of_merges_literals_and_unwraps() -> None:
    assert text_of(["a", "", "b"]) == "ab"
    assert text_of([]) == ""
    assert text_of(["", ARN, ""]) is ARN
    assert text_of([ARN, ":SECRET", "_KEY::"]) == VALUE_FROM


def test_split_text_makes_references_of_matches() -> None:
    pattern = re.compile(r"<(\w+\.\w+)\.(\w+)>")
    value = split_text("https://<aws_lb.main.dns_name>/health", pattern, lambda match: Reference(match[1], match[2]))
    assert value == Template(("https://", Reference("aws_lb.main", "dns_name"), "/health"))
    assert str(value) == "https://${aws_lb.main.dns_name}/health"


def test_references_are_found_at_any_depth() -> None:
    assert list(references({"Statement": [{"Resource": [VALUE_FROM, "*"]}, ARN]})) == [ARN, ARN]


@pytest.mark.parametrize("value", [UNKNOWN, ARN, VALUE_FROM, {"a": [UNKNOWN, 1, None, True, "x"]}])
def test_values_survive_json(value: object) -> None:
    assert encode_value(decode_value(encode_value(value))) == encode_value(value)
    assert not is_known(value)


def test_a_key_with_a_dollar_is_only_special_alone() -> None:
    assert decode_value({"$ref": "x", "other": 1}) == {"$ref": "x", "other": 1}
