"""Repositories, queues, stores, databases and clusters that must pre-exist."""

from typing import Any

from skyworthy.sandbox.terraform.seeds import Wanted, absent, makes, once

_DATABASE = {
    "AllocatedStorage": 20,
    "DBInstanceClass": "db.t4g.micro",
    "Engine": "postgres",
    "MasterUserPassword": "placeholder-Dummy-0",
    "MasterUsername": "placeholder",
}


@makes("aws_ecr_repository", "aws_ecr_image")
def repository(wanted: Wanted) -> str | None:
    """An image repository; for an image, one image with the tag."""
    name, ecr = wanted.text("repository_name", "name"), wanted.client("ecr")
    if name is None:
        return None
    made = once(ecr.create_repository, repositoryName=name)
    if wanted.source.type != "aws_ecr_image":
        return name if made else None
    tag = wanted.text("image_tag") or "latest"
    manifest = '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}'
    image = once(ecr.put_image, repositoryName=name, imageTag=tag, imageManifest=manifest)
    return f"{name}:{tag}" if made or image else None


@makes("aws_sns_topic")
def topic(wanted: Wanted) -> str | None:
    """A topic."""
    name, sns = wanted.text("name"), wanted.client("sns")
    topics = [each["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for each in page["Topics"]]
    if name is None or any(arn.endswith(f":{name}") for arn in topics):
        return None
    attributes = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
    sns.create_topic(Name=name, Attributes=attributes)
    return name


@makes("aws_sqs_queue")
def queue(wanted: Wanted) -> str | None:
    """A queue."""
    name, sqs = wanted.text("name"), wanted.client("sqs")
    if name is None or not absent(sqs.get_queue_url, QueueName=name):
        return None
    sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if name.endswith(".fifo") else {})
    return name


@makes("aws_s3_bucket")
def bucket(wanted: Wanted) -> str | None:
    """A bucket."""
    name, s3, region = wanted.text("bucket"), wanted.client("s3"), wanted.existing.region
    if name is None or not absent(s3.head_bucket, Bucket=name):
        return None
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)
    return name


@makes("aws_dynamodb_table")
def table(wanted: Wanted) -> str | None:
    """A table with a key named id."""
    name = wanted.text("name")
    if name is None:
        return None
    made = once(
        wanted.client("dynamodb").create_table,
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name if made else None


@makes("aws_cloudwatch_log_group")
def log_group(wanted: Wanted) -> str | None:
    """A log group."""
    name = wanted.text("name")
    return name if name and once(wanted.client("logs").create_log_group, logGroupName=name) else None


@makes("aws_ecs_cluster")
def cluster(wanted: Wanted) -> str | None:
    """A cluster."""
    name, ecs = wanted.text("cluster_name"), wanted.client("ecs")
    if name is None or ecs.describe_clusters(clusters=[name])["clusters"]:
        return None
    ecs.create_cluster(clusterName=name)
    return name


@makes("aws_lb", "aws_alb")
def load_balancer(wanted: Wanted) -> str | None:
    """An application load balancer in the default subnets, with a listener."""
    name, elb = wanted.text("name"), wanted.client("elbv2")
    if name is None or not absent(elb.describe_load_balancers, Names=[name]):
        return None
    made = elb.create_load_balancer(Name=name, Subnets=wanted.existing.subnets()[:2])["LoadBalancers"][0]
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    for port in (80, 443):
        secure = {"Certificates": [{"CertificateArn": wanted.existing.certificates()[0]}]} if port == 443 else {}
        elb.create_listener(
            LoadBalancerArn=made["LoadBalancerArn"],
            Port=port,
            Protocol="HTTPS" if secure else "HTTP",
            DefaultActions=[action],
            **secure,
        )
    return name


@makes("aws_db_instance")
def database(wanted: Wanted) -> str | None:
    """A PostgreSQL instance."""
    name = wanted.text("db_instance_identifier")
    return name if name and _database(wanted.client("rds"), name) else None


@makes("aws_db_snapshot")
def snapshot(wanted: Wanted) -> str | None:
    """A snapshot of a PostgreSQL instance."""
    rds = wanted.client("rds")
    name, instance = wanted.text("db_snapshot_identifier"), wanted.text("db_instance_identifier")
    if name is None and instance is None:
        return None
    asked = {"DBSnapshotIdentifier": name} if name else {"DBInstanceIdentifier": instance}
    if not absent(rds.describe_db_snapshots, **asked) and rds.describe_db_snapshots(**asked)["DBSnapshots"]:
        return None
    instance = instance or f"of-{name}"
    _database(rds, instance)
    chosen = name or f"{instance}-snapshot"
    rds.create_db_snapshot(DBSnapshotIdentifier=chosen, DBInstanceIdentifier=instance)
    return chosen


@makes("aws_db_subnet_group")
def database_subnets(wanted: Wanted) -> str | None:
    """A subnet group of the default subnets."""
    name, rds = wanted.text("name"), wanted.client("rds")
    if name is None or not absent(rds.describe_db_subnet_groups, DBSubnetGroupName=name):
        return None
    subnets = list(wanted.existing.subnets()[:2])
    rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="looked up", SubnetIds=subnets)
    return name


@makes("aws_organizations_organization")
def organization(wanted: Wanted) -> str | None:
    """An organization."""
    client = wanted.client("organizations")
    return "organization" if once(client.create_organization, FeatureSet="ALL") else None


@makes("aws_service_discovery_dns_namespace", "aws_service_discovery_http_namespace")
def namespace(wanted: Wanted) -> str | None:
    """A namespace of Cloud Map."""
    name, client = wanted.text("name"), wanted.client("servicediscovery")
    if name is None or any(each["Name"] == name for each in client.list_namespaces()["Namespaces"]):
        return None
    if wanted.text("type") == "DNS_PRIVATE":
        client.create_private_dns_namespace(Name=name, Vpc=wanted.existing.vpcs()[0])
    elif wanted.text("type") == "DNS_PUBLIC":
        client.create_public_dns_namespace(Name=name)
    else:
        client.create_http_namespace(Name=name)
    return name


@makes("aws_cognito_user_pools")
def user_pool(wanted: Wanted) -> str | None:
    """A user pool."""
    name, client = wanted.text("name"), wanted.client("cognito-idp")
    if name is None or any(each["Name"] == name for each in client.list_user_pools(MaxResults=60)["UserPools"]):
        return None
    client.create_user_pool(PoolName=name)
    return name


def _database(rds: Any, name: str) -> bool:
    return once(rds.create_db_instance, DBInstanceIdentifier=name, **_DATABASE)
