"""A stack in a real moto server, seen through the Terraform that describes it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from skyworthy.behavior.drift import compare
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Undecidable
from skyworthy.observed import SecretValue, Session, observe
from skyworthy.observed.tables import tables
from skyworthy.sandbox import faults
from skyworthy.sandbox.server import Sandbox

Made = dict[str, str]
Read = Callable[[str], Estate]


def test_every_declared_resource_is_found_at_its_address(session: Session, stack: Estate, made: Made) -> None:
    seen = observe(session, stack)
    assert [resource.address for resource in seen.estate] == [resource.address for resource in stack]
    assert (seen.missing, seen.unmanaged, dict(seen.undecided), seen.notes) == ((), (), {}, ())
    assert (seen.account, seen.region, seen.estate.origin) == ("123456789012", "us-east-1", "observed")
    assert all(there.location == here.location for there, here in zip(seen.estate, stack, strict=True))


def test_attributes_are_those_of_terraform(session: Session, stack: Estate, made: Made) -> None:
    estate = observe(session, stack, thorough=True).estate
    rule = estate.get("aws_vpc_security_group_ingress_rule.db_from_web")
    assert rule is not None
    names = ("security_group_id", "referenced_security_group_id", "ip_protocol", "from_port", "to_port", "cidr_ipv4")
    assert [rule[name] for name in names] == [made["db"], made["web"], "tcp", 5432, 5432, None]
    service = estate.get("aws_ecs_service.app")
    assert service is not None
    of_service = ("cluster", "task_definition", "desired_count")
    assert [service[name] for name in of_service] == [made["cluster"], made["task"], 1]
    task = estate.find(service["task_definition"], "aws_ecs_task_definition")
    assert task is not None
    assert task["container_definitions"][0]["name"] == "app"
    key = estate.get("aws_kms_key.main")
    assert key is not None
    assert (key["enable_key_rotation"], key["key_state"], key["policy"]["Version"]) == (True, "Enabled", "2012-10-17")
    group = estate.get("aws_security_group.web")
    assert group is not None
    assert (group["egress"], group["ingress"][0]["cidr_blocks"]) == ([], ["0.0.0.0/0"])


def test_settings_that_only_terraform_keeps_are_the_declared_ones(session: Session, stack: Estate, made: Made) -> None:
    secret = observe(session, stack).estate.get("aws_secretsmanager_secret.app")
    assert secret is not None
    assert secret["recovery_window_in_days"] == 7


def test_what_is_not_read_is_unknown(session: Session, stack: Estate, made: Made) -> None:
    vpc = observe(session, stack).estate.get("aws_vpc.main")
    assert vpc is not None
    with pytest.raises(Undecidable, match="left out: only a thorough run reads it") as left_out:
        vpc["enable_dns_hostnames"]
    assert left_out.value.left_out
    with pytest.raises(Undecidable, match="skyworthy does not read it from AWS"):
        vpc["ipv6_ipam_pool_id"]
    detailed = observe(session, stack, thorough=True).estate.get("aws_vpc.main")
    assert detailed is not None
    assert (detailed["enable_dns_support"], detailed["enable_dns_hostnames"]) == (True, False)


def test_secret_values_are_read_only_on_demand_and_never_kept(
    session: Session, stack: Estate, made: Made, token: str
) -> None:
    address = "aws_secretsmanager_secret_version.app"
    unasked = observe(session, stack)
    assert "secretsmanager:GetSecretValue" not in unasked.calls
    with pytest.raises(Undecidable, match="secret values are read only where they are asked for"):
        unasked.estate.get(address)["secret_string"]  # type: ignore[index]
    seen = observe(session, stack, with_secrets=True)
    content = seen.estate.get(address)["secret_string"]  # type: ignore[index]
    assert content.keys() == {"TOKEN", "EMPTY"}
    assert all(isinstance(value, SecretValue) for value in content.values())
    filled, empty = content["TOKEN"], content["EMPTY"]
    assert (bool(filled), filled.empty, filled.matches(token), filled.matches("x")) == (True, False, True, False)
    assert (bool(empty), empty.empty) == (False, True)
    assert token not in repr(seen)


def test_calls_are_counted(session: Session, stack: Estate, made: Made) -> None:
    first = observe(session, stack)
    assert first.calls["sts:GetCallerIdentity"] == 1
    assert first.calls["ec2:DescribeVpcs"] == 1
    assert first.calls["ecs:DescribeServices"] == 1
    again = observe(session, stack)
    assert "sts:GetCallerIdentity" not in again.calls
    assert again.calls["ec2:DescribeVpcs"] == 1
    assert session.calls.total == sum(first.calls.values()) + sum(again.calls.values())


def test_only_what_the_stack_needs_is_called(session: Session, read: Read) -> None:
    seen = observe(session, read('resource "aws_cloudwatch_log_group" "a" {\n  name = "a"\n}\n'))
    assert dict(seen.calls) == {"logs:DescribeLogGroups": 1, "sts:GetCallerIdentity": 1}


def test_what_was_deleted_is_missing(aws: Any, session: Session, stack: Estate, made: Made) -> None:
    aws.client("logs").delete_log_group(logGroupName="/shop-staging/app")
    aws.client("ecs").delete_service(cluster="shop-staging", service="app", force=True)
    seen = observe(session, stack)
    assert [item.address for item in seen.missing] == ["aws_cloudwatch_log_group.app", "aws_ecs_service.app"]
    assert seen.estate.get("aws_ecs_service.app") is None


def test_what_hangs_on_something_missing_is_missing_too(session: Session, stack: Estate) -> None:
    seen = observe(session, stack)
    undecided = {"aws_kms_key.main"}
    assert {item.address for item in seen.missing} == {item.address for item in stack} - undecided
    assert seen.undecided.keys() == undecided
    reason = "cannot be told apart: it has no name, and nothing in the account that names it was found"
    assert seen.undecided["aws_kms_key.main"].reason == reason
    assert seen.notes == (f"aws_kms_key.main: {reason}",)


def test_what_the_code_does_not_know_inside_the_boundary_is_unmanaged(
    aws: Any, session: Session, stack: Estate, made: Made, allow: Callable[..., None]
) -> None:
    allow(aws.client("ec2"), made["db"], 22, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    aws.client("logs").create_log_group(logGroupName="/shop-staging/by-hand")
    aws.client("logs").create_log_group(logGroupName="/shop-production/app")
    aws.client("ecs").create_service(cluster="shop-staging", serviceName="by-hand", taskDefinition=made["task"])
    other = aws.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    aws.client("ec2").create_subnet(VpcId=other, CidrBlock="10.9.1.0/24")
    seen = observe(session, stack)
    *others, rule = sorted(seen.unmanaged, key=lambda item: item.address)
    assert [item.address for item in others] == [
        "aws_cloudwatch_log_group(/shop-staging/by-hand)",
        "aws_ecs_service(by-hand)",
    ]
    assert (rule["security_group_id"], rule["from_port"]) == (made["db"], 22)
    assert seen.estate.get(rule.address) == rule
    assert seen.missing == ()


def test_rules_that_a_group_declares_within_itself_are_not_unmanaged(
    aws: Any, session: Session, read: Read, made: Made, stack_text: str, allow: Callable[..., None]
) -> None:
    block = '  ingress {\n    protocol  = "tcp"\n    from_port = 22\n    to_port   = 22\n  }\n'
    text = stack_text.replace('description = "db"\n', 'description = "db"\n' + block)
    allow(aws.client("ec2"), made["db"], 22, IpRanges=[{"CidrIp": "10.0.0.0/8"}])
    assert observe(session, read(text)).unmanaged == ()


def test_two_that_fit_are_not_decided(aws: Any, session: Session, read: Read) -> None:
    ec2 = aws.client("ec2")
    for _ in range(2):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    seen = observe(session, read('resource "aws_vpc" "a" {\n  cidr_block = "10.0.0.0/16"\n}\n'))
    assert seen.missing == ()
    assert {key: why.reason for key, why in seen.undecided.items()} == {
        "aws_vpc.a": "cannot be told apart: 2 in the account fit cidr_block 10.0.0.0/16"
    }
    with pytest.raises(Undecidable, match="2 in the account fit"):
        seen.estate.get("aws_vpc.a")["tags"]  # type: ignore[index]


def test_an_unknown_name_is_not_decided(session: Session, read: Read) -> None:
    seen = observe(session, read('variable "x" {}\nresource "aws_cloudwatch_log_group" "a" {\n  name = var.x\n}\n'))
    assert (seen.missing, {key: why.reason for key, why in seen.undecided.items()}) == (
        (),
        {"aws_cloudwatch_log_group.a": "variable x has no value"},
    )


def test_a_prefix_finds_the_name_that_aws_made(aws: Any, session: Session, read: Read) -> None:
    aws.client("logs").create_log_group(logGroupName="app-2026")
    seen = observe(session, read('resource "aws_cloudwatch_log_group" "a" {\n  name_prefix = "app-"\n}\n'))
    assert seen.estate.get("aws_cloudwatch_log_group.a")["name"] == "app-2026"  # type: ignore[index]


BUCKET = """
resource "aws_s3_bucket" "a" {
  bucket_prefix = "shop-logs-"
}

