"""Elastic Load Balancing v2: default rules with ids of their own."""

import re

from moto.moto_api._internal import mock_random

from skyworthy.sandbox.calls import Call
from skyworthy.sandbox.gaps import Clients, follows, store


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
