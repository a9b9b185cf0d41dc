"""Networks, names and certificates that must pre-exist."""

import ipaddress
from typing import Any

from skyworthy.sandbox.terraform.seeds import Wanted, makes, once

_CIDR = "10.{}.0.0/16"


@makes("aws_acm_certificate")
def certificate(wanted: Wanted) -> str | None:
    """An issued certificate for a domain."""
    domain, acm = wanted.text("domain"), wanted.client("acm")
    if domain is None:
        return None
    listed = acm.get_paginator("list_certificates").paginate()
    if any(each["DomainName"] == domain for page in listed for each in page["CertificateSummaryList"]):
        return None
    acm.request_certificate(DomainName=domain, ValidationMethod="DNS")
    return domain


@makes("aws_route53_zone")
def zone(wanted: Wanted) -> str | None:
    """A hosted zone; a private one belongs to the VPC that is looked for, else to the default one."""
    name, route53 = wanted.text("name"), wanted.client("route53")
    if name is None:
        return None
    private = wanted.source.peek("private_zone") is True or wanted.text("vpc_id") is not None
    for page in route53.get_paginator("list_hosted_zones").paginate():
        for each in page["HostedZones"]:
            if each["Name"].rstrip(".") == name.rstrip(".") and each["Config"]["PrivateZone"] == private:
                return None
    arguments: dict[str, Any] = {"Name": name, "CallerReference": f"sandbox-{name}-{private}"}
    if private:
        vpc = wanted.text("vpc_id") or wanted.existing.vpcs()[0]
        arguments["VPC"] = {"VPCId": vpc, "VPCRegion": wanted.existing.region}
        arguments["HostedZoneConfig"] = {"PrivateZone": True, "Comment": ""}
    route53.create_hosted_zone(**arguments)
    return name


@makes("aws_vpc", "aws_vpcs")
def vpc(wanted: Wanted) -> str | None:
    """A VPC with the tags and the range that are looked for, and DNS names."""
    ec2, filters = wanted.client("ec2"), wanted.filters()
    cidr = wanted.text("cidr_block")
    given = [{"Name": name, "Values": values} for name, values in filters.items() if values]
    given += [{"Name": "cidr", "Values": [cidr]}] if cidr else []
    if wanted.source.peek("default") is True:
        given.append({"Name": "is-default", "Values": ["true"]})
    if not given or wanted.text("id"):
        return None
    found = ec2.describe_vpcs(Filters=given)["Vpcs"]
    if found:
        wanted.know("id", found[0]["VpcId"])
        return None
    cidr = cidr or next(iter(filters.get("cidr", [])), _CIDR.format(len(ec2.describe_vpcs()["Vpcs"])))
    made: str = ec2.create_vpc(CidrBlock=cidr, TagSpecifications=_tagged("vpc", filters))["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=made, EnableDnsHostnames={"Value": True})
    wanted.know("id", made)
    return made


@makes("aws_subnet", "aws_subnets", "aws_subnet_ids")
def subnets(wanted: Wanted) -> str | None:
    """Subnets in two zones (one for `aws_subnet`) with the tags that are looked for."""
    ec2, filters = wanted.client("ec2"), wanted.filters()
    home = wanted.text("vpc_id") or next(iter(filters.get("vpc-id", [])), None)
    if wanted.text("id") or filters.get("subnet-id") or (home is None and not filters):
        return None
    if home is None and ("vpc-id" in filters or wanted.source.peek("vpc_id") is not None):
        return None  # a VPC of the stack itself
    home = home or wanted.existing.vpcs()[0]
    asked = {**filters, "vpc-id": [home]}
    found = ec2.describe_subnets(Filters=[{"Name": name, "Values": values} for name, values in asked.items() if values])
    if found["Subnets"]:
        return None
    count = 1 if wanted.source.type == "aws_subnet" else 2
    made = [_subnet(wanted, ec2, home, number, filters) for number in range(count)]
    wanted.know("id", made[0])
    return ", ".join(made)


@makes("aws_security_group", "aws_security_groups")
def security_group(wanted: Wanted) -> str | None:
    """A security group with the name or the tags that are looked for."""
    ec2, filters = wanted.client("ec2"), wanted.filters()
    name = wanted.text("name") or next(iter(filters.get("group-name", [])), None)
    home = wanted.text("vpc_id") or next(iter(filters.get("vpc-id", [])), None)
    if wanted.text("id") or (name is None and not any(key.startswith("tag:") for key in filters)):
        return None
    if home is None and ("vpc-id" in filters or wanted.source.peek("vpc_id") is not None):
        return None
    home = home or wanted.existing.vpcs()[0]
    asked = {**filters, "vpc-id": [home]} | ({"group-name": [name]} if name else {})
    found = ec2.describe_security_groups(Filters=[{"Name": key, "Values": values} for key, values in asked.items()])
    if found["SecurityGroups"]:
        return None
    made = ec2.create_security_group(
        GroupName=_plain(name or "placeholder"),
        Description="looked up",
        VpcId=home,
        TagSpecifications=_tagged("security-group", filters),
    )["GroupId"]
    wanted.know("id", str(made))
    return str(made)


@makes("aws_internet_gateway")
def internet_gateway(wanted: Wanted) -> str | None:
    """An internet gateway of the VPC that is looked for."""
    ec2, filters = wanted.client("ec2"), wanted.filters()
    homes = filters.get("attachment.vpc-id")
    if (
        not homes
        or ec2.describe_internet_gateways(
            Filters=[{"Name": name, "Values": values} for name, values in filters.items() if values]
        )["InternetGateways"]
    ):
        return None
    made: str = ec2.create_internet_gateway(TagSpecifications=_tagged("internet-gateway", filters))["InternetGateway"][
        "InternetGatewayId"
    ]
    ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=homes[0])
    return made


