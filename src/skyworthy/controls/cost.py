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
    if budget["budget_type"] != "COST" or budget["limit_unit"] != "USD":
        not_applicable("it limits something else than dollars")
    months = _MONTHS.get(budget["time_unit"])
    if months is None:
        not_applicable(f"it is about a period of its own ({budget['time_unit']})")
    limit = float(budget["limit_amount"]) / (months or 1)
    made = estimate(estate, usage)
    assert made.monthly <= limit, f"about ${made.monthly:.0f} a month are estimated, the budget is ${limit:.0f}"
    if made.unpriced:
        raise Undecidable(f"about ${made.monthly:.0f} a month, and what has no price: {'; '.join(made.unpriced)}")
