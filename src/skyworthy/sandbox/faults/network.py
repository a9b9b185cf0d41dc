"""Faults of security groups, routes, subnets and what watches them."""

from skyworthy.sandbox.faults.registry import Hit, fault
from skyworthy.sandbox.faults.stack import Item, Stack, one

_INTERNET = "0.0.0.0/0"


def _database_group(stack: Stack) -> str:
    return str(stack.database["VpcSecurityGroups"][0]["VpcSecurityGroupId"])


def _open(stack: Stack, group: str, port: int) -> Hit:
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": _INTERNET}]}
    stack.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    return Hit("aws_security_group", group)


@fault("sg-opened-to-internet", "NET-1", "LIV-3")
def opened_to_internet(stack: Stack) -> Hit:
    """The database's security group lets the whole internet in."""
    return _open(stack, _database_group(stack), stack.database["Endpoint"]["Port"])


@fault("sg-ssh-opened", "NET-1", "LIV-3")
def ssh_opened(stack: Stack) -> Hit:
    """The tasks' security group lets SSH in from the internet."""
    return _open(stack, stack.task_group, 22)


@fault("sg-another-way-to-data", "NET-1", "LIV-3")
def another_way(stack: Stack) -> Hit:
    """The database's security group lets the whole VPC in."""
    group = _database_group(stack)
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 5432,
        "ToPort": 5432,
        "IpRanges": [{"CidrIp": stack.vpc["CidrBlock"]}],
    }
    stack.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    return Hit("aws_security_group", group)


def _revoke(stack: Stack, rules: list[Item], what: str) -> Hit:
    rule = one(rules, what)
    direction = "egress" if rule["IsEgress"] else "ingress"
    revoke = getattr(stack.client("ec2"), f"revoke_security_group_{direction}")
    revoke(GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    return Hit(f"aws_vpc_security_group_{direction}_rule", rule["SecurityGroupRuleId"])


@fault("sg-rule-removed", "NET-1", "LIV-1")
def rule_removed(stack: Stack) -> Hit:
    """The load balancer can no longer reach the tasks."""
    return _revoke(stack, stack.rules_of(stack.task_group, egress=False), "rule into the tasks")


@fault("sg-database-rule-removed", "NET-1", "LIV-1")
def database_rule_removed(stack: Stack) -> Hit:
    """The tasks can no longer reach the database."""
    return _revoke(stack, stack.rules_of(_database_group(stack), egress=False), "rule into the database")


@fault("sg-way-out-removed", "NET-1", "LIV-1")
def way_out_removed(stack: Stack) -> Hit:
    """The tasks can no longer reach the internet over HTTPS."""
    rules = [rule for rule in stack.rules_of(stack.task_group, egress=True) if rule.get("CidrIpv4") == _INTERNET]
    return _revoke(stack, [rule for rule in rules if rule.get("FromPort") in (443, -1)], "rule out of the tasks")


@fault("default-sg-opened", "NET-1", "REF-1")
def default_opened(stack: Stack) -> Hit:
    """The VPC's default security group has a rule."""
    groups = stack.in_vpc("describe_security_groups", "SecurityGroups")
    group = one((item for item in groups if item["GroupName"] == "default"), "default security group")["GroupId"]
    _open(stack, group, 443)
    return Hit("aws_default_security_group", group)


def _drop_route(stack: Stack, table: Item) -> Hit:
    stack.client("ec2").delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock=_INTERNET)
    return Hit("aws_route", f"{table['RouteTableId']}_{_INTERNET}")


@fault("nat-route-removed", "NET-1", "LIV-1")
def nat_route_removed(stack: Stack) -> Hit:
    """The tasks' subnet has no route to the NAT gateway."""
    return _drop_route(stack, stack.route_table_of(stack.task_subnets[0]))


@fault("internet-route-removed", "NET-1", "LIV-1")
def internet_route_removed(stack: Stack) -> Hit:
    """The load balancer's subnets have no route to the internet."""
    return _drop_route(stack, stack.route_table_of(stack.load_balancer["AvailabilityZones"][0]["SubnetId"]))


@fault("database-subnet-routed-to-internet", "NET-2", "NET-1")
def database_routed(stack: Stack) -> Hit:
    """The database's subnets have a route to the internet gateway."""
    subnet = stack.database["DBSubnetGroup"]["Subnets"][0]["SubnetIdentifier"]
    gateways = stack.client("ec2").describe_internet_gateways()["InternetGateways"]
    vpc = stack.vpc["VpcId"]
    gateway = one((item for item in gateways if vpc in str(item["Attachments"])), "internet gateway")
    table = stack.route_table_of(subnet)["RouteTableId"]
    stack.client("ec2").create_route(
        RouteTableId=table, DestinationCidrBlock=_INTERNET, GatewayId=gateway["InternetGatewayId"]
    )
    return Hit("aws_subnet", subnet)


