"""Rolling back: services run a task definition again that they ran before."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from skyworthy.errors import BadInput
from skyworthy.observed import Session
from skyworthy.operations.bases import named
from skyworthy.operations.cluster import Service, read_definition, short
from skyworthy.operations.deploying import Outcome, Place, carry_out

SHOWN = 10
"""Revisions of a family that are looked at, newest first."""


@dataclass(frozen=True)
class Revision:
    """A revision that a service can run.

    Args:
        arn: of the task definition.
        images: of its containers.
        runs: whether the service runs it now.
        replaced: ``family:revision`` that ran before it was deployed; empty where no deployment registered it.
        failed: when a deployment of it failed, as the records say; empty: none did.
    """

    arn: str
    images: tuple[str, ...]
    runs: bool
    replaced: str = ""
    failed: str = ""

    @property
    def name(self) -> str:
        """``family:revision``."""
        return short(self.arn)


def revisions(session: Session, service: Service, failed: Mapping[str, str]) -> list[Revision]:
    """The active revisions of the family that a service runs, newest first, at most SHOWN and what ran before.

    Args:
        session: reads the account.
        service: as it is now.
        failed: see :func:`failures`.
    """
    ecs = session.client("ecs")
    family = service.definition.family
    answer = ecs.list_task_definitions(familyPrefix=family, status="ACTIVE", sort="DESC")
    # The prefix finds the families shop-api-next of shop-api, too.
    arns = [arn for arn in answer["taskDefinitionArns"] if short(arn).rpartition(":")[0] == family]
    arns = sorted(arns, key=_number, reverse=True)
    older = [arn for arn in arns[SHOWN:] if short(arn) == service.definition.replaced]
    return [_revision(session, service, arn, failed) for arn in (*arns[:SHOWN], *older)]


def _revision(session: Session, service: Service, arn: str, failed: Mapping[str, str]) -> Revision:
    found = read_definition(session, arn)
    runs = found.name == service.revision
    return Revision(found.arn, tuple(found.images.values()), runs, found.replaced, failed.get(found.name, ""))


def _number(arn: str) -> int:
    return int(arn.rpartition(":")[2])


def failures(folder: Path, environment: str, target: str) -> dict[str, str]:
    """``family:revision`` -> when a deployment of it failed, by the records of an environment; the last word counts.

    Args:
        folder: of the records.
        environment: its name.
        target: ``sandbox`` or ``aws``.

    Raises:
        BadInput: a record cannot be read.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.glob(f"{environment.replace('/', '-')}-*.json")):
        try:
            record: dict[str, Any] = json.loads(path.read_text("utf-8"))
            services = record["services"] if record["target"] == target else []
            for item in services:
                found.pop(item["after"], None)
                if item["state"] == "failed":
                    found[item["after"]] = record["made"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{path}: not the record of a deployment ({error!r}); move it away") from error
    return found


def previous(service: Service, found: Sequence[Revision]) -> Revision:
    """The revision that ran before the running one, of which no deployment failed.

    That is what the running one was deployed in place of, as it notes itself; else the newest earlier one of which is
    known that it ran. An apply registers revisions that never ran, so the newest earlier one at all is the last choice,
    for services that others deploy.

    Raises:
        BadInput: there is none.
    """
    current = _number(service.described["taskDefinition"])
    earlier = [item for item in found if _number(item.arn) < current and not item.failed]
    if not earlier:
        raise BadInput(
            f"{service.name} runs {service.revision}, and there is no earlier active revision to go back to; "
            "name one with --to"
        )
    ran = {name for item in found if item.replaced for name in (item.name, item.replaced)}
    noted = (item for item in earlier if item.name == service.definition.replaced)
    return next(noted, None) or next((item for item in earlier if item.name in ran), earlier[0])


def chosen(session: Session, service: Service, to: str) -> Revision:
    """The revision that is named: ``4``, ``family:4`` or an ARN.

    Raises:
        BadInput: there is no such active revision, or it is of another family.
    """
    return _revision(session, service, named(session, service, to).arn, {})


def roll_back(place: Place, services: Sequence[Service], to: Mapping[str, Revision]) -> Outcome:
    """Update services to earlier revisions, and wait for them as a deployment does.

    Args:
        place: where.
        services: as they are now.
        to: service name -> the revision to run.

    Raises:
        StoppedMidway: it was interrupted; services are as its outcome says.
    """
    give: dict[str, Callable[[], str]] = {item.name: partial(str, to[item.name].arn) for item in services}
    return carry_out(place, give, services)
