"""VPC, subnets, routes."""

from ipaddress import IPv4Network

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.network import Network, has_own_network, network_of
from skyworthy.behavior.references import absent, left_out, named, naming, undecided
from skyworthy.config import Policy
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable

VPCS = ("aws_vpc", "aws_default_vpc")
PRIVATE = ("aws_ecs_service", "aws_db_subnet_group", "aws_elasticache_subnet_group")


@control(
    "vpc.flow-logs-enabled",
    on="aws_vpc",
    severity="medium",
    refs=["REQ REF-1", "FSBP EC2.6", "CIS 3.7", "CKV2_AWS_11"],
)
def flow_logs_are_enabled(vpc: Resource, estate: Estate) -> None:
    """The VPC writes flow logs, of rejected traffic at least, to a place that they get to.

    Why: without them nobody can tell afterwards who talked to whom.
    Fix: add an `aws_flow_log` with the `vpc_id` of the VPC, `traffic_type`, a destination and a role that may write.
    """
    logs = naming(estate, vpc, "vpc_id", "aws_flow_log")
    if not logs:
        raise absent(estate, "no flow log names the VPC")
    problems = [_flow_log_problem(log) for log in logs]
    assert "" in problems, problems[0]


def _flow_log_problem(log: Resource) -> str:
    """What keeps a flow log from being of use; empty where nothing does."""
    if left_out(log, "traffic_type"):
        return f"{log.address} does not say which traffic: it has no traffic_type"
    if log["traffic_type"] == "ACCEPT":
        return f"{log.address} leaves out what was rejected"
    if left_out(log, "log_destination", "log_group_name"):
        return f"{log.address} has no destination"
    to_logs = log["log_destination_type"] in (None, "cloud-watch-logs")
    if to_logs and left_out(log, "iam_role_arn", "deliver_cross_account_role"):
        return f"{log.address} has no role to write to CloudWatch with"
    return ""


@control(
    "vpc.default-sg-restricts-all",
    on="aws_vpc",
    severity="medium",
    refs=["REQ REF-1", "REQ NET-1", "FSBP EC2.2", "CIS 5.4", "CKV2_AWS_12"],
)
def default_security_group_is_closed(vpc: Resource, estate: Estate) -> None:
    """The VPC's default security group lets nothing in or out.

    Why: whatever is started without naming a group gets the default one, which lets its members talk to each other.
    Fix: add an `aws_default_security_group` for the VPC without `ingress` and `egress` blocks.
    """
    homeless = [item for item in estate.of("aws_default_security_group") if left_out(item, "vpc_id")]
    others = [item for item in estate.of("aws_default_security_group") if item not in homeless]
    if homeless and not others:
        raise AssertionError(f"{homeless[0].address} names no VPC: it is that of the account's default VPC")
    groups = list(naming(estate, vpc, "vpc_id", "aws_default_security_group"))
    if estate.origin == "observed":
        observed = naming(estate, vpc, "vpc_id", "aws_security_group")
        groups += [group for group in observed if group.peek("name") == "default"]
    if not groups:
        raise absent(estate, "its default security group is left as AWS makes it, open among its members")
    network = network_of(estate)
    rules = [rule for group in groups for way in ("ingress", "egress") for rule in network.rules(group, way)]
    certain = [rule for rule in rules if rule.unknown is None]
    assert not certain, f"the default security group has {len(certain)} rules, of which none is wanted"
    for rule in rules:
        rule.covers(0)


@control(
    "vpc.dns-enabled",
    on="aws_vpc",
    severity="high",
    refs=["REQ NET-1"],
    lenses=("declared",),
)
def names_resolve(vpc: Resource, estate: Estate) -> None:
    """The VPC resolves names, also those that endpoints take over.

    Why: database, cache and endpoints are known by names only; without the resolver no task finds them, and AWS refuses
    an endpoint with private DNS where hosts have no names.
    Fix: leave `enable_dns_support` on, and set `enable_dns_hostnames` where an endpoint has `private_dns_enabled`.
    """
    assert vpc["enable_dns_support"] in (True, None), "its resolver is off: names of database and cache do not resolve"
    if vpc["enable_dns_hostnames"]:
        return
    taking = (item for item in estate.of("aws_vpc_endpoint") if item.peek("private_dns_enabled") is True)
    refused = [item.address for item in taking if vpc in named(estate, item["vpc_id"], *VPCS)]
    assert not refused, f"enable_dns_hostnames is off, without which AWS refuses {refused[0]}"


def own_network_only(resource: Resource) -> None:
    """Ends a control for a service whose tasks share the network of their EC2 instances."""
    if resource.type == "aws_ecs_service" and not has_own_network(resource):
        not_applicable("its tasks share the network of their EC2 instances")


@control(
    "vpc.subnets-span-zones",
    on=PRIVATE,
    severity="medium",
    refs=["REQ NET-2", "REQ REF-1"],
)
def subnets_span_zones(resource: Resource, estate: Estate, policy: Policy) -> None:
    """Tasks, database and cache can stand in several availability zones.

    Why: with subnets of one zone, the failure of that zone takes all of it down.
    Fix: name subnets of at least two availability zones.
    """
    own_network_only(resource)
    zones = sorted({Network.zone(subnet) for subnet in network_of(estate).subnets(resource)})
    assert len(zones) >= policy.min_zones, (
        f"its subnets are in {len(zones)} zone ({', '.join(zones)}), at least {policy.min_zones} are demanded"
    )


