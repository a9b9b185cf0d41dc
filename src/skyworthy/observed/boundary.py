"""The boundary of the stack: which found resources belong to it although the code does not know them."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property, reduce

from skyworthy.estate import Estate, Resource, references
from skyworthy.observed.found import Found
from skyworthy.observed.pairing import Pairing

_NAMED_BY = {
    "aws_db_instance": "identifier",
    "aws_ecs_cluster": "name",
    "aws_elasticache_replication_group": "replication_group_id",
    "aws_lb": "name",
    "aws_vpc": "tags.Name",
}
"""Types of which a stack has one or few, and the attribute that bears the stack's name."""
_WORD = re.compile(r"[^-_/.]+")
_SHORTEST = 4


def _value(resource: Resource, name: str) -> str:
    head, _, rest = name.partition(".")
    value = resource.attributes.get(head)
    if rest:
        value = value.get(rest) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def stack_name(declared: Iterable[Resource]) -> str:
    """What the names of the stack's main resources start with, ``ohmycoins-staging``; empty: nothing."""
    names = [_value(item, _NAMED_BY[item.type]) for item in declared if item.type in _NAMED_BY and not item.data]
    ends = [[match.end() for match in _WORD.finditer(name)] for name in names if name]
    if not ends:
        return ""
    texts = [name for name in names if name]
    starts = [{text[:end] for end in each} for text, each in zip(texts, ends, strict=True)]
    shared = reduce(set.intersection, starts)
    longest = max(shared, key=len, default="")
    return longest if len(longest) >= _SHORTEST else ""


class Boundary:
    """The boundary of a stack.

    Args:
        declared: the estate of the code.
        pairing: what was found and paired so far.
    """

    def __init__(self, declared: Estate, pairing: Pairing) -> None:
        self._pairing = pairing
        self._declared = declared
        name = stack_name((*declared, *(declared.elsewhere or ())))
        self._named = re.compile(rf"(^|[-_/:.]){re.escape(name)}($|[-_/:.])") if name else None

    def inside(self, found: Found, paired: frozenset[str]) -> bool:
        """Whether a found resource lies within the stack.

        Args:
            found: the resource.
            paired: identities of the paired resources, of :meth:`identities`.
        """
        for place in found.type.inside:
            value = found.attribute(place.removeprefix("~"))
            if not isinstance(value, str) or not value:
                continue
            if place.startswith("~"):
                if self._named is not None and self._named.search(value):
                    return True
            elif value in paired:
                return True
        return False

    def identities(self) -> frozenset[str]:
        """The ids, ARNs and names of everything paired so far."""
        values = (
            found.attribute(name)
            for found in self._paired()
            for name in ("id", "arn", "name")
            if name in found.type.attributes
        )
        return frozenset(value for value in values if isinstance(value, str) and value)

    def _paired(self) -> Iterable[Found]:
        """What is paired with resources that the stack manages; what data sources read belongs to somebody else."""
        outcomes = self._pairing.outcomes.values()
        return (item for item in outcomes if isinstance(item, Found) and item.paired and not item.paired.data)

    def of_type(self, name: str) -> list[Found]:
        """The found resources of a type that belong to the stack: paired ones, and unknown ones inside."""
        found = self._pairing.found.get(name)
        if not isinstance(found, list):
            return []
        paired = self.identities()
        return [item for item in found if item.paired is not None or (self.inside(item, paired) and not item.aws_made)]

    def unmanaged(self) -> list[Found]:
        """Found resources inside that the code does not know, without those that AWS made."""
        paired = self.identities()
        inline = self._with_blocks()
        return [
            item
            for found in self._pairing.found.values()
            if isinstance(found, list)
            for item in found
            if item.paired is None
            and not item.aws_made
            and not self._is_inline(item, inline)
            and self._hands.isdisjoint(item.type.elsewhere)
            and self.inside(item, paired)
        ]

    @cached_property
    def _hands(self) -> frozenset[str]:
        """What the code has at hand: its types, and the attributes that it refers to."""
        managed = [item for item in self._declared if not item.data]
        named = {reference.attribute for item in managed for reference in references(dict(item.attributes))}
        return frozenset(named | {item.type for item in managed})

    def _with_blocks(self) -> dict[str, list[Resource]]:
        """The declared resources by the identities of what they are paired with; a name may be that of several."""
        known: dict[str, list[Resource]] = {}
        for found in self._paired():
            for name in ("id", "arn", "name"):
                value = found.attribute(name) if name in found.type.attributes else None
                if found.paired is not None and isinstance(value, str) and value:
                    known.setdefault(value, []).append(found.paired)
        return known

    @staticmethod
    def _is_inline(found: Found, declared: Mapping[str, list[Resource]]) -> bool:
        attribute, _, block = found.type.inline.partition(":")
        if not attribute:
            return False
        parents = declared.get(str(found.attribute(attribute)), ())
        return any(block in parent.attributes for parent in parents)
