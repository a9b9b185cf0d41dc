"""Engine versions and parameter groups of RDS."""

import re

from skyworthy.behavior.references import attached, inheriting, undecided
from skyworthy.controls.findings import Findings
from skyworthy.controls.rds import CLUSTER, INSTANCE, MEMBER, not_for_replicas
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, is_known, show


@control(
    "rds.tls-in-transit",
    on=(INSTANCE, CLUSTER),
    severity="high",
    refs=["REQ DAT-1", "REQ REF-6", "CKV2_AWS_69", "FSBP RDS.38", "FSBP RDS.39"],
)
def tls_is_forced(database: Resource, estate: Estate) -> None:
    """The database refuses connections without TLS, and its certificate has not expired.

    Why: passwords and rows cross the network in clear text otherwise; a client that checks the certificate is refused
    by one that has expired.
    Fix: `rds.force_ssl = 1` in the parameter group of the instance (the default since PostgreSQL 15) or of the Aurora
    cluster (since 17); `require_secure_transport = 1` for MySQL.
    """
    source = _source_of(database, estate)
    engine = source["engine"]
    if engine not in _FORCES_TLS:
        not_applicable(f"how {engine} forces TLS is not judged here")
    name, accepted = _FORCES_TLS[engine]
    value, where = _parameter(database, name, estate)
    if value is None:
        value = _default_of(source, name)
        where = f"{where} (the default)"
    assert value in accepted, f"{name} is {value} in {where}: connections without TLS are accepted"
    authority = database.attributes.get("ca_cert_identifier")
    if isinstance(authority, Unknown):
        raise undecided(authority, "ca_cert_identifier")
    assert authority not in _EXPIRED, f"its certificate is of {authority}, which has expired"


_EXPIRED = ("rds-ca-2010", "rds-ca-2015", "rds-ca-2019")
"""Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL-certificate-rotation.html"""


_BY_POSTGRES, _BY_MYSQL = ("rds.force_ssl", ("1",)), ("require_secure_transport", ("1", "ON"))
_FORCES_TLS = {
    "postgres": _BY_POSTGRES,
    "aurora-postgresql": _BY_POSTGRES,
    "mysql": _BY_MYSQL,
    "mariadb": _BY_MYSQL,
    "aurora-mysql": _BY_MYSQL,
}
"""Engine -> the parameter that makes it refuse connections without TLS, and the values that do."""

_GROUPS = {
    INSTANCE: ("parameter_group_name", "aws_db_parameter_group"),
    CLUSTER: ("db_cluster_parameter_group_name", "aws_rds_cluster_parameter_group"),
}
"""Type of database -> the attribute that names its parameter group, and the group's type."""


def _parameter(database: Resource, name: str, estate: Estate) -> tuple[str | None, str]:
    """The value of a parameter in the attached group, None where it is not set; and what the group is called."""
    attribute, kind = _GROUPS[database.type]
    if attribute not in database.attributes and database.blank is None:
        return None, "the engine's default parameter group"
    written = database[attribute]
    group = estate.find(written, kind)
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
    """RDS's default: TLS is forced since PostgreSQL 15, by Aurora since 17, and by no version of MySQL.

    Sources: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html
    """
    if name != "rds.force_ssl":
        return "0"
    version = database["engine_version"]
    match = re.match(r"\d+", str(version)) if is_known(version) else None
    if match is None:
        raise undecided(version, f"engine_version of {database.address}")
    return "1" if int(match[0]) >= (17 if database.type == CLUSTER else 15) else "0"


def _major(version: object) -> str:
    """The major version: ``17`` of 17.4, ``9.6`` of 9.6.24, ``8.0`` of MySQL's 8.0.41."""
    match = re.match(r"(?P<first>\d+)(\.(?P<second>\d+))?", str(version))
    if match is None:
        raise undecided(version, "the engine version")
    return match["first"]


_FAMILY = re.compile(r"(default\.)?(?P<engine>[a-z-]+?)(?P<version>[\d.]+)(\..*)?")


@control(
    "rds.parameter-group-fits",
    on=(INSTANCE, CLUSTER),
    severity="high",
    refs=["REQ REF-6"],
    lenses=("declared",),
)
def parameter_group_fits(database: Resource, estate: Estate) -> None:
    """The parameter group is of the database's engine and major version.

    Why: RDS refuses the combination, in the middle of an apply or an upgrade.
    Fix: a `family` that follows `engine_version`, such as postgres17.
    """
    attribute, kind = _GROUPS[database.type]
    if attribute not in database.attributes and database.blank is None:
        not_applicable("it has the engine's default group")
    written = database[attribute]
    group = estate.find(written, kind)
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
    found = inheriting(database, "engine", estate)
    if found is None:
        raise Undecidable("its engine is that of its source, which is not part of this stack")
    return found


