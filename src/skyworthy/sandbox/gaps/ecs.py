"""ECS: what a service is given comes back, and its tasks run."""

from collections.abc import Iterable, Mapping
from copy import copy
from datetime import datetime
from typing import Any

from moto.core.utils import camelcase_to_underscores, utcnow
from moto.moto_api._internal import mock_random

from skyworthy.sandbox.account import launches
from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers, follows, precedes, store
from skyworthy.sandbox.simulated import rollouts, service_tasks

_DEFAULT_DEPLOYMENT = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
}
_NOT_ENABLED = (
    "The execute command failed because execute command was not enabled when the task was run or the execute command "
    "agent isn't running. Wait and try again or run a new task with execute command enabled and try again."
)
_NOT_CONNECTED = "The execute command failed due to an internal error. Try again later."
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


def _tells_inactive(clients: Clients) -> bool:
    ecs = clients("ecs")
    for _ in range(2):
        ecs.register_task_definition(family="newest", containerDefinitions=[{"name": "a", "image": "a", "memory": 64}])
    ecs.deregister_task_definition(taskDefinition="newest:2")
    return bool(ecs.describe_task_definition(taskDefinition="newest")["taskDefinition"]["revision"] == 2)


@precedes("ecs", "DescribeTaskDefinition", lacking=_tells_inactive)
def newest_active_revision(call: Call) -> Mapping[str, Any] | None:
    """See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html.

    A family means its newest active revision; moto takes the newest one, be it deregistered.
    """
    family = call.params["taskDefinition"].rpartition("/")[2]
    known = _backend(call).task_definitions.get(family, {})
    active = [definition for definition in known.values() if definition.status == "ACTIVE"]
    if ":" in family or len(active) == len(known):
        return None
    if not active:
        raise AwsError("ClientException", "Unable to describe task definition.")
    found = max(active, key=lambda definition: definition.revision)
    tags = {"tags": found.tags or []} if "TAGS" in call.params.get("include", ()) else {}
    return {"taskDefinition": found, **tags}


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
    service.network_configuration = service.network_configuration or None  # of a bridge network there is none
    service.created_at = utcnow()
    service.role_arn = service.role_arn or (
        f"arn:aws:iam::{call.account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    )
    _take(service, call)
    _reach_steady_state(call, service)
    return {"service": service}


def _demands_security_groups(clients: Clients) -> bool:
    ecs, ec2 = clients("ecs"), clients("ec2")
    network = {"awsvpcConfiguration": {"subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]]}}
    ecs.create_cluster(clusterName="groups")
    ecs.register_task_definition(family="groups", containerDefinitions=[{"name": "a", "image": "a", "memory": 64}])
    given = {"cluster": "groups", "serviceName": "groups", "taskDefinition": "groups", "desiredCount": 0}
    try:
        ecs.create_service(**given, networkConfiguration=network)
    except KeyError:
        return True
    return False


@precedes("ecs", "CreateService", lacking=_demands_security_groups)
def create_service_in_default_group(call: Call) -> Mapping[str, Any] | None:
    """See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html.

    Without security groups, the default one of the VPC is meant; moto demands some.
    """
    params = call.params
    network = params.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    if not network.get("subnets") or "securityGroups" in network:
        return None
    _backend(call).create_service(
        params.get("cluster", "default"),
        params["serviceName"],
        int(params.get("desiredCount", 0)),
        params.get("taskDefinition"),
        params.get("loadBalancers"),
        params.get("schedulingStrategy"),
        params.get("tags"),
        params.get("deploymentController"),
        params.get("launchType"),
        network_configuration={"awsvpcConfiguration": {**network, "securityGroups": []}},
        service_registries=params.get("serviceRegistries"),
        platform_version=params.get("platformVersion"),
        propagate_tags=params.get("propagateTags") or "NONE",
        role_arn=params.get("role"),
    )
    return complete_service(call)


@follows("ecs", "UpdateService", lacking=_forgets_settings)
def update_service(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html.

    Where the service is launched, a new revision is rolled out by its launcher; else it runs at once.
    """
    service = _service(call, call.params["service"])
    _take(service, call)
    if "taskDefinition" in call.params:
        definition = _backend(call).describe_task_definition(call.params["taskDefinition"])
        service.task_definition = definition.arn
    if rollouts.is_rolled(_backend(call), service, forced=bool(call.params.get("forceNewDeployment"))):
        rollouts.begin(_backend(call), service)
        return {"service": _service_as_launched(call, service)}
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
        params.get("cluster", "default"), params.get("containerInstance"), params.get("family"), params.get("startedBy")
    )
    if params.get("serviceName"):
        group = "service:" + params["serviceName"].split("/")[-1]
        tasks = [task for task in tasks if task.group == group]
    wanted = params.get("desiredStatus", "RUNNING")
    return {"taskArns": [task.task_arn for task in _as_launched(tasks) if task.desired_status == wanted]}


@answers("ecs", "DescribeTasks", lacking=_runs_nothing)
def describe_tasks(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html.

    moto moves a task on towards STOPPED each time that it is described.
    """
    cluster = _backend(call)._get_cluster(call.params.get("cluster", "default"))
    asked = call.params.get("tasks", [])
    if not asked:
        raise AwsError("InvalidParameterException", "Tasks cannot be empty.")
    known = {task.id: task for task in _backend(call).tasks.get(cluster.name, {}).values()}
    found = [known[name.split("/")[-1]] for name in asked if name.split("/")[-1] in known]
    tagged = "TAGS" in call.params.get("include", [])
    described = _as_launched(found)
    for task in described:
        task.tags = task.tags if tagged else []
    prefix = cluster.arn.replace(":cluster/", ":task/")
    missing = [name for name in asked if name.split("/")[-1] not in known]
    return {
        "tasks": described,
        "failures": [{"arn": f"{prefix}/{name.split('/')[-1]}", "reason": "MISSING"} for name in missing],
    }


@answers("ecs", "DescribeServices", lacking=_runs_nothing)
def describe_services(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html.

    A launched service runs as many tasks as are launched.
    """
    services, failures = _backend(call).describe_services(
        call.params.get("cluster", "default"), call.params.get("services", [])
    )
    tagged = "TAGS" in call.params.get("include", [])
    described = [_service_as_launched(call, service) for service in services]
    for service in described:
        service.tags = service.tags if tagged else []
    return {"services": described, "failures": failures}


@follows("ecs", "StopTask", lacking=_runs_nothing)
def stop_task(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html: SIGTERM, later SIGKILL."""
    name = call.params["task"].split("/")[-1]
    for tasks in _backend(call).tasks.values():
        for arn in [arn for arn, task in tasks.items() if task.id == name]:
            launches.stop(arn, call.params.get("reason", "Task stopped by user"))


@answers("ecs", "ExecuteCommand")
def execute_command(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExecuteCommand.html.

    The command runs in the process that was launched for the container; who answers on the data channel is the
    launcher.
    """
    params = call.params
    cluster = _backend(call)._get_cluster(params.get("cluster", "default"))
    known = {task.id: task for task in _backend(call).tasks.get(cluster.name, {}).values()}
    task = known.get(params["task"].split("/")[-1])
    if task is None:
        raise AwsError("InvalidParameterException", "The task provided was not found.")
    if not params.get("interactive"):
        raise AwsError("InvalidParameterException", "Interactive is the only mode supported currently.")
    container = _container(task, params.get("container"))
    if not getattr(task, "enable_execute_command", False):
        raise AwsError("InvalidParameterException", _NOT_ENABLED)
    told = launches.tasks().get(task.task_arn, {})
    if told.get("execute"):
        raise AwsError("TargetNotConnectedException", f"{_NOT_CONNECTED} ({told['execute']})")
    if told and told["lastStatus"] != "RUNNING":
        raise AwsError("InvalidParameterException", "The specified task is not running.")
    try:
        session = launches.open_session(task.task_arn, container["name"], params["command"])
    except launches.NoLauncherError as error:
        raise AwsError("TargetNotConnectedException", f"{_NOT_CONNECTED} ({error})") from error
    return {
        "clusterArn": cluster.arn,
        "containerArn": container["containerArn"],
        "containerName": container["name"],
        "interactive": True,
        "session": session,
        "taskArn": task.task_arn,
    }


def _container(task: Any, name: str | None) -> Any:
    """The container of a task that a name means; without a name the only one."""
    if name is None and len(task.containers) > 1:
        raise AwsError("InvalidParameterException", "A container name is required where a task has several containers.")
    found = [each for each in task.containers if name in (None, each["name"])]
    if not found:
        raise AwsError("InvalidParameterException", f"The container {name} was not found in the task.")
    return found[0]


def _as_launched(tasks: Iterable[Any]) -> list[Any]:
    """Copies of tasks that tell what their launchers say."""
    told = launches.tasks()
    return [_task_as_launched(task, told.get(task.task_arn)) for task in tasks]


def _task_as_launched(task: Any, told: Mapping[str, Any] | None) -> Any:
    described = copy(task)
    described._transitions = []  # moto moves it on at each look
    if told is None:
        return described
    described.last_status, described.desired_status = told["lastStatus"], told["desiredStatus"]
    described.health_status = told["healthStatus"]
    for member in ("stopCode", "stoppedReason"):
        if member in told:
            setattr(described, camelcase_to_underscores(member), told[member])
    for member in ("startedAt", "stoppingAt", "stoppedAt"):
        if member in told:
            setattr(described, camelcase_to_underscores(member), datetime.fromisoformat(told[member]))
    described.containers = [
        {**each, **told["containers"].get(each["name"], {}), **_managed_agents(told)} for each in task.containers
    ]
    return described


def _managed_agents(told: Mapping[str, Any]) -> dict[str, Any]:
    """The agent behind ECS Exec: not there where that is not enabled, stopped where it may not connect."""
    reason = told["execute"]
    if reason is None:
        return {}
    runs = not reason and told["lastStatus"] == "RUNNING"
    agent = {"name": "ExecuteCommandAgent", "lastStatus": "RUNNING" if runs else "STOPPED"}
    if reason:
        agent["reason"] = reason
    return {"managedAgents": [agent]}


def _service_as_launched(call: Call, service: Any) -> Any:
    described = copy(service)
    tasks = service_tasks.running(_backend(call), service)
    told = launches.tasks()
    if not any(task.task_arn in told for task in tasks):
        return described
    of_tasks = [(task.started_by, told.get(task.task_arn, {}).get("lastStatus", task.last_status)) for task in tasks]
    statuses = [status for _, status in of_tasks]
    described.running_count = statuses.count("RUNNING")
    described.pending_count = statuses.count("PENDING")
    steady = service.arn in launches.steady()
    if rollouts.was_rolled(service):
        described.deployments = [rollouts.counted(deployment, of_tasks) for deployment in service.deployments]
    else:
        described.deployments = [
            {**deployment, **(_progress(described, statuses, steady) if index == 0 else {})}
            for index, deployment in enumerate(service.deployments)
        ]
    events = [
        {**event, "createdAt": datetime.fromisoformat(event["createdAt"])}
        for event in launches.events().get(service.arn, [])
    ]
    both = [*events, *service.events]
    described.events = sorted(both, key=lambda event: event["createdAt"].timestamp(), reverse=True)
    return described


def _progress(service: Any, statuses: list[str], steady: bool) -> dict[str, Any]:
    """The deployment of a launched service; one that was completed stays so, whatever becomes of its tasks."""
    counts = {
        "runningCount": service.running_count,
        "pendingCount": service.pending_count,
        "failedTasks": 0 if steady else statuses.count("STOPPED"),
    }
    if steady:
        return counts
    return {**counts, "rolloutState": "IN_PROGRESS", "rolloutStateReason": "ECS deployment in progress."}


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
