"""``skyworthy drill`` on a sandbox: what is tried, what is found, and that nothing is left behind."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from skyworthy import declared
from skyworthy.cli import skyworthy
from skyworthy.errors import BadInput
from skyworthy.observed import Session, observe
from skyworthy.operations.drills import DRILLS, Finding
from skyworthy.operations.drills.drill import Setting
from skyworthy.operations.drills.restore import judged
from skyworthy.probes.acting import ActingSession
from skyworthy.sandbox import faults, server
from skyworthy.sandbox.server import Sandbox

TOML = """
[environments.staging]
terraform = "staging"

[environments.production]
terraform = "staging"
"""
ALARM = """
resource "aws_cloudwatch_metric_alarm" "{name}" {{
  alarm_name          = "{name}"
  namespace           = "AWS/RDS"
  metric_name         = "CPUUtilization"
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
  period              = 60
  evaluation_periods  = 1
  {more}
}}
"""
TOPIC = 'resource "aws_sns_topic" "alarms" {\n  name = "alarms"\n}\n'
TELLS = "alarm_actions = [aws_sns_topic.alarms.arn]"
SETTINGS = {
    "Namespace": "AWS/RDS",
    "MetricName": "CPUUtilization",
    "Statistic": "Average",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 80,
    "Period": 60,
    "EvaluationPeriods": 1,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose two environments have the same Terraform."""
    made = tmp_path_factory.mktemp("project")
    (made / "staging").mkdir()
    (made / "skyworthy.toml").write_text(TOML)
    return made


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def started(folder: Path) -> Iterator[Sandbox]:
    yield server.start_detached(folder, "staging")
    server.stop(folder, "staging")


@pytest.fixture
def account(started: Sandbox) -> Sandbox:
    """The sandbox of staging, empty."""
    started.control("POST", "reset")
    return started


def write(project: Path, *alarms: tuple[str, str]) -> None:
    (project / "staging" / "main.tf").write_text(
        TOPIC + "".join(ALARM.format(name=name, more=more) for name, more in alarms)
    )


def make(account: Sandbox, *names: str, actions: bool = True, enabled: bool = True) -> str:
    """A topic and alarms of it; gives the topic's ARN."""
    topic = str(account.client("sns").create_topic(Name="alarms")["TopicArn"])
    for name in names:
        account.client("cloudwatch").put_metric_alarm(
            AlarmName=name, AlarmActions=[topic] if actions else [], ActionsEnabled=enabled, **SETTINGS
        )
        account.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")
    return topic


def run(*arguments: str) -> Result:
    return CliRunner().invoke(skyworthy, ["drill", *arguments, "--env", "staging", "--timeout", "3"])


def left(account: Sandbox) -> tuple[list[str], list[str], set[str]]:
    """Queues, subscriptions and states of alarms that there are."""
    queues = account.client("sqs").list_queues().get("QueueUrls", [])
    subscriptions = [item["Endpoint"] for item in account.client("sns").list_subscriptions()["Subscriptions"]]
    alarms = account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return queues, subscriptions, {item["StateValue"] for item in alarms}


NOTHING: Any = ([], [], {"OK"})


def test_alarms_are_tried_and_nothing_is_left_behind(project: Path, account: Sandbox) -> None:
    write(project, ("cpu", TELLS), ("memory", TELLS))
    topic = make(account, "cpu", "memory")
    done = run("alarms")
    assert done.exit_code == 0, done.output
    said = done.output.splitlines()
    assert "  will change: 2 alarms are set to ALARM for a moment, then back to their state: cpu, memory" in said
    assert f"  will change: an SQS queue is made, subscribed to {topic}, and removed at the end" in said
    assert said[-2:] == [f"  ok      {name}: its message arrived through {topic}" for name in ("cpu", "memory")]
    assert left(account) == NOTHING
    history = account.client("cloudwatch").describe_alarm_history(AlarmName="cpu", HistoryItemType="Action")
    assert any("Successfully executed action" in item["HistorySummary"] for item in history["AlarmHistoryItems"])


def test_message_that_does_not_arrive_is_found(project: Path, account: Sandbox) -> None:
    write(project, ("cpu", TELLS))
    topic = make(account, "cpu")
    nobody = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sns:Publish"}]}
    nobody["Statement"][0]["Resource"] = topic  # type: ignore[index]
    account.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(nobody)
    )
    done = run("alarms")
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == f"  FAIL    cpu: its message did not arrive through {topic}"
    assert left(account) == NOTHING


