"""The scripts of the workflows and actions, run as they are written."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.unit.git import git
from tests.unit.workflows.steps import beside, outputs, step_of

REPOSITORY = Path(__file__).parents[3]
PR_GATE = REPOSITORY / ".github" / "workflows" / "pr-gate.yml"
TERRAFORM = REPOSITORY / ".github" / "workflows" / "terraform.yml"
ACTION = REPOSITORY / "action.yml"
SETUP = REPOSITORY / ".github" / "actions" / "setup" / "action.yml"
needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not on the PATH")
SETTINGS = '[environments.staging]\nterraform = "staging"\n\n[environments.other]\nterraform = "other"\n'
HEAD = 'terraform {\n  required_version = ">= 1.10"\n}\n'
TOPIC = 'resource "aws_sns_topic" "{name}" {{\n  name = "{name}"\n}}\n'
FINDING = "sns.encrypted"


@pytest.fixture
def branch(tmp_path: Path) -> Path:
    """A clone, on a branch of main: both environments have a finding, staging gets one more."""
    main = tmp_path / "main"
    for name in ("staging", "other"):
        (main / name).mkdir(parents=True)
        (main / name / "main.tf").write_text(HEAD + TOPIC.format(name="old"), "utf-8")
    (main / "skyworthy.toml").write_text(SETTINGS, "utf-8")
    (main / ".gitignore").write_text(".skyworthy\nreports\n", "utf-8")
    git(main, "init", "--quiet", "--initial-branch=main")
    git(main, "add", "--all")
    git(main, "commit", "--quiet", "--message", "main")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(main), str(clone))
    with (clone / "staging" / "main.tf").open("a", encoding="utf-8") as file:
        file.write(TOPIC.format(name="new"))
    git(clone, "commit", "--quiet", "--all", "--message", "branch")
    return clone


def judge(branch: Path, **inputs: str) -> "subprocess.CompletedProcess[str]":
    """The action's step; inputs that are not given have their defaults."""
    given = {"COMMAND": "gate pr", "ARGUMENTS": "--no-checkov", "working_directory": "."}
    given |= dict.fromkeys(("ENVIRONMENT", "AGAINST", "TARGET", "TERRAFORM"), "")
    return step_of(ACTION, "Judge").run(branch, **given | inputs)


def test_the_gate_stops_what_the_branch_makes_worse(branch: Path) -> None:
    done = step_of(PR_GATE, "Judge").run(branch, BASE="main", ENVIRONMENT="staging")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "aws_sns_topic.new" in done.stdout
    assert "against origin/main (" in done.stdout
    assert (branch / "reports" / "staging" / "static.sarif").is_file()
    assert not (branch / "reports" / "other").exists()


def test_the_gate_without_an_environment_takes_all(branch: Path) -> None:
    done = step_of(PR_GATE, "Judge").run(branch, BASE="main", ENVIRONMENT="")
    assert done.returncode == 1
    assert (branch / "reports" / "other" / "results-static.json").is_file()


def test_the_action_compares_with_the_base_of_the_pull_request(branch: Path) -> None:
    done = judge(branch, ENVIRONMENT="other", GITHUB_BASE_REF="main")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "against origin/main (" in done.stdout
    assert "as before: sns." in done.stdout
    assert judge(branch, ENVIRONMENT="staging", GITHUB_BASE_REF="main").returncode == 1


def test_the_action_hands_its_inputs_on(branch: Path) -> None:
    assert judge(branch, ENVIRONMENT="other").returncode == 1, "nothing to compare with: every finding stops it"
    other = judge(branch, COMMAND="static", TERRAFORM="other", GITHUB_BASE_REF="main")
    assert other.returncode == 1
    assert "aws_sns_topic.old" in other.stdout
    assert "aws_sns_topic.new" not in other.stdout
    nowhere = judge(branch, AGAINST="origin/nowhere")
    assert nowhere.returncode == 2
    assert "origin/nowhere is no revision" in nowhere.stderr


