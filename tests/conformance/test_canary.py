"""Nothing secret is left behind: values are planted wherever they can come from, and what runs leave is searched."""

import base64
import dataclasses
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skyworthy.config import load_settings
from skyworthy.sandbox import server
from skyworthy.sandbox.server import Sandbox
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage

PROJECT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
COPIED = ("terraform", "cassettes", "examples", "tests/live", "tests/smoke", "tests/static", "skyworthy.toml")
COPIED_TOO = ("waivers.toml", ".env.template", "pytest.ini")
SECRET = "staging-omc-secrets"
PLAIN = "STRIPE_API_KEY"  # a variable that stands in a task definition as it must not

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def canary(place: str) -> str:
    """A value that stands nowhere else, told apart by where it was planted; letters and hyphens, as in a URL."""
    return f"canary-{place.lower().replace('_', '-')}-q7f3x9k"


@dataclasses.dataclass(frozen=True)
class Planted:
    """A project whose secrets are canaries, and the sandbox that holds them."""

    folder: Path
    sandbox: Sandbox
    values: tuple[str, ...]

    def run(self, *program: str) -> "subprocess.CompletedProcess[str]":
        """A program in the project, its output kept with what it leaves."""
        more = {"NO_COLOR": "1", "COLUMNS": "200", "OPENAI_API_KEY": canary("process"), "PYTHONPATH": ""}
        keys = {"AWS_SECRET_ACCESS_KEY": canary("key"), "AWS_SESSION_TOKEN": canary("session")}
        done = subprocess.run(
            program, cwd=self.folder, env={**os.environ, **more, **keys}, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return done

    def leaks(self, *texts: str) -> set[str]:
        """Where a canary stands: ``output`` or a file of the project that a run made."""
        needles = [form for value in self.values for form in _forms(value)]
        found = {"output" for text in texts for needle in needles if needle in text.encode()}
        for path in self.folder.rglob("*"):
            inside = path.relative_to(self.folder)
            if path.is_file() and not _given(inside) and any(needle in path.read_bytes() for needle in needles):
                found.add(str(inside))
        return found


def _forms(value: str) -> tuple[bytes, bytes]:
    """A value as it is, and the part of its base64 that does not depend on what stands behind it."""
    return value.encode(), base64.b64encode(value.encode())[: len(value) // 3 * 4]


def _given(path: Path) -> bool:
    """Whether a file was there before anything ran."""
    given = {*COPIED, *COPIED_TOO, "canary.tfvars"}
    return any(str(path) == name or str(path).startswith(f"{name}/") for name in given)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("planted")
    for name in (*COPIED, *COPIED_TOO):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy: Any = shutil.copytree if (PROJECT / name).is_dir() else shutil.copyfile
        copy(PROJECT / name, folder / name)
    names = sorted(json.loads(_secret(PROJECT)).keys())
    in_variables = {name: canary(f"tfvars-{name}") for name in names}
    _give_variables(folder, in_variables)
    subprocess.run([*PROGRAM, "sandbox", "up", "--env", "staging"], cwd=folder, check=True, capture_output=True)
    try:
        sandbox = server.find_running(folder, "staging")
        assert sandbox is not None
        in_account = {name: canary(f"account-{name}") for name in names}
        _plant(sandbox, in_account)
        others = map(canary, ("process", "key", "session", "parameter", "database", "task", "log"))
        yield Planted(folder, sandbox, (*in_variables.values(), *in_account.values(), *others))
    finally:
        subprocess.run([*PROGRAM, "sandbox", "down", "--env", "staging"], cwd=folder, check=True, capture_output=True)


def _secret(project: Path) -> str:
    """The secret's keys, from the sandbox's variables of the reference stack."""
    text = (project / "terraform/environments/staging/sandbox.tfvars").read_text("utf-8")
    pairs = [line.split("=") for line in text.splitlines() if line.startswith("  ")]
    return json.dumps({name.strip(): value.strip() for name, value in pairs})


def _give_variables(folder: Path, values: dict[str, str]) -> None:
    lines = [f'  {name} = "{value}"' for name, value in values.items()]
    (folder / "canary.tfvars").write_text("\n".join(["secret_values = {", *lines, "}", ""]), "utf-8")
    settings = folder / "skyworthy.toml"
    table = "[environments.staging]\n"
    given = table + 'var_files = ["../../../canary.tfvars"]\n'
    settings.write_text(settings.read_text("utf-8").replace(table, given), "utf-8")


def _plant(sandbox: Sandbox, values: dict[str, str]) -> None:
    sandbox.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=json.dumps(values))
    sandbox.client("ssm").put_parameter(Name="/ohmycoins/token", Type="SecureString", Value=canary("parameter"))
    rds = sandbox.client("rds")
    for item in rds.describe_db_instances()["DBInstances"]:
        rds.modify_db_instance(
            DBInstanceIdentifier=item["DBInstanceIdentifier"],
            MasterUserPassword=canary("database"),
            ApplyImmediately=True,
        )
    logs = sandbox.client("logs")
    group = "/ecs/ohmycoins-staging/backend"
    logs.create_log_stream(logGroupName=group, logStreamName="planted")
    event = {"timestamp": 1_800_000_000_000, "message": f"token {canary('log')}"}
    logs.put_log_events(logGroupName=group, logStreamName="planted", logEvents=[event])


def _write_into_task_definition(sandbox: Sandbox) -> None:
    """A value that stands in the task definition itself, with which the backend then runs."""
    ecs = sandbox.client("ecs")
    service = ecs.describe_services(cluster="ohmycoins-staging", services=["backend"])["services"][0]
    current = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    kept = ("family", "containerDefinitions", "executionRoleArn", "taskRoleArn", "networkMode", "cpu", "memory",
            "requiresCompatibilities")  # fmt: skip
    request = {name: current[name] for name in kept}
    request["containerDefinitions"][0]["environment"].append({"name": PLAIN, "value": canary("task")})
    made = ecs.register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster="ohmycoins-staging", service="backend", taskDefinition=made)


