"""Break a running sandbox on purpose, and heal it.

- `catalogue` lists named faults, `inject_fault` injects one: a resource is deleted or changed by ordinary calls of the
  AWS API, or calls fail on their way (throttled, reset, half a page).
- `deny`, `throttle`, `slow`, `inject` make single operations fail.
- `heal` undoes all of it. The server keeps what the account held before the first fault and puts that back, from
  whichever process it is asked; what was changed in between is lost.
"""

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from skyworthy.errors import BadInput
from skyworthy.sandbox.faults import (  # noqa: F401 - importing them fills the catalogue
    alarms,
    balancing,
    data,
    hardening,
    network,
    permissions,
    secrets,
    services,
    transport,
)
from skyworthy.sandbox.faults.registry import Fault, Hit, find, registered
from skyworthy.sandbox.faults.stack import Stack
from skyworthy.sandbox.server import Sandbox

__all__ = [
    "Fault",
    "Hit",
    "Injected",
    "catalogue",
    "deny",
    "heal",
    "inject",
    "inject_fault",
    "injected",
    "slow",
    "throttle",
]


@dataclass(frozen=True)
class Injected:
    """A fault that was injected.

    Args:
        fault: which.
        hit: the resource that it changed; None for a transport fault.
    """

    fault: Fault
    hit: Hit | None


def catalogue() -> tuple[Fault, ...]:
    """Every named fault, by id."""
    return registered()


def inject_fault(sandbox: Sandbox, id: str) -> Injected:
    """Break the stack in a sandbox in a named way, until `heal`.

    Args:
        sandbox: a running sandbox that holds a stack.
        id: of the catalogue.

    Raises:
        BadInput: no such fault, the stack has nothing that it could break, or a call was refused; then everything is
            as before the call.
    """
    fault = find(id)
    if id in injected(sandbox):
        raise BadInput(f"{id} is in force already; heal the sandbox first")
    sandbox.control("POST", "snapshots", {"name": id})
    for rule in fault.rules:
        sandbox.control("POST", "faults", rule)
    if fault.inject is None:
        return Injected(fault, None)
    try:
        return Injected(fault, fault.inject(Stack(sandbox)))
    except BadInput as error:
        sandbox.control("POST", "restore", {"name": id})
        raise BadInput(f"{id}: {error}") from error
    except (ClientError, BotoCoreError) as error:
        sandbox.control("POST", "restore", {"name": id})
        raise BadInput(f"{id} could not be injected: {error}") from error


def injected(sandbox: Sandbox) -> tuple[str, ...]:
    """Ids of the named faults that are in force, in order."""
    return tuple(sandbox.control("GET", "snapshots"))


def deny(sandbox: Sandbox, action: str) -> None:
    """Answer an action with an access denied error, in the form that its service uses.

    Args:
        sandbox: the sandbox.
        action: `service:Operation`, with `*` and `?` as wildcards in the operation (`rds:Describe*`).
    """
    inject(sandbox, action, "AccessDenied")


def throttle(sandbox: Sandbox, action: str, *, every: int = 0, rate: float = 0.0) -> None:
    """Answer an action with a throttling error, until healed.

    Args:
        sandbox: the sandbox.
        action: as for `deny`.
        every: only each so-manieth call; 0: each.
        rate: only the calls beyond so many a second; 0: each.
    """
    sandbox.control("POST", "faults", {**_action(action), "error": "Throttling", "every": every, "rate": rate})


def slow(sandbox: Sandbox, action: str, seconds: float) -> None:
    """Answer an action so many seconds later, until healed.

    Args:
        sandbox: the sandbox.
        action: as for `deny`; `*` for all.
        seconds: more than none.
    """
    sandbox.control("POST", "faults", {**_action(action), "seconds": seconds})


def inject(sandbox: Sandbox, action: str, error: str, message: str = "", status: int = 400) -> None:
    """Answer an action with an error.

    Args:
        sandbox: the sandbox.
        action: as for `deny`.
        error: `AccessDenied`, `Throttling`, `ExpiredToken`, or an error code of the service.
        message: the error's text.
        status: HTTP status of errors that the service does not define.
    """
    rule = {**_action(action), "error": error, "message": message, "status": status}
    sandbox.control("POST", "faults", rule)


def _action(action: str) -> dict[str, str]:
    service, _, operation = action.partition(":")
    return {"service": service, "operation": operation or "*"}


def heal(sandbox: Sandbox) -> None:
    """Let every operation work again, and put the account back as it was before the first named fault."""
    sandbox.control("DELETE", "faults")
    if injected(sandbox):
        sandbox.control("POST", "restore", {})