def test_alarms_that_cannot_be_tried_are_told_and_never_green(project: Path, account: Sandbox) -> None:
    write(project, ("cpu", TELLS), ("mute", ""), ("ringing", TELLS))
    make(account, "cpu", "ringing")
    make(account, "mute", actions=False)
    account.client("cloudwatch").set_alarm_state(AlarmName="ringing", StateValue="ALARM", StateReason="test")
    done = run("alarms")
    assert done.exit_code == 1
    assert "  FAIL    mute: it tells nobody" in done.output.splitlines()
    assert "  unknown ringing: it is in ALARM already: look into that first" in done.output.splitlines()
    assert left(account) == ([], [], {"OK", "ALARM"})


def test_actions_that_are_off_are_found(project: Path, account: Sandbox) -> None:
    write(project, ("cpu", TELLS), ("off", f"{TELLS}\n  actions_enabled = false"))
    make(account, "cpu")
    make(account, "off", enabled=False)
    done = run("alarms")
    assert "  FAIL    off: its actions are off" in done.output.splitlines()


def test_dry_run_changes_nothing(project: Path, account: Sandbox) -> None:
    write(project, ("cpu", TELLS))
    make(account, "cpu")
    before = account.client("cloudwatch").describe_alarm_history(AlarmName="cpu")["AlarmHistoryItems"]
    done = run("alarms", "--dry-run")
    assert (done.exit_code, "will change: 1 alarms" in done.output) == (0, True)
    assert account.client("cloudwatch").describe_alarm_history(AlarmName="cpu")["AlarmHistoryItems"] == before
    assert left(account) == NOTHING


def setting(project: Path, account: Sandbox, progress: Any) -> Setting:
    session = Session(endpoint_url=account.url, target="sandbox", region="us-east-1")
    estate = observe(session, declared.read(project / "staging")).estate
    return Setting(session, estate, timeout=20, interval=0.05, progress=progress)


@pytest.mark.parametrize("moment", ["setting memory", "0 of 2 messages"])
def test_interrupted_drill_leaves_nothing_behind(project: Path, account: Sandbox, moment: str) -> None:
    write(project, ("cpu", TELLS), ("memory", TELLS))
    make(account, "cpu", "memory")

    def interrupted(told: str) -> None:
        if told.startswith(moment):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        DRILLS["alarms"].run(setting(project, account, interrupted))
    assert left(account) == NOTHING


