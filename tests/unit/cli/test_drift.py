"""``skyworthy drift`` on a sandbox that holds a stack made by hand, and on the reference stack."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from skyworthy.cli import skyworthy
from skyworthy.errors import BadInput
from skyworthy.sandbox import faults, server

SETTINGS = '[environments.staging]\nterraform = "terraform"\nregion = "us-east-1"\n'
STACK = """resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "shop-staging" }
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/shop-staging/app"
  retention_in_days = 30
}

resource "aws_iam_role_policy" "app" {
  name   = "app"
  role   = aws_iam_role.app.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })
}

resource "aws_iam_role" "app" {
  name = "shop-staging-app"
  assume_role_policy = jsonencode({
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }]
  })
}
"""
TRUST = {"Effect": "Allow", "Action": ["STS:AssumeRole"], "Principal": {"Service": ["ecs-tasks.amazonaws.com"]}}
READ = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]}


def _policy(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def run(*arguments: str) -> Result:
    return CliRunner().invoke(skyworthy, ("drift", *arguments))


def _written(directory: Path) -> Path:
    (directory / "skyworthy.toml").write_text(SETTINGS)
    (directory / "terraform").mkdir()
    (directory / "terraform" / "main.tf").write_text('provider "aws" {\n  region = "us-east-1"\n}\n')
    (directory / "terraform" / "stack.tf").write_text(STACK)
    return directory


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Terraform, and no sandbox."""
    monkeypatch.chdir(_written(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, server.Sandbox]]:
    directory = _written(tmp_path_factory.mktemp("drift"))
    yield directory, server.start_detached(directory, "staging")
    server.stop(directory, "staging")


@pytest.fixture
def account(_started: tuple[Path, server.Sandbox], monkeypatch: pytest.MonkeyPatch) -> server.Sandbox:
    """A sandbox that holds the stack, in the directory of its Terraform."""
    directory, started = _started
    monkeypatch.chdir(directory)
    started.control("POST", "reset")
    ec2, logs, iam = (started.client(name) for name in ("ec2", "logs", "iam"))
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "shop-staging"}])
    logs.create_log_group(logGroupName="/shop-staging/app")
    logs.put_retention_policy(logGroupName="/shop-staging/app", retentionInDays=30)
    iam.create_role(RoleName="shop-staging-app", AssumeRolePolicyDocument=_policy(TRUST))
    iam.put_role_policy(RoleName="shop-staging-app", PolicyName="app", PolicyDocument=_policy(READ))
    return started


def test_a_stack_as_the_code_says_has_no_drift(account: server.Sandbox) -> None:
    done = run("--json", "drift.json")

    assert done.exit_code == 0, done.output
    assert "0 changed, 0 missing, 0 not in the code" in done.stdout
    told = json.loads(Path("drift.json").read_text())["staging"]
    assert (told["changed"], told["missing"], told["unmanaged"], told["unread"]) == ([], [], [], [])
    assert set(told["compared"]) == {
        "aws_cloudwatch_log_group.app",
        "aws_iam_role.app",
        "aws_iam_role_policy.app",
        "aws_vpc.main",
    }


def test_what_was_changed_added_and_removed_by_hand(account: server.Sandbox) -> None:
    ec2, logs, iam = (account.client(name) for name in ("ec2", "logs", "iam"))
    logs.put_retention_policy(logGroupName="/shop-staging/app", retentionInDays=7)
    iam.delete_role_policy(RoleName="shop-staging-app", PolicyName="app")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.0.0.0/16"]}])["Vpcs"][0]["VpcId"]
    ec2.create_security_group(GroupName="by-hand", Description="by hand", VpcId=vpc)

    done = run("--json", "drift.json")

    assert done.exit_code == 1, done.output
    assert done.stdout.partition("\n")[2] == (
        "staging (- the code says, + the account has)\n"
        "  ~ aws_cloudwatch_log_group.app terraform/stack.tf:6\n"
        "      retention_in_days\n"
        "        - 30\n"
        "        + 7\n"
        "  - aws_iam_role_policy.app terraform/stack.tf:11 is not in the account\n"
        "  + aws_security_group(by-hand) is not in the code\n"
        f"{done.stdout.splitlines()[-1]}\n"
    )
    told = json.loads(Path("drift.json").read_text())["staging"]
    assert told["changed"] == [
        {
            "address": "aws_cloudwatch_log_group.app",
            "type": "aws_cloudwatch_log_group",
            "file": "terraform/stack.tf",
            "line": 6,
            "differences": [{"path": "retention_in_days", "code": "30", "account": "7", "hidden": False}],
        }
    ]


def test_what_could_not_be_read_is_never_in_sync(account: server.Sandbox) -> None:
    faults.inject_fault(account, "throttled")

    done = run()
    faults.heal(account)

    assert done.exit_code == 2, done.output
    assert "  ? could not be read: aws_cloudwatch_log_group: throttled: logs:DescribeLogGroups" in done.stdout
    assert "0 changed, 0 missing, 0 not in the code" in done.stdout.splitlines()[-1]


def test_the_default_rules_of_a_vpc_are_aws_s_until_somebody_changes_them(account: server.Sandbox) -> None:
    ec2 = account.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.0.0.0/16"]}])["Vpcs"][0]["VpcId"]
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    acl = ec2.describe_network_acls(Filters=of_vpc)["NetworkAcls"][0]["NetworkAclId"]
    ec2.create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=50, Protocol="-1", RuleAction="deny", Egress=False, CidrBlock="0.0.0.0/0"
    )
    group = ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"][0]["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    table = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"][0]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)

    done = run()

    assert done.exit_code == 1
    unmanaged = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("  + ")]
    assert unmanaged == [
        f"aws_default_network_acl({acl})",
        f"aws_default_route_table({table})",
        f"aws_default_security_group({group})",
        f"aws_internet_gateway({gateway})",
    ]


def test_an_environment_that_does_not_exist_is_refused(project: Path) -> None:
    done = run("--env", "nowhere")

    assert isinstance(done.exception, BadInput)
    assert "nowhere" in str(done.exception)


def test_without_a_sandbox_or_recording_it_says_what_to_do(project: Path) -> None:
    done = run("--env", "staging")

    assert isinstance(done.exception, BadInput)
    assert "skyworthy sandbox apply" in str(done.exception)
