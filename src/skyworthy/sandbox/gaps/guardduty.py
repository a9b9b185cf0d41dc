"""GuardDuty: tags."""

from typing import Any

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import answers, store


def _tags(call: Call) -> dict[str, str]:
    detector = store(call, "guardduty").detectors.get(call.params["ResourceArn"].rpartition("/")[2])
    if detector is None:
        raise AwsError("BadRequestException", "The request is rejected because the resource ARN is invalid.")
    detector.tags = detector.tags or {}
    tags: dict[str, str] = detector.tags
    return tags


@answers("guardduty", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ListTagsForResource.html."""
    return {"Tags": _tags(call)}


@answers("guardduty", "TagResource")
def tag(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/guardduty/latest/APIReference/API_TagResource.html."""
    _tags(call).update(call.params["Tags"])
    return {}


@answers("guardduty", "UntagResource")
def untag(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/guardduty/latest/APIReference/API_UntagResource.html."""
    tags = _tags(call)
    for key in call.params["TagKeys"]:
        tags.pop(key, None)
    return {}
