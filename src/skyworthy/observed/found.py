"""A resource as it was found, before and after it is paired with a declared one."""

from collections.abc import Iterable, Mapping
from typing import Any

import jmespath  # type: ignore[import-untyped]

from skyworthy.estate import Resource, Unknown, Value
from skyworthy.observed.attributes import evaluate
from skyworthy.observed.model import Kind
from skyworthy.observed.tables import CollectedType

NOT_READ = Unknown("skyworthy does not read it from AWS")


class Found:
    """One record of an answer that is a resource.

    Args:
        type: its collector.
        record: of the answer; details are added to it as they are read.
        kind: what botocore says of the record.
        source: the operation, for messages.
    """

    def __init__(self, type: CollectedType, record: dict[str, Any], kind: Kind, source: str) -> None:
        self.type = type
        self.record = record
        self.paired: Resource | None = None
        self._kind = kind
        self._source = source
        self._values: dict[str, Value] = {}
        self._own: Mapping[str, Value] = {}

    def part(self, own: Mapping[str, Value]) -> "Found":
        """The same, to be paired with one of several declared resources that are parts of it.

        Args:
            own: the attributes of that one, which are found in it.
        """
        made = Found(self.type, self.record, self._kind, self._source)
        made._own = own
        return made

    def add(self, key: str, answer: Any) -> None:
        """Keep the answer of a detail, or why there is none."""
        self.record[key] = answer
        self._values.clear()

    def attribute(self, name: str) -> Value:
        """An attribute in Terraform's vocabulary; ``tags.Name`` is the value of a tag."""
        if name not in self._values:
            self._values[name] = self._evaluated(name)
        return self._values[name]

    def _evaluated(self, name: str) -> Value:
        head, _, rest = name.partition(".")
        if rest:
            value = self.attribute(head)
            return value.get(rest) if isinstance(value, Mapping) else value
        if head == "tags_all" and "tags" in self.type.attributes:
            head = "tags"
        if head not in self.type.attributes:
            return NOT_READ
        return evaluate(self.type.attributes[head], self.record, self._kind, self._source)

    @property
    def aws_made(self) -> bool:
        """Whether AWS made it by itself."""
        return bool(self.type.aws_made and jmespath.search(self.type.aws_made, self.record))

    @property
    def label(self) -> str:
        """What to call it where the code has no address for it: ``aws_db_instance(ohmycoins-old)``."""
        names = [self.attribute(name) for name in (self.type.says, "name", "tags.Name", "id")]
        return f"{self.type.name}({next((name for name in names if isinstance(name, str) and name), 'without a name')})"

    def resource(self) -> Resource:
        """The resource for the estate: at the declared address where it is paired."""
        declared = self.paired
        attributes = {name: self.attribute(name) for name in self.type.attributes} | dict(self._own)
        if "tags" in attributes:
            attributes["tags_all"] = attributes["tags"]
        if declared is None:
            return Resource(self.label, self.type.name, attributes, blank=NOT_READ)
        for name in self.type.arguments:
            attributes[name] = declared.peek(name)
        if isinstance(attributes.get("tags"), Mapping):
            attributes["tags"] = _without_defaults(attributes["tags"], declared)
        return Resource(
            declared.address,
            self.type.name,
            attributes,
            declared.location,
            data=declared.data,
            lifecycle=declared.lifecycle,
            blank=NOT_READ,
        )


def distinct(found: Iterable[Found]) -> list[Found]:
    """Resources without repetitions: two databases tell of the one subnet group that they share."""
    kept: list[Found] = []
    by_id: dict[str, list[Found]] = {}
    for item in found:
        id = item.attribute("id")
        same = by_id.setdefault(id, []) if isinstance(id, str) else []
        if all(item.record != other.record for other in same):
            same.append(item)
            kept.append(item)
    return kept


def _without_defaults(tags: Mapping[str, str], declared: Resource) -> dict[str, str]:
    """The tags without those that only the provider's ``default_tags`` add, as Terraform keeps them."""
    own, everything = declared.peek("tags"), declared.peek("tags_all")
    own = own if isinstance(own, Mapping) else {}
    everything = everything if isinstance(everything, Mapping) else {}
    return {key: value for key, value in tags.items() if key in own or key not in everything}
