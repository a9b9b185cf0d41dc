"""Make operations of a running sandbox fail, and work again."""

from skyworthy.sandbox.server import Sandbox


def deny(sandbox: Sandbox, action: str) -> None:
    """Answer an action with an access denied error, in the form that its service uses.

    Args:
        sandbox: the sandbox.
        action: `service:Operation`, with `*` and `?` as wildcards in the operation (`rds:Describe*`).
    """
    inject(sandbox, action, "AccessDenied")


def throttle(sandbox: Sandbox, action: str) -> None:
    """Answer an action with a throttling error, until healed."""
    inject(sandbox, action, "Throttling")


def inject(sandbox: Sandbox, action: str, error: str, message: str = "", status: int = 400) -> None:
    """Answer an action with an error.

    Args:
        sandbox: the sandbox.
        action: as for `deny`.
        error: `AccessDenied`, `Throttling`, `ExpiredToken`, or an error code of the service.
        message: the error's text.
        status: HTTP status of errors that the service does not define.
    """
    service, _, operation = action.partition(":")
    rule = {"service": service, "operation": operation or "*", "error": error, "message": message, "status": status}
    sandbox.control("POST", "faults", rule)


def heal(sandbox: Sandbox) -> None:
    """Let every operation work again."""
    sandbox.control("DELETE", "faults")