@control(
    "vpc.nat-per-zone",
    on="aws_subnet",
    severity="medium",
    refs=["REQ REF-1", "REQ REF-15"],
)
def nat_gateway_is_in_the_same_zone(subnet: Resource, estate: Estate, policy: Policy) -> None:
    """A subnet leaves through a NAT gateway of its own zone.

    Why: behind a NAT gateway in another zone, the failure of that zone cuts this one off too.
    Fix: one `aws_nat_gateway` per zone, and a route table per zone that leads to it.
    """
    if not policy.nat_per_zone:
        not_applicable("one NAT gateway for all zones is allowed here")
    route = network_of(estate).nat_of(subnet)
    if route is None:
        not_applicable("it does not leave through a NAT gateway")
        return
    if route.via is None:
        raise Undecidable(f"the NAT gateway of {route.source.address} is not part of this stack")
    stands = named(estate, route.via["subnet_id"], "aws_subnet")
    if not stands:
        raise Undecidable(f"the subnet of {route.via.address} is not part of this stack")
    here, there = Network.zone(subnet), Network.zone(stands[0])
    assert here == there, f"it is in {here}, and leaves through {route.via.address} in {there}"


@control(
    "vpc.private-subnets-not-public",
    on="aws_subnet",
    severity="high",
    refs=["REQ NET-2", "FSBP EC2.15", "CKV_AWS_130"],
)
def private_subnets_are_private(subnet: Resource, estate: Estate) -> None:
    """Subnets of tasks, database and cache have no route from the internet and hand out no public addresses.

    Why: in a public subnet one wrong security-group rule is enough to expose what stands there.
    Fix: route the subnet through a NAT gateway, and leave `map_public_ip_on_launch` off.
    """
    network = network_of(estate)
    known, undecided = _occupants(estate)
    occupants = known.get(subnet.address, [])
    if not occupants:
        if undecided is not None:
            raise undecided
        not_applicable("neither tasks nor database nor cache stand in it")
    findings = []
    if network.is_public(subnet):
        findings.append(f"{', '.join(occupants)} stands in it, and it has a route to an internet gateway")
    if subnet["map_public_ip_on_launch"]:
        findings.append("it hands out public addresses")
    assert not findings, "; ".join(findings)


@once_per_estate
def _occupants(estate: Estate) -> tuple[dict[str, list[str]], Undecidable | None]:
    """Address of a subnet -> the addresses of what must be private in it; and why there may be more."""
    found: dict[str, list[str]] = {}
    undecided: Undecidable | None = None
    for resource in estate.of(*PRIVATE):
        try:
            if resource.type == "aws_ecs_service" and not has_own_network(resource):
                continue
            for subnet in network_of(estate).subnets(resource):
                found.setdefault(subnet.address, []).append(resource.address)
        except Undecidable as undecidable:
            undecided = undecided or undecidable
    return found, undecided


@control(
    "vpc.subnet-cidrs-fit", on="aws_subnet", severity="high", refs=["REQ REF-1", "REQ NET-2"], lenses=("declared",)
)
def subnet_cidrs_fit(subnet: Resource, estate: Estate) -> None:
    """The addresses of a subnet lie in its VPC and in no other subnet, and are as many as AWS takes.

    Why: AWS refuses any other subnet, in the middle of an apply that Terraform's plan took for good.
    Fix: choose another `cidr_block`, or other numbers in `cidrsubnet`.
    """
    vpc = estate.find(subnet["vpc_id"], "aws_vpc")
    if vpc is None or vpc.data:
        not_applicable("its VPC is not part of this stack")
        return
    if subnet.attributes.get("cidr_block") is None:
        not_applicable("it sets no cidr_block")
    own = _network(subnet)
    findings = Findings()
    with findings.question():
        assert 16 <= own.prefixlen <= 28, f"{own} is a /{own.prefixlen}, and AWS takes /16 to /28"
    for other in estate.of("aws_subnet"):
        with findings.question():
            if other is subnet or estate.find(other["vpc_id"], "aws_vpc") is not vpc:
                continue
            apart = other.attributes.get("cidr_block") is None or not own.overlaps(_network(other))
            assert apart, f"{own} overlaps {other.peek('cidr_block')} of {other.address}"
    with findings.question():
        # A further range may be any, and may come from a pool.
        if not estate.of("aws_vpc_ipv4_cidr_block_association") and vpc.attributes.get("cidr_block") is not None:
            inside = own.subnet_of(_network(vpc))
            assert inside, f"{own} is not within {vpc['cidr_block']} of {vpc.address}"
    findings.conclude()


def _network(holder: Resource) -> IPv4Network:
    value = holder["cidr_block"]
    if not isinstance(value, str):
        raise undecided(value, f"cidr_block of {holder.address}")
    try:
        return IPv4Network(value, strict=False)
    except ValueError:
        raise Undecidable(f"cidr_block of {holder.address} is {value}, which is no network") from None
