"""What an estate costs in a month: an item for each component, the assumptions stated, what has no price listed."""

from skyworthy.behavior.cost.budgets import monthly_budget
from skyworthy.behavior.cost.estimate import Estimate, Item, check_usage, estimate
from skyworthy.behavior.cost.prices import Prices, prices
from skyworthy.behavior.cost.savings import Saving, savings

__all__ = ["Estimate", "Item", "Prices", "Saving", "check_usage", "estimate", "monthly_budget", "prices", "savings"]
