"""CloudFront before load balancers: whose origin is which, and who lets in nobody else."""

from collections.abc import Iterator, Mapping
from typing import Any

from skyworthy.behavior.network import BALANCERS
from skyworthy.behavior.network.rules import GROUPS, Peer, of_cloudfront, rules_of
from skyworthy.behavior.references import named
from skyworthy.estate import Estate, Resource, Undecidable, references

DISTRIBUTION = "aws_cloudfront_distribution"


def balancers_behind(distribution: Resource, estate: Estate) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """The load balancers that a distribution asks, each with the block of the origin.

    An origin names one by its DNS name, or by a record of the stack that is an alias of it. Where neither is so and the
    stack has a single load balancer, which lets in CloudFront only, a custom origin is that one.

    Raises:
        Undecidable: where the origins are not known.
    """
    for origin in distribution["origin"] or ():
        if not isinstance(origin, Mapping) or not origin.get("custom_origin_config"):
            continue
        asked = origin.get("domain_name")
        records = [
            item for item in estate.of("aws_route53_record") if isinstance(asked, str) and item.peek("name") == asked
        ]
        spoken = [*references(asked), *(found for item in records for found in references(item.peek("alias")))]
        balancers = {found.address: found for item in spoken if (found := _balancer(item.address, estate)) is not None}
        if not balancers and not records:
            balancers = {item.address: item for item in _only(estate)}
        yield from ((balancer, origin) for balancer in balancers.values())


def _balancer(address: str, estate: Estate) -> Resource | None:
    found = estate.get(address)
    return found if found is not None and found.type in BALANCERS and not found.data else None


def _only(estate: Estate) -> tuple[Resource, ...]:
    """The stack's load balancer where it has a single one that nobody but CloudFront reaches."""
    found = estate.of(*BALANCERS)
    return found if len(found) == 1 and lets_in_cloudfront_only(found[0], estate) else ()


def lets_in_cloudfront_only(balancer: Resource, estate: Estate) -> bool:
    """Whether a load balancer's security groups are known to let in CloudFront alone."""
    try:
        groups = {group.address for group in named(estate, balancer.peek("security_groups"), *GROUPS)}
    except Undecidable:
        return False
    peers = [
        peer
        for rule in rules_of(estate)
        if rule.direction == "ingress" and (rule.group is None or rule.group.address in groups)
        for peer in rule.peers or (Peer("prefix list"),)
    ]
    return bool(peers) and all(peer.kind == "prefix list" and of_cloudfront(peer.value, estate) for peer in peers)