def test_the_inputs_of_the_action_are_words_and_never_code(branch: Path) -> None:
    done = judge(branch, COMMAND="static; touch broken", ENVIRONMENT="$(touch broken)", ARGUMENTS="`touch broken`")
    assert done.returncode == 2
    assert not (branch / "broken").exists()


def test_the_cache_is_named_after_all_that_is_pinned(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    root = tmp_path / "skyworthy"
    for name in ("requirements", "src/skyworthy/checkov"):
        shutil.copytree(REPOSITORY / name, root / name)
    workspace.mkdir()
    step = step_of(SETUP, "Name the pinned dependencies")
    assert step.run(workspace, ROOT=str(root)).returncode == 0
    first = outputs(workspace)["digest"]
    with (root / "src/skyworthy/checkov/requirements.txt").open("a", encoding="utf-8") as file:
        file.write("more==1\n")
    step.run(workspace, ROOT=str(root))
    assert len(first) == 64
    assert outputs(workspace)["digest"] != first


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A checkout whose staging needs no provider: Terraform's own resource keeps a value."""
    root = tmp_path / "checkout" / "terraform" / "environments" / "staging"
    root.mkdir(parents=True)
    (root / "main.tf").write_text('resource "terraform_data" "kept" {\n  input = "first"\n}\n', "utf-8")
    (root / ".terraform.lock.hcl").touch()
    return tmp_path / "checkout"


def terraform(stack: Path, job: str, name: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    place = {"working_directory": "terraform/environments/staging"}
    return step_of(TERRAFORM, name, job).run(stack, **place, **variables)


def planned(stack: Path, action: str) -> str:
    """Plan and seal; gives the digest."""
    for name, given in (("Initialise", {}), ("Plan", {"ACTION": action}), ("Seal the plan", {})):
        done = terraform(stack, "plan", name, **given)
        assert done.returncode == 0, done.stdout + done.stderr
    return outputs(stack)["digest"]


def moved_on(stack: Path) -> None:
    """The runner of the next job: of the plan's job there is nothing but the artifact."""
    root = stack / "terraform" / "environments" / "staging"
    (root / "tfplan").unlink()
    (root / ".terraform.lock.hcl").unlink()
    shutil.rmtree(root / ".terraform", ignore_errors=True)


@needs_terraform
def test_that_plan_is_applied_and_then_destroyed(stack: Path) -> None:
    state = stack / "terraform" / "environments" / "staging" / "terraform.tfstate"
    for action, kept in (("apply", True), ("destroy", False)):
        digest = planned(stack, action)
        assert "terraform_data.kept" in beside(stack, "step_summary").read_text("utf-8")
        moved_on(stack)
        for name, given in (("Break the seal", {"DIGEST": digest}), ("Initialise", {}), ("Apply", {})):
            done = terraform(stack, "apply", name, **given)
            assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        assert ('"type": "terraform_data"' in state.read_text("utf-8")) is kept


@needs_terraform
@pytest.mark.parametrize("name", ["tfplan", ".terraform.lock.hcl", "SHA256SUMS"])
def test_another_plan_is_not_applied(stack: Path, name: str) -> None:
    digest = planned(stack, "apply")
    moved_on(stack)
    with (beside(stack, "temp") / "plan" / name).open("ab") as file:
        file.write(b" ")
    done = terraform(stack, "apply", "Break the seal", DIGEST=digest)
    assert done.returncode != 0
    assert "FAILED" in done.stdout
    assert not (stack / "terraform" / "environments" / "staging" / "tfplan").exists()


@pytest.mark.parametrize(("confirm", "code"), [("", 1), ("production", 1), ("staging", 0)])
def test_a_destroy_is_asked_for_twice(tmp_path: Path, confirm: str, code: int) -> None:
    (tmp_path / "checkout").mkdir()
    step = step_of(TERRAFORM, "Ask twice before a destroy")
    assert step.run(tmp_path / "checkout", ENVIRONMENT="staging", CONFIRM=confirm).returncode == code
