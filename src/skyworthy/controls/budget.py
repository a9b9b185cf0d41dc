"""Budgets: somebody hears of it before the month's money is spent."""

from collections.abc import Iterator, Mapping
from typing import Any

from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, Value
from skyworthy.estate.configuration import Configuration

_BUDGET = "aws_budgets_budget"
_TOO_LATE = 200
"""Percent of the limit: who is told at twice the budget is told too late."""


@control("budget.limited", on=_BUDGET, severity="medium", refs=["REQ REF-13", "REQ STA-9"])
def budget_has_a_limit(budget: Resource) -> None:
    """A budget of costs has a limit.

    Why: AWS refuses a budget without one, and there is nothing that could be exceeded.
    Fix: set `limit_amount`, or `planned_limit` or `auto_adjust_data`.
    """
    if budget.attributes.get("planned_limit") or budget.attributes.get("auto_adjust_data"):
        return
    amount = budget.attributes.get("limit_amount")
    if isinstance(amount, Unknown):
        raise amount.undecidable()
    assert amount not in (None, ""), "limit_amount is not set"
    assert float(str(amount)) > 0, f"limit_amount is {amount}"


@control("budget.notifies", on=_BUDGET, severity="medium", refs=["REQ REF-13"], lenses=("declared",))
def budget_tells_somebody(budget: Resource) -> None:
    """A budget tells somebody in time, and each of its notifications has a recipient.

    Why: nobody looks at a budget; AWS refuses a notification without recipients.
    Fix: a `notification` at 100 % or less, with `subscriber_email_addresses` or `subscriber_sns_topic_arns`.
    """
    notifications = budget["notification"] or ()
    if any(isinstance(item, Unknown) for item in notifications):
        raise Undecidable(f"the notifications of {budget.address} are not known")
    assert notifications, "it notifies nobody"
    findings = Findings()
    for number, item in enumerate(notifications, 1):
        with findings.question():
            assert list(_recipients(item)), f"notification {number} has no recipient"
        with findings.question():
            late = _percent(item, "threshold_type") and float(str(_known(item["threshold"]))) > _TOO_LATE
            assert not late, f"notification {number} waits for {item['threshold']} % of the limit"
    findings.conclude()


@control("budget.filter-matches", on=_BUDGET, severity="medium", refs=["REQ REF-13", "REQ STA-9"], lenses=("declared",))
def budget_sees_the_stack(budget: Resource, estate: Estate, configuration: Configuration) -> None:
    """A budget that is limited to a tag sees something of the stack.

    Why: of a tag that nothing bears no costs arise, and the budget stays silent for ever.
    Fix: in `cost_filter` of `TagKeyValue` the key and value that `default_tags` give, `user:KEY$VALUE`.
    """
    wanted = [tag for block in budget["cost_filter"] or () for tag in _filtered(block)]
    if not wanted:
        not_applicable("it is not limited to tags")
    borne = [provider.default_tags for provider in configuration.providers if provider.name == "aws"]
    borne += [resource.attributes.get("tags") for resource in estate if not resource.data]
    for tags in borne:
        if isinstance(tags, Unknown):
            raise tags.undecidable()
    pairs = [(key, value) for tags in borne if isinstance(tags, Mapping) for key, value in tags.items()]
    for key, value in wanted:
        unclear = next((item for name, item in pairs if name == key and isinstance(item, Unknown)), None)
        if (key, value) not in pairs and unclear is not None:
            raise unclear.undecidable()
    seen = any(tag in pairs for tag in wanted)
    assert seen, f"nothing of the stack bears the tag {' or '.join(f'{key} = {value}' for key, value in wanted)}"


def _filtered(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tags of users that a filter asks for; those that AWS sets by itself are left out."""
    if _known(block.get("name")) == "TagKeyValue":
        for value in _known(block.get("values")) or ():
            key, _, wanted = str(_known(value)).removeprefix("user:").partition("$")
            if not str(value).startswith("aws:"):
                yield key, wanted


def _recipients(notification: Mapping[str, Any]) -> Iterator[Value]:
    for name in ("subscriber_email_addresses", "subscriber_sns_topic_arns"):
        yield from _known(notification.get(name)) or ()


def _percent(notification: Mapping[str, Any], name: str) -> bool:
    return (_known(notification.get(name)) or "PERCENTAGE") == "PERCENTAGE"


def _known(value: Value) -> Any:
    if isinstance(value, Unknown):
        raise value.undecidable()
    return value
