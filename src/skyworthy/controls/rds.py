"""Databases."""

from skyworthy.behavior.network import Network, network_of
from skyworthy.behavior.references import inheriting, left_out, naming
from skyworthy.config import Policy
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, show

INSTANCE = "aws_db_instance"
CLUSTER = "aws_rds_cluster"
MEMBER = "aws_rds_cluster_instance"


def is_replica(database: Resource) -> bool:
    """Whether a database is a read replica of another one."""
    return bool(database.attributes.get("replicate_source_db"))


def members_of(cluster: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The instances of a cluster.

    Raises:
        Undecidable: where none is known and one may be.
    """
    return naming(estate, cluster, "cluster_identifier", MEMBER)


def cluster_of(member: Resource, estate: Estate) -> Resource | None:
    """The cluster of one of its instances; None of any other database."""
    if member.type != MEMBER:
        return None
    cluster = estate.find(member["cluster_identifier"], CLUSTER)
    if cluster is None:
        raise Undecidable(f"its cluster {show(member['cluster_identifier'])} is not part of this stack")
    return cluster


def not_for_replicas(database: Resource) -> None:
    """End the control where a read replica takes the setting from its source."""
    if is_replica(database):
        not_applicable("it is a read replica")


@control(
    "rds.encrypted-at-rest",
    on=(INSTANCE, CLUSTER),
    severity="high",
    refs=["REQ DAT-1", "REQ REF-6", "FSBP RDS.3", "CIS 2.3.1", "CKV_AWS_16", "FSBP RDS.27", "CKV_AWS_96"],
    aliases=("rds.storage-encrypted",),
)
def storage_is_encrypted(database: Resource, estate: Estate) -> None:
    """Database storage is encrypted.

    Why: a copied volume or snapshot is readable without it.
    Fix: set `storage_encrypted = true` and a `kms_key_id`; an existing instance must be restored from a snapshot.
    """
    encrypted = inheriting(database, "storage_encrypted", estate)
    if encrypted is None:
        raise Undecidable("it is encrypted as its source is, which is not part of this stack")
    assert encrypted["storage_encrypted"], "storage is not encrypted"


@control(
    "rds.not-public",
    on=(INSTANCE, MEMBER),
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
    on=(INSTANCE, CLUSTER),
    severity="high",
    refs=["REQ NET-2", "REQ REF-6", "FSBP RDS.18"],
    aliases=("rds.in-vpc",),
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
    on=(INSTANCE, CLUSTER),
    severity="high",
    refs=["REQ REF-15", "REQ DAT-1", "FSBP RDS.5", "CKV_AWS_157", "FSBP RDS.15"],
)
def database_has_a_standby(database: Resource, estate: Estate, policy: Policy) -> None:
    """The database has a standby in another availability zone.

    Why: without one, the failure of a zone or a host means hours of restoring.
    Fix: `multi_az = true`, with a subnet group over at least two zones; a second instance in an Aurora cluster.
    """
    if not policy.multi_az:
        not_applicable("a single zone is allowed here")
    not_for_replicas(database)
    if database.type == CLUSTER:
        _assert_second_instance(database, estate)
    else:
        assert database["multi_az"], "it stands in a single zone"
    zones = {Network.zone(subnet) for subnet in network_of(estate).subnets(database)}
    assert len(zones) > 1, f"its subnets are all in {next(iter(zones))}: there is no zone for the standby"


def _assert_second_instance(cluster: Resource, estate: Estate) -> None:
    """Assert that another instance of an Aurora cluster can take over; the other kind of cluster has three."""
    if cluster.attributes.get("db_cluster_instance_class"):
        return
    members = len(members_of(cluster, estate))
    assert members, "it has no instance: nothing answers"
    assert members > 1, "it has one instance, so that nothing can take over"


@control(
    "rds.backups-enabled",
    on=(INSTANCE, CLUSTER),
    severity="high",
    refs=["REQ DAT-1", "REQ REF-6", "FSBP RDS.11", "CKV_AWS_133"],
)
def backups_are_kept(database: Resource, policy: Policy) -> None:
    """Automated backups are kept as long as the environment demands, which is also how far back one can restore.

    Why: without them a mistaken delete is final.
    Fix: `backup_retention_period` in days.
    """
    not_for_replicas(database)
    days = database["backup_retention_period"] or 0
    wanted = policy.backup_retention_days
    assert int(days) >= wanted, f"backups are kept {days} days, at least {wanted} are demanded"


@control(
    "rds.deletion-protection",
    on=(INSTANCE, CLUSTER),
    severity="medium",
    refs=["REQ DAT-1", "REQ REF-15", "FSBP RDS.8", "CKV_AWS_293", "FSBP RDS.7", "CKV_AWS_139"],
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
    on=(INSTANCE, CLUSTER),
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
    not_for_replicas(database)
    assert not database["skip_final_snapshot"], "it is deleted without a final snapshot"
    assert database["final_snapshot_identifier"], "its final snapshot has no name, so that Terraform cannot destroy it"


@control(
    "rds.iam-auth",
    on=(INSTANCE, CLUSTER),
    severity="low",
    refs=["REQ REF-6", "FSBP RDS.10", "CKV_AWS_161", "CKV_AWS_162", "FSBP RDS.12"],
)
def iam_may_authenticate(database: Resource) -> None:
    """People can sign in with IAM.

    Why: a token that lives fifteen minutes takes the place of a password that is passed around.
    Fix: `iam_database_authentication_enabled = true`; the application may keep its password.
    """
    not_for_replicas(database)
    if database["engine"] not in ("postgres", "mysql", "mariadb", "aurora-postgresql", "aurora-mysql"):
        not_applicable(f"{database['engine']} knows no such sign-in")
    assert database["iam_database_authentication_enabled"], "IAM database authentication is off"


@control(
    "rds.copy-tags-to-snapshots",
    on=(INSTANCE, CLUSTER),
    severity="low",
    refs=["REQ REF-6", "FSBP RDS.17", "FSBP RDS.16", "CKV2_AWS_60", "CKV_AWS_313"],
)
def snapshots_keep_the_tags(database: Resource) -> None:
    """Snapshots bear the tags of their database.

    Why: without them nobody can tell whose they are, what they cost and who may touch them.
    Fix: `copy_tags_to_snapshot = true`.
    """
    not_for_replicas(database)
    assert database["copy_tags_to_snapshot"], "tags are not copied to snapshots"


@control(
    "rds.complete",
    on=(INSTANCE, CLUSTER),
    severity="medium",
    refs=["REQ REF-6", "REQ DAT-2"],
    lenses=("declared",),
)
def database_is_complete(database: Resource) -> None:
    """A database says its engine's version and its storage.

    Why: RDS refuses one without storage, and takes the version that is its default that day, another one next year.
    Fix: set `engine_version`, the major version at least, and `allocated_storage`.
    """
    for origin in _ORIGINS:
        if database.attributes.get(origin):
            not_applicable("it takes both from where it is made of")
    wanted = ["engine", "engine_version"]
    if database.type == INSTANCE or database.attributes.get("db_cluster_instance_class"):
        wanted.append("allocated_storage")
    missing = [name for name in wanted if left_out(database, name)]
    assert not missing, f"it has no {' and no '.join(missing)}"


_ORIGINS = (
    *("replicate_source_db", "snapshot_identifier", "restore_to_point_in_time", "s3_import"),
    *("replication_source_identifier", "global_cluster_identifier"),
)
"""What a database may be made of, and have its version and storage from."""
