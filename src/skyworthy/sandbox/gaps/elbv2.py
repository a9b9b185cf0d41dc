"""Elastic Load Balancing v2: default rules with ids of their own, targets as healthy as what was launched."""

import re
from typing import Any

from moto.moto_api._internal import mock_random

from skyworthy.sandbox.account import launches
from skyworthy.sandbox.account.calls import Call
from skyworthy.sandbox.gaps import Clients, answers, follows, store
from skyworthy.sandbox.simulated import service_tasks


def _numbers_rules_by_memory_address(clients: Clients) -> bool:
    ec2, elb = clients("ec2"), clients("elbv2")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
    balancer = elb.create_load_balancer(Name="probe", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    made = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[action])
    rules = elb.describe_rules(ListenerArn=made["Listeners"][0]["ListenerArn"])["Rules"]
    return not all(re.search("/[0-9a-f]{16}$", rule["RuleArn"]) for rule in rules)


@follows("elbv2", "CreateListener", lacking=_numbers_rules_by_memory_address)
def give_default_rule_an_id(call: Call) -> None:
    """See https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Rule.html.

    moto makes the id of a default rule from its address in memory, another at each run.
    """
    balancer = store(call, "elbv2").load_balancers[call.params["LoadBalancerArn"]]
    listener = list(balancer.listeners.values())[-1]
    for rule in listener.rules.values():
        if rule.is_default:
            rule.arn = f"{rule.arn.rpartition('/')[0]}/{mock_random.get_random_hex(16)}"


def _knows_no_launch(_: Clients) -> bool:
    return True  # moto cannot know of processes


@answers("elbv2", "DescribeTargetHealth", lacking=_knows_no_launch)
def describe_target_health(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html.

    The target that a launched task is registered as is as healthy as its process; where no network interface has the
    address of a target, nobody answers.
    """
    group = call.params["TargetGroupArn"]
    described = store(call, "elbv2").describe_target_health(group, call.params.get("Targets", []))
    told = _targets(call, group)
    return {
        "TargetHealthDescriptions": [
            {
                "Target": {"Id": each.instance_id, "Port": each.port},
                "HealthCheckPort": str(
                    each.port if each.health_check_port == "traffic-port" else each.health_check_port
                ),
                "TargetHealth": told.get((each.instance_id, int(each.port)))
                or _unanswered(call, each.instance_id)
                or {"State": each.status, "Reason": each.reason, "Description": each.description},
            }
            for each in described
        ]
    }


def _unanswered(call: Call, id: str) -> dict[str, str] | None:
    """The health of an address that nobody has; None where somebody has it, or the target is no address."""
    if not re.fullmatch(r"\d+(\.\d+){3}", id):
        return None
    held = {
        address["PrivateIpAddress"]
        for each in store(call, "ec2").enis.values()
        for address in each.private_ip_addresses
    }
    return (
        None if id in held else {"State": "unhealthy", "Reason": "Target.Timeout", "Description": "Request timed out"}
    )


def _targets(call: Call, group: str) -> dict[tuple[str, int], dict[str, str]]:
    """(address, port) -> the health of what was launched there."""
    launched = launches.tasks()
    known = {
        arn: task
        for tasks in (store(call, "ecs").tasks.values() if launched else ())
        for arn, task in tasks.items()
        if arn in launched
    }
    return {
        (address, target["port"]): target["health"]
        for arn, told in launched.items()
        if arn in known
        for address in [service_tasks.address_of(known[arn])]
        for target in told["targets"]
        if target["group"] == group
    }
