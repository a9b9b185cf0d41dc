"""ECS: what a service is given comes back, and its tasks run."""

from typing import Any

from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from skyworthy.sandbox import service_tasks
from skyworthy.sandbox.calls import Call
from skyworthy.sandbox.gaps import Clients, answers, follows, store

_DEFAULT_DEPLOYMENT = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
}
_GIVEN = {
    "availabilityZoneRebalancing": "availability_zone_rebalancing",
    "capacityProviderStrategy": "capacity_provider_strategy",
    "enableECSManagedTags": "enable_ecs_managed_tags",
    "enableExecuteCommand": "enable_execute_command",
    "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    "loadBalancers": "load_balancers",
    "networkConfiguration": "network_configuration",
    "placementConstraints": "placement_constraints",
    "placementStrategy": "placement_strategy",
    "propagateTags": "propagate_tags",
    "serviceRegistries": "service_registries",
}


def _forgets_settings(clients: Clients) -> bool:
    ecs = clients("ecs")
    ecs.create_cluster(clusterName="probe")
    ecs.register_task_definition(
        family="probe", containerDefinitions=[{"name": "probe", "image": "probe", "memory": 64}]
    )
    ecs.create_service(
        cluster="probe", serviceName="probe", taskDefinition="probe", desiredCount=0, enableExecuteCommand=True
    )
    return not ecs.describe_services(cluster="probe", services=["probe"])["services"][0].get("enableExecuteCommand")


def _runs_nothing(clients: Clients) -> bool:
    ecs = clients("ecs")
    ecs.create_cluster(clusterName="steady")
    ecs.register_task_definition(family="steady", containerDefinitions=[{"name": "a", "image": "a", "memory": 64}])
    ecs.create_service(cluster="steady", serviceName="steady", taskDefinition="steady", desiredCount=1)
    return not ecs.list_tasks(cluster="steady", serviceName="steady")["taskArns"]


@follows("ecs", "CreateService", lacking=_forgets_settings)
def complete_service(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html.

    The service then reaches its steady state: as many tasks run as are desired, in one completed deployment.
    """
    service = _service(call, call.params["serviceName"])
    service.enable_execute_command = False
    service.enable_ecs_managed_tags = False
    service.deployment_configuration = dict(_DEFAULT_DEPLOYMENT)
    if service.launch_type == "FARGATE":
        service.platform_version = service.platform_version or "LATEST"
        service.platform_family = "Linux"
    if service.load_balancers:
        service.health_check_grace_period_seconds = 0
    service.created_at = utcnow()
    service.role_arn = service.role_arn or (
        f"arn:aws:iam::{call.account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    )
    _take(service, call)
    _reach_steady_state(call, service)
    return {"service": service}


@follows("ecs", "UpdateService", lacking=_forgets_settings)
def update_service(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html."""
    service = _service(call, call.params["service"])
    _take(service, call)
    if "taskDefinition" in call.params:
        definition = _backend(call).describe_task_definition(call.params["taskDefinition"])
        service.task_definition = definition.arn
    _reach_steady_state(call, service)
    return {"service": service}


@follows("ecs", "DeleteService", lacking=_runs_nothing)
def delete_service(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html."""
    cluster = call.params.get("cluster", "default").split("/")[-1]
    name = call.params["service"].split("/")[-1]
    for service in _backend(call).services.values():
        if (service.cluster_name, service.name) == (cluster, name):
            service_tasks.stop(_backend(call), service)


@answers("ecs", "ListTasks", lacking=_runs_nothing)
def list_tasks(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html.

    moto ignores `serviceName`; `desiredStatus` is RUNNING where it is not given.
    """
    params = call.params
    tasks = _backend(call).list_tasks(
        params.get("cluster", "default"),
        params.get("containerInstance"),
        params.get("family"),
        params.get("startedBy"),
        None,
        params.get("desiredStatus", "RUNNING"),
    )
    if params.get("serviceName"):
        group = "service:" + params["serviceName"].split("/")[-1]
        tasks = [task for task in tasks if task.group == group]
    return {"taskArns": [task.task_arn for task in tasks]}


def _backend(call: Call) -> Any:
    return store(call, "ecs")


def _service(call: Call, name: str) -> Any:
    return _backend(call)._get_service(call.params.get("cluster", "default"), name.split("/")[-1])


def _take(service: Any, call: Call) -> None:
    """Keep what the request gives."""
    for member, attribute in _GIVEN.items():
        if call.params.get(member) is not None:
            setattr(service, attribute, call.params[member])
    if call.params.get("deploymentConfiguration"):
        service.deployment_configuration = service.deployment_configuration | call.params["deploymentConfiguration"]


def _reach_steady_state(call: Call, service: Any) -> None:
    """See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html."""
    service_tasks.stop(_backend(call), service)
    cluster = _backend(call)._get_cluster(service.cluster_name)
    cluster.pending_tasks_count = 0
    service.running_count, service.pending_count = service.desired_count, 0
    for deployment in service.deployments[:1]:
        deployment.update(
            desiredCount=service.desired_count,
            pendingCount=0,
            platformFamily="Linux",
            rolloutState="COMPLETED",
            rolloutStateReason=f"ECS deployment {deployment['id']} completed.",
            runningCount=service.desired_count,
            taskDefinition=service.task_definition,
            networkConfiguration=service.network_configuration or None,
        )
        service_tasks.start(_backend(call), service, deployment["id"])
    running = [each for each in _backend(call).services.values() if each.cluster_name == cluster.name]
    cluster.running_tasks_count = sum(each.running_count for each in running)
    cluster.active_services_count = len([each for each in running if each.status == "ACTIVE"])
    message = f"(service {service.name}) has reached a steady state."
    service.events.insert(0, {"id": str(mock_random.uuid4()), "createdAt": utcnow(), "message": message})
