"""From a load balancer's listeners to target groups, and back."""

from collections.abc import Iterator, Mapping

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.references import naming, undecided
from skyworthy.estate import Estate, Resource, Unknown, Value, show

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


def protocol_of(listener: Resource) -> str:
    """What a listener speaks; an application load balancer's speaks HTTP where nothing is said.

    Raises:
        Undecidable: where it is not known.
    """
    value = listener.attributes.get("protocol", listener.blank)
    if value is not None and not isinstance(value, str):
        raise undecided(value, f"protocol of {listener.address}")
    return value or "HTTP"


def rules_of_listener(listener: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The rules of a listener.

    Raises:
        Undecidable: where none is known and one may be.
    """
    return naming(estate, listener, "listener_arn", *LISTENER_RULES)


def rules_for_host(host: str, estate: Estate) -> Iterator[Resource]:
    """The rules of any listener for requests that name a host, as far as it is known."""
    for rule in estate.of(*LISTENER_RULES):
        for condition in rule.peek("condition") or ():
            for block in condition.get("host_header") or () if isinstance(condition, Mapping) else ():
                if host in [show(item) for item in block.get("values") or ()]:
                    yield rule


def balancers_of(group: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The load balancers whose listeners or rules forward to a target group, as far as it is known."""
    return _forwarding(estate).get(group.address, ())


@once_per_estate
def _forwarding(estate: Estate) -> Mapping[str, tuple[Resource, ...]]:
    """Address of a target group -> the load balancers that forward to it."""
    found: dict[str, dict[str, Resource]] = {}
    for listener, actions in _forwarders(estate):
        balancer = _find(listener.peek("load_balancer_arn"), estate, *BALANCERS)
        groups = (_find(value, estate, *TARGET_GROUPS) for value in target_groups_of(actions))
        for group in groups if balancer is not None else ():
            if group is not None and balancer is not None:
                found.setdefault(group.address, {})[balancer.address] = balancer
    return {address: tuple(balancers.values()) for address, balancers in found.items()}


def _forwarders(estate: Estate) -> Iterator[tuple[Resource, Value]]:
    """Every listener with its own actions, and with those of each of its rules."""
    for listener in estate.of(*LISTENERS):
        yield listener, listener.peek("default_action")
    for rule in estate.of(*LISTENER_RULES):
        owner = _find(rule.peek("listener_arn"), estate, *LISTENERS)
        if owner is not None:
            yield owner, rule.peek("action")


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


def _find(value: Value, estate: Estate, *types: str) -> Resource | None:
    return None if value is None or isinstance(value, Unknown) else estate.find(value, *types)
