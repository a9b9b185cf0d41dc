"""Subnets, routes, and where in them a resource stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.network.rules import GROUPS, RULES, Direction, Rule, rules_of
from skyworthy.behavior.references import left_out, naming, undecided
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, show

SUBNETS = ("aws_subnet", "aws_default_subnet")
VPCS = ("aws_vpc", "aws_default_vpc")
MAIN_TABLE = ("main_route_table_id", "default_route_table_id")
SUBNET_GROUPS = ("aws_db_subnet_group", "aws_elasticache_subnet_group")
TABLES = ("aws_route_table", "aws_default_route_table")


@dataclass(frozen=True, eq=False)
class Route:
    """One route of a route table.

    Args:
        destination: a CIDR.
        kind: what it leads to.
        via: the gateway, where it is part of the estate.
        source: the resource in which it is written.
    """

    destination: Value
    kind: Literal["internet gateway", "nat gateway", "other"]
    via: Resource | None
    source: Resource

    @property
    def everywhere(self) -> bool:
        """Whether it is the default route of IPv4 or IPv6."""
        return self.destination in ("0.0.0.0/0", "::/0") if isinstance(self.destination, str) else False


@dataclass(frozen=True, eq=False)
class Place:
    """Where something stands in the network.

    Args:
        name: for messages: an address, or "the internet".
        resource: what stands there; None: the internet.
        groups: its security groups.
        subnets: its subnets.
        has_public_address: whether it can have a public IP address.
    """

    name: str
    resource: Resource | None = None
    groups: tuple[Resource, ...] = ()
    subnets: tuple[Resource, ...] = ()
    has_public_address: bool = False


INTERNET = Place("the internet")


def has_own_network(service: Resource) -> bool:
    """Whether the tasks of a service have network interfaces of their own, not those of their EC2 instances.

    Raises:
        Undecidable: where that is not known.
    """
    return bool(service["network_configuration"])


class Network:
    """The network of an estate, indexed once.

    Args:
        estate: what is read.
    """

    def __init__(self, estate: Estate) -> None:
        self.estate = estate

    @cached_property
    def _rules(self) -> dict[tuple[str, Direction], list[Rule]]:
        found: dict[tuple[str, Direction], list[Rule]] = {}
        for rule in rules_of(self.estate):
            owner = rule.group.address if rule.group is not None else ""
            found.setdefault((owner, rule.direction), []).append(rule)
        return found

    def rules(self, group: Resource, direction: Direction) -> tuple[Rule, ...]:
        """The rules of a security group, then those of which it is not known whose they are."""
        found = self._rules
        return (*found.get((group.address, direction), ()), *found.get(("", direction), ()))

    @cached_property
    def _tables(self) -> dict[str, str]:
        """Address of a subnet -> key of the route table that is associated with it."""
        found: dict[str, str] = {}
        for association in self.estate.of("aws_route_table_association"):
            subnet = _known(association.peek("subnet_id"), self.estate, *SUBNETS)
            key = self._key(association.peek("route_table_id"))
            if subnet is not None and key:
                found[subnet.address] = key
        return found

    @cached_property
    def _main_tables(self) -> dict[str, str]:
        """Address of a VPC -> key of the route table that is made its main one."""
        found: dict[str, str] = {}
        for association in self.estate.of("aws_main_route_table_association"):
            vpc = _known(association.peek("vpc_id"), self.estate, *VPCS)
            key = self._key(association.peek("route_table_id"))
            if vpc is not None and key:
                found[vpc.address] = key
        return found

    def _key(self, value: Value) -> str:
        """What stands for a route table: its address, or of a VPC's own main table that of the VPC."""
        if isinstance(value, Reference) and value.attribute in MAIN_TABLE:
            vpc = self.estate.get(value.address)
            return vpc.address if vpc is not None else ""
        table = _known(value, self.estate, *TABLES)
        if table is not None:
            own = table.peek("default_route_table_id") if table.type == "aws_default_route_table" else None
            return (self._key(own) if isinstance(own, Reference) else "") or table.address
        vpcs = (vpc for vpc in self.estate.of(*VPCS) for name in MAIN_TABLE if vpc.attributes.get(name) == value)
        vpc = next(vpcs, None) if isinstance(value, str) else None
        return vpc.address if vpc is not None else ""

    def _table(self, subnet: Resource) -> str:
        """The key of the route table of a subnet, the VPC's main one where none is associated.

        Raises:
            Undecidable: where an association is unknown that may be the subnet's.
        """
        if subnet.address in self._tables:
            return self._tables[subnet.address]
        for association in self.estate.of("aws_route_table_association"):
            for name in ("subnet_id", "route_table_id"):
                value = association.attributes.get(name, association.blank)
                if isinstance(value, (Unknown, Template)):
                    raise undecided(value, f"{name} of {association.address}")
        vpc = _known(subnet.peek("vpc_id"), self.estate, *VPCS)
        return "" if vpc is None else self._main_tables.get(vpc.address, vpc.address)

    @cached_property
    def _routes(self) -> dict[str, list[Route]]:
        """Key of a route table -> its routes."""
        found: dict[str, list[Route]] = {}
        for table in self.estate.of(*TABLES):
            for block in _blocks(table, "route"):
                destination = block.get("cidr_block") or block.get("ipv6_cidr_block")
                key = self._key(Reference(table.address, "id"))
                found.setdefault(key, []).append(self._route(destination, block, table))
        for resource in self.estate.of("aws_route"):
            owner = self._key(resource.peek("route_table_id"))
            if not owner:
                continue
            destination = resource.attributes.get("destination_cidr_block") or resource.attributes.get(
                "destination_ipv6_cidr_block"
            )
            found.setdefault(owner, []).append(self._route(destination, dict(resource.attributes), resource))
        return found

    def _route(self, destination: Value, target: dict[str, Value], source: Resource) -> Route:
        gateway, nat = target.get("gateway_id"), target.get("nat_gateway_id")
        if nat:
            return Route(destination, "nat gateway", _known(nat, self.estate, "aws_nat_gateway"), source)
        if gateway:
            found = _known(gateway, self.estate, "aws_internet_gateway")
            if found is not None or (isinstance(gateway, str) and gateway.startswith("igw-")):
                return Route(destination, "internet gateway", found, source)
        return Route(destination, "other", None, source)

    def routes(self, subnet: Resource) -> tuple[Route, ...]:
        """The routes of a subnet beside the local one."""
        return tuple(self._routes.get(self._table(subnet), ()))

    def is_public(self, subnet: Resource) -> bool:
        """Whether a subnet has a default route to an internet gateway."""
        return any(route.everywhere and route.kind == "internet gateway" for route in self.routes(subnet))

    def nat_of(self, subnet: Resource) -> Route | None:
        """The default route of a subnet to a NAT gateway."""
        return next((item for item in self.routes(subnet) if item.everywhere and item.kind == "nat gateway"), None)

    def leads_to(self, subnet: Resource, endpoint: Resource) -> bool:
        """Whether the route table of a subnet leads to a gateway endpoint.

        Raises:
            Undecidable: where that depends on what is not known.
        """
        listed = () if left_out(endpoint, "route_table_ids") else endpoint.peek("route_table_ids")
        values = list(listed) if isinstance(listed, (list, tuple)) else [listed]
        for item in naming(self.estate, endpoint, "vpc_endpoint_id", "aws_vpc_endpoint_route_table_association"):
            values.append(item.peek("route_table_id"))
        if self._table(subnet) in {self._key(value) for value in values}:
            return True
        unknown = next((value for value in values if isinstance(value, (Unknown, Template))), None)
        if unknown is not None:
            raise undecided(unknown, f"route_table_ids of {endpoint.address}")
        return False

    def place(self, resource: Resource) -> Place:
        """Where a resource stands.

        Raises:
            Undecidable: where a security group or subnet is unknown or not part of the estate.
        """
        public = _READERS[resource.type](self, resource)[2]
        return Place(resource.address, resource, self.groups(resource), self.subnets(resource), bool(public))

    def groups(self, resource: Resource) -> tuple[Resource, ...]:
        """The security groups that a resource bears.

        Raises:
            Undecidable: where one is unknown or not part of the estate.
        """
        default = self._default_group(resource)
        if default is not None:
            return (default,)
        return tuple(self._all(_READERS[resource.type](self, resource)[0], resource, GROUPS, "security group"))

    def _default_group(self, resource: Resource) -> Resource | None:
        """The VPC's default security group, where the estate has it and a resource bears it for naming none."""
        attribute = _BEAR_DEFAULT.get(resource.type)
        if attribute is None or not left_out(resource, attribute):
            return None
        found = self.estate.of("aws_default_security_group")
        vpcs = {show(subnet.peek("vpc_id")) for subnet in self.subnets(resource)} if found else set()
        return next((group for group in found if show(group.peek("vpc_id")) in vpcs), None)

    def subnets(self, resource: Resource) -> tuple[Resource, ...]:
        """The subnets in which a resource, or what a subnet group is for, stands.

        Raises:
            Undecidable: where one is unknown or not part of the estate.
        """
        if resource.type in SUBNET_GROUPS:
            return tuple(self._all(resource.peek("subnet_ids"), resource, SUBNETS, "subnet"))
        return tuple(self._all(_READERS[resource.type](self, resource)[1], resource, SUBNETS, "subnet"))

    @cached_property
    def _users(self) -> dict[str, list[Resource]]:
        """Address of a security group -> the resources that bear it."""
        found: dict[str, list[Resource]] = {}
        for resource in self.estate:
            if resource.data or resource.type in GROUPS or resource.type in RULES:
                continue
            for value in set(_identifiers(resource.attributes)):
                group = self.estate.find(value, *GROUPS)
                if group is not None and all(item is not resource for item in found.get(group.address, ())):
                    found.setdefault(group.address, []).append(resource)
        return found

    def users(self, group: Resource) -> tuple[Resource, ...]:
        """The resources that bear a security group, as far as it is known."""
        return tuple(self._users.get(group.address, ()))

    def _all(self, values: Value, owner: Resource, types: tuple[str, ...], what: str) -> Iterator[Resource]:
        if isinstance(values, Unknown):
            raise Undecidable(f"{what}s of {owner.address}: {values.reason}", denied=values.denied)
        if not values:
            raise Undecidable(f"{owner.address} names no {what}")
        for value in values if isinstance(values, (list, tuple)) else [values]:
            found = self.estate.find(value, *types)
            if found is None:
                raise Undecidable(f"{what} {show(value)} of {owner.address} is not part of this stack")
            yield found

    @staticmethod
    def zone(subnet: Resource) -> str:
        """The availability zone of a subnet; for a zone that only the account names, what stands for it.

        Raises:
            Undecidable: where it is unknown or left to AWS.
        """
        for name in ("availability_zone", "availability_zone_id"):
            value = subnet.attributes.get(name)
            blank = _blank_of(value)
            if blank is not None:
                raise Undecidable(f"{name} of {subnet.address}: {blank.reason}", denied=blank.denied)
            if value:
                return show(value)
        raise Undecidable(f"{subnet.address} leaves its availability zone to AWS")


