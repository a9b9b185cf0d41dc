"""How tasks get to what lies outside their subnets: NAT gateways and VPC endpoints."""

import difflib
import re
from collections.abc import Iterator

from skyworthy.behavior.network import INTERNET, Network, Place, network_of, reaches
from skyworthy.behavior.permissions import Statement, document
from skyworthy.behavior.permissions.statements import everything
from skyworthy.behavior.references import left_out, named, naming
from skyworthy.behavior.tasks import task_of
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.controls.vpc import VPCS, own_network_only
from skyworthy.estate import Estate, Resource, Undecidable, Value, show
from skyworthy.estate.regions import Regions

_HTTPS = 443
_USED = {
    "ecr.api": r"aws_ecr_|\.dkr\.ecr\.",
    "ecr.dkr": r"aws_ecr_|\.dkr\.ecr\.",
    "logs": r"awslogs",
    "secretsmanager": r"aws_secretsmanager_|:secretsmanager:|master_user_secret",
    "ssm": r"aws_ssm_|:ssm:",
}
"""Name of a service of AWS -> what a task that starts with its help holds in its definition."""
_SERVICE_NAME = re.compile(r"amazonaws\.(?:\$\{[^}]*\}|[a-z0-9-]+)\.(.+)$")
_NEEDED = ("ecr.api", "ecr.dkr", "s3", "logs")


@control("vpc.tasks-reach-internet", on="aws_ecs_service", severity="high", refs=["REQ NET-1"])
def tasks_reach_the_internet(service: Resource, estate: Estate) -> None:
    """Tasks can fetch their image and write their logs: over NAT, or over VPC endpoints.

    Why: a task without a way to ECR, CloudWatch Logs and Secrets Manager never starts; an endpoint with private DNS
    takes the place of the way over NAT, also for tasks that it does not let in.
    Fix: a default route to a NAT gateway in a public subnet and an egress rule for port 443; interface endpoints with
    `private_dns_enabled` whose security group lets the tasks in, and a gateway endpoint for S3 in their route tables.
    """
    own_network_only(service)
    network = network_of(estate)
    place = network.place(service)
    findings = Findings()
    present: list[str] = []
    for endpoint in _interfaces(place, network):
        name = _service_name(endpoint)
        present.append(name)
        if name in _USED and re.search(_USED[name], _definition(service, estate)):
            with findings.question():
                way = reaches(network, place, network.place(endpoint), _HTTPS)
                assert way.open, f"{endpoint.address} stands for {name} and is not reached: {way.blocked}"
    with findings.question():
        way = reaches(network, place, INTERNET, _HTTPS)
        if not way.open:
            present += ["s3"] * _has_gateway(place, network)
            held = [name for name, pattern in _USED.items() if re.search(pattern, _definition(service, estate))]
            missing = [name for name in dict.fromkeys((*_NEEDED, *held)) if name not in present]
            instead = f"; no endpoint takes the place of {', '.join(missing)}" if present else ""
            assert not missing, f"port 443 of the internet cannot be reached: {way.blocked}{instead}"
    findings.conclude()


def _definition(service: Resource, estate: Estate) -> str:
    """The containers of a service as text."""
    task = task_of(service, estate)
    return "" if task is None else show(task.peek("container_definitions"))


def _service_name(endpoint: Resource) -> str:
    match = _SERVICE_NAME.search(show(endpoint.peek("service_name")))
    return match[1] if match else ""


def _interfaces(place: Place, network: Network) -> Iterator[Resource]:
    """The interface endpoints that take over the names of their services where a place is."""
    for endpoint in _endpoints(place, network):
        if endpoint["vpc_endpoint_type"] == "Interface" and endpoint["private_dns_enabled"]:
            yield endpoint


def _has_gateway(place: Place, network: Network) -> bool:
    """Whether a gateway endpoint for S3 is routed from everywhere that a place is."""
    gateways = [
        item
        for item in _endpoints(place, network)
        if item["vpc_endpoint_type"] in (None, "Gateway") and _service_name(item) == "s3"
    ]
    return any(all(network.leads_to(subnet, item) for subnet in place.subnets) for item in gateways)


def _endpoints(place: Place, network: Network) -> Iterator[Resource]:
    """The endpoints of the VPCs that a place is in."""
    estate = network.estate
    vpcs = {show(subnet.peek("vpc_id")) for subnet in place.subnets}
    for endpoint in estate.of("aws_vpc_endpoint"):
        if show(endpoint.peek("vpc_id")) in vpcs:
            yield endpoint


@control("vpc.nat-gateway-public", on="aws_nat_gateway", severity="high", refs=["REQ REF-1", "REQ NET-1"])
def nat_gateway_is_public(gateway: Resource, estate: Estate) -> None:
    """A NAT gateway stands in a subnet with a route to an internet gateway.

    Why: in a private subnet it has no way out itself, and everything behind it is cut off.
    Fix: the `subnet_id` of a public subnet of the same zone, and a default route there to the internet gateway.
    """
    if gateway["connectivity_type"] == "private":
        not_applicable("it translates addresses between private networks")
    stands = named(estate, gateway["subnet_id"], "aws_subnet", "aws_default_subnet")
    if not stands:
        raise Undecidable(f"its subnet {show(gateway.peek('subnet_id'))} is not part of this stack")
    subnet, network = stands[0], network_of(estate)
    if network.is_public(subnet):
        return
    onward = next((route for route in network.routes(subnet) if route.everywhere and route.kind == "other"), None)
    if onward is not None:  # a firewall or transit gateway on the way
        raise Undecidable(f"whether {onward.source.address} leads {subnet.address} to the internet is not known")
    if not named(estate, subnet["vpc_id"], *VPCS):
        raise Undecidable(f"the VPC of {subnet.address} is not part of this stack")
    raise AssertionError(f"it stands in {subnet.address}, which has no route to an internet gateway")


