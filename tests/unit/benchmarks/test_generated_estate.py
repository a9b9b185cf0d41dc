"""The generated Terraform and what ``sandbox fill`` puts into an account are the same estate."""

from collections.abc import Iterator
from typing import Any

import pytest
from benchmarks import generate

from skyworthy import declared
from skyworthy.estate import Estate, Reference, Template, Unknown
from skyworthy.observed import Observation, Session, observe
from skyworthy.sandbox import fill
from skyworthy.sandbox.server import running

RESOURCES = 50
"""Two services: what they share is seen twice."""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    folder = tmp_path_factory.mktemp("estate")
    assert generate.write(folder, RESOURCES) == 57
    return declared.read(folder)


@pytest.fixture(scope="module")
def seen(estate: Estate) -> Iterator[Observation]:
    with running() as sandbox:
        assert fill.fill(sandbox, RESOURCES) == 57
        yield observe(Session(endpoint_url=sandbox.url, target="sandbox", attempts=1), estate, with_details=True)


def test_terraform_counts_what_the_generator_says(estate: Estate) -> None:
    assert len([resource for resource in estate if not resource.data]) == 57


def test_account_holds_exactly_the_declared_resources(estate: Estate, seen: Observation) -> None:
    assert [resource.address for resource in seen.estate] == [resource.address for resource in estate]
    assert (seen.missing, seen.unmanaged, dict(seen.undecided), seen.notes) == ((), (), {}, ())


def test_what_is_declared_is_what_the_account_holds(estate: Estate, seen: Observation) -> None:
    compared, different = 0, []
    for resource in estate:
        there = seen.estate.get(resource.address)
        assert there is not None
        for name, value in resource.attributes.items():
            for place, wanted, found in _leaves(name, value, there.peek(name)):
                compared += 1
                if wanted != found:
                    different.append((resource.address, place, wanted, found))
    assert different == []
    assert compared > 200


def _leaves(place: str, declared: Any, there: Any) -> Iterator[tuple[str, Any, Any]]:
    """Each plain value that the code sets, beside what is there; AWS may add members to an object."""
    if isinstance(there, Unknown):
        return
    if isinstance(declared, dict) and isinstance(there, dict):
        for name, value in declared.items():
            yield from _leaves(f"{place}.{name}", value, there.get(name))
    elif isinstance(declared, list | tuple) and isinstance(there, list | tuple) and len(declared) == len(there):
        for index, pair in enumerate(zip(declared, there, strict=True)):
            yield from _leaves(f"{place}[{index}]", *pair)
    elif declared is not None and not isinstance(declared, Unknown | Reference | Template):
        yield place, declared, there


@pytest.mark.parametrize("resources", [1, 38, 39, 57, 1_000, 2_500])
def test_extent_is_the_smallest_that_suffices(resources: int) -> None:
    extent = fill.extent_of(resources)
    smaller = fill.Extent(extent.services[:-1])

    assert extent.resources >= resources
    assert len(extent.services) == 1 or smaller.resources < resources
