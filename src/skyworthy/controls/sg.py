"""Security groups: who can reach whom."""

from collections.abc import Callable, Iterable, Iterator

from skyworthy.behavior.network import (
    BALANCERS,
    GROUPS,
    TARGET_GROUPS,
    Place,
    Rule,
    balancers_of,
    has_own_network,
    listeners_of,
    network_of,
    reaches,
)
from skyworthy.behavior.references import absent, inheriting, named, undecided
from skyworthy.behavior.stores import clients_of, port_of, proxies_of
from skyworthy.behavior.tasks import task_of
from skyworthy.behavior.variables import calls_of
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Value, show

CACHES = ("aws_elasticache_replication_group", "aws_elasticache_cluster", "aws_elasticache_serverless_cache")
DATABASES = ("aws_db_instance", "aws_rds_cluster")
HIGH_RISK = (
    *(20, 21, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 4333, 5000, 5432, 5500, 5601, 6379, 8080, 8088),
    *(8888, 9200, 9300, 11211, 27017),
)
"""Ports of Security Hub's control EC2.19, beside those of SSH and RDP, and those of Redis, Memcached and MongoDB."""


def _judge(rules: Iterable[Rule], finding: Callable[[Rule], str]) -> None:
    """Assert that no rule gives a finding; what is undecidable counts only where there is none."""
    found: list[str] = []
    undecided: Undecidable | None = None
    for rule in rules:
        try:
            found.append(finding(rule))
        except Undecidable as undecidable:
            undecided = undecided or undecidable
    texts = [text for text in dict.fromkeys(found) if text]
    assert not texts, "; ".join(texts)
    if undecided is not None:
        raise undecided


def _judge_open(group: Resource, estate: Estate, finding: Callable[[Rule], str]) -> None:
    """The same of the ingress rules that let the whole internet in."""

    def of_open(rule: Rule) -> str:
        rule.covers(0)
        return finding(rule) if any(peer.everywhere for peer in rule.peers) else ""

    _judge(network_of(estate).rules(group, "ingress"), of_open)


def _ports_of(rule: Rule) -> str:
    first, last = rule.ports()
    if first > last:
        first, last = rule.ports("udp")
    return f"port {first}" if first == last else f"ports {first}-{last}"


def _opens(rule: Rule, ports: Iterable[int]) -> list[int]:
    return [port for port in ports if rule.covers(port) or rule.covers(port, "udp")]


@control(
    "sg.only-alb-open-to-internet",
    on=GROUPS,
    severity="critical",
    refs=["REQ NET-1", "REQ REF-2", "FSBP EC2.18", "CKV_AWS_260", "CKV_AWS_277"],
    aliases=("sg.ingress-only-authorized-ports",),
)
def only_the_load_balancer_is_open(group: Resource, estate: Estate) -> None:
    """From the internet only the load balancer's listeners can be reached.

    Why: every other open port is a way around TLS, the firewall and the access log.
    Fix: let the load balancer's group in from the internet on 80 and 443, and every other group from a group.
    """
    users = network_of(estate).users(group)
    strangers = [user for user in users if user.type not in BALANCERS]
    listening = {80, 443} | {port for user in users if user.type in BALANCERS for port in _listening(user, estate)}

    def finding(rule: Rule) -> str:
        first, last = rule.ports()
        if first > last and rule.ports("udp")[0] > rule.ports("udp")[1]:
            return ""
        opened = f"{rule} opens {_ports_of(rule)} to the internet"
        if strangers:
            return f"{opened}, for {', '.join(user.address for user in strangers)}"
        if not users and not estate.of(*BALANCERS):
            raise Undecidable(f"{opened}, and who bears this group is not part of this stack")
        if not users:
            return f"{opened}, and no load balancer has this group"
        return "" if set(range(first, last + 1)) <= listening else f"{opened}, where no listener is"

    _judge_open(group, estate, finding)


def _listening(balancer: Resource, estate: Estate) -> list[int]:
    return [int(listener["port"]) for listener in listeners_of(balancer, estate)]


