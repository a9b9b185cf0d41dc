"""Deployments on the sandbox with launched services: good, failing, interrupted, and rolled back by hand."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from skyworthy.config.deploy import DeploySettings, ImageSource
from skyworthy.declared import read
from skyworthy.errors import BadInput
from skyworthy.operations.cluster import read_services
from skyworthy.operations.deploy import Order, deploy
from skyworthy.operations.deploying import StoppedMidway, advice, states
from skyworthy.operations.rollback import SHOWN, previous, revisions, roll_back
from skyworthy.probes import http
from skyworthy.sandbox import faults

NO_BUILD = DeploySettings()


def version(url: str) -> str:
    """What is served at a URL."""
    answer = http.probe(url, path="/version", deadline=20).require()
    return str(answer.json()["version"])


def test_new_version_is_served_and_pinned_by_digest(stack: Any) -> None:
    stack.service()
    image = stack.push("1.1")
    with stack.launch() as launched:
        url = launched.url_of("api")
        assert version(url) == "1.0"
        outcome = deploy(stack.place(), Path(), NO_BUILD, Order("1.1", build=False))
        assert version(url) == "1.1"
        described = stack.described()
        tasks = stack.client("ecs").list_tasks(cluster=stack.name, serviceName="api")["taskArns"]
    assert outcome.good, outcome
    (rollout,) = outcome.rollouts
    assert (rollout.before, rollout.after, rollout.runs) == (f"{stack.name}:1", f"{stack.name}:2", f"{stack.name}:2")
    assert outcome.images == {"api": image}
    assert len(tasks) == 1
    (deployment,) = described["deployments"]
    assert (deployment["status"], deployment["rolloutState"]) == ("PRIMARY", "COMPLETED")
    assert (deployment["runningCount"], deployment["pendingCount"]) == (1, 0)
    answer = stack.client("ecs").describe_task_definition(taskDefinition=f"{stack.name}:2", include=["TAGS"])
    definition = answer["taskDefinition"]
    (container,) = definition["containerDefinitions"]
    assert container["image"] == image
    assert container["environment"] == [
        {"name": "APP_VERSION", "value": "1.1"},
        {"name": "COLOUR", "value": "blue"},
    ]
    assert (definition["cpu"], definition["memory"], definition["networkMode"]) == ("256", "512", "awsvpc")
    assert answer["tags"] == [
        {"key": "Project", "value": stack.name},
        {"key": "skyworthy:replaces", "value": f"{stack.name}:1"},
    ]
    assert [line for line in stack.said if line[1:2] == "/"] == [
        "1/5 prerequisites",
        "2/5 images",
        "3/5 cluster",
        "4/5 update",
        "5/5 waiting for stability, at most 60 s",
    ]


@pytest.mark.parametrize("behaviour", ["exits", "unhealthy"])
def test_circuit_breaker_puts_the_old_version_back(stack: Any, behaviour: str) -> None:
    stack.service()
    image = stack.push("1.1")
    with stack.launch({image: behaviour}) as launched:
        outcome = deploy(stack.place(), Path(), NO_BUILD, Order("1.1", build=False))
        assert version(launched.url_of("api")) == "1.0"
        described = stack.described()
    assert not outcome.good
    assert outcome.problem == "the rollout of api failed"
    (rollout,) = outcome.rollouts
    assert (rollout.state, rollout.runs) == ("failed", f"{stack.name}:1")
    assert rollout.detail.startswith("ECS deployment circuit breaker: tasks failed to start; (service api)")
    assert ("Essential container in task exited (api: exit code 1)" in rollout.detail) == (behaviour == "exits")
    assert ("Health checks failed with these codes: [503] (api: " in rollout.detail) == (behaviour == "unhealthy")
    assert advice(stack.place(), outcome) == [
        f"api: ECS has put {stack.name}:1 back by itself; nothing is to be rolled back"
    ]
    assert [(item["status"], item["rolloutState"]) for item in described["deployments"]] == [
        ("PRIMARY", "COMPLETED"),
        ("ACTIVE", "FAILED"),
    ]
    assert described["taskDefinition"].endswith(f"{stack.name}:1")
    assert described["runningCount"] == 1


def test_failed_rollout_without_rollback_names_the_command(stack: Any) -> None:
    stack.service(rollback=False)
    image = stack.push("1.1")
    place = stack.place()
    with stack.launch({image: "exits"}) as launched:
        outcome = deploy(place, Path(), NO_BUILD, Order("1.1", build=False))
        assert (outcome.rollouts[0].state, outcome.rollouts[0].runs) == ("failed", f"{stack.name}:2")
        command = f"skyworthy rollback --env test --target sandbox --service api --to {stack.name}:1 --yes"
        assert advice(place, outcome) == [f"put {stack.name}:1 back: {command}"]
        services = read_services(place.session, place.services)
        target = previous(services[0], revisions(place.session, services[0], {}))
        back = roll_back(place, services, {"api": target})
        assert back.good, back
        assert (stack.runs(), version(launched.url_of("api"))) == ("1", "1.0")


def test_time_out_says_what_state_services_are_in(stack: Any) -> None:
    stack.service(breaker=False)
    image = stack.push("1.1")
    place = stack.place(timeout=1.0)
    with stack.launch({image: "exits"}) as launched:
        outcome = deploy(place, Path(), NO_BUILD, Order("1.1", build=False))
        assert outcome.problem == "api did not become stable in 1 s"
        assert states(outcome)[0].startswith(f"api: rolling, runs {stack.name}:2: 0 of 1 tasks of {stack.name}:2 run")
        assert [line.partition(": skyworthy ")[2] for line in advice(place, outcome)] == [
            "rollback --env test --target sandbox --list",
            f"rollback --env test --target sandbox --service api --to {stack.name}:1 --yes",
        ]
        assert version(launched.url_of("api")) == "1.0"  # the old task goes on


def test_it_starts_from_what_was_registered_last(stack: Any) -> None:
    stack.service()
    stack.push("1.1")
    stack.register(environment=[{"name": "APP_VERSION", "value": "0"}, {"name": "COLOUR", "value": "green"}])
    with stack.launch() as launched:
        assert deploy(stack.place(), Path(), NO_BUILD, Order("1.1", build=False)).good
        assert version(launched.url_of("api")) == "1.1"
        place = stack.place()
        services = read_services(place.session, place.services)
        (container,) = services[0].definition.described["containerDefinitions"]
        assert container["environment"] == [
            {"name": "APP_VERSION", "value": "1.1"},
            {"name": "COLOUR", "value": "green"},
        ]
        assert f"    api: starts from {stack.name}:2; it runs {stack.name}:1" in stack.said
        # The second revision never ran.
        found = revisions(place.session, services[0], {})
        assert [(item.name[-1], item.runs) for item in found] == [("3", True), ("2", False), ("1", False)]
        assert roll_back(place, services, {"api": previous(services[0], found)}).good
        assert (stack.runs(), version(launched.url_of("api"))) == ("1", "1.0")


def test_a_revision_that_only_others_deployed_goes_back_to_the_one_before(stack: Any) -> None:
    stack.service()
    for colour in ("green", "red"):
        stack.register(environment=[{"name": "COLOUR", "value": colour}])
    stack.client("ecs").update_service(cluster=stack.name, service="api", taskDefinition=f"{stack.name}:3")
    place = stack.place()
    (service,) = read_services(place.session, place.services)
    assert previous(service, revisions(place.session, service, {})).name == f"{stack.name}:2"


def test_an_old_revision_that_ran_before_is_found_again(stack: Any) -> None:
    stack.service()
    for number in range(SHOWN + 2):
        stack.register(environment=[{"name": "APP_VERSION", "value": str(number)}])
    stack.push("1.1")
    with stack.launch():
        assert deploy(stack.place(), Path(), NO_BUILD, Order("1.1", build=False)).good
    place = stack.place()
    (service,) = read_services(place.session, place.services)
    found = revisions(place.session, service, {})
    assert (len(found), previous(service, found).name) == (SHOWN + 1, f"{stack.name}:1")


def test_what_was_registered_by_an_apply_alone_is_run_as_it_is(stack: Any) -> None:
    stack.service()
    image = stack.push("1.1")
    stack.register(image=image, environment=[{"name": "APP_VERSION", "value": "1.1"}])
    with stack.launch():
        assert deploy(stack.place(), Path(), NO_BUILD, Order("1.1", build=False)).good
    assert stack.runs() == "2"


def test_services_that_share_a_definition_run_the_same_new_one(stack: Any) -> None:
    stack.service()
    stack.push("1.1")
    stack.client("ecs").create_service(
        cluster=stack.name, serviceName="worker", taskDefinition=f"{stack.name}:1", desiredCount=0
    )
    place = stack.place(services={"api": stack.name, "worker": stack.name})
    assert deploy(place, Path(), NO_BUILD, Order("1.1", build=False)).good
    assert [item.revision for item in read_services(place.session, place.services)] == [f"{stack.name}:2"] * 2


def test_where_nothing_is_active_any_more_it_starts_from_what_runs(stack: Any) -> None:
    stack.service()
    stack.push("1.1")
    stack.client("ecs").deregister_task_definition(taskDefinition=f"{stack.name}:1")
    assert deploy(stack.place(), Path(), NO_BUILD, Order("1.1", build=False)).good
    assert stack.runs() == "2"


CODE = """
resource "aws_ecs_cluster" "main" {{
  name = "{name}"
}}

