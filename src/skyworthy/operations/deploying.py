"""What a deployment and a rollback have in common: they update services, wait, and can always say how things are."""

import datetime
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError

from skyworthy.errors import BadInput
from skyworthy.estate import Estate
from skyworthy.files import write_json
from skyworthy.observed import Session
from skyworthy.operations.cluster import Service, short
from skyworthy.operations.rollout import INTERVAL, READ_ERRORS, Rollout, Watch, begun
from skyworthy.probes.acting import ActingSession

Tell = Callable[[str], None]
SCHEMA = 1
WRITES = frozenset({"ecs:RegisterTaskDefinition", "ecs:UpdateService", "ecr:GetAuthorizationToken"})
"""All that a deployment lets out of the process beside what it reads."""


@dataclass(frozen=True)
class Place:
    """Where services are deployed.

    Args:
        environment: its name.
        target: ``sandbox`` or ``aws``, for the commands that are advised.
        session: reads the account.
        writer: changes it.
        services: service name -> cluster name.
        declared: the estate of the code, with which a revision is compared before it is deployed.
        announce: told what stays on the screen.
        progress: told what is going on right now.
        timeout: seconds in which services must become stable.
        interval: seconds between two looks.
    """

    environment: str
    target: str
    session: Session
    writer: ActingSession
    services: Mapping[str, str]
    declared: Estate = field(default_factory=lambda: Estate(()))
    announce: Tell = lambda _: None
    progress: Tell = lambda _: None
    timeout: float = 600.0
    interval: float = INTERVAL


@dataclass(frozen=True)
class Outcome:
    """What has become of a deployment or rollback.

    Args:
        rollouts: of its services, as they were seen last.
        seconds: it took.
        problem: why it did not end well; empty where it did.
        images: container name -> image by digest.
        tag: of the images.
    """

    rollouts: tuple[Rollout, ...]
    seconds: float
    problem: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    tag: str = ""

    @property
    def good(self) -> bool:
        """Whether every service runs what it should."""
        return not self.problem and all(item.state == "stable" for item in self.rollouts)


class StoppedMidway(Exception):
    """A deployment ended before its end: Ctrl-C, lost credentials, or an account that refuses.

    Attributes:
        outcome: what is known of its services, with the reason as its problem.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.problem)
        self.outcome = outcome


def carry_out(
    place: Place, revisions: Mapping[str, Callable[[], str]], services: Sequence[Service], *, heading: str = ""
) -> Outcome:
    """Update services, each to a revision, and wait until all of them are stable.

    Args:
        place: where.
        revisions: service name -> gives the ARN of the task definition to run, registering it if need be.
        services: as they are now.
        heading: announced before the wait begins.

    Raises:
        StoppedMidway: it was interrupted; services are as its outcome says.
    """
    start = time.monotonic()
    watch = Watch(place.session, untouched(services), place.progress)
    with stoppable(place, lambda: watch.rollouts, start):
        try:
            for service in services:
                _update(place, watch, service, revisions[service.name]())
            place.announce(f"{heading}waiting for stability, at most {place.timeout:g} s")
            in_time = watch.wait(place.timeout, place.interval)
        except BadInput as error:
            raise StoppedMidway(_stopped(watch.rollouts, str(error), start)) from error
    failed = [item.service for item in watch.rollouts if item.state == "failed"]
    problem = f"the rollout of {', '.join(failed)} failed" if failed else ""
    if not in_time:
        rolling = [item.service for item in watch.rollouts if item.state == "rolling"]
        problem = f"{', '.join(rolling)} did not become stable in {place.timeout:g} s"
    return Outcome(tuple(watch.rollouts), time.monotonic() - start, problem)


def _update(place: Place, watch: Watch, service: Service, revision: str) -> None:
    rollout = replace(watch.of(service.name), after=short(revision))
    try:
        answer = place.writer.client("ecs").update_service(
            cluster=service.cluster, service=service.name, taskDefinition=revision
        )
    except (BotoCoreError, KeyboardInterrupt):
        watch.put(replace(rollout, state="rolling", detail="it is not known whether the update arrived"))
        raise
    watch.put(begun(rollout, answer["service"]))
    place.announce(f"    {service.name}: {rollout.before} -> {short(revision)}")


def untouched(services: Iterable[Service]) -> list[Rollout]:
    """Rollouts that were not begun."""
    return [Rollout(item.name, item.cluster, item.revision, runs=item.revision) for item in services]


@contextmanager
def stoppable(place: Place, rollouts: Callable[[], Iterable[Rollout]], start: float) -> Iterator[None]:
    """Where the block is interrupted, or the account answers no more, say how things are.

    Args:
        place: where.
        rollouts: gives what is known of the services then.
        start: time.monotonic() at which it began.

    Raises:
        StoppedMidway: it was.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        raise StoppedMidway(_stopped(rollouts(), "interrupted", start)) from error
    except READ_ERRORS as error:
        reason = str(place.session.bad_input(error) or error)
        raise StoppedMidway(_stopped(rollouts(), reason, start)) from error


