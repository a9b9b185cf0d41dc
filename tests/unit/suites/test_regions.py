"""An environment in several regions: each resource is looked for where it lives, and judged among its own."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from skyworthy.config import Settings, load_settings
from skyworthy.errors import BadInput
from skyworthy.results import SuiteResult, encode_result, merged
from skyworthy.sandbox import server
from skyworthy.sandbox.server import Sandbox
from skyworthy.suites import live, static
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import Outcome, Verdict

HOME, OTHER = "us-east-1", "eu-west-1"
CODE = """
provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "eu"
  region = "eu-west-1"
}

module "here" {
  source = "./queue"
}

module "there" {
  source    = "./queue"
  providers = { aws = aws.eu }
}

resource "aws_iam_role" "worker" {
  provider           = aws.eu
  name               = "shop-worker"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }]
  })
}
"""
MODULE = """
data "aws_region" "current" {}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/shop/app"
  retention_in_days = 30
}

resource "aws_sns_topic" "alarms" {
  name = "shop-alarms-${data.aws_region.current.name}"
}
"""
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]}'
)
TOML = '[environments.shop]\nterraform = "root"\n'


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with server.running("regions") as sandbox:
        yield sandbox


@pytest.fixture
def account(running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The stack as it was applied, in a sandbox that is found as the running one."""
    running.control("POST", "reset")
    monkeypatch.setattr(server, "find_running", lambda _directory, _name: running)
    for region in (HOME, OTHER):
        logs = running.client("logs", region)
        logs.create_log_group(logGroupName="/shop/app")
        logs.put_retention_policy(logGroupName="/shop/app", retentionInDays=30)
        running.client("sns", region).create_topic(Name=f"shop-alarms-{region}")
    running.client("iam").create_role(RoleName="shop-worker", AssumeRolePolicyDocument=TRUST)
    return running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return configured(tmp_path, TOML)


def configured(directory: Path, toml: str, code: str = CODE) -> Settings:
    (directory / "root" / "queue").mkdir(parents=True, exist_ok=True)
    (directory / "root" / "main.tf").write_text(code, "utf-8")
    (directory / "root" / "queue" / "main.tf").write_text(MODULE, "utf-8")
    (directory / "skyworthy.toml").write_text(toml, "utf-8")
    return load_settings(directory)


def look(settings: Settings, region: str = "") -> SuiteResult:
    with Stage(settings, settings.environments["shop"], Options(region=region)) as stage:
        return live.run(stage)


def of(result: SuiteResult, control: str, address: str) -> Verdict:
    found = result.of(control, address)
    assert found is not None, f"{control} of {address}"
    return found


def existing(result: SuiteResult) -> dict[str, tuple[Outcome, str]]:
    found = (item for item in result.verdicts if item.control == "live.exists")
    return {item.address: (item.outcome, item.region) for item in found}


EVERYTHING = {
    "aws_iam_role.worker": (Outcome.PASS, ""),
    "module.here.aws_cloudwatch_log_group.app": (Outcome.PASS, HOME),
    "module.here.aws_sns_topic.alarms": (Outcome.PASS, HOME),
    "module.there.aws_cloudwatch_log_group.app": (Outcome.PASS, OTHER),
    "module.there.aws_sns_topic.alarms": (Outcome.PASS, OTHER),
}


def test_each_resource_is_found_in_its_region_and_says_so(account: Sandbox, settings: Settings) -> None:
    result = look(settings)
    assert existing(result) == EVERYTHING
    assert (result.region, result.regions, result.not_looked_in) == (f"{HOME}, {OTHER}", (HOME, OTHER), ())
    assert of(result, "live.unmanaged", "stack").outcome is Outcome.PASS
    assert result.calls["logs:DescribeLogGroups"] == 2
    assert {count for name, count in result.calls.items() if name.startswith("iam:")} == {1}
    shown = encode_result(result)["verdicts"]
    assert {item.get("region") for item in shown if item["control"] == "live.exists"} == {None, HOME, OTHER}


def test_what_one_region_has_is_not_taken_for_what_the_other_lacks(account: Sandbox, settings: Settings) -> None:
    account.client("logs", OTHER).delete_log_group(logGroupName="/shop/app")
    found = existing(look(settings))
    assert found["module.there.aws_cloudwatch_log_group.app"] == (Outcome.FAIL, OTHER)
    assert found["module.here.aws_cloudwatch_log_group.app"] == (Outcome.PASS, HOME)


def test_a_finding_of_one_region_is_not_one_of_the_other(account: Sandbox, settings: Settings) -> None:
    account.client("logs", OTHER).put_retention_policy(logGroupName="/shop/app", retentionInDays=1)
    result = look(settings)
    drifted = {
        item.address for item in result.verdicts if item.control == "live.matches-code" and item.outcome == "fail"
    }
    assert drifted == {"module.there.aws_cloudwatch_log_group.app"}


def test_what_nobody_declared_is_told_with_its_region_and_once(account: Sandbox, settings: Settings) -> None:
    code = CODE + 'resource "aws_vpc" "there" {\n  provider   = aws.eu\n  cidr_block = "10.0.0.0/16"\n}\n'
    code += 'resource "aws_subnet" "there" {\n  provider   = aws.eu\n  vpc_id     = aws_vpc.there.id\n'
    code += '  cidr_block = "10.0.1.0/24"\n}\n'
    ec2 = account.client("ec2", OTHER)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")
    more = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24")["Subnet"]["SubnetId"]
    result = look(configured(settings.directory, TOML, code))
    assert of(result, "live.unmanaged", "stack").message == f"not in the code: aws_subnet({more}) in eu-west-1"


