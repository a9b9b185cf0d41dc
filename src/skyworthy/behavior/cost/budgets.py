"""What a stack says it may cost."""

from skyworthy.estate import Estate, Undecidable


def monthly_budget(estate: Estate) -> float | None:
    """The smallest monthly limit in US dollars that a stack declares, None where it declares none."""
    limits = []
    for budget in estate.of("aws_budgets_budget"):
        try:
            if (budget["budget_type"], budget["limit_unit"], budget["time_unit"]) == ("COST", "USD", "MONTHLY"):
                limits.append(float(budget["limit_amount"]))
        except Undecidable:
            continue  # the control says that it is not known
    return min(limits, default=None)
