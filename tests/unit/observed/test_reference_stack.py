"""The reference stack, rebuilt from its recording: everything is found, and is as the code says."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.behavior.drift import compare
from skyworthy.estate import Estate
from skyworthy.observed import Observation, Session, observe
from skyworthy.sandbox import cassette
from skyworthy.sandbox.server import running

ROOT = Path(__file__).parents[3]
MOST_CALLS = 60


@dataclass(frozen=True)
class Stack:
    declared: Estate
    seen: Observation


@pytest.fixture(scope="module", params=["staging", "production", "account"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    root = ROOT / "terraform" / "environments" / request.param
    estate = declared.read(root, declared.Inputs(tuple(root.glob("sandbox.tfvars"))))
    with running(request.param) as sandbox:
        cassette.replay(cassette.load(ROOT / "cassettes" / f"{request.param}.jsonl"), sandbox)
        session = Session(endpoint_url=sandbox.url, target="sandbox")
        session.identity()  # whose account it is, is asked and announced before anything is read
        yield Stack(estate, observe(session, estate, with_secrets=True))


def test_everything_is_there_and_nothing_else(stack: Stack) -> None:
    assert [item.address for item in stack.seen.missing] == []
    assert [item.address for item in stack.seen.unmanaged] == []
    assert dict(stack.seen.undecided) == {}
    assert stack.seen.notes == ()
    assert [item.address for item in stack.seen.estate] == [item.address for item in stack.declared]


def test_it_takes_few_calls(stack: Stack) -> None:
    assert sum(stack.seen.calls.values()) <= MOST_CALLS


def test_nothing_drifted(stack: Stack) -> None:
    managed = [item for item in stack.declared if not item.data]
    found = [compare(item, stack.declared, stack.seen.estate) for item in managed]
    assert [f"{item.declared.address}: {item}" for item in found if item is not None and item.differences] == []
    assert sum(item.compared for item in found if item is not None) > 2 * len(stack.declared)
    left_out = {item.address for item in stack.seen.estate if item.blank is not None and item.blank.left_out}
    for here, item in zip(managed, found, strict=True):
        assert here.address in left_out if item is None else item.compared, here.address
