"""Databases."""

import re

from skyworthy.behavior.network import Network, network_of
from skyworthy.behavior.references import attached, left_out, undecided
from skyworthy.config import Policy
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, is_known, show

INSTANCE = "aws_db_instance"
LOGS = {
    "postgres": ("postgresql",),
    "mysql": ("error",),
    "mariadb": ("error",),
}
"""The log that each engine must send to CloudWatch at least."""


def _is_replica(database: Resource) -> bool:
    return bool(database.attributes.get("replicate_source_db"))


def _not_for_replicas(database: Resource) -> None:
    if _is_replica(database):
        not_applicable("it is a read replica")


@control(
    "rds.encrypted-at-rest",
    on=(INSTANCE, "aws_rds_cluster"),
    severity="high",
    refs=["REQ DAT-1", "REQ REF-6", "FSBP RDS.3", "CIS 2.3.1", "CKV_AWS_16"],
    aliases=("rds.storage-encrypted",),
)
def storage_is_encrypted(database: Resource, estate: Estate) -> None:
    """Database storage is encrypted.

    Why: a copied volume or snapshot is readable without it.
    Fix: set `storage_encrypted = true` and a `kms_key_id`; an existing instance must be restored from a snapshot.
    """
    if _is_replica(database) and "storage_encrypted" not in database.attributes:
        source = estate.find(database["replicate_source_db"], INSTANCE)
        if source is None:
            raise Undecidable("it is encrypted as its source is, which is not part of this stack")
        database = source
    assert database["storage_encrypted"], "storage is not encrypted"


@control(
    "rds.not-public",
    on=(INSTANCE, "aws_rds_cluster_instance"),
    severity="critical",
    refs=["REQ NET-1", "REQ REF-6", "FSBP RDS.2", "CIS 2.3.3", "CKV_AWS_17"],
)
def database_is_not_public(database: Resource) -> None:
    """The database has no public address.

    Why: a public database is one rule away from the whole internet.
    Fix: `publicly_accessible = false`.
    """
    assert not database["publicly_accessible"], "it has a public address"


@control(
    "rds.private-subnets",
    on=(INSTANCE, "aws_rds_cluster"),
    severity="high",
    refs=["REQ NET-2", "REQ REF-6", "FSBP RDS.18"],
)
def database_is_in_private_subnets(database: Resource, estate: Estate) -> None:
    """The database stands in subnets that the internet has no route to.

    Why: the route is the second wall behind the security group.
    Fix: a `db_subnet_group_name` whose subnets have no route to an internet gateway.
    """
    network = network_of(estate)
    public = [subnet.address for subnet in network.subnets(database) if network.is_public(subnet)]
    assert not public, f"it stands in {', '.join(public)}, with a route to an internet gateway"


@control(
    "rds.multi-az",
    on=INSTANCE,
    severity="high",
    refs=["REQ REF-15", "REQ DAT-1", "FSBP RDS.5", "CKV_AWS_157"],
)
def database_has_a_standby(database: Resource, estate: Estate, policy: Policy) -> None:
    """The database has a standby in another availability zone.

    Why: without one, the failure of a zone or a host means hours of restoring.
    Fix: `multi_az = true`, with a subnet group over at least two zones.
    """
    if not policy.multi_az:
        not_applicable("a single zone is allowed here")
    _not_for_replicas(database)
    assert database["multi_az"], "it stands in a single zone"
    zones = {Network.zone(subnet) for subnet in network_of(estate).subnets(database)}
    assert len(zones) > 1, f"its subnets are all in {next(iter(zones))}: there is no zone for the standby"


@control(
    "rds.backups-enabled",
    on=(INSTANCE, "aws_rds_cluster"),
    severity="high",
    refs=["REQ DAT-1", "REQ REF-6", "FSBP RDS.11", "CKV_AWS_133"],
)
def backups_are_kept(database: Resource, policy: Policy) -> None:
    """Automated backups are kept as long as the environment demands, which is also how far back one can restore.

    Why: without them a mistaken delete is final.
    Fix: `backup_retention_period` in days.
    """
    _not_for_replicas(database)
    days = database["backup_retention_period"] or 0
    wanted = policy.backup_retention_days
    assert int(days) >= wanted, f"backups are kept {days} days, at least {wanted} are demanded"


@control(
    "rds.deletion-protection",
    on=(INSTANCE, "aws_rds_cluster"),
    severity="medium",
    refs=["REQ DAT-1", "REQ REF-15", "FSBP RDS.8", "CKV_AWS_293"],
)
def deletion_is_prevented(database: Resource, policy: Policy) -> None:
    """The database refuses to be deleted.

    Why: one mistaken destroy takes the data away.
    Fix: `deletion_protection = true`.
    """
    if not policy.deletion_protection:
        not_applicable("deletion protection is not demanded here")
    assert database["deletion_protection"], "deletion protection is off"


