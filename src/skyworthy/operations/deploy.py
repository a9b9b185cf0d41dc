"""A deployment in five phases: prerequisites, images, cluster, update, stability."""

import dataclasses
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from skyworthy.behavior.drift.deployments import REPLACES
from skyworthy.config.deploy import DeploySettings
from skyworthy.errors import BadInput
from skyworthy.operations.bases import named, newest, not_as_declared, told_base
from skyworthy.operations.cluster import Definition, Service, read_services, told
from skyworthy.operations.deploying import Outcome, Place, StoppedMidway, Tell, carry_out, stoppable, untouched
from skyworthy.operations.images import Docker, Reference, as_request, checked_tag, digest_of, pinned, reference


@dataclass(frozen=True)
class Order:
    """What to deploy.

    Args:
        tag: of the images.
        build: whether images that ECR does not have are built and pushed.
        dry_run: say what would be done, and change nothing.
        start: the revision to start from: ``4``, ``family:4`` or an ARN; empty: the newest active one.
    """

    tag: str
    build: bool = True
    dry_run: bool = False
    start: str = ""


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
        StoppedMidway: it was interrupted, before or while services were updated.
    """
    start = time.monotonic()
    tag = checked_tag(order.tag)
    known: list[Service] = []
    try:
        with stoppable(place, lambda: untouched(known), start):
            plan = _planned(place, directory, settings, order, known)
        place.announce("4/5 update")
        outcome = _would(place, plan) if order.dry_run else _carried_out(place, plan)
    except StoppedMidway as stopped:
        raise StoppedMidway(dataclasses.replace(stopped.outcome, tag=tag)) from stopped.__cause__
    return dataclasses.replace(outcome, images=plan.images, tag=tag, seconds=time.monotonic() - start)


@dataclass(frozen=True)
class _Plan:
    """What a deployment does.

    Args:
        services: that are to be updated.
        bases: service name -> the revision that its deployment starts from.
        requests: service name -> what is registered for it.
        images: container name -> image by digest.
    """

    services: tuple[Service, ...]
    bases: Mapping[str, Definition]
    requests: Mapping[str, Mapping[str, Any]]
    images: Mapping[str, str]


def _planned(place: Place, directory: Path, settings: DeploySettings, order: Order, known: list[Service]) -> _Plan:
    """The first three phases, which change no service; ``known`` are the services as soon as they were read."""
    place.announce("1/5 prerequisites")
    identity = place.session.identity()
    known += read_services(place.session, place.services)
    repositories = _repositories(_bases(place, known, settings, order).values(), settings)
    place.announce(f"    account {identity.account} as {identity.arn}, {len(known)} services, tag {order.tag}")
    place.announce("2/5 images")
    images = _images(place, directory, settings, order, repositories)
    place.announce("3/5 cluster")
    known[:] = read_services(place.session, place.services)
    bases = _bases(place, known, settings, order, place.announce)
    requests = {
        name: pinned(base.described, images, settings.version_variable, order.tag) for name, base in bases.items()
    }
    changed = [item for item in known if requests[item.name] != as_request(item.definition.described)]
    for service in known:
        if service not in changed:
            place.announce(f"    {service.name} runs this already, and stays as it is")
    return _Plan(tuple(changed), bases, requests, images)


def _bases(
    place: Place, services: Sequence[Service], settings: DeploySettings, order: Order, announce: Tell = lambda _: None
) -> dict[str, Definition]:
    """Service name -> the revision that its deployment starts from.

    Raises:
        BadInput: the newest one is not as the code says.
    """
    found: dict[str, Definition] = {}
    for service in services:
        announce(f"    {told(service)}")
        base = named(place.session, service, order.start) if order.start else newest(place.session, service)
        announce(f"    {told_base(service, base)}")
        problem = not_as_declared(place.session, place.declared, service, base, settings)
        if problem and not order.start:
            raise BadInput(
                f"{base.name}, the newest revision, is not as the code says: {problem}. Apply the Terraform of this "
                "checkout; where that changes nothing, somebody else registered it: `aws ecs "
                f"deregister-task-definition --task-definition {base.name}`, or name another with --service "
                f"{service.name} --from REVISION"
            )
        if problem:
            announce(f"    {base.name} is not as the code says: {problem}")
        found[service.name] = base
    return found


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
    services = read_services(place.session, place.services)
    repositories = _repositories([newest(place.session, item) for item in services], settings)
    return _images(place, directory, settings, order, repositories)


def _carried_out(place: Place, plan: _Plan) -> Outcome:
    registry = _Registry(place, plan.bases)
    register = {item.name: partial(registry.revision, item, plan.requests[item.name]) for item in plan.services}
    try:
        return carry_out(place, register, plan.services, heading="5/5 ")
    except StoppedMidway as stopped:
        raise StoppedMidway(dataclasses.replace(stopped.outcome, images=plan.images)) from stopped.__cause__


def _repositories(bases: Iterable[Definition], settings: DeploySettings) -> dict[str, Reference]:
    """Container name -> the repository of its image, of the containers that are deployed.

    Raises:
        BadInput: none is, or an image is not in ECR.
    """
    images = {name: image for base in bases for name, image in base.images.items()}
    if not settings.images:
        return {name: reference(image) for name, image in images.items()}
    found = {name: reference(images[name]) for name in settings.images if name in images}
    if not found:
        raise BadInput(
            f"no service has a container {', '.join(settings.images)}, which [deploy.images] in skyworthy.toml names; "
            f"there are: {', '.join(images)}"
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


class _Registry:
    """Registers revisions, each once, however many services run it.

    Args:
        place: where.
        bases: service name -> the revision that its deployment starts from.
    """

    def __init__(self, place: Place, bases: Mapping[str, Definition]) -> None:
        self._place = place
        self._bases = bases
        self._made: list[tuple[Mapping[str, object], str]] = []

    def revision(self, service: Service, request: Mapping[str, object]) -> str:
        """The ARN of a revision that is as requested: a new one, or what the deployment starts from."""
        base = self._bases[service.name]
        if request == as_request(base.described):
            return base.arn
        made = next((arn for known, arn in self._made if known == request), "")
        return made or self._register(service, base, request)

    def _register(self, service: Service, base: Definition, request: Mapping[str, object]) -> str:
        kept = [item for item in base.tags if item["key"] != REPLACES and not item["key"].startswith("aws:")]
        tags = [*kept, {"key": REPLACES, "value": service.revision}]
        answer = self._place.writer.client("ecs").register_task_definition(**request, tags=tags)
        arn = str(answer["taskDefinition"]["taskDefinitionArn"])
        self._made.append((request, arn))
        return arn


def _would(place: Place, plan: _Plan) -> Outcome:
    for service in plan.services:
        for name in (name for name in plan.bases[service.name].images if name in plan.images):
            image = service.definition.images.get(name, "nothing")
            place.announce(f"    {service.name}/{name}: would replace {image} by {plan.images[name]}")
    place.announce("5/5 nothing was changed: this was a dry run")
    return Outcome(tuple(untouched(plan.services)), 0.0)
