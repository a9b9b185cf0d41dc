"""Faults of what watches the account and of the web ACL."""

from collections.abc import Callable
from typing import Any

from skyworthy.sandbox.faults.registry import Hit, fault
from skyworthy.sandbox.faults.stack import Item, Stack, one

_COMMON = "AWSManagedRulesCommonRuleSet"
_DETECTOR = "aws_guardduty_detector"
_TRAIL = "aws_cloudtrail"
_RECORDER = "aws_config_configuration_recorder"
_ACL = "aws_wafv2_web_acl"


# GuardDuty


def _detector(stack: Stack) -> str:
    return str(one(stack.client("guardduty").list_detectors()["DetectorIds"], "GuardDuty detector"))


@fault("detector-disabled", "LIV-9", "REF-10")
def detector_disabled(stack: Stack) -> Hit:
    """The GuardDuty detector is suspended."""
    detector = _detector(stack)
    stack.client("guardduty").update_detector(DetectorId=detector, Enable=False)
    return Hit(_DETECTOR, detector)


@fault("detector-deleted", "LIV-9", "REF-10", "LIV-1")
def detector_deleted(stack: Stack) -> Hit:
    """The GuardDuty detector is deleted."""
    detector = _detector(stack)
    stack.client("guardduty").delete_detector(DetectorId=detector)
    return Hit(_DETECTOR, detector)


# CloudTrail


def _trail(stack: Stack) -> Item:
    return one(stack.client("cloudtrail").describe_trails()["trailList"], "trail")


def _change_trail(stack: Stack, **change: Any) -> Hit:
    trail = _trail(stack)
    stack.client("cloudtrail").update_trail(Name=trail["Name"], **change)
    return Hit(_TRAIL, trail["TrailARN"])


@fault("trail-stopped", "LIV-9", "REF-10")
def trail_stopped(stack: Stack) -> Hit:
    """The trail stopped logging."""
    trail = _trail(stack)
    stack.client("cloudtrail").stop_logging(Name=trail["Name"])
    return Hit(_TRAIL, trail["TrailARN"])


@fault("trail-deleted", "LIV-9", "REF-10", "LIV-1")
def trail_deleted(stack: Stack) -> Hit:
    """The trail is deleted."""
    trail = _trail(stack)
    stack.client("cloudtrail").delete_trail(Name=trail["Name"])
    return Hit(_TRAIL, trail["TrailARN"])


@fault("trail-single-region", "LIV-9", "REF-10")
def trail_single_region(stack: Stack) -> Hit:
    """The trail records one region only."""
    return _change_trail(stack, IsMultiRegionTrail=False)


@fault("trail-validation-off", "REF-10", "LIV-9")
def trail_validation_off(stack: Stack) -> Hit:
    """The trail's log files are no longer validated."""
    return _change_trail(stack, EnableLogFileValidation=False)


@fault("trail-cloudwatch-off", "REF-10", "LIV-9")
def trail_cloudwatch_off(stack: Stack) -> Hit:
    """The trail no longer sends its events to CloudWatch Logs."""
    return _change_trail(stack, CloudWatchLogsLogGroupArn="", CloudWatchLogsRoleArn="")


@fault("trail-key-removed", "REF-10", "DAT-1")
def trail_key_removed(stack: Stack) -> Hit:
    """The trail's log files are no longer encrypted with its key."""
    return _change_trail(stack, KmsKeyId="")


@fault("trail-management-events-left-out", "LIV-9", "REF-10")
def trail_management_events_left_out(stack: Stack) -> Hit:
    """The trail records what writes only."""
    trail = _trail(stack)
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": []}
    stack.client("cloudtrail").put_event_selectors(TrailName=trail["Name"], EventSelectors=[selector])
    return Hit(_TRAIL, trail["TrailARN"])


@fault("trail-bucket-refuses", "LIV-9", "REF-10")
def trail_bucket_refuses(stack: Stack) -> Hit:
    """The policy of the audit bucket no longer admits CloudTrail and AWS Config, so nothing is delivered."""
    trail = _trail(stack)
    stack.client("s3").delete_bucket_policy(Bucket=trail["S3BucketName"])
    return Hit(_TRAIL, trail["TrailARN"])


@fault("trail-files-expire-early", "REF-10")
def trail_files_expire_early(stack: Stack) -> Hit:
    """Log files of the trail expire after a week."""
    trail = _trail(stack)
    rule = {"ID": "expire", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 7}}
    stack.client("s3").put_bucket_lifecycle_configuration(
        Bucket=trail["S3BucketName"], LifecycleConfiguration={"Rules": [rule]}
    )
    return Hit(_TRAIL, trail["TrailARN"])


@fault("trail-bucket-public", "REF-10", "IAM-1")
def trail_bucket_public(stack: Stack) -> Hit:
    """The public access block of the audit bucket is open."""
    bucket = str(_trail(stack)["S3BucketName"])
    settings = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    stack.client("s3").put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(settings, False)
    )
    return Hit("aws_s3_bucket", bucket)


# AWS Config


def _recorder(stack: Stack) -> Item:
    return one(stack.client("config").describe_configuration_recorders()["ConfigurationRecorders"], "recorder")


@fault("recorder-stopped", "LIV-9", "REF-10")
def recorder_stopped(stack: Stack) -> Hit:
    """The configuration recorder is stopped."""
    name = str(_recorder(stack)["name"])
    stack.client("config").stop_configuration_recorder(ConfigurationRecorderName=name)
    return Hit(_RECORDER, name)