@control(
    "rds.final-snapshot",
    on=(INSTANCE, "aws_rds_cluster"),
    severity="medium",
    refs=["REQ DAT-1"],
)
def a_final_snapshot_is_taken(database: Resource, policy: Policy) -> None:
    """A deleted database leaves a snapshot.

    Why: automated backups go with the instance unless they are kept on purpose.
    Fix: `skip_final_snapshot = false` and a `final_snapshot_identifier`.
    """
    if not policy.final_snapshot:
        not_applicable("a final snapshot is not demanded here")
    _not_for_replicas(database)
    assert not database["skip_final_snapshot"], "it is deleted without a final snapshot"
    assert database["final_snapshot_identifier"], "its final snapshot has no name, so that Terraform cannot destroy it"


@control(
    "rds.tls-in-transit",
    on=INSTANCE,
    severity="high",
    refs=["REQ DAT-1", "REQ REF-6", "CKV2_AWS_69"],
)
def tls_is_forced(database: Resource, estate: Estate) -> None:
    """The database refuses connections without TLS.

    Why: passwords and rows cross the network in clear text otherwise.
    Fix: `rds.force_ssl = 1` in the parameter group of the instance (the default since PostgreSQL 15).
    """
    source = _source_of(database, estate)
    engine = source["engine"]
    if engine not in ("postgres", "mysql", "mariadb"):
        not_applicable(f"how {engine} forces TLS is not judged here")
    name, accepted = ("rds.force_ssl", ("1",)) if engine == "postgres" else ("require_secure_transport", ("1", "ON"))
    value, where = _parameter(database, name, estate)
    if value is None:
        value = _default_of(source, name)
        where = f"{where} (the default)"
    assert value in accepted, f"{name} is {value} in {where}: connections without TLS are accepted"


def _parameter(database: Resource, name: str, estate: Estate) -> tuple[str | None, str]:
    """The value of a parameter in the attached group, None where it is not set; and what the group is called."""
    if "parameter_group_name" not in database.attributes and database.blank is None:
        return None, "the engine's default parameter group"
    written = database["parameter_group_name"]
    group = estate.find(written, "aws_db_parameter_group")
    if group is None:
        if isinstance(written, str) and written.startswith("default."):
            return None, f"parameter group {written}"
        raise Undecidable(f"parameter group {show(written)} is not part of this stack")
    for parameter in group["parameter"] or []:
        if parameter.get("name") == name:
            value = parameter.get("value")
            if not is_known(value):
                raise undecided(value, f"{name} in {group.address}")
            return str(value), group.address
    return None, group.address


def _default_of(database: Resource, name: str) -> str:
    """RDS's default: TLS is forced since PostgreSQL 15, and by no version of MySQL.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
    """
    if name != "rds.force_ssl":
        return "0"
    version = database["engine_version"]
    match = re.match(r"\d+", str(version)) if is_known(version) else None
    if match is None:
        raise undecided(version, f"engine_version of {database.address}")
    return "1" if int(match[0]) >= 15 else "0"


@control(
    "rds.performance-insights",
    on=INSTANCE,
    severity="low",
    refs=["REQ REF-6", "CKV_AWS_353", "CKV_AWS_354"],
)
def performance_insights_are_on(database: Resource) -> None:
    """Performance Insights are on.

    Why: they tell which statement is slow, after the fact.
    Fix: `performance_insights_enabled = true`; seven days cost nothing.
    """
    assert database["performance_insights_enabled"], "Performance Insights are off"


@control(
    "rds.enhanced-monitoring",
    on=INSTANCE,
    severity="low",
    refs=["REQ REF-15", "FSBP RDS.6", "CKV_AWS_118"],
)
def the_operating_system_is_monitored(database: Resource, policy: Policy) -> None:
    """Enhanced monitoring publishes the database host's processes, with a role that allows it.

    Why: CPU or memory used by something other than PostgreSQL is seen nowhere else.
    Fix: `monitoring_interval = 60` and a `monitoring_role_arn`.
    """
    if not policy.enhanced_monitoring:
        not_applicable("enhanced monitoring is not demanded here")
    assert database["monitoring_interval"], "enhanced monitoring is off"
    assert database["monitoring_role_arn"], "enhanced monitoring has no role to publish with"


@control(
    "rds.auto-minor-upgrade",
    on=INSTANCE,
    severity="low",
    refs=["REQ REF-6", "REQ DAT-2", "FSBP RDS.13", "CIS 2.3.2", "CKV_AWS_226"],
)
def minor_versions_are_installed(database: Resource) -> None:
    """Minor versions are installed by themselves.

    Why: they carry the security fixes.
    Fix: leave `auto_minor_version_upgrade` on.
    """
    assert database["auto_minor_version_upgrade"] in (True, None), "minor versions are not installed"


