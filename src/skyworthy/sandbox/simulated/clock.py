"""The sandbox's clock: the machine's, set forward or back on request, so that nothing has to wait for a period to end.

What depends on it: which data points an alarm judges by, when its state changed, the time of a data point that is put
without one, how recent a backup is. moto's own dates stay those of the machine.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from moto import backends
from moto.core.utils import utcnow

from skyworthy.sandbox.account.calls import account_id

_HOME = "us-east-1"
_FIELD = "sky_clock_offset"


def now() -> datetime:
    """The time, aware, in UTC."""
    return utcnow().replace(tzinfo=UTC) + _offset()


def plain() -> datetime:
    """The time in UTC as moto writes it: without a time zone."""
    return now().replace(tzinfo=None)


def set_to(moment: datetime) -> None:
    """Make it a moment now; time passes from there.

    Args:
        moment: aware.
    """
    vars(_store())[_FIELD] = moment - utcnow().replace(tzinfo=UTC)


def forward(seconds: float) -> None:
    """Let time pass at once."""
    vars(_store())[_FIELD] = _offset() + timedelta(seconds=seconds)


def aware(moment: datetime) -> datetime:
    """A moment with its time zone; moto writes UTC without one."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _offset() -> timedelta:
    found: timedelta = vars(_store()).get(_FIELD, timedelta())
    return found


def _store() -> Any:
    """One of moto's stores, so that reset and snapshots see to the clock too."""
    return backends.get_backend("cloudwatch")[account_id()][_HOME]
