"""What may be set in a running sandbox that AWS does not let one set, and what a sandbox only simulates."""

from datetime import datetime

from skyworthy.errors import BadInput
from skyworthy.sandbox.server import Sandbox

SIMULATED = {
    "alarm states": "alarms evaluate the data points that were put; a metric without any shows a calm minute",
    "images": "those that run were pushed, by nobody, and scanned; there is nothing in them",
    "backups": "they are listed with their times; there is nothing in them",
    "tasks": "as many as are desired run and are healthy, unless the services are launched",
}
"""What the sandbox behaves as if it were so, and how."""


def pass_time(sandbox: Sandbox, seconds: float) -> datetime:
    """Let time pass in a sandbox at once, and its alarms be evaluated.

    Args:
        sandbox: a running one.
        seconds: how much; none evaluates the alarms as of now.

    Returns:
        The time by its clock.

    Raises:
        BadInput: seconds are less than none.
    """
    if seconds < 0:
        raise BadInput(f"time passes forward: {seconds:g} seconds is less than none")
    return datetime.fromisoformat(sandbox.control("POST", "clock", {"forward": seconds})["now"])


def set_page_size(sandbox: Sandbox, size: int) -> None:
    """Let every list come in pages of so many items.

    Args:
        sandbox: a running one.
        size: items; 0: as AWS does.

    Raises:
        BadInput: the size is none.
    """
    sandbox.control("POST", "pages", {"size": size})
