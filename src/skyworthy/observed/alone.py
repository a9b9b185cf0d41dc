"""One resource, without looking at anything else of the account."""

from collections.abc import Mapping
from typing import Any

from skyworthy.estate import Resource
from skyworthy.observed.found import Found
from skyworthy.observed.scopes import Scopes
from skyworthy.observed.session import Session
from skyworthy.observed.tables import tables


def seen_alone(session: Session, declared: Resource, record: Mapping[str, Any]) -> Resource:
    """A declared resource as a record tells it that was read already.

    Args:
        session: knows the service models.
        declared: whose counterpart it is.
        record: as the read of its type gives it, see ``collectors/``.
    """
    kind = tables().types[declared.type]
    read = tables().reads[kind.read]
    found = Found(kind, dict(record), Scopes(tables(), session).record(kind), f"{read.service}:{read.operation}")
    found.paired = declared
    return found.resource()