@control(
    "sg.no-ssh-from-internet",
    on=GROUPS,
    severity="high",
    refs=["REQ NET-1", "CIS 5.2", "CIS 5.3", "CKV_AWS_24", "FSBP EC2.13"],
)
def ssh_is_not_open(group: Resource, estate: Estate) -> None:
    """Nobody on the internet reaches SSH.

    Why: open SSH ports are found and tried within minutes.
    Fix: remove the rule; use ECS Exec or Session Manager.
    """
    _judge_open(group, estate, lambda rule: f"{rule} opens port 22 to the internet" if _opens(rule, [22]) else "")


@control(
    "sg.no-rdp-from-internet",
    on=GROUPS,
    severity="high",
    refs=["REQ NET-1", "CIS 5.2", "CIS 5.3", "CKV_AWS_25", "FSBP EC2.14"],
)
def rdp_is_not_open(group: Resource, estate: Estate) -> None:
    """Nobody on the internet reaches remote desktops.

    Why: open RDP ports are found and tried within minutes.
    Fix: remove the rule; use Session Manager.
    """
    _judge_open(group, estate, lambda rule: f"{rule} opens port 3389 to the internet" if _opens(rule, [3389]) else "")


@control(
    "sg.no-high-risk-ports-from-internet",
    on=GROUPS,
    severity="high",
    refs=["REQ NET-1", "FSBP EC2.19"],
)
def high_risk_ports_are_not_open(group: Resource, estate: Estate) -> None:
    """Nobody on the internet reaches ports of databases, caches, file sharing and consoles.

    Why: these services trust their network, and are attacked wherever they are open.
    Fix: let only the security group in that needs the port.
    """
    users = [user for user in network_of(estate).users(group) if user.type in BALANCERS]
    listening = {port for user in users for port in _listening(user, estate)}

    def finding(rule: Rule) -> str:
        opened = [port for port in _opens(rule, HIGH_RISK) if port not in listening]
        more = f" and {len(opened) - 3} more" if len(opened) > 3 else ""
        ports = f"port{'s' if len(opened) > 1 else ''} {', '.join(map(str, opened[:3]))}{more}"
        return f"{rule} opens {ports} to the internet" if opened else ""

    _judge_open(group, estate, finding)


_DATABASE_PORTS = {"postgres": 5432, "aurora-postgresql": 5432, "mysql": 3306, "mariadb": 3306, "aurora-mysql": 3306}
_CACHE_PORTS = {"memcached": 11211}


def _port_of(store: Resource, estate: Estate) -> int:
    """The port that a database or cache listens on; its engine's own where none is given."""
    store = inheriting(store, "port", estate) or store
    port = store.attributes.get("port")
    if port is None:
        engine = store.attributes.get("engine")
        port = _CACHE_PORTS.get(str(engine), 6379) if store.type in CACHES else _DATABASE_PORTS.get(str(engine))
    if port is None:
        port = store["port"]
    if not isinstance(port, (int, float, str)):
        raise undecided(port, f"the port of {store.address}")
    return int(port)


@control(
    "sg.no-other-path-to-data",
    on=(*DATABASES, *CACHES),
    severity="high",
    refs=["REQ NET-1", "REQ REF-2"],
)
def only_tasks_reach_the_data(store: Resource, estate: Estate) -> None:
    """Database and cache let in nobody but the tasks.

    Why: every other way in is one that nobody watches.
    Fix: a single ingress rule that names the security group of the tasks.
    """
    network = network_of(estate)
    place = network.place(store)

    port = _port_of(store, estate)

    def finding(rule: Rule) -> str:
        if not rule.covers(port):
            return ""
        strangers = [_peer(peer_value, estate) for peer_value in _strangers(rule, place, estate)]
        return f"{rule} lets in {', '.join(strangers)}" if strangers else ""

    _judge((rule for group in place.groups for rule in network.rules(group, "ingress")), finding)


def _peer(value: Value, estate: Estate) -> str:
    """A peer of a rule in a message: the address of a group of this stack, else as it is written."""
    group = estate.find(value, *GROUPS) if not isinstance(value, str) or value.startswith("sg-") else None
    return group.address if group is not None else show(value)


