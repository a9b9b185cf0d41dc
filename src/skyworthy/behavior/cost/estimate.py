"""An estate's monthly cost, itemised."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from skyworthy.behavior.cost.prices import Prices, prices
from skyworthy.behavior.references import inheriting, named, task_definition_of
from skyworthy.behavior.tasks import launchers
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Resource, Undecidable
from skyworthy.estate.types import newer_name


@dataclass(frozen=True)
class Item:
    """One line of an estimate.

    Attributes:
        component: what it is part of: ``NAT gateways``.
        address: the resource, or ``stack`` where it is used by all of them.
        what: ``0.5 vCPU``, ``20 GB``.
        quantity: how many units a month.
        unit: ``hour``, ``month``, ``GB`` and the like.
        price: of one unit, US dollars.
        assumed: whether the quantity is an assumption about use, not something that is declared.
    """

    component: str
    address: str
    what: str
    quantity: float
    unit: str
    price: float
    assumed: bool = False

    @property
    def monthly(self) -> float:
        """US dollars a month."""
        return self.quantity * self.price


@dataclass(frozen=True)
class Estimate:
    """What an estate costs.

    Attributes:
        items: in the order of components.
        unpriced: what costs something nobody knows: ``address: reason``.
        usage: the assumptions that were made.
        prices: the table.
    """

    items: tuple[Item, ...]
    unpriced: tuple[str, ...]
    usage: Mapping[str, float]
    prices: Prices

    @property
    def monthly(self) -> float:
        """US dollars a month; a lower bound where something is unpriced."""
        return sum(item.monthly for item in self.items)

    @property
    def components(self) -> dict[str, float]:
        """US dollars a month by component, the dearest first."""
        ordered = sorted(self.items, key=lambda item: item.component)
        sums = {
            name: sum(item.monthly for item in group) for name, group in groupby(ordered, lambda item: item.component)
        }
        return dict(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))


@dataclass(frozen=True)
class _Asked:
    """What the pricing of a resource may look at."""

    estate: Estate
    prices: Prices
    usage: Mapping[str, float]

    def hours(self, component: str, address: str, what: str, key: str, units: float = 1.0) -> Item:
        if key not in self.prices.hour:
            raise Undecidable(f"there is no price of {key}")
        return Item(component, address, what, units * self.prices.hours, "hour", self.prices.hour[key])

    def months(self, component: str, address: str, what: str, key: str, units: float = 1.0) -> Item:
        if key not in self.prices.month:
            raise Undecidable(f"there is no price of {key}")
        return Item(component, address, what, units, "month", self.prices.month[key])

    def use(self, component: str, address: str, key: str, assumption: str, times: float = 1.0) -> Item:
        quantity = self.usage[assumption] * times
        unit = key.rpartition(".")[2].replace("_", " ")
        what = f"{quantity:g} {unit}"
        return Item(component, address, what, quantity, unit, self.prices.use[key], assumed=True)


def check_usage(usage: Mapping[str, float]) -> None:
    """Assumptions that a settings file makes.

    Raises:
        BadInput: one that there is none of, or a negative one.
    """
    known = prices().usage
    for name, quantity in usage.items():
        if name not in known:
            raise BadInput(f"usage: nothing is assumed of {name!r}; there are: {', '.join(known)}")
        if quantity < 0:
            raise BadInput(f"usage: {name} is {quantity:g}, less than nothing")


_Pricing = Callable[[Resource, _Asked], Iterable[Item]]


def estimate(estate: Estate, usage: Mapping[str, float] | None = None) -> Estimate:
    """Estimate what an estate costs in a month.

    Args:
        estate: either side.
        usage: assumptions that differ from those of the price table, by their names there.

    Raises:
        BadInput: see :func:`check_usage`.
    """
    table = prices()
    check_usage(usage or {})
    asked = _Asked(estate, table, {**table.usage, **(usage or {})})
    items: list[Item] = []
    unpriced: list[str] = []
    for resource in estate:
        if resource.data or not resource.type.startswith("aws_"):
            continue
        kind = newer_name(resource.type)
        pricing = _PRICING.get(kind)
        try:
            if pricing is not None:
                items += pricing(resource, asked)
            elif kind not in table.free:
                unpriced.append(f"{resource.address}: there is no price of {resource.type}")
        except Undecidable as undecidable:
            unpriced.append(f"{resource.address}: {undecidable.reason}")
    items += _shared(asked)
    return Estimate(tuple(items), tuple(unpriced), asked.usage, table)


def _service(service: Resource, asked: _Asked) -> Iterator[Item]:
    definition = task_definition_of(service, asked.estate)
    if definition is None:
        raise Undecidable("its task definition is not of this stack")
    providers = {str(name) for name in launchers(service, asked.estate)}
    if not any(name.startswith("FARGATE") for name in providers):
        return  # its instances are paid for, not its tasks
    if providers == {"FARGATE_SPOT"}:
        raise Undecidable("the price of Fargate Spot changes from day to day")
    tasks = float(service["desired_count"] or 0)
    platform = definition.block("runtime_platform")
    arm = platform is not None and platform.get("cpu_architecture") == "ARM64"
    architecture = "arm64" if arm else "x86_64"
    cpu, memory = _thousands(definition, "cpu"), _thousands(definition, "memory")
    tasks_text = f"{tasks:g} x "
    yield asked.hours(
        "Fargate", service.address, f"{tasks_text}{cpu:g} vCPU", f"fargate.vcpu.{architecture}", tasks * cpu
    )
    yield asked.hours(
        "Fargate", service.address, f"{tasks_text}{memory:g} GB", f"fargate.gb.{architecture}", tasks * memory
    )
    if _insights(service, asked.estate):
        count = asked.usage["insights_metrics"]
        price = asked.prices.month["metric"]
        yield Item(
            "CloudWatch", service.address, f"{count:g} Container Insights metrics", count, "month", price, assumed=True
        )


def _thousands(definition: Resource, name: str) -> float:
    if definition[name] is None:
        raise Undecidable(f"{definition.address} sets no {name}")
    return float(definition[name]) / 1024


def _insights(service: Resource, estate: Estate) -> bool:
    cluster = next(iter(named(estate, service.peek("cluster"), "aws_ecs_cluster")), None)
    settings = cluster["setting"] if cluster is not None else []
    return any(item["name"] == "containerInsights" and item["value"] != "disabled" for item in settings)


def _nat(gateway: Resource, asked: _Asked) -> Iterator[Item]:
    yield asked.hours("NAT gateways", gateway.address, "1 gateway", "nat")
    if gateway["connectivity_type"] != "private":
        yield asked.hours("NAT gateways", gateway.address, "1 public IPv4 address", "ipv4")
    yield asked.use("NAT gateways", gateway.address, "nat.gb", "nat_gb")


def _load_balancer(balancer: Resource, asked: _Asked) -> Iterator[Item]:
    kind = {"application": "alb", "network": "nlb"}.get(balancer["load_balancer_type"], "gateway load balancer")
    component = "Load balancer"
    yield asked.hours(component, balancer.address, "1 load balancer", kind)
    hours = asked.prices.hours
    lcu = asked.usage["alb_lcu"]
    yield Item(
        component, balancer.address, f"{lcu:g} capacity units", lcu * hours, "LCU hour",
        asked.prices.use["alb.lcu_hour"], assumed=True,
    )  # fmt: skip
    if not balancer["internal"]:
        zones = len(balancer["subnets"] or balancer["subnet_mapping"])
        yield asked.hours(component, balancer.address, f"{zones} public IPv4 addresses", "ipv4", zones)


def _database(db: Resource, asked: _Asked) -> Iterator[Item]:
    copies = 2 if db["multi_az"] else 1
    deployed = "Multi-AZ" if copies == 2 else "single-AZ"
    runs, holds = (inheriting(db, name, asked.estate) for name in ("engine", "allocated_storage"))
    if runs is None or holds is None:
        raise Undecidable("it is as large as its source, which is not part of this stack")
    engine = runs["engine"]
    yield asked.hours(
        "RDS", db.address, f"{db['instance_class']} {deployed}", f"rds.{engine}.{db['instance_class']}", copies
    )
    storage = float(holds["allocated_storage"])
    kind = db["storage_type"] or "gp3"
    yield asked.months("RDS", db.address, f"{storage:g} GB {kind} {deployed}", f"rds.storage.{kind}", storage * copies)


def _cache(group: Resource, asked: _Asked) -> Iterator[Item]:
    nodes = float(group["num_cache_clusters"] or 1)
    yield asked.hours("ElastiCache", group.address, f"{nodes:g} x {group['node_type']}", group["node_type"], nodes)


def _endpoint(endpoint: Resource, asked: _Asked) -> Iterator[Item]:
    if endpoint["vpc_endpoint_type"] == "Gateway":
        return
    zones = len(endpoint["subnet_ids"] or [])
    yield asked.hours("VPC endpoints", endpoint.address, f"{zones} zones", "endpoint", zones)
    yield asked.use("VPC endpoints", endpoint.address, "endpoint.gb", "endpoint_gb")


def _alarm(alarm: Resource, asked: _Asked) -> Iterator[Item]:
    metrics = [metric for query in alarm["metric_query"] for metric in query.get("metric") or ()] or [alarm]
    periods = [metric.get("period") if isinstance(metric, dict) else metric["period"] for metric in metrics]
    quick = any(period is not None and float(period) < 60 for period in periods)
    what = "1 alarm" if len(metrics) == 1 else f"1 alarm on {len(metrics)} metrics"
    key = "alarm.high_resolution" if quick else "alarm"
    yield asked.months("CloudWatch", alarm.address, what, key, len(metrics))


def _web_acl(acl: Resource, asked: _Asked) -> Iterator[Item]:
    yield asked.months("WAF", acl.address, "1 web ACL", "waf.acl")
    yield asked.months("WAF", acl.address, f"{len(acl['rule'])} rules", "waf.rule", len(acl["rule"]))
    yield asked.use("WAF", acl.address, "waf.million_requests", "million_requests")


def _one(component: str, key: str, what: str) -> _Pricing:
    return lambda resource, asked: [asked.months(component, resource.address, what, key)]


def _used(component: str, key: str, assumption: str) -> _Pricing:
    return lambda resource, asked: [asked.use(component, resource.address, key, assumption)]


_PRICING: Mapping[str, _Pricing] = {
    "aws_ecs_service": _service,
    "aws_nat_gateway": _nat,
    "aws_lb": _load_balancer,
    "aws_db_instance": _database,
    "aws_elasticache_replication_group": _cache,
    "aws_vpc_endpoint": _endpoint,
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_wafv2_web_acl": _web_acl,
    "aws_secretsmanager_secret": _one("Secrets Manager", "secret", "1 secret"),
    "aws_kms_key": _one("KMS", "kms.key", "1 key"),
    "aws_cloudwatch_dashboard": _one("CloudWatch", "dashboard", "1 dashboard"),
    "aws_ecr_repository": _used("ECR", "ecr.gb", "image_gb"),
    "aws_s3_bucket": _used("S3", "s3.gb", "bucket_gb"),
    "aws_config_configuration_recorder": _used("AWS Config", "config.item", "config_items"),
    "aws_guardduty_detector": _used("GuardDuty", "guardduty.event_million", "guardduty_million"),
    "aws_cloudwatch_log_group": lambda _, __: (),  # what flows into all of them is one assumption, see _shared
}


def _shared(asked: _Asked) -> Iterator[Item]:
    """What no single resource uses."""
    if asked.estate.of("aws_cloudwatch_log_group"):
        yield asked.use("CloudWatch", "stack", "logs.gb", "log_gb")
        yield asked.use("CloudWatch", "stack", "logs.stored_gb", "log_stored_gb")
    if asked.estate.of("aws_lb", "aws_alb"):
        yield asked.use("Data transfer", "stack", "transfer.gb", "transfer_gb")
