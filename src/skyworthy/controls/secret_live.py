"""Controls of what a secret holds, and of its rotation, as they are now."""

from datetime import datetime, timedelta

from skyworthy.controls.moments import moment, told
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, known

_SECRET = "aws_secretsmanager_secret"  # noqa: S105 - a type
_VERSION = "aws_secretsmanager_secret_version"
_ROTATION_MAY_TAKE = timedelta(days=1)
"""How long after its date a rotation counts as late: its window may be 24 hours long, and failures are tried again.

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
"""


@control("secret.values-filled", on=_SECRET, severity="critical", refs=["REQ SEC-4"], lenses=("observed",))
def values_are_filled(secret: Resource, estate: Estate) -> None:
    """Every key of a secret holds a value, neither empty nor a placeholder.

    Why: a task starts with an empty key as gladly as with a right one, and fails at its first use.
    Fix: put the real values into the secret; Terraform leaves them alone.
    """
    versions = [item for item in estate.of(_VERSION) if estate.find(item["secret_id"], _SECRET) is secret]
    if not versions:
        not_applicable("its value is not part of the stack")
    problems = []
    for version in versions:
        content = version["secret_string"]
        values = content if isinstance(content, dict) else {"the whole secret": content}
        empty = sorted(key for key, value in values.items() if not known(value))
        written_later = sorted(key for key, value in values.items() if getattr(value, "placeholder", False))
        problems += [f"empty: {', '.join(empty)}"] * bool(empty)
        problems += [f"still a placeholder: {', '.join(written_later)}"] * bool(written_later)
    assert not problems, "; ".join(problems)


@control(
    "secret.rotation-succeeds",
    on=_SECRET,
    severity="medium",
    refs=["REQ SEC-4", "FSBP SecretsManager.2"],
    lenses=("observed",),
)
def rotation_happens_when_due(secret: Resource, now: datetime) -> None:
    """A secret that is to be rotated was rotated when it was due.

    Why: a rotation that fails is tried again and given up in silence, and the password that was to go stays valid.
    Fix: read the log of the rotation function: may it reach and change the database, and the secret?
    """
    if not secret["rotation_enabled"]:
        not_applicable("it is not rotated")
    due = secret["next_rotation_date"]
    if due is None:
        raise Undecidable("AWS does not say when it is to be rotated")
    late = now - moment(due)
    last = secret["last_rotated_date"]
    assert late <= _ROTATION_MAY_TAKE, f"its rotation was due on {due}, {told(late)} ago; " + (
        f"it was last rotated on {last}" if last else "it was never rotated"
    )