resource "aws_s3_bucket_versioning" "a" {
  bucket = aws_s3_bucket.a.id
  versioning_configuration {
    status = "Enabled"
  }
}
"""


def test_a_bucket_is_found_by_the_prefix_of_its_name(aws: Any, session: Session, read: Read) -> None:
    for name in ("shop-logs-2026", "shop-media", "others-logs"):
        aws.client("s3").create_bucket(Bucket=name)
    versioning = {"Status": "Enabled"}
    aws.client("s3").put_bucket_versioning(Bucket="shop-logs-2026", VersioningConfiguration=versioning)
    seen = observe(session, read(BUCKET))
    assert (seen.missing, seen.undecided, seen.unmanaged) == ((), {}, ())
    assert {item.address: item["bucket"] for item in seen.estate} == {
        "aws_s3_bucket.a": "shop-logs-2026",
        "aws_s3_bucket_versioning.a": "shop-logs-2026",
    }
    assert (seen.calls["s3:ListBuckets"], seen.calls["s3:GetBucketVersioning"]) == (1, 1)


def test_two_buckets_with_one_prefix_are_not_decided_and_none_is_missing(
    aws: Any, session: Session, read: Read
) -> None:
    estate = read(BUCKET)
    aws.client("s3").create_bucket(Bucket="another")
    seen = observe(session, read(BUCKET + 'resource "aws_s3_bucket" "b" {\n  bucket = "another"\n}\n'))
    assert [item.address for item in seen.missing] == ["aws_s3_bucket.a", "aws_s3_bucket_versioning.a"]
    for name in ("shop-logs-1", "shop-logs-2"):
        aws.client("s3").create_bucket(Bucket=name)
    seen = observe(session, estate)
    assert seen.missing == ()
    assert seen.undecided["aws_s3_bucket.a"].reason == (
        "cannot be told apart: 2 in the account fit bucket_prefix shop-logs-"
    )


def test_a_policy_of_the_account_itself_is_found_by_name_or_prefix(aws: Any, session: Session, read: Read) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    for name in ("shop-read", "shop-2026", "others"):
        aws.client("iam").create_policy(PolicyName=name, PolicyDocument=json.dumps(document))
    policy = f"policy = jsonencode({json.dumps(document)})"
    seen = observe(
        session,
        read(
            f'resource "aws_iam_policy" "a" {{\n  name = "shop-read"\n  {policy}\n}}\n'
            f'resource "aws_iam_policy" "b" {{\n  name_prefix = "shop-20"\n  {policy}\n}}\n'
        ),
    )
    assert (seen.missing, seen.undecided, seen.unmanaged) == ((), {}, ())
    assert {item.address: item["name"] for item in seen.estate} == {
        "aws_iam_policy.a": "shop-read",
        "aws_iam_policy.b": "shop-2026",
    }
    assert seen.estate.resources[0]["policy"] == document


def test_a_parameter_group_without_a_name_is_found_by_the_database_that_uses_it(
    aws: Any, session: Session, read: Read
) -> None:
    rds = aws.client("rds")
    group = "shop-20261121"
    rds.create_db_parameter_group(DBParameterGroupName=group, DBParameterGroupFamily="postgres17", Description="x")
    rds.create_db_instance(
        DBInstanceIdentifier="shop", DBInstanceClass="db.t3.micro", Engine="postgres", DBParameterGroupName=group,
        AllocatedStorage=20, MasterUsername="shop", MasterUserPassword="sandbox-postgres-dummy",
    )  # fmt: skip
    text = (
        'resource "aws_db_parameter_group" "a" {\n  name_prefix = "shop-"\n  family = "postgres17"\n}\n'
        'resource "aws_db_instance" "a" {\n  identifier = "shop"\n  instance_class = "db.t3.micro"\n'
        "  parameter_group_name = aws_db_parameter_group.a.name\n}\n"
    )
    seen = observe(session, read(text))
    assert (seen.missing, dict(seen.undecided)) == ((), {})
    assert seen.estate.get("aws_db_parameter_group.a")["name"] == group  # type: ignore[index]


def test_a_data_source_is_read_and_is_not_of_the_stack(
    aws: Any, session: Session, read: Read, made: Made, allow: Callable[..., None]
) -> None:
    text = (
        f'data "aws_vpc" "shared" {{\n  id = "{made["vpc"]}"\n}}\n'
        'resource "aws_security_group" "web" {\n  name = "shop-staging-web"\n  vpc_id = data.aws_vpc.shared.id\n}\n'
    )
    seen = observe(session, read(text))
    shared = seen.estate.get("data.aws_vpc.shared")
    assert shared is not None
    assert (shared.data, shared["cidr_block"]) == (True, "10.0.0.0/16")
    assert seen.estate.get("aws_security_group.web")["vpc_id"] == made["vpc"]  # type: ignore[index]
    assert [item.address for item in seen.unmanaged if item.type in ("aws_subnet", "aws_security_group")] == []


def test_what_may_be_an_undecided_resource_is_not_called_unmanaged(
    session: Session, read: Read, made: Made, stack_text: str
) -> None:
    text = 'variable "group" {}\n' + stack_text.replace('"/shop-staging/app"', "var.group")
    seen = observe(session, read(text))
    assert seen.unmanaged == ()
    assert seen.notes == (
        "aws_cloudwatch_log_group.app: variable group has no value",
        "aws_cloudwatch_log_group(/shop-staging/app): in the account, may be one that could not be told apart",
    )


def test_a_name_made_from_the_account_is_resolved(aws: Any, session: Session, read: Read) -> None:
    aws.client("s3").create_bucket(Bucket="logs-123456789012")
    text = (
        'data "aws_caller_identity" "me" {}\n'
        'resource "aws_s3_bucket" "logs" {\n  bucket = "logs-${data.aws_caller_identity.me.account_id}"\n}\n'
        'resource "aws_s3_bucket_policy" "logs" {\n  bucket = aws_s3_bucket.logs.id\n  policy = "{}"\n}\n'
    )
    seen = observe(session, read(text))
    assert seen.estate.get("aws_s3_bucket.logs")["arn"] == "arn:aws:s3:::logs-123456789012"  # type: ignore[index]
    assert seen.estate.get("data.aws_caller_identity.me")["account_id"] == "123456789012"  # type: ignore[index]
    assert [item.address for item in seen.missing] == ["aws_s3_bucket_policy.logs"]


def test_types_without_a_collector_are_named(session: Session, read: Read) -> None:
    queues = 'resource "aws_sqs_queue" "a" {}\nresource "aws_sqs_queue" "b" {}\n'
    text = queues + 'resource "aws_cloudwatch_log_group" "c" {\n  name = "c"\n}\n'
    seen = observe(session, read(text))
    assert seen.notes == ("not observed: aws_sqs_queue (2)",)
    assert [note.message for note in seen.estate.notes] == ["not observed: aws_sqs_queue (2)"]
    assert [item.address for item in seen.missing] == ["aws_cloudwatch_log_group.c"]


def test_default_tags_of_the_provider_do_not_count_as_own(aws: Any, session: Session, read: Read) -> None:
    tags = {"Project": "shop", "Name": "a", "By": "hand"}
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    text = (
        'provider "aws" {\n  alias = "x"\n  default_tags {\n    tags = { Project = "shop" }\n  }\n}\n'
        'resource "aws_vpc" "a" {\n  provider = aws.x\n  cidr_block = "10.0.0.0/16"\n  tags = { Name = "a" }\n}\n'
    )
    found = observe(session, read(text)).estate.get("aws_vpc.a")
    assert found is not None
    assert (found["tags"], found["tags_all"]) == ({"Name": "a", "By": "hand"}, tags)


def test_an_account_of_which_nothing_can_be_read_is_bad_input(session: Session, stack: Estate) -> None:
    with pytest.raises(BadInput, match="nothing of the stack could be read: not read in time"):
        observe(session, stack, deadline=-1)


def test_what_two_resources_share_is_one(session: Session, sandbox: Sandbox, read: Read) -> None:
    network = sandbox.client("ec2")
    (vpc,) = network.describe_vpcs()["Vpcs"]
    subnets = [item["SubnetId"] for item in network.describe_subnets()["Subnets"][:2]]
    databases = sandbox.client("rds")
    databases.create_db_subnet_group(DBSubnetGroupName="shop", DBSubnetGroupDescription="d", SubnetIds=subnets)
    for name in ("shop-one", "shop-two"):
        databases.create_db_instance(
            DBInstanceIdentifier=name,
            Engine="postgres",
            DBInstanceClass="db.t4g.micro",
            DBSubnetGroupName="shop",
            MasterUsername="shop",
            ManageMasterUserPassword=True,
            AllocatedStorage=20,
        )
    declared = read(
        """
        resource "aws_db_subnet_group" "main" {
          name       = "shop"
          subnet_ids = []
        }

        resource "aws_db_instance" "main" {
          for_each             = toset(["shop-one", "shop-two"])
          identifier           = each.value
          db_subnet_group_name = aws_db_subnet_group.main.name
        }
        """
    )

    seen = observe(session, declared)

    assert (seen.missing, seen.unmanaged, dict(seen.undecided), seen.notes) == ((), (), {}, ())
    group = seen.estate.get("aws_db_subnet_group.main")
    assert group is not None
    assert (group["vpc_id"], group["subnet_ids"]) == (vpc["VpcId"], sorted(subnets))


RULES = """
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_security_group" "web" {
  name   = "shop-staging-web"
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group" "lb" {
  name   = "shop-staging-lb"
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group_rule" "office" {
  type              = "ingress"
  security_group_id = aws_security_group.web.id
  protocol          = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_blocks       = ["192.0.2.0/25", "192.0.2.128/25"]
}

