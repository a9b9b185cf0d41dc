"""The reference stack, rebuilt from its recording: everything is found, and is as the code says."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skyworthy import declared
from skyworthy.estate import Estate, Reference, Template, Unknown, Value, is_known
from skyworthy.observed import Observation, SecretValue, Session, observe
from skyworthy.sandbox import cassette
from skyworthy.sandbox.server import running

ROOT = Path(__file__).parents[3]
MOST_CALLS = 60
EXPECTED_DIFFERENCES = {("aws_iam_openid_connect_provider", "url")}
"""AWS, and Terraform's state, keep an address without its scheme."""


@dataclass(frozen=True)
class Stack:
    declared: Estate
    seen: Observation


@pytest.fixture(scope="module", params=["staging", "production"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    root = ROOT / "terraform" / "environments" / request.param
    estate = declared.read(root, var_files=[root / "sandbox.tfvars"])
    with running(request.param) as sandbox:
        cassette.replay(cassette.load(ROOT / "cassettes" / f"{request.param}.jsonl"), sandbox)
        yield Stack(estate, observe(Session(endpoint_url=sandbox.url, target="sandbox"), estate, with_secrets=True))


def test_everything_is_there_and_nothing_else(stack: Stack) -> None:
    assert [item.address for item in stack.seen.missing] == []
    assert [item.address for item in stack.seen.unmanaged] == []
    assert dict(stack.seen.undecided) == {}
    assert stack.seen.notes == ()
    assert [item.address for item in stack.seen.estate] == [item.address for item in stack.declared]


def test_it_takes_few_calls(stack: Stack) -> None:
    assert sum(stack.seen.calls.values()) <= MOST_CALLS


def test_what_both_sides_know_is_the_same(stack: Stack) -> None:
    differences, compared = {}, 0
    for here in stack.declared:
        there = stack.seen.estate.get(here.address)
        assert there is not None
        for name in here.attributes.keys() & there.attributes.keys():
            compared += 1
            wanted = _resolved(here.attributes[name], stack.seen.estate)
            if not _agree(wanted, there.attributes[name]) and (here.type, name) not in EXPECTED_DIFFERENCES:
                differences[f"{here.address}.{name}"] = (wanted, there.attributes[name])
    assert differences == {}
    assert compared > 700


def _resolved(value: Value, estate: Estate) -> Value:
    """A declared value with what the account holds in the place of references."""
    if isinstance(value, Reference):
        target = estate.get(value.address)
        assert target is not None, f"{value} is not observed"
        return target.peek(value.attribute)
    if isinstance(value, Template):
        parts = [_resolved(part, estate) for part in value.parts]
        return "".join(parts) if all(isinstance(part, str) for part in parts) else value
    if isinstance(value, dict):
        return {key: _resolved(item, estate) for key, item in value.items()}
    return [_resolved(item, estate) for item in value] if isinstance(value, list) else value


def _agree(here: Any, there: Any) -> bool:
    """Whether two values are the same wherever both are known; the order of lists does not count."""
    if isinstance(here, dict) and isinstance(there, dict):
        return all(_agree(item, there.get(key)) for key, item in here.items())
    if isinstance(here, list) and isinstance(there, list):
        return len(here) == len(there) and all(any(_agree(item, other) for other in there) for item in here)
    if isinstance(there, SecretValue) and there.digest:
        return there.matches(str(here))
    if isinstance(there, (SecretValue, Unknown)) or not is_known(here) or not is_known(there):
        return True
    unset: tuple[Any, ...] = (None, "", 0, [], {})
    return here == there or str(here) == str(there) or (here in unset and there in unset)
