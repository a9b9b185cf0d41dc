"""``skyworthy static``: exit codes, the words and the JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from skyworthy.cli import skyworthy

DATABASE = """
resource "aws_db_instance" "main" {{
  identifier          = "main"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  storage_encrypted   = {encrypted}
  publicly_accessible = {public}
}}
"""

PINNED = """
terraform {
  required_version = ">= 1.10"
}
"""
KEY = '  kms_master_key_id = "alias/aws/sns"\n'


def run(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(skyworthy, ["static", "--terraform", str(directory), "--no-checkov", *arguments])


def write(directory: Path, text: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "main.tf").write_text(text, "utf-8")
    return directory


def test_a_finding_exits_with_one_and_names_control_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "stack", DATABASE.format(encrypted="false", public="false"))
    done = run(Path("stack"), "--json", "verdicts.json")
    assert done.exit_code == 1, done.output
    assert "rds.encrypted-at-rest" in done.output
    assert "stack/main.tf:2: aws_db_instance.main" in done.output
    data = json.loads((tmp_path / "verdicts.json").read_text("utf-8"))
    assert (data["schema"], data["environment"], data["calls"]) == (1, "stack", {"total": 0})
    (found,) = [item for item in data["verdicts"] if item["control"] == "rds.encrypted-at-rest"]
    assert {name: found[name] for name in ("lens", "address", "verdict", "file", "line", "severity")} == {
        "lens": "declared",
        "address": "aws_db_instance.main",
        "verdict": "fail",
        "file": "stack/main.tf",
        "line": 2,
        "severity": "high",
    }


def test_roots_of_a_tree_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    provider = 'provider "aws" {\n  region = "eu-central-1"\n}\n'
    write(tmp_path / "live" / "blue", provider + DATABASE.format(encrypted="true", public="true"))
    write(tmp_path / "live" / "green", provider + DATABASE.format(encrypted="true", public="false"))
    assert run(Path("live"), "--json", "verdicts.json").exit_code == 1
    data = json.loads((tmp_path / "verdicts.json").read_text("utf-8"))
    public = {item["root"]: item["verdict"] for item in data["verdicts"] if item["control"] == "rds.not-public"}
    assert public == {"blue": "fail", "green": "pass"}


def test_results_of_somebodys_directory_are_shown_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(write(tmp_path / "stack", DATABASE.format(encrypted="true", public="false")))
    assert not (tmp_path / "reports").exists()


def test_our_waivers_do_not_speak_of_somebody_elses_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "ours", DATABASE.format(encrypted="true", public="false"))
    write(tmp_path / "theirs", DATABASE.format(encrypted="false", public="false"))
    (tmp_path / "skyworthy.toml").write_text('[environments.ours]\nterraform = "ours"\n', "utf-8")
    waiver = 'control = "rds.encrypted-at-rest"\nresource = "*"\nowner = "platform"\nreason = "no data"\n'
    (tmp_path / "waivers.toml").write_text(f"[[waiver]]\n{waiver}expires = 2026-12-31\n", "utf-8")
    assert "waivers.needed" in run(Path("ours")).output
    done = run(Path("theirs"), "--json", "verdicts.json")
    assert "waived" not in done.output
    data = json.loads((tmp_path / "verdicts.json").read_text("utf-8"))
    (found,) = [item for item in data["verdicts"] if item["control"] == "rds.encrypted-at-rest"]
    assert found["verdict"] == "fail"


@pytest.mark.parametrize(("encrypted", "code"), [("false", 1), ("true", 0)])
def test_the_program_exits_with_one_on_findings_and_zero_without(tmp_path: Path, encrypted: str, code: int) -> None:
    topic = f'resource "aws_sns_topic" "a" {{\n  name = "a"\n{KEY if encrypted == "true" else ""}}}\n'
    write(tmp_path / "stack", PINNED + topic)
    program = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
    done = subprocess.run(
        [*program, "static", "--terraform", "stack", "--no-checkov"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == code, done.stdout.decode()


BY_WORKSPACE = """
provider "aws" {
  region = "eu-central-1"
}
variable "encrypted" {
  type    = bool
  default = true
}
resource "aws_db_instance" "main" {
  identifier          = "main-${terraform.workspace}"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  storage_encrypted   = var.encrypted
  publicly_accessible = terraform.workspace == "leaky"
}
"""


def _reds(directory: Path, *arguments: str) -> set[str]:
    done = run(directory, *arguments, "--json", str(directory / "verdicts.json"))
    assert done.exit_code == 1, done.output
    data = json.loads((directory / "verdicts.json").read_text("utf-8"))
    wanted = ("rds.encrypted-at-rest", "rds.not-public")
    return {item["control"] for item in data["verdicts"] if item["verdict"] == "fail" and item["control"] in wanted}


def test_values_and_workspace_are_given_as_terraform_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = write(tmp_path / "stack", BY_WORKSPACE)
    assert _reds(stack) == set()
    assert _reds(stack, "--workspace", "leaky") == {"rds.not-public"}
    assert _reds(stack, "--var", "encrypted=false", "--workspace", "leaky") == {
        "rds.encrypted-at-rest",
        "rds.not-public",
    }
    monkeypatch.setenv("TF_VAR_encrypted", "false")
    monkeypatch.setenv("TF_WORKSPACE", "leaky")
    assert _reds(stack) == {"rds.encrypted-at-rest", "rds.not-public"}
    assert _reds(stack, "--var", "encrypted=true", "--workspace", "default") == set()


def test_environments_may_share_a_root_by_workspace_and_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "stack", BY_WORKSPACE)
    (tmp_path / "skyworthy.toml").write_text(
        '[environments.leaky]\nterraform = "stack"\nworkspace = "leaky"\n'
        '[environments.open]\nterraform = "stack"\nvariables = { encrypted = "false" }\n',
        "utf-8",
    )
    done = CliRunner().invoke(skyworthy, ["static", "--no-checkov", "--json", "verdicts.json"])
    assert done.exit_code == 1, done.output
    data = json.loads((tmp_path / "verdicts.json").read_text("utf-8"))
    wanted = ("rds.encrypted-at-rest", "rds.not-public")
    red = {
        (item["root"], item["control"])
        for item in data["verdicts"]
        if item["verdict"] == "fail" and item["control"] in wanted
    }
    assert red == {("leaky", "rds.not-public"), ("open", "rds.encrypted-at-rest")}
