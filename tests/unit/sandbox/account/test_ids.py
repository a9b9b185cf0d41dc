"""Ids follow from what is created."""

from collections.abc import Callable
from typing import Any

from skyworthy.sandbox.server import Sandbox, running


def _vpc(sandbox: Sandbox, cidr: str) -> str:
    return str(sandbox.client("ec2").create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"])


def _in_fresh_sandbox(work: Callable[[Sandbox], Any]) -> Any:
    with running() as sandbox:
        return work(sandbox)


def test_same_calls_give_the_same_ids_in_another_order_and_with_reads_between(sandbox: Sandbox) -> None:
    def work(other: Sandbox) -> tuple[str, str, str, str]:
        other.client("ec2").describe_vpcs()
        second = _vpc(other, "10.2.0.0/16")
        other.client("ec2").describe_subnets()
        key = other.client("kms").create_key(Description="data")["KeyMetadata"]["KeyId"]
        default = other.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
        return _vpc(other, "10.1.0.0/16"), second, key, default["VpcId"]

    first, second = _vpc(sandbox, "10.1.0.0/16"), _vpc(sandbox, "10.2.0.0/16")
    key = sandbox.client("kms").create_key(Description="data")["KeyMetadata"]["KeyId"]
    default = sandbox.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]

    assert _in_fresh_sandbox(work) == (first, second, key, default["VpcId"])


def test_equal_calls_create_different_things(sandbox: Sandbox) -> None:
    assert len({_vpc(sandbox, "10.1.0.0/16") for _ in range(3)}) == 3


def test_random_tokens_of_the_client_do_not_change_ids(sandbox: Sandbox) -> None:
    def work(other: Sandbox) -> str:
        created = other.client("secretsmanager").create_secret(
            Name="app", SecretString="{}"
        )  # boto3 adds a random token
        return str(created["ARN"])

    assert work(sandbox) == _in_fresh_sandbox(work)