@makes("aws_key_pair")
def key_pair(wanted: Wanted) -> str | None:
    """A key pair."""
    name = wanted.text("key_name")
    return name if name and once(wanted.client("ec2").create_key_pair, KeyName=name) else None


@makes("aws_ec2_managed_prefix_list")
def prefix_list(wanted: Wanted) -> str | None:
    """A prefix list of the account; AWS's own ones are there."""
    name, ec2 = wanted.text("name"), wanted.client("ec2")
    if name is None or name.startswith("com.amazonaws"):
        return None
    listed = ec2.describe_managed_prefix_lists()["PrefixLists"]
    if any(each["PrefixListName"] == name for each in listed):
        return None
    entries = [{"Cidr": "10.0.0.0/8"}]
    ec2.create_managed_prefix_list(PrefixListName=name, MaxEntries=10, AddressFamily="IPv4", Entries=entries)
    return name


def _subnet(wanted: Wanted, ec2: Any, home: str, number: int, filters: dict[str, list[str]]) -> str:
    zones = filters.get("availability-zone") or wanted.existing.zones()
    zone = wanted.text("availability_zone") or zones[number % len(zones)]
    made: str = ec2.create_subnet(
        VpcId=home,
        CidrBlock=wanted.text("cidr_block") or _free(ec2, home),
        AvailabilityZone=zone,
        TagSpecifications=_tagged("subnet", filters),
    )["Subnet"]["SubnetId"]
    return made


def _free(ec2: Any, home: str) -> str:
    """The first range of 256 addresses of a VPC that no subnet takes."""
    whole = ipaddress.ip_network(ec2.describe_vpcs(VpcIds=[home])["Vpcs"][0]["CidrBlock"])
    listed = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [home]}])["Subnets"]
    taken = [ipaddress.ip_network(each["CidrBlock"]) for each in listed]
    parts = whole.subnets(new_prefix=max(24, whole.prefixlen + 2))
    free = next((part for part in parts if not any(part.overlaps(each) for each in taken)), None)
    if free is None:
        raise LookupError(f"{home} has no room for another subnet")
    return str(free)


def _tagged(type: str, filters: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The tags that filters ask for; of a pattern, a text that it fits."""
    tags = [
        {"Key": name.removeprefix("tag:"), "Value": _plain(values[0]) if values else ""}
        for name, values in filters.items()
        if name.startswith("tag:")
    ]
    tags += [{"Key": values[0], "Value": ""} for name, values in filters.items() if name == "tag-key" and values]
    return [{"ResourceType": type, "Tags": tags}] if tags else []


def _plain(pattern: str) -> str:
    return pattern.replace("*", "").replace("?", "0") or "placeholder"
