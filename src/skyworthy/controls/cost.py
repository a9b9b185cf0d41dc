"""What the stack will cost."""

from collections.abc import Mapping

from skyworthy.behavior.cost import estimate
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable

_MONTHS = {"MONTHLY": 1, "QUARTERLY": 3, "ANNUALLY": 12}


@control(
    "cost.within-budget",
    on="aws_budgets_budget",
    severity="low",
    refs=["REQ STA-9", "REQ OPS-2", "REQ REF-13"],
    lenses=("declared",),
)
def estimate_is_within_the_budget(budget: Resource, estate: Estate, usage: Mapping[str, float]) -> None:
    """What the stack is estimated to cost stays within its budget.

    Why: a budget below the cost of the stack itself rings every month, until nobody listens.
    Fix: `skyworthy cost` shows the items and what could be saved; else raise `limit_amount`, or say in skyworthy.toml
    under `usage` what is really used.
    """
    limit = _monthly_limit(budget)
    made = estimate(estate, usage)
    assert made.monthly <= limit, f"about ${made.monthly:.0f} a month are estimated, the budget is ${limit:.0f}"
    if made.unpriced:
        raise Undecidable(f"about ${made.monthly:.0f} a month, and what has no price: {'; '.join(made.unpriced)}")


@control(
    "cost.budget-would-ring",
    on="aws_budgets_budget",
    severity="low",
    refs=["REQ STA-9", "REQ REF-13"],
    lenses=("declared",),
)
def budget_is_near_the_estimate(budget: Resource, estate: Estate, usage: Mapping[str, float]) -> None:
    """A budget is at most three times what the stack is estimated to cost.

    Why: a budget far above the bill is never reached, however wrong something goes; often a digit slipped in.
    Fix: set `limit_amount` a little above what `skyworthy cost` says.
    """
    limit = _monthly_limit(budget)
    made = estimate(estate, usage)
    if made.unpriced:
        raise Undecidable(f"about ${made.monthly:.0f} a month, and what has no price: {'; '.join(made.unpriced)}")
    if not made.monthly:
        not_applicable("nothing here costs anything by itself")
    assert limit <= 3 * made.monthly, f"the budget is ${limit:.0f}, about ${made.monthly:.0f} a month are estimated"


def _monthly_limit(budget: Resource) -> float:
    """US dollars a month."""
    if budget["budget_type"] != "COST" or budget["limit_unit"] != "USD":
        not_applicable("it limits something else than dollars")
    months = _MONTHS.get(budget["time_unit"])
    if months is None:
        not_applicable(f"it is about a period of its own ({budget['time_unit']})")
    return float(budget["limit_amount"]) / (months or 1)
