"""``skyworthy deploy`` and ``skyworthy rollback`` as people call them: questions, refusals, records, Ctrl-C."""

import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from skyworthy.cli import skyworthy
from skyworthy.errors import BadInput
from skyworthy.gates.clearance import clearance
from skyworthy.gates.record import Subject, write_record
from skyworthy.gates.signoff import Decision
from skyworthy.sandbox import faults
from skyworthy.suites.suite import commit_of

PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(skyworthy, arguments)


def refusal(*arguments: str) -> str:
    """Why a command refuses to begin."""
    done = run(*arguments)
    assert isinstance(done.exception, BadInput), done.output
    return str(done.exception)


def records(project: Path) -> list[dict[str, Any]]:
    """What is kept of deployments, oldest first."""
    return [json.loads(path.read_text()) for path in sorted((project / "reports" / "deployments").glob("*.json"))]


def interrupted(project: Path, moment: str, number: signal.Signals, *arguments: str) -> tuple[str, int]:
    """What a command says that is sent a signal when a line begins so, and its exit code."""
    process = subprocess.Popen(
        [*PROGRAM, *arguments, "--env", "staging", "--interval", "0.2"],
        cwd=project,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    said = []
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if line.startswith(moment):
                process.send_signal(number)
        code = process.wait(30)
    return "".join(said), code


def test_deploy_and_roll_back(stack: Any, project: Callable[[str], Path]) -> None:
    stack.service()
    image = stack.push("1.1")
    here = project("staging")
    done = run("deploy", "--env", "staging", "--tag", "1.1", "--no-build", "--yes")
    assert done.exit_code == 0, done.output
    assert "staging: 1.1 deployed in" in done.output
    assert f"  api: {stack.name}:1 -> {stack.name}:2" in done.output.splitlines()
    (record,) = records(here)
    assert (record["kind"], record["good"], record["tag"], record["images"]) == ("deploy", True, "1.1", {"api": image})
    assert (record["services"][0]["after"], record["signoff"]) == (f"{stack.name}:2", None)

    listed = run("rollback", "--env", "staging", "--list")
    assert listed.stdout.splitlines()[1:] == [
        f"api: {stack.name}:2, 1 of 1 tasks run",
        f"  {stack.name}:2  {image}  (runs)",
        f"  {stack.name}:1  {stack.image}:1.0",
    ]
    dry = run("rollback", "--env", "staging", "--dry-run")
    assert f"api: {stack.name}:2 -> {stack.name}:1  {stack.image}:1.0" in dry.output
    assert stack.runs() == "2"
    back = run("rollback", "--env", "staging", "--yes")
    assert back.exit_code == 0, back.output
    assert stack.runs() == "1"
    chosen = run("rollback", "--env", "staging", "--service", "api", "--to", "2", "--yes")
    assert (chosen.exit_code, stack.runs()) == (0, "2")
    assert [item["kind"] for item in records(here)] == ["deploy", "rollback", "rollback"]


def test_rollback_leaves_out_what_failed(stack: Any, project: Callable[[str], Path]) -> None:
    stack.service()
    bad = stack.push("1.1")
    stack.push("1.2")
    here = project("staging")
    with stack.launch({bad: "exits"}):
        failing = run("deploy", "--env", "staging", "--tag", "1.1", "--no-build", "--yes", "--interval", "0.1")
    assert failing.exit_code == 1, failing.output
    assert "staging: the rollout of api failed" in failing.output
    assert f"next: api: ECS has put {stack.name}:1 back by itself" in failing.output
    assert records(here)[0]["good"] is False
    assert run("deploy", "--env", "staging", "--tag", "1.2", "--no-build", "--yes").exit_code == 0
    assert stack.runs() == "3"
    listed = run("rollback", "--env", "staging", "--list").output
    assert f"(a deployment of it failed at {records(here)[0]['made']})" in listed
    assert run("rollback", "--env", "staging", "--yes").exit_code == 0
    assert stack.runs() == "1"


def test_interrupted_before_anything_is_done(stack: Any, project: Callable[[str], Path]) -> None:
    stack.service()
    stack.push("1.1")
    here = project("staging")
    output, code = interrupted(here, "2/5", signal.SIGTERM, "deploy", "--tag", "1.1", "--no-build", "--yes")
    assert code == 2, output
    assert f"staging: interrupted\n  api: not begun, runs {stack.name}:1: was not touched\n" in output
    assert "next: no service was touched; again: skyworthy deploy --env staging --target sandbox --tag 1.1" in output
    assert (records(here)[0]["problem"], stack.runs()) == ("interrupted", "1")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_says_how_things_are(stack: Any, project: Callable[[str], Path], number: signal.Signals) -> None:
    stack.service(breaker=False)
    bad = stack.push("1.1")
    here = project("staging")
    with stack.launch({bad: "exits"}):
        output, code = interrupted(here, "5/5", number, "deploy", "--tag", "1.1", "--no-build", "--yes")
    assert code == 2, output
    assert "staging: interrupted\n  api: rolling, runs" in output
    command = f"skyworthy rollback --env staging --target sandbox --service api --to {stack.name}:1 --yes"
    assert f"next: put {stack.name}:1 back: {command}\n" in output
    assert (records(here)[0]["problem"], records(here)[0]["services"][0]["state"]) == ("interrupted", "rolling")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("deploy", "--env", "nowhere", "--tag", "1"), "unknown environment 'nowhere'; there are: staging"),
        (("deploy", "--env", "staging", "--tag", "1.0", "--no-build"), "Nobody can be asked here: confirm with --yes"),
        (("deploy", "--env", "staging", "--tag", "latest", "--yes"), "the tag latest moves"),
        (("deploy", "--env", "staging", "--yes"), "this is no git checkout: name the tag of the images with --tag"),
        (
            ("deploy", "--env", "staging", "--tag", "1", "--service", "web"),
            "staging has no service web; there are: api",
        ),
        (("rollback", "--env", "staging", "--yes"), "there is no earlier active revision to go back to"),
        (("rollback", "--env", "staging", "--to", "99", "--yes"), "no task definition shop-"),
        (("rollback", "--env", "staging", "--to", "other:1", "--yes"), "of which 'other:1' is no revision"),
    ],
)
def test_refusals(stack: Any, project: Callable[[str], Path], arguments: tuple[str, ...], message: str) -> None:
    stack.service()
    here = project("staging")
    assert message in refusal(*arguments)
    assert not records(here)
    assert stack.runs() == "1"


