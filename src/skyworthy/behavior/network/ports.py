"""Ports on which those who bear a security group listen, and what a rule opens beyond them."""

from skyworthy.behavior.network.rules import Rule
from skyworthy.behavior.network.topology import Network, has_own_network
from skyworthy.behavior.references import named, task_definition_of
from skyworthy.behavior.secrets.injections import containers
from skyworthy.behavior.stores import CACHES, DATABASES, READER_PORT, port_of
from skyworthy.behavior.tasks import ports as ports_opened
from skyworthy.estate import Resource, Undecidable

_STORES = (*DATABASES, *CACHES)
_TARGET_GROUPS = ("aws_lb_target_group", "aws_alb_target_group")
_HIGHEST = 65535
_FIRST_UNPRIVILEGED = 1024


def listened_on(group: Resource, network: Network) -> dict[int, str] | None:
    """Ports on which the bearers of a security group listen -> who; None where that is not told of one of them.

    Told is it of databases, caches, and ECS services with a network of their own.

    Raises:
        Undecidable: where a task definition is not known.
    """
    found: dict[int, str] = {}
    users = network.users(group)
    for user in users:
        if user.type in _STORES:
            port = port_of(user)
            if port is None:
                return None
            found[port] = user.address
            if user.type == "aws_elasticache_serverless_cache":
                found[READER_PORT] = user.address
        elif user.type == "aws_ecs_service" and has_own_network(user):
            found.update(dict.fromkeys(_ports_of_service(user, network), user.address))
        else:
            return None
    return found or None


def _ports_of_service(service: Resource, network: Network) -> set[int]:
    definition = task_definition_of(service, network.estate)
    if definition is None:
        raise Undecidable(f"the task definition of {service.address} is not part of this stack")
    found = {port for item in containers(definition) for port in ports_opened(item)}
    for block in service["load_balancer"] or ():
        for group in named(network.estate, block.get("target_group_arn"), *_TARGET_GROUPS):
            port = group.block("health_check").get("port")
            found |= {int(port)} if isinstance(port, (str, int)) and str(port).isdigit() else set()
    return found


def span(rule: Rule) -> tuple[int, int] | None:
    """First and last port of a TCP rule for more than one port; None for others.

    Neither a rule for all ports counts, which says that the peer is trusted, nor one for those that clients take.
    """
    first, last = rule.ports()
    if first >= last or (first <= 1 and last == _HIGHEST):
        return None
    return None if first >= _FIRST_UNPRIVILEGED and last >= _HIGHEST - _FIRST_UNPRIVILEGED * 5 else (first, last)
