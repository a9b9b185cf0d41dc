"""A small stack in the sandbox, launched: what operations are tried on."""

import dataclasses
import functools
import hashlib
import itertools
import json
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from skyworthy.observed import Session
from skyworthy.operations.deploying import WRITES, Place
from skyworthy.probes.acting import ActingSession
from skyworthy.sandbox.launch.launched import Launched
from skyworthy.sandbox.launch.launcher import StandIn, launch
from skyworthy.sandbox.server import ACCOUNT_ID, Sandbox, running

REGISTRY = f"{ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com"
# Serves its version, as the images that are deployed do.
APPLICATION = """
import http.server, json, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"version": os.environ["APP_VERSION"]}).encode()
        self.send_response(int(os.environ.get("STATUS", "200")))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
HERE = Path(__file__).parent
GOOD = StandIn(("{python}", "-c", APPLICATION), HERE)
BEHAVIOURS = {
    "exits": StandIn(("{python}", "-c", "raise SystemExit('no such table')"), HERE),
    "unhealthy": StandIn(("{python}", "-c", APPLICATION), HERE, {"STATUS": "503"}),
}
DOCKER = """#!{python}
import hashlib, json, os, sys
arguments = sys.argv[1:]
with open({log!r}, "a") as log:
    given = sys.stdin.read() if "--password-stdin" in arguments else ""
    log.write(json.dumps([arguments, given]) + "\\n")
if os.environ.get("DOCKER_FAILS") == arguments[0]:
    sys.exit("no space left on device")
if arguments[0] == "push":
    import boto3
    repository, _, tag = arguments[1].rpartition(":")
    manifest = json.dumps({{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                           "config": {{"digest": "sha256:" + hashlib.sha256(tag.encode()).hexdigest()}}}})
    boto3.client("ecr", endpoint_url={url!r}, region_name="us-east-1", aws_access_key_id="testing",
                 aws_secret_access_key="testing").put_image(
        repositoryName=repository.partition("/")[2], imageTag=tag, imageManifest=manifest,
        imageDigest="sha256:" + hashlib.sha256(manifest.encode()).hexdigest())
