"""``skyworthy sandbox throttle|slow|pages|clock`` on a sandbox that runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from skyworthy.cli import skyworthy
from skyworthy.errors import BadInput
from skyworthy.sandbox import server
from skyworthy.sandbox.server import Sandbox

TOML = """
[environments.staging]
terraform = "staging"
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(skyworthy, ["sandbox", *arguments])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one environment."""
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "main.tf").write_text("")
    (tmp_path / "skyworthy.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def sandbox(project: Path) -> Iterator[Sandbox]:
    """Its sandbox, empty."""
    yield server.start_detached(project, "staging")
    server.stop(project, "staging")


def test_commands_change_what_clients_see_and_heal_undoes_it(sandbox: Sandbox) -> None:
    sqs, ecs = sandbox.client("sqs"), sandbox.client("ecs")
    for name in ("a", "b"):
        sqs.create_queue(QueueName=name)

    assert run("pages", "1").output == "lists come in pages of 1\n"
    assert len(sqs.list_queues(MaxResults=5)["QueueUrls"]) == 1
    assert run("pages", "0", "--env", "staging").output == "lists come in pages as AWS gives them\n"
    assert len(sqs.list_queues()["QueueUrls"]) == 2

    told = run("throttle", "ecs:List*", "--every", "2").output
    assert told == "ecs:List*: each 2. call is throttled until `skyworthy sandbox heal`\n"
    ecs.list_clusters()
    with pytest.raises(ClientError, match="ThrottlingException"):
        ecs.list_clusters()
    assert "0.01 s later" in run("slow", "sqs:*", "--seconds", "0.01").output
    assert [rule["seconds"] for rule in sandbox.control("GET", "faults")] == [0.0, 0.01]

    run("heal")
    assert sandbox.control("GET", "faults") == []
    assert run("clock", "--forward", "60").output.endswith(" UTC\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("throttle", "ecs:List*", "--every", "0"),
        ("slow", "ecs:List*"),
        ("slow", "ecs:List*", "--seconds", "0"),
        ("pages", "-1"),
        ("clock", "--forward", "-1"),
    ],
)
def test_options_that_make_no_sense_are_refused(project: Path, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("throttle", "ecs:List*", "--every", "2", "--rate", "1"), "exclude each other"),
        (("throttle", "ecs:"), "names no operation"),
        (("pages", "2"), "no sandbox of staging is running"),
    ],
)
def test_bad_input_is_told_in_one_sentence(project: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)

    assert isinstance(result.exception, BadInput)
    assert message in str(result.exception)


def test_run_on_a_sandbox_says_once_what_is_simulated(project: Path, sandbox: Sandbox) -> None:
    (project / "staging" / "main.tf").write_text('resource "aws_sns_topic" "alarms" {\n  name = "alarms"\n}\n')
    sandbox.client("sns").create_topic(Name="alarms")

    told = CliRunner().invoke(skyworthy, ["live", "--env", "staging"])

    assert told.output.count("simulated: alarm states, images, backups, tasks") == 1
    assert CliRunner().invoke(skyworthy, ["status"]).exit_code == 0
    page = (project / "reports" / "DEPLOYMENT_STATUS.md").read_text("utf-8")
    assert page.count("Simulated by the sandbox: alarm states, images, backups, tasks") == 1
