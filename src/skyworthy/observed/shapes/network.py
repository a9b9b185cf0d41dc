"""Routes, access control lists and security group rules.

Source of the attribute names: the schemas of aws_route_table, aws_network_acl, aws_security_group and
aws_vpc_security_group_ingress_rule in the provider, https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs
"""

from collections.abc import Iterator
from typing import Any

from skyworthy.estate import Unknown, Value
from skyworthy.observed.shapes.base import Record, shape

_TARGETS = {
    "DestinationCidrBlock": "cidr_block",
    "DestinationIpv6CidrBlock": "ipv6_cidr_block",
    "DestinationPrefixListId": "destination_prefix_list_id",
    "GatewayId": "gateway_id",
    "NatGatewayId": "nat_gateway_id",
    "NetworkInterfaceId": "network_interface_id",
    "TransitGatewayId": "transit_gateway_id",
    "VpcPeeringConnectionId": "vpc_peering_connection_id",
    "EgressOnlyInternetGatewayId": "egress_only_gateway_id",
}
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp"}


@shape
def routes(record: Record) -> Value:
    """``route`` blocks of a route table, without the ones that AWS makes."""
    return [
        {name: route.get(api) for api, name in _TARGETS.items()}
        for route in record.get("Routes", ())
        if route.get("Origin") == "CreateRoute" and not str(route.get("GatewayId", "")).startswith("vpce-")
    ]


def _acl(record: Record, *, egress: bool) -> list[dict[str, Any]]:
    found = []
    for entry in record.get("Entries", ()):
        if entry["Egress"] is not egress or entry["RuleNumber"] == 32767:  # the final "deny all", which always stands
            continue
        ports, protocol = entry.get("PortRange", {}), str(entry["Protocol"])
        found.append(
            {
                "rule_no": entry["RuleNumber"],
                "action": entry["RuleAction"],
                "protocol": _PROTOCOLS.get(protocol, protocol),
                "cidr_block": entry.get("CidrBlock"),
                "ipv6_cidr_block": entry.get("Ipv6CidrBlock"),
                "from_port": ports.get("From", 0),
                "to_port": ports.get("To", 0),
                "icmp_type": entry.get("IcmpTypeCode", {}).get("Type", 0),
                "icmp_code": entry.get("IcmpTypeCode", {}).get("Code", 0),
            }
        )
    return sorted(found, key=lambda item: item["rule_no"])


@shape
def acl_ingress(record: Record) -> Value:
    """``ingress`` blocks of a network ACL."""
    return _acl(record, egress=False)


@shape
def acl_egress(record: Record) -> Value:
    """``egress`` blocks of a network ACL."""
    return _acl(record, egress=True)


def _peers(permission: Record) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each peer of a permission with its description: rules with one description make one block."""
    for item in permission.get("IpRanges", ()):
        yield item.get("Description", ""), {"cidr_blocks": [item["CidrIp"]]}
    for item in permission.get("Ipv6Ranges", ()):
        yield item.get("Description", ""), {"ipv6_cidr_blocks": [item["CidrIpv6"]]}
    for item in permission.get("PrefixListIds", ()):
        yield item.get("Description", ""), {"prefix_list_ids": [item["PrefixListId"]]}
    for item in permission.get("UserIdGroupPairs", ()):
        yield item.get("Description", ""), {"security_groups": [item["GroupId"]]}


def _group(record: Record, direction: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for permission in record.get(direction, ()):
        by_description: dict[str, dict[str, Any]] = {}
        for description, peer in _peers(permission):
            block = by_description.setdefault(
                description,
                {
                    "description": description,
                    "protocol": permission["IpProtocol"],
                    "from_port": permission.get("FromPort", 0),
                    "to_port": permission.get("ToPort", 0),
                    "cidr_blocks": [],
                    "ipv6_cidr_blocks": [],
                    "prefix_list_ids": [],
                    "security_groups": [],
                    "self": False,
                },
            )
            for name, values in peer.items():
                if name == "security_groups" and values == [record["GroupId"]]:
                    block["self"] = True
                else:
                    block[name] = sorted({*block[name], *values})
        blocks += by_description.values()
    return blocks


@shape
def group_ingress(record: Record) -> Value:
    """``ingress`` blocks of a security group."""
    return _group(record, "IpPermissions")


@shape
def group_egress(record: Record) -> Value:
    """``egress`` blocks of a security group."""
    return _group(record, "IpPermissionsEgress")


def _port(record: Record, name: str) -> int | None:
    """All protocols have no ports; the API writes -1 for that."""
    return None if record.get("IpProtocol") == "-1" else record.get(name)


@shape
def rule_from_port(record: Record) -> Value:
    """``from_port`` of a rule."""
    return _port(record, "FromPort")


@shape
def rule_to_port(record: Record) -> Value:
    """``to_port`` of a rule."""
    return _port(record, "ToPort")


@shape
def gateway_tags(record: Record) -> Value:
    """``tags`` of an internet gateway; the route to it tells of everything else."""
    if record.get("Tags", ()) is None:
        return Unknown("not read: the route tells of its gateway without the tags")
    return {item["Key"]: item["Value"] for item in record.get("Tags", ())}


@shape
def address_tags(record: Record) -> Value:
    """``tags`` of an Elastic IP; the NAT gateway that has it tells of everything else."""
    if record.get("Tags", ()) is None:
        return Unknown("not read: the NAT gateway tells of its address without the tags")
    return {item["Key"]: item["Value"] for item in record.get("Tags", ())}