print("done")
"""


def allowed(role: str, action: str, resource: str) -> bool:
    """A policy that allows everything."""
    return True


@dataclass
class Stack:
    """A cluster with a service `api` of one container, and all that it takes to deploy it."""

    sandbox: Sandbox
    client: Callable[[str], Any]
    name: str
    said: list[str] = field(default_factory=list)
    application: Sequence[str] = GOOD.command

    def __post_init__(self) -> None:
        self.client("ecr").create_repository(repositoryName=self.name)
        self.client("ecs").create_cluster(clusterName=self.name)
        self.image = f"{REGISTRY}/{self.name}"
        self.push("1.0")

    def push(self, tag: str) -> str:
        """Put an image into ECR under a tag; gives the image by its digest."""
        config = {"digest": "sha256:" + hashlib.sha256(tag.encode()).hexdigest()}
        media = "application/vnd.docker.distribution.manifest.v2+json"
        manifest = json.dumps({"schemaVersion": 2, "mediaType": media, "config": config})
        digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
        self.client("ecr").put_image(repositoryName=self.name, imageTag=tag, imageManifest=manifest, imageDigest=digest)
        return f"{self.image}@{digest}"

    def target_group(self) -> str:
        """A target group that asks the version; its ARN."""
        vpc = self.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        group = self.client("elbv2").create_target_group(
            Name=self.name,
            Protocol="HTTP",
            Port=8000,
            VpcId=vpc,
            TargetType="ip",
            HealthCheckPath="/version",
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
        )
        created: str = group["TargetGroups"][0]["TargetGroupArn"]
        return created

    def service(self, desired: int = 1, *, breaker: bool = True, rollback: bool = True) -> None:
        """The service `api`, at version 1.0."""
        ecs, ec2 = self.client("ecs"), self.client("ec2")
        role = self.client("iam").create_role(
            RoleName=f"{self.name}-execution", AssumeRolePolicyDocument=json.dumps({"Statement": []})
        )
        ecs.register_task_definition(
            family=self.name,
            executionRoleArn=role["Role"]["Arn"],
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            tags=[{"key": "Project", "value": self.name}],
            containerDefinitions=[
                {
                    "name": "api",
                    "image": f"{self.image}:1.0",
                    "essential": True,
                    "portMappings": [{"containerPort": 8000}],
                    "environment": [{"name": "APP_VERSION", "value": "1.0"}, {"name": "COLOUR", "value": "blue"}],
                }
            ],
        )
        ecs.create_service(
            cluster=self.name,
            serviceName="api",
            taskDefinition=self.name,
            desiredCount=desired,
            launchType="FARGATE",
            loadBalancers=[{"targetGroupArn": self.target_group(), "containerName": "api", "containerPort": 8000}],
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
                    "securityGroups": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
                }
            },
            deploymentConfiguration={"deploymentCircuitBreaker": {"enable": breaker, "rollback": rollback}},
        )

    def register(self, **container: Any) -> None:
        """A further revision, as an apply registers one: the container is changed so, and the service left alone."""
        ecs = self.client("ecs")
        definition = ecs.describe_task_definition(taskDefinition=self.name)["taskDefinition"]
        (before,) = definition["containerDefinitions"]
        given = {name: definition[name] for name in ("executionRoleArn", "networkMode", "cpu", "memory")}
        ecs.register_task_definition(
            family=self.name, **given, requiresCompatibilities=["FARGATE"], containerDefinitions=[before | container]
        )

    def launch(self, behaviours: Mapping[str, str] | None = None) -> Launched:
        """Launch the service; a context manager. Images by digest may behave otherwise than well: see BEHAVIOURS."""
        others = {image: BEHAVIOURS[name] for image, name in (behaviours or {}).items()}
        return launch(self.client, self.name, {"api": GOOD, **others}, allowed, deadline=20.0)

    def place(self, **more: Any) -> Place:
        """Where operations work."""
        session = Session(region="us-east-1", endpoint_url=self.sandbox.url, target="sandbox")
        place = Place(
            environment="test",
            target="sandbox",
            session=session,
            writer=ActingSession(session, WRITES),
            services={"api": self.name},
            announce=self.said.append,
            timeout=60.0,
            interval=0.1,
        )
        return dataclasses.replace(place, **more)

    def described(self) -> dict[str, Any]:
        """The service, as DescribeServices returns it."""
        answer = self.client("ecs").describe_services(cluster=self.name, services=["api"])
        found: dict[str, Any] = answer["services"][0]
        return found

    def runs(self) -> str:
        """``family:revision`` that the service runs, without the family's name."""
        return str(self.described()["taskDefinition"]).rpartition(":")[2]

    def docker(self, folder: Path) -> Path:
        """A stand-in for docker in a folder: it notes what it is asked, and pushes into ECR; gives its log."""
        log = folder / "docker.log"
        program = folder / "docker"
        program.write_text(DOCKER.format(python=sys.executable, log=str(log), url=self.sandbox.url))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return log


@pytest.fixture(scope="session")
def _account() -> Iterator[Sandbox]:
    with running("operations") as sandbox:
        yield sandbox


_numbers = itertools.count()


@pytest.fixture
def stack(_account: Sandbox) -> Stack:
    """A stack of the test's own, with nothing launched and no service yet."""
    return Stack(_account, functools.cache(_account.client), f"shop-{next(_numbers)}")


@pytest.fixture
def project(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a project with one environment, whose sandbox is that of the stack."""

    def made(environment: str) -> Path:
        root = tmp_path / "terraform"
        root.mkdir()
        (root / "main.tf").write_text(
            f'resource "aws_ecs_cluster" "main" {{\n  name = "{stack.name}"\n}}\n'
            'resource "aws_ecs_service" "api" {\n  name    = "api"\n  cluster = aws_ecs_cluster.main.id\n}\n'
        )
        (tmp_path / "skyworthy.toml").write_text(
            f'[environments.{environment}]\nterraform = "terraform"\nregion = "us-east-1"\n'
        )
        state = tmp_path / ".skyworthy" / f"sandbox-{environment}.json"
        state.parent.mkdir()
        (state.parent / ".gitignore").write_text("*\n")
        state.write_text(json.dumps(dataclasses.asdict(stack.sandbox)))
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return made
