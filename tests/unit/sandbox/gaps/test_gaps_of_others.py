"""Fills for services around ECS that other people's stacks use."""

import json

from skyworthy.sandbox.server import Sandbox

TAGS = [{"Key": "team", "Value": "a"}]


def test_analyzer_is_kept_with_rules_and_tags(sandbox: Sandbox) -> None:
    client = sandbox.client("accessanalyzer")
    arn = client.create_analyzer(analyzerName="main", type="ACCOUNT", tags={"team": "a"})["arn"]
    client.create_archive_rule(analyzerName="main", ruleName="own", filter={"isPublic": {"eq": ["false"]}})
    client.tag_resource(resourceArn=arn, tags={"env": "staging"})
    client.untag_resource(resourceArn=arn, tagKeys=["team"])

    analyzer = client.get_analyzer(analyzerName="main")["analyzer"]
    rule = client.get_archive_rule(analyzerName="main", ruleName="own")["archiveRule"]
    assert arn == f"arn:aws:access-analyzer:us-east-1:{sandbox.account_id}:analyzer/main"
    assert (analyzer["status"], analyzer["type"], analyzer["tags"]) == ("ACTIVE", "ACCOUNT", {"env": "staging"})
    assert rule["filter"] == {"isPublic": {"eq": ["false"]}}
    client.delete_analyzer(analyzerName="main")
    assert client.list_analyzers()["analyzers"] == []
    assert sandbox.control("GET", "unimplemented") == {}


def test_connection_stays_pending(sandbox: Sandbox) -> None:
    client = sandbox.client("codestar-connections")
    arn = client.create_connection(ConnectionName="github", ProviderType="GitHub", Tags=TAGS)["ConnectionArn"]

    found = client.get_connection(ConnectionArn=arn)["Connection"]
    assert found == {
        "ConnectionName": "github",
        "ProviderType": "GitHub",
        "ConnectionArn": arn,
        "ConnectionStatus": "PENDING",
        "OwnerAccountId": sandbox.account_id,
    }
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == TAGS
    client.delete_connection(ConnectionArn=arn)
    assert client.list_connections()["Connections"] == []


def test_project_of_a_pipeline_needs_no_location(sandbox: Sandbox) -> None:
    client = sandbox.client("codebuild")
    client.create_project(
        name="app",
        source={"type": "CODEPIPELINE", "buildspec": "buildspec.yml"},
        artifacts={"type": "CODEPIPELINE"},
        environment={"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "standard"},
        serviceRole=f"arn:aws:iam::{sandbox.account_id}:role/build",
    )
    client.update_project(name="app", timeoutInMinutes=20)

    project = client.batch_get_projects(names=["app"])["projects"][0]
    assert (project["timeoutInMinutes"], project["queuedTimeoutInMinutes"]) == (20, 480)
    assert project["source"]["buildspec"] == "buildspec.yml"


def test_origin_access_identity_is_kept(sandbox: Sandbox) -> None:
    client = sandbox.client("cloudfront")
    made = client.create_cloud_front_origin_access_identity(
        CloudFrontOriginAccessIdentityConfig={"CallerReference": "a", "Comment": "site"}
    )

    id = made["CloudFrontOriginAccessIdentity"]["Id"]
    found = client.get_cloud_front_origin_access_identity(Id=id)
    assert found["ETag"] == made["ETag"]
    assert found["CloudFrontOriginAccessIdentity"]["CloudFrontOriginAccessIdentityConfig"]["Comment"] == "site"
    client.delete_cloud_front_origin_access_identity(Id=id, IfMatch=made["ETag"])
    assert client.list_cloud_front_origin_access_identities()["CloudFrontOriginAccessIdentityList"]["Quantity"] == 0


def test_hub_keeps_configuration_and_standards(sandbox: Sandbox) -> None:
    client = sandbox.client("securityhub")
    client.enable_security_hub()
    client.update_security_hub_configuration(AutoEnableControls=False)
    cis = "arn:aws:securityhub:us-east-1::standards/cis-aws-foundations-benchmark/v/3.0.0"
    made = client.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": cis}])
    arn = made["StandardsSubscriptions"][0]["StandardsSubscriptionArn"]

    assert client.describe_hub()["AutoEnableControls"] is False
    assert arn.endswith(":subscription/cis-aws-foundations-benchmark/v/3.0.0")
    assert len(client.get_enabled_standards()["StandardsSubscriptions"]) == 3
    client.batch_disable_standards(StandardsSubscriptionArns=[arn])
    assert client.get_enabled_standards(StandardsSubscriptionArns=[arn])["StandardsSubscriptions"] == []


def test_memorydb_groups_and_lists_are_kept(sandbox: Sandbox) -> None:
    client = sandbox.client("memorydb")
    group = client.create_parameter_group(ParameterGroupName="main", Family="memorydb_redis7", Tags=TAGS)
    client.update_parameter_group(
        ParameterGroupName="main", ParameterNameValues=[{"ParameterName": "activedefrag", "ParameterValue": "yes"}]
    )
    client.create_acl(ACLName="app", UserNames=["default"])
    client.update_acl(ACLName="app", UserNamesToRemove=["default"])

    parameters = client.describe_parameters(ParameterGroupName="main")["Parameters"]
    assert [(each["Name"], each["Value"]) for each in parameters] == [("activedefrag", "yes")]
    assert client.list_tags(ResourceArn=group["ParameterGroup"]["ARN"])["TagList"] == TAGS
    assert client.describe_acls(ACLName="app")["ACLs"][0]["UserNames"] == []
    assert [each["Name"] for each in client.describe_acls()["ACLs"]] == ["open-access", "app"]


def test_cache_cluster_has_nodes_and_a_full_version(sandbox: Sandbox) -> None:
    client = sandbox.client("elasticache")
    for name, engine, version in (("r", "redis", "7.1"), ("m", "memcached", "1.6.22")):
        client.create_cache_cluster(
            CacheClusterId=name,
            Engine=engine,
            EngineVersion=version,
            CacheNodeType="cache.t4g.micro",
            NumCacheNodes=2 if engine == "memcached" else 1,
        )
    client.modify_cache_cluster(CacheClusterId="m", NumCacheNodes=3, ApplyImmediately=True)

    redis, memcached = client.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]
    assert (redis["EngineVersion"], len(redis["CacheNodes"]), redis["CacheNodes"][0]["Endpoint"]["Port"]) == (
        "7.1.0",
        1,
        6379,
    )
    assert (memcached["EngineVersion"], len(memcached["CacheNodes"])) == ("1.6.22", 3)
    assert memcached["ConfigurationEndpoint"]["Port"] == 11211
    assert memcached["CacheParameterGroup"]["CacheParameterGroupName"] == "default.memcached1.6"


