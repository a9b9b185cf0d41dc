"""One observation for several processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Location, Note, Reference, Resource, Unknown
from skyworthy.observed import Observation, observe_once

ESTATE = Estate(
    (
        Resource("aws_vpc.a", "aws_vpc", {"id": "vpc-1", "tags": {"Name": "a"}}, Location("main.tf", 3)),
        Resource("aws_vpc.b", "aws_vpc", {}, blank=Unknown("denied: x", denied=True)),
        Resource("aws_vpc(by-hand)", "aws_vpc", {"id": "vpc-2", "owner": Unknown("no")}),
    ),
    origin="observed",
    name="staging",
    notes=(Note("a note"),),
    unread={"aws_lb": Unknown("denied: y", denied=True)},
)
SEEN = Observation(
    ESTATE,
    missing=(Resource("aws_lb.c", "aws_lb", {"name": Reference("aws_vpc.a", "id")}, Location("lb.tf", 9)),),
    unmanaged=(ESTATE.get("aws_vpc(by-hand)"),),  # type: ignore[arg-type]
    undecided={"aws_vpc.b": Unknown("two fit")},
    calls={"ec2:DescribeVpcs": 1},
    seconds=1.5,
    account="123456789012",
    region="us-east-1",
    notes=("a note",),
)


def test_the_second_process_reads_what_the_first_saw(tmp_path: Path) -> None:
    made: list[int] = []

    def observe() -> Observation:
        made.append(1)
        return SEEN

    assert observe_once(tmp_path, "staging", observe) is SEEN
    again = observe_once(tmp_path, "staging", observe)
    assert made == [1]
    assert [item.address for item in again.estate] == [item.address for item in ESTATE]
    first = again.estate.get("aws_vpc.a")
    assert first is not None
    assert (first["tags"], str(first.location)) == ({"Name": "a"}, "main.tf:3")
    assert again.estate.get("aws_vpc.b").peek("x").denied  # type: ignore[union-attr]
    assert again.estate.unread["aws_lb"].reason == "denied: y"
    assert [(item.address, str(item.location)) for item in again.missing] == [("aws_lb.c", "lb.tf:9")]
    assert again.unmanaged == (again.estate.get("aws_vpc(by-hand)"),)
    assert {key: why.reason for key, why in again.undecided.items()} == {"aws_vpc.b": "two fit"}
    assert (again.calls, again.seconds, again.account, again.region, again.notes, again.estate.origin) == (
        {"ec2:DescribeVpcs": 1}, 1.5, "123456789012", "us-east-1", ("a note",), "observed",
    )  # fmt: skip


def test_another_key_is_another_observation(tmp_path: Path) -> None:
    observe_once(tmp_path, "staging", lambda: SEEN)
    other = Observation(Estate(()), account="1")
    assert observe_once(tmp_path, "production", lambda: other) is other


def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    def fail() -> Observation:
        raise BadInput("nothing answers")

    with pytest.raises(BadInput, match="nothing answers"):
        observe_once(tmp_path, "staging", fail)
    assert observe_once(tmp_path, "staging", lambda: SEEN) is SEEN


PROGRAM = """
import sys
from pathlib import Path
from skyworthy.estate import Estate
from skyworthy.observed import Observation, observe_once

folder = Path(sys.argv[1])

def observe():
    with (folder / "log").open("a") as log:
        log.write("observed\\n")
    return Observation(Estate(()), account="123456789012")

print(observe_once(folder / "cache", "key", observe).account)
"""


def test_processes_that_start_together_observe_once(tmp_path: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate()[0] for process in running] == ["123456789012\n"] * 3
    assert (tmp_path / "log").read_text() == "observed\n"
    (file,) = (path for path in (tmp_path / "cache").iterdir() if path.suffix == ".json")
    assert json.loads(file.read_text())["account"] == "123456789012"
