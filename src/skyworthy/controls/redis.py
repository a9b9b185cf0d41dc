"""Caches: ElastiCache for Redis and Valkey."""

import re

from skyworthy.behavior.network import Network, network_of
from skyworthy.behavior.passwords import CACHE, refused
from skyworthy.behavior.permissions import Context, arn_of, role_may
from skyworthy.behavior.permissions.probes import LATER
from skyworthy.behavior.references import attached, left_out, named, undecided
from skyworthy.behavior.stores import clients_of
from skyworthy.behavior.task_roles import role_of
from skyworthy.behavior.tasks import task_of
from skyworthy.config import Policy
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.controls.windows import assert_apart
from skyworthy.estate import Estate, Reference, Resource, Undecidable, Value, is_known, show

GROUP = "aws_elasticache_replication_group"
CLUSTER = "aws_elasticache_cluster"
SERVERLESS = "aws_elasticache_serverless_cache"
USER = "aws_elasticache_user"
_SHORTEST_TOKEN = 16
OPEN = "anybody who reaches the port may use it"


def _not_for_members(cache: Resource) -> None:
    if cache.type == CLUSTER and cache.attributes.get("replication_group_id"):
        not_applicable("it is what its replication group is")


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
    on=(GROUP, CLUSTER),
    severity="high",
    refs=["REQ DAT-1", "REQ REF-7", "FSBP ElastiCache.5", "CKV_AWS_30"],
)
def traffic_is_encrypted(cache: Resource) -> None:
    """The cache refuses connections without TLS.

    Why: sessions and tokens cross the network in clear text otherwise.
    Fix: `transit_encryption_enabled = true`, and no `transit_encryption_mode = "preferred"` once all clients use TLS; a
    Redis cluster without a replication group knows no encryption.
    """
    _not_for_members(cache)
    assert cache["transit_encryption_enabled"], "traffic is not encrypted"
    mode = cache.attributes.get("transit_encryption_mode")
    assert mode != "preferred", "its mode is preferred: connections without TLS are accepted too"


@control(
    "redis.auth-token",
    on=(GROUP, SERVERLESS),
    severity="high",
    refs=["REQ DAT-1", "REQ REF-7", "FSBP ElastiCache.6", "CKV_AWS_31"],
)
def clients_must_authenticate(cache: Resource, estate: Estate) -> None:
    """Clients must authenticate.

    Why: without a token or users, whoever reaches the port reads and writes everything.
    Fix: an `auth_token` from Secrets Manager, of 16 characters at least, or `user_group_ids`; both need encryption in
    transit.
    """
    if cache.type == SERVERLESS:
        assert cache["user_group_id"], OPEN
        return
    if cache["user_group_ids"]:
        return
    if "auth_token_enabled" in cache.attributes:
        assert cache["auth_token_enabled"], OPEN
        return
    assert "auth_token" in cache.attributes or cache.blank is not None, OPEN
    assert cache["auth_token"], OPEN
    problem = refused(cache["auth_token"], CACHE, _SHORTEST_TOKEN, estate)
    assert not problem, problem


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
    refused = cache.attributes.get("multi_az_enabled") is True and cache["automatic_failover_enabled"] is not True
    assert not refused, "multi_az_enabled needs automatic_failover_enabled: AWS refuses one without the other"
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
    on=(GROUP, SERVERLESS),
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


@control("redis.windows-apart", on=GROUP, severity="medium", refs=["REQ REF-7", "REQ DAT-1"], lenses=("declared",))
def windows_are_apart(cache: Resource) -> None:
    """The windows of snapshots and maintenance are such as ElastiCache takes, and do not overlap.

    Why: ElastiCache refuses windows that overlap, in the middle of an apply.
    Fix: `hh:mm-hh:mm` for snapshots, `ddd:hh:mm-ddd:hh:mm` for maintenance, in UTC, an hour each at least.
    """
    snapshots, maintenance = cache.attributes.get("snapshot_window"), cache.attributes.get("maintenance_window")
    if not snapshots or not maintenance:
        not_applicable("ElastiCache chooses one of them so that they are apart")
    assert_apart(snapshots, maintenance, shortest=60)


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
            _assert_by_name(target)
            assert named(estate, target, "aws_cloudwatch_log_group"), (
                f"the slow log goes to log group {show(target)}, which is not part of this stack"
            )


@control(
    "redis.private-subnets",
    on=(GROUP, CLUSTER, SERVERLESS),
    severity="high",
    refs=["REQ NET-2", "REQ REF-7", "FSBP ElastiCache.7", "CKV_AWS_323"],
    aliases=("redis.no-default-subnet-group",),
)
def cache_is_in_private_subnets(cache: Resource, estate: Estate) -> None:
    """The cache stands in subnets that the internet has no route to.

    Why: the route is the second wall behind the security group.
    Fix: a `subnet_group_name` whose subnets have no route to an internet gateway.
    """
    _not_for_members(cache)
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
    for block in cache["log_delivery_configuration"]:
        if block.get("log_type") == "engine-log":
            _assert_by_name(block.get("destination"))


def _assert_by_name(destination: Value) -> None:
    """ElastiCache takes the name of a log group or stream.

    Source: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CloudWatchLogsDestinationDetails.html
    """
    arn = destination.attribute == "arn" if isinstance(destination, Reference) else show(destination).startswith("arn:")
    assert not arn, f"the log goes to {show(destination)}; ElastiCache takes the name of a log group or stream, no ARN"


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


_NO_PASSWORD = "no-password-required"  # noqa: S105 - a mode