@control("vpc.nat-gateway-own-address", on="aws_nat_gateway", severity="high", refs=["REQ REF-1"], lenses=("declared",))
def nat_gateway_has_its_own_address(gateway: Resource, estate: Estate) -> None:
    """A NAT gateway has an address that no other one has.

    Why: an Elastic IP is of one NAT gateway; AWS refuses the second in the middle of an apply.
    Fix: an `aws_eip` for each, and its own `allocation_id`.
    """
    mine = gateway["allocation_id"]
    if not mine:
        not_applicable("it takes no Elastic IP")
    owner = _address_of(mine, estate)
    for other in estate.of("aws_nat_gateway"):
        if other is not gateway and owner is not None and _address_of(other["allocation_id"], estate) is owner:
            raise AssertionError(f"{owner.address} is the address of {other.address}, too")


def _address_of(allocation: Value, estate: Estate) -> Resource | None:
    found = named(estate, allocation, "aws_eip") if allocation else ()
    return next((item for item in found if item.blank is None), None)


@control("vpc.gateway-endpoint-routed", on="aws_vpc_endpoint", severity="medium", refs=["REQ REF-1"])
def gateway_endpoint_is_routed(endpoint: Resource, estate: Estate) -> None:
    """A gateway endpoint is in the route tables of the subnets that need it.

    Why: without a route nothing takes it, and the traffic goes on to cost over NAT.
    Fix: name the private route tables in `route_table_ids`.
    """
    if endpoint["vpc_endpoint_type"] not in (None, "Gateway"):
        not_applicable(f"it is of type {endpoint['vpc_endpoint_type']}")
    if left_out(endpoint, "route_table_ids"):
        routed = naming(estate, endpoint, "vpc_endpoint_id", "aws_vpc_endpoint_route_table_association")
        assert routed, "no route table leads to it"
    network = network_of(estate)
    services = [item for item in estate.of("aws_ecs_service") if item.peek("network_configuration")]
    places = [subnet for item in services for subnet in network.subnets(item) if _is_beside(subnet, endpoint)]
    if places and _service_name(endpoint) == "s3":
        taken = any(network.leads_to(subnet, endpoint) for subnet in places)
        assert taken, f"no route table of the tasks leads to it: {', '.join(sorted({x.address for x in places}))}"


def _is_beside(subnet: Resource, endpoint: Resource) -> bool:
    return show(subnet.peek("vpc_id")) == show(endpoint.peek("vpc_id"))


@control(
    "vpc.endpoint-usable",
    on="aws_vpc_endpoint",
    severity="high",
    refs=["REQ REF-1", "REQ NET-1"],
    lenses=("declared",),
)
def endpoint_is_usable(endpoint: Resource, estate: Estate, regions: Regions) -> None:
    """An endpoint is for a service that there is, of its own region, and its policy lets something through.

    Why: AWS refuses an endpoint for another region or for a name that no service has, and one whose policy allows
    nothing cuts off what it stands for.
    Fix: the region of the provider and the service in `service_name`; leave the `policy` out, or allow what tasks need.
    """
    findings = Findings()
    with findings.question():
        name = _service_name(endpoint)
        meant = difflib.get_close_matches(name.removesuffix("-fips"), _SERVICES, 1, 0.8)
        assert not meant or name.removesuffix("-fips") in _SERVICES, f"there is no service {name}; {meant[0]} is there"
    here, there = regions.of(endpoint), _REGION.search(show(endpoint.peek("service_name")))
    if here and there and not endpoint.attributes.get("service_region"):
        with findings.question():
            assert there[1] == here, f"it is for {there[1]}, and stands in {here}"
    if not left_out(endpoint, "policy"):
        with findings.question():
            policy = document(endpoint["policy"], estate, f"the policy of {endpoint.address}")
            closed = [item for item in policy.statements if item.effect == "Deny" and _is_about_all(item)]
            open_ = [item for item in policy.statements if item.effect == "Allow"]
            if not open_ and policy.unknown is not None:
                raise policy.unknown.undecidable()
            assert open_ and not closed, "its policy lets nothing through"
    findings.conclude()


def _is_about_all(statement: Statement) -> bool:
    return everything(statement.actions) and everything(statement.resources) and not statement.conditions


_SERVICES = (
    *(
        "dynamodb",
        "ec2messages",
        "ecr.api",
        "ecr.dkr",
        "ecs",
        "ecs-agent",
        "ecs-telemetry",
        "elasticache",
        "email-smtp",
    ),
    *(
        "events",
        "execute-api",
        "kinesis-streams",
        "kms",
        "logs",
        "monitoring",
        "rds",
        "rds-data",
        "s3",
        "secretsmanager",
    ),
    *("sns", "sqs", "ssm", "ssmmessages", "states", "sts", "synthetics", "xray"),
)
"""What tasks reach over endpoints; of the many others nothing is said unless they are nearly called so.

Source: https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
"""
_REGION = re.compile(r"^com\.amazonaws\.([a-z]{2}(?:-[a-z]+)+-\d)\.")
