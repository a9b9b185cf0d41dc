"""Monitoring, storage and maintenance of RDS databases."""

from skyworthy.behavior.references import inheriting, undecided
from skyworthy.config import Policy
from skyworthy.controls.rds import CLUSTER, INSTANCE, MEMBER, cluster_of, not_for_replicas
from skyworthy.controls.registry import control, not_applicable
from skyworthy.controls.windows import assert_apart
from skyworthy.estate import Estate, Resource, Undecidable, is_known

LOGS = {
    "postgres": ("postgresql",),
    "aurora-postgresql": ("postgresql",),
    "aurora-mysql": ("error",),
    "mysql": ("error",),
    "mariadb": ("error",),
}
"""The log that each engine must send to CloudWatch at least."""


_INSIGHTS_DAYS = (7, *range(31, 731, 31), 731)
"""Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Overview.cost.html"""


@control(
    "rds.performance-insights",
    on=(INSTANCE, MEMBER),
    severity="low",
    refs=["REQ REF-6", "CKV_AWS_353", "CKV_AWS_354"],
)
def performance_insights_are_on(database: Resource, estate: Estate) -> None:
    """Performance Insights are on, and kept for a time that RDS offers.

    Why: they tell which statement is slow, after the fact; RDS refuses any other time in the middle of an apply.
    Fix: `performance_insights_enabled = true`; seven days cost nothing, longer are months of 31 days, or 731.
    """
    assert _is_set("performance_insights_enabled", database, estate), "Performance Insights are off"
    days = database.attributes.get("performance_insights_retention_period")
    offered = not isinstance(days, (int, float)) or days in _INSIGHTS_DAYS
    assert offered, f"Performance Insights cannot be kept for {days:g} days: RDS offers 7, 731 and months of 31"


def _is_set(attribute: str, database: Resource, estate: Estate) -> bool:
    """Whether a database has a setting switched on, which an instance of a cluster may have of it."""
    if database.type == MEMBER and not database.attributes.get(attribute):
        cluster = cluster_of(database, estate)
        return cluster is not None and bool(cluster.attributes.get(attribute))
    return bool(database[attribute])


_INTERVALS = (1, 5, 10, 15, 30, 60)
"""Seconds. Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html"""


@control(
    "rds.enhanced-monitoring",
    on=(INSTANCE, MEMBER),
    severity="low",
    refs=["REQ REF-15", "FSBP RDS.6", "CKV_AWS_118"],
)
def the_operating_system_is_monitored(database: Resource, estate: Estate, policy: Policy) -> None:
    """Enhanced monitoring publishes the database host's processes, with a role that allows it.

    Why: CPU or memory used by something other than PostgreSQL is seen nowhere else.
    Fix: `monitoring_interval = 60` and a `monitoring_role_arn`.
    """
    if not policy.enhanced_monitoring:
        not_applicable("enhanced monitoring is not demanded here")
    assert _is_set("monitoring_interval", database, estate), "enhanced monitoring is off"
    interval = int(database.attributes.get("monitoring_interval") or 60)
    assert interval in _INTERVALS, f"monitoring_interval is {interval}, RDS takes {', '.join(map(str, _INTERVALS))}"
    assert _is_set("monitoring_role_arn", database, estate), "enhanced monitoring has no role to publish with"


@control(
    "rds.auto-minor-upgrade",
    on=(INSTANCE, MEMBER),
    severity="low",
    refs=["REQ REF-6", "REQ DAT-2", "FSBP RDS.13", "CIS 2.3.2", "CKV_AWS_226", "FSBP RDS.35"],
)
def minor_versions_are_installed(database: Resource) -> None:
    """Minor versions are installed by themselves.

    Why: they carry the security fixes.
    Fix: leave `auto_minor_version_upgrade` on.
    """
    assert database["auto_minor_version_upgrade"] in (True, None), "minor versions are not installed"


