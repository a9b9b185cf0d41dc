"""Application Auto Scaling: tags."""

from typing import Any

from skyworthy.sandbox.account.calls import Call
from skyworthy.sandbox.gaps import answers, follows, lacks, note, store


def _tags(call: Call) -> dict[str, dict[str, str]]:
    tags: dict[str, dict[str, str]] = note(store(call, "applicationautoscaling"), "sky_tags", dict)
    return tags


@follows(
    "application-autoscaling",
    "RegisterScalableTarget",
    lacking=lacks("application-autoscaling", "ListTagsForResource"),
)
def keep_tags(call: Call) -> None:
    """See https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html."""
    targets = store(call, "applicationautoscaling").targets[call.params["ScalableDimension"]]
    target = targets[call.params["ResourceId"]]
    _tags(call).setdefault(target.arn, {}).update(call.params.get("Tags", {}))


@answers("application-autoscaling", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ListTagsForResource.html."""
    return {"Tags": _tags(call).get(call.params["ResourceARN"], {})}


@answers("application-autoscaling", "TagResource")
def tag(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TagResource.html."""
    _tags(call).setdefault(call.params["ResourceARN"], {}).update(call.params["Tags"])
    return {}


@answers("application-autoscaling", "UntagResource")
def untag(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/autoscaling/application/APIReference/API_UntagResource.html."""
    tags = _tags(call).get(call.params["ResourceARN"], {})
    for key in call.params["TagKeys"]:
        tags.pop(key, None)
    return {}
