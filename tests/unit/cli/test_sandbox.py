"""``skyworthy sandbox``: the way that the help shows, from up to down, in a project of its own."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from skyworthy.cli import skyworthy
from skyworthy.sandbox import server

REPOSITORY = Path(__file__).parents[3]
ALARM = "module.monitoring.aws_cloudwatch_metric_alarm.rds_cpu"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(skyworthy, arguments)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of what the sandbox of this repository needs, and no sandbox left behind."""
    for name in ("skyworthy.toml", ".env.template"):
        shutil.copy(REPOSITORY / name, tmp_path)
    for name in ("terraform", "cassettes"):
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    run("sandbox", "down", "--env", "staging")


def findings(path: Path) -> set[tuple[str, str, str]]:
    data = json.loads(path.read_text("utf-8"))
    assert data["calls"]["total"] == sum(count for name, count in data["calls"].items() if name != "total") > 0
    return {
        (item["verdict"], item["control"], item["address"])
        for item in data["verdicts"]
        if item["verdict"] not in ("pass", "not_applicable")
    }


def test_from_up_to_down(project: Path) -> None:
    started = run("sandbox", "up", "--env", "staging")
    assert started.exit_code == 0, started.output
    url = started.output.split()[1]
    assert run("sandbox", "status").output.splitlines()[:2] == ["account: not running", "production: not running"]
    assert f"staging: {url}" in run("sandbox", "status").output

    exported = dict(
        line.removeprefix("export ").split("=", 1)
        for line in run("sandbox", "env", "--env", "staging").output.splitlines()
    )
    assert exported == server.Sandbox(url, pid=0).environment()

    clean = run("live", "--env", "staging", "--json", "clean.json")
    assert clean.exit_code == 0, clean.output
    assert clean.stdout.splitlines()[0] == (f"account 123456789012, region us-east-1: the sandbox running at {url}")
    assert findings(project / "clean.json") == set()

    server.Sandbox(url, pid=0).client("cloudwatch").delete_alarms(AlarmNames=["ohmycoins-staging-rds-cpu"])
    broken = run("live", "--env", "staging", "--json", "broken.json")
    assert broken.exit_code == 1
    assert ("fail", "live.exists", ALARM) in findings(project / "broken.json")

    listed = run("sandbox", "fault", "list", "--area", "SEC")
    assert "secret-key-missing" in listed.output
    assert "alarm-deleted" not in listed.output
    injected = run("sandbox", "fault", "inject", "secret-key-missing", "--env", "staging")
    assert injected.output == (
        "A key that the tasks are given is no longer in the secret: "
        "aws_secretsmanager_secret staging-omc-secrets; `skyworthy sandbox heal` undoes it\n"
    )
    run("live", "--env", "staging", "--json", "secret.json")
    task = "module.ecs.aws_ecs_task_definition.backend"
    assert ("fail", "ecs.secret-value-from-resolves", task) in findings(project / "secret.json")

    assert run("sandbox", "deny", "elasticache:DescribeReplicationGroups", "--env", "staging").exit_code == 0
    denied = run("live", "--env", "staging", "--json", "denied.json")
    assert denied.exit_code == 1
    cache = "module.redis.aws_elasticache_replication_group.this"
    assert ("error", "live.exists", cache) in findings(project / "denied.json")
    assert run("sandbox", "heal", "--env", "staging").exit_code == 0
    healed = run("live", "--env", "staging", "--json", "healed.json")
    assert (healed.exit_code, findings(project / "healed.json") - findings(project / "broken.json")) == (1, set())

    assert run("sandbox", "down", "--env", "staging").output == "staging: stopped\n"
    assert run("sandbox", "down", "--env", "staging").output == "staging: was not running\n"


def test_a_stale_recording_is_refused_and_nothing_is_left_running(project: Path) -> None:
    with (project / "terraform" / "modules" / "ecs" / "main.tf").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    done = run("sandbox", "up", "--env", "staging")
    assert str(done.exception).startswith("cassettes/staging.jsonl: recorded from another state of")
    assert run("sandbox", "status").output == "account: not running\nproduction: not running\nstaging: not running\n"
