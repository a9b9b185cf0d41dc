"""Deployments of launched services in the account: begun by UpdateService, carried out and ended by their launcher.

A service that no launcher runs has nothing to wait for: its new revision runs at once (``gaps/ecs.py``). Of a launched
one, the new tasks are pending until the launcher says that they run, and the old ones go on until then. Where they
fail, the circuit breaker does what the service asks of it. It is tripped by the first task that fails, where ECS waits
for at least three; without a circuit breaker the deployment stays in progress, as ECS never gives up.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html and
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from moto import backends
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from skyworthy.sandbox.account import launches
from skyworthy.sandbox.account.calls import Call, Response
from skyworthy.sandbox.simulated import service_tasks

if TYPE_CHECKING:
    from skyworthy.sandbox.account.application import Application

PRIMARY, ACTIVE = "PRIMARY", "ACTIVE"
IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"
SUPERSEDED = "SUPERSEDED"
"""What becomes of a deployment that ends when a newer one has begun."""


def routes(application: "Application") -> dict[tuple[str, str], Callable[[bytes], Any]]:
    """The control endpoint by which launchers end deployments, for one application."""
    application.amenders.append(_hand_over)
    return {("POST", "rollouts"): lambda body: application.alone(lambda: _finish(**json.loads(body)))}


def is_rolled(backend: Any, service: Any, *, forced: bool) -> bool:
    """Whether an update of a service begins a deployment that a launcher carries out.

    Args:
        backend: moto's ECS store.
        service: one of its services, updated already.
        forced: whether a new deployment was asked for.
    """
    if not service.deployments:
        return False
    if not forced and service.task_definition == service.deployments[0]["taskDefinition"]:
        return False
    launched = launches.tasks()
    return any(task.task_arn in launched for task in service_tasks.running(backend, service))


def begin(backend: Any, service: Any) -> None:
    """Begin a deployment of the revision that a service names now, beside those that run."""
    former, *older = service.deployments
    running = service_tasks.running(backend, service)
    known = {task.started_by for task in running}
    if former["id"] not in known and len(known) == 1:
        former["id"] = known.pop()  # moto gives the id of the running deployment away where a new one is forced
    former["status"] = ACTIVE
    deployment = f"ecs-svc/{mock_random.randint(10**18, 10**19 - 1)}"
    new = {
        **former,
        "id": deployment,
        "status": PRIMARY,
        "createdAt": utcnow(),
        "updatedAt": utcnow(),
        "desiredCount": service.desired_count,
        "pendingCount": service.desired_count,
        "runningCount": 0,
        "failedTasks": 0,
        "networkConfiguration": service.network_configuration or None,
        "rolloutState": IN_PROGRESS,
        "rolloutStateReason": f"ECS deployment {deployment} in progress.",
        "taskDefinition": service.task_definition,
    }
    service.rolled = True
    service.deployments = [new, former, *(item for item in older if item["rolloutState"] != FAILED)]
    service_tasks.start(backend, service, deployment, pending=True)


def was_rolled(service: Any) -> bool:
    """Whether deployments of a service are told here."""
    return getattr(service, "rolled", False)


def counted(deployment: Mapping[str, Any], tasks: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A deployment with the numbers of its tasks.

    Args:
        deployment: as it is kept.
        tasks: (id of the deployment that started it, its last status) of each task of the service.
    """
    statuses = Counter(status for started_by, status in tasks if started_by == deployment["id"])
    failed = statuses["STOPPED"] if deployment["rolloutState"] == IN_PROGRESS else deployment["failedTasks"]
    return {
        **deployment,
        "runningCount": statuses["RUNNING"],
        "pendingCount": statuses["PENDING"],
        "failedTasks": failed,
    }


def _hand_over(call: Call, response: Response) -> Response:
    """Let the launcher of a service carry out the deployment that an update has begun."""
    status, _, body = response
    if call.name != "ecs:UpdateService" or status >= 400:
        return response
    service = json.loads(body)["service"]
    if any(item["status"] == PRIMARY and item["rolloutState"] == IN_PROGRESS for item in service["deployments"]):
        _, known = _known(service["serviceArn"])
        launches.update(service["serviceArn"], frozenset(known))
    return response


def _known(arn: str) -> tuple[Any, list[str]]:
    """A service by its ARN, and the ARNs of its tasks that are to run.

    Raises:
        KeyError: there is none.
    """
    account, region = arn.split(":")[4], arn.split(":")[3]
    backend = backends.get_backend("ecs")[account][region]
    for service in backend.services.values():
        if service.arn == arn:
            return service, [task.task_arn for task in service_tasks.running(backend, service)]
    raise KeyError(f"no service {arn}")


def _finish(service: str, deployment: str, failure: str) -> dict[str, str]:
    """End a deployment; tells what has become of it.

    Args:
        service: ARN of the service.
        deployment: its id.
        failure: why its tasks do not run; empty where they do.
    """
    found, _ = _known(service)
    own = next((item for item in found.deployments if item["id"] == deployment), None)
    if own is None or own["status"] != PRIMARY:
        return {"state": SUPERSEDED}
    if failure:
        return {"state": _fail(found, own, failure)}
    own.update(
        rolloutState=COMPLETED,
        rolloutStateReason=f"ECS deployment {deployment} completed.",
        updatedAt=utcnow(),
        runningCount=found.desired_count,
        pendingCount=0,
    )
    found.running_count, found.pending_count = found.desired_count, 0
    found.deployments = [own]
    service_tasks.stop(found._backend, found, keep=deployment)
    service_tasks.set_running(found._backend, found, deployment)
    _note(found, f"(deployment {deployment}) deployment completed.")
    _note(found, "has reached a steady state.")
    return {"state": COMPLETED}


def _fail(service: Any, own: dict[str, Any], failure: str) -> str:
    _note(service, f"(deployment {own['id']}) is unable to place healthy tasks: {failure}")
    breaker = service.deployment_configuration["deploymentCircuitBreaker"]
    if not breaker["enable"]:
        return IN_PROGRESS
    failed = [task for task in service_tasks.running(service._backend, service) if task.started_by == own["id"]]
    own.update(
        rolloutState=FAILED,
        rolloutStateReason="ECS deployment circuit breaker: tasks failed to start.",
        failedTasks=len(failed),
        updatedAt=utcnow(),
    )
    service_tasks.stop(service._backend, service, only=own["id"])
    _note(service, f"(deployment {own['id']}) deployment failed: tasks failed to start.")
    former = next((item for item in service.deployments if item["rolloutState"] == COMPLETED), None)
    if breaker["rollback"] and former is not None:
        own["status"] = ACTIVE
        reason = f"ECS deployment circuit breaker: rolling back to deploymentId {former['id']}."
        former.update(status=PRIMARY, rolloutStateReason=reason, updatedAt=utcnow())
        service.task_definition = former["taskDefinition"]
        service.deployments = [former, own]
        _note(service, f"(deployment {own['id']}) rolling back to deployment {former['id']}.")
    return FAILED


def _note(service: Any, message: str) -> None:
    """Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html."""
    event = {
        "id": str(mock_random.uuid4()),
        "createdAt": utcnow(),
        "message": f"(service {service.name}) {message}",
    }
    service.events.insert(0, event)
