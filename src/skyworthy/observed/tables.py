"""The collectors: one table per service (``collectors/*.toml``) that says what to call and what the answers mean.

A *read* is an API operation and the place of the items in its answer; a *type* is a Terraform type, the read whose
items are its resources, how they are paired with declared ones, and which attribute stands where. Places are JMESPath.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources
from typing import Any

from botocore import xform_name

from skyworthy.errors import BadInput
from skyworthy.observed.model import names_in


@dataclass(frozen=True)
class Read:
    """One operation, called once, or once for each of something.

    Args:
        name: ``service.name``.
        service: botocore's name.
        operation: name in the API.
        items: place of the items in an answer (a list, or one object).
        parameters: constants; ``{account}``, ``{region}`` and ``{partition}`` are filled in.
        each: a Terraform type: called for each resource of the stack that was found of it.
        declared: a Terraform type: called for each declared resource of it (where listing all would cost more).
        batch: another read of the service: called with several of its items at once, or with each.
        batch_parameter: the parameter that takes several values at once, of ``batch``, of ``declared``, or of the
            parent's item (``each`` with ``into``); empty: none does.
        batch_value: place of the value in each item; of all values in the parent's, which other details may have
            given.
        size: how many at once.
        arguments: parameter -> place in the parent's item (``each``, ``batch``), or text with ``{attribute}``
            of the declared resource (``declared``; ``{url!h}`` leaves out the scheme).
        into: the answer belongs to the parent: the key of the parent's item under which it is kept.
        absent: error codes that mean "there is none", which is an answer.
        detail: made only where details are asked for.
        secret: made only where secrets are asked for.
        thorough: made only by a thorough run (``[live] thorough``), so that an ordinary one stays within its calls.
        settled: JMESPath on the answer: true once AWS has carried out what it was told before; until then it is asked
            again for ``within`` seconds.
        within: seconds.
    """

    name: str
    service: str
    operation: str
    items: str = "@"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    each: str = ""
    declared: str = ""
    batch: str = ""
    batch_parameter: str = ""
    batch_value: str = "@"
    size: int = 100
    arguments: Mapping[str, str] = field(default_factory=dict)
    into: str = ""
    absent: tuple[str, ...] = ()
    detail: bool = False
    secret: bool = False
    thorough: bool = False
    settled: str = ""
    within: float = 0.0


@dataclass(frozen=True)
class Via:
    """A pairing through another resource that names this one: the key through its alias.

    Args:
        type: Terraform type of the other resource.
        attribute: its attribute that names this one.
    """

    type: str
    attribute: str


@dataclass(frozen=True)
class CollectedType:
    """How a Terraform type is seen in the account.

    Args:
        name: Terraform's type.
        read: name of the read whose items hold the resources.
        otherwise: name of a read that is made only where that one did not show every declared resource.
        counted_by: ``type.attribute``: how many there are; where that is more than were found, ``otherwise`` is read.
        records: place of the resources in an item: the item itself, or a list in it.
        match: alternatives, in order, each a list of keys that must all equal the declared ones (see ``keys.py``).
        via: pairings tried after those.
        inside: attributes that put a found resource within the stack: the id of a paired resource, or a name (marked
            by a leading ``~``) that starts as those of the stack do. Empty: never reported as unmanaged.
        aws_made: JMESPath on a record, true for what AWS makes by itself.
        also: collected too where one of these types is declared.
        arguments: settings that only Terraform keeps; AWS does not know them, so the declared ones stand.
        attributes: attribute -> where it stands: JMESPath, or a table (see ``attributes.py``).
        says: what a resource is called in messages: an attribute.
        shared: several declared resources may each be a part of one that is found.
        inline: ``attribute:block``: the attribute names the parent, which may hold resources of the type as nested
            blocks of its own; then they are not reported as unmanaged.
        elsewhere: attributes by which other resources name it, or types, as which the code may manage it; where the
            code has one of them, it is not reported as unmanaged.
    """

    name: str
    read: str
    otherwise: str = ""
    counted_by: str = ""
    records: str = "@"
    match: tuple[tuple[str, ...], ...] = ()
    via: tuple[Via, ...] = ()
    inside: tuple[str, ...] = ()
    aws_made: str = ""
    also: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    says: str = "name"
    shared: bool = False
    inline: str = ""
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True)
class Metric:
    """A metric whose data points belong to each found resource of a type.

    Args:
        name: ``service.name``.
        of: the Terraform type.
        into: the key of the record under which they are kept: a list of ``{time, value}``, oldest first.
        namespace: of the metric; this and the following are text with ``{attribute}`` of the found resource (``!n``:
            the last part of an ARN, ``!b``: a load balancer's part of it).
        metric: its name.
        dimensions: name -> value.
        stat: the statistic of a minute.
    """

    name: str
    of: str
    into: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    stat: str = "SampleCount"


@dataclass(frozen=True)
class Tables:
    """All collectors.

    Args:
        reads: by name.
        types: by Terraform type.
        metrics: by name.
    """

    reads: Mapping[str, Read]
    types: Mapping[str, CollectedType]
    metrics: Mapping[str, Metric] = field(default_factory=dict)

    def details_of(self, name: str) -> tuple[Read, ...]:
        """The reads whose answers belong to resources of a type."""
        return tuple(read for read in self.reads.values() if read.each == name and read.into)

    def leaned_on(self, read: Read) -> tuple[Read, ...]:
        """The details of the same parent from which a detail takes its values."""
        if not (read.into and read.batch_parameter):
            return ()
        names = names_in(read.batch_value)
        return tuple(other for other in self.details_of(read.each) if other.into in names)

    def operations(self) -> tuple[str, ...]:
        """``service:Operation`` of every read, and of the metrics, sorted."""
        found = {f"{read.service}:{read.operation}" for read in self.reads.values()}
        return tuple(sorted(found | {"cloudwatch:GetMetricData"} if self.metrics else found))


def _made(kind: type[Any], where: str, row: Mapping[str, Any]) -> Any:
    unknown = set(row) - {item.name for item in fields(kind)}
    if unknown:
        raise BadInput(f"{where}: no such key: {', '.join(sorted(unknown))}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()})


def _type(where: str, service: str, name: str, row: dict[str, Any]) -> CollectedType:
    attributes = {xform_name(api): api for api in row.pop("same", ())} | row.pop("attributes", {})
    via = tuple(Via(*item.split(".")) for item in row.pop("via", ()))
    match = tuple(tuple(keys) for keys in row.pop("match", ()))
    row["read"] = f"{service}.{row['read']}"
    if "otherwise" in row:
        row["otherwise"] = f"{service}.{row['otherwise']}"
    given = {**row, "name": name, "match": match, "via": via, "attributes": attributes}
    return _made(CollectedType, where, given)  # type: ignore[no-any-return]


def parse(texts: Iterable[tuple[str, str]]) -> Tables:
    """The tables of several files.

    Args:
        texts: file name and TOML text.

    Raises:
        BadInput: a key that does not exist, or a read that is not there.
    """
    reads: dict[str, Read] = {}
    types: dict[str, CollectedType] = {}
    metrics: dict[str, Metric] = {}
    for file, text in texts:
        document = tomllib.loads(text)
        service = document["service"]
        for name, row in document.get("reads", {}).items():
            full = f"{service}.{name}"
            batch = {"batch": f"{service}.{row['batch']}"} if "batch" in row else {}
            reads[full] = _made(Read, f"{file}: reads.{name}", {**row, "name": full, "service": service, **batch})
        for name, row in document.get("types", {}).items():
            types[name] = _type(f"{file}: types.{name}", service, name, dict(row))
        for name, row in document.get("metrics", {}).items():
            full = f"{service}.{name}"
            metrics[full] = _made(Metric, f"{file}: metrics.{name}", {**row, "name": full})
    missing = {name for item in types.values() for name in (item.read, item.otherwise) if name}
    missing |= {read.batch for read in reads.values() if read.batch}
    if missing - reads.keys():
        raise BadInput(f"collectors: no such read: {', '.join(sorted(missing - reads.keys()))}")
    return Tables(reads, types, metrics)


@cache
def tables() -> Tables:
    """The collectors of this package."""
    folder = resources.files("skyworthy.observed").joinpath("collectors")
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name)
    return parse((item.name, item.read_text("utf-8")) for item in files)