resource "aws_ecs_task_definition" "api" {{
  family                   = "{name}"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = "256"
  memory                   = "512"
  execution_role_arn       = "arn:aws:iam::123456789012:role/{name}-execution"
  container_definitions = jsonencode([
    {{
      name         = "api"
      image        = "registry.example.com/api:1.0"
      portMappings = [{{ containerPort = 8000 }}]
      environment  = [{{ name = "APP_VERSION", value = "1.0" }}, {{ name = "COLOUR", value = "blue" }}]
    }},
  ])
}}

resource "aws_ecs_service" "api" {{
  name            = "api"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.api.arn

  lifecycle {{
    ignore_changes = [task_definition]
  }}
}}
"""


def test_what_is_not_as_the_code_says_is_not_deployed(stack: Any, tmp_path: Path) -> None:
    stack.service()
    stack.push("1.1")
    text = CODE.format(name=stack.name).replace("registry.example.com/api", stack.image)
    (tmp_path / "main.tf").write_text('provider "aws" {\n  region = "us-east-1"\n}\n' + text)
    place = stack.place(declared=read(tmp_path))
    stack.register(privileged=True)
    with pytest.raises(BadInput) as refused:
        deploy(place, Path(), NO_BUILD, Order("1.1", build=False))
    assert str(refused.value).startswith(
        f"{stack.name}:2, the newest revision, is not as the code says: "
        "container_definitions.privileged is true, the code does not set it. Apply the Terraform"
    )
    assert "--service api --from REVISION" in str(refused.value)
    assert stack.runs() == "1"
    assert deploy(place, Path(), NO_BUILD, Order("1.1", build=False, start="1")).good
    assert stack.runs() == "3"
    assert deploy(place, Path(), NO_BUILD, Order("1.1", build=False, start=f"{stack.name}:2")).good
    assert f"    {stack.name}:2 is not as the code says: container_definitions.privileged is true" in "\n".join(
        stack.said
    )
    # What a deployment made is as the code says again.
    stack.push("1.2")
    with pytest.raises(BadInput, match="privileged"):
        deploy(place, Path(), NO_BUILD, Order("1.2", build=False))


def test_manual_rollback_serves_the_version_before(stack: Any) -> None:
    stack.service(desired=2)
    stack.push("1.1")
    with stack.launch() as launched:
        assert deploy(stack.place(), Path(), NO_BUILD, Order("1.1", build=False)).good
        assert version(launched.url_of("api")) == "1.1"
        place = stack.place()
        services = read_services(place.session, place.services)
        found = revisions(place.session, services[0], {})
        assert [(item.name, item.runs) for item in found] == [(f"{stack.name}:2", True), (f"{stack.name}:1", False)]
        outcome = roll_back(place, services, {"api": previous(services[0], found)})
        assert version(launched.url_of("api")) == "1.0"
    assert outcome.good
    assert stack.runs() == "1"


def test_ctrl_c_while_waiting(stack: Any) -> None:
    stack.service()
    stack.push("1.1")

    def interrupt(line: str) -> None:
        stack.said.append(line)
        if line.startswith("5/5"):
            raise KeyboardInterrupt

    with stack.launch(), pytest.raises(StoppedMidway) as stopped:
        deploy(stack.place(announce=interrupt), Path(), NO_BUILD, Order("1.1", build=False))
    outcome = stopped.value.outcome
    assert outcome.problem == "interrupted"
    assert (outcome.rollouts[0].state, outcome.tag) == ("rolling", "1.1")
    assert states(outcome) == [f"api: rolling, runs {stack.name}:1: has begun"]


def test_lost_credentials_while_waiting(stack: Any) -> None:
    stack.service()
    stack.push("1.1")

    def expire(line: str) -> None:
        if line.startswith("5/5"):
            faults.inject(stack.sandbox, "ecs:DescribeServices", "ExpiredToken")

    try:
        with stack.launch(), pytest.raises(StoppedMidway) as stopped:
            deploy(stack.place(announce=expire), Path(), NO_BUILD, Order("1.1", build=False))
    finally:
        faults.heal(stack.sandbox)
    outcome = stopped.value.outcome
    assert "the credentials have expired; sign in again" in outcome.problem
    assert [item.state for item in outcome.rollouts] == ["rolling"]
    assert any("skyworthy rollback --env test" in line for line in advice(stack.place(), outcome))


def test_dry_run_changes_nothing(stack: Any) -> None:
    stack.service()
    image = stack.push("1.1")
    before = dict(stack.sandbox.control("GET", "status")["calls"])
    outcome = deploy(stack.place(), Path(), NO_BUILD, Order("1.1", dry_run=True))
    after = stack.sandbox.control("GET", "status")["calls"]
    called = {name for name in after if after[name] != before.get(name)}
    assert not [name for name in called if not name.partition(":")[2].startswith(("Describe", "Get", "List"))]
    assert [item.state for item in outcome.rollouts] == ["not begun"]
    assert f"    api/api: would replace {stack.image}:1.0 by {image}" in stack.said
    assert stack.runs() == "1"


def test_version_that_runs_already_is_left_alone(stack: Any) -> None:
    stack.service()
    stack.push("1.1")
    assert deploy(stack.place(), Path(), NO_BUILD, Order("1.1", build=False)).good
    again = deploy(stack.place(), Path(), NO_BUILD, Order("1.1", build=False))
    assert (again.good, again.rollouts, stack.runs()) == (True, (), "2")
    assert "    api runs this already, and stays as it is" in stack.said


@pytest.fixture
def docker(stack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for docker on the PATH; its log."""
    folder = tmp_path / "bin"
    folder.mkdir()
    log: Path = stack.docker(folder)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM scratch\n")
    return log


