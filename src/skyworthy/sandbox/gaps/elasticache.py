"""ElastiCache: parameter groups, the cache clusters behind a replication group, backups."""

import re
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from moto.core.utils import utcnow

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers, follows, note, precedes, store
from skyworthy.sandbox.simulated import backups, clock

TAGGABLE = re.compile(
    r"^arn:aws:elasticache:.*:[0-9]*:(cluster|snapshot|subnetgroup|replicationgroup|user|parametergroup):"
)
FULL_VERSIONS = {
    "5.0": "5.0.6",
    "6.2": "6.2.6",
    "6.x": "6.2.6",
    "7.0": "7.0.7",
    "7.1": "7.1.0",
    "7.2": "7.2.6",
    "8.0": "8.0.1",
}
"""Engine versions that ElastiCache reports for the ones that are asked for.

Source: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
"""


# Parameter groups


def _groups(call: Call) -> dict[str, dict[str, Any]]:
    cache = store(call, "elasticache")
    cache.arn_regex = TAGGABLE
    groups: dict[str, dict[str, Any]] = note(cache, "sky_parameter_groups", dict)
    return groups


def _group(call: Call) -> dict[str, Any]:
    name = call.params["CacheParameterGroupName"]
    if name not in _groups(call):
        raise AwsError(
            "CacheParameterGroupNotFound",
            f"CacheParameterGroup not found: {name}",
        )
    return _groups(call)[name]


