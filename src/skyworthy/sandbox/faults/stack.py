"""The stack in a sandbox, found by what AWS tells of it: faults know no names and no ids."""

import copy
import json
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from typing import Any, TypeAlias, TypeVar

from skyworthy.errors import BadInput
from skyworthy.sandbox import conditions
from skyworthy.sandbox.server import Sandbox

Item: TypeAlias = dict[str, Any]

_OF_TASK_DEFINITION = (
    *("family", "taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions", "volumes"),
    *("placementConstraints", "requiresCompatibilities", "cpu", "memory", "runtimePlatform"),
)
"""What RegisterTaskDefinition takes of what DescribeTaskDefinition tells."""


class Stack:
    """The resources of the only stack in a sandbox.

    A resource that a fault needs and that is not there is a `BadInput` that names it.

    Args:
        sandbox: the account; its default VPC is not part of the stack.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def client(self, service: str) -> Any:
        """A boto3 client; making one takes longer than what most faults do with it."""
        return _client(self._sandbox, service)

    @property
    def account(self) -> str:
        """The account's id."""
        return self._sandbox.account_id

    # Network

    @cached_property
    def vpc(self) -> Item:
        """The VPC that is not the default one."""
        vpcs: list[Item] = self.client("ec2").describe_vpcs()["Vpcs"]
        return one((item for item in vpcs if not item["IsDefault"]), "VPC")

    def in_vpc(self, operation: str, key: str) -> list[Item]:
        """What an EC2 operation lists of the stack's VPC."""
        filters = [{"Name": "vpc-id", "Values": [self.vpc["VpcId"]]}]
        found: list[Item] = getattr(self.client("ec2"), operation)(Filters=filters)[key]
        return found

    def security_group(self, id: str) -> Item:
        """One security group."""
        groups = self.client("ec2").describe_security_groups(GroupIds=[id])["SecurityGroups"]
        return one(groups, f"security group {id}")

    def rules_of(self, group: str, *, egress: bool) -> list[Item]:
        """The rules of a security group, one direction."""
        filters = [{"Name": "group-id", "Values": [group]}]
        rules = self.client("ec2").describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
        return [rule for rule in rules if rule["IsEgress"] == egress]

    @property
    def task_subnets(self) -> list[str]:
        """Ids of the subnets in which the tasks run."""
        return list(self._network["subnets"])

    @property
    def task_group(self) -> str:
        """Id of the tasks' security group."""
        return str(one(self._network["securityGroups"], "security group of the tasks"))

    @property
    def _network(self) -> Item:
        return dict(self.service["networkConfiguration"]["awsvpcConfiguration"])

    def route_table_of(self, subnet: str) -> Item:
        """The route table of a subnet."""
        tables = self.in_vpc("describe_route_tables", "RouteTables")
        fitting = (table for table in tables if any(each.get("SubnetId") == subnet for each in table["Associations"]))
        return one(fitting, f"route table of {subnet}")

    # Load balancer

    @cached_property
    def load_balancer(self) -> Item:
        """The application load balancer."""
        return one(self.client("elbv2").describe_load_balancers()["LoadBalancers"], "load balancer")

    def listener(self, protocol: str) -> Item:
        """The listener of a protocol."""
        arn = self.load_balancer["LoadBalancerArn"]
        listeners = self.client("elbv2").describe_listeners(LoadBalancerArn=arn)["Listeners"]
        return one((item for item in listeners if item["Protocol"] == protocol), f"{protocol} listener")

    @property
    def target_group(self) -> str:
        """ARN of the service's target group."""
        return str(one(self.service["loadBalancers"], "target group of the service")["targetGroupArn"])

    # Services

    @cached_property
    def cluster(self) -> str:
        """ARN of the ECS cluster."""
        return str(one(self.client("ecs").list_clusters()["clusterArns"], "ECS cluster"))

    @cached_property
    def service(self) -> Item:
        """The first service by name whose task definition takes secrets."""
        ecs = self.client("ecs")
        arns = sorted(ecs.list_services(cluster=self.cluster)["serviceArns"])
        services = ecs.describe_services(cluster=self.cluster, services=arns)["services"] if arns else []
        return one(
            (item for item in services if secrets_of(self._described(item["taskDefinition"]))), "service with secrets"
        )

    def _described(self, arn: str) -> Item:
        return dict(self.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"])

    @property
    def task_definition(self) -> Item:
        """The task definition of the service."""
        return self._described(self.service["taskDefinition"])

    def deploy(self, change: Callable[[Item], object]) -> str:
        """Register a changed copy of the service's task definition, deploy it, and tell its family."""
        described = self.task_definition
        copied = {key: copy.deepcopy(described[key]) for key in _OF_TASK_DEFINITION if described.get(key)}
        change(copied)
        ecs = self.client("ecs")
        arn = str(ecs.register_task_definition(**copied)["taskDefinition"]["taskDefinitionArn"])
        ecs.update_service(cluster=self.cluster, service=self.service["serviceName"], taskDefinition=arn)
        return str(copied["family"])

    def change_task(self, **how: Any) -> None:
        """Let a task of the service be other than it should, see :func:`conditions.change_task`."""
        conditions.change_task(self._sandbox, self.cluster.rpartition("/")[2], self.service["serviceName"], **how)

    # Secrets and keys

    @cached_property
    def secret(self) -> Item:
        """The secret whose keys the service's tasks are given."""
        value_from = str(secrets_of(self.task_definition)[0]["valueFrom"])
        arn = ":".join(value_from.split(":")[:7])
        return dict(self.client("secretsmanager").describe_secret(SecretId=arn))

    def change_secret(self, change: Callable[[dict[str, str]], object]) -> None:
        """Store a changed copy of the secret's JSON."""
        client = self.client("secretsmanager")
        values = json.loads(client.get_secret_value(SecretId=self.secret["ARN"])["SecretString"])
        change(values)
        client.put_secret_value(SecretId=self.secret["ARN"], SecretString=json.dumps(values))

    @property
    def secret_key(self) -> str:
        """Id of the KMS key that encrypts the secret."""
        key = self.client("kms").describe_key(KeyId=one([self.secret["KmsKeyId"]], "key of the secret"))
        return str(key["KeyMetadata"]["KeyId"])

    # Permissions

    @property
    def execution_role(self) -> str:
        """Name of the role with which ECS starts the tasks."""
        return str(self.task_definition["executionRoleArn"].rsplit("/", 1)[-1])

    @property
    def task_role(self) -> str:
        """Name of the role that the application has."""
        return str(self.task_definition["taskRoleArn"].rsplit("/", 1)[-1])

    def inline_policies(self, role: str) -> dict[str, Item]:
        """The policies written into a role, by name."""
        iam = self.client("iam")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        return {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}

    @property
    def federated_role(self) -> Item:
        """The role that GitHub's workflows take on."""
        roles = self.client("iam").list_roles()["Roles"]
        trusting = (item for item in roles if "sts:AssumeRoleWithWebIdentity" in str(item["AssumeRolePolicyDocument"]))
        return one(trusting, "role for GitHub's OIDC provider")

    # Data

    @cached_property
    def database(self) -> Item:
        """The database that is not a replica."""
        databases = self.client("rds").describe_db_instances()["DBInstances"]
        return one((item for item in databases if not item.get("ReadReplicaSourceDBInstanceIdentifier")), "database")

    @cached_property
    def cache(self) -> Item:
        """The Redis replication group."""
        return one(self.client("elasticache").describe_replication_groups()["ReplicationGroups"], "replication group")

    @cached_property
    def bucket(self) -> str:
        """Name of the bucket with the load balancer's logs."""
        buckets = self.client("s3").list_buckets()["Buckets"]
        return str(one((item["Name"] for item in buckets if "log" in item["Name"]), "bucket with logs"))

    # Monitoring

    def alarm(self, metric: str = "") -> Item:
        """An alarm of the stack, the first by name; those that Application Auto Scaling keeps are none.

        Args:
            metric: only one that watches this metric.
        """
        alarms = self.client("cloudwatch").describe_alarms()["MetricAlarms"]
        own = sorted(
            (item for item in alarms if not item["AlarmName"].startswith("TargetTracking-")),
            key=lambda item: str(item["AlarmName"]),
        )
        return one((item for item in own if metric in ("", item.get("MetricName"))), f"alarm on {metric or 'a metric'}")

    @property
    def topic(self) -> str:
        """ARN of the topic that the alarms notify."""
        return str(one(self.alarm().get("AlarmActions", ()), "topic of the alarms"))

    @cached_property
    def dashboard(self) -> str:
        """Name of the dashboard."""
        return str(one(self.client("cloudwatch").list_dashboards()["DashboardEntries"], "dashboard")["DashboardName"])

    @property
    def log_group(self) -> str:
        """Name of the log group of the service's first container."""
        container = self.task_definition["containerDefinitions"][0]
        return str(container["logConfiguration"]["options"]["awslogs-group"])


@lru_cache(maxsize=64)
def _client(sandbox: Sandbox, service: str) -> Any:
    return sandbox.client(service)


def secrets_of(task_definition: Item) -> list[Item]:
    """The secrets that the containers of a task definition are given."""
    return [each for container in task_definition["containerDefinitions"] for each in container.get("secrets", ())]


Found = TypeVar("Found")


def one(items: Iterable[Found], what: str) -> Found:
    """The first.

    Raises:
        BadInput: there is none.
    """
    for item in items:
        return item
    raise BadInput(f"the sandbox holds no {what}, which this fault would break; apply or replay a stack that has one")


def already(what: str) -> BadInput:
    """The error of a fault that would change nothing."""
    return BadInput(f"this fault would change nothing: {what} already")
