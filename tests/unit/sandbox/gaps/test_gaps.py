"""The fills: each is still needed, documented, and does what the API reference says."""

import re
from typing import Any

import boto3
import pytest
from moto import mock_aws

from skyworthy.sandbox import gaps
from skyworthy.sandbox.gaps import Fill
from skyworthy.sandbox.server import Sandbox

FILLS = sorted(gaps.load().values(), key=lambda fill: fill.name)


@pytest.mark.parametrize("fill", FILLS, ids=[fill.name for fill in FILLS])
def test_installed_moto_still_needs_the_fill(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    session: Any = boto3.Session(region_name="us-east-1")
    with mock_aws():
        assert fill.needed(session.client), "moto has caught up: delete it"


@pytest.mark.parametrize("fill", FILLS, ids=[fill.name for fill in FILLS])
def test_fill_names_the_page_it_follows(fill: Fill) -> None:
    assert re.match(r"See https://docs\.aws\.amazon\.com/\S+\.html", fill.function.__doc__ or "")


def test_cache_parameter_group_is_kept_with_parameters_and_tags(sandbox: Sandbox) -> None:
    cache = sandbox.client("elasticache")
    made = cache.create_cache_parameter_group(
        CacheParameterGroupName="redis",
        CacheParameterGroupFamily="redis7",
        Description="for tests",
        Tags=[{"Key": "team", "Value": "platform"}],
    )["CacheParameterGroup"]
    parameter = {"ParameterName": "maxmemory-policy", "ParameterValue": "allkeys-lru"}
    cache.modify_cache_parameter_group(CacheParameterGroupName="redis", ParameterNameValues=[parameter])

    described = cache.describe_cache_parameter_groups(CacheParameterGroupName="redis")["CacheParameterGroups"]
    parameters = cache.describe_cache_parameters(CacheParameterGroupName="redis", Source="user")["Parameters"]

    assert described == [
        {
            "ARN": "arn:aws:elasticache:us-east-1:123456789012:parametergroup:redis",
            "CacheParameterGroupFamily": "redis7",
            "CacheParameterGroupName": "redis",
            "Description": "for tests",
            "IsGlobal": False,
        }
    ]
    assert parameters == [{**parameter, "IsModifiable": True, "Source": "user"}]
    assert cache.list_tags_for_resource(ResourceName=made["ARN"])["TagList"] == [{"Key": "team", "Value": "platform"}]

    cache.reset_cache_parameter_group(CacheParameterGroupName="redis", ResetAllParameters=True)
    assert cache.describe_cache_parameters(CacheParameterGroupName="redis")["Parameters"] == []
    cache.delete_cache_parameter_group(CacheParameterGroupName="redis")
    with pytest.raises(cache.exceptions.CacheParameterGroupNotFoundFault):
        cache.describe_cache_parameter_groups(CacheParameterGroupName="redis")


def test_replication_group_has_its_members(sandbox: Sandbox) -> None:
    cache = sandbox.client("elasticache")
    cache.create_replication_group(
        ReplicationGroupId="redis",
        ReplicationGroupDescription="two nodes",
        Engine="redis",
        EngineVersion="7.1",
        NumCacheClusters=2,
        PreferredMaintenanceWindow="sun:05:00-sun:06:00",
        SecurityGroupIds=["sg-1"],
        TransitEncryptionEnabled=True,
    )

    group = cache.describe_replication_groups(ReplicationGroupId="redis")["ReplicationGroups"][0]
    members = cache.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]

    assert group["MemberClusters"] == ["redis-001", "redis-002"]
    assert (group["AutoMinorVersionUpgrade"], group["TransitEncryptionMode"]) == (True, "required")
    assert [node["CurrentRole"] for node in group["NodeGroups"][0]["NodeGroupMembers"]] == ["primary", "replica"]
    assert [member["CacheClusterId"] for member in members] == ["redis-001", "redis-002"]
    assert members[0]["EngineVersion"] == "7.1.0"
    assert members[0]["PreferredMaintenanceWindow"] == "sun:05:00-sun:06:00"
    assert members[0]["SecurityGroups"] == [{"SecurityGroupId": "sg-1", "Status": "active"}]
    assert members[0]["CacheParameterGroup"]["CacheParameterGroupName"] == "default.redis7"
    assert members[0]["CacheNodes"][0]["Endpoint"]["Port"] == 6379

    cache.modify_replication_group(ReplicationGroupId="redis", SnapshotWindow="01:00-02:00", ApplyImmediately=True)
    assert {each["SnapshotWindow"] for each in cache.describe_cache_clusters()["CacheClusters"]} == {"01:00-02:00"}

    cache.delete_replication_group(ReplicationGroupId="redis")
    assert cache.describe_replication_groups()["ReplicationGroups"] == []
    assert cache.describe_cache_clusters()["CacheClusters"] == []


