"""A deployment from one end to the other on the launched reference stack: verified, failing, and rolled back."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skyworthy.probes import http
from skyworthy.sandbox import server

REPOSITORY = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-c", "from skyworthy.cli import main; main()"]
MEDIA = "application/vnd.docker.distribution.manifest.v2+json"
FAMILY = "ohmycoins-staging-backend"

pytestmark = [pytest.mark.integration, pytest.mark.slow]


class Bench:
    """The reference project, its sandbox of staging, and the services that run there."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
        assert self.run("sandbox", "up").returncode == 0
        found = server.find_running(project, "staging")
        assert found is not None
        self.sandbox = found

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command on staging."""
        command = [*PROGRAM, *arguments, "--env", "staging"]
        return subprocess.run(
            command, cwd=self.project, env=self.environment, capture_output=True, text=True, check=False
        )

    def launch(self) -> "tuple[subprocess.Popen[str], str]":
        """Launch the services; gives the process and the address of the backend."""
        command = [*PROGRAM, "sandbox", "launch", "--env", "staging"]
        process = subprocess.Popen(
            command,
            cwd=self.project,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        url = ""
        for line in process.stdout:
            url = line.split()[1] if line.startswith("backend: ") else url
            if line.startswith("Ctrl-C"):
                return process, url
        raise AssertionError(f"nothing was launched: {process.wait()}")

    def push(self, tag: str) -> None:
        """Put an image of each service into ECR."""
        for name in ("ohmycoins-staging-backend", "ohmycoins-staging-frontend"):
            config = {"digest": "sha256:" + hashlib.sha256(f"{name}:{tag}".encode()).hexdigest()}
            manifest = json.dumps({"schemaVersion": 2, "mediaType": MEDIA, "config": config})
            digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
            self.sandbox.client("ecr").put_image(
                repositoryName=name, imageTag=tag, imageManifest=manifest, imageDigest=digest
            )

    def deploy(self, tag: str, *more: str) -> "subprocess.CompletedProcess[str]":
        """Deploy images that are in ECR."""
        return self.run("deploy", "--no-build", "--yes", "--tag", tag, *more)

    def register(self, **variables: str) -> None:
        """A further revision of the backend with other variables, as anybody may register one."""
        ecs = self.sandbox.client("ecs")
        answer = ecs.describe_task_definition(taskDefinition=FAMILY, include=["TAGS"])
        definition: dict[str, Any] = answer["taskDefinition"]
        (container,) = definition["containerDefinitions"]
        for item in container["environment"]:
            item["value"] = variables.get(item["name"], item["value"])
        given = ("family", "networkMode", "cpu", "memory", "executionRoleArn", "taskRoleArn", "volumes")
        kept = {name: definition[name] for name in (*given, "requiresCompatibilities", "runtimePlatform")}
        ecs.register_task_definition(**kept, containerDefinitions=[container], tags=answer["tags"])

    @property
    def runs(self) -> str:
        """The revision that the backend runs."""
        answer = self.sandbox.client("ecs").describe_services(cluster="ohmycoins-staging", services=["backend"])
        return str(answer["services"][0]["taskDefinition"]).rpartition("/")[2]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    project = tmp_path_factory.mktemp("deployment") / "project"
    project.mkdir()
    for name in ("terraform", "cassettes", "examples"):
        shutil.copytree(REPOSITORY / name, project / name, symlinks=True)
    for name in ("skyworthy.toml", "waivers.toml", ".env.template"):
        shutil.copy(REPOSITORY / name, project)
    made = Bench(project)
    yield made
    assert made.run("sandbox", "down").returncode == 0


def served(url: str) -> str:
    """The version that the backend serves."""
    answer = http.probe(url, path="/api/v1/utils/version", deadline=20).require()
    return str(answer.json()["version"])


def test_deployed_verified_failed_and_rolled_back(bench: Bench) -> None:
    for tag in ("0.2.0", "0.3.0"):
        bench.push(tag)
    process, url = bench.launch()
    with process:
        try:
            done = bench.deploy("0.2.0", "--verify")
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
            assert (bench.runs, served(url)) == (f"{FAMILY}:2", "0.2.0")

            # What somebody registered beside the code is not deployed; where it is named, the circuit breaker helps.
            bench.register(POSTGRES_PORT="1")
            refused = bench.deploy("0.3.0")
            assert refused.returncode == 2
            assert f"{FAMILY}:3, the newest revision, is not as the code says" in refused.stderr
            failed = bench.deploy("0.3.0", "--service", "backend", "--from", "3")
            assert failed.returncode == 1, failed.stdout
            assert f"next: backend: ECS has put {FAMILY}:2 back by itself" in failed.stdout
            assert (bench.runs, served(url)) == (f"{FAMILY}:2", "0.2.0")
            for number in (3, 4):
                bench.sandbox.client("ecs").deregister_task_definition(taskDefinition=f"{FAMILY}:{number}")

            assert bench.deploy("0.3.0").returncode == 0
            assert served(url) == "0.3.0"
            back = bench.run("rollback", "--yes")
            assert back.returncode == 0, back.stdout
            assert (bench.runs, served(url)) == (f"{FAMILY}:2", "0.2.0")
            live = bench.run("live")
            assert live.returncode == 0, live.stdout
        finally:
            process.terminate()


def test_preflight_finds_the_place_of_the_state(bench: Bench) -> None:
    done = bench.run("preflight", "--target", "sandbox")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert [line for line in lines if "ohmycoins-terraform" in line and "does not exist" in line] == []
    assert "ohmycoins-terraform-state-staging" in done.stdout
    assert "ohmycoins-terraform-locks-staging" in done.stdout