def test_no_sandbox_runs(project: Callable[[str], Path]) -> None:
    here = project("staging")
    shutil.rmtree(here / ".skyworthy")
    assert "no sandbox of staging is running" in refusal("deploy", "--env", "staging", "--tag", "1.0", "--yes")


def test_production_needs_a_signoff(stack: Any, project: Callable[[str], Path]) -> None:
    stack.service()
    stack.push("1.1")
    here = project("production")
    (here / ".gitignore").write_text("reports\n.skyworthy\n")
    git = ["git", "-C", str(here), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True)
    commit = commit_of(here)
    deploy = ("deploy", "--env", "production", "--tag", "1.1", "--no-build", "--yes")
    assert "production was never signed off" in refusal(*deploy)

    folder = here / "reports" / "signoff"
    made = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
    write_record(folder, Subject("production", "0" * 40, "", "", "me", made), Decision((), ()), [], [])
    assert f"is for commit 000000000000, not for {commit[:12]}" in refusal(*deploy)
    later = made + datetime.timedelta(hours=1)
    path, _ = write_record(folder, Subject("production", commit, "", "", "me", later), Decision(("late",), ()), [], [])
    assert f"{path.name} says no-go" in refusal(*deploy)
    last = made + datetime.timedelta(hours=2)
    path, digest = write_record(folder, Subject("production", commit, "", "", "me", last), Decision((), ()), [], [])
    assert clearance(folder, "production", commit).reasons == ()
    assert clearance(folder, "production", commit + "+").reasons[0].startswith("the checkout is not exactly a commit")
    text = path.read_text()
    path.write_text(text.replace('"me"', '"you"'))
    assert "the record was changed" in refusal(*deploy)
    assert stack.runs() == "1"
    path.write_text(text)
    done = run(*deploy)
    assert (done.exit_code, stack.runs()) == (0, "2"), done.output
    assert records(here)[0]["signoff"] == {"record": str(path.relative_to(here)), "digest": digest}


