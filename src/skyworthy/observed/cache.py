"""One observation for all processes of a test session: the first one looks, the others read what it saw.

The file holds an observation as JSON; of secrets it holds what :class:`SecretValue` holds, never a value. Of missing
resources it holds where they are declared, not what with: declared attributes may be given by sensitive variables.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from skyworthy.estate import Estate, Resource, Unknown, Value
from skyworthy.estate.codec import decode, decode_value, encode, encode_value
from skyworthy.observed.observe import Observation
from skyworthy.observed.secrets import SecretValue

_SECRET = "$secret"  # noqa: S105 - a marker


def observe_once(folder: Path, key: str, observe: Callable[[], Observation]) -> Observation:
    """The observation of this session, made by whichever process comes first.

    Args:
        folder: shared by the processes of one session and by nothing else; made if need be.
        key: what was observed, where, and how: another key is another observation.
        observe: makes the observation.

    Raises:
        BadInput: what ``observe`` raises; nothing is kept then, the next process tries anew.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"observation-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    with FileLock(f"{file}.lock"):
        if file.is_file():
            return load(json.loads(file.read_text("utf-8")))
        observation = observe()
        _write(file, json.dumps(dump(observation)))
        return observation


def dump(observation: Observation) -> dict[str, Any]:
    """An observation as JSON data."""
    return {
        "calls": dict(observation.calls),
        "seconds": observation.seconds,
        "account": observation.account,
        "region": observation.region,
        "notes": list(observation.notes),
        "estate": encode(_with(observation.estate, _concealed)),
        "missing": encode(Estate(tuple(_bare(resource) for resource in observation.missing))),
        "unmanaged": [resource.address for resource in observation.unmanaged],
        "undecided": encode_value(dict(observation.undecided)),
    }


def load(data: Mapping[str, Any]) -> Observation:
    """The observation that :func:`dump` wrote."""
    estate = _with(decode(data["estate"]), _revealed)
    unmanaged = set(data["unmanaged"])
    return Observation(
        estate=estate,
        missing=decode(data["missing"]).resources,
        unmanaged=tuple(resource for resource in estate if resource.address in unmanaged),
        undecided=decode_value(data["undecided"]),
        calls=data["calls"],
        seconds=data["seconds"],
        account=data["account"],
        region=data["region"],
        notes=tuple(data["notes"]),
    )


_NOT_KEPT = Unknown("it is not in the account")


def _bare(resource: Resource) -> Resource:
    return Resource(resource.address, resource.type, {}, resource.location, blank=_NOT_KEPT)


def _write(file: Path, text: str) -> None:
    """Write for this user alone, whole or not at all."""
    temporary = file.with_suffix(".tmp")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write(text)
    temporary.replace(file)


def _with(estate: Estate, change: Callable[[Value], Value]) -> Estate:
    def changed(resource: Resource) -> Resource:
        return dataclasses.replace(resource, attributes=change(dict(resource.attributes)))

    return dataclasses.replace(estate, resources=tuple(changed(resource) for resource in estate))


def _concealed(value: Value) -> Value:
    """Secret values as JSON can hold them."""
    if isinstance(value, SecretValue):
        return {_SECRET: dataclasses.asdict(value)}
    if isinstance(value, Mapping):
        return {key: _concealed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_concealed(item) for item in value]
    return value


def _revealed(value: Value) -> Value:
    if isinstance(value, Mapping):
        if value.keys() == {_SECRET}:
            return SecretValue(**value[_SECRET])
        return {key: _revealed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_revealed(item) for item in value]
    return value
