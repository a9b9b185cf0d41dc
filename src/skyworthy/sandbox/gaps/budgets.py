"""AWS Budgets: tags, subscribers and updates."""

from typing import Any

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import answers, follows, lacks, note, store


def _tags(call: Call) -> dict[str, dict[str, str]]:
    tags: dict[str, dict[str, str]] = note(store(call, "budgets", "aws"), "sky_tags", dict)
    return tags


def _merged(call: Call, arn: str, given: list[dict[str, str]]) -> None:
    _tags(call).setdefault(arn, {}).update({tag["Key"]: tag["Value"] for tag in given})


@follows("budgets", "CreateBudget", lacking=lacks("budgets", "ListTagsForResource"))
def keep_tags(call: Call) -> None:
    """See https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CreateBudget.html."""
    arn = f"arn:aws:budgets::{call.account}:budget/{call.params['Budget']['BudgetName']}"
    _merged(call, arn, call.params.get("ResourceTags", []))


@answers("budgets", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_ListTagsForResource.html."""
    tags = _tags(call).get(call.params["ResourceARN"], {})
    return {"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@answers("budgets", "TagResource")
def tag(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_TagResource.html."""
    _merged(call, call.params["ResourceARN"], call.params["ResourceTags"])
    return {}


@answers("budgets", "UntagResource")
def untag(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_UntagResource.html."""
    tags = _tags(call).get(call.params["ResourceARN"], {})
    for key in call.params["ResourceTagKeys"]:
        tags.pop(key, None)
    return {}


def _budget(call: Call) -> Any:
    name = call.params.get("BudgetName") or call.params["NewBudget"]["BudgetName"]
    budget = store(call, "budgets", "aws").budgets[call.params["AccountId"]].get(name)
    if budget is None:
        raise AwsError("NotFoundException", f"Unable to get budget: {name} - the budget doesn't exist.")
    return budget


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two notifications are the same one; `ThresholdType` defaults to PERCENTAGE."""
    return {"ThresholdType": "PERCENTAGE"} | _stated(one) == {"ThresholdType": "PERCENTAGE"} | _stated(other)


def _stated(notification: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in notification.items() if key != "NotificationState"}


def _notification(call: Call) -> Any:
    for found in _budget(call).notifications:
        if _same(found.details, call.params["Notification"]):
            return found
    raise AwsError("NotFoundException", "Unable to get notification - the notification doesn't exist.")


@answers("budgets", "DescribeSubscribersForNotification")
def describe_subscribers(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_DescribeSubscribersForNotification.html."""
    return {"Subscribers": _notification(call).subscribers}


@answers("budgets", "UpdateBudget")
def update(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_UpdateBudget.html."""
    _budget(call).budget.update(call.params["NewBudget"])
    return {}
