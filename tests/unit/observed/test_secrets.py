"""Secret values leave no trace: not in text, JSON, pickles, caches, or what a debugger shows."""

import json
import pickle

import pytest

from skyworthy.estate import Estate
from skyworthy.observed import SecretValue, Session, observe
from skyworthy.observed.secrets import conceal, conceal_document, is_placeholder

CANARY = "planted-canary-0f1e2d3c4b5a"


def test_a_secret_value_is_compared_and_not_shown() -> None:
    value = conceal(CANARY)
    assert (bool(value), value.empty, value.placeholder, str(value), repr(value), f"{value}") == (
        True, False, False, "(secret)", "(secret)", "(secret)",
    )  # fmt: skip
    assert value.matches(CANARY)
    assert not value.matches(CANARY + "x")
    assert value == conceal(CANARY)
    assert value != conceal("other")


def test_an_empty_value_is_false() -> None:
    assert [bool(conceal(text)) for text in ("", " \n", "x")] == [False, False, True]
    assert repr(conceal("")) == "(secret, empty)"


def test_a_value_of_which_only_the_presence_is_known() -> None:
    assert bool(SecretValue())
    assert not SecretValue().matches("")


@pytest.mark.parametrize("trace", [pickle.dumps, repr, lambda value: repr(vars(value))], ids=["pickle", "repr", "vars"])
def test_nothing_of_it_can_be_had(trace: object) -> None:
    left = trace(conceal_document(json.dumps({"KEY": CANARY}))["KEY"])  # type: ignore[operator]
    assert CANARY not in (left if isinstance(left, str) else left.decode("latin-1"))


def test_a_document_is_concealed_by_key() -> None:
    document = conceal_document('{"A": "x", "B": 5, "C": {"d": "e"}}')
    assert document.keys() == {"A", "B", "C"}
    assert [document["A"].matches("x"), document["B"].matches("5"), document["C"].matches('{"d": "e"}')] == [True] * 3
    assert conceal_document("not json").matches("not json")
    assert conceal_document("[1]").matches("[1]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("changeme", True),
        ("CHANGE-ME", True),
        ("replace_me_please", False),
        ("replace me, please", True),
        ("<token>", True),
        ("your-api-key", True),
        ("xxxx", True),
        ("TODO", True),
        ("password", True),
        ("sandbox-postgres-dummy", False),
        ("smtp.sandbox.invalid", False),
        (CANARY, False),
    ],
)
def test_placeholders(text: str, expected: bool) -> None:
    assert is_placeholder(text) is expected


def test_an_observation_holds_no_value(session: Session, stack: Estate, made: dict[str, str], token: str) -> None:
    seen = observe(session, stack, with_secrets=True)
    assert token not in repr(seen)
    version = seen.estate.get("aws_secretsmanager_secret_version.app")
    assert version is not None
    assert token.encode() not in pickle.dumps(version["secret_string"])
    assert version["secret_string"]["TOKEN"].matches(token)