SOURCES = DeploySettings(images={"api": ImageSource("app", arguments={"COLOUR": "blue"})})


def test_image_is_built_for_the_platform_and_pushed(stack: Any, docker: Path, tmp_path: Path) -> None:
    stack.service()
    outcome = deploy(stack.place(), tmp_path, SOURCES, Order("1.2"))
    assert outcome.good, outcome
    image = f"{stack.image}:1.2"
    calls = [json.loads(line) for line in docker.read_text().splitlines()]
    assert [arguments for arguments, _ in calls] == [
        ["version", "--format", "{{.Server.Version}}"],
        ["login", "--username", "AWS", "--password-stdin", stack.image.partition("/")[0]],
        [
            *("build", "--platform", "linux/amd64", "--tag", image, "--file", str(tmp_path / "app" / "Dockerfile")),
            *("--build-arg", "COLOUR=blue", "--build-arg", "APP_VERSION=1.2", str(tmp_path / "app")),
        ],
        ["push", image],
    ]
    ecr = stack.client("ecr")
    token = base64.b64decode(ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]).decode()
    assert calls[1][1] == token.partition(":")[2]
    digest = ecr.describe_images(repositoryName=stack.name, imageIds=[{"imageTag": "1.2"}])["imageDetails"][0]
    assert outcome.images == {"api": f"{stack.image}@{digest['imageDigest']}"}
    docker.unlink()
    assert deploy(stack.place(), tmp_path, SOURCES, Order("1.2")).good  # is in ECR: docker is not asked
    assert not docker.exists()


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("version", "docker has no engine: docker exited with code 1\n  no space left on device"),
        ("login", "cannot sign in to .*: docker exited with code 1"),
        ("build", r"cannot build .*:1\.2: docker exited with code 1"),
        ("push", r"cannot push .*:1\.2: docker exited with code 1"),
    ],
)
def test_docker_that_fails_leaves_services_alone(
    stack: Any, docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, message: str
) -> None:
    stack.service()
    monkeypatch.setenv("DOCKER_FAILS", step)
    with pytest.raises(BadInput, match=message):
        deploy(stack.place(), tmp_path, SOURCES, Order("1.2"))
    assert stack.runs() == "1"


