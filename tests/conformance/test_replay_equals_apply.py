"""The full inventory: two replays are the same account, and whatever changes in one is noticed.

That a replay equals the apply it was recorded from is held by ``test_sandbox``, by the same inventory.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skyworthy.sandbox import cassette, faults
from skyworthy.sandbox.server import Sandbox, running

PROJECT = Path(__file__).parents[2]
if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))

from tests.conformance.inventory import differences, inventory  # noqa: E402

pytestmark = pytest.mark.slow

TAPE = cassette.load(PROJECT / "cassettes" / "staging.jsonl")
ROOT = PROJECT / "terraform" / "environments" / "staging"
CHANGES = {
    "alarm-threshold-raised": "/attributes/module.monitoring.aws_cloudwatch_metric_alarm.ecs_cpu",
    "db-class-changed": "/listed/rds.describe_db_instances/DBInstances/0/DBInstanceClass",
    "kms-rotation-off": "/read/kms.GetKeyRotationStatus",
    "access-key-created": "/listed/iam.list_users/Users",
}
"""Fault -> a place at which the inventory shows it."""


def _replayed() -> Iterator[Sandbox]:
    with running("staging") as sandbox:
        cassette.replay(TAPE, sandbox)
        yield sandbox


@pytest.fixture(scope="module")
def replayed() -> Iterator[Sandbox]:
    yield from _replayed()


@pytest.fixture(scope="module")
def known(replayed: Sandbox) -> dict[str, Any]:
    return inventory(replayed, TAPE, ROOT)


def test_inventory_is_of_everything(known: dict[str, Any]) -> None:
    assert (known["missing"], known["unmanaged"]) == ([], [])
    assert len(known["attributes"]) > 100
    assert len(known["read"]) > 45
    assert len([name for name, answer in known["listed"].items() if isinstance(answer, dict)]) > 100


def test_another_replay_is_the_same_account(known: dict[str, Any]) -> None:
    for another in _replayed():
        assert list(differences(inventory(another, TAPE, ROOT), known)) == []


@pytest.mark.parametrize("id", CHANGES)
def test_whatever_changes_is_noticed(replayed: Sandbox, known: dict[str, Any], id: str) -> None:
    faults.inject_fault(replayed, id)
    try:
        found = list(differences(known, inventory(replayed, TAPE, ROOT)))
    finally:
        faults.heal(replayed)

    assert [line for line in found if line.startswith(CHANGES[id])], found[:20]
