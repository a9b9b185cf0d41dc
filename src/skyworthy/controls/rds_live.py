"""Controls of a database's backups and maintenance as they are now."""

from datetime import datetime, timedelta

from skyworthy.controls.moments import demand_fresh, moment, told
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Resource

_DATABASE = "aws_db_instance"
_RESTORABLE = timedelta(minutes=15)


@control("rds.restorable-lately", on=_DATABASE, severity="high", refs=["REQ DAT-2"], lenses=("observed",))
def database_can_be_restored(database: Resource, now: datetime) -> None:
    """A database can be restored to a point at most 15 minutes ago.

    Why: RDS saves the transaction logs every five minutes; where it does not, all that came since is lost in a restore.
    Fix: keep automated backups (`backup_retention_period`), and look at the database's events.
    """
    _demand_own_backups(database)
    latest = database["latest_restorable_time"]
    assert latest, "it cannot be restored to any point in time"
    age = now - moment(latest)
    assert age <= _RESTORABLE, f"it can be restored to {latest} at best, {told(age)} ago"


@control("rds.backup-fresh", on=_DATABASE, severity="high", refs=["REQ DAT-2"], lenses=("observed",))
def database_backup_is_fresh(database: Resource, now: datetime) -> None:
    """The newest backup of a database is younger than a day.

    Why: the older the backup, the longer a restore takes, and the more can be wrong on the way.
    Fix: look at the database's events for why the last backup failed.
    """
    _demand_own_backups(database)
    demand_fresh(database["snapshots"], now)


@control("rds.no-pending-changes", on=_DATABASE, severity="medium", refs=["REQ DAT-2"], lenses=("observed",))
def no_change_waits(database: Resource) -> None:
    """No change of a database waits for its maintenance window.

    Why: what was changed is not in force, and the window will restart the database when nobody expects it.
    Fix: apply it at a time of your choice (`apply_immediately`), or take it back.
    """
    waiting = sorted(database["pending_modified_values"] or ())
    assert not waiting, f"waits for the maintenance window: {', '.join(waiting)}"


@control("rds.no-forced-maintenance", on=_DATABASE, severity="medium", refs=["REQ DAT-2"], lenses=("observed",))
def no_maintenance_is_forced(database: Resource) -> None:
    """AWS has set no date for maintenance of a database.

    Why: a forced upgrade interrupts the database, and may break what relies on the present version.
    Fix: carry the maintenance out before that date, in a window of your choice.
    """
    dated = [item for item in database["pending_maintenance"] if item["applied_on"]]
    told_of = [f"{item['action']} on {item['applied_on']}: {item['description']}" for item in dated]
    assert not told_of, "; ".join(told_of)


def _demand_own_backups(database: Resource) -> None:
    if database["replicate_source_db"]:
        not_applicable("it is a replica, which is backed up through its source")
    assert database["backup_retention_period"], "it is not backed up: backup_retention_period is 0"
