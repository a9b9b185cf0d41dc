"""The stack as a mermaid flowchart: from the internet through load balancers and services to what holds the data.

Drawn from an estate of either side. What is not there, or cannot be followed, is left out; nothing is guessed. A line
that ends in a cross is a way that the network blocks, with the hop that does and where it is written.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from skyworthy.behavior.network import Leg, network_of, ports_behind
from skyworthy.behavior.network.journey import leg
from skyworthy.behavior.stores import port_of
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, references, show

_BALANCERS = ("aws_lb", "aws_alb")
_LISTENERS = ("aws_lb_listener", "aws_alb_listener")
_RULES = ("aws_lb_listener_rule", "aws_alb_listener_rule")
_TARGETS = ("aws_lb_target_group", "aws_alb_target_group")
_STORES = ("aws_db_instance", "aws_rds_cluster", "aws_elasticache_replication_group", "aws_elasticache_cluster")
_GROUP = "aws_security_group"
_INGRESS = ("aws_vpc_security_group_ingress_rule", "aws_security_group_rule")
_SUBNET_GROUPS = {
    "aws_db_instance": ("db_subnet_group_name", "aws_db_subnet_group"),
    "aws_rds_cluster": ("db_subnet_group_name", "aws_db_subnet_group"),
    "aws_elasticache_replication_group": ("subnet_group_name", "aws_elasticache_subnet_group"),
    "aws_elasticache_cluster": ("subnet_group_name", "aws_elasticache_subnet_group"),
}
_KINDS = {
    "aws_lb": "load balancer",
    "aws_alb": "load balancer",
    "aws_lb_target_group": "target group",
    "aws_alb_target_group": "target group",
    "aws_ecs_service": "ECS service",
    "aws_db_instance": "RDS",
    "aws_rds_cluster": "RDS cluster",
    "aws_elasticache_replication_group": "ElastiCache",
    "aws_elasticache_cluster": "ElastiCache",
    "aws_secretsmanager_secret": "secret",
    "aws_nat_gateway": "NAT gateway",
}
_SHAPES = {
    "aws_ecs_service": ("[[", "]]"),
    "aws_db_instance": ("[(", ")]"),
    "aws_rds_cluster": ("[(", ")]"),
    "aws_elasticache_replication_group": ("[(", ")]"),
    "aws_elasticache_cluster": ("[(", ")]"),
    "aws_secretsmanager_secret": ("[/", "/]"),
}
_NAMES = ("name", "identifier", "cluster_identifier", "replication_group_id", "cluster_id")
INTERNET = "internet"
"""The id of the one node that is no resource."""


def topology(estate: Estate) -> str:
    """The chart as text (the content of a ``mermaid`` block), empty where there is nothing to draw.

    Args:
        estate: declared or observed.
    """
    return Chart(estate).text()


def escape(text: str) -> str:
    """A text as it must stand inside the quotes of a mermaid label."""
    codes = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;", "&": "#amp;", "\n": " "}
    return "".join(codes.get(character, character) for character in text)


@dataclass(frozen=True)
class Node:
    """A resource in the chart.

    Args:
        address: of the resource.
        type: of the resource.
        name: what people call it.
        more: what is worth knowing of it, beginning with a comma: ``, 2 tasks``.
    """

    address: str
    type: str
    name: str
    more: str = ""

    @property
    def kind(self) -> str:
        """What it is, for people."""
        return _KINDS[self.type]


@dataclass
class Chart:
    """Nodes and edges, in the order in which traffic meets them.

    Args:
        estate: declared or observed; the rest is made of it.
        ids: address -> id of the node.
        nodes: by id.
        groups: what subnets are called together -> ids of the nodes in them.
        edges: from and to, ids or ``internet`` -> labels.
        blocked: edges that the network blocks -> the hop that does.
        forwarding: address of a target group -> the load balancers that forward to it.
    """

    estate: Estate
    ids: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    edges: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    blocked: dict[tuple[str, str], str] = field(default_factory=dict)
    forwarding: dict[str, list[Resource]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._balancers()
        for service in self._of("aws_ecs_service"):
            self._service(service)
        for store in self._of(*_STORES):
            self._store(store)
        self._gateways()

    def text(self) -> str:
        """As mermaid, empty where there is nothing to draw."""
        if not self.nodes:
            return ""
        lines = ["flowchart LR"]
        if any(INTERNET in edge for edge in self.edges):
            lines.append(f'  {INTERNET}(("internet"))')
        grouped = {node for members in self.groups.values() for node in members}
        for number, (label, members) in enumerate(self.groups.items(), 1):
            lines += [
                f'  subgraph subnets{number}["{escape(label)}"]',
                *(f"    {self._drawn(n)}" for n in members),
                "  end",
            ]
        lines += [f"  {self._drawn(node)}" for node in self.nodes if node not in grouped]
        for edge, labels in self.edges.items():
            hop = self.blocked.get(edge)
            told = [*labels, *([f"blocked: {hop}"] if hop else [])]
            label = f'|"{escape(", ".join(told))}"|' if told else ""
            lines.append(f"  {edge[0]} {'--x' if hop else '-->'}{label} {edge[1]}")
        return "\n".join(lines) + "\n"

    def _drawn(self, node: str) -> str:
        drawn = self.nodes[node]
        left, right = _SHAPES.get(drawn.type, ("[", "]"))
        return f'{node}{left}"{escape(drawn.name)}<br/>{drawn.kind}{escape(drawn.more)}"{right}'

    def _of(self, *types: str) -> tuple[Resource, ...]:
        return tuple(item for item in self.estate if item.type in types and not item.data)

    def _node(self, resource: Resource, more: str = "") -> str:
        """The id of a resource's node, made and put into its subnets at the first call."""
        node = self.ids.get(resource.address) or self._id(resource)
        if node not in self.nodes:
            self.nodes[node] = Node(resource.address, resource.type, _name(resource), more)
            group = self._group(resource)
            if group:
                self.groups.setdefault(group, []).append(node)
        return node

    def _id(self, resource: Resource) -> str:
        """An id from the address, so that another resource does not change it; made unique."""
        slug = re.sub(r"\W+", "_", resource.address).strip("_")
        while slug in self.nodes:
            slug += "_"
        self.ids[resource.address] = slug
        return slug

    def _edge(self, start: str, end: str, *labels: str) -> None:
        known = self.edges.setdefault((start, end), [])
        known += [label for label in labels if label and label not in known]

    def _blocks(self, start: str, end: str, legs: Iterable[Leg]) -> None:
        """Mark a line as blocked where every connection that it stands for is known to be."""
        paths = [each.path for each in legs]
        hops = [path.blocked for path in paths if path is not None and path.blocked is not None]
        if hops and len(hops) == len(paths):
            self.blocked[start, end] = str(hops[0])

    def _leg(self, source: Resource | None, target: Resource, port: Value) -> Leg:
        return leg(network_of(self.estate), source, target, int(port) if str(port).isdigit() else None)

    def _balancers(self) -> None:
        for balancer in self._of(*_BALANCERS):
            node = self._node(balancer)
            listeners = [
                item
                for item in self._of(*_LISTENERS)
                if balancer.address in self._addresses(item.peek("load_balancer_arn"))
            ]
            if _plain(balancer, "internal") is False:
                self._edge(INTERNET, node, *sorted({_listener(item) for item in listeners}))
                self._blocks(INTERNET, node, [self._leg(None, balancer, _plain(item, "port")) for item in listeners])
            for listener in listeners:
                self._forwards(balancer, listener, "default_action", "")
                for rule in self._of(*_RULES):
                    if listener.address in self._addresses(rule.peek("listener_arn")):
                        self._forwards(balancer, rule, "action", ", ".join(_hosts(rule)))

    def _forwards(self, balancer: Resource, source: Resource, block: str, label: str) -> None:
        for target in self._resources(source.peek(block), *_TARGETS):
            port = _plain(target, "port")
            self._edge(self._node(balancer), self._node(target, f", port {port}" if port else ""), label)
            self.forwarding.setdefault(target.address, []).append(balancer)

    def _service(self, service: Resource) -> None:
        count = _plain(service, "desired_count")
        node = self._node(service, f", {count} task{'s' * (count != 1)}" if isinstance(count, int) else "")
        for target in self._resources(service.peek("load_balancer"), *_TARGETS):
            self._edge(self._node(target), node)
            ports = ports_behind(target, service, network_of(self.estate))
            balancers = self.forwarding.get(target.address, ())
            self._blocks(
                self._node(target), node, [self._leg(item, service, port) for item in balancers for port in ports]
            )
        for task in self._resources(service.peek("task_definition"), "aws_ecs_task_definition"):
            containers = task.peek("container_definitions")
            for store in self._resources(_entries(containers, "environment", "value"), *_STORES):
                self._to_store(service, store)
            for secret in self._resources(_entries(containers, "secrets", "valueFrom"), "aws_secretsmanager_secret"):
                self._edge(node, self._node(secret))

    def _store(self, store: Resource) -> None:
        """A store that no container's environment names is joined to the services that its security groups let in."""
        node = self._node(store)
        if any(end == node for _, end in self.edges):
            return
        for service in self._of("aws_ecs_service"):
            if self._let_in(service, store):
                self._to_store(service, store, "allowed")

    def _to_store(self, service: Resource, store: Resource, *labels: str) -> None:
        start, end = self._node(service), self._node(store)
        self._edge(start, end, *labels)
        self._blocks(start, end, [self._leg(service, store, port_of(store))])

    def _let_in(self, service: Resource, store: Resource) -> bool:
        sources = self._addresses(service.peek("network_configuration"))
        own = [store.peek(name) for name in ("vpc_security_group_ids", "security_group_ids")]
        for group in self._resources(own, _GROUP):
            rules = [group.peek("ingress")]
            for rule in self._of(*_INGRESS):
                if (
                    group.address in self._addresses(rule.peek("security_group_id"))
                    and _plain(rule, "type") != "egress"
                ):
                    rules += [rule.peek("referenced_security_group_id"), rule.peek("source_security_group_id")]
            if self._addresses(rules) & sources:
                return True
        return False

    def _gateways(self) -> None:
        """Service -> NAT gateway -> internet, for each gateway that a service's subnets route to."""
        for service in self._of("aws_ecs_service"):
            for gateway in self._routed(self._subnets(service)):
                node = self._node(gateway)
                self._edge(self._node(service), node)
                self._edge(node, INTERNET)

    def _routed(self, subnets: tuple[Resource, ...]) -> Iterator[Resource]:
        places = {subnet.address for subnet in subnets}
        tables = [
            item.peek("route_table_id")
            for item in self._of("aws_route_table_association")
            if self._addresses(item.peek("subnet_id")) & places
        ]
        routes = [item.peek("route") for item in self._resources(tables, "aws_route_table")]
        routes += [
            route.peek("nat_gateway_id")
            for route in self._of("aws_route")
            if self._addresses(route.peek("route_table_id")) & self._addresses(tables)
        ]
        yield from self._resources(routes, "aws_nat_gateway")

    def _group(self, resource: Resource) -> str:
        """What the subnets that a resource stands in are called together: ``private subnets (2)``."""
        bases = {_base(item) for item in self._subnets(resource)}
        subnets = [item for item in self._of("aws_subnet") if _base(item) in bases]
        names = ", ".join(sorted({item.name for item in subnets}))
        return f"{names} subnet{'s' * (len(subnets) > 1)} ({len(subnets)})" if names else ""

    def _subnets(self, resource: Resource) -> tuple[Resource, ...]:
        if resource.type in _SUBNET_GROUPS:
            attribute, kind = _SUBNET_GROUPS[resource.type]
            groups = self._resources(resource.peek(attribute), kind)
            return self._resources([group.peek("subnet_ids") for group in groups], "aws_subnet")
        named = ("subnets", "subnet_id", "network_configuration")
        places = [resource.peek(name) for name in named if name in resource.attributes]
        return self._resources(places, "aws_subnet")

    def _addresses(self, value: Value) -> set[str]:
        return {resource.address for resource in self._resources(value)}

    def _resources(self, value: Value, *types: str) -> tuple[Resource, ...]:
        """The resources that a value, at any depth, refers to; sorted by address."""
        found = {}
        for part in _leaves(value):
            for reference in references(part) if isinstance(part, Template) else [part]:
                resource = self._find(reference, types)
                if resource is not None:
                    found[resource.address] = resource
        return tuple(found[address] for address in sorted(found))

    def _find(self, identifier: Value, types: tuple[str, ...]) -> Resource | None:
        for text in _forms(identifier):
            try:
                resource = self.estate.find(text, *types)
            except Undecidable:
                continue  # what it names is not known, so there is no line to draw
            if resource is not None and not resource.data:
                return resource
        return None


