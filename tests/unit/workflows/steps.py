"""The shell steps of workflows and composite actions, as GitHub Actions would run them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

LEFT_OUT = ("AWS_", "GITHUB_", "PYTEST_")
SHIM = '#!/bin/sh\nexec "{python}" -c "from skyworthy.cli import main; main()" "$@"\n'


@dataclass(frozen=True)
class Step:
    """A step with a script.

    Args:
        file: that holds it.
        job: its job; empty in a composite action.
        name: its name.
        script: of the shell.
        variables: its `env`, with expressions as they are written.
        directory: its `working-directory`, empty where it has none.
        condition: its `if`.
    """

    file: str
    job: str
    name: str
    script: str
    variables: dict[str, str]
    directory: str = ""
    condition: str = ""

    def on_the_sandbox(self) -> "Step":
        """The same step, looking at the sandbox where it looks at AWS."""
        return replace(self, script=self.script.replace("--target aws", "--target sandbox"))

    def run(self, workspace: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run it by the shell that GitHub uses, with these values in the place of its expressions.

        Every variable of the step whose value is an expression must be given; the files of GITHUB_OUTPUT, GITHUB_PATH
        and GITHUB_STEP_SUMMARY lie beside the workspace.
        """
        open_ones = {name for name, value in self.variables.items() if "${{" in value}
        assert open_ones <= variables.keys(), f"{self.name} needs {sorted(open_ones - variables.keys())}"
        programs = workspace.parent / f"{workspace.name}-bin"
        programs.mkdir(exist_ok=True)
        shim = programs / "skyworthy"
        shim.write_text(SHIM.format(python=sys.executable), "utf-8")
        shim.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
        files = {
            f"GITHUB_{name}": str(beside(workspace, name.lower())) for name in ("OUTPUT", "PATH", "STEP_SUMMARY", "ENV")
        }
        temporary = beside(workspace, "temp")
        temporary.mkdir(exist_ok=True)
        shown = {"NO_COLOR": "1", "COLUMNS": "200"}
        runner = {**shown, "RUNNER_TEMP": str(temporary), "PATH": f"{programs}:{kept['PATH']}"}
        given = {name: value for name, value in self.variables.items() if name not in open_ones}
        place = workspace / variables.pop("working_directory", "" if "${{" in self.directory else self.directory)
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.script],
            cwd=place, env={**kept, **runner, **files, **given, **variables}, capture_output=True, text=True,
            check=False, timeout=600,
        )  # fmt: skip


def beside(workspace: Path, name: str) -> Path:
    """A file or folder of the runner."""
    return workspace.parent / f"{workspace.name}-{name}"


def outputs(workspace: Path) -> dict[str, str]:
    """What steps wrote to GITHUB_OUTPUT."""
    lines = beside(workspace, "output").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def document(path: Path) -> dict[str, Any]:
    """A workflow or an action, with the key that YAML 1.1 reads as true by its name."""
    content: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return {"on" if key is True else key: value for key, value in content.items()}


def all_steps(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Job and step of each step of a workflow; of an action with an empty job."""
    for name, job in content.get("jobs", {}).items():
        for step in job.get("steps", ()):
            yield name, step
    for step in content.get("runs", {}).get("steps", ()):
        yield "", step


def steps_of(path: Path) -> list[Step]:
    """The steps of a file that have a script."""
    return [
        Step(
            path.name, job, step.get("name", ""), step["run"],
            {name: str(value) for name, value in step.get("env", {}).items()},
            step.get("working-directory", ""), str(step.get("if", "")),
        )
        for job, step in all_steps(document(path))
        if "run" in step
    ]  # fmt: skip


def step_of(path: Path, name: str, job: str = "") -> Step:
    """The one step of a name."""
    (step,) = (item for item in steps_of(path) if item.name == name and job in ("", item.job))
    return step
