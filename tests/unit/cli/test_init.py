"""``skyworthy init``: what it writes works at once, and what is there is left alone."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from tests.unit.git import git
from tests.unit.workflows.steps import steps_of

from skyworthy.config import load_settings
from skyworthy.operations.scaffold import WORKFLOW

SKYWORTHY = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
STACK = """
provider "aws" {{
  region = {region}
}}

variable "region" {{
  default = "eu-west-1"
}}

module "database" {{
  source = "../../modules/database"
}}
"""
MODULE = """
resource "aws_db_instance" "main" {
  identifier        = "main"
  engine            = "postgres"
  instance_class    = "db.t3.micro"
  storage_encrypted = false
}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    write(tmp_path / "infra" / "modules" / "database" / "main.tf", MODULE)
    write(tmp_path / "infra" / "env" / "stage-eu" / "main.tf", STACK.format(region="var.region"))
    write(tmp_path / "infra" / "env" / "prod-eu" / "main.tf", STACK.format(region='"eu-central-1"'))
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def run(repository: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))}
    return subprocess.run(
        command, cwd=repository, env={**environment, "NO_COLOR": "1", "COLUMNS": "200"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_it_finds_the_environments_and_what_it_writes_works_at_once(repository: Path) -> None:
    done = run(repository, *SKYWORTHY, "init")
    assert done.returncode == 0, done.stdout + done.stderr
    settings = load_settings(repository)
    found = {
        name: (each.policy_name, each.region, dict(each.inventory)) for name, each in settings.environments.items()
    }
    assert found == {
        "prod-eu": ("production", "eu-central-1", {"aws_db_instance": 1}),
        "stage-eu": ("staging", "eu-west-1", {"aws_db_instance": 1}),
    }
    judged = run(repository, *SKYWORTHY, "static", "--no-checkov")
    assert judged.returncode == 1, judged.stderr
    assert "infra/modules/database/main.tf:2: module.database.aws_db_instance.main" in judged.stdout
    tested = run(repository, sys.executable, "-m", "pytest", "-q", "--sky-no-checkov", "-p", "no:cacheprovider")
    assert tested.returncode == 1, tested.stdout + tested.stderr
    assert "test_declared[stage-eu-rds.encrypted-at-rest-module.database.aws_db_instance.main]" in tested.stdout


def test_what_is_there_is_left_alone(repository: Path) -> None:
    write(repository / "pyproject.toml", "[tool.pytest.ini_options]\naddopts = '-q'\n")
    write(repository / "waivers.toml", "# ours\n")
    done = run(repository, *SKYWORTHY, "init")
    assert "left alone: waivers.toml" in done.stdout
    assert (repository / "waivers.toml").read_text("utf-8") == "# ours\n"
    assert not (repository / "pytest.ini").exists()
    again = run(repository, *SKYWORTHY, "init")
    assert again.returncode == 2
    assert "skyworthy.toml is there already: nothing was written" in again.stderr


def test_a_dry_run_writes_nothing(repository: Path) -> None:
    before = sorted(repository.rglob("*"))
    done = run(repository, *SKYWORTHY, "init", "--dry-run")
    assert "would write: skyworthy.toml" in done.stdout
    assert sorted(repository.rglob("*")) == before


def test_a_root_that_cannot_be_read_is_kept_with_the_reason(repository: Path) -> None:
    write(
        repository / "infra" / "env" / "broken" / "main.tf",
        'provider "aws" {}\nmodule "x" {\n  source = "../nowhere"\n}\n',
    )
    done = run(repository, *SKYWORTHY, "init")
    assert done.returncode == 0, done.stderr
    text = (repository / "skyworthy.toml").read_text("utf-8")
    assert "# could not be read yet: " in text
    assert set(load_settings(repository).environments) == {"broken", "prod-eu", "stage-eu"}


def test_a_directory_without_terraform_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, *SKYWORTHY, "init")
    assert done.returncode == 2
    assert "no root module here" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_workflow_is_the_gate_of_a_pull_request_at_this_version(repository: Path) -> None:
    run(repository, *SKYWORTHY, "init")
    written = yaml.safe_load((repository / WORKFLOW).read_text("utf-8"))
    (job,) = written["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    assert [step["run"] for step in job["steps"] if "run" in step] == [
        f"python -m pip install skyworthy=={version('skyworthy')}",
        'skyworthy gate pr --against "origin/$BASE"',
    ]


def test_the_gate_of_the_workflow_works_at_once(repository: Path) -> None:
    """The step is run as written, in a clone whose branch adds a finding to those that were there."""
    git(repository, "init", "--quiet", "--initial-branch=main")
    run(repository, *SKYWORTHY, "init")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "skyworthy")
    branch = repository / "branch"
    git(repository, "clone", "--quiet", str(repository), str(branch))
    (step,) = (item for item in steps_of(branch / WORKFLOW) if item.name == "Judge")
    assert step.run(branch, BASE="main").returncode == 0
    module = branch / "infra" / "modules" / "database" / "main.tf"
    write(module, MODULE + 'resource "aws_sns_topic" "alarms" {\n  name = "alarms"\n}\n')
    worse = step.run(branch, BASE="main")
    assert worse.returncode == 1, worse.stdout + worse.stderr
    assert "aws_sns_topic.alarms" in worse.stdout


def test_no_workflow_is_written_where_github_would_not_read_it(repository: Path) -> None:
    git(repository, "init", "--quiet")
    done = run(repository, *SKYWORTHY, "init", "infra")
    assert done.returncode == 0, done.stderr
    assert f"left out: {WORKFLOW}, which GitHub reads in the root of the repository alone, {repository}" in done.stdout
    assert (repository / "infra" / "skyworthy.toml").exists()
    assert not list(repository.rglob(".github"))


def test_what_terragrunt_makes_is_named_and_not_passed_over(repository: Path) -> None:
    write(repository / "live" / "eu" / "terragrunt.hcl", 'terraform {\n  source = "../../infra/modules/database"\n}\n')
    write(repository / "live" / "terragrunt.hcl", "remote_state {}\n")
    done = run(repository, *SKYWORTHY, "init", "--dry-run")
    assert [line for line in done.stdout.splitlines() if "Terragrunt" in line] == [
        "left out: live/eu, of which Terragrunt makes the Terraform: `terragrunt init`, then name what it made"
    ]
    alone = run(repository, *SKYWORTHY, "static", "--terraform", "live")
    assert alone.returncode == 2
    assert "terragrunt.hcl is not read: name the directory that `terragrunt init` makes" in alone.stderr


def test_one_root_with_tfvars_for_each_environment_is_taken_up_as_that_many(tmp_path: Path) -> None:
    write(tmp_path / "main.tf", MODULE.replace('"db.t3.micro"', "var.size") + 'variable "size" {}\nprovider "aws" {}\n')
    write(tmp_path / "env" / "staging.tfvars", 'size = "db.t3.micro"\n')
    write(tmp_path / "env" / "prod.tfvars", 'size = "db.m7g.large"\n')
    done = run(tmp_path, *SKYWORTHY, "init")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines() if line.startswith("found")] == [
        "found . with env/prod.tfvars (production policy)",
        "found . with env/staging.tfvars (staging policy)",
    ]
    found = load_settings(tmp_path).environments
    assert {name: (item.policy_name, item.var_files) for name, item in found.items()} == {
        "prod": ("production", ("env/prod.tfvars",)),
        "staging": ("staging", ("env/staging.tfvars",)),
    }
