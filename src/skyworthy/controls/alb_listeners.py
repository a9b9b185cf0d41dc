"""Listeners of load balancers and their rules: what AWS takes, and whether somebody answers."""

from collections.abc import Iterator, Mapping

from skyworthy.behavior.network import (
    BALANCERS,
    LISTENER_RULES,
    LISTENERS,
    TARGET_GROUPS,
    listeners_of,
    network_of,
    protocol_of,
)
from skyworthy.behavior.references import left_out
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Unknown, Value, show

_BLOCKS = {
    "forward": ("target_group_arn", "forward"),
    "redirect": ("redirect",),
    "fixed-response": ("fixed_response",),
    "authenticate-oidc": ("authenticate_oidc",),
    "authenticate-cognito": ("authenticate_cognito",),
}
"""Type of an action -> the settings of which it needs one."""


@control(
    "alb.actions-complete",
    on=(*LISTENERS, *LISTENER_RULES),
    severity="high",
    refs=["REQ REF-4", "REQ NET-1"],
    lenses=("declared",),
)
def actions_are_complete(source: Resource) -> None:
    """Every action of a listener or rule says what it does.

    Why: AWS refuses an action whose settings are those of another type, in the middle of an apply.
    Fix: a `target_group_arn` for `forward`, a `redirect` block for `redirect`, `fixed_response` for `fixed-response`.
    """
    findings = Findings()
    actions = source["default_action" if source.type in LISTENERS else "action"]
    with findings.question():
        assert actions, "it has no action"
    for action in actions or ():
        with findings.question():
            if isinstance(action, Unknown):
                raise action.undecidable()
            kind = action.get("type")
            if isinstance(kind, Unknown):
                raise kind.undecidable()
            wanted = _BLOCKS.get(kind, ())
            given = not wanted or any(_is_given(action.get(name)) for name in wanted)
            assert given, f"its action is {kind}, and has no {' or '.join(wanted)}"
    findings.conclude()


def _is_given(value: Value) -> bool:
    return isinstance(value, Unknown) or (value is not None and not (isinstance(value, (str, list)) and not value))


@control(
    "alb.conditions-complete",
    on=LISTENER_RULES,
    severity="high",
    refs=["REQ REF-4", "REQ NET-1"],
    lenses=("declared",),
)
def conditions_are_complete(rule: Resource) -> None:
    """Every condition of a rule has something to compare with.

    Why: AWS refuses a condition without values, and one that matches nothing leaves its service unserved.
    Fix: name the host or path, such as `host_header { values = ["api.example.com"] }`.
    """
    findings = Findings()
    for condition in rule["condition"] or ():
        for name, block in _comparisons(condition):
            with findings.question():
                values = block.get("values")
                if isinstance(values, Unknown):
                    raise values.undecidable()
                empty = not values or any(isinstance(item, str) and not item for item in values)
                assert not empty, f"its condition {name} has no value"
    findings.conclude()


def _comparisons(condition: Value) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """The blocks of a condition that compare with a list of values."""
    if isinstance(condition, Unknown):
        raise condition.undecidable()
    for name in ("host_header", "path_pattern", "http_header", "http_request_method", "source_ip"):
        blocks = condition.get(name)
        if isinstance(blocks, Unknown):
            raise blocks.undecidable()
        for block in blocks or ():
            yield name, block


@control(
    "alb.http-answered",
    on=BALANCERS,
    severity="medium",
    refs=["REQ REF-4", "REQ SMO-2", "CKV2_AWS_20"],
)
def http_is_answered(balancer: Resource, estate: Estate) -> None:
    """Where port 80 is open beside HTTPS, a listener answers there.

    Why: who types the address without https waits for a connection that never comes.
    Fix: a listener on port 80 whose default action redirects to HTTPS, or close the port.
    """
    if balancer["load_balancer_type"] not in (None, "application"):
        not_applicable(f"it is a {balancer['load_balancer_type']} load balancer")
    listeners = listeners_of(balancer, estate)
    if not any(protocol_of(item) == "HTTPS" for item in listeners):
        not_applicable("it has no HTTPS listener")
    network = network_of(estate)
    rules = [rule for group in network.groups(balancer) for rule in network.rules(group, "ingress")]
    doors = [rule for rule in rules if rule.covers(80) and any(peer.everywhere for peer in rule.peers)]
    if not doors:
        not_applicable("port 80 is not open to the internet")
    answered = any(show(item["port"]) == "80" for item in listeners)
    assert answered, f"{doors[0]} opens port 80 to the internet, and no listener answers there"


@control(
    "alb.one-listener-per-port",
    on=BALANCERS,
    severity="high",
    refs=["REQ REF-4"],
    lenses=("declared",),
)
def listeners_have_ports_of_their_own(balancer: Resource, estate: Estate) -> None:
    """No two listeners of a load balancer have the same port.

    Why: AWS refuses the second one, in the middle of an apply; which one is made first is left to chance.
    Fix: make them exclude each other by `count`, or give one another port.
    """
    seen: dict[str, Resource] = {}
    for listener in listeners_of(balancer, estate):
        port = show(listener["port"])
        other = seen.setdefault(port, listener)
        assert other is listener, f"{other.address} and {listener.address} both listen on port {port}"


@control(
    "alb.target-group-complete",
    on=TARGET_GROUPS,
    severity="high",
    refs=["REQ REF-4"],
    lenses=("declared",),
)
def target_group_is_complete(group: Resource) -> None:
    """A target group says its network, protocol and port.

    Why: AWS refuses one that lacks them, unless its targets are Lambda functions.
    Fix: set `vpc_id`, `protocol` and `port`.
    """
    if group["target_type"] == "lambda":
        not_applicable("its targets are Lambda functions")
    missing = [name for name in ("vpc_id", "protocol", "port") if left_out(group, name)]
    assert not missing, f"it has no {' and no '.join(missing)}"