resource "aws_security_group_rule" "inside" {
  type              = "ingress"
  security_group_id = aws_security_group.web.id
  protocol          = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_blocks       = [aws_vpc.main.cidr_block]
}

resource "aws_security_group_rule" "balancer" {
  type                     = "ingress"
  security_group_id        = aws_security_group.web.id
  protocol                 = "tcp"
  from_port                = 8000
  to_port                  = 8000
  source_security_group_id = aws_security_group.lb.id
}

resource "aws_security_group_rule" "peers" {
  type              = "ingress"
  security_group_id = aws_security_group.web.id
  protocol          = "udp"
  from_port         = 7946
  to_port           = 7946
  self              = true
}

resource "aws_security_group_rule" "out" {
  type              = "egress"
  security_group_id = aws_security_group.web.id
  protocol          = "all"
  from_port         = 0
  to_port           = 0
  cidr_blocks       = ["0.0.0.0/0"]
}
"""


def test_rules_of_the_older_kind_are_found_where_aws_joins_them(aws: Any, session: Session, read: Read) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    web, lb = (
        ec2.create_security_group(GroupName=f"shop-staging-{name}", Description=name, VpcId=vpc)["GroupId"]
        for name in ("web", "lb")
    )
    tcp = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    ranges = [{"CidrIp": block} for block in ("192.0.2.0/25", "192.0.2.128/25", "10.0.0.0/16")]
    from_lb = {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000, "UserIdGroupPairs": [{"GroupId": lb}]}
    own = {"IpProtocol": "udp", "FromPort": 7946, "ToPort": 7946, "UserIdGroupPairs": [{"GroupId": web}]}
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[{**tcp, "IpRanges": ranges}, from_lb, own])

    declared = read(RULES)
    seen = observe(session, declared)
    assert (seen.missing, seen.undecided, seen.unmanaged) == ((), {}, ())
    assert [item.address for item in seen.estate] == [item.address for item in declared]
    drift = [compare(item, declared, seen.estate) for item in declared if item.type == "aws_security_group_rule"]
    assert [item.differences for item in drift if item is not None] == [()] * 5
    inside = seen.estate.get("aws_security_group_rule.inside")
    assert inside is not None
    assert (inside["cidr_blocks"], inside["from_port"]) == (["10.0.0.0/16"], 443)

    gone = {**tcp, "IpRanges": [{"CidrIp": "192.0.2.128/25"}]}
    ec2.revoke_security_group_ingress(GroupId=web, IpPermissions=[gone, own])
    assert [item.address for item in observe(session, declared).missing] == [
        "aws_security_group_rule.office",
        "aws_security_group_rule.peers",
    ]


CLUSTER = """
resource "aws_ecs_cluster" "main" {
  name = "shop-staging"
}
"""


def _run_tasks(aws: Any, count: int) -> None:
    ecs, ec2 = aws.client("ecs"), aws.client("ec2")
    ecs.create_cluster(clusterName="shop-staging")
    ecs.register_task_definition(
        family="app",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "app", "image": "app:1"}],
    )
    groups = [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]]
    subnets = [ec2.describe_subnets()["Subnets"][0]["SubnetId"]]
    ecs.create_service(
        cluster="shop-staging",
        serviceName="app",
        taskDefinition="app",
        desiredCount=count,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": groups}},
    )


def test_details_are_asked_for_several_at_once(aws: Any, session: Session, read: Read) -> None:
    _run_tasks(aws, 3)
    known = tables()
    pairs = replace(known, reads={**known.reads, "ecs.tasks": replace(known.reads["ecs.tasks"], size=2)})
    seen = observe(session, read(CLUSTER), thorough=True, collectors=pairs)
    (cluster,) = seen.estate.of("aws_ecs_cluster")
    assert seen.calls["ecs:DescribeTasks"] == 2
    assert [(task["group"], task["last_status"]) for task in cluster["tasks"]] == [("service:app", "RUNNING")] * 3


def test_what_stands_in_both_lists_is_asked_for_once(aws: Any, session: Session, read: Read) -> None:
    _run_tasks(aws, 1)
    known = tables()
    running = known.reads["ecs.running_tasks"]
    twice = {**known.reads, "ecs.stopped_tasks": replace(running, name="ecs.stopped_tasks", into="StoppedTasks")}
    (cluster,) = observe(session, read(CLUSTER), thorough=True, collectors=replace(known, reads=twice)).estate.of(
        "aws_ecs_cluster"
    )
    assert len(cluster["tasks"]) == 1


def test_where_there_is_nothing_to_ask_for_there_is_no_call(aws: Any, session: Session, read: Read) -> None:
    aws.client("ecs").create_cluster(clusterName="shop-staging")
    seen = observe(session, read(CLUSTER), thorough=True)
    (cluster,) = seen.estate.of("aws_ecs_cluster")
    assert cluster["tasks"] == []
    assert "ecs:DescribeTasks" not in seen.calls


def test_what_a_detail_leans_on_must_be_known(aws: Any, session: Session, sandbox: Sandbox, read: Read) -> None:
    _run_tasks(aws, 1)
    faults.deny(sandbox, "ecs:ListTasks")
    (cluster,) = observe(session, read(CLUSTER), thorough=True).estate.of("aws_ecs_cluster")
    with pytest.raises(Undecidable, match="ecs:ListTasks needs permission ecs:ListTasks") as raised:
        cluster["tasks"]
    assert raised.value.denied
