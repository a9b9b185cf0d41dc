"""Whether a packet flows from one place to another, and over which hops, or which hop blocks it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePath
from typing import TypeVar

from skyworthy.behavior.network.acls import INTERNET_CIDR, blocked_by
from skyworthy.behavior.network.rules import Direction, Peer, Rule, contains, of_aws
from skyworthy.behavior.network.topology import INTERNET, Network, Place
from skyworthy.estate import Location, Resource, Undecidable, Value

T = TypeVar("T")


@dataclass(frozen=True)
class Hop:
    """One step of a path.

    Args:
        what: a clause: "aws_security_group.alb lets port 8000 out to aws_security_group.ecs".
        location: where it is written, if it is written anywhere.
    """

    what: str
    location: Location | None = None

    def __str__(self) -> str:
        """The clause and its place; a file outside the working directory by its name only."""
        if self.location is None:
            return self.what
        file = PurePath(self.location.file)
        return f"{self.what} ({file.name if file.is_absolute() else file}:{self.location.line})"


@dataclass(frozen=True)
class Path:
    """The answer to "can it flow".

    Args:
        hops: what lets it pass, in order.
        blocked: the hop that stops it; None: it flows.
    """

    hops: tuple[Hop, ...] = field(default=())
    blocked: Hop | None = None

    @property
    def open(self) -> bool:
        """Whether it flows from end to end."""
        return self.blocked is None


def reaches(network: Network, source: Place, target: Place, port: int, protocol: str = "tcp") -> Path:
    """Whether a connection from a place to a port of another one can be made.

    Security groups are stateful: answers need no rule. Network ACLs are not: the answer's way is looked at too.

    Args:
        network: where both stand.
        source: who connects; INTERNET for anybody.
        target: who listens; INTERNET for any public address.
        port: of the target.
        protocol: of the connection.

    Raises:
        Undecidable: where no known rule lets it pass and an unknown one may.
    """
    hops: list[Hop] = []
    for step in (_addressable, _leaves, _is_routed, _crosses, _enters):
        hop, passes = step(network, source, target, port, protocol)
        if not passes:
            return Path(tuple(hops), hop)
        if hop.what:
            hops.append(hop)
    return Path(tuple(hops))


_Step = tuple[Hop, bool]


def _addressable(network: Network, source: Place, target: Place, *_: object) -> _Step:
    """From the internet only what has a public address in a subnet with an internet gateway can be reached."""
    if source is not INTERNET:
        return Hop(""), True
    if not target.has_public_address:
        return Hop(f"{target.name} has no public address", _location(target)), False
    for subnet in target.subnets:
        if not network.is_public(subnet):
            return Hop(f"{subnet.address} of {target.name} has no route to an internet gateway", subnet.location), False
    return Hop(f"{target.name} has a public address", _location(target)), True


def _leaves(network: Network, source: Place, target: Place, port: int, protocol: str) -> _Step:
    if source is INTERNET:
        return Hop(""), True
    rule = _first(network, source.groups, "egress", port, protocol, target)
    names = _names(source.groups)
    if rule is None:
        return Hop(f"{names} lets nothing out to port {port} of {target.name}", _location_of(source.groups)), False
    return Hop(f"{rule} lets port {port} out", rule.source.location), True


def _is_routed(network: Network, source: Place, target: Place, *_: object) -> _Step:
    """Within a VPC the local route leads everywhere; to the internet an internet or NAT gateway is needed."""
    if target is not INTERNET:
        return Hop(""), True
    for subnet in source.subnets:
        if network.is_public(subnet):
            if not source.has_public_address:
                return Hop(f"{source.name} has no public address in public {subnet.address}", _location(source)), False
            continue
        route = network.nat_of(subnet)
        if route is None:
            onward = next((item for item in network.routes(subnet) if item.destination == "0.0.0.0/0"), None)
            if onward is not None:  # a transit gateway, a firewall, an instance that does NAT
                raise Undecidable(
                    f"whether {onward.source.address} leads {subnet.address} to the internet is not known"
                )
            return Hop(f"{subnet.address} has no route to the internet", subnet.location), False
        stands = _subnet_of(route.via, network)
        if stands is not None and not network.is_public(stands):
            named = route.via.address if route.via else "the NAT gateway"
            return Hop(f"{named} stands in {stands.address}, which has no route to an internet gateway"), False
    return Hop(f"{source.name} is routed to the internet"), True


_EPHEMERAL = (32768, 60999)
"""Ports that Linux connects from."""
_EPHEMERAL_OF_ANYBODY = (1024, 65535)
"""Ports that load balancers, NAT gateways and clients on the internet connect from."""


def _crosses(network: Network, source: Place, target: Place, port: int, protocol: str) -> _Step:
    """Network ACLs of both ends let the packets pass, and the answers back."""
    for here, there, ports, egress in _crossings(source, target, port):
        for subnet in here.subnets:
            for cidr in _cidrs(there, subnet):
                blocks = blocked_by(subnet, cidr, ports, network.estate, egress=egress, protocol=protocol)
                if blocks is not None:
                    span = f"port {ports[0]}" if ports[0] == ports[1] else f"ports {ports[0]}-{ports[1]}"
                    way = "out to" if egress else "in from"
                    what = f"{blocks.address} does not let {span} {way} {there.name} at {subnet.address}"
                    return Hop(what, blocks.location), False
    return Hop(""), True


def _crossings(source: Place, target: Place, port: int) -> Iterator[tuple[Place, Place, tuple[int, int], bool]]:
    """Each border that a connection crosses: whose, towards whom, with which destination ports, and whether outward."""
    is_task = source.resource is not None and source.resource.type == "aws_ecs_service" and target is not INTERNET
    back = _EPHEMERAL if is_task else _EPHEMERAL_OF_ANYBODY
    yield source, target, (port, port), True
    yield target, source, (port, port), False
    yield target, source, back, True
    yield source, target, back, False


def _cidrs(place: Place, beside: Resource) -> list[Value]:
    """The addresses of a place as another subnet sees them; traffic within a subnet crosses no network ACL."""
    if place is INTERNET:
        return [INTERNET_CIDR]
    return [subnet["cidr_block"] for subnet in place.subnets if subnet is not beside]


def _subnet_of(gateway: Resource | None, network: Network) -> Resource | None:
    return None if gateway is None else network.estate.find(gateway["subnet_id"], "aws_subnet", "aws_default_subnet")


def _enters(network: Network, source: Place, target: Place, port: int, protocol: str) -> _Step:
    if target is INTERNET:
        return Hop(""), True
    rule = _first(network, target.groups, "ingress", port, protocol, source)
    if rule is None:
        what = f"{_names(target.groups)} lets nothing in to port {port} from {source.name}"
        return Hop(what, _location_of(target.groups)), False
    return Hop(f"{rule} lets port {port} in", rule.source.location), True


def _first(
    network: Network, groups: Iterable[Resource], direction: Direction, port: int, protocol: str, other: Place
) -> Rule | None:
    """The first rule of those that together let all of the other side pass; None where they do not.

    Raises:
        Undecidable: where a part of it is let pass by none for certain, and by one perhaps.
    """
    rules = [rule for group in groups for rule in network.rules(group, direction)]
    found: list[Rule] = []
    undecided: Undecidable | None = None
    for part in other.subnets or (None,):
        try:
            asked = partial(_passes, port=port, protocol=protocol, other=other, part=part, network=network)
            rule = _first_true(rules, asked)
        except Undecidable as undecidable:
            undecided = undecided or undecidable
            continue
        if rule is None:
            return None
        found.append(rule)
    if undecided is not None:
        raise undecided
    return found[0]


def _passes(rule: Rule, *, port: int, protocol: str, other: Place, part: Resource | None, network: Network) -> bool:
    """Whether a rule lets a part of the other side pass."""
    if not rule.covers(port, protocol):
        return False
    return _first_true(rule.peers, lambda peer: _is(peer, rule, other, part, network)) is not None


def _first_true(items: Iterable[T], test: Callable[[T], bool]) -> T | None:
    """The first item for which a test is true, also behind items for which it is undecidable."""
    undecided: Undecidable | None = None
    for item in items:
        try:
            if test(item):
                return item
        except Undecidable as undecidable:
            undecided = undecided or undecidable
    if undecided is not None:
        raise undecided
    return None


def _is(peer: Peer, rule: Rule, other: Place, part: Resource | None, network: Network) -> bool:
    """Whether a peer of a rule stands for a place, or for the part of it in one subnet."""
    if peer.kind == "self":
        return any(group is rule.group for group in other.groups)
    if peer.kind == "group":
        named = network.estate.find(peer.value, "aws_security_group", "aws_default_security_group")
        return any(group is named for group in other.groups)
    if peer.kind == "prefix list":
        if of_aws(peer.value, network.estate):
            return False
        raise Undecidable(f"the addresses of prefix list {peer} in {rule.source.address} are not known")
    if other is INTERNET:
        return peer.everywhere
    if isinstance(peer.value, str) and peer.value == INTERNET_CIDR:
        return True
    return part is not None and contains(peer.value, part["cidr_block"])


def _names(groups: Iterable[Resource]) -> str:
    return " and ".join(group.address for group in groups)


def _location(place: Place) -> Location | None:
    return place.resource.location if place.resource is not None else None


def _location_of(groups: tuple[Resource, ...]) -> Location | None:
    return groups[0].location if groups else None