@control(
    "redis.users-authenticate",
    on=USER,
    severity="high",
    refs=["REQ DAT-1", "REQ REF-7", "FSBP ElastiCache.6"],
)
def users_authenticate(user: Resource) -> None:
    """A user that may do anything signs in with a password or by IAM, under the name that IAM demands.

    Why: a user without a password is everybody who reaches the port; IAM knows users by their ids, not their names.
    Fix: `authentication_mode` of type `password` or `iam`; `access_string = "off -@all"` for the user `default`.
    """
    mode = user.block("authentication_mode").get("type")
    open_to_all = user["no_password_required"] or mode == _NO_PASSWORD
    if open_to_all:
        words = str(user["access_string"]).split()
        assert "off" in words or not any(word.startswith("+") for word in words), (
            f"it needs no password, and may {' '.join(word for word in words if word != 'on')}"
        )
    if mode == "iam":
        name, identifier = user["user_name"], user["user_id"]
        assert name == identifier, f"it signs in by IAM, and its name {show(name)} is not its id {show(identifier)}"


@control(
    "redis.iam-users-may-connect",
    on=(GROUP, SERVERLESS),
    severity="high",
    refs=["REQ REF-3", "REQ NET-1"],
)
def iam_users_may_connect(cache: Resource, estate: Estate) -> None:
    """Tasks that sign in to the cache by IAM may do so with their role, both to the cache and as the user.

    Why: `elasticache:Connect` on one of the two is not enough: every connection is refused.
    Fix: allow the task role `elasticache:Connect` on the ARNs of the cache and of the user.
    """
    users = [user for user in _users(cache, estate) if user["user_name"] != "default"]
    modes = [user.block("authentication_mode").get("type") for user in users]
    if not users or any(mode != "iam" for mode in modes):
        not_applicable("its users do not all sign in by IAM")
    clients = clients_of(cache, estate)
    if not clients:
        not_applicable("no service of the stack is told of it")
    findings = Findings()
    for service in clients:
        with findings.question():
            _assert_connects(service, cache, users, estate)
    findings.conclude()


def _users(cache: Resource, estate: Estate) -> list[Resource]:
    """The users that may sign in to a cache, of those that the estate has."""
    written = cache["user_group_id"] if cache.type == SERVERLESS else cache["user_group_ids"]
    groups = named(estate, written, "aws_elasticache_user_group") if written else ()
    return [user for group in groups for user in named(estate, group["user_ids"], USER)]


def _assert_connects(service: Resource, cache: Resource, users: list[Resource], estate: Estate) -> None:
    task = task_of(service, estate)
    role = role_of(task, "task_role_arn", estate) if task is not None else None
    assert role is not None, f"{service.address} has no task role to sign in with"
    action, context = "elasticache:Connect", Context(otherwise=LATER)
    decision = role_may(role, action, arn_of(cache), estate, context)
    assert decision, f"{role.address} may not {action} to {cache.address}: {decision.reason}"
    as_user = [role_may(role, action, arn_of(user), estate, context) for user in users]
    names = " or ".join(user.address for user in users)
    assert any(as_user), f"{role.address} may not {action} as {names}: {as_user[0].reason}"


_EVICTIONS = frozenset(
    {
        *("volatile-lru", "allkeys-lru", "volatile-lfu", "allkeys-lfu", "volatile-random", "allkeys-random"),
        *("volatile-ttl", "noeviction"),
    }
)


@control(
    "redis.parameters-valid",
    on="aws_elasticache_parameter_group",
    severity="medium",
    refs=["REQ REF-7"],
    lenses=("declared",),
)
def parameters_are_valid(group: Resource) -> None:
    """What is evicted when the memory is full is one of the engine's ways; names are its own, and none is set twice.

    Why: ElastiCache refuses any other value, in the middle of an apply; of two equal names one wins.
    Fix: `maxmemory-policy` such as `volatile-lru`, or `noeviction` where nothing may be lost.
    """
    findings = Findings()
    seen: set[str] = set()
    of_redis = show(group.peek("family")).startswith(("redis", "valkey"))
    for parameter in group["parameter"] or ():
        with findings.question():
            name, value = str(parameter.get("name")), parameter.get("value")
            assert "_" not in name or not of_redis, f"{name} is no name of a parameter: they have hyphens"
            assert name not in seen, f"{name} is set twice"
            seen.add(name)
            if name == "maxmemory-policy":
                if not is_known(value):
                    raise undecided(value, f"{name} in {group.address}")
                assert value in _EVICTIONS, f"{name} is {value}, which the engine does not know"
    findings.conclude()


@control(
    "redis.user-group-usable",
    on="aws_elasticache_user_group",
    severity="high",
    refs=["REQ REF-7", "REQ DAT-1"],
    lenses=("declared",),
)
def somebody_may_sign_in(group: Resource, estate: Estate) -> None:
    """A group of users holds one that may sign in, and for Redis one that is called default.

    Why: where all of its users are switched off, every connection is refused; ElastiCache refuses a group for Redis
    without a default user.
    Fix: the application's user in `user_ids`, beside one with `user_name = "default"` that is switched off.
    """
    identifiers = group["user_ids"] or ()
    users = named(estate, identifiers, USER)
    if len(users) < len(identifiers) - list(identifiers).count("default"):
        raise Undecidable("some of its users are not part of this stack")
    if "default" in identifiers:
        return
    assert any("off" not in str(user["access_string"]).split() for user in users), "none of its users may sign in"
    if group["engine"] == "redis":
        assert any(user["user_name"] == "default" for user in users), "it has no user that is called default"