def test_queue_keeps_who_may_redrive(sandbox: Sandbox) -> None:
    sqs = sandbox.client("sqs")
    dead = sqs.create_queue(QueueName="dead", Attributes={"RedriveAllowPolicy": '{"redrivePermission":"denyAll"}'})
    arn = f"arn:aws:sqs:us-east-1:{sandbox.account_id}:dead"
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3}, separators=(",", ":"))
    work = sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": redrive})

    of_dead = sqs.get_queue_attributes(QueueUrl=dead["QueueUrl"], AttributeNames=["All"])["Attributes"]
    of_work = sqs.get_queue_attributes(QueueUrl=work["QueueUrl"], AttributeNames=["All"])["Attributes"]
    assert of_dead["RedriveAllowPolicy"] == '{"redrivePermission":"denyAll"}'
    assert of_dead["QueueArn"] == arn
    assert of_work["RedrivePolicy"] == redrive
    assert "RedriveAllowPolicy" not in of_work


def test_configuration_set_and_identity_are_described_as_ses_does(sandbox: Sandbox) -> None:
    ses = sandbox.client("sesv2")
    ses.create_configuration_set(ConfigurationSetName="main", DeliveryOptions={"TlsPolicy": "REQUIRE"})
    ses.create_email_identity(EmailIdentity="acme.test", Tags=TAGS)

    found = ses.get_configuration_set(ConfigurationSetName="main")
    arn = f"arn:aws:ses:us-east-1:{sandbox.account_id}:identity/acme.test"
    assert found["SendingOptions"] == {"SendingEnabled": True}
    assert found["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    assert ses.list_tags_for_resource(ResourceArn=arn)["Tags"] == TAGS


def test_bucket_logs_into_another_whatever_its_policy(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3")
    for name in ("acme-site", "acme-logs"):
        s3.create_bucket(Bucket=name)
    target = {"TargetBucket": "acme-logs", "TargetPrefix": "site/"}
    s3.put_bucket_logging(Bucket="acme-site", BucketLoggingStatus={"LoggingEnabled": target})

    assert s3.get_bucket_logging(Bucket="acme-site")["LoggingEnabled"] == target


def test_image_of_a_publisher_is_there_when_it_is_asked_for(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    name = {"Name": "name", "Values": ["ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"]}
    own = {"Name": "name", "Values": ["acme-*"]}

    first = ec2.describe_images(Owners=["099720109477"], Filters=[name])["Images"]
    assert [image["Name"] for image in first] == ["ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260101"]
    assert ec2.describe_images(Owners=["099720109477"], Filters=[name])["Images"] == first
    assert ec2.describe_images(Owners=["self"], Filters=[own])["Images"] == []


def test_service_without_security_groups_is_in_the_default_one(sandbox: Sandbox) -> None:
    ecs = sandbox.client("ecs")
    subnet = sandbox.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(family="app", containerDefinitions=[{"name": "app", "image": "app", "memory": 64}])
    network = {"awsvpcConfiguration": {"subnets": [subnet]}}
    ecs.create_service(
        cluster="main", serviceName="app", taskDefinition="app", desiredCount=1, networkConfiguration=network
    )

    (service,) = ecs.describe_services(cluster="main", services=["app"])["services"]
    assert service["networkConfiguration"] == network
    assert (service["status"], service["runningCount"]) == ("ACTIVE", 1)