@fault("nat-gateway-deleted", "NET-1", "LIV-1")
def nat_deleted(stack: Stack) -> Hit:
    """The NAT gateway is gone."""
    filters = [{"Name": "vpc-id", "Values": [stack.vpc["VpcId"]]}]
    gateways = stack.client("ec2").describe_nat_gateways(Filters=filters)["NatGateways"]
    id = one(gateways, "NAT gateway")["NatGatewayId"]
    stack.client("ec2").delete_nat_gateway(NatGatewayId=id)
    return Hit("aws_nat_gateway", id)


@fault("public-ip-on-subnet", "NET-2")
def public_ip(stack: Stack) -> Hit:
    """What starts in the tasks' subnet gets a public address."""
    subnet = stack.task_subnets[0]
    stack.client("ec2").modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    return Hit("aws_subnet", subnet)


@fault("network-acl-closed", "NET-1", "LIV-3")
def acl_closed(stack: Stack) -> Hit:
    """The network ACL of the subnets denies everything that comes in."""
    acls = stack.in_vpc("describe_network_acls", "NetworkAcls")
    acl = one((item for item in acls if item["IsDefault"]), "default network ACL")["NetworkAclId"]
    stack.client("ec2").create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=1, Protocol="-1", RuleAction="deny", Egress=False, CidrBlock=_INTERNET
    )
    return Hit("aws_network_acl", acl)


@fault("flow-log-deleted", "NET-1", "REF-1", "LIV-1")
def flow_log_deleted(stack: Stack) -> Hit:
    """The VPC's traffic is no longer logged."""
    logs = stack.client("ec2").describe_flow_logs()["FlowLogs"]
    id = one((item for item in logs if item["ResourceId"] == stack.vpc["VpcId"]), "flow log")["FlowLogId"]
    stack.client("ec2").delete_flow_logs(FlowLogIds=[id])
    return Hit("aws_flow_log", id)


@fault("vpc-endpoint-deleted", "NET-1", "REF-1", "LIV-1")
def endpoint_deleted(stack: Stack) -> Hit:
    """The gateway endpoint to S3 is gone."""
    id = one(stack.in_vpc("describe_vpc_endpoints", "VpcEndpoints"), "VPC endpoint")["VpcEndpointId"]
    stack.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[id])
    return Hit("aws_vpc_endpoint", id)


@fault("vpc-dns-off", "NET-1", "REF-1")
def dns_off(stack: Stack) -> Hit:
    """Names are not resolved in the VPC."""
    vpc = stack.vpc["VpcId"]
    stack.client("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    return Hit("aws_vpc", vpc)


@fault("unmanaged-security-group", "LIV-3")
def unmanaged_group(stack: Stack) -> Hit:
    """Somebody made a security group by hand."""
    name = "by-hand"
    stack.client("ec2").create_security_group(GroupName=name, Description="made by hand", VpcId=stack.vpc["VpcId"])
    return Hit("aws_security_group", name)


@fault("unmanaged-instance", "LIV-3", "NET-1")
def unmanaged_instance(stack: Stack) -> Hit:
    """Somebody started a server in the VPC by hand."""
    ec2 = stack.client("ec2")
    image = one(ec2.describe_images(Owners=["amazon"])["Images"], "image")["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=stack.task_subnets[0])
    return Hit("aws_instance", made["Instances"][0]["InstanceId"])


_VPCS, _ADDRESSES = 5, 5
"""What AWS gives a region where no more was asked for; of rules, a security group gets 60 in one direction.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
"""
_MANY_RULES = 50


@fault("vpc-quota-used", "LIV-8")
def vpc_quota_used(stack: Stack) -> Hit:
    """The region holds as many VPCs as it may."""
    ec2 = stack.client("ec2")
    for number in range(len(ec2.describe_vpcs()["Vpcs"]), _VPCS):
        ec2.create_vpc(CidrBlock=f"192.168.{number}.0/24")
    return Hit("aws_vpc", stack.vpc["VpcId"])


@fault("address-quota-used", "LIV-8")
def address_quota_used(stack: Stack) -> Hit:
    """The region holds as many Elastic IPs as it may."""
    ec2 = stack.client("ec2")
    own = one(ec2.describe_addresses()["Addresses"], "Elastic IP")["AllocationId"]
    for _ in range(len(ec2.describe_addresses()["Addresses"]), _ADDRESSES):
        ec2.allocate_address(Domain="vpc")
    return Hit("aws_eip", own)


@fault("security-group-almost-full", "LIV-8", "NET-2")
def group_full(stack: Stack) -> Hit:
    """The tasks' security group has almost as many rules as it may."""
    ranges = [{"CidrIp": f"10.1.{number}.0/24", "Description": "one of many"} for number in range(_MANY_RULES)]
    permission = {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000, "IpRanges": ranges}
    stack.client("ec2").authorize_security_group_ingress(GroupId=stack.task_group, IpPermissions=[permission])
    return Hit("aws_security_group", stack.task_group)
