"""CloudTrail: deliveries that fail, the events that a new trail records, and trails by name or ARN."""

from typing import Any

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, follows, precedes, store
from skyworthy.sandbox.simulated.delivery import refusal


def _trail(clients: Clients) -> Any:
    clients("s3").create_bucket(Bucket="probe")
    trail = clients("cloudtrail")
    trail.create_trail(Name="probe", S3BucketName="probe")
    trail.start_logging(Name="probe")
    return trail


def _delivers_into_nothing(clients: Clients) -> bool:
    trail = _trail(clients)
    clients("s3").delete_bucket(Bucket="probe")
    return not trail.get_trail_status(Name="probe").get("LatestDeliveryError")


def _records_nothing(clients: Clients) -> bool:
    return not _trail(clients).get_event_selectors(TrailName="probe").get("EventSelectors")


@follows("cloudtrail", "GetTrailStatus", lacking=_delivers_into_nothing)
def tell_of_deliveries(call: Call) -> dict[str, Any] | None:
    """See https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html.

    `LatestDeliveryError` is the code with which S3 refused the last delivery.
    """
    trail = _of_account(call, call.params["Name"])
    error = refusal(call.account, trail.bucket_name, "cloudtrail.amazonaws.com")
    status = trail.status
    if not error or not status.is_logging:
        return None
    told = {"IsLogging": True, "StartLoggingTime": status.started, "LatestDeliveryError": error}
    return told | {"LatestDeliveryAttemptTime": status.latest_delivery_attempt}


def _of_account(call: Call, name: str) -> Any:
    """The trail of a name in the call's region, or of an ARN."""
    trail = _found(call, name)
    if trail is None:
        raise AwsError("TrailNotFoundException", f"Unknown trail: {name} for the user: {call.account}")
    return trail


def _found(call: Call, name: str) -> Any:
    region, plain = (name.split(":")[3], name.rpartition("/")[2]) if name.startswith("arn:") else (None, name)
    return store(call, "cloudtrail", region).trails.get(plain)


@follows("cloudtrail", "GetEventSelectors", lacking=_records_nothing)
def tell_of_management_events(call: Call) -> dict[str, Any] | None:
    """See https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html.

    A trail without selectors of its own records every management event.
    """
    trail = _of_account(call, call.params["TrailName"])
    if trail.event_selectors or trail.advanced_event_selectors:
        return None
    every = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}
    return {"TrailARN": trail.arn, "EventSelectors": [{**every, "ExcludeManagementEventSources": []}]}


def _keeps_what_is_deleted_by_arn(clients: Clients) -> bool:
    trail = _trail(clients)
    trail.delete_trail(Name=trail.get_trail(Name="probe")["Trail"]["TrailARN"])
    return bool(trail.describe_trails()["trailList"])


@precedes("cloudtrail", "DeleteTrail", lacking=_keeps_what_is_deleted_by_arn)
def delete_by_name_or_arn(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DeleteTrail.html.

    A trail is named by its name or its ARN; one that is not there is an error.
    """
    trail = _of_account(call, call.params["Name"])
    del store(call, "cloudtrail", trail.region_name).trails[trail.trail_name]
    return {}


def _lists_what_was_not_asked_for(clients: Clients) -> bool:
    trail = _trail(clients)
    trail.create_trail(Name="other", S3BucketName="probe")
    return len(trail.describe_trails(trailNameList=["probe"])["trailList"]) > 1


@follows("cloudtrail", "DescribeTrails", lacking=_lists_what_was_not_asked_for)
def list_the_named_trails(call: Call) -> dict[str, Any] | None:
    """See https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html.

    Named trails alone are listed: by name those of the region, by ARN those of any; one that is not there is left out.
    """
    names = call.params.get("trailNameList")
    if not names:
        return None
    found = (_found(call, name) for name in names)
    return {"trailList": [trail.description(include_region=True) for trail in found if trail is not None]}
