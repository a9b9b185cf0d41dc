"""Whether the containers of a running task hold the variables that they were given, without seeing a value.

The container itself makes a digest of each value, with a salt of this one question, and sends a part of it: enough to
tell two values apart, too little to find one out from a recorded session.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any

from skyworthy.probes.running import Held

DIGITS = 12
"""Hexadecimal digits of a digest that are compared."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOOK = (
    "command -v sha256sum >/dev/null && command -v cut >/dev/null || exit 9; "
    "for name in %s; do "
    'eval "set=\\${$name+set} value=\\$$name"; '
    'if [ -z "$set" ]; then echo "$name unset"; '
    'elif [ -z "$value" ]; then echo "$name empty"; '
    'else digest=$(printf %%s "%s$value" | sha256sum | cut -c1-%d); echo "$name $digest"; fi; done'
)


class CannotLook(Exception):
    """A container cannot be asked; the message says why."""


def held(host: Any, expected: Mapping[str, str | None]) -> dict[str, Held]:
    """How a container holds variables.

    Args:
        host: of pytest-testinfra.
        expected: name -> the value that it should have; None: any but an empty one.

    Raises:
        CannotLook: a name is none that a shell knows, or the container lacks the tools.
    """
    strange = [name for name in expected if not _NAME.fullmatch(name)]
    if strange:
        raise CannotLook(f"a shell cannot read a variable of the name {strange[0]!r}")
    if not expected:
        return {}
    salt = secrets.token_hex(8)
    done = host.run(_LOOK % (" ".join(expected), salt, DIGITS))
    told = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    if done.rc or set(told) != set(expected):
        raise CannotLook("the container cannot tell: it needs sh, sha256sum and cut")
    return {name: _judged(told[name], value, salt) for name, value in expected.items()}


def _judged(told: str, value: str | None, salt: str) -> Held:
    if told == "unset":
        return "unset"
    if value == "":
        return "held" if told == "empty" else "differs"
    if told == "empty":
        return "empty"
    return "held" if value is None or told == digest(value, salt) else "differs"


def digest(value: str, salt: str) -> str:
    """The part of a value's digest that is compared."""
    return hashlib.sha256(f"{salt}{value}".encode()).hexdigest()[:DIGITS]
