"""A stack in several regions: which resource lives where, and what is seen from there."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from skyworthy.estate.estate import Estate
from skyworthy.estate.resource import Resource
from skyworthy.estate.values import Unknown

GLOBAL = "global"
"""In the place of a region, for what a partition or account has once."""
_GLOBAL_TYPES = (
    "aws_account_",
    "aws_budgets_",
    "aws_ce_",
    "aws_cloudfront_",
    "aws_globalaccelerator_",
    "aws_iam_",
    "aws_organizations_",
    "aws_route53_health_check",
    "aws_route53_record",
    "aws_route53_zone",
    "aws_s3_account_public_access_block",
    "aws_shield_",
)
"""What the types of global services begin with, and of what an account has once.
https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html"""


@dataclass(frozen=True)
class Regions:
    """The regions of a stack.

    Resources of one region are judged among themselves and what is global: names repeat between regions, and an alarm
    in one says nothing of another. What is global, and the stack as a whole, is judged by everything there is.

    Args:
        estate: all of it.
        home: the region of what has no provider alias; empty where nobody says which.
        named: regions that belong to it whether or not it has anything there.
        unread: region -> type -> why none of it could be listed there.
    """

    estate: Estate
    home: str = ""
    named: tuple[str, ...] = ()
    unread: Mapping[str, Mapping[str, Unknown]] = field(default_factory=dict)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All regions of the stack, its home first."""
        found = {place for item in self.estate if (place := self.of(item)) not in ("", GLOBAL)}
        return tuple(dict.fromkeys((self.home, *self.named, *sorted(found))))

    def without(self, type: str) -> tuple[str, ...]:
        """The regions in which nothing of a type is.

        Raises:
            Undecidable: something of it may be there: its region, or whether there is any, is not known.
        """
        found = self.estate.of(type)
        sure = {self.of(item) for item in found if item.attributes or item.blank is None}
        lacking = tuple(name for name in self.names if name not in sure)
        for item in found if lacking else ():
            if isinstance(item.region, Unknown):
                raise item.region.undecidable()
            if item.blank is not None and self.of(item) in lacking:
                raise item.blank.undecidable()
        return lacking

    @cached_property
    def unplaced(self) -> bool:
        """Whether it cannot be told of each resource where it is."""
        return any(self.of(item) == "" for item in self.estate)

    def of(self, resource: Resource) -> str:
        """Where a resource lives: a region, ``global``, or empty where that cannot be told."""
        if resource.type.startswith(_GLOBAL_TYPES):
            return GLOBAL
        if isinstance(resource.region, Unknown):
            return self.home if len(self.named) == 1 else ""
        return resource.region or self.home

    def observed(self, estate: Estate, unread: Mapping[str, Mapping[str, Unknown]]) -> "Regions":
        """What an account holds of the stack, by the same regions.

        Args:
            estate: what it holds.
            unread: region -> type -> why none of it could be listed there.
        """
        return Regions(estate, self.home, self.names, unread)

    def place_of(self, resource: Resource) -> str:
        """The region in which a resource is looked for: home for what is global; empty where that cannot be told."""
        place = self.of(resource)
        return self.home if place == GLOBAL else place

    def label(self, resource: Resource | None) -> str:
        """The region for people; empty where the stack has one only, or it has none."""
        place = self.of(resource) if resource is not None and len(self.names) > 1 else ""
        return "" if place == GLOBAL else place

    def seen_by(self, resource: Resource | None) -> Estate:
        """The estate by which a resource is judged (None: the stack)."""
        return self.seen_in(self.of(resource)) if resource is not None else self.estate

    def seen_in(self, region: str) -> Estate:
        """What is in a region and what is global; everything where it is none of several regions."""
        return self._views.get(region, self.estate)

    @cached_property
    def _views(self) -> dict[str, Estate]:
        if len(self.names) == 1:
            return {}
        return {name: self._view(name) for name in self.names}

    def _view(self, name: str) -> Estate:
        unread = {
            type: why
            for place, types in self.unread.items()
            for type, why in types.items()
            if place == name or type.startswith(_GLOBAL_TYPES)
        }
        inside = tuple(item for item in self.estate if self.of(item) in (name, GLOBAL, ""))
        return dataclasses.replace(self.estate, resources=inside, unread=unread, elsewhere=self._without(inside))

    def part(self, name: str) -> Estate:
        """What is to be looked for in a region: what lives there; at home also what is global."""
        inside = tuple(item for item in self.estate if self.place_of(item) == name)
        if len(inside) == len(self.estate):
            return self.estate
        return dataclasses.replace(self.estate, resources=inside, elsewhere=self._without(inside))

    def _without(self, inside: tuple[Resource, ...]) -> Estate:
        addresses = {item.address for item in inside}
        return Estate(tuple(item for item in self.estate if item.address not in addresses), self.estate.origin)


__all__ = ["GLOBAL", "Regions"]