def test_a_name_may_be_made_of_what_is_in_another_region(account: Sandbox, settings: Settings) -> None:
    vpc = account.client("ec2", HOME).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    account.client("logs", OTHER).create_log_group(logGroupName=f"/flow/{vpc}")
    code = (
        CODE
        + """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_cloudwatch_log_group" "flow" {
  provider = aws.eu
  name     = "/flow/${aws_vpc.main.id}"
}
"""
    )
    found = existing(look(configured(settings.directory, TOML, code)))
    assert found["aws_cloudwatch_log_group.flow"] == (Outcome.PASS, OTHER)


def test_one_region_that_refuses_everything_does_not_stop_the_others(account: Sandbox, settings: Settings) -> None:
    code = (
        CODE
        + """
provider "aws" {
  alias  = "closed"
  region = "ap-south-1"
}

resource "aws_sns_topic" "closed" {
  provider = aws.closed
  name     = "shop-closed"
}
"""
    )
    settings = configured(settings.directory, TOML, code)
    with Stage(settings, settings.environments["shop"], Options()) as stage:
        stage.account.session_in("ap-south-1").client("sns").meta.events.register("before-send.sns", _denied)
        result = live.run(stage)
    closed = of(result, "live.exists", "aws_sns_topic.closed")
    assert (closed.outcome, closed.region) == (Outcome.ERROR, "ap-south-1")
    assert "sns:GetTopicAttributes" in closed.message
    assert existing(result) | EVERYTHING == existing(result)


def _denied(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    body = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    return AWSResponse(request.url, 403, HTTPHeaders(), _Raw(body))


class _Raw(io.BytesIO):
    def stream(self) -> Iterator[bytes]:
        yield self.read()


def test_a_resource_beyond_the_named_regions_is_unknown_and_not_missing(account: Sandbox, settings: Settings) -> None:
    settings = configured(settings.directory, TOML + 'regions = ["us-east-1"]\n')
    found = of(look(settings), "live.exists", "module.there.aws_sns_topic.alarms")
    assert (found.outcome, found.region) == (Outcome.UNKNOWN, OTHER)
    assert "it is in eu-west-1, which `regions` in skyworthy.toml does not name" in found.message


def test_a_resource_of_which_nobody_can_tell_the_region_is_unknown(account: Sandbox, settings: Settings) -> None:
    code = CODE.replace('region = "eu-west-1"', "region = var.other") + 'variable "other" {\n  type = string\n}\n'
    found = of(look(configured(settings.directory, TOML, code)), "live.exists", "module.there.aws_sns_topic.alarms")
    assert found.outcome is Outcome.UNKNOWN
    assert "its region cannot be told: variable other has no value" in found.message


def test_the_runs_of_each_region_joined_are_the_run_of_all(account: Sandbox, settings: Settings) -> None:
    both = look(settings)
    here, there = look(settings, HOME), look(settings, OTHER)
    assert (there.region, there.not_looked_in) == (OTHER, (HOME,))
    assert {item.address for item in there.verdicts if item.control == "live.exists"} == {
        "module.there.aws_cloudwatch_log_group.app",
        "module.there.aws_sns_topic.alarms",
    }
    (joined,) = merged([there, here])
    assert {item.key: item.outcome for item in joined.verdicts} == {item.key: item.outcome for item in both.verdicts}
    assert (joined.region, joined.regions, joined.not_looked_in) == (both.region, both.regions, ())
    with pytest.raises(BadInput, match="live of shop: no result of us-east-1: skyworthy live --env shop --region"):
        merged([there])


def test_a_named_region_without_anything_in_it_can_be_looked_in_and_joined(
    account: Sandbox, settings: Settings
) -> None:
    settings = configured(settings.directory, TOML + 'regions = ["us-east-1", "eu-west-1", "ap-south-1"]\n')
    results = [look(settings, region) for region in (HOME, OTHER, "ap-south-1")]
    assert [item.account for item in results] == [account.account_id] * 3
    assert {item.control for item in results[2].verdicts} == {"live.observed", "live.unmanaged"}
    (joined,) = merged(results)
    assert existing(joined) == EVERYTHING


def test_a_region_that_it_is_not_in_is_refused(account: Sandbox, settings: Settings) -> None:
    with pytest.raises(BadInput, match=r"^shop is not in eu-west-2; its regions: us-east-1, eu-west-1$"):
        look(settings, "eu-west-2")


def test_the_provider_and_the_settings_must_agree(settings: Settings) -> None:
    settings = configured(settings.directory, TOML + 'regions = ["eu-west-1"]\n')
    with (
        pytest.raises(BadInput, match=r"main.tf:2: the provider is in us-east-1, which `regions` .* does not name"),
        Stage(settings, settings.environments["shop"], Options(checkov=False)) as stage,
    ):
        static.run(stage)


def test_the_region_of_the_provider_block_is_home_where_nothing_else_says_it(settings: Settings) -> None:
    with Stage(settings, settings.environments["shop"], Options()) as stage:
        assert stage.home == HOME
    named = configured(settings.directory, TOML + 'regions = ["eu-west-1", "us-east-1"]\n')
    with Stage(named, named.environments["shop"], Options()) as stage:
        assert stage.home == HOME


def test_static_verdicts_say_the_region_too(settings: Settings) -> None:
    with Stage(settings, settings.environments["shop"], Options(checkov=False)) as stage:
        result = static.run(stage)
    found = {item.address: item.region for item in result.verdicts if item.control == "log.group-retention"}
    assert found == {
        "module.here.aws_cloudwatch_log_group.app": HOME,
        "module.there.aws_cloudwatch_log_group.app": OTHER,
    }