@fault("recorder-narrowed", "LIV-9", "REF-10")
def recorder_narrowed(stack: Stack) -> Hit:
    """The configuration recorder records buckets only."""
    recorder = _recorder(stack)
    group = {"allSupported": False, "includeGlobalResourceTypes": False, "resourceTypes": ["AWS::S3::Bucket"]}
    changed = {"name": recorder["name"], "roleARN": recorder["roleARN"], "recordingGroup": group}
    stack.client("config").put_configuration_recorder(ConfigurationRecorder=changed)
    return Hit(_RECORDER, str(recorder["name"]))


@fault("delivery-channel-deleted", "LIV-9", "REF-10", "LIV-1")
def delivery_channel_deleted(stack: Stack) -> Hit:
    """The delivery channel of AWS Config is deleted, for which the recorder had to be stopped."""
    config = stack.client("config")
    channel = one(config.describe_delivery_channels()["DeliveryChannels"], "delivery channel")
    config.stop_configuration_recorder(ConfigurationRecorderName=_recorder(stack)["name"])
    config.delete_delivery_channel(DeliveryChannelName=channel["name"])
    return Hit("aws_config_delivery_channel", str(channel["name"]))


@fault("config-rule-deleted", "REF-10", "LIV-1")
def config_rule_deleted(stack: Stack) -> Hit:
    """A rule of AWS Config is deleted."""
    config = stack.client("config")
    name = str(one(config.describe_config_rules()["ConfigRules"], "rule")["ConfigRuleName"])
    config.delete_config_rule(ConfigRuleName=name)
    return Hit("aws_config_config_rule", name)


# Web ACL


def _acl(stack: Stack) -> Item:
    arn = stack.load_balancer["LoadBalancerArn"]
    found = stack.client("wafv2").get_web_acl_for_resource(ResourceArn=arn).get("WebACL")
    return one([found] if found else [], "web ACL of the load balancer")


def _change_acl(stack: Stack, change: Callable[[list[Item]], list[Item]], **more: Any) -> Hit:
    """Write a web ACL with other rules."""
    acl = _acl(stack)
    token = stack.client("wafv2").get_web_acl(Name=acl["Name"], Id=acl["Id"], Scope="REGIONAL")["LockToken"]
    given = {
        "Name": acl["Name"],
        "Id": acl["Id"],
        "Scope": "REGIONAL",
        "Description": acl["Description"],
        "DefaultAction": acl["DefaultAction"],
        "VisibilityConfig": acl["VisibilityConfig"],
        "Rules": change([{key: value for key, value in rule.items() if value != {}} for rule in acl["Rules"]]),
        "LockToken": token,
    }
    stack.client("wafv2").update_web_acl(**(given | more))
    return Hit(_ACL, acl["ARN"])


def _is_common(rule: Item) -> bool:
    return bool(rule["Statement"].get("ManagedRuleGroupStatement", {}).get("Name") == _COMMON)


def _is_limit(rule: Item) -> bool:
    return "RateBasedStatement" in rule["Statement"]


@fault("web-acl-disassociated", "LIV-9", "REF-10")
def web_acl_disassociated(stack: Stack) -> Hit:
    """The load balancer has no web ACL any longer."""
    arn = str(stack.load_balancer["LoadBalancerArn"])
    _acl(stack)
    stack.client("wafv2").disassociate_web_acl(ResourceArn=arn)
    return Hit("aws_lb", arn)


@fault("web-acl-common-rules-removed", "REF-10", "LIV-9")
def web_acl_common_rules_removed(stack: Stack) -> Hit:
    """The web ACL lost the common rule set."""
    return _change_acl(stack, lambda rules: [rule for rule in rules if not _is_common(rule)])


@fault("web-acl-common-rules-counting", "REF-10", "LIV-9")
def web_acl_common_rules_counting(stack: Stack) -> Hit:
    """The common rule set only counts what it matches."""
    return _change_acl(
        stack, lambda rules: [rule | {"OverrideAction": {"Count": {}}} if _is_common(rule) else rule for rule in rules]
    )


@fault("web-acl-rate-limit-removed", "REF-10", "LIV-9")
def web_acl_rate_limit_removed(stack: Stack) -> Hit:
    """The web ACL limits nobody's requests."""
    return _change_acl(stack, lambda rules: [rule for rule in rules if not _is_limit(rule)])


@fault("web-acl-rate-limit-counting", "REF-10", "LIV-9")
def web_acl_rate_limit_counting(stack: Stack) -> Hit:
    """The rate limit only counts what exceeds it."""
    return _change_acl(
        stack, lambda rules: [rule | {"Action": {"Count": {}}} if _is_limit(rule) else rule for rule in rules]
    )


@fault("web-acl-shuts-out", "REF-10", "NET-1")
def web_acl_shuts_out(stack: Stack) -> Hit:
    """The web ACL refuses every request."""
    return _change_acl(stack, lambda rules: rules, DefaultAction={"Block": {}})


@fault("web-acl-logging-off", "LIV-9", "REF-10")
def web_acl_logging_off(stack: Stack) -> Hit:
    """What the web ACL inspects is no longer logged."""
    arn = str(_acl(stack)["ARN"])
    stack.client("wafv2").delete_logging_configuration(ResourceArn=arn)
    return Hit(_ACL, arn)
