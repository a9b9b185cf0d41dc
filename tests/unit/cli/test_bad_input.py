"""Bad input: one clear message with file and line or the next step, exit 2, no traceback, nothing half-written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
BUCKET = 'resource "aws_s3_bucket" "logs" {\n  bucket = "logs"\n}\n'
SETTINGS = '[environments.staging]\nterraform = "staging"\nregion = "eu-central-1"\n'


def skyworthy(directory: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    isolated = {"HOME": str(directory), "AWS_EC2_METADATA_DISABLED": "true", "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=directory,
        env={**kept, **isolated, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def stack(directory: Path, terraform: str = BUCKET, settings: str = SETTINGS) -> None:
    (directory / "staging").mkdir()
    (directory / "staging" / "main.tf").write_text(terraform, "utf-8")
    (directory / "skyworthy.toml").write_text(settings, "utf-8")


def refused(done: "subprocess.CompletedProcess[str]", *expected: str) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    last = [line for line in done.stderr.splitlines() if line.startswith("skyworthy: ")]
    assert len(last) == 1, done.stderr
    for text in expected:
        assert text in done.stderr


def test_a_syntax_error_names_file_and_line(tmp_path: Path) -> None:
    stack(tmp_path, BUCKET + 'resource "aws_sns_topic" {{\n')
    refused(skyworthy(tmp_path, "static", "--no-checkov"), "staging/main.tf:4: ")


def test_a_missing_directory(tmp_path: Path) -> None:
    refused(skyworthy(tmp_path, "static", "--terraform", "nowhere"), "nowhere: no such directory")


def test_a_directory_without_terraform(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(skyworthy(tmp_path, "static", "--terraform", "empty"), "empty: no root module here")


def test_nothing_configured_and_nothing_given(tmp_path: Path) -> None:
    refused(skyworthy(tmp_path, "static"), "no skyworthy.toml", "--terraform DIR")


def test_a_record_that_is_not_there(tmp_path: Path) -> None:
    refused(skyworthy(tmp_path, "signoff", "verify", "gone.json"), "gone.json: there is no such file")


def test_a_module_source_that_is_not_there(tmp_path: Path) -> None:
    stack(tmp_path, BUCKET + 'module "db" {\n  source = "./modules/db"\n}\n')
    refused(skyworthy(tmp_path, "static", "--no-checkov"), "staging/main.tf:", "modules/db")


def test_what_cannot_be_read_does_not_keep_the_other_environments_from_being_judged(tmp_path: Path) -> None:
    settings = '[environments.production]\nterraform = "production"\nregion = "eu-central-1"\n' + SETTINGS
    stack(tmp_path, 'resource "aws_sqs_queue" "jobs" {\n  sqs_managed_sse_enabled = false\n}\n', settings)
    (tmp_path / "production").mkdir()
    (tmp_path / "production" / "main.tf").write_text('module "db" {\n  source = "./gone"\n}\n', "utf-8")
    done = skyworthy(tmp_path, "static", "--no-checkov", "--json", "verdicts.json")
    refused(done, "skyworthy: production/main.tf:1: module db: production/gone is missing")
    assert "static staging" in done.stdout
    assert not (tmp_path / "verdicts.json").exists()


def test_a_malformed_settings_file(tmp_path: Path) -> None:
    stack(tmp_path, settings=SETTINGS + "colour = 1\n")
    refused(skyworthy(tmp_path, "static"), "skyworthy.toml:4: unknown key 'colour'")


def test_an_unknown_environment(tmp_path: Path) -> None:
    stack(tmp_path)
    refused(skyworthy(tmp_path, "static", "--env", "prod"), "unknown environment 'prod'; there are: staging")


def test_missing_credentials(tmp_path: Path) -> None:
    stack(tmp_path)
    refused(skyworthy(tmp_path, "live", "--target", "aws"), "credentials")


def test_an_endpoint_that_refuses_connections(tmp_path: Path, local_port: int) -> None:
    stack(tmp_path)
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    url = f"http://127.0.0.1:{local_port}"
    done = skyworthy(tmp_path, "live", "--target", "aws", AWS_ENDPOINT_URL=url, AWS_MAX_ATTEMPTS="1", **keys)
    refused(done, url, "nothing answers there")


def test_no_sandbox_and_no_recording(tmp_path: Path) -> None:
    stack(tmp_path)
    refused(skyworthy(tmp_path, "live"), "skyworthy sandbox apply staging", "--target aws")


def test_a_stale_recording(tmp_path: Path) -> None:
    stack(tmp_path)
    (tmp_path / "cassettes").mkdir()
    ours = Path(__file__).parents[3] / "cassettes" / "staging.jsonl"
    shutil.copy(ours, tmp_path / "cassettes" / "staging.jsonl")
    refused(skyworthy(tmp_path, "live"), "cassettes/staging.jsonl", "skyworthy sandbox record --env staging")


def test_an_unknown_option_is_told_by_usage(tmp_path: Path) -> None:
    done = skyworthy(tmp_path, "static", "--colour")
    assert done.returncode == 2
    assert "No such option" in done.stderr


def test_an_unknown_control_suggests_near_ones(tmp_path: Path) -> None:
    refused(skyworthy(tmp_path, "explain", "live.exist"), "did you mean live.exists")


@pytest.mark.parametrize("command", ["static", "live", "verify"])
def test_nothing_is_half_written(tmp_path: Path, command: str) -> None:
    stack(tmp_path, BUCKET + "}")
    refused(skyworthy(tmp_path, command, "--json", "verdicts.json"), "staging/main.tf:")
    assert not (tmp_path / "verdicts.json").exists()
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("given", "expected"),
    [("encrypted", "--var takes NAME=VALUE, not 'encrypted'"), ("encripted=true", "variable encripted, which is not")],
)
def test_a_value_for_no_variable(tmp_path: Path, given: str, expected: str) -> None:
    stack(tmp_path)
    refused(skyworthy(tmp_path, "static", "--no-checkov", "--var", given), expected)
