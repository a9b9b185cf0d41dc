"""Controls of a cache's backups as they are now."""

from datetime import datetime

from skyworthy.controls.moments import demand_fresh
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Resource

_CACHE = "aws_elasticache_replication_group"


@control("redis.backup-fresh", on=_CACHE, severity="medium", refs=["REQ DAT-2"], lenses=("observed",))
def cache_backup_is_fresh(cache: Resource, now: datetime) -> None:
    """The newest backup of a cache that is backed up is younger than a day.

    Why: a cache that holds what is nowhere else is only as safe as its last backup.
    Fix: look at the replication group's events for why the last backup failed.
    """
    if not cache["snapshot_retention_limit"]:
        not_applicable("it is not backed up")
    demand_fresh(cache["snapshots"], now)
