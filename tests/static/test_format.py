"""The Terraform of this repository is formatted as `terraform fmt` formats it."""

import shutil
import subprocess
from pathlib import Path

import pytest

TERRAFORM = Path(__file__).parents[2] / "terraform"

pytestmark = pytest.mark.static


def test_terraform_is_formatted() -> None:
    program = shutil.which("terraform") or shutil.which("tofu")
    if program is None:
        pytest.skip("terraform is not on the PATH")
    command = [program, f"-chdir={TERRAFORM}", "fmt", "-check", "-recursive"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"not formatted:\n{done.stdout}{done.stderr}"