@pytest.mark.parametrize("call", ["sqs.CreateQueue", "sns.Subscribe", "cloudwatch.SetAlarmState"])
def test_call_whose_answer_never_comes_leaves_nothing_behind(
    project: Path, account: Sandbox, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Ctrl-C between what a call does and its answer."""
    write(project, ("cpu", TELLS))
    make(account, "cpu")

    class Interrupted(ActingSession):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self._botocore.register(f"after-call.{call}", self._interrupt)
            self._left = 1

        def _interrupt(self, **_: object) -> None:
            self._left -= 1
            if self._left == 0:
                raise KeyboardInterrupt

    monkeypatch.setattr("skyworthy.operations.drills.alarms.ActingSession", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        DRILLS["alarms"].run(setting(project, account, lambda _: None))
    assert left(account) == NOTHING


def test_what_cannot_be_removed_is_told_with_the_command(project: Path, account: Sandbox) -> None:
    write(project, ("cpu", TELLS))
    make(account, "cpu")

    def remove(told: str) -> None:
        if told.startswith("setting cpu"):
            (url,) = account.client("sqs").list_queues()["QueueUrls"]
            faults.deny(account, "sqs:DeleteQueue")
            seen.append(url)

    seen: list[str] = []
    with pytest.raises(BadInput, match="could not undo what it did; do it by hand: aws sqs delete-queue --queue-url"):
        DRILLS["alarms"].run(setting(project, account, remove))
    assert left(account) == (seen, [], {"OK"})


def test_sigterm_ends_a_drill_as_ctrl_c_does(project: Path, account: Sandbox) -> None:
    write(project, ("cpu", TELLS))
    topic = make(account, "cpu")
    sqs = account.client("sqs")
    account.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": []})
    )
    command = "from skyworthy.cli import main; main()"
    arguments = ("drill", "alarms", "--env", "staging", "--timeout", "600")
    with subprocess.Popen([sys.executable, "-c", command, *arguments], cwd=project, stdout=subprocess.DEVNULL) as drill:
        while drill.poll() is None and not sqs.list_queues().get("QueueUrls"):
            time.sleep(0.02)
        drill.send_signal(signal.SIGTERM)
        assert drill.wait(120) == 2
    assert left(account) == NOTHING


def test_aws_is_asked_for_before_anything_is_changed(
    project: Path, account: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, ("cpu", TELLS))
    make(account, "cpu")
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)
    arguments = ["drill", "alarms", "--env", "staging", "--target", "aws", "--timeout", "3"]
    refused = CliRunner().invoke(skyworthy, arguments, input="n\n")
    assert "do this in account 123456789012, region us-east-1? [y/N]" in refused.output
    assert (refused.exit_code, "ok      cpu" in refused.output) == (1, False)  # click's own; main() makes it 2
    assert left(account) == NOTHING
    assert CliRunner().invoke(skyworthy, [*arguments, "--yes"]).exit_code == 0
    assert left(account) == NOTHING


def test_production_needs_its_own_word(project: Path) -> None:
    done = CliRunner().invoke(skyworthy, ["drill", "alarms", "--env", "production"])
    assert isinstance(done.exception, BadInput)
    assert str(done.exception) == "production is a production: say so with --yes-production, or look with --dry-run"


def test_stack_without_alarms_has_nothing_to_try(project: Path, account: Sandbox) -> None:
    write(project)
    make(account)
    done = run("alarms")
    assert isinstance(done.exception, BadInput)
    assert "has no alarm that could be tried" in str(done.exception)


CLUSTER = """
resource "aws_ecs_cluster" "main" {
  name = "main"
}

resource "aws_ecs_service" "api" {
  name    = "api"
  cluster = aws_ecs_cluster.main.id
}
"""


def test_deployment_settles(project: Path, account: Sandbox) -> None:
    (project / "staging" / "main.tf").write_text(CLUSTER)
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(
        family="api",
        containerDefinitions=[{"name": "api", "image": "api:1"}],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
    )
    subnet = account.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    ecs.create_service(
        cluster="main",
        serviceName="api",
        taskDefinition="api",
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}},
    )
    before = set(ecs.list_tasks(cluster="main", serviceName="api")["taskArns"])
    done = run("deployment", "--interval", "0.05")
    assert done.exit_code == 0, done.output
    said = done.output.splitlines()
    assert (
        "  will change: api: api:1, 2 of 2 tasks run: all its tasks are replaced by new ones of the same revision"
        in said
    )
    assert said[-1] == "  ok      api: it settled: 2 of 2 tasks of api:1 run"
    assert not before & set(ecs.list_tasks(cluster="main", serviceName="api")["taskArns"])


DATABASE = 'resource "aws_db_instance" "main" {\n  identifier = "main"\n}\n'


def test_snapshot_is_looked_at_and_nothing_is_changed(project: Path, account: Sandbox) -> None:
    (project / "staging" / "main.tf").write_text(DATABASE)
    given = {"DBInstanceClass": "db.t3.micro", "Engine": "postgres", "AllocatedStorage": 20, "MasterUsername": "omc"}
    account.client("rds").create_db_instance(
        DBInstanceIdentifier="main",
        StorageEncrypted=True,
        BackupRetentionPeriod=3,
        MasterUserPassword="sandbox-dummy",
        **given,
    )
    done = CliRunner().invoke(skyworthy, ["drill", "restore", "--env", "staging"])
    assert done.exit_code == 0, done.output
    assert "  changes nothing" in done.output.splitlines()
    assert done.output.splitlines()[-1].endswith(" UTC: whole, encrypted as the database, 20 GiB")


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GOOD = {
    "DBSnapshotIdentifier": "rds:main",
    "SnapshotCreateTime": NOW - timedelta(hours=2),
    "Status": "available",
    "Encrypted": True,
    "KmsKeyId": "key",
    "Engine": "postgres",
    "EngineVersion": "17.2",
    "AllocatedStorage": 20,
    "Port": 5432,
}
REAL = {**GOOD, "Endpoint": {"Port": 5432}}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"Status": "creating"}, "its status is creating"),
        ({"Encrypted": False}, "it is not encrypted"),
        ({"SnapshotCreateTime": NOW - timedelta(hours=50)}, "it is 50 hours old, 26 at most are normal"),
        ({"EngineVersion": "16.1"}, "its engine version is 16.1, the database's 17.2"),
        ({"KmsKeyId": "other"}, "its key is other, the database's key"),
        ({"Port": 1, "AllocatedStorage": 5}, "its storage is 5, the database's 20; its port is 1, the database's 5432"),
    ],
)
def test_snapshot_that_could_not_take_the_place_of_its_database(change: dict[str, Any], problem: str) -> None:
    snapshot = {**GOOD, **change}
    shown = f"rds:main of {snapshot['SnapshotCreateTime']:%Y-%m-%d %H:%M} UTC"
    assert judged("main", snapshot, REAL, NOW) == Finding("main", "fail", f"{shown}: {problem}")
    assert judged("main", GOOD, REAL, NOW).verdict == "pass"
