"""Every fault of the catalogue against the live suite: red while it is in force, green again when it is healed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest
from tests.conformance.fault_trials import tool

from skyworthy.sandbox import faults

IDS = [fault.id for fault in faults.catalogue()]


@pytest.fixture(scope="module")
def tried() -> Iterator[Callable[[str], Any]]:
    """What the live suite says to a fault; each is tried once, each environment has one sandbox."""
    with ExitStack() as opened:
        bench = cache(lambda name: opened.enter_context(tool.bench(name)))
        by_id = {fault.id: fault for fault in faults.catalogue()}
        yield cache(lambda name: bench(tool.environment_of(by_id[name])).try_(by_id[name]))


@pytest.mark.slow
@pytest.mark.parametrize("id", IDS)
def test_fault_is_noticed_and_healed(tried: Callable[[str], Any], id: str) -> None:
    row = tried(id)

    assert row.healed, "after healing, a verdict is another than before the fault"
    if id in tool.WITHSTOOD:
        assert (row.red, row.refused) == ((), "")
    elif id in tool.NOT_SEEN_YET:
        assert not row.seen, (
            f"it is seen now, by {row.detected_by}: take it out of NOT_SEEN_YET in tools/faults_page.py"
        )
    else:
        assert row.red or row.refused, f"nothing is red; {row.hit} is broken"
        assert row.seen, f"red, but not on {row.hit}: {sorted({(item.control, item.address) for item in row.red})}"


@pytest.mark.slow
def test_page_of_faults_is_up_to_date(tried: Callable[[str], Any]) -> None:
    rows = [tried(id) for id in IDS]

    assert tool.PAGE.read_text("utf-8") == tool.page(rows), "write it anew: python tools/faults_page.py"


def test_exceptions_name_faults_of_the_catalogue() -> None:
    assert {*tool.NOT_SEEN_YET, *tool.WITHSTOOD, *tool.ELSEWHERE} <= set(IDS)