def test_budget_keeps_tags_and_subscribers(sandbox: Sandbox) -> None:
    budgets, account = sandbox.client("budgets"), sandbox.account_id
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
    subscriber = {"SubscriptionType": "EMAIL", "Address": "team@example.com"}
    budgets.create_budget(
        AccountId=account,
        Budget={
            "BudgetName": "monthly",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "135", "Unit": "USD"},
        },
        NotificationsWithSubscribers=[{"Notification": notification, "Subscribers": [subscriber]}],
        ResourceTags=[{"Key": "team", "Value": "platform"}],
    )
    arn = f"arn:aws:budgets::{account}:budget/monthly"

    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "env", "Value": "staging"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["team"])

    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "env", "Value": "staging"}]
    found = budgets.describe_subscribers_for_notification(
        AccountId=account, BudgetName="monthly", Notification=notification
    )
    assert found["Subscribers"] == [subscriber]
    with pytest.raises(budgets.exceptions.NotFoundException):
        budgets.describe_subscribers_for_notification(
            AccountId=account, BudgetName="monthly", Notification={**notification, "Threshold": 90.0}
        )


def test_scalable_target_keeps_tags(sandbox: Sandbox) -> None:
    _service(sandbox)
    scaling = sandbox.client("application-autoscaling")
    arn = scaling.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/main/api",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=2,
        Tags={"team": "platform"},
    )["ScalableTargetARN"]

    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "platform"}


def test_service_returns_what_it_was_given_and_runs_its_tasks(sandbox: Sandbox) -> None:
    ecs = _service(sandbox, desiredCount=2, enableExecuteCommand=True, healthCheckGracePeriodSeconds=60)

    service = ecs.describe_services(cluster="main", services=["api"])["services"][0]
    arns = ecs.list_tasks(cluster="main", serviceName="api")["taskArns"]
    task = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"][0]

    assert (service["desiredCount"], service["runningCount"], service["pendingCount"]) == (2, 2, 0)
    assert (service["enableExecuteCommand"], service["healthCheckGracePeriodSeconds"]) == (True, 60)
    assert service["deploymentConfiguration"] == {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
    }
    assert [deployment["rolloutState"] for deployment in service["deployments"]] == ["COMPLETED"]
    assert service["events"][0]["message"] == "(service api) has reached a steady state."
    assert len(arns) == 2
    assert (task["lastStatus"], task["taskDefinitionArn"]) == ("RUNNING", service["taskDefinition"])
    assert [container["name"] for container in task["containers"]] == ["api"]
    assert ecs.list_tasks(cluster="main", serviceName="other")["taskArns"] == []


def test_tasks_are_healthy_targets_with_addresses_of_their_subnet(sandbox: Sandbox) -> None:
    elb = sandbox.client("elbv2")
    vpc = sandbox.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = elb.create_target_group(Name="api", Protocol="HTTP", Port=8000, VpcId=vpc, TargetType="ip")
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    balancer = {"targetGroupArn": arn, "containerName": "api", "containerPort": 8000}
    ecs = _service(sandbox, desiredCount=2, loadBalancers=[balancer])

    health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]

    assert [each["TargetHealth"]["State"] for each in health] == ["healthy", "healthy"]
    assert all(each["Target"]["Id"].startswith("10.0.0.") and each["Target"]["Port"] == 8000 for each in health)

    ecs.update_service(cluster="main", service="api", desiredCount=1)
    assert len(elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]) == 1


def test_updated_service_runs_the_new_revision(sandbox: Sandbox) -> None:
    ecs = _service(sandbox)
    before = ecs.list_tasks(cluster="main", serviceName="api")["taskArns"]
    _definition(ecs)
    ecs.update_service(cluster="main", service="api", taskDefinition="api", desiredCount=3)

    service = ecs.describe_services(cluster="main", services=["api"])["services"][0]
    after = ecs.list_tasks(cluster="main", serviceName="api")["taskArns"]
    tasks = ecs.describe_tasks(cluster="main", tasks=after)["tasks"]

    assert service["taskDefinition"].endswith("task-definition/api:2")
    assert (service["runningCount"], len(after)) == (3, 3)
    assert not set(before) & set(after)
    assert {task["taskDefinitionArn"] for task in tasks} == {service["taskDefinition"]}


