"""Subnets, routes and endpoints: what AWS takes, and what each is for."""

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.network import Network, has_own_network, network_of
from skyworthy.behavior.references import left_out, naming
from skyworthy.config import Policy
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable

_STORES = {
    "aws_db_instance": "db_subnet_group_name",
    "aws_rds_cluster": "db_subnet_group_name",
    "aws_elasticache_replication_group": "subnet_group_name",
    "aws_elasticache_cluster": "subnet_group_name",
    "aws_elasticache_serverless_cache": "subnet_ids",
}
"""Databases and caches -> the attribute that says in which subnets they stand."""


@control(
    "vpc.data-placed",
    on=tuple(_STORES),
    severity="high",
    refs=["REQ NET-2", "FSBP RDS.18", "FSBP ElastiCache.7"],
)
def data_is_placed(store: Resource, estate: Estate) -> None:
    """Database and cache say in which subnets they stand.

    Why: where they do not, AWS puts them into the account's default VPC, where the tasks do not reach them.
    Fix: a subnet group of the VPC's database subnets in `db_subnet_group_name` or `subnet_group_name`.
    """
    member = "replication_group_id" if store.type == "aws_elasticache_cluster" else "replicate_source_db"
    if store.attributes.get(member):
        not_applicable("it stands where the one stands that it belongs to")
    if not left_out(store, _STORES[store.type]):
        return
    if not estate.of("aws_vpc"):
        raise Undecidable("it names no subnet group, and the VPC is not part of this stack")
    raise AssertionError("it names no subnet group: it stands in the account's default VPC")


@control("vpc.data-tier-apart", on=tuple(_STORES), severity="medium", refs=["REQ REF-1", "REQ NET-2"])
def data_stands_apart(store: Resource, estate: Estate, policy: Policy) -> None:
    """Database and cache stand in the subnets that were made for them.

    Why: in the subnets of the tasks they share a route to the internet, and the tier that was built for them is empty.
    Fix: a subnet group of the database subnets.
    """
    own = {subnet.address for subnet in network_of(estate).subnets(store)}
    tasks, tier = _tiers(estate)
    if not tasks or len({Network.zone(item) for item in tier}) < policy.min_zones:
        not_applicable("the stack has no subnets for data beside those of the tasks")
    others = ", ".join(item.address for item in tier)
    assert not own <= tasks, f"it stands in the subnets of the tasks, not in {others}"


@once_per_estate
def _tiers(estate: Estate) -> tuple[frozenset[str], tuple[Resource, ...]]:
    """The addresses of the subnets in which tasks stand, and the private subnets beside them."""
    network = network_of(estate)
    services = [item for item in estate.of("aws_ecs_service") if has_own_network(item)]
    tasks = frozenset(subnet.address for service in services for subnet in network.subnets(service))
    beside = (item for item in estate.of("aws_subnet") if item.address not in tasks)
    return tasks, tuple(item for item in beside if not network.is_public(item))


@control("vpc.subnet-zone-named", on="aws_subnet", severity="medium", refs=["REQ NET-2", "REQ REF-1"])
def subnet_names_its_zone(subnet: Resource) -> None:
    """A subnet says in which availability zone it is.

    Why: where it does not, AWS picks one for each subnet, and all of them may be in the same zone.
    Fix: set `availability_zone`.
    """
    assert not left_out(subnet, "availability_zone", "availability_zone_id"), "its availability zone is left to AWS"


_HOSTS = ("aws_instance", "aws_autoscaling_group", "aws_launch_template", "aws_eks_node_group")


@control(
    "vpc.subnet-no-auto-public-ip",
    on="aws_subnet",
    severity="low",
    refs=["REQ NET-2", "FSBP EC2.15", "CKV_AWS_130"],
)
def no_public_addresses_by_default(subnet: Resource, estate: Estate) -> None:
    """A subnet hands out no public addresses by itself where nothing needs one.

    Why: whatever is started there by mistake is on the internet; load balancers and NAT gateways need no such setting.
    Fix: leave `map_public_ip_on_launch` off.
    """
    if estate.of(*_HOSTS) and subnet["map_public_ip_on_launch"]:
        not_applicable("instances of the stack may need public addresses")
    assert not subnet["map_public_ip_on_launch"], "it hands out public addresses, which nothing in it needs"


@control(
    "vpc.subnet-one-route-table",
    on="aws_subnet",
    severity="high",
    refs=["REQ REF-1", "REQ NET-1"],
    lenses=("declared",),
)
def subnet_has_one_route_table(subnet: Resource, estate: Estate) -> None:
    """A subnet is associated with one route table at most.

    Why: AWS refuses the second association, or moves the subnet back and forth at every apply.
    Fix: give each `aws_route_table_association` a subnet of its own.
    """
    found = naming(estate, subnet, "subnet_id", "aws_route_table_association")
    assert len(found) <= 1, f"it is associated with several route tables, by {', '.join(x.address for x in found)}"


_TARGETS = (
    *("carrier_gateway_id", "core_network_arn", "egress_only_gateway_id", "gateway_id", "instance_id"),
    *("local_gateway_id", "nat_gateway_id", "network_interface_id", "transit_gateway_id", "vpc_endpoint_id"),
    "vpc_peering_connection_id",
)


@control(
    "vpc.routes-complete",
    on=("aws_route", "aws_route_table_association"),
    severity="high",
    refs=["REQ REF-1", "REQ NET-1"],
    lenses=("declared",),
)
def routes_lead_somewhere(route: Resource) -> None:
    """A route says what for and whereto, and an association which subnet.

    Why: AWS refuses any other, in the middle of an apply.
    Fix: a destination, and one target such as `nat_gateway_id`; of an association the `subnet_id`.
    """
    if route.type == "aws_route_table_association":
        assert not left_out(route, "subnet_id", "gateway_id"), "it names neither subnet nor gateway"
        return
    places = ("destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id")
    assert not left_out(route, *places), "it has no destination"
    assert not left_out(route, *_TARGETS), "it leads to nothing: it has no target"
