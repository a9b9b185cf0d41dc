"""The reading of the reference stack agrees with the plan that real Terraform makes with the real provider."""

import shutil
from pathlib import Path

import pytest

from skyworthy import declared
from skyworthy.config import load_settings
from skyworthy.sandbox.server import running
from skyworthy.sandbox.terraform import driver, seed, workspace
from skyworthy.suites.static import judge_declared
from skyworthy.verdicts import Outcome, Verdict

PROJECT = Path(__file__).parents[2]

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.mark.skipif(not (shutil.which("terraform") or shutil.which("tofu")), reason="terraform is not on the PATH")
@pytest.mark.parametrize("environment", ["production", "staging"])
def test_reading_agrees_with_the_plan(environment: str, tmp_path: Path) -> None:
    root = PROJECT / "terraform" / "environments" / environment
    inputs = declared.Inputs((root / workspace.SANDBOX_VARIABLES,))
    with running(environment) as sandbox, driver.opened(root, sandbox) as copied:
        copied._run("init", "-no-color", "-input=false")
        seed.prerequisites(copied.folder, sandbox, inputs)
        file = tmp_path / "plan"
        copied._run("plan", "-no-color", "-input=false", f"-out={file}", *copied.inputs)
        (tmp_path / "plan.json").write_text(copied._run("show", "-json", str(file)).stdout, "utf-8")
    planned, read = declared.read_plan(tmp_path / "plan.json"), declared.read(root, inputs)
    assert len(planned) > 100
    assert list(declared.disagreements(read, planned)) == []

    made = load_settings(PROJECT).environments[environment]
    settings = declared.configuration(root, inputs)
    of_code = _outcomes(judge_declared(read, settings, made))
    of_plan = _outcomes(judge_declared(declared.with_exact(read, planned), settings, made))
    assert of_code.keys() == of_plan.keys()
    assert {case: (outcome, of_plan[case]) for case, outcome in of_code.items() if outcome != of_plan[case]} == {}


def _outcomes(verdicts: list[Verdict]) -> dict[tuple[str, str], Outcome]:
    return {(item.control, item.address): item.outcome for item in verdicts}