@control(
    "rds.logs-to-cloudwatch",
    on=(INSTANCE, CLUSTER),
    severity="low",
    refs=["REQ REF-6", "FSBP RDS.9", "FSBP RDS.36", "CKV_AWS_129", "CKV2_AWS_30", "CKV_AWS_324"],
)
def logs_are_sent(database: Resource) -> None:
    """The database's log is sent to CloudWatch.

    Why: on the instance it is lost after days, and with the instance.
    Fix: `enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]`.
    """
    not_for_replicas(database)
    engine = database["engine"]
    if engine not in LOGS:
        not_applicable(f"which log {engine} must send is not judged here")
    sent = database["enabled_cloudwatch_logs_exports"] or []
    missing = [name for name in LOGS[engine] if name not in sent]
    assert not missing, f"the log {', '.join(missing)} is not sent to CloudWatch"


@control(
    "rds.storage-can-grow",
    on=INSTANCE,
    severity="medium",
    refs=["REQ REF-6"],
)
def storage_can_grow(database: Resource, estate: Estate) -> None:
    """The limit of storage autoscaling is above the allocated storage.

    Why: RDS refuses a limit below it, and one that is equal grows nothing.
    Fix: `max_allocated_storage` of at least 1.26 times `allocated_storage`, or none.
    """
    limit = database["max_allocated_storage"]
    if not limit:
        not_applicable("its storage is not meant to grow by itself")
    growing = inheriting(database, "allocated_storage", estate)
    if growing is None:
        raise Undecidable("it has the storage of its source, which is not part of this stack")
    allocated = growing["allocated_storage"]
    if not isinstance(allocated, (int, float)) or not isinstance(limit, (int, float)):
        raise undecided(allocated if not isinstance(allocated, (int, float)) else limit, "its storage")
    assert limit > allocated, f"it has {allocated:g} GiB and may grow to {limit:g}"


@control(
    "rds.windows-apart",
    on=(INSTANCE, CLUSTER),
    severity="medium",
    refs=["REQ REF-6", "REQ DAT-1"],
    lenses=("declared",),
)
def windows_are_apart(database: Resource) -> None:
    """The windows of backup and maintenance are such as RDS takes, and do not overlap.

    Why: RDS refuses windows that overlap, in the middle of an apply.
    Fix: `hh:mm-hh:mm` for backups, `ddd:hh:mm-ddd:hh:mm` for maintenance, in UTC, half an hour each at least.
    """
    prefix = "preferred_" if database.type == CLUSTER else ""
    backup, maintenance = (database.attributes.get(f"{prefix}{name}_window") for name in ("backup", "maintenance"))
    if not backup or not maintenance:
        not_applicable("RDS chooses one of them so that they are apart")
    assert_apart(backup, maintenance, shortest=30)


_STORAGE_TYPES = ("standard", "gp2", "gp3", "io1", "io2")
_PROVISIONED = ("io1", "io2")
_STRIPED_GIB = {"postgres": 400, "mysql": 400, "mariadb": 400}
"""Storage from which on gp3 volumes take `iops` and `storage_throughput`, in GiB.

Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html
"""


@control("rds.storage-valid", on=INSTANCE, severity="medium", refs=["REQ REF-6"], lenses=("declared",))
def storage_is_valid(database: Resource) -> None:
    """Type, size and operations per second of a database's storage are such as RDS takes together.

    Why: RDS refuses any others, in the middle of an apply.
    Fix: `iops` with `io1` and `io2`, none with `gp2`, and with `gp3` from 400 GiB on only.
    """
    not_for_replicas(database)
    kind, iops = database.attributes.get("storage_type"), database.attributes.get("iops")
    for name, value in (("storage_type", kind), ("iops", iops)):
        if not is_known(value):
            raise undecided(value, f"{name} of {database.address}")
    if str(database["engine"]).startswith("aurora"):
        not_applicable("the storage of its cluster grows by itself")
    if not kind:
        not_applicable("it has the storage that RDS chooses")
    assert kind in _STORAGE_TYPES, f"there is no storage of the type {kind}"
    assert iops or kind not in _PROVISIONED, f"its storage is of the type {kind}, and it has no iops"
    if not iops:
        return
    assert kind in (*_PROVISIONED, "gp3"), f"storage of the type {kind} takes no iops"
    least = _STRIPED_GIB.get(str(database["engine"]), 0) if kind == "gp3" else 0
    size = database["allocated_storage"]
    assert float(size) >= least, f"it has {size:g} GiB, and gp3 takes iops from {least} on"
