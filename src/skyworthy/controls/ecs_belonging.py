"""That services use what is theirs."""

from collections.abc import Mapping

from skyworthy.behavior.belonging import strayed
from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.references import named, undecided
from skyworthy.behavior.task_roles import assumable_by_tasks
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Unknown, references

_TASK, _SERVICE = "aws_ecs_task_definition", "aws_ecs_service"
_ROLE, _GROUP = "aws_iam_role", "aws_security_group"
_ROLES = ("task_role_arn", "execution_role_arn")
_RULES = (
    *(_GROUP, "aws_security_group_rule"),
    *("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"),
)
"""What speaks of a security group without being in it."""


@control(
    "ecs.uses-its-own",
    on=(_TASK, _SERVICE),
    severity="high",
    refs=["REQ REF-2", "REQ REF-3"],
    lenses=("declared",),
)
def service_uses_what_is_its_own(user: Resource, estate: Estate) -> None:
    """Tasks run under their own role and in their own security group, where one is made for them.

    Why: under another service's role a task may do what it never needs and not what it must, and in another's group it
    is let in where it has no business; the role that was meant for it lies unused.
    Fix: name the role or group of the same service.
    """
    kind = _ROLE if user.type == _TASK else _GROUP
    peers, pool = estate.of(user.type), estate.of(kind)
    if len(peers) < 2 or len(pool) < 2:
        not_applicable("there is no other one that it could use")
    users = _users(estate)
    findings = Findings()
    for item in _roles(user, estate) if kind == _ROLE else _groups(user, estate):
        found = strayed(user, item, peers=peers, pool=pool, users=users)
        with findings.question():
            if found is not None and (kind == _GROUP or assumable_by_tasks(found[1], estate)):
                peer, own = found
                findings.add(f"it uses {item.address}, which is of {peer.address}, and not {own.address}")
    findings.conclude()


def _roles(task: Resource, estate: Estate) -> tuple[Resource, ...]:
    return tuple(role for name in _ROLES for role in named(estate, task.peek(name), _ROLE))


def _groups(service: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The security groups of a service's tasks.

    Raises:
        Undecidable: where they are not known.
    """
    groups = service.block("network_configuration").get("security_groups")
    if isinstance(groups, Unknown):
        raise undecided(groups, "its security groups")
    return named(estate, groups or (), _GROUP)


@once_per_estate
def _users(estate: Estate) -> Mapping[str, set[str]]:
    """Address of a role or group -> the addresses of what runs under it or is in it."""
    found: dict[str, set[str]] = {}
    for resource in estate:
        if resource.type in _RULES:
            continue
        for reference in references(resource.attributes):
            thing = estate.get(reference.address)
            if thing is not None and (thing.type == _GROUP or (thing.type == _ROLE and resource.type == _TASK)):
                found.setdefault(thing.address, set()).add(resource.address)
    return found
