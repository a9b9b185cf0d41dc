"""A large estate put into a sandbox: services on one cluster, each with what a service has.

It is what the Terraform of ``benchmarks/generate.py`` would create, made by the API calls that the provider would make,
without the provider: ten thousand resources in well under a minute.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from skyworthy.errors import BadInput
from skyworthy.sandbox.server import Sandbox

SNAPSHOT = "fill"
"""Under this name the server keeps what the account held before."""
SHARED = 16
"""Resources that the services share: network, cluster, key, subnet group."""
PER_GROUP = 3
"""A load balancer with its listener, and a database."""
PER_SERVICE = 19
SERVICES_PER_GROUP = 50
"""A load balancer takes 100 rules: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"""
_AT_ONCE = 25
"""Services made by one request."""

Call: TypeAlias = dict[str, Any]
"""A call as ``bulk`` takes it."""
Progress: TypeAlias = Callable[[int, int], None]
"""Told how many resources there are by now, and will be."""


@dataclass(frozen=True)
class Service:
    """One service of the estate.

    Args:
        number: from 0.
    """

    number: int

    @property
    def name(self) -> str:
        """``svc0000``."""
        return f"svc{self.number:04}"

    @property
    def port(self) -> int:
        """Of its container."""
        return 8000 + self.number % 1000

    @property
    def group(self) -> str:
        """The load balancer whose rule leads to it, and the database beside that."""
        return f"group{self.number // SERVICES_PER_GROUP:02}"

    @property
    def priority(self) -> int:
        """Of that rule."""
        return self.number % SERVICES_PER_GROUP + 1


@dataclass(frozen=True)
class Extent:
    """How large an estate is.

    Args:
        services: what it consists of.
    """

    services: tuple[Service, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups of services."""
        return tuple(dict.fromkeys(service.group for service in self.services))

    @property
    def resources(self) -> int:
        """How many resources Terraform would count."""
        return SHARED + PER_GROUP * len(self.groups) + PER_SERVICE * len(self.services)