def _blank_of(value: Value) -> Unknown | None:
    """What is unknown of a text; None where it is known, or known what it refers to."""
    if isinstance(value, Template):
        return next((part for part in value.parts if isinstance(part, Unknown)), None)
    return value if isinstance(value, Unknown) else None


def _known(value: Value, estate: Estate, *types: str) -> Resource | None:
    """The resource that a value names; None where it is unset, unknown or names nothing here."""
    if value is None or isinstance(value, Unknown):
        return None
    try:
        return estate.find(value, *types)
    except Undecidable:
        return None


def _blocks(resource: Resource, name: str) -> list[dict[str, Value]]:
    value = resource.attributes.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, (list, tuple)) else []


def _identifiers(value: Value) -> Iterator[str | Reference]:
    """What may name a security group, at any depth."""
    if isinstance(value, Reference) or (isinstance(value, str) and value.startswith("sg-")):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _identifiers(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _identifiers(item)


_BEAR_DEFAULT = {
    **dict.fromkeys(("aws_db_instance", "aws_db_proxy", "aws_rds_cluster"), "vpc_security_group_ids"),
    **dict.fromkeys(("aws_elasticache_cluster", "aws_elasticache_replication_group"), "security_group_ids"),
    **dict.fromkeys(("aws_elasticache_serverless_cache", "aws_vpc_endpoint"), "security_group_ids"),
}
"""What bears the default security group of its VPC where this attribute names no other."""


def _of_balancer(_: Network, balancer: Resource) -> tuple[Value, Value, Value]:
    subnets = balancer.peek("subnets")
    if not isinstance(subnets, (list, tuple)) or not subnets:
        mapped = [block.get("subnet_id") for block in _blocks(balancer, "subnet_mapping")]
        subnets = mapped or subnets
    return balancer.peek("security_groups"), subnets, not balancer["internal"]


def _of_service(_: Network, service: Resource) -> tuple[Value, Value, Value]:
    settings = service.block("network_configuration")
    return settings.get("security_groups"), settings.get("subnets"), settings.get("assign_public_ip") is True


def _of_database(network: Network, database: Resource) -> tuple[Value, Value, Value]:
    groups, named = database.peek("vpc_security_group_ids"), database.peek("db_subnet_group_name")
    if database.attributes.get("replicate_source_db") and not database.attributes.get("db_subnet_group_name"):
        source = network.estate.find(database.peek("replicate_source_db"), "aws_db_instance")
        named = source.peek("db_subnet_group_name") if source is not None else named
    return groups, _subnets_of_group(network, named, database, "aws_db_subnet_group"), _public(database)


def _public(database: Resource) -> bool:
    return "publicly_accessible" in database.attributes and bool(database["publicly_accessible"])


def _of_cache(network: Network, cache: Resource) -> tuple[Value, Value, Value]:
    named = cache.peek("subnet_group_name")
    return (
        cache.peek("security_group_ids"),
        _subnets_of_group(network, named, cache, "aws_elasticache_subnet_group"),
        False,
    )


def _of_serverless_cache(_: Network, cache: Resource) -> tuple[Value, Value, Value]:
    return cache.peek("security_group_ids"), cache.peek("subnet_ids"), False


def _of_endpoint(_: Network, endpoint: Resource) -> tuple[Value, Value, Value]:
    return endpoint.peek("security_group_ids"), endpoint.peek("subnet_ids"), False


def _subnets_of_group(network: Network, named: Value, owner: Resource, kind: str) -> Value:
    if isinstance(named, Unknown):
        return named
    group = network.estate.find(named, kind)
    if group is None:
        raise Undecidable(f"subnet group {show(named)} of {owner.address} is not part of this stack")
    return group.peek("subnet_ids")


_READERS = {
    "aws_lb": _of_balancer,
    "aws_alb": _of_balancer,
    "aws_ecs_service": _of_service,
    "aws_db_instance": _of_database,
    "aws_rds_cluster": _of_database,
    "aws_db_proxy": lambda _, proxy: (proxy.peek("vpc_security_group_ids"), proxy.peek("vpc_subnet_ids"), False),
    "aws_elasticache_replication_group": _of_cache,
    "aws_elasticache_cluster": _of_cache,
    "aws_elasticache_serverless_cache": _of_serverless_cache,
    "aws_vpc_endpoint": _of_endpoint,
}


@once_per_estate
def network_of(estate: Estate) -> Network:
    """The network of an estate."""
    return Network(estate)