@control(
    "rds.logs-to-cloudwatch",
    on=INSTANCE,
    severity="low",
    refs=["REQ REF-6", "FSBP RDS.9", "FSBP RDS.36", "CKV_AWS_129", "CKV2_AWS_30"],
)
def logs_are_sent(database: Resource) -> None:
    """The database's log is sent to CloudWatch.

    Why: on the instance it is lost after days, and with the instance.
    Fix: `enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]`.
    """
    _not_for_replicas(database)
    engine = database["engine"]
    if engine not in LOGS:
        not_applicable(f"which log {engine} must send is not judged here")
    sent = database["enabled_cloudwatch_logs_exports"] or []
    missing = [name for name in LOGS[engine] if name not in sent]
    assert not missing, f"the log {', '.join(missing)} is not sent to CloudWatch"


def _major(version: object) -> str:
    """The major version: ``17`` of 17.4, ``9.6`` of 9.6.24, ``8.0`` of MySQL's 8.0.41."""
    match = re.match(r"(?P<first>\d+)(\.(?P<second>\d+))?", str(version))
    if match is None:
        raise undecided(version, "the engine version")
    return match["first"]


_FAMILY = re.compile(r"(default\.)?(?P<engine>[a-z-]+?)(?P<version>[\d.]+)(\..*)?")


@control(
    "rds.parameter-group-fits",
    on=INSTANCE,
    severity="high",
    refs=["REQ REF-6"],
    lenses=("declared",),
)
def parameter_group_fits(database: Resource, estate: Estate) -> None:
    """The parameter group is of the database's engine and major version.

    Why: RDS refuses the combination, in the middle of an apply or an upgrade.
    Fix: a `family` that follows `engine_version`, such as postgres17.
    """
    if "parameter_group_name" not in database.attributes and database.blank is None:
        not_applicable("it has the engine's default group")
    written = database["parameter_group_name"]
    group = estate.find(written, "aws_db_parameter_group")
    if group is None and not (isinstance(written, str) and written.startswith("default.")):
        raise Undecidable(f"parameter group {show(written)} is not part of this stack")
    family = group["family"] if group is not None else written
    source = _source_of(database, estate)
    for value in (source["engine"], source["engine_version"], family):
        if not isinstance(value, str):
            raise undecided(value, f"engine, version or family of {database.address}")
    match = _FAMILY.fullmatch(family)
    wanted = f"{source['engine']}{_major(source['engine_version'])}"
    given = f"{match['engine']}{_major(match['version'])}" if match else family
    assert given == wanted, f"its parameter group is of {family.removeprefix('default.')}, and it runs {wanted}"


def _source_of(database: Resource, estate: Estate) -> Resource:
    """The instance itself, or of a read replica that inherits its engine, the source."""
    if not _is_replica(database) or "engine" in database.attributes:
        return database
    found = estate.find(database["replicate_source_db"], INSTANCE)
    if found is None:
        raise Undecidable("its engine is that of its source, which is not part of this stack")
    return found


OLDEST_POSTGRES = 14
"""The oldest major version in standard support.

Source: https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
"""


@control(
    "rds.engine-supported",
    on=INSTANCE,
    severity="medium",
    refs=["REQ REF-6", "REQ DAT-2"],
)
def engine_is_supported(database: Resource) -> None:
    """The engine's major version is in standard support.

    Why: past it RDS charges for extended support by the hour, and then upgrades by itself.
    Fix: a current `engine_version`; test a major upgrade on a restored snapshot first.
    """
    _not_for_replicas(database)
    if database["engine"] != "postgres":
        not_applicable(f"versions of {database['engine']} are not judged here")
    version = database["engine_version"]
    if not isinstance(version, str):
        raise undecided(version, f"engine_version of {database.address}")
    assert int(_major(version)) >= OLDEST_POSTGRES, (
        f"PostgreSQL {version} is out of standard support; the oldest in it is {OLDEST_POSTGRES}"
    )


@control(
    "rds.storage-can-grow",
    on=INSTANCE,
    severity="medium",
    refs=["REQ REF-6"],
)
def storage_can_grow(database: Resource) -> None:
    """The limit of storage autoscaling is above the allocated storage.

    Why: RDS refuses a limit below it, and one that is equal grows nothing.
    Fix: `max_allocated_storage` of at least 1.26 times `allocated_storage`, or none.
    """
    limit = database["max_allocated_storage"]
    if not limit:
        not_applicable("its storage is not meant to grow by itself")
    allocated = database["allocated_storage"]
    if not isinstance(allocated, (int, float)) or not isinstance(limit, (int, float)):
        raise undecided(allocated if not isinstance(allocated, (int, float)) else limit, "its storage")
    assert limit > allocated, f"it has {allocated:g} GiB and may grow to {limit:g}"


