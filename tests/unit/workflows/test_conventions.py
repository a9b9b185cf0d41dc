"""What every workflow and action of this repository, and the one that `skyworthy init` writes, keeps to."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from tests.unit.workflows.steps import document, steps_of

from skyworthy.cli import skyworthy
from skyworthy.operations.scaffold import WORKFLOW, files_for

REPOSITORY = Path(__file__).parents[3]
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
ACTIONS = [REPOSITORY / "action.yml", *sorted((REPOSITORY / ".github" / "actions").glob("*/action.yml"))]
FILES = [*WORKFLOWS, *ACTIONS]
PINNED = re.compile(r"uses: (?P<action>[\w.-]+/[\w./-]+)@(?P<commit>[0-9a-f]{40}) # (?P<version>v\d+\.\d+\.\d+)$")
OWN = re.compile(r"uses: \$/(?P<path>[\w./-]+)$")
SIGN_IN = "aws-actions/configure-aws-credentials@"


@pytest.fixture(scope="module")
def scaffolded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workflow for somebody else's repository."""
    directory = tmp_path_factory.mktemp("theirs")
    path = directory / WORKFLOW
    path.parent.mkdir(parents=True)
    path.write_text(files_for(directory, [])[WORKFLOW], "utf-8")
    return path


def jobs() -> list[Any]:
    return [
        pytest.param(path, name, job, id=f"{path.stem}-{name}")
        for path in WORKFLOWS
        for name, job in document(path)["jobs"].items()
    ]


def test_the_workflows_are_there() -> None:
    assert [path.name for path in WORKFLOWS] == [
        "build-and-push.yml", "ci.yml", "nightly.yml", "pr-gate.yml", "signoff.yml", "terraform.yml",
    ]  # fmt: skip


def test_every_action_is_pinned_by_one_commit_and_says_its_version(scaffolded: Path) -> None:
    pins: dict[str, set[tuple[str, str]]] = {}
    for path in (*FILES, scaffolded):
        for line in path.read_text("utf-8").splitlines():
            if "uses:" not in line or line.lstrip().startswith("#"):
                continue
            if own := OWN.search(line):
                assert (REPOSITORY / own["path"] / "action.yml").is_file(), line
                continue
            pinned = PINNED.search(line)
            assert pinned, f"{path.name}: {line.strip()}"
            pins.setdefault(pinned["action"], set()).add((pinned["commit"], pinned["version"]))
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_grants_nothing_and_never_runs_twice_at_once(path: Path) -> None:
    content = document(path)
    assert content["permissions"] == {}
    assert set(content["concurrency"]) == {"group", "cancel-in-progress"}


@pytest.mark.parametrize(("path", "name", "job"), jobs())
def test_a_job_says_what_it_may_and_how_long(path: Path, name: str, job: dict[str, Any]) -> None:
    assert 0 < job["timeout-minutes"] <= 90
    assert job["permissions"]["contents"] == "read"
    assert {scope for scope, level in job["permissions"].items() if level == "write"} <= {"id-token", "security-events"}
    checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize(("path", "name", "job"), jobs())
def test_only_oidc_gets_into_aws(path: Path, name: str, job: dict[str, Any]) -> None:
    """The token is granted where a role is assumed and nowhere else, in an environment that the role's trust names."""
    signs_in = [step["with"] for step in job["steps"] if step.get("uses", "").startswith(SIGN_IN)]
    assert (job["permissions"].get("id-token") == "write") is bool(signs_in)
    for given in signs_in:
        assert set(given) == {"role-to-assume", "aws-region"}
        assert job["environment"]
    assert "secrets." not in yaml.safe_dump(job)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_script_holds_an_expression(path: Path) -> None:
    """What GitHub pastes into a script, it pastes as code; values come by variables."""
    for step in steps_of(path):
        assert "${{" not in step.script, f"{path.name}: {step.name}"


def commands() -> list[Any]:
    return [
        pytest.param(line.strip(), id=f"{path.parent.name}-{path.stem}-{step.name}")
        for path in FILES
        for step in steps_of(path)
        for line in step.script.splitlines()
        if line.strip().startswith("skyworthy ") and "${command[@]}" not in line
    ]


@pytest.mark.parametrize("line", commands())
def test_every_command_of_ours_is_one_that_there_is(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "plan").touch()
    monkeypatch.chdir(tmp_path)
    line = re.sub(r"\$\{\w+:\+(.*?)\}", r"\1", line)
    values = {"ENVIRONMENT": "staging", "BASE": "main", "PLAN": "plan", "TAG": "1.0"}
    words = [re.sub(r"\$(\w+)", lambda match: values[match[1]], word) for word in shlex.split(line)]
    command: click.Command = skyworthy
    rest = words[1:]
    while isinstance(command, click.Group):
        context = click.Context(command)
        found = command.get_command(context, rest[0])
        assert found is not None, f"{line}: there is no {rest[0]}"
        command, rest = found, rest[1:]
    with command.make_context(command.name, rest) as parsed:
        assert parsed.args == []


def test_every_suite_and_gate_of_ours_is_in_some_workflow() -> None:
    said = "\n".join(step.script for path in WORKFLOWS for step in steps_of(path))
    for command in ("gate pr", "gate nightly", "gate signoff", "verify", "static", "merge", "deploy"):
        assert f"skyworthy {command} " in said, command


def test_the_environments_of_the_workflows_are_those_of_the_settings() -> None:
    import tomllib

    known = tomllib.loads((REPOSITORY / "skyworthy.toml").read_text("utf-8"))["environments"]
    services = {name for name in known if name != "account"}
    named = {
        path.stem: set(options)
        for path in WORKFLOWS
        if (options := document(path)["on"].get("workflow_dispatch") or {})
        and (options := options.get("inputs", {}).get("environment", {}).get("options", []))
    }
    assert named == {"build-and-push": services, "signoff": services, "terraform": set(known)}
    nightly = document(REPOSITORY / ".github" / "workflows" / "nightly.yml")
    assert set(nightly["jobs"]["certify"]["strategy"]["matrix"]["environment"]) == services


def test_the_hooks_of_pre_commit_are_commands_that_there_are() -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [hook["id"] for hook in hooks] == ["skyworthy-gate", "skyworthy-static"]
    for hook in hooks:
        words = shlex.split(hook["entry"])
        command: click.Command = skyworthy
        for index, word in enumerate(words[1:], 1):
            if not isinstance(command, click.Group):
                break
            command = command.commands[word]
            rest = words[index + 1 :]
        assert command.make_context(command.name, rest).args == []
        assert [bool(re.search(hook["files"], name)) for name in ("a/main.tf", "skyworthy.toml", "README.md")] == [
            True, True, False,
        ]  # fmt: skip