_INSTANCES = ("aws_launch_configuration", "aws_launch_template", "aws_instance", "aws_autoscaling_group")
"""What bears the tasks' security groups where they share the network of their EC2 instances."""


def _strangers(rule: Rule, place: Place, estate: Estate) -> Iterator[Value]:
    """The peers of a rule that are neither the tasks' group, nor that of a proxy of RDS, nor the store's own."""
    users = network_of(estate).users
    services = estate.of("aws_ecs_service")
    shared = any(not has_own_network(service) for service in services)
    proxies = ("aws_db_proxy",) if place.resource is not None and place.resource.type in DATABASES else ()
    hosts = ("aws_ecs_service", *(_INSTANCES if shared else ()), *proxies)
    for peer in rule.peers:
        if peer.kind == "self":
            continue
        if peer.kind != "group":
            yield peer.value
            continue
        group = named(estate, peer.value, *GROUPS)
        if any(item is mine for item in group for mine in place.groups):
            continue
        bearers = [user for item in group for user in users(item)]
        if not bearers and not services:
            raise Undecidable(f"{rule} lets in {_peer(peer.value, estate)}, which nothing of this stack bears")
        if not any(user.type in hosts for user in bearers):
            yield peer.value


@control(
    "sg.internet-reaches-alb",
    on=BALANCERS,
    severity="high",
    refs=["REQ NET-1"],
)
def the_load_balancer_can_be_reached(balancer: Resource, estate: Estate) -> None:
    """The listeners of a public load balancer can be reached.

    Why: a listener that no rule lets anybody reach serves nobody.
    Fix: public subnets with a route to an internet gateway, and an ingress rule for each listener's port.
    """
    network = network_of(estate)
    if balancer["internal"]:
        public = all(network.is_public(subnet) for subnet in network.subnets(balancer))
        assert not public, "it is internal, and stands in public subnets: nobody on the internet reaches it"
        not_applicable("it is internal")
    place = network.place(balancer)
    private = [subnet.address for subnet in place.subnets if not network.is_public(subnet)]
    assert not private, f"no route to an internet gateway from {', '.join(private)}"
    listeners = listeners_of(balancer, estate)
    if not listeners:
        raise absent(estate, "it has no listener", "aws_lb_listener")
    for listener in listeners:
        port = int(listener["port"])
        rules = [rule for group in place.groups for rule in network.rules(group, "ingress")]
        assert any(rule.covers(port) and rule.peers for rule in rules), (
            f"no ingress rule lets anybody reach port {port} of {listener.address}"
        )


@control(
    "sg.alb-reaches-tasks",
    on="aws_ecs_service",
    severity="critical",
    refs=["REQ NET-1"],
)
def the_load_balancer_reaches_the_tasks(service: Resource, estate: Estate) -> None:
    """Requests and health checks flow from the load balancer to the service's container.

    Why: one closed or different port on the way, and every request ends in 503.
    Fix: the container's port in `load_balancer`, an egress rule of the load balancer and an ingress rule of the tasks.
    """
    if not has_own_network(service):
        not_applicable("its tasks share the network of their EC2 instances")
    blocks = service["load_balancer"] or []
    if not blocks:
        not_applicable("it stands behind no load balancer")
    network = network_of(estate)
    place = network.place(service)
    for block in blocks:
        groups = named(estate, block.get("target_group_arn"), *TARGET_GROUPS)
        if not groups:
            raise Undecidable(f"its target group {show(block.get('target_group_arn'))} is not part of this stack")
        balancers = balancers_of(groups[0], estate)
        if not balancers:
            raise absent(estate, f"no listener forwards to its target group {groups[0].address}")
        for port in _target_ports(groups[0], int(block["container_port"])):
            for balancer in balancers:
                path = reaches(network, network.place(balancer), place, port)
                assert path.open, f"{balancer.address} does not reach port {port}: {path.blocked}"


