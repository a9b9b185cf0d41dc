"""RDS: parameters of parameter groups, instances that can be told apart, backups."""

import string
from datetime import datetime
from typing import Any

from moto.moto_api._internal import mock_random
from moto.rds.models import DBSnapshot

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers, follows, precedes, store
from skyworthy.sandbox.simulated import backups, clock


def _forgets_parameters(clients: Clients) -> bool:
    rds = clients("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="probe", DBParameterGroupFamily="postgres17", Description="probe"
    )
    parameter = {"ParameterName": "log_statement", "ParameterValue": "ddl", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName="probe", Parameters=[parameter])
    listed = rds.describe_db_parameters(DBParameterGroupName="probe", Source="user")["Parameters"]
    return not any(each.get("Source") == "user" and each["ParameterValue"] == "ddl" for each in listed)


@answers("rds", "DescribeDBParameters", lacking=_forgets_parameters)
def describe_parameters(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBParameters.html.

    The parameters that were set; engine defaults are not modelled.
    """
    name = call.params["DBParameterGroupName"]
    group = store(call, "rds").db_parameter_groups.get(name.lower())
    if group is None:
        raise AwsError(
            "DBParameterGroupNotFound",
            f"DBParameterGroup not found: {name}",
        )
    if call.params.get("Source", "user") != "user":
        return {"Parameters": []}
    described = [
        {"Source": "user", "IsModifiable": True, **{_member(key): value for key, value in parameter.items()}}
        for parameter in group.parameters.values()
    ]
    return {"Parameters": sorted(described, key=lambda each: str(each["ParameterName"]))}


def _member(key: str) -> str:
    return "".join(part.capitalize() for part in key.split("_")) if "_" in key else key


_PROBE = {
    "AllocatedStorage": 20,
    "DBInstanceClass": "db.t3.micro",
    "Engine": "postgres",
    "MasterUserPassword": "probe-dummy",
    "MasterUsername": "probe",
}
_GIVEN = {
    "DatabaseInsightsMode": "database_insights_mode",
    "EnablePerformanceInsights": "performance_insights_enabled",
    "PerformanceInsightsKMSKeyId": "performance_insights_kms_key_id",
    "PerformanceInsightsRetentionPeriod": "performance_insights_retention_period",
}


def _shares_resource_ids(clients: Clients) -> bool:
    rds = clients("rds")
    made = [rds.create_db_instance(DBInstanceIdentifier=name, **_PROBE)["DBInstance"] for name in ("one", "two")]
    return bool(made[0]["DbiResourceId"] == made[1]["DbiResourceId"])


def _forgets_performance_insights(clients: Clients) -> bool:
    rds = clients("rds")
    rds.create_db_instance(DBInstanceIdentifier="insights", EnablePerformanceInsights=True, **_PROBE)
    return not rds.describe_db_instances(DBInstanceIdentifier="insights")["DBInstances"][0].get(
        "PerformanceInsightsEnabled"
    )


@follows("rds", "CreateDBInstance", "CreateDBInstanceReadReplica", lacking=_shares_resource_ids)
def complete_instance(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html.

    `DbiResourceId` is unique in the region; moto gives every instance the same.
    """
    instance = _instance(call)
    instance.dbi_resource_id = "db-" + "".join(mock_random.choices(string.ascii_uppercase + string.digits, k=26))
    instance.performance_insights_enabled = False
    _take(instance, call)
    return {"DBInstance": instance}


@follows("rds", "ModifyDBInstance", lacking=_forgets_performance_insights)
def modify_instance(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html."""
    instance = _instance(call)
    _take(instance, call)
    return {"DBInstance": instance}


def _instance(call: Call) -> Any:
    name = call.params.get("NewDBInstanceIdentifier") or call.params["DBInstanceIdentifier"]
    return store(call, "rds").databases[name.lower()]


def _take(instance: Any, call: Call) -> None:
    """Keep what the request gives of Performance Insights.

    Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Enabling.html (7 days by default).
    """
    for member, attribute in _GIVEN.items():
        if call.params.get(member) is not None:
            setattr(instance, attribute, call.params[member])
    if instance.performance_insights_enabled and not getattr(instance, "performance_insights_retention_period", None):
        instance.performance_insights_retention_period = 7


# Backups


def _restorable_without_backups(clients: Clients) -> bool:
    rds = clients("rds")
    rds.create_db_instance(DBInstanceIdentifier="bare", BackupRetentionPeriod=0, **_PROBE)
    return "LatestRestorableTime" in rds.describe_db_instances(DBInstanceIdentifier="bare")["DBInstances"][0]


def _snapshots_without_backups(clients: Clients) -> bool:
    rds = clients("rds")
    rds.create_db_instance(DBInstanceIdentifier="bare", BackupRetentionPeriod=0, **_PROBE)
    return bool(rds.describe_db_snapshots(DBInstanceIdentifier="bare")["DBSnapshots"])


def _tells_little_of_backups(clients: Clients) -> bool:
    rds = clients("rds")
    rds.create_db_instance(DBInstanceIdentifier="kept", BackupRetentionPeriod=7, **_PROBE)
    return not rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"][0].get("RestoreWindow")


@precedes("rds", "DescribeDBInstances", lacking=_restorable_without_backups)
def tell_restorable_time(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html.

    `LatestRestorableTime` is at most five minutes ago where backups are kept, and absent where none are.
    """
    for kind in {type(each) for each in store(call, "rds").databases.values()}:
        kind.latest_restorable_time = property(_restorable)


def _restorable(database: Any) -> datetime | None:
    return backups.restorable(clock.aware(database.created), database.backup_retention_period or 0, clock.now())


@precedes(
    "rds",
    *("CopyDBSnapshot", "DescribeDBSnapshots", "RestoreDBInstanceFromDBSnapshot"),
    lacking=_snapshots_without_backups,
)
def take_snapshots(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html.

    One automated snapshot after the creation and one a day, for as many days as backups are kept.
    """
    rds = store(call, "rds")
    for name, database in rds.databases.items():
        wanted = {} if getattr(database, "db_cluster_identifier", None) else _snapshots(database)
        for id, snapshot in list(rds.database_snapshots.items()):
            if snapshot.snapshot_type == "automated" and snapshot.db_instance_identifier == name and id not in wanted:
                del rds.database_snapshots[id]
        for id, moment in wanted.items():
            if id not in rds.database_snapshots:
                rds.database_snapshots[id] = DBSnapshot(rds, database, id, "automated")
            made = rds.database_snapshots[id]
            made.created = made.original_snapshot_create_time = moment


def _snapshots(database: Any) -> dict[str, datetime]:
    """The automated snapshots that there are: identifier and time, as moto writes it."""
    days, window = database.backup_retention_period or 0, database.preferred_backup_window
    found = backups.moments(clock.aware(database.created), window, days, clock.now())
    return {
        f"rds:{database.db_instance_identifier}-{moment:%Y-%m-%d-%H-%M}": moment.replace(tzinfo=None)
        for moment in found
    }


@answers("rds", "DescribeDBInstanceAutomatedBackups", lacking=_tells_little_of_backups)
def describe_automated_backups(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstanceAutomatedBackups.html.

    Those of instances that exist; none is retained after the deletion of its instance.
    """
    params = call.params
    wanted = {
        "db_instance_identifier": params.get("DBInstanceIdentifier"),
        "dbi_resource_id": params.get("DbiResourceId"),
    }
    filters = {row["Name"]: row["Values"] for row in params.get("Filters", [])}
    found = [
        _automated_backup(call, database)
        for database in store(call, "rds").databases.values()
        if _snapshots(database)
        and not getattr(database, "db_cluster_identifier", None)
        and all(value is None or getattr(database, name) == value for name, value in wanted.items())
        and database.db_instance_identifier in filters.get("db-instance-id", [database.db_instance_identifier])
        and database.dbi_resource_id in filters.get("dbi-resource-id", [database.dbi_resource_id])
        and "active" in filters.get("status", ["active"])
    ]
    return {"DBInstanceAutomatedBackups": found}


def _automated_backup(call: Call, database: Any) -> dict[str, Any]:
    name = f"ab-{database.dbi_resource_id.removeprefix('db-').lower()}"
    return {
        "AllocatedStorage": database.allocated_storage,
        "AvailabilityZone": database.availability_zone,
        "BackupRetentionPeriod": database.backup_retention_period,
        "BackupTarget": "region",
        "DBInstanceArn": database.arn,
        "DBInstanceAutomatedBackupsArn": f"arn:aws:rds:{call.region}:{call.account}:auto-backup:{name}",
        "DBInstanceIdentifier": database.db_instance_identifier,
        "DbiResourceId": database.dbi_resource_id,
        "Encrypted": bool(database.storage_encrypted),
        "Engine": database.engine,
        "EngineVersion": database.engine_version,
        "IAMDatabaseAuthenticationEnabled": bool(database.enable_iam_database_authentication),
        "InstanceCreateTime": database.created,
        "KmsKeyId": database.kms_key_id,
        "MasterUsername": database.master_username,
        "Port": database.port,
        "Region": call.region,
        "RestoreWindow": {"EarliestTime": min(_snapshots(database).values()), "LatestTime": _restorable(database)},
        "Status": "active",
        "StorageType": database.storage_type,
    }


@answers("rds", "DescribePendingMaintenanceActions")
def describe_pending_maintenance(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribePendingMaintenanceActions.html.

    Nothing is ever pending here.
    """
    arn, rds = call.params.get("ResourceIdentifier"), store(call, "rds")
    if arn and all(each.arn != arn for each in (*rds.databases.values(), *rds.clusters.values())):
        raise AwsError("ResourceNotFoundFault", f"{arn} not found")
    return {"PendingMaintenanceActions": []}
