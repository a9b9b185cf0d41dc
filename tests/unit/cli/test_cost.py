"""``skyworthy cost``: the table, the budget, and what a change costs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.git import commit, git

PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
STACK = """
resource "aws_nat_gateway" "main" {{
  count         = {gateways}
  allocation_id = "eipalloc-${{count.index}}"
  subnet_id     = "subnet-${{count.index}}"
}}

resource "aws_budgets_budget" "main" {{
  name         = "main"
  budget_type  = "COST"
  limit_amount = "50"
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
}}
"""
SETTINGS = '[environments.staging]\nterraform = "staging"\n[environments.staging.usage]\nnat_gb = 0\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "staging").mkdir()
    (tmp_path / "skyworthy.toml").write_text(SETTINGS, "utf-8")
    write(tmp_path, 1)
    return tmp_path


def write(project: Path, gateways: int) -> None:
    (project / "staging" / "main.tf").write_text(STACK.format(gateways=gateways), "utf-8")


def run(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def test_components_their_sum_and_the_budget_are_shown(project: Path) -> None:
    done = run(project, "cost", "--json", "cost.json")
    assert done.returncode == 0, done.stderr
    assert "within the budget of $50.00" in done.stdout
    data = json.loads((project / "cost.json").read_text("utf-8"))["staging"]
    assert (data["monthly"], data["budget"], data["components"]) == (36.5, 50.0, {"NAT gateways": 36.5})
    assert data["usage"]["nat_gb"] == 0


def test_a_stack_above_its_budget_is_a_finding(project: Path) -> None:
    write(project, 2)
    done = run(project, "cost", "--items")
    assert done.returncode == 1
    assert "above the budget of $50.00" in done.stdout
    assert "aws_nat_gateway.main[1]" in done.stdout
    judged = run(project, "static", "--no-checkov")
    assert "about $73 a month are estimated, the budget is $50" in judged.stdout


def test_a_change_is_told_by_what_it_costs(project: Path) -> None:
    git(project, "init", "--quiet", "--initial-branch=main")
    commit(project)
    write(project, 2)
    expected = "+$36.50 a month (NAT gateways +$36.50)"
    assert f"against the base: {expected}" in run(project, "cost", "--against", "main").stdout
    assert f"cost: {expected}" in run(project, "gate", "pr", "--against", "main", "--no-checkov").stdout


def test_an_assumption_that_there_is_none_of_is_refused(project: Path) -> None:
    (project / "skyworthy.toml").write_text(SETTINGS + "nat_tb = 1\n", "utf-8")
    for command in (["cost"], ["static", "--no-checkov"]):
        done = run(project, *command)
        assert done.returncode == 2
        assert "nothing is assumed of 'nat_tb'" in done.stderr
