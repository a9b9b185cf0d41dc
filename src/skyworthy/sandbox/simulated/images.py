"""The images that ran before anybody looked: a pipeline pushed them, which Terraform neither does nor says.

There is nothing in them; ECR says of them what it says of an image that was pushed, and scanned where that is set.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from moto import backends
from moto.core.utils import utcnow

_ECR = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/(?P<name>[^:@]+)(?::(?P<tag>[^@]+))?")


def push_running(account: str) -> list[str]:
    """Push the image of each task definition that a service runs, where its repository holds none of that tag.

    Args:
        account: twelve digits.

    Returns:
        ``name:tag`` of each image pushed.
    """
    pushed = []
    for region, ecs in list(backends.get_backend("ecs")[account].items()):
        ecr = backends.get_backend("ecr")[account][region]
        for image in _running(ecs):
            match = _ECR.fullmatch(image)
            repository = ecr.repositories.get(match["name"]) if match else None
            if match is None or repository is None:
                continue
            tag = match["tag"] or "latest"
            if not any(tag in held.image_tags for held in repository.images):
                manifest = _manifest(image)
                made = ecr.put_image(match["name"], manifest, tag, digest=_digest(manifest))
                scan_on_push(repository, made)
                pushed.append(f"{match['name']}:{tag}")
        _tell_tasks(account, region, ecs)
    return pushed


def digest_of(account: str, region: str, image: str) -> str:
    """The digest of the image that a name means now; empty where no repository of the account tells."""
    match = _ECR.fullmatch(image)
    repository = backends.get_backend("ecr")[account][region].repositories.get(match["name"]) if match else None
    if match is None or repository is None:
        return ""
    tag = match["tag"] or "latest"
    return next((str(held.image_digest) for held in repository.images if tag in held.image_tags), "")


def _digest(manifest: str) -> str:
    """The digest by which an image is known: that of its manifest, of which moto takes the layers only."""
    return f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"


def _tell_tasks(account: str, region: str, ecs: Any) -> None:
    """Tasks that ran before their images were pushed here run those."""
    for tasks in ecs.tasks.values():
        for container in (each for task in tasks.values() for each in task.containers or ()):
            digest = digest_of(account, region, container["image"]) if "imageDigest" not in container else ""
            if digest:
                container["imageDigest"] = digest


def scan_on_push(repository: Any, image: Any) -> None:
    """Scan a pushed image where its repository is set so; nothing is found in what is empty."""
    if (repository.image_scanning_configuration or {}).get("scanOnPush"):
        image.last_scan = utcnow()


def _running(ecs: Any) -> Iterator[str]:
    for service in ecs.services.values():
        if service.status == "ACTIVE" and service.task_definition:
            for container in ecs.describe_task_definition(service.task_definition).container_definitions:
                yield container["image"]


def _manifest(image: str) -> str:
    """A manifest of an image with nothing in it; the name makes one image differ from another."""
    media = "application/vnd.docker.distribution.manifest.v2+json"
    return json.dumps({"schemaVersion": 2, "mediaType": media, "annotations": {"name": image}, "layers": []})