def test_a_family_means_its_newest_active_revision(sandbox: Sandbox) -> None:
    ecs = _service(sandbox)
    _definition(ecs)
    ecs.deregister_task_definition(taskDefinition="api:2")
    asked = ecs.describe_task_definition(taskDefinition="api", include=["TAGS"])
    assert (asked["taskDefinition"]["revision"], asked["taskDefinition"]["status"], asked["tags"]) == (1, "ACTIVE", [])
    assert ecs.describe_task_definition(taskDefinition="api:2")["taskDefinition"]["status"] == "INACTIVE"
    ecs.deregister_task_definition(taskDefinition="api:1")
    with pytest.raises(ecs.exceptions.ClientException, match="Unable to describe task definition"):
        ecs.describe_task_definition(taskDefinition="api")


def test_rule_that_names_a_group_keeps_its_description(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    group = ec2.create_security_group(GroupName="db", Description="db")["GroupId"]
    for port, text in ((5432, "PostgreSQL"), (6379, "Redis")):
        pair = {"GroupId": group, "Description": text}
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [pair]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])

    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]

    described = {rule["FromPort"]: rule["Description"] for rule in rules if not rule["IsEgress"]}
    assert described == {5432: "PostgreSQL", 6379: "Redis"}


def test_flow_log_to_a_group_given_by_arn_is_delivered(sandbox: Sandbox) -> None:
    ec2, logs = sandbox.client("ec2"), sandbox.client("logs")
    logs.create_log_group(logGroupName="/vpc/flow")
    vpcs = [ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"] for number in (1, 2)]
    for vpc, group in zip(vpcs, ("/vpc/flow", "/vpc/absent"), strict=True):
        ec2.create_flow_logs(
            ResourceIds=[vpc],
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogDestination=f"arn:aws:logs:us-east-1:{sandbox.account_id}:log-group:{group}",
            DeliverLogsPermissionArn=f"arn:aws:iam::{sandbox.account_id}:role/flow",
        )

    status = {each["ResourceId"]: each["DeliverLogsStatus"] for each in ec2.describe_flow_logs()["FlowLogs"]}
    assert status == {vpcs[0]: "SUCCESS", vpcs[1]: "FAILED"}


def test_database_parameters_and_insights_come_back(sandbox: Sandbox) -> None:
    rds = sandbox.client("rds")
    rds.create_db_parameter_group(DBParameterGroupName="pg", DBParameterGroupFamily="postgres17", Description="pg")
    parameter = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName="pg", Parameters=[parameter])
    settings: dict[str, Any] = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20}
    settings |= {"MasterUsername": "app", "MasterUserPassword": "testing-dummy"}
    rds.create_db_instance(DBInstanceIdentifier="one", EnablePerformanceInsights=True, **settings)
    rds.create_db_instance(DBInstanceIdentifier="two", **settings)

    one, two = rds.describe_db_instances()["DBInstances"]

    assert rds.describe_db_parameters(DBParameterGroupName="pg", Source="user")["Parameters"] == [
        {**parameter, "IsModifiable": True, "Source": "user"}
    ]
    assert (one["PerformanceInsightsEnabled"], one["PerformanceInsightsRetentionPeriod"]) == (True, 7)
    assert two["PerformanceInsightsEnabled"] is False
    assert one["DbiResourceId"] != two["DbiResourceId"]


def _definition(ecs: Any) -> None:
    ecs.register_task_definition(
        family="api",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "api", "image": "api:1"}],
    )


def _service(sandbox: Sandbox, **settings: Any) -> Any:
    ec2, ecs = sandbox.client("ec2"), sandbox.client("ecs")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="api", Description="api", VpcId=vpc)["GroupId"]
    ecs.create_cluster(clusterName="main")
    _definition(ecs)
    ecs.create_service(
        cluster="main",
        serviceName="api",
        taskDefinition="api",
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]}},
        **{"desiredCount": 1, **settings},
    )
    return ecs
