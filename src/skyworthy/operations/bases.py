"""What a deployment starts from: the newest active revision of a family, and whether that is as the code says.

An apply registers a revision and leaves the service alone (``ignore_changes = [task_definition]``); so that new secrets
and variables arrive, a deployment starts from what was registered last, not from what runs. Whoever may register can
register anything: what is not as the code says is not deployed unless it is named.
"""

from botocore.exceptions import ClientError

from skyworthy.behavior.drift import compare
from skyworthy.behavior.tasks import task_of
from skyworthy.config.deploy import DeploySettings
from skyworthy.errors import BadInput
from skyworthy.estate import Estate, Resource
from skyworthy.observed import Session
from skyworthy.observed.alone import seen_alone
from skyworthy.operations.cluster import Definition, Service, read_definition, short

_UNKNOWN = ("ClientException", "InvalidParameterException")


def newest(session: Session, service: Service) -> Definition:
    """The newest active revision of the family that a service runs; what it runs where none is active any more."""
    try:
        return read_definition(session, service.definition.family)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _UNKNOWN:
            raise
        return service.definition


def named(session: Session, service: Service, revision: str) -> Definition:
    """The revision that is named: ``4``, ``family:4`` or an ARN.

    Raises:
        BadInput: there is no such active revision, or it is of another family.
    """
    family = service.definition.family
    asked = f"{family}:{revision}" if revision.isdigit() else revision
    if short(asked).rpartition(":")[0] != family:
        raise BadInput(f"{service.name} runs the family {family}, of which {revision!r} is no revision")
    try:
        found = read_definition(session, asked)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _UNKNOWN:
            raise
        raise BadInput(f"{session.place}: no task definition {asked}; see `skyworthy rollback --list`") from error
    if found.described.get("status") == "INACTIVE":
        raise BadInput(f"{asked} was deregistered, and no service can be updated to it")
    return found


def not_as_declared(
    session: Session, declared: Estate, service: Service, base: Definition, settings: DeploySettings
) -> str:
    """What of a revision is not as the code says, but for what deployments give; empty where nothing is.

    What refers to other resources of the stack is compared as far as the code alone tells it: a deployment reads
    nothing but services.

    Args:
        session: knows the service models.
        declared: the estate of the code; empty: nothing is compared.
        service: which runs the family.
        base: the revision.
        settings: what deployments give.
    """
    task = _declared(declared, service)
    if task is None:
        return ""
    record = {"Definition": base.described, "Tags": list(base.tags)}
    there = seen_alone(session, task, record)
    found = compare(task, declared, Estate((there,), origin="observed"), settings)
    return "" if found is None else str(found)


def _declared(declared: Estate, service: Service) -> Resource | None:
    """The task definition that the code gives a service."""
    named = (item for item in declared.of("aws_ecs_service") if item.peek("name") == service.name)
    return next((task for item in named if (task := task_of(item, declared)) is not None), None)


def told_base(service: Service, base: Definition) -> str:
    """Where a deployment starts, in a line."""
    if base.arn == service.definition.arn:
        return f"{service.name}: starts from {base.name}, the newest revision, which it runs"
    at, by = base.described.get("registeredAt"), base.described.get("registeredBy")
    when = f", registered {at:%Y-%m-%d %H:%M} UTC" if at else ""
    who = f" by {by}" if by else ""
    return f"{service.name}: starts from {base.name}{when}{who}; it runs {service.revision}"
