"""The instances that ``count`` and ``for_each`` make of a block."""

from skyworthy.declared.evaluation.expressions import pairs_of
from skyworthy.declared.evaluation.values import Lazy, SetValue, because, to_number, undetermined
from skyworthy.declared.hcl import Block
from skyworthy.estate import Unknown, Value

Keys = list[tuple[str, dict[str, Value]]]
"""Instances of a block: the index as it stands in the address (``""``, ``[0]``, ``["a"]``) and what is bound in it."""
MOST_INSTANCES = 10_000
"""Of one block; one with more stands as a placeholder, since reading them would take minutes."""


def by_count(count: Value) -> "Keys | Unknown":
    """The instances that a count makes, or why they are not known."""
    if undetermined(count):
        return because(count)
    number = int(to_number(count))
    if number > MOST_INSTANCES:
        return _too_many(number)
    return [(f"[{index}]", {"count": {"index": index}}) for index in range(number)]


def _too_many(number: int) -> Unknown:
    return Unknown(f"{number} instances of one block are more than the {MOST_INSTANCES} that are read")


def by_key(collection: Value) -> "Keys | Unknown":
    """The instances that a set or map makes, or why they are not known."""
    pairs = pairs_of(collection)
    if isinstance(pairs, Unknown):
        return pairs
    if isinstance(collection, list) and not isinstance(collection, SetValue):
        return Unknown("for_each is a list; Terraform wants a set or a map")
    if len(pairs) > MOST_INSTANCES:
        return _too_many(len(pairs))
    keys: Keys = []
    for key, value in pairs:
        if undetermined(key) or not isinstance(key, (str, int, float)):
            return because(key) if undetermined(key) else Unknown(f"for_each has a key that is {key!r}")
        if "${" in str(key):
            return Unknown(f"for_each has a key that is known after apply: {key}")
        text = str(key).replace("\\", "\\\\").replace('"', '\\"')
        keys.append((f'["{text}"]', {"each": {"key": str(key), "value": value}}))
    return keys


def collection_of(block: Block, values: list[tuple[dict[str, Value], Lazy]]) -> Value:
    """What a block stands for: its one instance, a list by count, a map by key."""
    if "count" in block.body.attributes:
        return [value for _, value in values]
    if "for_each" in block.body.attributes:
        return {str(bound["each"]["key"]): value for bound, value in values}
    return values[0][1]
