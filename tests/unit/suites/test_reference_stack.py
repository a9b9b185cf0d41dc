"""The reference stack is sound, and each suite notices the defect it exists for."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skyworthy.config import Environment, Settings, load_settings
from skyworthy.config.deploy import DeploySettings
from skyworthy.results import SuiteResult
from skyworthy.sandbox import cassette, faults, server
from skyworthy.sandbox.server import Sandbox
from skyworthy.suites import live, smoke, static
from skyworthy.suites.account import cassette_of
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import Outcome

REPOSITORY = Path(__file__).parents[3]
ALARM = "module.monitoring.aws_cloudwatch_metric_alarm.alb_5xx"


def judged(result: SuiteResult, *outcomes: Outcome) -> set[tuple[str, str]]:
    return {(item.control, item.address) for item in result.verdicts if item.outcome in outcomes}


@pytest.fixture
def settings() -> Settings:
    return load_settings(REPOSITORY)


def run_static(settings: Settings, environment: Environment) -> SuiteResult:
    with Stage(settings, environment, Options(checkov=False)) as stage:
        return static.run(stage)


@pytest.mark.parametrize(("name", "passed"), [("staging", 150), ("production", 150), ("account", 30)])
def test_what_the_reference_stack_declares_is_sound(settings: Settings, name: str, passed: int) -> None:
    result = run_static(settings, settings.environment(name))
    assert judged(result, Outcome.FAIL, Outcome.ERROR) == set()
    assert len(judged(result, Outcome.PASS)) > passed


def test_what_watches_the_account_is_on_and_nothing_of_it_can_be_asked(settings: Settings) -> None:
    with Stage(settings, settings.environment("account"), Options()) as stage:
        seen, asked = live.run(stage), smoke.run(stage)
    assert judged(seen, Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN) == set()
    assert {"cloudtrail.delivering", "config.delivering", "guardduty.enabled"} <= {
        control for control, _ in judged(seen, Outcome.PASS)
    }
    (verdict,) = asked.verdicts
    assert (verdict.control, verdict.outcome) == ("smoke.services-found", Outcome.NOT_APPLICABLE)
    assert verdict.message == "the stack holds no service that could be asked"


def test_a_key_that_the_secret_lacks_is_found_with_file_and_line(settings: Settings, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "terraform", tmp_path / "terraform")
    module = tmp_path / "terraform" / "modules" / "ecs" / "main.tf"
    text = module.read_text("utf-8")
    assert ":SMTP_PASSWORD::" in text
    module.write_text(text.replace(":SMTP_PASSWORD::", ":SMTP_PASSWORT::"), "utf-8")
    environment = replace(settings.environment("staging"), root=tmp_path / "terraform" / "environments" / "staging")
    result = run_static(replace(settings, directory=tmp_path), environment)
    found = {item.control: item for item in result.verdicts if item.outcome is Outcome.FAIL}
    assert set(found) == {"ecs.secret-value-from-resolves", "secret.keys-injected"}
    verdict = found["ecs.secret-value-from-resolves"]
    assert verdict.address == "module.ecs.aws_ecs_task_definition.backend"
    assert verdict.location is not None
    assert verdict.location.file.endswith("modules/ecs/main.tf")
    assert "secret staging-omc-secrets has no key SMTP_PASSWORT; it has ANTHROPIC_API_KEY" in verdict.message


def test_a_role_must_do_what_the_commands_call_where_the_settings_say_that_they_deploy(
    settings: Settings, tmp_path: Path
) -> None:
    shutil.copytree(REPOSITORY / "terraform", tmp_path / "terraform")
    module = tmp_path / "terraform" / "modules" / "iam" / "main.tf"
    text = module.read_text("utf-8")
    assert '"ecs:DescribeTasks", "ecs:ListTasks"' in text
    module.write_text(text.replace('"ecs:DescribeTasks", "ecs:ListTasks"', '"ecs:DescribeTasks"'), "utf-8")
    environment = replace(settings.environment("staging"), root=tmp_path / "terraform" / "environments" / "staging")
    there = replace(settings, directory=tmp_path, environments={"staging": environment})
    (verdict,) = (item for item in run_static(there, environment).verdicts if item.outcome is Outcome.FAIL)
    assert (verdict.control, verdict.address) == ("iam.deploy-role-can-deploy", "module.iam.aws_iam_role.deploy")
    assert "aws_ecs_service.backend lack ecs:ListTasks;" in verdict.message
    others = run_static(replace(there, deploy=DeploySettings()), environment)
    assert judged(others, Outcome.FAIL, Outcome.ERROR) == set()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Sandbox]]:
    """A running sandbox of staging, in a project folder of its own."""
    settings = replace(load_settings(REPOSITORY), directory=tmp_path_factory.mktemp("project"))
    environment = settings.environment("staging")
    started = server.start_detached(settings.directory, "staging")
    try:
        cassette.replay(cassette.load(cassette_of(load_settings(REPOSITORY), environment)), started)
        yield settings, started
    finally:
        server.stop(settings.directory, "staging")


def run_live(settings: Settings) -> SuiteResult:
    with Stage(settings, settings.environment("staging"), Options()) as stage:
        return live.run(stage)


def test_what_the_account_holds_is_sound_and_seen_with_few_calls(sandbox: tuple[Settings, Sandbox]) -> None:
    result = run_live(sandbox[0])
    assert judged(result, Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN) == set()
    assert len(judged(result, Outcome.PASS)) > 250
    assert sum(result.calls.values()) <= 60


def test_a_denied_call_is_an_error_and_never_green(sandbox: tuple[Settings, Sandbox]) -> None:
    settings, account = sandbox
    faults.deny(account, "rds:DescribeDBInstances")
    try:
        result = run_live(settings)
    finally:
        faults.heal(account)
    of_database = [item for item in result.verdicts if "aws_db_instance" in item.address]
    assert of_database
    assert {item.outcome for item in of_database} <= {Outcome.ERROR, Outcome.NOT_APPLICABLE}
    assert ("live.exists", "module.rds.aws_db_instance.this") in judged(result, Outcome.ERROR)
    (exists,) = [item for item in of_database if item.control == "live.exists"]
    assert "rds:DescribeDBInstances" in exists.message


def test_a_deleted_alarm_is_named(sandbox: tuple[Settings, Sandbox]) -> None:
    settings, account = sandbox
    cloudwatch = account.client("cloudwatch")
    (alarm,) = [
        item
        for item in cloudwatch.describe_alarms()["MetricAlarms"]
        if item.get("MetricName") == "HTTPCode_ELB_5XX_Count"
    ]
    cloudwatch.delete_alarms(AlarmNames=[alarm["AlarmName"]])
    result = run_live(settings)
    assert ("live.exists", ALARM) in judged(result, Outcome.FAIL)


def test_what_was_made_by_hand_in_the_vpc_is_named(sandbox: tuple[Settings, Sandbox]) -> None:
    settings, account = sandbox
    ec2 = account.client("ec2")
    (vpc,) = [item for item in ec2.describe_vpcs()["Vpcs"] if not item["IsDefault"]]
    ec2.create_security_group(GroupName="by-hand", Description="made by hand", VpcId=vpc["VpcId"])
    (verdict,) = [item for item in run_live(settings).verdicts if item.control == "live.unmanaged"]
    assert verdict.outcome is Outcome.FAIL
    assert verdict.message == "not in the code: aws_security_group(by-hand)"


@pytest.mark.parametrize(("value", "problem"), [(" ", "empty"), ("changeme", "still a placeholder")])
def test_a_key_of_the_secret_without_a_real_value_is_named(
    sandbox: tuple[Settings, Sandbox], value: str, problem: str
) -> None:
    settings, account = sandbox
    secrets = account.client("secretsmanager")
    held = json.loads(secrets.get_secret_value(SecretId="staging-omc-secrets")["SecretString"])
    secrets.put_secret_value(SecretId="staging-omc-secrets", SecretString=json.dumps({**held, "SMTP_USER": value}))
    (verdict,) = [item for item in run_live(settings).verdicts if item.control == "secret.values-filled"]
    secrets.put_secret_value(SecretId="staging-omc-secrets", SecretString=json.dumps(held))
    assert (verdict.outcome, verdict.message) == (Outcome.FAIL, f"{problem}: SMTP_USER")
