"""Fills of GuardDuty, CloudTrail, AWS Config and AWS WAF."""

import json
from typing import Any

import pytest

from skyworthy.sandbox.server import Sandbox

VISIBILITY = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "main"}


def test_detector_keeps_tags(sandbox: Sandbox) -> None:
    guard = sandbox.client("guardduty")
    detector = guard.create_detector(Enable=True, Tags={"team": "platform"})["DetectorId"]
    arn = f"arn:aws:guardduty:us-east-1:{sandbox.account_id}:detector/{detector}"

    guard.tag_resource(ResourceArn=arn, Tags={"env": "account"})
    guard.untag_resource(ResourceArn=arn, TagKeys=["team"])

    assert guard.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"env": "account"}
    assert guard.get_detector(DetectorId=detector)["Tags"] == {"env": "account"}
    with pytest.raises(guard.exceptions.BadRequestException):
        guard.list_tags_for_resource(ResourceArn=f"{arn}0")


def _admit(sandbox: Sandbox, *services: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": ["s3:PutObject"]}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": "arn:aws:s3:::audit/*"}]}
    sandbox.client("s3").put_bucket_policy(Bucket="audit", Policy=json.dumps(policy))


def _trail(sandbox: Sandbox) -> Any:
    sandbox.client("s3").create_bucket(Bucket="audit")
    trail = sandbox.client("cloudtrail")
    trail.create_trail(Name="main", S3BucketName="audit")
    return trail


def test_trail_tells_why_its_log_files_do_not_arrive(sandbox: Sandbox) -> None:
    trail = _trail(sandbox)
    assert "LatestDeliveryError" not in trail.get_trail_status(Name="main")

    trail.start_logging(Name="main")
    refused = trail.get_trail_status(Name="main")
    _admit(sandbox, "cloudtrail.amazonaws.com")
    delivered = trail.get_trail_status(Name="main")
    sandbox.client("s3").delete_bucket(Bucket="audit")
    lost = trail.get_trail_status(Name="main")

    assert (refused["IsLogging"], refused["LatestDeliveryError"]) == (True, "AccessDenied")
    assert (delivered["IsLogging"], delivered.get("LatestDeliveryError")) == (True, None)
    assert lost["LatestDeliveryError"] == "NoSuchBucket"


def test_new_trail_records_every_management_event(sandbox: Sandbox) -> None:
    trail = _trail(sandbox)

    (every,) = trail.get_event_selectors(TrailName="main")["EventSelectors"]
    chosen = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": []}
    trail.put_event_selectors(TrailName="main", EventSelectors=[chosen])
    (own,) = trail.get_event_selectors(TrailName="main")["EventSelectors"]

    assert (every["ReadWriteType"], every["IncludeManagementEvents"]) == ("All", True)
    assert own["ReadWriteType"] == "WriteOnly"


def test_named_trails_alone_are_listed_by_arn_from_any_region(sandbox: Sandbox) -> None:
    trail = _trail(sandbox)
    arn = trail.create_trail(Name="other", S3BucketName="audit")["TrailARN"]
    afar = sandbox.client("cloudtrail", "eu-west-1")

    def listed(client: Any, *names: str) -> list[str]:
        return [item["Name"] for item in client.describe_trails(trailNameList=list(names))["trailList"]]

    assert listed(trail, "main", "nowhere") == ["main"]
    assert listed(afar, arn, "main") == ["other"]
    assert listed(trail) == ["main", "other"]


def test_trail_is_deleted_by_its_name_or_its_arn(sandbox: Sandbox) -> None:
    trail = _trail(sandbox)
    other = trail.create_trail(Name="other", S3BucketName="audit")["TrailARN"]

    trail.delete_trail(Name=other)
    assert [item["Name"] for item in trail.describe_trails()["trailList"]] == ["main"]
    trail.delete_trail(Name="main")

    assert trail.describe_trails()["trailList"] == []
    with pytest.raises(trail.exceptions.TrailNotFoundException):
        trail.delete_trail(Name="main")


def test_recorder_and_channel_tell_what_became_of_recording_and_delivery(sandbox: Sandbox) -> None:
    sandbox.client("s3").create_bucket(Bucket="audit")
    config = sandbox.client("config")
    role = f"arn:aws:iam::{sandbox.account_id}:role/config"
    config.put_configuration_recorder(ConfigurationRecorder={"name": "main", "roleARN": role})
    config.put_delivery_channel(DeliveryChannel={"name": "main", "s3BucketName": "audit"})
    assert config.describe_delivery_channel_status()["DeliveryChannelsStatus"] == [{"name": "main"}]

    config.start_configuration_recorder(ConfigurationRecorderName="main")
    (recorder,) = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    (refused,) = config.describe_delivery_channel_status()["DeliveryChannelsStatus"]
    _admit(sandbox, "config.amazonaws.com")
    (delivered,) = config.describe_delivery_channel_status(DeliveryChannelNames=["main"])["DeliveryChannelsStatus"]

    assert (recorder["recording"], recorder["lastStatus"]) == (True, "SUCCESS")
    history = refused["configHistoryDeliveryInfo"]
    assert (history["lastStatus"], history["lastErrorCode"]) == ("FAILURE", "AccessDenied")
    assert delivered["configHistoryDeliveryInfo"]["lastStatus"] == "SUCCESS"
    assert delivered["configStreamDeliveryInfo"] == {"lastStatus": "NOT_APPLICABLE"}
    with pytest.raises(config.exceptions.NoSuchDeliveryChannelException):
        config.describe_delivery_channel_status(DeliveryChannelNames=["absent"])


def test_web_acl_in_use_is_listed_and_kept(sandbox: Sandbox) -> None:
    subnets = [item["SubnetId"] for item in sandbox.client("ec2").describe_subnets()["Subnets"][:2]]
    balancer = sandbox.client("elbv2").create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]
    waf, arn = sandbox.client("wafv2"), balancer["LoadBalancerArn"]
    acl = waf.create_web_acl(Name="main", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY)[
        "Summary"
    ]
    waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=arn)
    known = {"Name": "main", "Scope": "REGIONAL", "Id": acl["Id"], "LockToken": acl["LockToken"]}

    assert waf.list_resources_for_web_acl(WebACLArn=acl["ARN"])["ResourceArns"] == [arn]
    gateways = waf.list_resources_for_web_acl(WebACLArn=acl["ARN"], ResourceType="API_GATEWAY")
    assert gateways["ResourceArns"] == []
    with pytest.raises(waf.exceptions.WAFAssociatedItemException):
        waf.delete_web_acl(**known)

    waf.disassociate_web_acl(ResourceArn=arn)
    waf.delete_web_acl(**known)
    assert waf.list_web_acls(Scope="REGIONAL")["WebACLs"] == []
    with pytest.raises(waf.exceptions.WAFNonexistentItemException):
        waf.list_resources_for_web_acl(WebACLArn=acl["ARN"])