def _leaves(value: Value) -> Iterator[Value]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, (str, Reference, Template)):
        yield value


def _forms(identifier: Value) -> Iterable[Value]:
    """An identifier, and the ARN within a ``valueFrom`` of the form ``<arn>:KEY:stage:version``."""
    if isinstance(identifier, str) and identifier.startswith("arn:") and identifier.count(":") > 6:
        return identifier, ":".join(identifier.split(":")[:7])
    return (identifier,)


def _entries(containers: Value, block: str, key: str) -> list[Value]:
    found: list[Value] = []
    for container in containers if isinstance(containers, list) else ():
        entries = container.get(block) if isinstance(container, Mapping) else None
        if isinstance(entries, list):
            found += [entry.get(key) for entry in entries if isinstance(entry, Mapping)]
    return found


def _plain(resource: Resource, name: str) -> Value:
    """A plain value, None where it is anything else."""
    value = resource.peek(name)
    return value if isinstance(value, (str, int, bool)) else None


def _name(resource: Resource) -> str:
    for attribute in _NAMES:
        value = resource.attributes.get(attribute)
        if value and not isinstance(value, Unknown):
            return show(value)
    tags = resource.attributes.get("tags")
    if isinstance(tags, Mapping) and isinstance(tags.get("Name"), str):
        return str(tags["Name"])
    return resource.address


def _base(resource: Resource) -> str:
    """The address without the index of the instance."""
    return resource.address.removesuffix("]").rpartition("[")[0] or resource.address


def _listener(listener: Resource) -> str:
    protocol, port = _plain(listener, "protocol"), _plain(listener, "port")
    text = " ".join(str(part) for part in (protocol, port) if part is not None)
    actions = listener.peek("default_action")
    kinds = {item.get("type") for item in actions if isinstance(item, Mapping)} if isinstance(actions, list) else set()
    return f"{text} (redirect)" if kinds == {"redirect"} else text


def _hosts(rule: Resource) -> list[str]:
    conditions = rule.peek("condition")
    hosts = []
    for condition in conditions if isinstance(conditions, list) else ():
        if isinstance(condition, Mapping):
            hosts += [item for item in _leaves(condition.get("host_header")) if isinstance(item, str)]
    return sorted(hosts)
