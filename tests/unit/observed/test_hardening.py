"""What watches the account, and web ACLs, seen in a real moto server."""

from collections.abc import Callable
from typing import Any

import pytest

from skyworthy.estate import Estate, Resource, Unknown
from skyworthy.observed import Session, observe

Read = Callable[[str], Estate]

ACCOUNT = """
resource "aws_guardduty_detector" "this" {
  enable = true
}

resource "aws_s3_bucket" "audit" {
  bucket = "shop-audit"
}

resource "aws_cloudtrail" "this" {
  name                       = "shop-trail"
  s3_bucket_name             = aws_s3_bucket.audit.id
  is_multi_region_trail      = true
  enable_log_file_validation = true
}

resource "aws_iam_service_linked_role" "config" {
  aws_service_name = "config.amazonaws.com"
}

resource "aws_config_configuration_recorder" "this" {
  name     = "shop"
  role_arn = aws_iam_service_linked_role.config.arn
}

resource "aws_config_configuration_recorder_status" "this" {
  name       = aws_config_configuration_recorder.this.name
  is_enabled = true
}

resource "aws_config_delivery_channel" "this" {
  name           = "shop"
  s3_bucket_name = aws_s3_bucket.audit.id
}

resource "aws_config_config_rule" "volumes" {
  name = "encrypted-volumes"

  source {
    owner             = "AWS"
    source_identifier = "ENCRYPTED_VOLUMES"
  }
}
"""

FILTERED = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "shop-staging" }
}

resource "aws_subnet" "public" {
  for_each   = { a = "10.0.0.0/24", b = "10.0.1.0/24" }
  vpc_id     = aws_vpc.main.id
  cidr_block = each.value
}

resource "aws_lb" "web" {
  name    = "shop-staging"
  subnets = [for subnet in aws_subnet.public : subnet.id]
}

