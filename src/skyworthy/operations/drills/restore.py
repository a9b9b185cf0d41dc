"""The restore drill: whether the newest snapshot of each database is one that could be restored. It only looks.

Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBSnapshot.html
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from skyworthy.errors import BadInput
from skyworthy.estate import Resource
from skyworthy.operations.drills.drill import Finding, Setting

OLDEST = timedelta(hours=26)
"""Automated backups are made once a day, within a window."""
_ALIKE = (
    ("Engine", "Engine", "engine"),
    ("EngineVersion", "EngineVersion", "engine version"),
    ("KmsKeyId", "KmsKeyId", "key"),
    ("AllocatedStorage", "AllocatedStorage", "storage"),
    ("Port", "Endpoint.Port", "port"),
)
"""Member of a snapshot, member of the database, what both are called."""


class RestoreDrill:
    """See the module."""

    allowed: frozenset[str] = frozenset()

    def plan(self, setting: Setting) -> Sequence[str]:
        """See :class:`Drill`."""
        if not setting.estate.of("aws_db_instance"):
            raise BadInput(f"{setting.estate.name} has no database")
        return []

    def run(self, setting: Setting) -> list[Finding]:
        """See :class:`Drill`."""
        return [_tried(database, setting) for database in setting.estate.of("aws_db_instance")]


def _tried(database: Resource, setting: Setting) -> Finding:
    name = str(database["identifier"])
    rds = setting.session.client("rds")
    setting.progress(f"reading the snapshots of {name}")
    try:
        (real,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        pages = rds.get_paginator("describe_db_snapshots").paginate(DBInstanceIdentifier=name)
        snapshots = [item for page in pages for item in page["DBSnapshots"]]
    except (ClientError, BotoCoreError) as error:
        return Finding(name, "unknown", f"cannot be asked: {error}")
    finished = [item for item in snapshots if item.get("SnapshotCreateTime")]
    if not finished:
        return Finding(name, "fail", "it has no snapshot")
    newest = max(finished, key=lambda item: item["SnapshotCreateTime"])
    return judged(name, newest, real, datetime.now(UTC))


def judged(name: str, snapshot: Mapping[str, Any], database: Mapping[str, Any], now: datetime) -> Finding:
    """Whether a snapshot could take the place of its database.

    Args:
        name: of the database.
        snapshot: its newest, as DescribeDBSnapshots tells it.
        database: as DescribeDBInstances tells it.
        now: with a time zone.
    """
    problems = list(_problems(snapshot, database, now))
    shown = f"{snapshot['DBSnapshotIdentifier']} of {snapshot['SnapshotCreateTime']:%Y-%m-%d %H:%M} UTC"
    if problems:
        return Finding(name, "fail", f"{shown}: {'; '.join(problems)}")
    return Finding(name, "pass", f"{shown}: whole, encrypted as the database, {snapshot['AllocatedStorage']} GiB")


def _problems(snapshot: Mapping[str, Any], database: Mapping[str, Any], now: datetime) -> Iterator[str]:
    if snapshot["Status"] != "available":
        yield f"its status is {snapshot['Status']}"
    age = now - snapshot["SnapshotCreateTime"]
    if age > OLDEST:
        yield f"it is {_hours(age)} hours old, {_hours(OLDEST)} at most are normal"
    if not snapshot.get("Encrypted"):
        yield "it is not encrypted"
    for member, path, called in _ALIKE:
        of_database: Any = database
        for part in path.split("."):
            of_database = of_database.get(part) if of_database else None
        if member in snapshot and of_database is not None and snapshot[member] != of_database:
            yield f"its {called} is {snapshot[member]}, the database's {of_database}"


def _hours(time: timedelta) -> int:
    return round(time.total_seconds() / 3600)
