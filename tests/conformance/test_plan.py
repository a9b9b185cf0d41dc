"""The reading of the reference stack agrees with the plan that real Terraform makes with the real provider."""

import shutil
from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.estate import Reference, Resource, Template, Unknown, Value
from skyworthy.sandbox import seed, terraform, workspace
from skyworthy.sandbox.server import running

PROJECT = Path(__file__).parents[2]

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def _blank(value: Value) -> bool:
    return isinstance(value, (Unknown, Reference, Template))


def _differences(place: str, read: Value, planned: Value) -> list[str]:
    """Where two values differ that are known on both sides; null, empty and false are how a plan says "not set"."""
    if _blank(read) or _blank(planned) or (not read and not planned):
        return []
    if isinstance(read, dict) and isinstance(planned, dict):
        return [
            line
            for name in sorted(read.keys() | planned.keys())
            for line in _differences(f"{place}.{name}", read.get(name), planned.get(name))
        ]
    if isinstance(read, list) and isinstance(planned, list) and len(read) == len(planned):
        return _differences_of_lists(place, read, planned)
    return [] if str(read) == str(planned) else [f"{place}: read {read!r}, planned {planned!r}"]


def _differences_of_lists(place: str, read: list[Value], planned: list[Value]) -> list[str]:
    """Each item finds its like, since the sets of a plan stand in an order of their own."""
    left = list(planned)
    lines: list[str] = []
    for at, item in enumerate(read):
        rows = [_differences(f"{place}[{at}]", item, other) for other in left]
        best = min(range(len(rows)), key=lambda row: len(rows[row]))
        lines += rows[best]
        del left[best]
    return lines


def _compared(read: Resource, planned: Resource) -> list[str]:
    names = (read.attributes.keys() | planned.attributes.keys()) - {"timeouts"}
    return [
        line
        for name in sorted(names)
        for line in _differences(f"{read.address}.{name}", read.peek(name), planned.peek(name))
    ]


@pytest.mark.skipif(not (shutil.which("terraform") or shutil.which("tofu")), reason="terraform is not on the PATH")
@pytest.mark.parametrize("environment", ["production", "staging"])
def test_reading_agrees_with_the_plan(environment: str, tmp_path: Path) -> None:
    root = PROJECT / "terraform" / "environments" / environment
    var_files = [root / workspace.SANDBOX_VARIABLES]
    with running(environment) as sandbox, terraform.opened(root, sandbox) as copied:
        copied._run("init", "-no-color", "-input=false")
        seed.prerequisites(copied.folder, sandbox, var_files)
        file = tmp_path / "plan"
        copied._run("plan", "-no-color", "-input=false", f"-out={file}", *copied.inputs)
        (tmp_path / "plan.json").write_text(copied._run("show", "-json", str(file)).stdout, "utf-8")
    planned = {resource.address: resource for resource in declared.read_plan(tmp_path / "plan.json")}
    read = {resource.address: resource for resource in declared.read(root, var_files=var_files)}

    assert {address for address, resource in read.items() if not resource.data} == {
        address for address, resource in planned.items() if not resource.data
    }
    assert len(planned) > 100
    differences = [
        line
        for address, resource in planned.items()
        if not resource.data
        for line in _compared(read[address], resource)
    ]
    assert differences == []