@answers("elasticache", "CreateCacheParameterGroup")
def create_parameter_group(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateCacheParameterGroup.html."""
    name = call.params["CacheParameterGroupName"].lower()
    if name in _groups(call):
        raise AwsError("CacheParameterGroupAlreadyExists", f"Cache parameter group {name} already exists.")
    group = {
        "CacheParameterGroupName": name,
        "CacheParameterGroupFamily": call.params["CacheParameterGroupFamily"],
        "Description": call.params["Description"],
        "IsGlobal": False,
        "ARN": f"arn:aws:elasticache:{call.region}:{call.account}:parametergroup:{name}",
        "parameters": {},
    }
    _groups(call)[name] = group
    store(call, "elasticache").tagging_service.tag_resource(group["ARN"], call.params.get("Tags", []))
    return {"CacheParameterGroup": group}


@answers("elasticache", "DescribeCacheParameterGroups")
def describe_parameter_groups(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeCacheParameterGroups.html."""
    groups = [_group(call)] if call.params.get("CacheParameterGroupName") else list(_groups(call).values())
    return {"CacheParameterGroups": groups}


@answers("elasticache", "ModifyCacheParameterGroup")
def modify_parameter_group(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyCacheParameterGroup.html."""
    for parameter in call.params["ParameterNameValues"]:
        _group(call)["parameters"][parameter["ParameterName"]] = parameter["ParameterValue"]
    return {"CacheParameterGroupName": call.params["CacheParameterGroupName"]}


@answers("elasticache", "ResetCacheParameterGroup")
def reset_parameter_group(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ResetCacheParameterGroup.html."""
    if call.params.get("ResetAllParameters"):
        _group(call)["parameters"].clear()
    for parameter in call.params.get("ParameterNameValues", []):
        _group(call)["parameters"].pop(parameter["ParameterName"], None)
    return {"CacheParameterGroupName": call.params["CacheParameterGroupName"]}


@answers("elasticache", "DescribeCacheParameters")
def describe_parameters(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeCacheParameters.html."""
    if call.params.get("Source", "user") != "user":
        return {"Parameters": []}  # engine defaults are not modelled
    return {
        "Parameters": [
            {"ParameterName": name, "ParameterValue": value, "Source": "user", "IsModifiable": True}
            for name, value in sorted(_group(call)["parameters"].items())
        ]
    }


@answers("elasticache", "DeleteCacheParameterGroup")
def delete_parameter_group(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheParameterGroup.html."""
    del _groups(call)[_group(call)["CacheParameterGroupName"]]
    return {}


@answers("elasticache", "DeleteCacheSubnetGroup")
def delete_subnet_group(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheSubnetGroup.html."""
    name = call.params["CacheSubnetGroupName"]
    if store(call, "elasticache").cache_subnet_groups.pop(name, None) is None:
        raise AwsError("CacheSubnetGroupNotFoundFault", f"CacheSubnetGroup {name} not found.")
    return {}


@answers("elasticache", "ModifyCacheSubnetGroup")
def modify_subnet_group(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyCacheSubnetGroup.html."""
    cache = store(call, "elasticache")
    name = call.params["CacheSubnetGroupName"]
    old = cache.cache_subnet_groups.pop(name, None)
    if old is None:
        raise AwsError("CacheSubnetGroupNotFoundFault", f"CacheSubnetGroup {name} not found.")
    return {
        "CacheSubnetGroup": cache.create_cache_subnet_group(
            name,
            call.params.get("CacheSubnetGroupDescription", old.cache_subnet_group_description),
            call.params.get("SubnetIds", old.subnet_ids),
            None,
        )
    }


# Replication groups


def _has_no_members(clients: Clients) -> bool:
    client = clients("elasticache")
    client.create_replication_group(ReplicationGroupId="probe", ReplicationGroupDescription="probe", NumCacheClusters=2)
    return len(client.describe_cache_clusters()["CacheClusters"]) != 2


def _stays_after_deletion(clients: Clients) -> bool:
    client = clients("elasticache")
    client.create_replication_group(ReplicationGroupId="probe", ReplicationGroupDescription="probe")
    client.delete_replication_group(ReplicationGroupId="probe")
    return bool(client.describe_replication_groups()["ReplicationGroups"])


def _forgets_modifications(clients: Clients) -> bool:
    client = clients("elasticache")
    client.create_replication_group(ReplicationGroupId="probe", ReplicationGroupDescription="probe")
    client.modify_replication_group(ReplicationGroupId="probe", SnapshotWindow="01:00-02:00")
    group = client.describe_replication_groups()["ReplicationGroups"][0]
    return bool(group["SnapshotWindow"] != "01:00-02:00")


@follows("elasticache", "CreateReplicationGroup", lacking=_has_no_members)
def complete_replication_group(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html.

    The defaults are those of that page; `DescribeCacheClusters` lists the members with what the group was given.
    """
    params = call.params
    group = _replication_group(call)
    group.auto_minor_version_upgrade = params.get("AutoMinorVersionUpgrade", True)
    group.snapshot_window = params.get("SnapshotWindow", "05:00-06:00")
    group.preferred_maintenance_window = params.get("PreferredMaintenanceWindow", "sun:06:00-sun:07:00")
    if group.transit_encryption_enabled and not group.transit_encryption_mode:
        group.transit_encryption_mode = "required"
    if group.cluster_mode == "disabled":
        _set_node_count(group, params.get("NumCacheClusters") or params.get("ReplicasPerNodeGroup", 0) + 1)
    _set_members(call, group)
    return {"ReplicationGroup": group}


def _has_no_nodes(clients: Clients) -> bool:
    client = clients("elasticache")
    client.create_cache_cluster(
        CacheClusterId="nodes", CacheNodeType="cache.t4g.micro", Engine="redis", NumCacheNodes=1
    )
    described = client.describe_cache_clusters(CacheClusterId="nodes", ShowCacheNodeInfo=True)["CacheClusters"][0]
    return not described.get("CacheNodes") or not described.get("EngineVersion")


@follows("elasticache", "CreateCacheCluster", lacking=_has_no_nodes)
def complete_cluster(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateCacheCluster.html.

    The defaults are those of that page.
    """
    cluster = store(call, "elasticache").cache_clusters[call.params["CacheClusterId"]]
    _complete_cluster(call, cluster)
    return {"CacheCluster": cluster}


@answers("elasticache", "ModifyCacheCluster")
def modify_cluster(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyCacheCluster.html."""
    name = call.params["CacheClusterId"]
    cluster = store(call, "elasticache").cache_clusters.get(name)
    if cluster is None:
        raise AwsError("CacheClusterNotFound", f"CacheCluster {name} not found.")
    for member, attribute in {**_MODIFIABLE, **_MODIFIABLE_IN_CLUSTER}.items():
        if member in call.params:
            setattr(cluster, attribute, call.params[member])
    _complete_cluster(call, cluster)
    return {"CacheCluster": cluster}


@follows("elasticache", "ModifyReplicationGroup", lacking=_forgets_modifications)
def modify_replication_group(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyReplicationGroup.html."""
    group = _replication_group(call)
    for member, attribute in _MODIFIABLE.items():
        if member in call.params:
            setattr(group, attribute, call.params[member])
    if call.params.get("AuthToken"):
        group.auth_token_enabled = True
        group.auth_token_last_modified_date = utcnow()
    _set_members(call, group)
    return {"ReplicationGroup": group}


@follows("elasticache", "DeleteReplicationGroup", lacking=_stays_after_deletion)
def delete_replication_group(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteReplicationGroup.html."""
    cache = store(call, "elasticache")
    group = cache.replication_groups.pop(call.params["ReplicationGroupId"])
    for name in [name for name, each in cache.cache_clusters.items() if _member_of(each, group)]:
        del cache.cache_clusters[name]


@follows("elasticache", "DeleteCacheCluster", lacking=_stays_after_deletion)
def delete_cluster(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheCluster.html."""
    del store(call, "elasticache").cache_clusters[call.params["CacheClusterId"]]


_MODIFIABLE = {
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
    "CacheParameterGroupName": "cache_parameter_group_name",
    "EngineVersion": "engine_version",
    "IpDiscovery": "ip_discovery",
    "LogDeliveryConfigurations": "log_delivery_configurations",
    "NotificationTopicArn": "notification_topic_arn",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "SecurityGroupIds": "security_group_ids",
    "SnapshotWindow": "snapshot_window",
    "TransitEncryptionEnabled": "transit_encryption_enabled",
    "TransitEncryptionMode": "transit_encryption_mode",
}


_MODIFIABLE_IN_CLUSTER = {
    "CacheNodeType": "cache_node_type",
    "NumCacheNodes": "num_cache_nodes",
    "SnapshotRetentionLimit": "snapshot_retention_limit",
}


def _complete_cluster(call: Call, cluster: Any) -> None:
    """Nodes, versions and what is not asked for, as the cluster's own engine has them."""
    memcached, params = cluster.engine == "memcached", call.params
    version = cluster.engine_version or ("1.6.22" if memcached else None)
    cluster.engine_version = version if memcached else _full_version(version)
    cluster.port = params.get("Port") or (11211 if memcached else cluster.port)
    cluster.num_cache_nodes = int(getattr(cluster, "num_cache_nodes", None) or 1)
    family = ".".join(cluster.engine_version.split(".")[: 2 if memcached else 1])
    group = cluster.cache_parameter_group_name or f"default.{cluster.engine}{family}"
    cluster.cache_parameter_group_name = group
    cluster.cache_parameter_group = {
        "CacheParameterGroupName": group,
        "ParameterApplyStatus": "in-sync",
        "CacheNodeIdsToReboot": [],
    }
    cluster.cache_subnet_group_name = cluster.cache_subnet_group_name or "default"
    cluster.auto_minor_version_upgrade = cluster.auto_minor_version_upgrade is not False
    cluster.preferred_maintenance_window = cluster.preferred_maintenance_window or "sun:06:00-sun:07:00"
    if not memcached:
        cluster.snapshot_window = cluster.snapshot_window or "05:00-06:00"
    cluster.network_type, cluster.ip_discovery = cluster.network_type or "ipv4", cluster.ip_discovery or "ipv4"
    topic = cluster.notification_topic_arn
    cluster.notification_configuration = {"TopicArn": topic, "TopicStatus": "active"} if topic else None
    ids = cluster.security_group_ids or []
    cluster.security_groups = [{"SecurityGroupId": each, "Status": "active"} for each in ids]
    _set_nodes(call, cluster)


def _set_nodes(call: Call, cluster: Any) -> None:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheNode.html."""
    name, domain = cluster.cache_cluster_id, f"{call.account[:6]}.{call.region}.cache.amazonaws.com"
    first = cluster.preferred_availability_zone or f"{call.region}a"
    zones = cluster.preferred_availability_zones or [first]
    cluster.preferred_availability_zone = first if len(set(zones)) == 1 else "Multiple"
    cluster.cache_nodes = [
        {
            "CacheNodeId": f"{number:0>4}",
            "CacheNodeStatus": "available",
            "CacheNodeCreateTime": cluster.cache_cluster_create_time,
            "CustomerAvailabilityZone": zones[(number - 1) % len(zones)],
            "Endpoint": {"Address": f"{name}.{domain}", "Port": cluster.port},
            "ParameterGroupStatus": "in-sync",
        }
        for number in range(1, cluster.num_cache_nodes + 1)
    ]
    if cluster.engine == "memcached":
        cluster.configuration_endpoint = {"Address": f"{name}.cfg.{domain}", "Port": cluster.port}


def _replication_group(call: Call) -> Any:
    return store(call, "elasticache").replication_groups[call.params["ReplicationGroupId"]]


def _member_of(cluster: Any, group: Any) -> bool:
    return bool(getattr(cluster, "replication_group_id", None) == group.replication_group_id)


def _set_node_count(group: Any, count: int) -> None:
    """Give a group without cluster mode as many nodes as were asked for; moto makes one."""
    node_group = group.node_groups[0]
    first = node_group["node_group_members"][0]
    domain = first["read_endpoint"]["address"].split(".", 1)[1]
    names = [f"{group.replication_group_id}-{number:0>3}" for number in range(1, count + 1)]
    zone = first["preferred_availability_zone"]
    node_group["node_group_members"] = [
        {
            "cache_cluster_id": name,
            "cache_node_id": "0001",
            "read_endpoint": {"address": f"{name}.{domain}", "port": group.port},
            "preferred_availability_zone": zone[:-1] + "abc"[index % 3],
            "current_role": "replica" if index else "primary",
        }
        for index, name in enumerate(names)
    ]
    group.member_clusters[:] = names
    if group.snapshot_retention_limit:
        group.snapshotting_cluster_id = names[-1]


def _set_members(call: Call, group: Any) -> None:
    clusters = store(call, "elasticache").cache_clusters
    for node_group in group.node_groups:
        for node in node_group["node_group_members"]:
            name = node["cache_cluster_id"]
            created = clusters[name].cache_cluster_create_time if name in clusters else utcnow()
            clusters[name] = _member(call, group, node, created)


_OF_THE_GROUP = (
    "at_rest_encryption_enabled",
    "auth_token_enabled",
    "auto_minor_version_upgrade",
    "cache_node_type",
    "cache_subnet_group_name",
    "engine",
    "ip_discovery",
    "network_type",
    "preferred_maintenance_window",
    "replication_group_id",
    "snapshot_retention_limit",
    "snapshot_window",
    "transit_encryption_enabled",
    "transit_encryption_mode",
)
"""What its clusters have as the replication group has it."""


def _member(call: Call, group: Any, node: dict[str, Any], created: Any) -> SimpleNamespace:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheCluster.html."""
    name = node["cache_cluster_id"]
    endpoint = node.get("read_endpoint") or {"address": f"{name}.cache.amazonaws.com", "port": group.port}
    topic = group.notification_topic_arn
    return SimpleNamespace(
        **{name: getattr(group, name) for name in _OF_THE_GROUP},
        arn=f"arn:aws:elasticache:{call.region}:{call.account}:cluster:{name}",
        cache_cluster_create_time=created,
        cache_cluster_id=name,
        cache_cluster_status="available",
        cache_nodes=[
            {
                "CacheNodeId": "0001",
                "CacheNodeStatus": "available",
                "CacheNodeCreateTime": created,
                "CustomerAvailabilityZone": node["preferred_availability_zone"],
                "Endpoint": {"Address": endpoint["address"], "Port": group.port},
                "ParameterGroupStatus": "in-sync",
            }
        ],
        cache_parameter_group={
            "CacheParameterGroupName": group.cache_parameter_group_name or _default_parameter_group(group),
            "ParameterApplyStatus": "in-sync",
            "CacheNodeIdsToReboot": [],
        },
        engine_version=_full_version(group.engine_version),
        notification_configuration={"TopicArn": topic, "TopicStatus": "active"} if topic else None,
        num_cache_nodes=1,
        preferred_availability_zone=node["preferred_availability_zone"],
        replication_group_log_delivery_enabled=bool(group.log_delivery_configurations),
        security_groups=[{"SecurityGroupId": each, "Status": "active"} for each in group.security_group_ids or []],
    )


def _full_version(asked: str | None) -> str:
    version = asked or "7.1"
    return FULL_VERSIONS.get(version, version if version.count(".") > 1 else f"{version}.0")


def _default_parameter_group(group: Any) -> str:
    major = _full_version(group.engine_version).split(".")[0]
    return f"default.{group.engine}{major}" + (".cluster.on" if group.cluster_mode == "enabled" else "")


# Backups


def _takes_no_snapshots(clients: Clients) -> bool:
    client = clients("elasticache")
    client.create_replication_group(
        ReplicationGroupId="backed-up", ReplicationGroupDescription="probe", SnapshotRetentionLimit=5
    )
    return not client.describe_snapshots(ReplicationGroupId="backed-up")["Snapshots"]


@precedes("elasticache", "DescribeSnapshots", lacking=_takes_no_snapshots)
def take_snapshots(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-automatic.html.

    One a day of the last member of each group, for as many days as backups are kept.
    """
    cache = store(call, "elasticache")
    for group in cache.replication_groups.values():
        wanted = _automatic_snapshots(cache, group)
        for name, snapshot in list(cache.snapshots.items()):
            own = snapshot.replication_group_id == group.replication_group_id
            if own and snapshot.snapshot_source == "automated" and name not in wanted:
                del cache.snapshots[name]
        for name in wanted:
            if name not in cache.snapshots:
                made = cache.create_snapshot(name, group.replication_group_id, None, group.kms_key_id, None)
                made.snapshot_source = "automated"
                made.node_snapshots = [{"CacheNodeId": "0001", "SnapshotCreateTime": wanted[name]}]


def _automatic_snapshots(cache: Any, group: Any) -> dict[str, datetime]:
    """The automatic backups that there are: name and time, as moto writes it."""
    member = cache.cache_clusters.get(group.member_clusters[-1]) if group.member_clusters else None
    if member is None:
        return {}
    created = clock.aware(member.cache_cluster_create_time)
    days, window = group.snapshot_retention_limit or 0, group.snapshot_window
    found = backups.moments(created, window, days, clock.now())
    return {
        f"automatic.{member.cache_cluster_id}-{moment:%Y-%m-%d-%H-%M}": moment.replace(tzinfo=None) for moment in found
    }
