"""Root modules as other people write them, applied as they are with the real Terraform and provider."""

import contextlib
import hashlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from skyworthy.cli import skyworthy
from skyworthy.errors import BadInput
from skyworthy.sandbox.server import Sandbox, running
from skyworthy.sandbox.terraform import driver, workspace

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(not (shutil.which("terraform") or shutil.which("tofu")), reason="terraform is not on the PATH"),
]
STACKS = Path(__file__).parent / "stacks"
"""What they need to exist, and pins that nothing here meets, stand in them on purpose."""


@pytest.fixture(scope="module")
def account() -> Iterator[Sandbox]:
    with running() as started:
        yield started


def _tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


class TestAdopted:
    """Foreign account, old pins, no values: with --fill and --loosen-pins it applies."""

    def test_it_applies_and_says_what_it_took(self, account: Sandbox) -> None:
        before, told = _tree(STACKS), list[str]()
        options = driver.Options(fill=True, loosen_pins=True, tell=told.append)

        with driver.opened(STACKS / "adopted" / "root", account, options) as copied:
            applied = copied.apply()
            empty, plan = copied.plan_is_empty()

            assert empty, plan
            assert applied.unimplemented == {}
            assert _tree(STACKS) == before
            values = {
                name: account.client("ssm", "eu-west-1").get_parameter(Name=f"/acme/{name}")["Parameter"]["Value"]
                for name in ("network", "certificate", "credentials")
            }
            topics = {
                region: [each["TopicArn"] for each in account.client("sns", region).list_topics()["Topics"]]
                for region in ("eu-west-1", "us-east-1")
            }
            roots = [entry for entry in told if entry.startswith(("loosened: ", "filled: variable "))]
            copied.destroy()

        assert [entry.partition(" (")[0].rpartition("adopted/")[2] for entry in roots] == [
            "root/main.tf:5: Terraform ~> 1.5.0",
            "root/main.tf:8: hashicorp/aws >= 4.0, < 5.0",
            "edge/main.tf:3: hashicorp/aws ~> 4.67",
            "filled: variable alert_email",
            "filled: variable environment",
            "filled: variable db_password",
            "filled: variable subnet_ids",
        ]
        assert any("profile of provider aws does not count" in entry for entry in told)
        assert values["certificate"].startswith(f"arn:aws:acm:eu-west-1:{account.account_id}:certificate/")
        assert values["credentials"] == "placeholder placeholder-Dummy-0"
        assert values["network"].startswith("vpc-")
        assert values["network"].count("subnet-") == 3
        assert topics == {
            "eu-west-1": [
                f"arn:aws:sns:eu-west-1:{account.account_id}:ops",
                f"arn:aws:sns:eu-west-1:{account.account_id}:edge",
            ],
            "us-east-1": [f"arn:aws:sns:us-east-1:{account.account_id}:edge"],
        }

    def test_without_the_options_each_is_named_at_once(self, account: Sandbox) -> None:
        root = STACKS / "adopted" / "root"

        with pytest.raises(BadInput, match=r"main\.tf:5: Terraform ~> 1\.5\.0 .*\n.*\n.*\n--loosen-pins lets any"):
            driver.apply(root, account)
        with pytest.raises(BadInput, match=r"4 required variables have no value:\n- alert_email \(string"):
            driver.apply(root, account, driver.Options(loosen_pins=True))


def test_services_that_moto_lacks_are_settled_after_the_apply() -> None:
    with running() as account, driver.opened(STACKS / "services", account) as copied:
        applied = copied.apply()
        empty, plan = copied.plan_is_empty()
        copied.destroy()

    assert applied.unimplemented == {}
    assert empty, plan


@pytest.fixture
def unknown(tmp_path: Path) -> Path:
    """A root with an operation that nothing answers, beside a load balancer that takes a minute."""
    (tmp_path / "main.tf").write_text(
        'data "aws_subnets" "default" {\n  filter {\n    name   = "default-for-az"\n    values = ["true"]\n  }\n}\n\n'
        'resource "aws_lb" "slow" {\n  name    = "slow"\n  subnets = data.aws_subnets.default.ids\n}\n\n'
        'resource "aws_oam_sink" "lacking" {\n  name = "lacking"\n}\n'
    )
    return tmp_path


def test_operation_that_nothing_answers_stops_the_apply(unknown: Path, account: Sandbox) -> None:
    told: list[str] = []

    with pytest.raises(BadInput) as raised:
        driver.apply(unknown, account, driver.Options(tell=told.append))

    message = str(raised.value)
    assert f"{unknown}/main.tf:13: aws_oam_sink.lacking: " in message
    assert "- oam:CreateSink (moto has no such service)" in message
    assert told[-2:] == [
        "not implemented by the sandbox: oam:CreateSink (moto has no such service), needed by aws_oam_sink.lacking",
        "stopping: Terraform ends what it has begun",
    ]


DRIVER = """\
import sys
from pathlib import Path
from skyworthy.sandbox.terraform import driver
from skyworthy.sandbox.server import running

with running() as account, driver.opened(Path(sys.argv[1]), account) as copied:
    print(copied.folder, flush=True)
    copied.apply(lambda step: print(step.state, step.address, flush=True))
"""


def _at_work(home: Path) -> list[str]:
    """Command lines of the processes that stand in a folder or name it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (process / "cmdline").read_text().replace("\0", " ")
            if str(home) in line or str((process / "cwd").readlink()).startswith(str(home)):
                found.append(line)
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc to see processes in")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_of_an_apply_that_is_ended(unknown: Path, number: signal.Signals) -> None:
    (unknown / "main.tf").write_text((unknown / "main.tf").read_text().partition('resource "aws_oam')[0])
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(unknown)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        home = Path(child.stdout.readline().strip()).parents[0]
        while not child.stdout.readline().startswith("started aws_lb.slow"):
            pass
        before = _at_work(home)
        child.send_signal(number)
        child.wait()
    give_up = time.monotonic() + 30.0
    while (_at_work(home) or home.exists()) and time.monotonic() < give_up:
        time.sleep(0.1)

    assert any(line.startswith(driver.executable()) for line in before)
    assert any("terraform-provider-aws" in line for line in before)
    assert _at_work(home) == []
    assert not home.exists()


def test_provider_that_the_mirror_lacks_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "main.tf").write_text('resource "random_password" "db" {\n  length = 16\n}\n')
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv(workspace.MIRROR_VARIABLE, str(tmp_path / "mirror"))
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(skyworthy, ["sandbox", "apply", "root"])

    assert isinstance(result.exception, BadInput)
    assert "does not hold:\n- hashicorp/random, needed at root/main.tf:1\n" in str(result.exception)
    assert not list((tmp_path / ".skyworthy").glob("sandbox-*.json"))