def test_production_without_a_signoff_keeps_the_reason(stack: Any, project: Callable[[str], Path]) -> None:
    stack.service()
    stack.push("1.1")
    here = project("production")
    deploy = ("deploy", "--env", "production", "--tag", "1.1", "--no-build")
    assert "a deployment would be refused: production was never signed off" in run(*deploy, "--dry-run").output
    assert "needs a sign-off" in refusal(*deploy, "--yes", "--without-signoff", " ")
    done = run(*deploy, "--yes", "--without-signoff", "the site is down")
    assert done.exit_code == 0, done.output
    assert records(here)[0]["signoff"] == {
        "without": "the site is down",
        "reasons": ["production was never signed off"],
    }


def test_verified_afterwards(stack: Any, project: Callable[[str], Path]) -> None:
    stack.service()
    stack.push("1.1")
    here = project("staging")
    with (here / "skyworthy.toml").open("a") as settings:
        settings.write(f"[launch.stand_ins.api]\ncommand = {json.dumps(list(stack.application))}\n")
    done = run("deploy", "--env", "staging", "--tag", "1.1", "--no-build", "--yes", "--verify")
    lines = done.stdout.splitlines()
    order = [line.split(" (")[0] for line in lines if line.startswith(("staging: ", "live ", "smoke "))]
    assert [line.split(" deployed")[0] for line in order] == ["staging: 1.1", "live staging", "smoke staging"], lines
    kept = {path.name for path in (here / "reports").rglob("results-*.json")}
    assert kept == {"results-live.json", "results-smoke.json"}
    assert done.exit_code == 1, done.output  # the little stack has findings
    assert stack.runs() == "2"


def test_a_failed_deployment_is_not_verified(stack: Any, project: Callable[[str], Path]) -> None:
    stack.service()
    bad = stack.push("1.1")
    project("staging")
    with stack.launch({bad: "exits"}):
        done = run("deploy", "--env", "staging", "--tag", "1.1", "--no-build", "--yes", "--verify", "--interval", "0.1")
    assert (done.exit_code, "live staging" in done.output) == (1, False), done.output


def test_an_account_that_refuses_midway(stack: Any, project: Callable[[str], Path]) -> None:
    stack.service()
    stack.push("1.1")
    here = project("staging")
    faults.deny(stack.sandbox, "ecs:UpdateService")
    try:
        done = run("deploy", "--env", "staging", "--tag", "1.1", "--no-build", "--yes")
    finally:
        faults.heal(stack.sandbox)
    assert done.exit_code == 2, done.output
    assert "AccessDenied" in records(here)[0]["problem"]
    again = "skyworthy deploy --env staging --target sandbox --tag 1.1"
    assert f"  next: no service was touched; again: {again}" in done.output.splitlines()


def test_an_account_that_refuses_before_anything_is_done(stack: Any, project: Callable[[str], Path]) -> None:
    stack.service()
    stack.push("1.1")
    here = project("staging")
    faults.inject(stack.sandbox, "ecr:DescribeImages", "ExpiredToken")
    try:
        done = run("deploy", "--env", "staging", "--tag", "1.1", "--no-build", "--yes")
    finally:
        faults.heal(stack.sandbox)
    assert done.exit_code == 2, done.output
    assert "the credentials have expired; sign in again" in done.output
    assert f"  api: not begun, runs {stack.name}:1: was not touched" in done.output.splitlines()
    assert [item["state"] for item in records(here)[0]["services"]] == ["not begun"]