def _target_ports(group: Resource, container_port: int) -> list[int]:
    """The port of requests, and that of health checks where it is another one."""
    own = group.block("health_check").get("port")
    return [container_port] if own in (None, "", "traffic-port") else list(dict.fromkeys([container_port, int(own)]))


def _assert_by_proxy(proxy: Resource, database: Resource, estate: Estate) -> None:
    """Assert that tasks reach a proxy that they name, and the proxy its database."""
    network, port = network_of(estate), _port_of(database, estate)
    path = reaches(network, network.place(proxy), network.place(database), port)
    assert path.open, f"{proxy.address} does not reach port {port}: {path.blocked}"
    listening = port_of(proxy) or port
    for service in clients_of(proxy, estate):
        if has_own_network(service):
            path = reaches(network, network.place(service), network.place(proxy), listening)
            assert path.open, f"tasks do not reach port {listening} of {proxy.address}: {path.blocked}"


def _assert_clients_reach(store: Resource, estate: Estate) -> None:
    services = [service for service in estate.of("aws_ecs_service") if has_own_network(service)]
    if not services:
        not_applicable("this stack has no ECS service with a network of its own")
    proxies = proxies_of(store, estate) if store.type in DATABASES else ()
    for proxy in proxies:
        _assert_by_proxy(proxy, store, estate)
    port = _port_of(store, estate)
    network = network_of(estate)
    target = network.place(store)
    indirect = {service.address for proxy in proxies for service in clients_of(proxy, estate)}
    clients = [service for service in clients_of(store, estate) if has_own_network(service)]
    clients = [service for service in clients if service.address not in indirect]
    if indirect and not clients:
        return
    paths = [reaches(network, network.place(service), target, port) for service in clients or services]
    blocked = [str(path.blocked) for path in paths if not path.open]
    missed = len(blocked) == len(paths) if not clients else bool(blocked)
    assert not missed, f"tasks do not reach port {port}: {'; '.join(dict.fromkeys(blocked))}"


@control(
    "sg.tasks-reach-database",
    on=DATABASES,
    severity="critical",
    refs=["REQ NET-1", "REQ REF-2"],
)
def tasks_reach_the_database(database: Resource, estate: Estate) -> None:
    """The tasks that use the database can reach it.

    Why: an application that cannot reach its database fails its health check, or worse, only its requests.
    Fix: an egress rule of the tasks' group and an ingress rule of the database's group for the database's port.
    """
    if database.attributes.get("replicate_source_db") and not clients_of(database, estate):
        not_applicable("it is a read replica that no task names")
    _assert_clients_reach(database, estate)


@control(
    "sg.tasks-reach-cache",
    on=CACHES,
    severity="critical",
    refs=["REQ NET-1", "REQ REF-2"],
)
def tasks_reach_the_cache(cache: Resource, estate: Estate) -> None:
    """The tasks that use the cache can reach it.

    Why: an application that cannot reach its cache hangs until its time-outs.
    Fix: an egress rule of the tasks' group and an ingress rule of the cache's group for the cache's port.
    """
    _assert_clients_reach(cache, estate)


@control("sg.tasks-reach-tasks", on="aws_ecs_service", severity="high", refs=["REQ NET-1", "REQ REF-2"])
def tasks_reach_the_services_they_call(service: Resource, estate: Estate) -> None:
    """Tasks reach the services that their environment calls by a name in Cloud Map.

    Why: a service that nobody lets in is found by its name all the same; every call to it hangs until its time-out.
    Fix: an ingress rule of the called service's group for its port, from the group of the calling one.
    """
    task = task_of(service, estate) if has_own_network(service) else None
    calls = [] if task is None else [call for call in calls_of(task, estate) if call[1] is not service]
    if not calls:
        not_applicable("its environment calls no service of the stack")
    network = network_of(estate)
    findings = Findings()
    for name, other, port in calls:
        with findings.question():
            path = reaches(network, network.place(service), network.place(other), port)
            assert path.open, f"{name}: port {port} of {other.address} is not reached: {path.blocked}"
    findings.conclude()
