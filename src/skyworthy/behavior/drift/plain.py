"""Whether two plain values mean the same to AWS."""

import ipaddress
import json
from typing import Any

from skyworthy.behavior.drift.rules import rules
from skyworthy.estate import Value

_SWITCHES = {"true": True, "false": False}


def is_empty(value: Value) -> bool:
    """Whether a value says that there is nothing: null, an empty text, list or map."""
    return value is None or (isinstance(value, (str, list, tuple, dict)) and not value)


def nothing_set(left: Value, right: Value) -> bool:
    """Whether both sides set nothing; a number or switch that is not set is 0 or false, as in the provider."""
    if is_empty(left):
        return is_empty(right) or right is False or (isinstance(right, (int, float)) and right == 0)
    return is_empty(right) and (left is False or (isinstance(left, (int, float)) and left == 0))


def same(name: str, left: Value, right: Value) -> bool:
    """Whether two plain values, no containers, mean the same.

    Args:
        name: ``type.attribute`` or ``type.block.attribute``.
        left: the one side.
        right: the other side.
    """
    if nothing_set(left, right):
        return True
    if isinstance(left, bool) or isinstance(right, bool):
        return bool(_switch(left) == _switch(right))
    last = name.rpartition(".")[2]
    if not last.endswith("version"):
        numbers = _number(left), _number(right)
        if None not in numbers:
            return numbers[0] == numbers[1]
    if last == "task_definition":
        return _revision(str(left), str(right))
    if name in rules().caseless:
        left, right = str(left).lower(), str(right).lower()
    if last in ("protocol", "ip_protocol"):
        left, right = _protocol(left), _protocol(right)
    return str(left) == str(right) or _spelt(str(left)) == _spelt(str(right))


def _switch(value: Value) -> Any:
    return _SWITCHES.get(value.lower(), value) if isinstance(value, str) else value


def _number(value: Value) -> float | None:
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(value) if isinstance(value, str) and value[:1] in "-.0123456789" else None
    except ValueError:
        return None


def _revision(left: str, right: str) -> bool:
    """Whether two names of a task definition, ARN or family with or without revision, may be of the same one."""
    ours, theirs = (text.rpartition("task-definition/")[2].partition(":") for text in (left, right))
    return ours[0] == theirs[0] and (not ours[2] or not theirs[2] or ours[2] == theirs[2])


def _protocol(value: Value) -> str:
    text = str(value).lower()
    return rules().protocols.get(text, text)


def _spelt(text: str) -> str:
    """One spelling of what can be spelt in several ways: networks, domain names, addresses, ARNs of log groups."""
    if "/" in text and text[:1].isalnum() and ("." in text or ":" in text):
        try:
            return str(ipaddress.ip_network(text, strict=False))
        except ValueError:
            pass
    if text.startswith("https://"):
        return text.removeprefix("https://").removesuffix("/")
    if text.startswith("arn:aws:logs:"):
        return text.removesuffix(":*")
    return text.removesuffix(".")


def decoded(value: Value) -> Value:
    """JSON text decoded; anything else as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
