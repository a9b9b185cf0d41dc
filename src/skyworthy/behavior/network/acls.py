"""Network ACLs: stateless, so that the answer to a connection needs rules too.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.network.rules import contains
from skyworthy.behavior.references import named, naming, undecided
from skyworthy.estate import Estate, Reference, Resource, Undecidable, Unknown, Value

ACLS = ("aws_network_acl", "aws_default_network_acl")
INTERNET_CIDR = "0.0.0.0/0"
_PROTOCOLS = {"-1": "-1", "all": "-1", "6": "tcp", "tcp": "tcp", "17": "udp", "udp": "udp", "1": "icmp", "icmp": "icmp"}


@dataclass(frozen=True, eq=False)
class AclEntry:
    """One rule of a network ACL.

    Args:
        number: its place; the lowest that matches decides.
        egress: whether it is about what leaves the subnet.
        allows: allow or deny.
        protocol: ``tcp``, ``-1`` ...
        first: first port.
        last: last port.
        cidr: the other side.
        source: the resource in which it is written.
    """

    number: int
    egress: bool
    allows: bool
    protocol: str
    first: int
    last: int
    cidr: Value
    source: Resource

    def is_about(self, port: int, protocol: str) -> bool:
        """Whether it matches a port."""
        return self.protocol == "-1" or (self.protocol == protocol and self.first <= port <= self.last)


def acl_of(subnet: Resource, estate: Estate) -> Resource | None:
    """The network ACL of a subnet; None: the VPC's untouched default one, which allows everything.

    Raises:
        Undecidable: where it is not known which.
    """
    for association in naming(estate, subnet, "subnet_id", "aws_network_acl_association"):
        found = named(estate, association.peek("network_acl_id"), *ACLS)
        if found:
            return found[0]
    for acl in estate.of(*ACLS):
        written = acl.attributes.get("subnet_ids", acl.blank)
        if written is not None and any(item is subnet for item in named(estate, written, subnet.type)):
            return acl
    return _default(subnet, estate)


def _default(subnet: Resource, estate: Estate) -> Resource | None:
    vpc = named(estate, subnet.peek("vpc_id"), "aws_vpc", "aws_default_vpc")
    for acl in estate.of("aws_default_network_acl"):
        written = acl.peek("default_network_acl_id")
        if vpc and isinstance(written, Reference) and written.address == vpc[0].address:
            return acl
        if vpc and isinstance(written, str) and written == vpc[0].peek("default_network_acl_id"):
            return acl
    return None


@once_per_estate
def _entries(estate: Estate) -> Mapping[str, tuple[AclEntry, ...] | Undecidable]:
    """Address of a network ACL -> its rules, lowest number first; or why one of them is not known."""
    beside: dict[str, list[Resource]] = {}
    for resource in estate.of("aws_network_acl_rule"):
        for acl in named(estate, resource["network_acl_id"], *ACLS):
            beside.setdefault(acl.address, []).append(resource)
    return {acl.address: _ordered(acl, beside.get(acl.address, ())) for acl in estate.of(*ACLS)}


def _ordered(acl: Resource, beside: Iterable[Resource]) -> tuple[AclEntry, ...] | Undecidable:
    try:
        found = [_entry(item.attributes, item, egress=item["egress"] is True) for item in beside]
        return tuple(sorted([*_inline(acl), *found], key=lambda item: item.number))
    except Undecidable as undecidable:
        return undecidable


def acl_entries(acl: Resource, estate: Estate) -> tuple[AclEntry, ...]:
    """The rules of a network ACL, lowest number first, but for the final one that denies the rest.

    Raises:
        Undecidable: where one of them is not known.
    """
    entries = _entries(estate)[acl.address]
    if isinstance(entries, Undecidable):
        raise entries
    return entries


def _inline(acl: Resource) -> Iterator[AclEntry]:
    for way in ("ingress", "egress"):
        blocks = acl.attributes.get(way, acl.blank)
        if isinstance(blocks, Unknown):
            raise undecided(blocks, f"{way} of {acl.address}")
        for block in blocks or []:
            if isinstance(block, Unknown):
                raise undecided(block, f"{way} of {acl.address}")
            yield _entry(block, acl, egress=way == "egress")


def _entry(block: Mapping[str, Value], source: Resource, *, egress: bool) -> AclEntry:
    protocol = str(_plain(block.get("protocol"), source)).lower()
    cidr = block.get("cidr_block")
    return AclEntry(
        number=int(_plain(block.get("rule_no", block.get("rule_number")), source)),
        egress=egress,
        allows=str(_plain(block.get("action", block.get("rule_action")), source)).lower() == "allow",
        protocol=_PROTOCOLS.get(protocol, protocol),
        first=_port(block.get("from_port"), source),
        last=_port(block.get("to_port"), source),
        cidr=block.get("ipv6_cidr_block") if cidr is None or (isinstance(cidr, str) and not cidr) else cidr,
        source=source,
    )


def _port(value: Value, source: Resource) -> int:
    return 0 if value is None else int(_plain(value, source))


def _plain(value: Value, source: Resource) -> Value:
    if not isinstance(value, (str, int, float)):
        raise undecided(value, f"a rule of {source.address}")
    return value


def blocked_by(
    subnet: Resource, cidr: Value, ports: tuple[int, int], estate: Estate, *, egress: bool, protocol: str = "tcp"
) -> Resource | None:
    """The network ACL of a subnet, or its rule, that stops packets; None where all of them pass.

    Args:
        subnet: whose border they cross.
        cidr: of the other side; INTERNET_CIDR for anybody.
        ports: first and last destination port.
        estate: where the ACLs are.
        egress: whether they leave the subnet.
        protocol: of the packets.

    Raises:
        Undecidable: where a rule is not known, or is about a part of the other side only.
    """
    acl = acl_of(subnet, estate)
    if acl is None:
        return None
    entries = [item for item in acl_entries(acl, estate) if item.egress == egress]
    edges = {ports[0], ports[1]}
    edges |= {edge for item in entries for edge in (item.first, item.last, item.last + 1)}
    for port in sorted(edge for edge in edges if ports[0] <= edge <= ports[1]):
        decides = next((item for item in entries if item.is_about(port, protocol) and _covers(item, cidr)), None)
        if decides is None:
            return acl
        if not decides.allows:
            return decides.source
    return None


def _covers(entry: AclEntry, cidr: Value) -> bool:
    if contains(entry.cidr, cidr):
        return True
    if cidr != INTERNET_CIDR and _overlap(entry.cidr, cidr):
        raise Undecidable(f"a rule of {entry.source.address} is about a part of {cidr} only")
    return False


def _overlap(first: str, second: str) -> bool:
    return ipaddress.ip_network(first, strict=False).overlaps(ipaddress.ip_network(second, strict=False))
