"""Images: built and pushed by docker, and pinned by the digest that the registry gives them."""

import os
import re
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from skyworthy.config.deploy import DeploySettings, ImageSource
from skyworthy.errors import BadInput
from skyworthy.observed import Session
from skyworthy.probes.acting import ActingSession

_ECR = re.compile(
    r"(?P<registry>(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)"
    r"/(?P<name>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""Source: https://docs.docker.com/reference/cli/docker/image/tag/."""
_LAST_LINES = 15


@dataclass(frozen=True)
class Reference:
    """An image in ECR.

    Args:
        registry: host name.
        account: that the registry belongs to.
        region: of the registry.
        name: of the repository.
        tag: empty where it has none.
        digest: ``sha256:...``, empty where it has none.
    """

    registry: str
    account: str
    region: str
    name: str
    tag: str = ""
    digest: str = ""

    @property
    def repository(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.name}"


def reference(image: str) -> Reference:
    """The parts of an image in ECR.

    Raises:
        BadInput: it is in another registry.
    """
    match = _ECR.fullmatch(image)
    if match is None:
        raise BadInput(f"the image {image} is not in ECR: skyworthy deploys images of ECR repositories only")
    return Reference(
        match["registry"], match["account"], match["region"], match["name"], match["tag"] or "", match["digest"] or ""
    )


def checked_tag(tag: str) -> str:
    """A tag that can be rolled back to.

    Raises:
        BadInput: it is no tag, or ``latest``, which moves.
    """
    if not _TAG.fullmatch(tag):
        raise BadInput(f"{tag!r} is no image tag: letters, digits, `_`, `.` and `-`, at most 128")
    if tag == "latest":
        raise BadInput("the tag latest moves, and cannot be rolled back to: name another with --tag")
    return tag


def digest_of(session: Session, repository: Reference, tag: str) -> str:
    """The digest of a tag; empty where the repository has no such tag.

    Raises:
        BadInput: there is no such repository, or it is in another region.
    """
    if repository.region != session.region:
        raise BadInput(
            f"{repository.repository} is in {repository.region}, the session in {session.region}: push it here"
        )
    try:
        answer = session.client("ecr").describe_images(
            registryId=repository.account, repositoryName=repository.name, imageIds=[{"imageTag": tag}]
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ImageNotFoundException":
            return ""
        if code == "RepositoryNotFoundException":
            raise BadInput(
                f"{session.place}: no ECR repository {repository.name}; apply the Terraform first"
            ) from error
        raise
    return str(answer["imageDetails"][0]["imageDigest"])


class Docker:
    """The docker on the PATH; every failure of it is a BadInput that holds its last lines.

    Args:
        directory: of skyworthy.toml, to which contexts are relative.
        settings: platform and sources.

    Raises:
        BadInput: there is no docker.
    """

    def __init__(self, directory: Path, settings: DeploySettings) -> None:
        found = shutil.which("docker")
        if found is None:
            raise BadInput(
                "docker is not on the PATH: install it, or deploy images that are in ECR with --no-build --tag TAG"
            )
        self._docker = found
        self._directory = directory
        self._settings = settings

    def demand_engine(self) -> None:
        """Make sure that an engine answers.

        Raises:
            BadInput: none does.
        """
        self._run("docker has no engine", "version", "--format", "{{.Server.Version}}")

    def sign_in(self, writer: ActingSession, registries: Mapping[str, str]) -> None:
        """Sign in to registries with tokens of ECR, which docker reads from its standard input.

        Args:
            writer: asks for the tokens.
            registries: registry host -> account.
        """
        for registry, account in registries.items():
            data = writer.client("ecr").get_authorization_token(registryIds=[account])["authorizationData"][0]
            user, _, token = b64decode(data["authorizationToken"]).decode().partition(":")
            self._run(
                f"cannot sign in to {registry}", "login", "--username", user, "--password-stdin", registry, given=token
            )

    def build_and_push(
        self, image: str, source: ImageSource, progress: Callable[[str], None], build_arguments: Mapping[str, str]
    ) -> None:
        """Build an image for the platform of the settings, and push it.

        Args:
            image: repository and tag.
            source: where it is built from.
            progress: told each line of docker.
            build_arguments: beside those of the source.

        Raises:
            BadInput: no such context or Dockerfile, or docker fails.
        """
        context = self._directory / source.context
        dockerfile = self._directory / source.dockerfile if source.dockerfile else context / "Dockerfile"
        for path, there in ((context, context.is_dir()), (dockerfile, dockerfile.is_file())):
            if not there:
                raise BadInput(f"{path} does not exist: see [deploy.images] in skyworthy.toml")
        arguments = [
            part
            for name, value in {**source.arguments, **build_arguments}.items()
            for part in ("--build-arg", f"{name}={value}")
        ]
        self._run(
            f"cannot build {image}",
            *("build", "--platform", self._settings.platform, "--tag", image, "--file", str(dockerfile)),
            *arguments,
            str(context),
            progress=progress,
        )
        self._run(f"cannot push {image}", "push", image, progress=progress)

    def _run(
        self, failure: str, *arguments: str, given: str = "", progress: Callable[[str], None] | None = None
    ) -> None:
        process = subprocess.Popen(
            [self._docker, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "DOCKER_BUILDKIT": "1"},
        )
        said: list[str] = []
        try:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(given)
            process.stdin.close()
            for line in process.stdout:
                said.append(line.rstrip())
                if progress is not None:
                    progress(line.strip())
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            assert process.stdout is not None
            process.stdout.close()
        if code:
            tail = "\n".join(f"  {line}" for line in said[-_LAST_LINES:])
            raise BadInput(f"{failure}: docker exited with code {code}\n{tail}")


def as_request(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a task definition that RegisterTaskDefinition takes.

    Args:
        definition: as DescribeTaskDefinition returns it
            (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html).
    """
    return {name: value for name, value in definition.items() if name not in _NOT_GIVEN and value not in (None, [])}


def pinned(definition: Mapping[str, Any], images: Mapping[str, str], version_variable: str, tag: str) -> dict[str, Any]:
    """The request that registers a task definition anew with other images.

    Args:
        definition: as DescribeTaskDefinition returns it.
        images: container name -> image by digest; the other containers keep theirs.
        version_variable: set to the tag in containers with a new image that have it; empty: nowhere.
        tag: of the images.
    """
    containers = []
    for container in definition["containerDefinitions"]:
        image = images.get(container["name"])
        if image is None:
            containers.append(container)
            continue
        environment = [
            {**item, "value": tag} if item["name"] == version_variable else item
            for item in container.get("environment", [])
        ]
        containers.append({**container, "image": image, "environment": environment})
    return {**as_request(definition), "containerDefinitions": containers}


_NOT_GIVEN = frozenset(
    {
        "taskDefinitionArn",
        "revision",
        "status",
        "requiresAttributes",
        "compatibilities",
        "registeredAt",
        "registeredBy",
        "deregisteredAt",
        "deleteRequestedAt",
    }
)
"""What ECS adds to a task definition, and does not take."""
