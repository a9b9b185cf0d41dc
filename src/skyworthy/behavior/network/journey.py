"""From one place to another with everything in between: listeners, target groups, and the hop that blocks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from skyworthy.behavior.network.balancing import (
    BALANCERS,
    TARGET_GROUPS,
    listeners_of,
    rules_of_listener,
    target_groups_of,
)
from skyworthy.behavior.network.reach import Hop, Path, reaches
from skyworthy.behavior.network.topology import INTERNET, Network, Place
from skyworthy.behavior.references import task_definition_of
from skyworthy.behavior.secrets.injections import containers
from skyworthy.behavior.stores import CACHES, DATABASES, port_of
from skyworthy.behavior.tasks import ports
from skyworthy.estate import Estate, Resource, Undecidable, Unknown

SERVICE = "aws_ecs_service"
ENDPOINT = "aws_vpc_endpoint"
STORES = ("aws_db_instance", "aws_rds_cluster", *CACHES)
PLACES = (*BALANCERS, SERVICE, *STORES, ENDPOINT)
"""The types of what stands somewhere in the network."""

_HTTPS = 443

Answer = Literal["open", "blocked", "unknown"]


@dataclass(frozen=True)
class Leg:
    """A connection, one of those that a journey is made of.

    Args:
        source: address, or "the internet".
        target: likewise.
        port: of the target; None: no port is known.
        path: its hops; None: not known.
        unknown: why it is not known.
    """

    source: str
    target: str
    port: int | None
    path: Path | None = None
    unknown: str = ""

    @property
    def answer(self) -> Answer:
        """Whether the connection can be made."""
        if self.path is None:
            return "unknown"
        return "open" if self.path.open else "blocked"


@dataclass(frozen=True)
class Journey:
    """Connections one behind the other, such as internet to load balancer to service.

    Args:
        legs: in order, at least one.
    """

    legs: tuple[Leg, ...]

    @property
    def answer(self) -> Answer:
        """Open where each leg is; blocked where one is."""
        answers = [leg.answer for leg in self.legs]
        return "blocked" if "blocked" in answers else ("unknown" if "unknown" in answers else "open")

    @property
    def stops(self) -> tuple[str, ...]:
        """Where it leads through, both ends included."""
        return (self.legs[0].source, *(leg.target for leg in self.legs))


def journeys(
    network: Network, source: Resource | None, target: Resource | None, port: int | None = None
) -> tuple[Journey, ...]:
    """Every way from a place to another one: directly on each port, and through load balancers.

    Args:
        network: where both stand.
        source: who connects; None: anybody on the internet.
        target: who listens; None: an address on the internet.
        port: of the target; None: each that it listens on.
    """
    if source is not None and target is not None and source.type in BALANCERS and target.type == SERVICE:
        found = [Journey((onward,)) for _, onward in _onward(network, source, target, port)]
    else:
        found = [] if target is None or target.type != SERVICE else list(_through(network, source, target, port))
    direct = [Journey((leg(network, source, target, number),)) for number in _ports(network, target, port)]
    told = {(item.legs[-1].source, item.legs[-1].port) for item in found}
    return (*found, *(item for item in direct if (item.legs[0].source, item.legs[0].port) not in told))


def sources(network: Network, target: Resource | None, port: int | None = None) -> tuple[Journey, ...]:
    """:func:`journeys` to a place from all who connect by themselves: the internet, load balancers, services."""
    others: list[Resource | None] = [None] if target is not None else []
    others += [item for item in network.estate.of(*BALANCERS, SERVICE) if item is not target]
    return tuple(journey for source in others for journey in journeys(network, source, target, port))


def leg(network: Network, source: Resource | None, target: Resource | None, port: int | None) -> Leg:
    """Whether a place can connect to a port of another one, in so far as it is known."""
    start, end = (place.address if place is not None else INTERNET.name for place in (source, target))
    if port is None:
        return Leg(start, end, None, unknown="on which port it listens is not known")
    try:
        path = reaches(network, _place(network, source), _place(network, target), port)
    except Undecidable as undecidable:
        return Leg(start, end, port, unknown=undecidable.reason)
    return Leg(start, end, port, path)


@dataclass(frozen=True)
class Forward:
    """How a load balancer hands requests on.

    Args:
        listener: that takes them.
        by: the listener, or the rule of it, that forwards.
        group: the target group.
    """

    listener: Resource
    by: Resource
    group: Resource

    @property
    def port(self) -> int | None:
        """The port that the listener takes requests on."""
        port = self.listener.peek("port")
        return int(port) if isinstance(port, (int, float, str)) and str(port).isdigit() else None


def forwards_of(balancer: Resource, network: Network) -> Iterator[Forward]:
    """How a load balancer hands requests on, as far as it is known."""
    for listener in _known(listeners_of, balancer, network.estate):
        actions = [(listener, listener.peek("default_action"))]
        actions += [(rule, rule.peek("action")) for rule in _known(rules_of_listener, listener, network.estate)]
        for by, action in actions:
            for value in target_groups_of(action):
                group = None if isinstance(value, Unknown) else network.estate.find(value, *TARGET_GROUPS)
                if group is not None:
                    yield Forward(listener, by, group)


def _known(
    read: Callable[[Resource, Estate], Iterable[Resource]], resource: Resource, estate: Estate
) -> Iterable[Resource]:
    try:
        return read(resource, estate)
    except Undecidable:
        return ()


def ports_behind(group: Resource, service: Resource, network: Network) -> tuple[int, ...]:
    """The container ports that a service registers in a target group."""
    found: list[int] = []
    blocks = service.peek("load_balancer")
    for block in blocks if isinstance(blocks, (list, tuple)) else ():
        named = block.get("target_group_arn")
        port = block.get("container_port")
        if not isinstance(named, Unknown) and network.estate.find(named, *TARGET_GROUPS) is group:
            found += [int(port)] if str(port).isdigit() else []
    return tuple(found)


def _through(network: Network, source: Resource | None, target: Resource, port: int | None) -> Iterator[Journey]:
    for balancer in network.estate.of(*BALANCERS):
        for forward, onward in _onward(network, balancer, target, port):
            yield Journey((leg(network, source, balancer, forward.port), onward))


def _onward(network: Network, balancer: Resource, target: Resource, port: int | None) -> Iterator[tuple[Forward, Leg]]:
    """The legs from a load balancer to a service behind its target groups, each with what forwards it."""
    for forward in forwards_of(balancer, network):
        for number in ports_behind(forward.group, target, network):
            if port in (None, number):
                yield forward, _with_forward(leg(network, balancer, target, number), forward)


def _with_forward(onward: Leg, forward: Forward) -> Leg:
    if onward.path is None:
        return onward
    what = f"{forward.by.address} forwards port {forward.port} to {forward.group.address}"
    hops = (Hop(what, forward.by.location), *onward.path.hops)
    return replace(onward, path=replace(onward.path, hops=hops))


def _place(network: Network, resource: Resource | None) -> Place:
    return INTERNET if resource is None else network.place(resource)


def _ports(network: Network, target: Resource | None, port: int | None) -> list[int | None]:
    if port is not None:
        return [port]
    if target is None or target.type == ENDPOINT:
        return [_HTTPS]
    if target.type in (*DATABASES, *CACHES):
        return [port_of(target)]
    try:
        found = sorted(set(_listening(network, target)))
    except Undecidable:
        found = []
    return [*found] or [None]


def _listening(network: Network, target: Resource) -> Iterator[int]:
    if target.type in BALANCERS:
        for listener in listeners_of(target, network.estate):
            port = listener.peek("port")
            if str(port).isdigit():
                yield int(port)
        return
    definition = task_definition_of(target, network.estate)
    for container in containers(definition) if definition is not None else ():
        yield from ports(container)
