"""Checkov itself, on small real roots; and programs in its place that fail as it might."""

import os
import re
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from skyworthy import checkov
from skyworthy.checkov.environment import EXECUTABLE_VARIABLE, child_environment, lock_text
from skyworthy.declared import Inputs
from skyworthy.errors import BadInput
from skyworthy.verdicts import Outcome

ROOT = """
variable "encrypted" {
  type = bool
}

module "rds" {
  source    = "../modules/db"
  encrypted = var.encrypted
}

module "copies" {
  for_each  = toset(["x"])
  source    = "../modules/db"
  encrypted = true
}

resource "aws_sqs_queue" "counted" {
  count = 2
  name  = "queue-${count.index}"
}
"""
DB = """variable "encrypted" {
  type = bool
}

resource "aws_db_instance" "main" {
  engine            = "postgres"
  storage_encrypted = var.encrypted
}

data "aws_iam_policy_document" "all" {
  statement {
    actions   = ["*"]
    resources = ["*"]
  }
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "stack/staging/main.tf", ROOT)
    write(tmp_path / "stack/staging/sandbox.tfvars", "encrypted = false\n")
    write(tmp_path / "stack/modules/db/main.tf", DB)
    return tmp_path / "stack/staging"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def program(path: Path, script: str) -> Path:
    write(path, f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def in_place_of_checkov(monkeypatch: pytest.MonkeyPatch, path: Path, script: str) -> None:
    monkeypatch.setenv(EXECUTABLE_VARIABLE, str(program(path, script)))


@pytest.mark.integration
def test_findings_bear_terraforms_addresses_and_the_places_of_the_blocks(root: Path, cache: Path) -> None:
    with checkov.start(root, Inputs((root / "sandbox.tfvars",)), cache=cache) as scan:
        findings = scan.findings()
    failed = {(item.check_id, item.address, item.file, item.line) for item in findings.failed}
    passed = {(item.check_id, item.address) for item in findings.passed}
    assert {item for item in failed if item[0] in ("CKV_AWS_16", "CKV_AWS_27", "CKV_AWS_1")} == {
        ("CKV_AWS_16", "module.rds.aws_db_instance.main", "../modules/db/main.tf", 5),
        ("CKV_AWS_27", "aws_sqs_queue.counted[0]", "main.tf", 17),
        ("CKV_AWS_27", "aws_sqs_queue.counted[1]", "main.tf", 17),
        ("CKV_AWS_1", "module.rds.data.aws_iam_policy_document.all", "../modules/db/main.tf", 10),
        ("CKV_AWS_1", 'module.copies["x"].data.aws_iam_policy_document.all', "../modules/db/main.tf", 10),
    }
    assert ("CKV_AWS_16", 'module.copies["x"].aws_db_instance.main') in passed
    assert findings.version == "3.3.30"
    assert findings.unparsed == ()
    assert findings.notes == ()


@pytest.mark.integration
def test_values_given_as_options_count_as_files_do(root: Path, cache: Path) -> None:
    by_file = checkov.start(root, Inputs((root / "sandbox.tfvars",)), cache=cache).findings()
    by_option = checkov.start(root, Inputs(variables={"encrypted": "false"}), cache=cache).findings()
    assert by_option.failed == by_file.failed
    assert by_option.failed != checkov.start(root, cache=cache).findings().failed


@pytest.mark.integration
def test_what_lies_below_the_root_but_is_not_reached_is_not_looked_at(tmp_path: Path, cache: Path) -> None:
    write(tmp_path / "main.tf", 'module "db" {\n  source    = "./modules/db"\n  encrypted = false\n}\n')
    write(tmp_path / "modules/db/main.tf", DB)
    write(tmp_path / "examples/basic/main.tf", 'module "root" {\n  source = "../.."\n}\n')
    write(tmp_path / "old/main.tf", 'resource "aws_s3_bucket" "broken" {\n')
    write(tmp_path / ".checkov.yaml", "skip-check:\n  - CKV_AWS_16\n")
    write(tmp_path / "more.tf.json", "{}")
    findings = checkov.start(tmp_path, cache=cache).findings()
    assert {item.address for item in (*findings.failed, *findings.passed)} == {
        "module.db.aws_db_instance.main",
        "module.db.data.aws_iam_policy_document.all",
    }
    assert "CKV_AWS_16" in {item.check_id for item in findings.failed}
    assert findings.unparsed == ()
    assert findings.notes == (
        "checkov does not read more.tf.json: it is JSON",
        ".checkov.yaml is not read: what is accepted stands in waivers.toml, with owner and expiry",
    )


@pytest.mark.integration
def test_a_file_that_cannot_be_parsed_and_a_remote_module_are_said(tmp_path: Path, cache: Path) -> None:
    write(tmp_path / "good.tf", 'module "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n')
    write(tmp_path / "bad.tf", 'resource "aws_s3_bucket" "main" {\n')
    scan = checkov.start(tmp_path, cache=cache)
    findings = scan.findings()
    assert findings.unparsed == ("bad.tf",)
    assert findings.notes == (
        "checkov does not look into the module terraform-aws-modules/vpc/aws: its source is not local",
    )
    unknown = [item for item in checkov.report(scan, [], root="staging").verdicts if item.outcome is Outcome.UNKNOWN]
    assert [(item.control, item.address, item.message) for item in unknown] == [
        ("checkov.parsing", "stack", "checkov cannot parse bad.tf: nothing in there was looked at")
    ]


@pytest.mark.integration
def test_a_root_without_anything_to_check_is_not_green(tmp_path: Path, cache: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    made = checkov.report(checkov.start(empty, cache=cache), [], root="staging")
    assert [(item.control, item.outcome, item.message) for item in made.verdicts] == [
        ("checkov.parsing", Outcome.UNKNOWN, "checkov found nothing to look at")
    ]


@pytest.mark.integration
def test_the_same_files_start_no_second_process_and_a_changed_one_does(
    root: Path, cache: Path, environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "started"
    in_place_of_checkov(
        monkeypatch, tmp_path / "bin/checkov", f'echo started >> "{log}"\nexec "{environment}/bin/checkov" "$@"'
    )

    def scan(*, encrypted: bool) -> checkov.Findings:
        write(root / "sandbox.tfvars", f"encrypted = {str(encrypted).lower()}\n")
        return checkov.start(root, Inputs((root / "sandbox.tfvars",)), cache=cache).findings()

    first = scan(encrypted=False)
    assert scan(encrypted=False) == first
    assert log.read_text("utf-8").split() == ["started"]
    second = scan(encrypted=True)
    assert log.read_text("utf-8").split() == ["started", "started"]
    assert "CKV_AWS_16" in {item.check_id for item in first.failed}
    assert "CKV_AWS_16" not in {item.check_id for item in second.failed}


@pytest.mark.integration
def test_two_at_once_run_it_once(
    root: Path, cache: Path, environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "started"
    in_place_of_checkov(
        monkeypatch, tmp_path / "bin/checkov", f'echo started >> "{log}"\nexec "{environment}/bin/checkov" "$@"'
    )
    scans = [checkov.start(root, cache=cache) for _ in range(2)]
    first, second = (scan.findings() for scan in scans)
    assert first == second
    assert log.read_text("utf-8").split() == ["started"]


@pytest.mark.integration
@pytest.mark.slow
def test_the_environment_is_built_from_the_lock_when_it_is_missing(root: Path, bare_cache: Path) -> None:
    said: list[str] = []
    findings = checkov.start(root, cache=bare_cache, progress=said.append).findings()
    assert {item.address for item in findings.failed if item.check_id == "CKV_AWS_27"} == {
        "aws_sqs_queue.counted[0]",
        "aws_sqs_queue.counted[1]",
    }
    assert said == ["building checkov's environment (once)", f"checkov on {root}"]
    assert not [path for path in (bare_cache / "checkov").iterdir() if path.name.startswith(".building")]


def test_an_environment_that_cannot_be_built_says_what_to_do(
    root: Path, bare_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "nothing"))
    made = checkov.report(checkov.start(root, cache=bare_cache), [], root="staging")
    (verdict,) = made.verdicts
    assert (verdict.control, verdict.outcome) == ("checkov.scan", Outcome.ERROR)
    assert verdict.message.startswith("checkov's environment cannot be made: ")
    assert verdict.message.endswith(f"or name a checkov 3 executable in {EXECUTABLE_VARIABLE}, or give --no-checkov")
    assert not list((bare_cache / "checkov").glob("env-*/"))


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'ValueError: no luck' >&2; exit 1", r"checkov on .*staging ended with 1: ValueError: no luck"),
        ("exit 3", r"checkov on .*staging ended with 3: no message"),
        ("echo not json", r"checkov printed something other than its results \(JSONDecodeError.*\): not json"),
        ("echo '{\"results\": {}}'", r"checkov printed something other than its results \(KeyError.*\): .*"),
        ("true", r"checkov printed something other than its results \(JSONDecodeError.*\): nothing"),
        ("kill -9 $$", r"checkov on .*staging ended with -9: no message"),
    ],
    ids=["crash", "silent crash", "no JSON", "other JSON", "nothing", "killed"],
)
def test_a_run_that_fails_is_an_error_and_is_not_stored(
    root: Path, bare_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str
) -> None:
    in_place_of_checkov(monkeypatch, tmp_path / "bin/checkov", script)
    scan = checkov.start(root, cache=bare_cache)
    with pytest.raises(BadInput) as caught:
        scan.findings()
    assert re.fullmatch(message, str(caught.value))
    (verdict,) = checkov.report(scan, [], root="staging").verdicts
    assert (verdict.control, verdict.outcome, verdict.message) == ("checkov.scan", Outcome.ERROR, str(caught.value))
    assert not list(bare_cache.glob("checkov/results/*.json"))


def test_a_run_that_hangs_is_ended_with_what_it_started(
    root: Path, bare_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    in_place_of_checkov(monkeypatch, tmp_path / "bin/checkov", f'sleep 600 > "{fifo}" & sleep 600')
    at_once = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # the other end may be ended before it opens
    with os.fdopen(at_once, "rb") as reader:
        scan = checkov.start(root, cache=bare_cache, timeout=0.5)
        with pytest.raises(BadInput, match=r"checkov took longer than 0\.5 s \(checkov was ended\)"):
            scan.findings()
        os.set_blocking(reader.fileno(), True)
        assert reader.read() == b""  # the end of the file: nobody holds the other end any more


def test_closing_ends_a_run(root: Path, bare_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    in_place_of_checkov(monkeypatch, tmp_path / "bin/checkov", f'exec sleep 600 > "{fifo}"')
    with checkov.start(root, cache=bare_cache) as scan, fifo.open("rb") as reader:
        scan.close()
        assert reader.read() == b""
    with pytest.raises(BadInput, match="ended with -9"):
        scan.findings()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("checkov")]


def test_it_gets_no_credentials_and_nobodys_settings(
    root: Path, bare_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "BC_API_KEY", "CKV_FRAMEWORK", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "from-outside")
    seen = tmp_path / "seen"
    in_place_of_checkov(
        monkeypatch, tmp_path / "bin/checkov", f'env > "{seen}"; pwd >> "{seen}"; echo "$@" >> "{seen}"'
    )
    with pytest.raises(BadInput):
        checkov.start(root, Inputs((root / "sandbox.tfvars",)), cache=bare_cache).findings()
    text = seen.read_text("utf-8")
    home = bare_cache / "checkov" / "home"
    assert "from-outside" not in text
    assert f"HOME={home}" in text
    assert "CKV_SKIP_PACKAGE_UPDATE_CHECK=True" in text
    *_, directory, arguments = text.splitlines()
    assert directory == str(home)
    for argument in ("--skip-download", "--framework terraform", "--soft-fail", "--compact", "--output json"):
        assert argument in arguments
    assert f"--var-file={root / 'sandbox.tfvars'}" in arguments


def test_bad_arguments_are_refused_at_once(
    root: Path, bare_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="missing: not a directory"):
        checkov.start(tmp_path / "missing", cache=bare_cache)
    with pytest.raises(BadInput, match=r"other\.tfvars: no such tfvars file"):
        checkov.start(root, Inputs((root / "other.tfvars",)), cache=bare_cache)
    monkeypatch.setenv(EXECUTABLE_VARIABLE, str(tmp_path / "nothing"))
    with pytest.raises(BadInput, match=r"SKYWORTHY_CHECKOV=.*nothing: not an executable"):
        checkov.start(root, cache=bare_cache)


def test_a_stored_result_that_is_damaged_is_not_taken(
    root: Path, bare_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = '{"passed": 0, "failed": 0, "resource_count": 0, "checkov_version": "3"}'
    in_place_of_checkov(monkeypatch, tmp_path / "bin/checkov", f"echo '{output}'")
    first = checkov.start(root, cache=bare_cache).findings()
    (stored,) = bare_cache.glob("checkov/results/*.json")
    stored.write_text("{", "utf-8")
    assert checkov.start(root, cache=bare_cache).findings() == first
    assert stored.read_text("utf-8") != "{"


def test_the_lock_pins_every_package_by_hash_and_names_no_address() -> None:
    text = lock_text()
    packages = re.findall(r"^[A-Za-z0-9._-]+==\S+.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", text, re.MULTILINE)
    heads = re.findall(r"^\S+==", text, re.MULTILINE)
    assert "checkov==3.3.30" in text
    assert len(packages) == len(heads) > 50
    assert "://" not in text


def test_the_childs_environment_holds_only_what_is_listed(tmp_path: Path) -> None:
    allowed = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT"}
    assert set(child_environment(tmp_path)) <= allowed | {"HOME", "CKV_SKIP_PACKAGE_UPDATE_CHECK", "PYTHONUTF8"}


@pytest.mark.integration
def test_every_listed_severity_is_of_a_check_that_exists(environment: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            environment / "bin/python",
            "-I",
            "-m",
            "checkov.main",
            "--list",
            "--framework",
            "terraform",
            "--skip-download",
        ],
        env=child_environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    known = set(re.findall(r"\bCKV2?_[A-Z]+_\d+\b", done.stdout))
    assert set(checkov.severities()) <= known