@pytest.mark.parametrize(
    ("settings", "order", "message"),
    [
        (NO_BUILD, Order("9.9", build=False), r"ECR has no image shop-\d+:9\.9: push it, or leave --no-build out"),
        (NO_BUILD, Order("9.9"), r"does not say how to build api: add \[deploy\.images\.api\]"),
        (NO_BUILD, Order("latest"), "the tag latest moves"),
        (NO_BUILD, Order("a b"), "'a b' is no image tag"),
        (DeploySettings(images={"web": ImageSource(".")}), Order("1.0"), "no service has a container web"),
        (DeploySettings(images={"api": ImageSource("gone")}), Order("9.9"), "gone does not exist"),
    ],
)
@pytest.mark.usefixtures("docker")
def test_bad_orders(stack: Any, tmp_path: Path, settings: DeploySettings, order: Order, message: str) -> None:
    stack.service()
    with pytest.raises(BadInput, match=message):
        deploy(stack.place(), tmp_path, settings, order)
    assert stack.runs() == "1"


def test_missing_service_and_cluster(stack: Any) -> None:
    place = stack.place()
    with pytest.raises(BadInput, match=r"has no active service api; apply the Terraform first"):
        deploy(place, Path(), NO_BUILD, Order("1.0"))
    with pytest.raises(BadInput, match="no ECS cluster nowhere; apply the Terraform first"):
        deploy(stack.place(services={"api": "nowhere"}), Path(), NO_BUILD, Order("1.0"))