def _stopped(rollouts: Iterable[Rollout], reason: str, start: float) -> Outcome:
    return Outcome(tuple(rollouts), time.monotonic() - start, reason)


def states(outcome: Outcome) -> list[str]:
    """What state each service is in, a line each."""
    return [f"{item.service}: {item.state}, runs {item.runs or 'unknown'}: {item.detail}" for item in outcome.rollouts]


def advice(place: Place, outcome: Outcome) -> list[str]:
    """What to do next where a deployment did not end well: sentences and exact commands."""
    options = f"--env {shlex.quote(place.environment)} --target {place.target}"
    if all(item.state == "not begun" for item in outcome.rollouts):
        return [f"no service was touched; again: skyworthy {_again(place, outcome, options)}"]
    lines = []
    for item in outcome.rollouts:
        if item.state == "not begun":
            lines.append(f"{item.service} was not touched and still runs {item.before}")
            continue
        if item.state == "failed" and item.runs == item.before:
            lines.append(f"{item.service}: ECS has put {item.before} back by itself; nothing is to be rolled back")
            continue
        if item.state == "rolling":
            lines.append(f"{item.service}: ECS goes on by itself; look again: skyworthy rollback {options} --list")
        chosen = f"--service {shlex.quote(item.service)} --to {shlex.quote(item.before)}"
        lines.append(f"put {item.before} back: skyworthy rollback {options} {chosen} --yes")
    return lines


def _again(place: Place, outcome: Outcome, options: str) -> str:
    """The command that was given."""
    all_of_them = len(place.services) == len(place.declared.of("aws_ecs_service"))
    chosen = "" if all_of_them else "".join(f" --service {shlex.quote(name)}" for name in place.services)
    return (
        f"deploy {options}{chosen} --tag {shlex.quote(outcome.tag)}" if outcome.tag else f"rollback {options}{chosen}"
    )


def keep_record(folder: Path, place: Place, outcome: Outcome, kind: str, facts: Mapping[str, Any]) -> Path:
    """Write ``<folder>/<environment>-<time>.json``; gives the file.

    Args:
        folder: of the records.
        place: where.
        outcome: what came of it.
        kind: ``deploy`` or ``rollback``.
        facts: more to keep: commit, who, the sign-off.
    """
    now = datetime.datetime.now(datetime.UTC)
    path = folder / f"{place.environment.replace('/', '-')}-{now:%Y%m%dT%H%M%S%fZ}.json"
    record = {
        "schema": SCHEMA,
        "kind": kind,
        "environment": place.environment,
        "target": place.target,
        "made": now.isoformat(timespec="seconds"),
        **facts,
        "good": outcome.good,
        "problem": outcome.problem,
        "tag": outcome.tag,
        "images": dict(outcome.images),
        "seconds": round(outcome.seconds, 1),
        "services": [asdict(item) for item in outcome.rollouts],
    }
    write_json(path, record)
    return path