OLDEST_POSTGRES = 14
"""The oldest major version in standard support.

Source: https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
"""


@control(
    "rds.engine-supported",
    on=(INSTANCE, CLUSTER),
    severity="medium",
    refs=["REQ REF-6", "REQ DAT-2"],
)
def engine_is_supported(database: Resource) -> None:
    """The engine's major version is in standard support.

    Why: past it RDS charges for extended support by the hour, and then upgrades by itself.
    Fix: a current `engine_version`; test a major upgrade on a restored snapshot first.
    """
    not_for_replicas(database)
    if database["engine"] not in ("postgres", "aurora-postgresql"):
        not_applicable(f"versions of {database['engine']} are not judged here")
    version = database["engine_version"]
    if not isinstance(version, str):
        raise undecided(version, f"engine_version of {database.address}")
    assert int(_major(version)) >= OLDEST_POSTGRES, (
        f"PostgreSQL {version} is out of standard support; the oldest in it is {OLDEST_POSTGRES}"
    )


@control(
    "rds.parameter-group-used",
    on=("aws_db_parameter_group", "aws_rds_cluster_parameter_group"),
    severity="medium",
    refs=["REQ REF-6"],
)
def parameter_group_is_used(group: Resource, estate: Estate) -> None:
    """A parameter group is attached to a database.

    Why: its settings change nothing while the database has the engine's default group.
    Fix: `parameter_group_name` in the database.
    """
    databases = estate.of(*(kind for _, kind in _USES[group.type]))
    if not databases:
        not_applicable("the stack has no database")
    used = any(attached(estate, group, attribute, kind) for attribute, kind in _USES[group.type])
    assert used, f"it is attached to none of {', '.join(item.address for item in databases)}"


_USES = {
    "aws_db_parameter_group": (
        ("parameter_group_name", INSTANCE),
        ("db_parameter_group_name", MEMBER),
        ("db_instance_parameter_group_name", CLUSTER),
    ),
    "aws_rds_cluster_parameter_group": (("db_cluster_parameter_group_name", CLUSTER),),
}
"""Type of parameter group -> by which attributes of which types it is named."""

_BOOLEANS = frozenset(
    {
        *("rds.force_ssl", "rds.logical_replication", "log_lock_waits", "log_duration"),
        *("log_connections", "log_disconnections", "log_checkpoints", "log_replication_commands", "autovacuum"),
        *("track_io_timing", "track_activities", "track_counts", "require_secure_transport", "slow_query_log"),
        *("general_log", "local_infile"),
    }
)
"""Parameters that are 0 or 1."""
_POSTGRES_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", re.IGNORECASE)


@control(
    "rds.parameters-valid",
    on=("aws_db_parameter_group", "aws_rds_cluster_parameter_group"),
    severity="medium",
    refs=["REQ REF-6"],
    lenses=("declared",),
)
def parameters_are_valid(group: Resource) -> None:
    """Switches among the parameters are 0 or 1, names are such as the engine has, and none is set twice.

    Why: RDS refuses any other, in the middle of an apply; of two equal names one wins.
    Fix: `value = "1"` to switch on, `"0"` to switch off; PostgreSQL's names have underscores and no hyphens.
    """
    findings = Findings()
    of_postgres = "postgres" in show(group.peek("family"))
    seen: set[str] = set()
    for parameter in group["parameter"] or ():
        with findings.question():
            if isinstance(parameter, Unknown):
                raise parameter.undecidable()
            name, value = str(parameter.get("name")), parameter.get("value")
            misspelt = of_postgres and isinstance(parameter.get("name"), str) and not _POSTGRES_NAME.fullmatch(name)
            assert not misspelt, f"{name} is no name of a parameter of PostgreSQL"
            assert name not in seen, f"{name} is set twice"
            seen.add(name)
            if name in _BOOLEANS:
                if not is_known(value):
                    raise undecided(value, f"{name} in {group.address}")
                on_off = ("0", "1", "on", "off", "true", "false")
                assert str(value).lower() in on_off, f"{name} is {value}, 0 or 1 wanted"
    findings.conclude()
