"""How a rollout is judged, from what ECS and the load balancer say."""

import datetime
from typing import Any

import pytest

from skyworthy.operations.bases import told_base
from skyworthy.operations.cluster import Definition, Service
from skyworthy.operations.deploying import WRITES
from skyworthy.operations.images import reference
from skyworthy.operations.rollout import Rollout, judged
from skyworthy.probes.acting import NotAllowed

ROLLING = Rollout("api", "shop", "api:1", "api:2", "ecs-svc/2", "rolling", "", "api:1")
ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/api/0123456789abcdef"


def service(desired: int = 2, definition: str = "api:2", **own: Any) -> dict[str, Any]:
    deployment = {"id": "ecs-svc/2", "status": "PRIMARY", "rolloutState": "COMPLETED", "taskDefinition": ARN + "api:2"}
    return {
        "taskDefinition": ARN + definition,
        "desiredCount": desired,
        "pendingCount": 0,
        "deployments": [{**deployment, **own}],
        "events": [{"message": f"(service api) event {number}."} for number in range(9)],
    }


def task(address: str = "10.0.0.1", revision: str = "api:2", status: str = "RUNNING", health: str = "HEALTHY") -> Any:
    details = [{"name": "privateIPv4Address", "value": address}] if address else []
    return {
        "taskDefinitionArn": ARN + revision,
        "lastStatus": status,
        "healthStatus": health,
        "attachments": [{"details": details}],
    }


def target(address: str, state: str = "healthy") -> Any:
    return {"Target": {"Id": address}, "TargetHealth": {"State": state}}


TWO = [task("10.0.0.1"), task("10.0.0.2")]
HEALTHY = {GROUP: [target("10.0.0.1"), target("10.0.0.2")]}


@pytest.mark.parametrize(
    ("described", "tasks", "targets", "state"),
    [
        (service(), TWO, HEALTHY, "stable"),
        (service(), TWO, {}, "stable"),
        (service(desired=0), [], HEALTHY, "stable"),
        (service(), [task(""), task("")], {GROUP: [target("i-1"), target("i-2")]}, "stable"),
        # ECS says that it is completed, and yet:
        (service(), TWO[:1], HEALTHY, "rolling"),
        (service(), [TWO[0], task("10.0.0.2", status="PENDING")], HEALTHY, "rolling"),
        (service(), [TWO[0], task("10.0.0.2", health="UNHEALTHY")], HEALTHY, "rolling"),
        (service(), [TWO[0], task("10.0.0.2", revision="api:1")], HEALTHY, "rolling"),
        (service(), TWO, {GROUP: [target("10.0.0.1"), target("10.0.0.2", "initial")]}, "rolling"),
        (service(), TWO, {GROUP: [target("10.0.0.1"), target("10.0.0.9")]}, "rolling"),
        (service(), [], {GROUP: [target("10.0.0.8"), target("10.0.0.9")]}, "rolling"),
        # And it does not say so:
        (service(rolloutState="IN_PROGRESS"), TWO, HEALTHY, "rolling"),
        (service() | {"pendingCount": 1}, TWO, HEALTHY, "rolling"),
        (service(rolloutState="FAILED"), TWO, HEALTHY, "failed"),
        (service(definition="api:3", status="ACTIVE"), TWO, HEALTHY, "failed"),
        (service(definition="api:1", id="ecs-svc/9"), TWO, HEALTHY, "failed"),
    ],
)
def test_only_what_serves_is_stable(described: Any, tasks: Any, targets: Any, state: str) -> None:
    assert judged(ROLLING, described, tasks, targets).state == state


def test_a_rolling_one_tells_its_counts() -> None:
    described = service(rolloutState="IN_PROGRESS", failedTasks=1)
    found = judged(ROLLING, described, [TWO[0]], {GROUP: [target("10.0.0.1")]})
    assert found.detail == "1 of 2 tasks of api:2 run, 1 of 2 targets healthy in api, 1 failed"
    assert found.runs == "api:2"


@pytest.mark.parametrize(
    ("described", "detail"),
    [
        (
            service(definition="api:1", status="ACTIVE", rolloutState="FAILED", rolloutStateReason="tasks failed."),
            "tasks failed",
        ),
        (service(definition="api:1", id="ecs-svc/9"), "its deployment is gone, and api:1 is the primary one"),
        (service(definition="api:3", status="ACTIVE"), "another deployment took its place, of api:3"),
    ],
)
def test_a_failed_one_tells_why(described: Any, detail: str) -> None:
    found = judged(ROLLING, described, [], {})
    assert found.detail == f"{detail}; (service api) event 0; (service api) event 1; (service api) event 2"
    assert found.runs == described["taskDefinition"].rpartition("/")[2]


def test_a_writer_does_nothing_else(stack: Any) -> None:
    writer = stack.place().writer
    with pytest.raises(NotAllowed, match=r"ecs:DeleteService is refused: this session does ecr:GetAuthorizationToken"):
        writer.client("ecs").delete_service(cluster="a", service="b", force=True)
    assert sorted(WRITES) == ["ecr:GetAuthorizationToken", "ecs:RegisterTaskDefinition", "ecs:UpdateService"]


def test_where_a_deployment_starts_is_told_with_who_registered_it() -> None:
    def definition(number: int, **more: Any) -> Definition:
        return Definition({"taskDefinitionArn": f"arn:aws:ecs:us-east-1:1:task-definition/api:{number}", **more})

    runs = {"serviceName": "api", "taskDefinition": "arn:aws:ecs:us-east-1:1:task-definition/api:4"}
    service = Service("shop", runs, definition(4))
    assert told_base(service, definition(4)) == "api: starts from api:4, the newest revision, which it runs"
    at = datetime.datetime(2026, 11, 21, 16, 20, tzinfo=datetime.UTC)
    by = "arn:aws:sts::1:assumed-role/terraform/run"
    assert told_base(service, definition(5, registeredAt=at, registeredBy=by)) == (
        f"api: starts from api:5, registered 2026-11-21 16:20 UTC by {by}; it runs api:4"
    )


def test_references_of_images() -> None:
    host = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
    digest = "sha256:" + "0" * 64
    found = reference(f"{host}/shop/api:1.0@{digest}")
    assert (found.registry, found.account, found.region) == (host, "123456789012", "eu-central-1")
    assert (found.name, found.tag, found.digest) == ("shop/api", "1.0", digest)
    assert reference(f"{host}/shop@{digest}").tag == ""
