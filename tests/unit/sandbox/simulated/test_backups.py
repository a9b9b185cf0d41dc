"""Backups that RDS and ElastiCache take by themselves, in a running sandbox."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from skyworthy.sandbox.conditions import pass_time
from skyworthy.sandbox.server import Sandbox
from skyworthy.sandbox.simulated import backups

NOW = datetime(2030, 5, 6, 7, 3, tzinfo=UTC)
DAY = 24 * 3600


@pytest.mark.parametrize(
    ("created", "days", "expected"),
    [
        ("2030-05-06T05:00", 7, ["06 05:00"]),
        ("2030-05-06T02:00", 7, ["06 02:00", "06 03:30"]),
        ("2030-05-04T12:00", 7, ["04 12:00", "05 03:30", "06 03:30"]),
        ("2030-04-01T12:00", 2, ["05 03:30", "06 03:30"]),
        ("2030-04-01T12:00", 0, []),
    ],
)
def test_backups_that_are_kept(created: str, days: int, expected: list[str]) -> None:
    found = backups.moments(datetime.fromisoformat(created + "+00:00"), "03:30-04:00", days, NOW)

    assert [f"{moment:%d %H:%M}" for moment in found] == expected


def test_latest_restorable_time_is_of_the_last_upload_of_logs() -> None:
    created = NOW - timedelta(days=1)

    assert backups.restorable(created, 7, NOW) == NOW - timedelta(minutes=3)
    assert backups.restorable(NOW, 7, NOW) == NOW
    assert backups.restorable(created, 0, NOW) is None


def _database(sandbox: Sandbox, name: str, retention: int) -> Any:
    rds = sandbox.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        BackupRetentionPeriod=retention,
        PreferredBackupWindow="03:30-04:00",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="app",
        MasterUserPassword="testing-dummy",
    )
    return rds


def _instance(rds: Any, name: str) -> dict[str, Any]:
    return dict(rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0])


def test_database_with_backups_can_be_restored_and_has_a_snapshot(sandbox: Sandbox) -> None:
    rds = _database(sandbox, "kept", 7)
    pass_time(sandbox, 2 * DAY)
    now = datetime.fromisoformat(sandbox.control("GET", "clock")["now"])

    instance = _instance(rds, "kept")
    snapshots = rds.describe_db_snapshots(DBInstanceIdentifier="kept", SnapshotType="automated")["DBSnapshots"]
    (backup,) = rds.describe_db_instance_automated_backups(DBInstanceIdentifier="kept")["DBInstanceAutomatedBackups"]

    assert timedelta() <= now - instance["LatestRestorableTime"] < timedelta(minutes=6)
    assert len(snapshots) == 3
    newest = max(snapshot["SnapshotCreateTime"] for snapshot in snapshots)
    assert now - newest < timedelta(days=1)
    assert f"rds:kept-{newest:%Y-%m-%d-%H-%M}" in {snapshot["DBSnapshotIdentifier"] for snapshot in snapshots}
    assert {(snapshot["Status"], snapshot["Engine"]) for snapshot in snapshots} == {("available", "postgres")}
    assert (backup["Status"], backup["BackupRetentionPeriod"]) == ("active", 7)
    assert backup["RestoreWindow"]["EarliestTime"] == min(each["SnapshotCreateTime"] for each in snapshots)
    assert backup["DbiResourceId"] == instance["DbiResourceId"]
    assert rds.describe_pending_maintenance_actions()["PendingMaintenanceActions"] == []


def test_database_without_backups_has_none(sandbox: Sandbox) -> None:
    rds = _database(sandbox, "bare", 0)

    assert "LatestRestorableTime" not in _instance(rds, "bare")
    assert rds.describe_db_snapshots(DBInstanceIdentifier="bare")["DBSnapshots"] == []
    assert rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"] == []


def test_backups_end_when_retention_is_set_to_none_and_a_snapshot_of_ones_own_stays(sandbox: Sandbox) -> None:
    rds = _database(sandbox, "kept", 7)
    rds.create_db_snapshot(DBSnapshotIdentifier="mine", DBInstanceIdentifier="kept")
    assert len(rds.describe_db_snapshots(DBInstanceIdentifier="kept")["DBSnapshots"]) == 2

    rds.modify_db_instance(DBInstanceIdentifier="kept", BackupRetentionPeriod=0, ApplyImmediately=True)

    (left,) = rds.describe_db_snapshots(DBInstanceIdentifier="kept")["DBSnapshots"]
    assert (left["DBSnapshotIdentifier"], left["SnapshotType"]) == ("mine", "manual")
    assert "LatestRestorableTime" not in _instance(rds, "kept")


def test_maintenance_of_what_does_not_exist_is_an_error(sandbox: Sandbox) -> None:
    rds = _database(sandbox, "kept", 7)
    arn = _instance(rds, "kept")["DBInstanceArn"]

    assert rds.describe_pending_maintenance_actions(ResourceIdentifier=arn)["PendingMaintenanceActions"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundFault"):
        rds.describe_pending_maintenance_actions(ResourceIdentifier=f"{arn}2")


def test_cache_with_backups_has_one_a_day(sandbox: Sandbox) -> None:
    cache = sandbox.client("elasticache")
    for name, days in (("kept", 5), ("bare", 0)):
        cache.create_replication_group(
            ReplicationGroupId=name,
            ReplicationGroupDescription=name,
            NumCacheClusters=2,
            SnapshotRetentionLimit=days,
            SnapshotWindow="03:00-04:00",
        )
    pass_time(sandbox, 10 * DAY)

    snapshots = cache.describe_snapshots(ReplicationGroupId="kept")["Snapshots"]

    assert len(snapshots) == 5
    assert all(each["SnapshotName"].startswith("automatic.kept-002-") for each in snapshots)
    assert {(each["SnapshotSource"], each["SnapshotStatus"]) for each in snapshots} == {("automated", "available")}
    assert cache.describe_snapshots(ReplicationGroupId="bare")["Snapshots"] == []