def test_update_that_got_no_answer_may_have_arrived(stack: Any) -> None:
    stack.service()
    stack.push("1.1")
    place = stack.place()
    place.writer.client("ecs").meta.events.register("before-send.ecs.UpdateService", _lost)
    with pytest.raises(StoppedMidway) as stopped:
        deploy(place, Path(), NO_BUILD, Order("1.1", build=False))
    (line,) = states(stopped.value.outcome)
    assert line == f"api: rolling, runs {stack.name}:1: it is not known whether the update arrived"
    assert advice(place, stopped.value.outcome)[0].endswith(
        "look again: skyworthy rollback --env test --target sandbox --list"
    )


def _lost(**_: object) -> None:
    raise ReadTimeoutError(endpoint_url="http://127.0.0.1")


def test_service_that_is_scaled_to_nothing(stack: Any) -> None:
    stack.service(desired=0)
    stack.push("1.1")
    assert deploy(stack.place(), Path(), NO_BUILD, Order("1.1", build=False)).good
    assert stack.runs() == "2"


def test_deployment_of_which_the_launch_ends_is_what_the_account_was_told(stack: Any) -> None:
    stack.service(breaker=False)
    image = stack.push("1.1")
    with stack.launch({image: "unhealthy"}):
        deploy(stack.place(timeout=0.2), Path(), NO_BUILD, Order("1.1", build=False))
        assert [item["rolloutState"] for item in stack.described()["deployments"]] == ["IN_PROGRESS", "COMPLETED"]
    (deployment,) = stack.described()["deployments"]
    assert (deployment["rolloutState"], deployment["runningCount"], stack.runs()) == ("COMPLETED", 1, "2")


def test_forced_deployment_replaces_the_tasks_of_a_launched_service(stack: Any) -> None:
    stack.service()
    ecs = stack.client("ecs")
    with stack.launch() as launched:
        (before,) = ecs.list_tasks(cluster=stack.name, serviceName="api")["taskArns"]
        answer = ecs.update_service(cluster=stack.name, service="api", forceNewDeployment=True)["service"]
        assert [item["status"] for item in answer["deployments"]] == ["PRIMARY", "ACTIVE"]
        assert answer["deployments"][0]["rolloutState"] == "IN_PROGRESS"
        ecs.get_waiter("services_stable").wait(
            cluster=stack.name, services=["api"], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        (after,) = ecs.list_tasks(cluster=stack.name, serviceName="api")["taskArns"]
        assert after != before
        (old,) = ecs.describe_tasks(cluster=stack.name, tasks=[before])["tasks"]
        assert (old["lastStatus"], old["stopCode"]) == ("STOPPED", "ServiceSchedulerInitiated")
        assert version(launched.url_of("api")) == "1.0"
