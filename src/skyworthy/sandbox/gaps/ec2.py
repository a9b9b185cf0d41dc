"""EC2: descriptions of security group rules, the status of flow logs, and public machine images."""

from collections.abc import Iterator
from typing import Any

from moto.ec2.models.amis import Ami
from moto.ec2.utils import random_ami_id

from skyworthy.sandbox.account.calls import Call
from skyworthy.sandbox.gaps import Clients, follows, precedes, store


def _forgets_descriptions(clients: Clients) -> bool:
    ec2 = clients("ec2")
    group = ec2.create_security_group(GroupName="probe", Description="probe")["GroupId"]
    pairs = [{"GroupId": group, "Description": "probe"}]
    permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": pairs}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    return not any(rule.get("Description") == "probe" for rule in rules)


@follows("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", lacking=_forgets_descriptions)
def keep_descriptions(call: Call) -> None:
    """See https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html.

    Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UserIdGroupPair.html and API_PrefixListId.html.
    """
    group = store(call, "ec2").get_security_group_by_name_or_id(call.params.get("GroupId") or call.params["GroupName"])
    rules = group.egress_rules if call.operation.endswith("Egress") else group.ingress_rules
    for permission, source, description in _described(call.params.get("IpPermissions", [])):
        for rule in rules:
            if source in (rule.source_group.get("GroupId"), rule.prefix_list_id) and _same_ports(rule, permission):
                rule.ip_range = {**rule.ip_range, "Description": description}


def _described(permissions: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str, str]]:
    for permission in permissions:
        for pair in permission.get("UserIdGroupPairs", []):
            if pair.get("Description") and pair.get("GroupId"):
                yield permission, pair["GroupId"], pair["Description"]
        for prefix in permission.get("PrefixListIds", []):
            if prefix.get("Description"):
                yield permission, prefix["PrefixListId"], prefix["Description"]


def _same_ports(rule: Any, permission: dict[str, Any]) -> bool:
    if rule.ip_protocol == "-1":
        return str(permission.get("IpProtocol")) == "-1"
    return (rule.from_port, rule.to_port) == (permission.get("FromPort"), permission.get("ToPort"))


def _fails_to_deliver(clients: Clients) -> bool:
    ec2, logs = clients("ec2"), clients("logs")
    logs.create_log_group(logGroupName="probe")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="cloud-watch-logs",
        LogDestination="arn:aws:logs:us-east-1:123456789012:log-group:probe",
        DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/probe",
    )
    return bool(ec2.describe_flow_logs()["FlowLogs"][0]["DeliverLogsStatus"] != "SUCCESS")


@follows("ec2", "CreateFlowLogs", lacking=_fails_to_deliver)
def deliver_flow_logs(call: Call) -> None:
    """See https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html.

    moto knows a log group by name only; one that is given by ARN and exists gets its logs, too.
    """
    groups = store(call, "logs").groups
    for flow_log in store(call, "ec2").flow_logs.values():
        destination = str(flow_log.log_destination or "")
        if destination.rpartition(":log-group:")[2].removesuffix(":*") in groups:
            flow_log.deliver_logs_status, flow_log.deliver_logs_error_message = "SUCCESS", None


_PUBLISHERS = {"amazon": "137112412989", "aws-marketplace": "679593333241"}
"""Accounts behind the aliases of owners."""
_MADE_UP = {"architecture", "name", "owner-alias", "owner-id", "root-device-type", "state", "virtualization-type"}


def _knows_no_current_ubuntu(clients: Clients) -> bool:
    name = {"Name": "name", "Values": ["ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"]}
    return not clients("ec2").describe_images(Owners=["099720109477"], Filters=[name])["Images"]


@precedes("ec2", "DescribeImages", lacking=_knows_no_current_ubuntu)
def publish_images(call: Call) -> None:
    """See https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html.

    Anybody may publish images; moto has some of a few publishers. One that is asked for by publisher and name, and is
    not there, is made up.
    """
    filters = {each["Name"]: each["Values"] for each in call.params.get("Filters", [])}
    owners = call.params.get("Owners") or filters.get("owner-id") or filters.get("owner-alias") or ["self"]
    names = filters.get("name")
    if call.params.get("ImageIds") or not names or "self" in owners or call.account in owners:
        return
    ec2 = store(call, "ec2")
    if ec2.describe_images(filters=dict(filters), owners=list(call.params.get("Owners", []))):
        return
    name, alias = _fitting(names[0]), owners[0] if owners[0] in _PUBLISHERS else None
    image = Ami(
        ec2,
        random_ami_id(),
        name=name,
        owner_id=_PUBLISHERS.get(owners[0], owners[0]),
        owner_alias=alias,
        public=True,
        virtualization_type="hvm",
        architecture=(filters.get("architecture") or ["arm64" if "arm64" in name else "x86_64"])[0],
        image_location=f"{owners[0]}/{name}",
        hypervisor="xen",
        root_device_type=(filters.get("root-device-type") or ["ebs"])[0],
        root_device_name="/dev/sda1" if "ubuntu" in name else "/dev/xvda",
        region_name=f"{call.region}a",
    )
    if filters.keys() <= _MADE_UP:
        ec2.amis[image.id] = image


def _fitting(pattern: str) -> str:
    """A name that fits a pattern of a filter."""
    return pattern.replace("*", "20260101").replace("?", "0")
