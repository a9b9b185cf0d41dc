"""Security group rules, in whichever of Terraform's styles they are written."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from skyworthy.behavior.references import undecided
from skyworthy.estate import Estate, Reference, Resource, Undecidable, Unknown, Value, show

Direction = Literal["ingress", "egress"]
GROUPS = ("aws_security_group", "aws_default_security_group")
RULES = ("aws_security_group_rule", "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")
EVERYWHERE = ("0.0.0.0/0", "::/0")
_ANY_PROTOCOL = ("-1", "all", -1)
_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


@dataclass(frozen=True, eq=False)
class Peer:
    """The other side of a rule.

    Args:
        kind: what it is named by.
        value: a CIDR, a security group's or a prefix list's id; of ``self`` nothing.
    """

    kind: Literal["cidr", "group", "self", "prefix list"]
    value: Value = None

    @property
    def everywhere(self) -> bool:
        """Whether it is the whole internet.

        Raises:
            Undecidable: where its CIDR is not known.
        """
        return self.kind == "cidr" and bool(self.value in EVERYWHERE if isinstance(self.value, str) else self._ask())

    def _ask(self) -> bool:
        raise undecided(self.value, "a CIDR of a rule")

    def __str__(self) -> str:
        return "itself" if self.kind == "self" else show(self.value)


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule of a security group.

    Args:
        direction: ``ingress`` or ``egress``.
        group: the security group; None where it is not known whose rule it is.
        protocol: ``tcp``, ``-1``, ...
        from_port: first port.
        to_port: last port.
        peers: who may send, or be sent to.
        source: the resource in which the rule is written.
        unknown: why nothing is known of it, for a rule of which only the existence is suspected.
    """

    direction: Direction
    group: Resource | None
    protocol: Value
    from_port: Value
    to_port: Value
    peers: tuple[Peer, ...]
    source: Resource
    unknown: Unknown | None = None

    def covers(self, port: int, protocol: str = "tcp") -> bool:
        """Whether it is about a port.

        Raises:
            Undecidable: where that is not known.
        """
        first, last = self.ports(protocol)
        return first <= port <= last

    def ports(self, protocol: str = "tcp") -> tuple[int, int]:
        """The first and last port of a protocol that it is about; (1, 0) where it is about another protocol.

        Raises:
            Undecidable: where that is not known.
        """
        if self.unknown is not None:
            raise self.unknown.undecidable()
        own = self._plain(self.protocol, "protocol")
        if own in _ANY_PROTOCOL:
            return 0, 65535
        if _NUMBERS.get(str(own), str(own).lower()) != protocol:
            return 1, 0
        return int(self._plain(self.from_port, "from_port")), int(self._plain(self.to_port, "to_port"))

    def _plain(self, value: Value, what: str) -> Value:
        if not isinstance(value, (str, int, float)):
            raise undecided(value, f"{what} of a rule in {self.source.address}")
        return value

    def __str__(self) -> str:
        return self.source.address


def rules_of(estate: Estate) -> Iterator[Rule]:
    """Every security group rule of an estate; a rule of a group that is not part of it is left out."""
    for group in estate.of(*GROUPS):
        for direction in ("ingress", "egress"):
            yield from _inline(group, direction)
    for resource in estate.of("aws_security_group_rule"):
        yield from _of_rule(resource, estate)
    for direction in ("ingress", "egress"):
        for resource in estate.of(f"aws_vpc_security_group_{direction}_rule"):
            yield from _of_vpc_rule(resource, direction, estate)  # type: ignore[arg-type]


def _inline(group: Resource, direction: Direction) -> Iterator[Rule]:
    """The ``ingress`` and ``egress`` blocks; where there are none, Terraform leaves the group without such rules."""
    blocks = group.attributes.get(direction, group.blank)
    if isinstance(blocks, Unknown):
        yield Rule(direction, group, None, None, None, (), group, unknown=blocks)
        return
    for block in blocks or []:
        if isinstance(block, Unknown):
            yield Rule(direction, group, None, None, None, (), group, unknown=block)
        else:
            yield _made(direction, group, block, group, protocol=block.get("protocol"))


def _of_rule(resource: Resource, estate: Estate) -> Iterator[Rule]:
    kind = resource.outlined.peek("type")
    names = ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "source_security_group_id", "self")
    block = {name: _maybe(resource, name) for name in (*names, *_PORTS)}
    for direction in ("ingress", "egress"):
        if isinstance(kind, Unknown) or kind == direction:
            yield from _owned(resource, direction, block, resource.peek("protocol"), estate)


