"""From a load balancer's listeners to target groups, and back."""

from collections.abc import Mapping

from skyworthy.behavior.references import naming
from skyworthy.estate import Estate, Resource, Unknown, Value

BALANCERS = ("aws_lb", "aws_alb")
LISTENERS = ("aws_lb_listener", "aws_alb_listener")
LISTENER_RULES = ("aws_lb_listener_rule", "aws_alb_listener_rule")
TARGET_GROUPS = ("aws_lb_target_group", "aws_alb_target_group")


def listeners_of(balancer: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The listeners of a load balancer.

    Raises:
        Undecidable: where none is known and one may be.
    """
    return naming(estate, balancer, "load_balancer_arn", *LISTENERS)


def rules_of_listener(listener: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The rules of a listener.

    Raises:
        Undecidable: where none is known and one may be.
    """
    return naming(estate, listener, "listener_arn", *LISTENER_RULES)


def balancers_of(group: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The load balancers whose listeners or rules forward to a target group, as far as it is known."""
    found = [item for item in estate.of(*LISTENERS) if _forwards(item.peek("default_action"), group, estate)]
    for rule in estate.of(*LISTENER_RULES):
        if _forwards(rule.peek("action"), group, estate):
            owner = _find(rule.peek("listener_arn"), estate, *LISTENERS)
            found += [owner] if owner else []
    balancers = [_find(item.peek("load_balancer_arn"), estate, *BALANCERS) for item in found]
    return tuple({item.address: item for item in balancers if item is not None}.values())


def target_groups_of(actions: Value) -> list[Value]:
    """What the actions of a listener or rule forward to; unknown actions forward to nothing that is known."""
    found: list[Value] = []
    for action in actions if isinstance(actions, (list, tuple)) else []:
        if not isinstance(action, Mapping):
            continue
        found.append(action.get("target_group_arn"))
        forwards = action.get("forward")
        for forward in forwards if isinstance(forwards, (list, tuple)) else []:
            found += [target.get("arn") for target in forward.get("target_group") or []]
    return [value for value in found if isinstance(value, Unknown) or value]


def _forwards(actions: Value, group: Resource, estate: Estate) -> bool:
    return any(_find(value, estate, *TARGET_GROUPS) is group for value in target_groups_of(actions))


def _find(value: Value, estate: Estate, *types: str) -> Resource | None:
    return None if value is None or isinstance(value, Unknown) else estate.find(value, *types)
