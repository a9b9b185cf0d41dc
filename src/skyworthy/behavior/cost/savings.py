"""What could be cheaper, and by how much."""

from collections.abc import Iterator
from dataclasses import dataclass

from skyworthy.behavior.cost.estimate import Estimate
from skyworthy.config import Policy
from skyworthy.estate import Estate

NIGHTS = 1 - 50 / 168
"""The share of a week outside of ten working hours on five days."""


@dataclass(frozen=True)
class Saving:
    """An option.

    Attributes:
        what: to do.
        monthly: US dollars that it saves a month, about.
        price: what is given up for it.
    """

    what: str
    monthly: float
    price: str


def savings(estate: Estate, made: Estimate, policy: Policy) -> tuple[Saving, ...]:
    """The options that an estate has, the largest first.

    Discounts are the middle of what AWS publishes for one year without upfront payment:
    https://aws.amazon.com/savingsplans/compute-pricing/, https://aws.amazon.com/rds/reserved-instances/,
    https://aws.amazon.com/fargate/pricing/ (Spot, Arm).
    """
    return tuple(sorted(_options(estate, made, policy), key=lambda item: -item.monthly))


def _options(estate: Estate, made: Estimate, policy: Policy) -> Iterator[Saving]:
    hourly = {
        name: sum(item.monthly for item in made.items if item.component == name and item.unit == "hour")
        for name in made.components
    }
    fargate, rds, cache = hourly.get("Fargate", 0), hourly.get("RDS", 0), hourly.get("ElastiCache", 0)
    if fargate:
        yield Saving("a Compute Savings Plan for the tasks, one year", fargate * 0.20, "a commitment of a year")
        if not _arm(made):
            yield Saving("Fargate on Arm (ARM64 images)", fargate * 0.20, "images for another architecture")
    if fargate and not policy.multi_az:
        yield Saving("Fargate Spot for the tasks", fargate * 0.70, "tasks may be stopped with two minutes' notice")
        yield Saving("no tasks and no database at night and on weekends", (fargate + rds) * NIGHTS, "nothing runs then")
    if rds and policy.multi_az:
        yield Saving("a reserved database instance, one year", rds * 0.30, "a commitment of a year")
    if cache and policy.multi_az:
        yield Saving("reserved cache nodes, one year", cache * 0.30, "a commitment of a year")
    gateways = len(estate.of("aws_nat_gateway"))
    if gateways > 1:
        one = hourly["NAT gateways"] / gateways
        yield Saving("a single NAT gateway", one * (gateways - 1), "a zone that fails cuts the others off")


def _arm(made: Estimate) -> bool:
    return any(item.price == made.prices.hour["fargate.vcpu.arm64"] for item in made.items)
