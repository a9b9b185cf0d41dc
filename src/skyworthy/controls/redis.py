"""Caches: ElastiCache for Redis and Valkey."""

import re

from skyworthy.behavior.network import Network, network_of
from skyworthy.behavior.references import attached, left_out, named, undecided
from skyworthy.config import Policy
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, show

GROUP = "aws_elasticache_replication_group"
OPEN = "anybody who reaches the port may use it"


@control(
    "redis.encrypted-at-rest",
    on=GROUP,
    severity="high",
    refs=["REQ DAT-1", "REQ REF-7", "FSBP ElastiCache.4", "CKV_AWS_29", "CKV_AWS_191"],
)
def data_is_encrypted(cache: Resource) -> None:
    """What the cache writes to disk is encrypted.

    Why: snapshots and swapped pages are readable without it.
    Fix: `at_rest_encryption_enabled = true`; it takes a new replication group.
    """
    assert str(cache["at_rest_encryption_enabled"]).lower() == "true", "data at rest is not encrypted"


@control(
    "redis.encrypted-in-transit",
    on=GROUP,
    severity="high",
    refs=["REQ DAT-1", "REQ REF-7", "FSBP ElastiCache.5", "CKV_AWS_30"],
)
def traffic_is_encrypted(cache: Resource) -> None:
    """The cache refuses connections without TLS.

    Why: sessions and tokens cross the network in clear text otherwise.
    Fix: `transit_encryption_enabled = true`, and no `transit_encryption_mode = "preferred"` once all clients use TLS.
    """
    assert cache["transit_encryption_enabled"], "traffic is not encrypted"
    mode = cache.attributes.get("transit_encryption_mode")
    assert mode != "preferred", "its mode is preferred: connections without TLS are accepted too"


@control(
    "redis.auth-token",
    on=GROUP,
    severity="high",
    refs=["REQ DAT-1", "REQ REF-7", "FSBP ElastiCache.6", "CKV_AWS_31"],
)
def clients_must_authenticate(cache: Resource) -> None:
    """Clients must authenticate.

    Why: without a token or users, whoever reaches the port reads and writes everything.
    Fix: an `auth_token` from Secrets Manager, or `user_group_ids`; both need encryption in transit.
    """
    if cache["user_group_ids"]:
        return
    if "auth_token_enabled" in cache.attributes:
        assert cache["auth_token_enabled"], OPEN
        return
    assert "auth_token" in cache.attributes or cache.blank is not None, OPEN
    assert cache["auth_token"], OPEN


@control(
    "redis.automatic-failover",
    on=GROUP,
    severity="high",
    refs=["REQ REF-15", "REQ REF-7", "FSBP ElastiCache.3", "CKV2_AWS_50"],
)
def a_replica_takes_over(cache: Resource, estate: Estate, policy: Policy) -> None:
    """A replica in another availability zone takes over when the primary fails.

    Why: without one, the failure of a node or zone empties the cache.
    Fix: `automatic_failover_enabled`, `multi_az_enabled`, at least two nodes, and subnets of two zones.
    """
    if not policy.multi_az:
        not_applicable("a single zone is allowed here")
    findings = []
    if not cache["automatic_failover_enabled"]:
        findings.append("automatic failover is off")
    if not cache["multi_az_enabled"]:
        findings.append("Multi-AZ is off")
    nodes = _nodes(cache)
    if nodes < 2:
        findings.append(f"it has {nodes} node, so that nothing can take over")
    assert not findings, "; ".join(findings)
    zones = {Network.zone(subnet) for subnet in network_of(estate).subnets(cache)}
    assert len(zones) > 1, f"its subnets are all in {next(iter(zones))}: there is no zone for the replica"


def _nodes(cache: Resource) -> int:
    """The nodes of a shard."""
    if cache.attributes.get("num_cache_clusters") is not None:
        return int(cache["num_cache_clusters"])
    if cache.attributes.get("replicas_per_node_group") is not None:
        return int(cache["replicas_per_node_group"]) + 1
    return 1


@control(
    "redis.backups-enabled",
    on=GROUP,
    severity="medium",
    refs=["REQ DAT-1", "FSBP ElastiCache.1", "CKV_AWS_134"],
)
def snapshots_are_kept(cache: Resource, policy: Policy) -> None:
    """Snapshots of the cache are kept where the environment must survive failures.

    Why: a cold cache puts its whole load on the database.
    Fix: `snapshot_retention_limit` of at least one day.
    """
    if not policy.multi_az:
        not_applicable("a cache that can be lost is allowed here")
    days = cache["snapshot_retention_limit"] or 0
    assert int(days) >= 1, f"snapshots are kept {days} days, at least 1 is demanded"


@control(
    "redis.slow-log",
    on=GROUP,
    severity="low",
    refs=["REQ REF-7"],
)
def slow_commands_are_logged(cache: Resource, estate: Estate) -> None:
    """Slow commands are logged, to a place that exists.

    Why: one slow command blocks all clients, and this log alone names it.
    Fix: a `log_delivery_configuration` with `log_type = "slow-log"`.
    """
    blocks = [block for block in cache["log_delivery_configuration"] or [] if block.get("log_type") == "slow-log"]
    assert blocks, "the slow log is not delivered"
    for block in blocks:
        target = block.get("destination")
        if block.get("destination_type") == "cloudwatch-logs":
            assert named(estate, target, "aws_cloudwatch_log_group"), (
                f"the slow log goes to log group {show(target)}, which is not part of this stack"
            )


