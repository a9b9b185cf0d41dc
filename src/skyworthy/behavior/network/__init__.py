"""The network of an estate: who can reach whom, over which hops, or which hop blocks it."""

from skyworthy.behavior.network.acls import AclEntry, acl_entries
from skyworthy.behavior.network.balancing import (
    BALANCERS,
    LISTENER_RULES,
    LISTENERS,
    TARGET_GROUPS,
    balancers_of,
    listeners_of,
    protocol_of,
    rules_for_host,
    rules_of_listener,
    target_groups_of,
)
from skyworthy.behavior.network.journey import PLACES, Journey, Leg, forwards_of, journeys, ports_behind, sources
from skyworthy.behavior.network.public import headers_of_listeners, public_url
from skyworthy.behavior.network.reach import Hop, Path, reaches
from skyworthy.behavior.network.rules import EVERYWHERE, GROUPS, RULES, Peer, Rule
from skyworthy.behavior.network.topology import INTERNET, SUBNETS, Network, Place, Route, has_own_network, network_of

__all__ = [
    "BALANCERS",
    "EVERYWHERE",
    "GROUPS",
    "INTERNET",
    "LISTENERS",
    "LISTENER_RULES",
    "PLACES",
    "RULES",
    "SUBNETS",
    "TARGET_GROUPS",
    "AclEntry",
    "Hop",
    "Journey",
    "Leg",
    "Network",
    "Path",
    "Peer",
    "Place",
    "Route",
    "Rule",
    "acl_entries",
    "balancers_of",
    "forwards_of",
    "has_own_network",
    "headers_of_listeners",
    "journeys",
    "listeners_of",
    "network_of",
    "ports_behind",
    "protocol_of",
    "public_url",
    "reaches",
    "rules_for_host",
    "rules_of_listener",
    "sources",
    "target_groups_of",
]
