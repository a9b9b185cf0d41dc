"""Points in time as the observed side tells them."""

from datetime import datetime, timedelta

from skyworthy.estate import Value

_FRESH = timedelta(hours=24)


def moment(text: str) -> datetime:
    """A time of an answer, ``2026-11-21T15:00:00Z``, aware."""
    return datetime.fromisoformat(text)


def told(age: timedelta) -> str:
    """An age for people: ``3 days``, ``5 hours``, ``20 minutes``."""
    minutes = int(age.total_seconds() // 60)
    for size, name in ((1440, "days"), (60, "hours")):
        if minutes >= 2 * size:
            return f"{minutes // size} {name}"
    return f"{minutes} minutes"


def demand_fresh(snapshots: Value, now: datetime) -> None:
    """Assert that the newest of several backups, each with ``created`` and ``status``, is younger than a day."""
    created = [item["created"] for item in snapshots if item["status"] == "available" and item["created"]]
    assert created, "there is no backup of it"
    newest = max(created)
    age = now - moment(newest)
    assert age <= _FRESH, f"its newest backup is of {newest}, {told(age)} ago"
