"""Backups that AWS takes by itself: which there are at a time, and how far back they reach.

Sources: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html and
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-automatic.html
"""

from datetime import datetime, time, timedelta

UPLOAD = timedelta(minutes=5)
"""How often RDS saves the transaction logs, up to which a database can be restored."""


def moments(created: datetime, window: str, days: int, now: datetime) -> list[datetime]:
    """When the backups were taken that are still kept, oldest first.

    The first one follows the creation, the others the daily window.

    Args:
        created: when there was something to back up.
        window: `03:00-04:00`, in UTC.
        days: how long a backup is kept; 0: none is taken.
        now: the time.
    """
    oldest = now - timedelta(days=days)
    start = time.fromisoformat(window.partition("-")[0])
    dates = [(now - timedelta(days=back)).date() for back in range(days, -1, -1)]
    found = [created, *(datetime.combine(date, start, now.tzinfo) for date in dates)]
    return [each for each in found if days and created <= each <= now and each > oldest]


def restorable(created: datetime, days: int, now: datetime) -> datetime | None:
    """The latest time to which a database can be restored; None where no backups are kept."""
    if not days:
        return None
    seconds = now.timestamp() // UPLOAD.total_seconds() * UPLOAD.total_seconds()
    return max(created, datetime.fromtimestamp(seconds, now.tzinfo))
