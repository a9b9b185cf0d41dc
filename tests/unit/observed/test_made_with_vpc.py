"""What AWS makes with a VPC: told apart from what people make, and paired by the VPC's own attributes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from skyworthy.behavior.drift import compare
from skyworthy.estate import Estate
from skyworthy.observed import Session, observe

Read = Callable[[str], Estate]
VPC = 'resource "aws_vpc" "main" {\n  cidr_block = "10.7.0.0/16"\n}\n'
MANAGED = """
resource "aws_default_network_acl" "main" {
  default_network_acl_id = aws_vpc.main.default_network_acl_id
}

resource "aws_default_route_table" "main" {
  default_route_table_id = aws_vpc.main.default_route_table_id
}

resource "aws_default_security_group" "main" {
  vpc_id = aws_vpc.main.id
}
"""
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@pytest.fixture
def vpc(aws: Any) -> str:
    return str(aws.client("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"])


def _of(vpc: str, name: str = "vpc-id") -> list[dict[str, Any]]:
    return [{"Name": name, "Values": [vpc]}]


def test_they_are_aws_s_as_long_as_nobody_changes_them(session: Session, read: Read, vpc: str) -> None:
    assert observe(session, read(VPC)).unmanaged == ()


def test_they_are_paired_by_the_attributes_of_their_vpc(session: Session, read: Read, aws: Any, vpc: str) -> None:
    estate = read(VPC + MANAGED)
    seen = observe(session, estate)
    assert (seen.missing, dict(seen.undecided), seen.unmanaged) == ((), {}, ())
    drifted = {item.address: str(compare(item, estate, seen.estate)) for item in estate}
    assert drifted == {
        "aws_default_network_acl.main": (
            "ingress has {rule_no: 100, action: allow, protocol: -1, cidr_block: 0.0.0.0/0, from_port: 0, to_port: 0, "
            "icmp_type: 0, icmp_code: 0}, which the code has not; "
            "egress has {rule_no: 100, action: allow, protocol: -1, cidr_block: 0.0.0.0/0, from_port: 0, to_port: 0, "
            "icmp_type: 0, icmp_code: 0}, which the code has not"
        ),
        "aws_default_route_table.main": "",
        "aws_default_security_group.main": (
            "egress has {protocol: -1, from_port: 0, to_port: 0, cidr_blocks: [0.0.0.0/0], self: false}, "
            "which the code has not"
        ),
        "aws_vpc.main": "",
    }


def test_one_that_the_code_fills_through_other_resources_is_not_unmanaged(
    session: Session, read: Read, aws: Any, vpc: str
) -> None:
    ec2 = aws.client("ec2")
    group = ec2.describe_security_groups(Filters=_of(vpc))["SecurityGroups"][0]["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[SSH])
    rule = """
    resource "aws_vpc_security_group_ingress_rule" "ssh" {
      security_group_id = aws_vpc.main.default_security_group_id
      ip_protocol       = "tcp"
      from_port         = 22
      to_port           = 22
      cidr_ipv4         = "0.0.0.0/0"
    }
    """
    assert [item.address for item in observe(session, read(VPC)).unmanaged] == [f"aws_default_security_group({group})"]
    assert observe(session, read(VPC + rule)).unmanaged == ()


def test_rules_of_the_older_resource_are_not_called_unmanaged(session: Session, read: Read, aws: Any, vpc: str) -> None:
    ec2 = aws.client("ec2")
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[SSH])
    web = 'resource "aws_security_group" "web" {\n  name = "web"\n  vpc_id = aws_vpc.main.id\n}\n'
    rule = """
    resource "aws_security_group_rule" "ssh" {
      type              = "ingress"
      security_group_id = aws_security_group.web.id
      protocol          = "tcp"
      from_port         = 22
      to_port           = 22
      cidr_blocks       = ["0.0.0.0/0"]
    }
    """
    kinds = {item.type for item in observe(session, read(VPC + web)).unmanaged}
    assert kinds == {"aws_vpc_security_group_egress_rule", "aws_vpc_security_group_ingress_rule"}
    assert observe(session, read(VPC + web + rule)).unmanaged == ()


def test_an_inline_policy_is_its_role_s_even_where_others_bear_the_same_name(
    session: Session, read: Read, aws: Any
) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    aws.client("iam").create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(document))
    aws.client("iam").put_role_policy(RoleName="app", PolicyName="inline", PolicyDocument=json.dumps(document))
    aws.client("ecr").create_repository(repositoryName="app")
    text = """
    resource "aws_iam_role" "app" {
      name               = "app"
      assume_role_policy = "{}"
      inline_policy {
        name   = "inline"
        policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })
      }
    }

    resource "aws_ecr_repository" "app" {
      name = "app"
    }
    """
    assert observe(session, read(text)).unmanaged == ()
