"""A deployment in five phases: prerequisites, images, cluster, update, stability."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from skyworthy.config.deploy import DeploySettings
from skyworthy.errors import BadInput
from skyworthy.operations.cluster import Service, read_services, told
from skyworthy.operations.deploying import Outcome, Place, StoppedMidway, carry_out
from skyworthy.operations.images import Docker, Reference, checked_tag, digest_of, pinned, reference
from skyworthy.operations.rollout import Rollout


@dataclass(frozen=True)
class Order:
    """What to deploy.

    Args:
        tag: of the images.
        build: whether images that ECR does not have are built and pushed.
        dry_run: say what would be done, and change nothing.
    """

    tag: str
    build: bool = True
    dry_run: bool = False


def deploy(place: Place, directory: Path, settings: DeploySettings, order: Order) -> Outcome:
    """Deploy images to the services of a place.

    Args:
        place: where.
        directory: of skyworthy.toml.
        settings: what is built from where.
        order: what to deploy.

    Returns:
        What came of it; look at ``good``. Of a dry run, rollouts that were not begun.

    Raises:
        BadInput: something is missing; nothing was changed but images that were pushed.
        StoppedMidway: it was interrupted while services were updated.
    """
    start = time.monotonic()
    tag = checked_tag(order.tag)
    place.announce("1/5 prerequisites")
    identity = place.session.identity()
    services = read_services(place.session, place.services)
    repositories = _repositories(services, settings)
    place.announce(f"    account {identity.account} as {identity.arn}, {len(services)} services, tag {tag}")
    place.announce("2/5 images")
    images = _images(place, directory, settings, order, repositories)
    place.announce("3/5 cluster")
    services = read_services(place.session, place.services)
    for service in services:
        place.announce(f"    {told(service)}")
    changed = [item for item in services if _requests(item, images, settings, tag) is not None]
    for service in services:
        if service not in changed:
            place.announce(f"    {service.name} runs this already, and stays as it is")
    place.announce("4/5 update")
    if order.dry_run:
        outcome = _would(place, changed, images)
    else:
        register = {item.name: partial(_register, place, item, images, settings, tag) for item in changed}
        outcome = _carried_out(place, register, changed, images, tag)
    return dataclasses.replace(outcome, images=images, tag=tag, seconds=time.monotonic() - start)


def publish(place: Place, directory: Path, settings: DeploySettings, order: Order) -> dict[str, str]:
    """Build and push the images that ECR does not have yet, and leave the services as they are.

    Args:
        place: where; its services say which repositories there are.
        directory: of skyworthy.toml.
        settings: what is built from where.
        order: the tag, and whether anything is built.

    Returns:
        Container name -> its image by digest.

    Raises:
        BadInput: something is missing, or docker fails.
    """
    checked_tag(order.tag)
    repositories = _repositories(read_services(place.session, place.services), settings)
    return _images(place, directory, settings, order, repositories)


def _carried_out(
    place: Place,
    register: Mapping[str, Callable[[], str]],
    changed: Sequence[Service],
    images: Mapping[str, str],
    tag: str,
) -> Outcome:
    try:
        return carry_out(place, register, changed, heading="5/5 ")
    except StoppedMidway as stopped:
        known = dataclasses.replace(stopped.outcome, images=images, tag=tag)
        raise StoppedMidway(known) from stopped.__cause__


def _repositories(services: Sequence[Service], settings: DeploySettings) -> dict[str, Reference]:
    """Container name -> the repository of its image, of the containers that are deployed.

    Raises:
        BadInput: none is, or an image is not in ECR.
    """
    running = {name: image for service in services for name, image in service.images.items()}
    if not settings.images:
        return {name: reference(image) for name, image in running.items()}
    found = {name: reference(running[name]) for name in settings.images if name in running}
    if not found:
        raise BadInput(
            f"no service has a container {', '.join(settings.images)}, which [deploy.images] in skyworthy.toml names; "
            f"there are: {', '.join(running)}"
        )
    return found


def _images(
    place: Place, directory: Path, settings: DeploySettings, order: Order, repositories: Mapping[str, Reference]
) -> dict[str, str]:
    """Container name -> its image by digest, built and pushed where ECR does not have it yet."""
    digests = {name: digest_of(place.session, item, order.tag) for name, item in repositories.items()}
    missing = [name for name, digest in digests.items() if not digest]
    for name in digests.keys() - set(missing):
        place.announce(f"    {name}: {repositories[name].name}:{order.tag} is in ECR already")
    if missing and not order.build:
        wanted = ", ".join(f"{repositories[name].name}:{order.tag}" for name in missing)
        raise BadInput(f"ECR has no image {wanted}: push it, or leave --no-build out to build it")
    unknown = [name for name in missing if name not in settings.images]
    if unknown:
        raise BadInput(
            f"skyworthy.toml does not say how to build {', '.join(unknown)}: add [deploy.images.{unknown[0]}]"
        )
    if order.dry_run:
        for name in missing:
            place.announce(f"    {name}: would build and push {repositories[name].name}:{order.tag}")
        return {name: f"{item.repository}@{digests[name] or 'sha256:...'}" for name, item in repositories.items()}
    if missing:
        _build(place, Docker(directory, settings), settings, order.tag, {name: repositories[name] for name in missing})
    found = {name: digests[name] or digest_of(place.session, item, order.tag) for name, item in repositories.items()}
    for name in missing:
        if not found[name]:
            raise BadInput(f"docker pushed {repositories[name].name}:{order.tag}, but ECR does not have it")
    return {name: f"{item.repository}@{found[name]}" for name, item in repositories.items()}


def _build(
    place: Place, docker: Docker, settings: DeploySettings, tag: str, repositories: Mapping[str, Reference]
) -> None:
    docker.demand_engine()
    docker.sign_in(place.writer, {item.registry: item.account for item in repositories.values()})
    for name, item in repositories.items():
        begin = time.monotonic()
        arguments = {settings.version_variable: tag} if settings.version_variable else {}
        image = f"{item.repository}:{tag}"
        docker.build_and_push(image, settings.images[name], partial(_line, place, name), arguments)
        place.announce(f"    {name}: built and pushed {item.name}:{tag} in {time.monotonic() - begin:.0f} s")


def _line(place: Place, name: str, line: str) -> None:
    place.progress(f"{name}: {line}")


def _requests(
    service: Service, images: Mapping[str, str], settings: DeploySettings, tag: str
) -> dict[str, object] | None:
    """What is registered for a service; None where that is what it runs."""
    wanted = {name: image for name, image in images.items() if name in service.images}
    request = pinned(service.definition, wanted, settings.version_variable, tag)
    same = pinned(service.definition, {}, "", "")
    return None if not wanted or request == same else request


def _register(place: Place, service: Service, images: Mapping[str, str], settings: DeploySettings, tag: str) -> str:
    request = _requests(service, images, settings, tag)
    assert request is not None
    more = {"tags": list(service.tags)} if service.tags else {}
    answer = place.writer.client("ecs").register_task_definition(**request, **more)
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def _would(place: Place, changed: Sequence[Service], images: Mapping[str, str]) -> Outcome:
    for service in changed:
        for name, image in service.images.items():
            if name in images:
                place.announce(f"    {service.name}/{name}: would replace {image} by {images[name]}")
    place.announce("5/5 nothing was changed: this was a dry run")
    rollouts = [Rollout(item.name, item.cluster, item.revision, runs=item.revision) for item in changed]
    return Outcome(tuple(rollouts), 0.0)
