"""The network of an estate: who can reach whom, over which hops, or which hop blocks it."""

from skyworthy.behavior.network.balancing import (
    BALANCERS,
    LISTENERS,
    TARGET_GROUPS,
    balancers_of,
    listeners_of,
    protocol_of,
    rules_of_listener,
    target_groups_of,
)
from skyworthy.behavior.network.reach import Hop, Path, reaches
from skyworthy.behavior.network.rules import EVERYWHERE, GROUPS, Peer, Rule
from skyworthy.behavior.network.topology import INTERNET, SUBNETS, Network, Place, Route, has_own_network, network_of

__all__ = [
    "BALANCERS",
    "EVERYWHERE",
    "GROUPS",
    "INTERNET",
    "LISTENERS",
    "SUBNETS",
    "TARGET_GROUPS",
    "Hop",
    "Network",
    "Path",
    "Peer",
    "Place",
    "Route",
    "Rule",
    "balancers_of",
    "has_own_network",
    "listeners_of",
    "network_of",
    "protocol_of",
    "reaches",
    "rules_of_listener",
    "target_groups_of",
]