def extent_of(resources: int) -> Extent:
    """The smallest estate of at least so many resources, one service being the least."""
    services: list[Service] = [Service(0)]
    while Extent(tuple(services)).resources < resources:
        lacking = resources - Extent(tuple(services)).resources
        first = len(services)
        services += [Service(first + more) for more in range(max(1, lacking // (PER_SERVICE + 1)))]
    return Extent(tuple(services))


def fill(sandbox: Sandbox, resources: int, progress: Progress | None = None) -> int:
    """Put a large estate into a sandbox, beside what it holds; `undo` takes it out again.

    Args:
        sandbox: a running one.
        resources: how many; rounded up to whole services.
        progress: told as the estate grows.

    Returns:
        How many there are.

    Raises:
        BadInput: it is filled already, or a call was refused; then everything is as before.
    """
    if SNAPSHOT in sandbox.control("GET", "snapshots"):
        raise BadInput("the sandbox is filled already; `skyworthy sandbox fill --undo` takes it out")
    extent = extent_of(resources)
    sandbox.control("POST", "snapshots", {"name": SNAPSHOT})
    try:
        known = _made(sandbox, [*_shared(), *(call for name in extent.groups for call in _group(name))], {})
        made = extent.resources - PER_SERVICE * len(extent.services)
        for start in range(0, len(extent.services), _AT_ONCE):
            some = extent.services[start : start + _AT_ONCE]
            _made(sandbox, [call for service in some for call in _service(service)], known)
            made += PER_SERVICE * len(some)
            if progress:
                progress(made, extent.resources)
    except BadInput:
        undo(sandbox)
        raise
    return extent.resources


def undo(sandbox: Sandbox) -> None:
    """Put the account back as it was before it was filled; faults that were injected since then go too.

    Raises:
        BadInput: it is not filled.
    """
    if SNAPSHOT not in sandbox.control("GET", "snapshots"):
        raise BadInput("the sandbox is not filled; `skyworthy sandbox fill --resources 10000` fills it")
    sandbox.control("POST", "restore", {"name": SNAPSHOT})


def _made(sandbox: Sandbox, calls: list[Call], known: Mapping[str, Any]) -> dict[str, Any]:
    document = {"calls": calls, "known": known, "region": sandbox.region}
    answers: dict[str, Any] = sandbox.control("POST", "calls", document, timeout=300.0)
    return answers


def _call(service: str, operation: str, name: str = "", **parameters: Any) -> Call:
    call: Call = {"service": service, "operation": operation, "parameters": parameters}
    return call | ({"name": name} if name else {})


def _shared() -> Iterator[Call]:
    yield _call("ec2", "CreateVpc", "vpc", CidrBlock="10.0.0.0/16")
    vpc = "${vpc.Vpc.VpcId}"
    yield _call("ec2", "ModifyVpcAttribute", VpcId=vpc, EnableDnsHostnames={"Value": True})
    yield _call("ec2", "CreateInternetGateway", "gateway")
    gateway = "${gateway.InternetGateway.InternetGatewayId}"
    yield _call("ec2", "AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    for index, name in enumerate(("public0", "public1", "private0", "private1")):
        zone = f"us-east-1{'ab'[index % 2]}"
        yield _call("ec2", "CreateSubnet", name, VpcId=vpc, CidrBlock=f"10.0.{64 * index}.0/18", AvailabilityZone=zone)
    yield _call("ec2", "CreateRouteTable", "table", VpcId=vpc)
    table = "${table.RouteTable.RouteTableId}"
    yield _call("ec2", "CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    for name in ("public0", "public1"):
        yield _call("ec2", "AssociateRouteTable", SubnetId=_subnet(name), RouteTableId=table)
    yield _call(
        "ecs", "CreateCluster", clusterName="estate", settings=[{"name": "containerInsights", "value": "enabled"}]
    )
    yield _call("kms", "CreateKey", "key", Description="Data of the estate")
    yield _call("kms", "EnableKeyRotation", KeyId="${key.KeyMetadata.KeyId}")
    yield _call("kms", "CreateAlias", AliasName="alias/estate", TargetKeyId="${key.KeyMetadata.KeyId}")
    yield _call(
        "rds",
        "CreateDBSubnetGroup",
        DBSubnetGroupName="estate",
        DBSubnetGroupDescription="Databases",
        SubnetIds=[_subnet("private0"), _subnet("private1")],
    )
    yield from _security_group("data_group", "estate-data", "Databases")
    yield from _security_group("alb_group", "estate-alb", "Load balancers")


def _subnet(name: str) -> str:
    return f"${{{name}.Subnet.SubnetId}}"


def _security_group(name: str, group: str, description: str) -> Iterator[Call]:
    """As the provider makes one: without the rule for all outgoing packets that AWS adds."""
    yield _call("ec2", "CreateSecurityGroup", name, GroupName=group, Description=description, VpcId="${vpc.Vpc.VpcId}")
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    yield _call("ec2", "RevokeSecurityGroupEgress", GroupId=f"${{{name}.GroupId}}", IpPermissions=everything)


def _group(name: str) -> Iterator[Call]:
    yield _call(
        "elbv2",
        "CreateLoadBalancer",
        name,
        Name=name,
        Type="application",
        Scheme="internet-facing",
        Subnets=[_subnet("public0"), _subnet("public1")],
        SecurityGroups=["${alb_group.GroupId}"],
    )
    arn = f"${{{name}.LoadBalancers.0.LoadBalancerArn}}"
    drop = {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"}
    yield _call("elbv2", "ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=[drop])
    answer = {"ContentType": "text/plain", "MessageBody": "no such service", "StatusCode": "404"}
    yield _call(
        "elbv2",
        "CreateListener",
        f"{name}_listener",
        LoadBalancerArn=arn,
        Port=80,
        Protocol="HTTP",
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": answer}],
    )
    yield _call(
        "rds",
        "CreateDBInstance",
        DBInstanceIdentifier=f"estate-{name}",
        Engine="postgres",
        EngineVersion="17.2",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        StorageEncrypted=True,
        KmsKeyId="${key.KeyMetadata.Arn}",
        DBSubnetGroupName="estate",
        VpcSecurityGroupIds=["${data_group.GroupId}"],
        MasterUsername="estate",
        ManageMasterUserPassword=True,
        BackupRetentionPeriod=7,
        CopyTagsToSnapshot=False,
        AutoMinorVersionUpgrade=True,
        DeletionProtection=False,
        PubliclyAccessible=False,
    )


def _service(service: Service) -> Iterator[Call]:
    yield from _network(service)
    yield from _stores(service)
    yield from _roles(service)
    yield from _tasks(service)
    yield from _alarm(service)


def _network(service: Service) -> Iterator[Call]:
    group = f"${{{service.name}_group.GroupId}}"
    yield from _security_group(f"{service.name}_group", f"estate-{service.name}", f"Tasks of {service.name}")
    from_balancers = {"UserIdGroupPairs": [{"GroupId": "${alb_group.GroupId}"}]}
    for operation, port, peer in (
        ("AuthorizeSecurityGroupIngress", service.port, from_balancers),
        ("AuthorizeSecurityGroupEgress", 443, {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}),
    ):
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}
        yield _call("ec2", operation, GroupId=group, IpPermissions=[rule])
    yield _call(
        "elbv2",
        "CreateTargetGroup",
        f"{service.name}_targets",
        Name=service.name,
        VpcId="${vpc.Vpc.VpcId}",
        TargetType="ip",
        Protocol="HTTP",
        Port=service.port,
        HealthCheckPath="/health",
        HealthCheckIntervalSeconds=30,
        HealthCheckTimeoutSeconds=5,
        HealthyThresholdCount=3,
        UnhealthyThresholdCount=3,
        Matcher={"HttpCode": "200"},
    )
    yield _call(
        "elbv2",
        "CreateRule",
        ListenerArn=f"${{{service.group}_listener.Listeners.0.ListenerArn}}",
        Priority=service.priority,
        Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": [f"{service.name}.example.com"]}}],
        Actions=[{"Type": "forward", "TargetGroupArn": _targets(service)}],
    )


def _targets(service: Service) -> str:
    return f"${{{service.name}_targets.TargetGroups.0.TargetGroupArn}}"


def _stores(service: Service) -> Iterator[Call]:
    name, key = service.name, "${key.KeyMetadata.Arn}"
    yield _call("logs", "CreateLogGroup", logGroupName=f"/ecs/estate/{name}", kmsKeyId=key)
    yield _call("logs", "PutRetentionPolicy", logGroupName=f"/ecs/estate/{name}", retentionInDays=30)
    yield _call(
        "ecr",
        "CreateRepository",
        f"{name}_repository",
        repositoryName=f"estate/{name}",
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
    )
    yield _call("secretsmanager", "CreateSecret", f"{name}_secret", Name=f"estate-{name}", KmsKeyId=key)
    yield _call("s3", "CreateBucket", Bucket=f"estate-{name}")
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    yield _call(
        "s3",
        "PutPublicAccessBlock",
        Bucket=f"estate-{name}",
        PublicAccessBlockConfiguration=dict.fromkeys(blocked, True),
    )
    yield _call("s3", "PutBucketVersioning", Bucket=f"estate-{name}", VersioningConfiguration={"Status": "Enabled"})


def _roles(service: Service) -> Iterator[Call]:
    name = service.name
    trust = _policy({"Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"})
    start = _policy(
        {"Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Resource": f"${{{name}_repository.repository.repositoryArn}}",
        },
        {
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"arn:aws:logs:us-east-1:123456789012:log-group:/ecs/estate/{name}:*",
        },
        {"Action": "secretsmanager:GetSecretValue", "Resource": f"${{{name}_secret.ARN}}"},
        {"Action": "kms:Decrypt", "Resource": "${key.KeyMetadata.Arn}"},
    )
    data = _policy({"Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::estate-{name}/*"})
    for kind, policy_name, policy in (("execution", "start", start), ("task", "data", data)):
        role = f"estate-{name}-{kind}"
        yield _call("iam", "CreateRole", f"{name}_{kind}", RoleName=role, AssumeRolePolicyDocument=trust)
        yield _call("iam", "PutRolePolicy", RoleName=role, PolicyName=policy_name, PolicyDocument=policy)


def _policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


def _tasks(service: Service) -> Iterator[Call]:
    name = service.name
    logs = {"awslogs-group": f"/ecs/estate/{name}", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "app"}
    container = {
        "name": "app",
        "image": f"${{{name}_repository.repository.repositoryUri}}:1.0.0",
        "portMappings": [{"containerPort": service.port}],
        "environment": [{"name": "BUCKET", "value": f"estate-{name}"}],
        "secrets": [{"name": "API_KEY", "valueFrom": f"${{{name}_secret.ARN}}:API_KEY::"}],
        "logConfiguration": {"logDriver": "awslogs", "options": logs},
    }
    yield _call(
        "ecs",
        "RegisterTaskDefinition",
        f"{name}_definition",
        family=f"estate-{name}",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=f"${{{name}_execution.Role.Arn}}",
        taskRoleArn=f"${{{name}_task.Role.Arn}}",
        containerDefinitions=[container],
    )
    network = {
        "subnets": [_subnet("private0"), _subnet("private1")],
        "securityGroups": [f"${{{name}_group.GroupId}}"],
        "assignPublicIp": "DISABLED",
    }
    yield _call(
        "ecs",
        "CreateService",
        serviceName=name,
        cluster="estate",
        taskDefinition=f"${{{name}_definition.taskDefinition.taskDefinitionArn}}",
        launchType="FARGATE",
        desiredCount=2,
        networkConfiguration={"awsvpcConfiguration": network},
        loadBalancers=[{"targetGroupArn": _targets(service), "containerName": "app", "containerPort": service.port}],
    )


def _alarm(service: Service) -> Iterator[Call]:
    name = service.name
    yield _call("sns", "CreateTopic", f"{name}_topic", Name=f"estate-{name}")
    yield _call(
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName=f"estate-{name}-cpu",
        Namespace="AWS/ECS",
        MetricName="CPUUtilization",
        Statistic="Average",
        ComparisonOperator="GreaterThanThreshold",
        Threshold=80.0,
        Period=60,
        EvaluationPeriods=5,
        ActionsEnabled=True,
        AlarmActions=[f"${{{name}_topic.TopicArn}}"],
        Dimensions=[{"Name": "ClusterName", "Value": "estate"}, {"Name": "ServiceName", "Value": name}],
    )