resource "aws_wafv2_web_acl" "this" {
  name  = "shop-staging"
  scope = "REGIONAL"

  default_action {
    allow {}
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    sampled_requests_enabled   = true
    metric_name                = "shop"
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  resource_arn = aws_lb.web.arn
  web_acl_arn  = aws_wafv2_web_acl.this.arn
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = ["arn:aws:s3:::aws-waf-logs-shop"]
}
"""

VISIBILITY = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "shop"}
COMMON = {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}
SPARED = {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}
RULES = [
    {
        "Name": "common",
        "Priority": 2,
        "Statement": {"ManagedRuleGroupStatement": {**COMMON, "RuleActionOverrides": [SPARED]}},
        "OverrideAction": {"None": {}},
        "VisibilityConfig": VISIBILITY,
    },
    {
        "Name": "limit",
        "Priority": 1,
        "Statement": {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}},
        "Action": {"Block": {}},
        "VisibilityConfig": VISIBILITY,
    },
]


@pytest.fixture
def account(aws: Any) -> Any:
    """The account of ``ACCOUNT``, made by hand."""
    aws.client("guardduty").create_detector(Enable=True, Tags={"team": "platform"})
    aws.client("s3").create_bucket(Bucket="shop-audit")
    trail, config = aws.client("cloudtrail"), aws.client("config")
    trail.create_trail(
        Name="shop-trail", S3BucketName="shop-audit", IsMultiRegionTrail=True, EnableLogFileValidation=True
    )
    trail.start_logging(Name="shop-trail")
    role = aws.client("iam").create_service_linked_role(AWSServiceName="config.amazonaws.com")["Role"]["Arn"]
    group = {"allSupported": True, "includeGlobalResourceTypes": True}
    config.put_configuration_recorder(ConfigurationRecorder={"name": "shop", "roleARN": role, "recordingGroup": group})
    config.put_delivery_channel(DeliveryChannel={"name": "shop", "s3BucketName": "shop-audit"})
    config.start_configuration_recorder(ConfigurationRecorderName="shop")
    source = {"Owner": "AWS", "SourceIdentifier": "ENCRYPTED_VOLUMES"}
    config.put_config_rule(ConfigRule={"ConfigRuleName": "encrypted-volumes", "Source": source})
    return aws


def _one(estate: Estate, address: str) -> Resource:
    found = estate.get(address)
    assert found is not None
    return found


def test_account_services_are_found_with_their_state(session: Session, read: Read, account: Any) -> None:
    seen = observe(session, read(ACCOUNT))

    assert (seen.missing, seen.unmanaged, dict(seen.undecided), seen.notes) == ((), (), {}, ())
    detector = _one(seen.estate, "aws_guardduty_detector.this")
    assert (detector["enable"], detector["tags"]) == (True, {"team": "platform"})
    trail = _one(seen.estate, "aws_cloudtrail.this")
    names = ("is_multi_region_trail", "enable_log_file_validation", "enable_logging", "event_selector", "kms_key_id")
    assert [trail[name] for name in names] == [True, True, True, [], None]
    role = _one(seen.estate, "aws_iam_service_linked_role.config")
    assert str(role["name"]).lower() == "awsserviceroleforconfig"
    recorder = _one(seen.estate, "aws_config_configuration_recorder.this")
    assert recorder["role_arn"] == role["arn"]
    group = recorder.block("recording_group")
    assert (group["all_supported"], group["include_global_resource_types"]) == (True, True)
    state = _one(seen.estate, "aws_config_configuration_recorder_status.this")
    assert (state["is_enabled"], state["last_status"]) == (True, "SUCCESS")
    rule = _one(seen.estate, "aws_config_config_rule.volumes")
    assert rule["source"] == [{"owner": "AWS", "source_identifier": "ENCRYPTED_VOLUMES"}]


def test_failed_deliveries_are_told_of(session: Session, read: Read, account: Any) -> None:
    refused = observe(session, read(ACCOUNT)).estate
    trail, channel = _one(refused, "aws_cloudtrail.this"), _one(refused, "aws_config_delivery_channel.this")
    assert trail["latest_delivery_error"] == "AccessDenied"
    assert (channel["history_status"], channel["history_error"]) == ("FAILURE", "AccessDenied")

    services = {"Service": ["cloudtrail.amazonaws.com", "config.amazonaws.com"]}
    statement = f'{{"Effect": "Allow", "Principal": {services}, "Action": "s3:PutObject", "Resource": "*"}}'
    policy = f'{{"Version": "2012-10-17", "Statement": [{statement}]}}'.replace("'", '"')
    account.client("s3").put_bucket_policy(Bucket="shop-audit", Policy=policy)

    admitted = observe(session, read(ACCOUNT)).estate
    assert _one(admitted, "aws_cloudtrail.this")["latest_delivery_error"] is None
    assert _one(admitted, "aws_config_delivery_channel.this")["history_status"] == "SUCCESS"


def test_event_selectors_are_those_of_terraform(session: Session, read: Read, account: Any) -> None:
    data = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": False, "DataResources": [data]}
    account.client("cloudtrail").put_event_selectors(TrailName="shop-trail", EventSelectors=[selector])

    trail = _one(observe(session, read(ACCOUNT)).estate, "aws_cloudtrail.this")

    (block,) = trail["event_selector"]
    assert (block["read_write_type"], block["include_management_events"]) == ("WriteOnly", False)
    assert block["data_resource"] == [{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}]


@pytest.fixture
def acl(aws: Any) -> dict[str, str]:
    """A load balancer with a web ACL, as in ``FILTERED``."""
    ec2, waf = aws.client("ec2"), aws.client("wafv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "shop-staging"}])
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{part}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"]
        for part, zone in enumerate("ab")
    ]
    balancer = aws.client("elbv2").create_load_balancer(
        Name="shop-staging", Subnets=[item["SubnetId"] for item in subnets]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    made = waf.create_web_acl(
        Name="shop-staging", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY, Rules=RULES
    )["Summary"]
    waf.associate_web_acl(WebACLArn=made["ARN"], ResourceArn=balancer)
    waf.put_logging_configuration(
        LoggingConfiguration={
            "ResourceArn": made["ARN"],
            "LogDestinationConfigs": ["arn:aws:s3:::aws-waf-logs-shop"],
            "RedactedFields": [{"SingleHeader": {"Name": "cookie"}}],
        }
    )
    return {"balancer": balancer, "arn": made["ARN"], "id": made["Id"]}


def test_web_acl_is_read_through_its_load_balancer(session: Session, read: Read, acl: dict[str, str]) -> None:
    seen = observe(session, read(FILTERED))

    assert (seen.missing, seen.unmanaged, dict(seen.undecided)) == ((), (), {})
    assert {name: count for name, count in seen.calls.items() if name.startswith("wafv2:")} == {
        "wafv2:GetLoggingConfiguration": 1,
        "wafv2:GetWebACLForResource": 1,
    }
    found = _one(seen.estate, "aws_wafv2_web_acl.this")
    assert (found["id"], found["scope"], found["default_action"]) == (
        acl["id"],
        "REGIONAL",
        [{"allow": [{}], "block": []}],
    )
    limit, common = found["rule"]
    assert (limit["name"], limit["action"]) == ("limit", [{"block": [{}]}])
    assert limit["statement"][0]["rate_based_statement"][0]["limit"] == 2000
    group = common["statement"][0]["managed_rule_group_statement"][0]
    spared = [{"name": "SizeRestrictions_BODY", "action_to_use": [{"count": [{}]}]}]
    assert (common["override_action"], group["rule_action_override"]) == ([{"none": [{}]}], spared)
    association = _one(seen.estate, "aws_wafv2_web_acl_association.this")
    assert (association["resource_arn"], association["web_acl_arn"]) == (acl["balancer"], acl["arn"])
    logging = _one(seen.estate, "aws_wafv2_web_acl_logging_configuration.this")
    assert logging["redacted_fields"] == [{"single_header": [{"name": "cookie"}]}]


def test_web_acl_of_no_load_balancer_is_looked_up_by_name(
    session: Session, read: Read, aws: Any, acl: dict[str, str]
) -> None:
    aws.client("wafv2").disassociate_web_acl(ResourceArn=acl["balancer"])

    seen = observe(session, read(FILTERED))

    assert [item.address for item in seen.missing] == ["aws_wafv2_web_acl_association.this"]
    found = _one(seen.estate, "aws_wafv2_web_acl.this")
    assert [rule["name"] for rule in found["rule"]] == ["limit", "common"]
    assert (seen.calls["wafv2:ListWebACLs"], seen.calls["wafv2:GetWebACL"]) == (1, 1)


def test_web_acl_that_nobody_declared_is_unmanaged(session: Session, read: Read, acl: dict[str, str]) -> None:
    bare = FILTERED[: FILTERED.index('resource "aws_wafv2_web_acl" "this"')]

    seen = observe(session, read(bare))

    assert [item.type for item in seen.unmanaged] == ["aws_wafv2_web_acl_association"]
    assert seen.unmanaged[0]["web_acl_arn"] == acl["arn"]


ADDRESSES = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "shop-staging" }
}

resource "aws_subnet" "public" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.0.0/24"
}

resource "aws_eip" "nat" {
  tags = { Name = "shop-staging-nat" }
}

resource "aws_nat_gateway" "this" {
  subnet_id     = aws_subnet.public.id
  allocation_id = aws_eip.nat.id
}
"""


def test_address_of_a_nat_gateway_takes_no_call_of_its_own(session: Session, read: Read, aws: Any) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "shop-staging"}])
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    used, other = (ec2.allocate_address(Domain="vpc") for _ in range(2))
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=used["AllocationId"])
    ec2.create_tags(Resources=[other["AllocationId"]], Tags=[{"Key": "Name", "Value": "shop-staging-mail"}])

    few = observe(session, read(ADDRESSES))
    more = observe(
        session, read(ADDRESSES + 'resource "aws_eip" "mail" {\n  tags = { Name = "shop-staging-mail" }\n}\n')
    )

    found = _one(few.estate, "aws_eip.nat")
    assert (found["id"], found["public_ip"], found["domain"]) == (used["AllocationId"], used["PublicIp"], "vpc")
    assert isinstance(found.peek("tags"), Unknown)
    assert "ec2:DescribeAddresses" not in few.calls
    assert (few.missing, more.missing, more.calls["ec2:DescribeAddresses"]) == ((), (), 1)
    assert _one(more.estate, "aws_eip.mail")["id"] == other["AllocationId"]
    assert _one(more.estate, "aws_eip.mail")["tags"] == {"Name": "shop-staging-mail"}