@control(
    "rds.iam-auth",
    on=(INSTANCE, "aws_rds_cluster"),
    severity="low",
    refs=["REQ REF-6", "FSBP RDS.10", "CKV_AWS_161", "CKV_AWS_162"],
)
def iam_may_authenticate(database: Resource) -> None:
    """People can sign in with IAM.

    Why: a token that lives fifteen minutes takes the place of a password that is passed around.
    Fix: `iam_database_authentication_enabled = true`; the application may keep its password.
    """
    _not_for_replicas(database)
    if database["engine"] not in ("postgres", "mysql", "mariadb", "aurora-postgresql", "aurora-mysql"):
        not_applicable(f"{database['engine']} knows no such sign-in")
    assert database["iam_database_authentication_enabled"], "IAM database authentication is off"


@control(
    "rds.copy-tags-to-snapshots",
    on=(INSTANCE, "aws_rds_cluster"),
    severity="low",
    refs=["REQ REF-6", "FSBP RDS.17", "FSBP RDS.16", "CKV2_AWS_60"],
)
def snapshots_keep_the_tags(database: Resource) -> None:
    """Snapshots bear the tags of their database.

    Why: without them nobody can tell whose they are, what they cost and who may touch them.
    Fix: `copy_tags_to_snapshot = true`.
    """
    _not_for_replicas(database)
    assert database["copy_tags_to_snapshot"], "tags are not copied to snapshots"


@control(
    "rds.parameter-group-used",
    on="aws_db_parameter_group",
    severity="medium",
    refs=["REQ REF-6"],
)
def parameter_group_is_used(group: Resource, estate: Estate) -> None:
    """A parameter group is attached to a database.

    Why: its settings change nothing while the database has the engine's default group.
    Fix: `parameter_group_name` in the database.
    """
    databases = estate.of(INSTANCE, "aws_rds_cluster_instance")
    if not databases:
        not_applicable("the stack has no database")
    used = attached(estate, group, "parameter_group_name", INSTANCE, "aws_rds_cluster_instance") or attached(
        estate, group, "db_instance_parameter_group_name", "aws_rds_cluster"
    )
    assert used, f"it is attached to none of {', '.join(item.address for item in databases)}"


@control(
    "rds.complete",
    on=INSTANCE,
    severity="medium",
    refs=["REQ REF-6", "REQ DAT-2"],
    lenses=("declared",),
)
def database_is_complete(database: Resource) -> None:
    """A database says its engine's version and its storage.

    Why: RDS refuses one without storage, and takes the version that is its default that day, another one next year.
    Fix: set `engine_version`, the major version at least, and `allocated_storage`.
    """
    for origin in ("replicate_source_db", "snapshot_identifier", "restore_to_point_in_time", "s3_import"):
        if database.attributes.get(origin):
            not_applicable("it takes both from where it is made of")
    missing = [name for name in ("engine", "engine_version", "allocated_storage") if left_out(database, name)]
    assert not missing, f"it has no {' and no '.join(missing)}"


_BOOLEANS = frozenset(
    {
        *("rds.force_ssl", "rds.logical_replication", "log_lock_waits", "log_duration"),
        *("log_connections", "log_disconnections", "log_checkpoints", "log_replication_commands", "autovacuum"),
        *("track_io_timing", "track_activities", "track_counts", "require_secure_transport", "slow_query_log"),
        *("general_log", "local_infile"),
    }
)
"""Parameters that are 0 or 1."""


@control(
    "rds.parameters-valid",
    on="aws_db_parameter_group",
    severity="medium",
    refs=["REQ REF-6"],
    lenses=("declared",),
)
def parameters_are_valid(group: Resource) -> None:
    """Switches among the parameters are 0 or 1, and none is set twice.

    Why: RDS refuses any other value, in the middle of an apply; of two equal names one wins.
    Fix: `value = "1"` to switch on, `"0"` to switch off.
    """
    findings = Findings()
    seen: set[str] = set()
    for parameter in group["parameter"] or ():
        with findings.question():
            if isinstance(parameter, Unknown):
                raise parameter.undecidable()
            name, value = str(parameter.get("name")), parameter.get("value")
            assert name not in seen, f"{name} is set twice"
            seen.add(name)
            if name in _BOOLEANS:
                if not is_known(value):
                    raise undecided(value, f"{name} in {group.address}")
                on_off = ("0", "1", "on", "off", "true", "false")
                assert str(value).lower() in on_off, f"{name} is {value}, 0 or 1 wanted"
    findings.conclude()