def test_the_canaries_are_where_they_were_planted(planted: Planted) -> None:
    held = planted.sandbox.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"]
    assert canary("account-POSTGRES_PASSWORD") in held
    assert canary("tfvars-POSTGRES_PASSWORD") in (planted.folder / "canary.tfvars").read_text("utf-8")
    assert planted.leaks(held) == {"output"}
    settings = load_settings(planted.folder)
    with Stage(settings, settings.environment("staging"), Options()) as stage:
        (version,) = stage.declared.of("aws_secretsmanager_secret_version")
        assert canary("tfvars-POSTGRES_PASSWORD") in str(version["secret_string"])


def test_a_sound_run_leaves_nothing(planted: Planted) -> None:
    done = planted.run(*PROGRAM, "verify", "--env", "staging", "--no-checkov", "--json", "verdicts.json")
    assert (planted.folder / "reports" / "DEPLOYMENT_STATUS.md").exists()
    assert planted.leaks(done.stdout, done.stderr) == set()


def test_questions_about_the_stack_leave_nothing(planted: Planted) -> None:
    commands = (["drift"], ["policy"], ["policy", "--format", "terraform"], ["cost"], ["alarms"])
    told = [planted.run(*PROGRAM, *command, "--env", "staging") for command in commands]
    assert planted.leaks(*(done.stdout + done.stderr for done in told)) == set()


def test_findings_about_secrets_do_not_show_them(planted: Planted) -> None:
    """A run in which controls, tests and probes fail over the very values."""
    _write_into_task_definition(planted.sandbox)
    live = planted.run(*PROGRAM, "live", "--env", "staging")
    assert live.returncode == 1
    assert PLAIN in live.stdout
    shown = ("-vv", "--showlocals", "--tb=long", "-p", "no:cacheprovider", "--sky-env=staging", "--sky-no-checkov")
    tests = planted.run(
        sys.executable,
        "-m",
        "pytest",
        *shown,
        "--junitxml=junit.xml",
        "--log-level=DEBUG",
        "tests/static",
        "tests/live",
    )
    assert tests.returncode == 1, tests.stdout
    assert planted.leaks(live.stdout, live.stderr, tests.stdout, tests.stderr) == set()


def test_what_a_debugger_shows_holds_nothing(planted: Planted) -> None:
    """The objects of a run as ``--pdb`` and ``--showlocals`` write them, and the observation to the last byte."""
    settings = load_settings(planted.folder)
    with Stage(settings, settings.environment("staging"), Options(checkov=False)) as stage:
        seen, account = stage.observation, stage.account
        shown = [repr(item) for item in (seen, account, account.session, vars(account.session), stage, vars(stage))]
        shown += [repr(item) for item in (*stage.declared, *seen.estate, stage.declared)]
        version = next(item for item in seen.estate if item.type == "aws_secretsmanager_secret_version")
        pickled = pickle.dumps(version["secret_string"]).decode("latin-1")
    assert planted.leaks(*shown, pickled) == set()
