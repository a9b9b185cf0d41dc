"""Security group rules on their own: what AWS takes, and what is needed of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.network import BALANCERS, GROUPS, RULES, Network, Rule, has_own_network, network_of
from skyworthy.behavior.network.ports import listened_on, span
from skyworthy.behavior.references import left_out, named, task_definition_of
from skyworthy.behavior.secrets import containers, environment, injections
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value

_WITH_PORTS = ("tcp", "udp", "6", "17")
_PEERS = (
    *("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id"),
    *("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "source_security_group_id", "self"),
)


@control("sg.rules-complete", on=RULES, severity="high", refs=["REQ REF-2", "REQ NET-1"], lenses=("declared",))
def rules_are_complete(rule: Resource) -> None:
    """A rule of TCP or UDP names its ports, and every rule who is on the other side.

    Why: AWS refuses any other rule, in the middle of an apply that Terraform's plan took for good.
    Fix: `from_port`, `to_port`, and one of `referenced_security_group_id`, `cidr_ipv4`, `cidr_ipv6`, `prefix_list_id`.
    """
    protocol = str(rule["protocol" if rule.type == "aws_security_group_rule" else "ip_protocol"]).lower()
    findings = Findings()
    with findings.question():
        assert any(_is_set(rule, name) for name in _PEERS), "it names nobody on the other side"
    if protocol in _WITH_PORTS:
        missing = [name for name in ("from_port", "to_port") if rule.attributes.get(name) is None]
        with findings.question():
            assert not missing, f"it is about {protocol}, and has no {' and no '.join(missing)}"
        with findings.question():
            first, last = (0, 0) if missing else (int(rule["from_port"]), int(rule["to_port"]))
            assert first <= last, f"from_port {first} is above to_port {last}"
    findings.conclude()


def _is_set(rule: Resource, name: str) -> bool:
    value = rule.attributes.get(name)
    return isinstance(value, (Unknown, Reference, Template)) or bool(value)


@control("sg.only-needed-ports", on=GROUPS, severity="medium", refs=["REQ REF-2", "REQ NET-1"])
def only_needed_ports_are_open(group: Resource, estate: Estate) -> None:
    """A range of ports holds none on which nobody listens, and no port of a database or task leads to the internet.

    Why: a range that is wider than its need opens what comes to listen there next year, and nobody looks again.
    Fix: a rule of its own for each port, with the security group of the other side as its peer.
    """
    network = network_of(estate)
    findings = Findings()
    for rule in network.rules(group, "ingress"):
        with findings.question():
            problem = _unneeded(rule, group, network)
            assert not problem, problem
    for rule in network.rules(group, "egress"):
        for problem in _egress(rule, network, findings):
            findings.add(problem)
    findings.conclude()


def _unneeded(rule: Rule, target: Resource, network: Network) -> str:
    """What a rule opens of a group beyond the ports on which its bearers listen; empty where nothing."""
    opened = span(rule)
    ports = listened_on(target, network) if opened is not None else None
    if opened is None or ports is None or set(range(opened[0], opened[1] + 1)) <= set(ports):
        return ""
    return f"{rule} opens ports {opened[0]}-{opened[1]}, {_numbers(ports)} needed"


def _numbers(ports: Mapping[int, str]) -> str:
    return f"{', '.join(map(str, sorted(ports)))} {'is' if len(ports) == 1 else 'are'}"


def _egress(rule: Rule, network: Network, findings: Findings) -> Iterator[str]:
    for peer in rule.peers:
        with findings.question():
            if peer.kind == "group":
                for target in named(network.estate, peer.value, *GROUPS):
                    yield from filter(None, [_unneeded(rule, target, network)])
            elif (problem := _to_the_internet(rule, network)) and peer.everywhere:
                yield problem


def _to_the_internet(rule: Rule, network: Network) -> str:
    opened = span(rule)
    if opened is not None:
        return f"{rule} opens ports {opened[0]}-{opened[1]} to the internet"
    first, last = rule.ports()
    users = network.users(rule.group) if rule.group is not None else ()
    balancers = bool(users) and all(user.type in BALANCERS for user in users)
    if first != last or first in ((443,) if balancers else (80, 443)):
        return ""
    inside = _inside(network.estate)[balancers].get(first)
    return f"{rule} lets out to the whole internet on port {first}, where {inside} listens" if inside else ""


@once_per_estate
def _inside(estate: Estate) -> Mapping[bool, Mapping[int, str]]:
    """Of the tasks (True) and of databases and caches (False): the ports on which they listen -> who."""
    network = network_of(estate)
    found: dict[bool, dict[int, str]] = {True: {}, False: {}}
    for group in estate.of(*GROUPS):
        users = network.users(group)
        kinds = {user.type == "aws_ecs_service" for user in users}
        if len(kinds) == 1:
            try:
                found[kinds.pop()].update(listened_on(group, network) or {})
            except Undecidable:
                continue
    return found


@control(
    "sg.groups-named",
    on=(
        *BALANCERS,
        *("aws_ecs_service", "aws_db_instance", "aws_rds_cluster", "aws_elasticache_replication_group"),
        "aws_elasticache_cluster",
    ),
    severity="high",
    refs=["REQ REF-2", "REQ NET-1"],
)
def security_groups_are_named(resource: Resource) -> None:
    """Load balancer, tasks, database and cache have security groups of their own.

    Why: where none is named AWS takes the VPC's default group: closed, so that nothing gets through, or open to
    whatever else has it.
    Fix: name the group, such as `vpc_security_group_ids` of a database.
    """
    if resource.type in BALANCERS:
        if resource["load_balancer_type"] not in (None, "application"):
            not_applicable(f"it is a {resource['load_balancer_type']} load balancer")
        missing = left_out(resource, "security_groups")
    elif resource.type == "aws_ecs_service":
        if not has_own_network(resource):
            not_applicable("its tasks share the network of their EC2 instances")
        missing = not _filled(resource.block("network_configuration").get("security_groups"))
    elif resource.type in ("aws_db_instance", "aws_rds_cluster"):
        missing = left_out(resource, "vpc_security_group_ids")
    else:
        if resource.attributes.get("replication_group_id") is not None and resource.type == "aws_elasticache_cluster":
            not_applicable("it has the groups of its replication group")
        missing = left_out(resource, "security_group_ids", "security_group_names")
    assert not missing, "it names no security group, so that it has the VPC's default one"


def _filled(value: Value) -> bool:
    if isinstance(value, (Unknown, Reference, Template)):
        return True
    return bool(value)


_MAIL_HOSTS = ("SMTP_HOST", "SMTP_SERVER", "MAIL_HOST", "MAIL_SERVER", "EMAIL_HOST", "SMTP_ENDPOINT")
_SUBMISSION = (587, 465, 2587, 2465, 2525, 25)
"""Ports on which mail is handed in: RFC 6409, RFC 8314, and those of Amazon SES beside them."""


@control("sg.tasks-reach-mail", on="aws_ecs_service", severity="medium", refs=["REQ NET-1", "REQ SEC-1"])
def tasks_reach_the_mail_host(service: Resource, estate: Estate) -> None:
    """Tasks that are given a mail host may talk to one.

    Why: a mail that does not leave is missed by nobody but the user who waits for the new password.
    Fix: an egress rule for the port of mail submission, 587.
    """
    if not has_own_network(service):
        not_applicable("its tasks share the network of their EC2 instances")
    task = task_definition_of(service, estate)
    if task is None:
        raise Undecidable("its task definition is not part of this stack")
    ports = sorted({port for definition in containers(task) for port in _mail_ports(definition, task)})
    if not ports:
        not_applicable("no container of it is given a mail host")
    network = network_of(estate)
    rules = [rule for group in network.groups(service) for rule in network.rules(group, "egress")]
    allowed = any(rule.covers(port) and rule.peers for rule in rules for port in ports)
    assert allowed, f"no egress rule lets its tasks reach a mail host on port {' or '.join(map(str, ports))}"


def _mail_ports(definition: Mapping[str, Any], task: Resource) -> tuple[int, ...]:
    """The ports on which a container may hand in mail; none where it is given no mail host."""
    variables = environment(definition)
    injected = {item.name for item in injections(task) if item.container == definition.get("name")}
    host = next((name for name in _MAIL_HOSTS if name in variables or name in injected), None)
    if host is None:
        return ()
    port = variables.get(f"{host.partition('_')[0]}_PORT")
    if isinstance(port, (Unknown, Reference, Template)):
        raise port.undecidable()
    return (int(port),) if port is not None and str(port).isdigit() else _SUBMISSION
