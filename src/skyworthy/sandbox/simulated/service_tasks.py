"""The tasks of an ECS service in moto's stores: started, given an address, registered as targets, stopped.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from moto import backends
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ecs.models import Task
from moto.moto_api._internal import mock_random

from skyworthy.sandbox.account.calls import account_id
from skyworthy.sandbox.simulated import images

if TYPE_CHECKING:
    from skyworthy.sandbox.account.application import Application

PLATFORM_VERSION = "1.4.0"
"""What LATEST means on Fargate."""

# moto sets the name only in a VPC with DNS host names, and its tasks read it always.
NetworkInterface.private_dns_name = ""


def routes(application: "Application") -> dict[tuple[str, str], Callable[[bytes], Any]]:
    """The control endpoint by which a task is made other than it should be, for one application."""
    return {("POST", "tasks"): lambda body: application.alone(lambda: _change(**json.loads(body)))}


def start(backend: Any, service: Any, deployment: str, *, pending: bool = False, count: int | None = None) -> None:
    """Run as many tasks as the service desires, spread over its subnets.

    Args:
        backend: moto's ECS store.
        service: one of its services.
        deployment: id of the deployment that starts them.
        pending: whether somebody else tells when they run: see :func:`set_running`.
        count: so many instead.
    """
    if not _on_fargate(service) or not service.task_definition:
        return
    definition = backend.describe_task_definition(service.task_definition)
    network = service.network_configuration["awsvpcConfiguration"]
    for index in range(service.desired_count if count is None else count):
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
            launch_type="FARGATE",
            networking_configuration={"awsvpcConfiguration": {**network, "subnets": [subnet]}},
            platform_version=PLATFORM_VERSION,
        )
        task._transitions = []  # moto moves a task towards STOPPED each time it is described
        address = _give_address(backend, task, subnet)
        _describe_as_running(task, service, definition, address)
        if pending:
            _set_status(task, "PENDING", "UNKNOWN")
        backend.tasks.setdefault(service.cluster_name, {})[task.task_arn] = task
        for target_group, target in _targets(backend, service, address):
            target_group.register([target])


def _on_fargate(service: Any) -> bool:
    providers = {item.get("capacityProvider") for item in getattr(service, "capacity_provider_strategy", None) or ()}
    return service.launch_type == "FARGATE" or bool(providers & {"FARGATE", "FARGATE_SPOT"})


def running(backend: Any, service: Any) -> list[Any]:
    """The tasks of a service that are to run."""
    return [
        task
        for task in backend.tasks.get(service.cluster_name, {}).values()
        if task.group == f"service:{service.name}" and task.desired_status == "RUNNING"
    ]


def set_running(backend: Any, service: Any, deployment: str) -> None:
    """The tasks of a deployment run."""
    for task in running(backend, service):
        if task.started_by == deployment:
            _set_status(task, "RUNNING", "HEALTHY")


def _set_status(task: Any, status: str, health: str) -> None:
    task.last_status, task.health_status = status, health
    task.containers = [
        {**item, "lastStatus": status, "healthStatus": item["healthStatus"] if status == "RUNNING" else "UNKNOWN"}
        for item in task.containers
    ]


def stop(backend: Any, service: Any, *, keep: str = "", only: str = "") -> None:
    """Stop the tasks of a service, deregister them and give their interfaces back.

    Args:
        backend: moto's ECS store.
        service: one of its services.
        keep: id of a deployment whose tasks go on.
        only: id of the one deployment whose tasks stop; empty: of all.
    """
    for task in running(backend, service):
        if task.started_by == keep or (only and task.started_by != only):
            continue
        _end(backend, service, task, f"Scaling activity initiated by (deployment {task.started_by})")


def _change(
    region: str, cluster: str, service: str, task: Mapping[str, Any], container: Mapping[str, Any], ends: bool
) -> dict[str, str]:
    """Let the first task of a service, and its containers, say other things of themselves.

    A task that ends is replaced by the service.

    Raises:
        ValueError: the service runs no task.
    """
    backend = backends.get_backend("ecs")[account_id()][region]
    of_service = backend._get_service(cluster, service)
    tasks = running(backend, of_service)
    if not tasks:
        raise ValueError(f"{service} runs no task")
    first = tasks[0]
    if ends:
        _end(backend, of_service, first, "")
        start(backend, of_service, first.started_by, count=1)
    for member, value in task.items():
        setattr(first, camelcase_to_underscores(member), value)
    state = {"lastStatus": "STOPPED"} if ends else {}
    first.containers = [{**item, **state, **container} for item in first.containers]
    return {"taskArn": first.task_arn}


def _end(backend: Any, service: Any, task: Any, reason: str) -> None:
    task.desired_status = task.last_status = "STOPPED"
    task.stopped_reason = reason
    task.stopped_at = utcnow()
    details = _details(task)
    for target_group, target in _targets(backend, service, details["privateIPv4Address"]):
        target_group.deregister([target])
    _ec2(backend).enis.pop(details["networkInterfaceId"], None)


def address_of(task: Any) -> str:
    """The private address of a task."""
    return _details(task)["privateIPv4Address"]


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
            **_digest(task._backend, container["image"]),
            "runtimeId": f"{task.id.replace('-', '')}-{mock_random.randint(10**9, 10**10 - 1)}",
            "lastStatus": "RUNNING",
            "healthStatus": "HEALTHY" if container.get("healthCheck") else "UNKNOWN",
            "cpu": str(container.get("cpu", 0)),
            "networkInterfaces": [{"attachmentId": task.attachments[0]["id"], "privateIpv4Address": address}],
        }
        for container in definition.container_definitions
    ]


def _digest(backend: Any, image: str) -> dict[str, str]:
    digest = images.digest_of(backend.account_id, backend.region_name, image)
    return {"imageDigest": digest} if digest else {}


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