@control(
    "redis.private-subnets",
    on=GROUP,
    severity="high",
    refs=["REQ NET-2", "REQ REF-7", "FSBP ElastiCache.7", "CKV_AWS_323"],
)
def cache_is_in_private_subnets(cache: Resource, estate: Estate) -> None:
    """The cache stands in subnets that the internet has no route to.

    Why: the route is the second wall behind the security group.
    Fix: a `subnet_group_name` whose subnets have no route to an internet gateway.
    """
    network = network_of(estate)
    public = [subnet.address for subnet in network.subnets(cache) if network.is_public(subnet)]
    assert not public, f"it stands in {', '.join(public)}, with a route to an internet gateway"


@control(
    "redis.auto-minor-upgrade",
    on=GROUP,
    severity="low",
    refs=["REQ REF-7", "REQ DAT-2", "FSBP ElastiCache.2", "CKV_AWS_322"],
)
def minor_versions_are_installed(cache: Resource) -> None:
    """Minor versions are installed by themselves.

    Why: they carry the security fixes.
    Fix: leave `auto_minor_version_upgrade` on.
    """
    assert str(cache["auto_minor_version_upgrade"]).lower() != "false", "minor versions are not installed"


_DEFAULT_GROUP = re.compile(r"default\.(?P<family>(redis|valkey)[\d.x]+?)(\.cluster\.on)?")


@control(
    "redis.parameter-group-fits",
    on=GROUP,
    severity="high",
    refs=["REQ REF-7"],
    lenses=("declared",),
)
def parameter_group_fits(cache: Resource, estate: Estate) -> None:
    """The parameter group is of the cache's engine and major version.

    Why: ElastiCache refuses the combination, in the middle of an apply or an upgrade.
    Fix: a `family` that follows `engine_version`: redis7 for 7.x, redis6.x for 6.x.
    """
    if "parameter_group_name" not in cache.attributes and cache.blank is None:
        not_applicable("it has the engine's default group")
    written, engine, version = cache["parameter_group_name"], cache["engine"], cache["engine_version"]
    group = estate.find(written, "aws_elasticache_parameter_group")
    default = _DEFAULT_GROUP.fullmatch(written) if isinstance(written, str) else None
    if group is None and default is None:
        raise Undecidable(f"parameter group {show(written)} is not part of this stack")
    family = group["family"] if group is not None else default["family"] if default else ""
    for value in (family, version):
        if not isinstance(value, str):
            raise undecided(value, f"engine version or family of {cache.address}")
    wanted = f"{engine or 'redis'}{version.partition('.')[0]}"
    assert family.partition(".")[0] == wanted, f"its parameter group is of {family}, and it runs {wanted}"


@control(
    "redis.engine-log",
    on=GROUP,
    severity="low",
    refs=["REQ REF-7"],
)
def the_engine_log_is_delivered(cache: Resource) -> None:
    """The engine's log is delivered, beside the slow log.

    Why: failovers, refused connections and memory that runs out stand there and nowhere else.
    Fix: a `log_delivery_configuration` with `log_type = "engine-log"`.
    """
    version = cache.attributes.get("engine_version")
    if isinstance(version, str) and version.startswith(("2.", "3.", "4.", "5.")):
        not_applicable(f"Redis {version} delivers no engine log")
    types = [block.get("log_type") for block in cache["log_delivery_configuration"] or []]
    twice = sorted({str(item) for item in types if types.count(item) > 1})
    assert not twice, f"{', '.join(twice)} is delivered twice, which ElastiCache refuses"
    assert "engine-log" in types, "the engine log is not delivered"


@control(
    "redis.parameter-group-used",
    on="aws_elasticache_parameter_group",
    severity="medium",
    refs=["REQ REF-7"],
)
def parameter_group_is_used(group: Resource, estate: Estate) -> None:
    """A parameter group is attached to a cache.

    Why: its settings change nothing while the cache has the engine's default group.
    Fix: `parameter_group_name` in the cache.
    """
    caches = estate.of(GROUP, "aws_elasticache_cluster")
    if not caches:
        not_applicable("the stack has no cache")
    used = attached(estate, group, "parameter_group_name", GROUP, "aws_elasticache_cluster")
    assert used, f"it is attached to none of {', '.join(item.address for item in caches)}"


@control(
    "redis.engine-version-named",
    on=GROUP,
    severity="medium",
    refs=["REQ REF-7", "REQ DAT-2"],
    lenses=("declared",),
)
def engine_version_is_named(cache: Resource) -> None:
    """A cache says its engine's version.

    Why: ElastiCache takes the newest otherwise, another one for each environment.
    Fix: set `engine_version`, such as 7.1.
    """
    if cache.attributes.get("global_replication_group_id"):
        not_applicable("it has the version of its global group")
    assert not left_out(cache, "engine_version"), "it has no engine_version"
