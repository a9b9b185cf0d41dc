"""``skyworthy policy``: JSON and Terraform, and what it refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
STACK = """
resource "aws_sns_topic" "alarms" {
  name = "shop-alarms"
}
"""
SETTINGS = '[environments.{name}]\nterraform = "{name}"\nregion = "eu-west-1"\naccount = "111122223333"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("staging", "production"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(STACK, "utf-8")
    settings = "".join(SETTINGS.format(name=name) for name in ("staging", "production"))
    (tmp_path / "skyworthy.toml").write_text(settings, "utf-8")
    return tmp_path


def run(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [*PROGRAM, "policy", *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def test_the_policy_document_alone_goes_to_stdout(project: Path) -> None:
    done = run(project, "--env", "staging")
    assert done.returncode == 0, done.stderr
    statements = {item["Sid"]: item for item in json.loads(done.stdout)["Statement"]}
    assert statements["ReadTopics"]["Resource"] == ["arn:aws:sns:eu-west-1:111122223333:shop-alarms"]
    assert set(statements) == {"ListSts", "ReadTopics"}


def test_the_account_can_be_given(project: Path) -> None:
    done = run(project, "--env", "staging", "--account", "444455556666")
    assert "arn:aws:sns:eu-west-1:444455556666:shop-alarms" in done.stdout


def test_a_stack_of_several_regions_is_read_in_any(project: Path) -> None:
    alias = 'provider "aws" {\n  alias  = "us"\n  region = "us-east-1"\n}\n'
    there = 'resource "aws_sns_topic" "there" {\n  provider = aws.us\n  name     = "shop-there"\n}\n'
    (project / "staging" / "main.tf").write_text(STACK + alias + there, "utf-8")
    for arguments, account in (
        ((), "111122223333"),
        (("--format", "terraform"), "${data.aws_caller_identity.current.account_id}"),
    ):
        done = run(project, "--env", "staging", *arguments)
        assert f"sns:*:{account}:shop-alarms" in done.stdout, done.stdout
        assert f"sns:*:{account}:shop-there" in done.stdout


def test_a_role_for_the_jobs_of_a_repository(project: Path) -> None:
    role = ("--format", "terraform", "--oidc-repository", "acme/shop", "--oidc-subject", "environment:staging")
    done = run(project, "--env", "staging", *role)
    assert done.returncode == 0, done.stderr
    assert '"token.actions.githubusercontent.com:sub" = "repo:acme/shop:environment:staging"' in done.stdout
    assert 'name                 = "skyworthy-staging"' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "which environment? --env staging or --env production"),
        (("--env", "staging", "--account", "12"), "--account takes twelve digits, not '12'"),
        (("--env", "staging", "--oidc-repository", "a/b"), "which is Terraform: add --format terraform"),
        (
            ("--env", "staging", "--format", "terraform", "--oidc-repository", "acme/*"),
            "--oidc-repository takes OWNER/NAME, not 'acme/*'",
        ),
        (
            ("--env", "staging", "--format", "terraform", "--oidc-repository", "acme/shop", "--oidc-subject", "*"),
            "--oidc-subject takes one kind of job, such as ref:refs/heads/main or environment:staging, not '*'",
        ),
    ],
)
def test_bad_input(project: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run(project, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
