"""The tasks of an ECS service in moto's stores: started, given an address, registered as targets, stopped.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
"""

from typing import Any

from moto import backends
from moto.core.utils import utcnow
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ecs.models import Task
from moto.moto_api._internal import mock_random

PLATFORM_VERSION = "1.4.0"
"""What LATEST means on Fargate."""

# moto sets the name only in a VPC with DNS host names, and its tasks read it always.
NetworkInterface.private_dns_name = ""


def start(backend: Any, service: Any, deployment: str) -> None:
    """Run as many tasks as the service desires, spread over its subnets.

    Args:
        backend: moto's ECS store.
        service: one of its services.
        deployment: id of the deployment that starts them.
    """
    if service.launch_type != "FARGATE" or not service.task_definition:
        return
    definition = backend.describe_task_definition(service.task_definition)
    network = service.network_configuration["awsvpcConfiguration"]
    for index in range(service.desired_count):
        subnet = network["subnets"][index % len(network["subnets"])]
        task = Task(
            cluster=backend._get_cluster(service.cluster_name),
            task_definition=definition,
            container_instance_arn=None,
            resource_requirements=None,
            backend=backend,
            group=f"service:{service.name}",
            started_by=deployment,
            tags=service.tags if service.propagate_tags == "SERVICE" else [],
            launch_type=service.launch_type,
            networking_configuration={"awsvpcConfiguration": {**network, "subnets": [subnet]}},
            platform_version=PLATFORM_VERSION,
        )
        task._transitions = []  # moto moves a task towards STOPPED each time it is described
        address = _give_address(backend, task, subnet)
        _describe_as_running(task, service, definition, address)
        backend.tasks.setdefault(service.cluster_name, {})[task.task_arn] = task
        for target_group, target in _targets(backend, service, address):
            target_group.register([target])


def stop(backend: Any, service: Any) -> None:
    """Stop the tasks of a service, deregister them and give their interfaces back."""
    for task in backend.tasks.get(service.cluster_name, {}).values():
        if task.group != f"service:{service.name}" or task.desired_status != "RUNNING":
            continue
        task.desired_status = task.last_status = "STOPPED"
        task.stopped_reason = f"Scaling activity initiated by (deployment {task.started_by})"
        task.stopped_at = utcnow()
        details = _details(task)
        for target_group, target in _targets(backend, service, details["privateIPv4Address"]):
            target_group.deregister([target])
        _ec2(backend).enis.pop(details["networkInterfaceId"], None)


def _give_address(backend: Any, task: Any, subnet_id: str) -> str:
    """Give the task's interface an address of its subnet; moto draws one from anywhere."""
    interface = _ec2(backend).enis[_details(task)["networkInterfaceId"]]
    address = str(_ec2(backend).get_subnet(subnet_id).get_available_subnet_ip(interface))
    interface.private_ip_address = address
    interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
    name = f"ip-{address.replace('.', '-')}.ec2.internal"
    given = {"privateIPv4Address": address, "privateDnsName": name}
    for item in task.attachments[0]["details"]:
        item["value"] = given.get(item["name"], item["value"])
    return address


def _describe_as_running(task: Any, service: Any, definition: Any, address: str) -> None:
    """See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html."""
    task.cpu, task.memory = definition.cpu, definition.memory
    task.connectivity, task.health_status = "CONNECTED", "HEALTHY"
    task.created_at = task.started_at = task.pull_started_at = task.pull_stopped_at = task.connectivity_at = utcnow()
    task.platform_family = "Linux"
    task.enable_execute_command = service.enable_execute_command
    task.availability_zone = _zone(task)
    task.containers = [
        {
            "containerArn": f"{task.task_arn.replace(':task/', ':container/')}/{mock_random.uuid4()}",
            "taskArn": task.task_arn,
            "name": container["name"],
            "image": container["image"],
            "runtimeId": f"{task.id.replace('-', '')}-{mock_random.randint(10**9, 10**10 - 1)}",
            "lastStatus": "RUNNING",
            "healthStatus": "HEALTHY" if container.get("healthCheck") else "UNKNOWN",
            "cpu": str(container.get("cpu", 0)),
            "networkInterfaces": [{"attachmentId": task.attachments[0]["id"], "privateIpv4Address": address}],
        }
        for container in definition.container_definitions
    ]


def _zone(task: Any) -> str:
    return str(_ec2(task._backend).get_subnet(_details(task)["subnetId"]).availability_zone)


def _details(task: Any) -> dict[str, str]:
    return {item["name"]: item["value"] for item in task.attachments[0]["details"]}


def _targets(backend: Any, service: Any, address: str) -> list[tuple[Any, dict[str, Any]]]:
    """The target groups of a service, and a task as a target of each."""
    known = backends.get_backend("elbv2")[backend.account_id][backend.region_name].target_groups
    return [
        (known[balancer["targetGroupArn"]], {"Id": address, "Port": balancer["containerPort"]})
        for balancer in service.load_balancers
        if balancer.get("targetGroupArn") in known
    ]


def _ec2(backend: Any) -> Any:
    return backends.get_backend("ec2")[backend.account_id][backend.region_name]