def _of_vpc_rule(resource: Resource, direction: Direction, estate: Estate) -> Iterator[Rule]:
    names = ("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id")
    block = {name: _maybe(resource, name) for name in (*names, *_PORTS)}
    yield from _owned(resource, direction, block, resource.peek("ip_protocol"), estate)


def _owned(
    resource: Resource, direction: Direction, block: Mapping[str, Value], protocol: Value, estate: Estate
) -> Iterator[Rule]:
    """The rule, with its group; one whose group is unknown may be any group's."""
    owner = resource.outlined.peek("security_group_id")
    if isinstance(owner, Unknown):
        unknown = Unknown(f"whose rule {resource.address} is: {owner.reason}", denied=owner.denied)
        yield Rule(direction, None, None, None, None, (), resource, unknown=unknown)
        return
    group = estate.find(owner, *GROUPS)
    if group is not None and resource.outline:
        yield Rule(direction, group, None, None, None, (), resource, unknown=resource.blank)
    elif group is not None:
        yield _made(direction, group, block, resource, protocol=protocol)


_PORTS = ("from_port", "to_port")
_LISTS: Mapping[str, Literal["cidr", "group", "prefix list"]] = {
    "cidr_blocks": "cidr",
    "ipv6_cidr_blocks": "cidr",
    "prefix_list_ids": "prefix list",
    "security_groups": "group",
}
_SINGLES: Mapping[str, Literal["cidr", "group", "prefix list"]] = {
    "cidr_ipv4": "cidr",
    "cidr_ipv6": "cidr",
    "prefix_list_id": "prefix list",
    "referenced_security_group_id": "group",
    "source_security_group_id": "group",
}


def _maybe(resource: Resource, name: str) -> Value:
    """An attribute as written, None where it is left out."""
    return resource.attributes.get(name, resource.blank)


def _made(
    direction: Direction, group: Resource, block: Mapping[str, Value], source: Resource, *, protocol: Value
) -> Rule:
    peers: list[Peer] = [Peer("self")] if block.get("self") is True else []
    for name, kind in _LISTS.items():
        values = block.get(name) or [] if not isinstance(block.get(name), Unknown) else [block.get(name)]
        peers += [Peer(kind, value) for value in values]
    peers += [Peer(kind, block[name]) for name, kind in _SINGLES.items() if _is_set(block.get(name))]
    return Rule(direction, group, protocol, block.get("from_port"), block.get("to_port"), tuple(peers), source)


def _is_set(value: Value) -> bool:
    return value is not None and not (isinstance(value, str) and not value)


def contains(cidr: Value, other: Value) -> bool:
    """Whether a CIDR contains another one.

    Raises:
        Undecidable: where one of them is not known.
    """
    if not isinstance(cidr, str) or not isinstance(other, str):
        raise undecided(cidr if not isinstance(cidr, str) else other, "a CIDR")
    try:
        outer, inner = ipaddress.ip_network(cidr, strict=False), ipaddress.ip_network(other, strict=False)
    except ValueError as error:
        raise Undecidable(f"not a CIDR: {error}") from error
    if isinstance(outer, ipaddress.IPv4Network):
        return isinstance(inner, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, ipaddress.IPv6Network) and inner.subnet_of(outer)


def of_aws(prefix_list: Value, estate: Estate) -> bool:
    """Whether a prefix list is known to hold addresses of AWS services only, such as S3 behind a gateway endpoint."""
    if not isinstance(prefix_list, Reference):
        return False
    return prefix_list.attribute == "prefix_list_id" or _managed_name(prefix_list, estate).startswith("com.amazonaws.")


def of_cloudfront(prefix_list: Value, estate: Estate) -> bool:
    """Whether a prefix list is the one of the addresses from which CloudFront asks origins.

    Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
    """
    return isinstance(prefix_list, Reference) and _managed_name(prefix_list, estate) in _CLOUDFRONT


_CLOUDFRONT = ("com.amazonaws.global.cloudfront.origin-facing", "com.amazonaws.global.ipv6.cloudfront.origin-facing")


def _managed_name(prefix_list: Reference, estate: Estate) -> str:
    """The name by which a data source looks up a prefix list of AWS; empty where it is none."""
    resource = estate.get(prefix_list.address)
    if resource is None:
        return ""
    name = resource.attributes.get("name")
    filters = resource.attributes.get("filter")
    for item in filters if name is None and isinstance(filters, (list, tuple)) else ():
        if isinstance(item, Mapping) and item.get("name") == "prefix-list-name":
            name = next(iter(item.get("values") or ()), None)
    return name if isinstance(name, str) else ""
