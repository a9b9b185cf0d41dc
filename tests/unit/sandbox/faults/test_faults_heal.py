"""Named faults: what the catalogue says of itself, and that healing puts everything back."""

import re
from typing import Any

import pytest

from skyworthy.errors import BadInput
from skyworthy.sandbox import faults
from skyworthy.sandbox.faults import Fault
from skyworthy.sandbox.server import Sandbox

ALARM = {
    "AlarmName": "errors",
    "Namespace": "AWS/ApplicationELB",
    "MetricName": "HTTPCode_ELB_5XX_Count",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 5,
    "Threshold": 10,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.mark.parametrize("fault", faults.catalogue(), ids=lambda fault: fault.id)
def test_fault_is_named_documented_and_tied_to_requirements(fault: Fault) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", fault.id)
    assert fault.title.endswith(".")
    assert len(fault.title) > 15
    assert fault.refs
    assert all(re.fullmatch(r"(SEC|ALM|NET|DAT|IAM|LIV|REF)-\d+", ref) for ref in fault.refs)
    assert fault.transport == bool(fault.rules)


def test_catalogue_covers_every_area() -> None:
    found = faults.catalogue()

    assert len(found) >= 40
    assert len({fault.id for fault in found}) == len(found)
    assert {fault.area for fault in found} == {"SEC", "ALM", "NET", "DAT", "IAM", "LIV", "REF"}


def _stack(sandbox: Sandbox) -> Any:
    sandbox.client("ecs").create_cluster(clusterName="tests")
    cloudwatch = sandbox.client("cloudwatch")
    cloudwatch.put_metric_alarm(**ALARM)
    return cloudwatch


def _alarms(cloudwatch: Any) -> Any:
    return cloudwatch.describe_alarms()["MetricAlarms"]


def test_healing_puts_the_account_back_from_any_process(sandbox: Sandbox) -> None:
    cloudwatch = _stack(sandbox)
    before = _alarms(cloudwatch)
    faults.inject_fault(sandbox, "alarm-deleted")
    assert _alarms(cloudwatch) == []

    faults.heal(Sandbox(sandbox.url, sandbox.pid))

    assert _alarms(cloudwatch) == before


def test_healing_takes_back_what_was_made_in_between(sandbox: Sandbox) -> None:
    cloudwatch = _stack(sandbox)
    faults.inject_fault(sandbox, "alarm-deleted")
    sandbox.client("sqs").create_queue(QueueName="made-meanwhile")
    first = sandbox.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    faults.heal(sandbox)

    assert "QueueUrls" not in sandbox.client("sqs").list_queues()
    assert [vpc["IsDefault"] for vpc in sandbox.client("ec2").describe_vpcs()["Vpcs"]] == [True]
    assert sandbox.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] == first
    assert len(_alarms(cloudwatch)) == 1


def test_healing_undoes_several_faults_and_denials(sandbox: Sandbox) -> None:
    cloudwatch = _stack(sandbox)
    before = _alarms(cloudwatch)
    faults.deny(sandbox, "rds:*")
    faults.inject_fault(sandbox, "access-key-created")
    faults.inject_fault(sandbox, "alarm-deleted")
    assert faults.injected(sandbox) == ("access-key-created", "alarm-deleted")

    faults.heal(sandbox)

    assert _alarms(cloudwatch) == before
    assert sandbox.client("iam").list_users()["Users"] == []
    sandbox.client("rds").describe_db_instances()
    assert faults.injected(sandbox) == ()


def test_healing_a_sound_sandbox_changes_nothing(sandbox: Sandbox) -> None:
    cloudwatch = _stack(sandbox)
    faults.heal(sandbox)

    assert len(_alarms(cloudwatch)) == 1


def test_fault_without_its_resource_says_so_and_leaves_the_account_alone(sandbox: Sandbox) -> None:
    _stack(sandbox)

    with pytest.raises(BadInput, match=r"^listener-deleted: the sandbox holds no load balancer, which this fault"):
        faults.inject_fault(sandbox, "listener-deleted")

    assert faults.injected(sandbox) == ()


def test_refused_call_is_an_error_and_earlier_faults_stay(sandbox: Sandbox) -> None:
    cloudwatch = _stack(sandbox)
    faults.inject_fault(sandbox, "alarm-deleted")
    faults.deny(sandbox, "iam:CreateAccessKey")

    with pytest.raises(BadInput, match=r"^access-key-created could not be injected: .*AccessDenied"):
        faults.inject_fault(sandbox, "access-key-created")

    assert faults.injected(sandbox) == ("alarm-deleted",)
    assert sandbox.client("iam").list_users()["Users"] == []
    assert _alarms(cloudwatch) == []


def test_unknown_fault_is_refused_with_those_there_are(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match=r"^no fault is called alarm-delete; there are: .*alarm-deleted, "):
        faults.inject_fault(sandbox, "alarm-delete")


def test_snapshots_are_asked_for_by_name(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match=r"refused POST restore: .*no snapshot here; there are: none"):
        sandbox.control("POST", "restore", {"name": "here"})
    with pytest.raises(BadInput, match=r"refused POST snapshots: .*a snapshot needs a name"):
        sandbox.control("POST", "snapshots", {"name": ""})
