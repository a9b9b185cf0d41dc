"""The workflows' own steps, one after the other, on the sandbox; and what the action installs, installed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.workflows.steps import beside, step_of

pytestmark = [pytest.mark.integration, pytest.mark.slow]

REPOSITORY = Path(__file__).parents[2]
WORKFLOWS = REPOSITORY / ".github" / "workflows"


def clone_into(folder: Path) -> Path:
    """What actions/checkout gives a job."""
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(REPOSITORY), str(folder)], check=True)
    return folder


def test_the_night_is_judged_and_its_results_are_merged(tmp_path: Path) -> None:
    """One job per environment, then one that gets nothing of it but the artifact."""
    night, merging = clone_into(tmp_path / "night"), clone_into(tmp_path / "merging")
    judged = step_of(WORKFLOWS / "nightly.yml", "Judge").on_the_sandbox().run(night, ENVIRONMENT="staging")
    assert judged.returncode == 0, judged.stdout + judged.stderr
    again = step_of(WORKFLOWS / "nightly.yml", "Judge").on_the_sandbox().run(night, ENVIRONMENT="staging")
    assert "0 new, 0 fixed" in again.stdout, again.stdout
    shutil.copytree(night / "reports" / "staging", merging / "artifacts" / "nightly-staging" / "staging")
    merged = step_of(WORKFLOWS / "nightly.yml", "Merge").run(merging)
    assert merged.returncode == 0, merged.stdout + merged.stderr
    assert step_of(WORKFLOWS / "nightly.yml", "Show the status").run(merging).returncode == 0
    assert "staging" in beside(merging, "step_summary").read_text("utf-8")


def test_what_one_job_saw_the_other_signs(tmp_path: Path) -> None:
    looking, deciding = clone_into(tmp_path / "looking"), clone_into(tmp_path / "deciding")
    looked = step_of(WORKFLOWS / "signoff.yml", "Look").on_the_sandbox().run(looking, ENVIRONMENT="staging")
    assert looked.returncode == 0, looked.stdout + looked.stderr
    decide = step_of(WORKFLOWS / "signoff.yml", "Decide")
    blind = decide.run(deciding, ENVIRONMENT="staging", PLAN="", GITHUB_ACTOR="somebody")
    assert blind.returncode == 1
    assert "staging: no-go" in blind.stdout
    shutil.rmtree(deciding / "reports" / "signoff")
    shutil.copytree(looking / "reports" / "staging", deciding / "reports" / "staging")
    plan = tmp_path / "tfplan"
    plan.write_bytes(b"a plan")
    decided = decide.run(deciding, ENVIRONMENT="staging", PLAN=str(plan), GITHUB_ACTOR="somebody")
    assert decided.returncode == 0, decided.stdout + decided.stderr
    (record,) = (deciding / "reports" / "signoff").glob("*.json")
    signed = json.loads(record.read_text("utf-8"))
    assert (signed["decision"], signed["by"]) == ("go", "somebody")


def test_the_action_installs_what_is_pinned(tmp_path: Path) -> None:
    """From the package index, by hash; the program that it puts on the PATH is this commit's."""
    workspace = clone_into(tmp_path / "workspace")
    shutil.copytree(REPOSITORY / "requirements", workspace / "requirements", dirs_exist_ok=True)
    step = step_of(
        REPOSITORY / ".github" / "actions" / "setup" / "action.yml", "Install skyworthy, pinned by version and hash"
    )
    done = step.run(workspace, ROOT=str(workspace), PYTHON=sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = beside(workspace, "path").read_text("utf-8").splitlines()
    told = subprocess.run([f"{folder}/skyworthy", "list"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "rds.encrypted-at-rest" in told.stdout
    installed = subprocess.run(
        [f"{folder}/uv", "pip", "freeze", "--python", f"{folder}/python"], capture_output=True, text=True, check=True
    )
    pinned = (workspace / "requirements" / "run.txt").read_text("utf-8")
    of_venv = ("pip==", "setuptools==")  # what Python 3.11 itself puts into an environment
    others = [line for line in installed.stdout.splitlines() if not line.startswith(("skyworthy ", *of_venv))]
    assert [line for line in others if f"{line} " not in pinned] == []
