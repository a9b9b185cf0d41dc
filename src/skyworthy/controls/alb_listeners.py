"""Listeners of load balancers and their rules: what AWS takes, and whether somebody answers."""

import re
from collections.abc import Iterator, Mapping
from itertools import product

from skyworthy.behavior.network import (
    BALANCERS,
    LISTENER_RULES,
    LISTENERS,
    TARGET_GROUPS,
    listeners_of,
    network_of,
    protocol_of,
    rules_of_listener,
    target_groups_of,
)
from skyworthy.behavior.references import left_out, named, undecided
from skyworthy.controls.alb_certificates import names_of
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, references, show

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


Conditions = list[tuple[str, tuple[str, ...]]]
"""What a rule compares, each with the values of which one must match; all conditions must hold."""


@control("alb.rules-reachable", on=LISTENERS, severity="high", refs=["REQ REF-4", "REQ NET-1"])
def every_rule_is_reached(listener: Resource, estate: Estate) -> None:
    """Every rule of a listener has a priority of its own and gets all that it asks for, whatever comes before it.

    Why: AWS refuses a second rule with the same priority; of two rules that fit, only the one with the lowest number is
    followed: what the other one forwards to is not served, and what it was to shut out is let in.
    Fix: `priority` numbers that differ, the narrower conditions first, such as `/api/*` before `/*`.
    """
    seen: list[tuple[Resource, Conditions]] = []
    served = _certified(listener, estate)
    for rule in sorted(rules_of_listener(listener, estate), key=_priority):
        conditions = conditions_of(rule)
        for earlier, theirs in seen:
            same = _priority(rule) == _priority(earlier) != _LAST
            assert not same, f"{earlier.address} and {rule.address} have the same priority {_priority(rule)}"
            assert conditions != theirs, f"{rule.address} has the conditions of {earlier.address}, which comes first"
            if not theirs:
                continue
            taken = all(_implied(condition, [*served, *conditions]) for condition in theirs)
            assert not taken, f"{rule.address} is never reached: {earlier.address} comes first and takes its requests"
            part = _taken_part(theirs, conditions) if _leads_elsewhere(earlier, rule) else None
            assert not part, f"{rule.address} is not reached for {part}: {earlier.address} comes first and takes that"
        seen.append((rule, conditions))


def _leads_elsewhere(earlier: Resource, rule: Resource) -> bool:
    """Whether two rules are known to forward to different target groups."""
    ours, theirs = (target_groups_of(item.peek("action")) for item in (rule, earlier))
    unknown = any(isinstance(value, Unknown) for value in (*ours, *theirs))
    return bool(ours and theirs) and not unknown and {show(item) for item in ours} != {show(item) for item in theirs}


def _taken_part(theirs: Conditions, ours: Conditions) -> str | None:
    """What a rule names value by value, and another rule takes from it: ``app.example.com/api/*``."""
    ways = product(*([(name, (value,)) for value in values] for name, values in ours))
    taken = (way for way in ways if all(_implied(condition, list(way)) for condition in theirs))
    return next(("".join(value for _, (value,) in way) for way in taken), None)


def _priority(rule: Resource) -> int:
    """The priority as written; a rule without one gets the next free one."""
    value = rule.attributes.get("priority", rule.blank)
    if isinstance(value, Unknown):
        raise undecided(value, f"priority of {rule.address}")
    return int(value) if value is not None else _LAST


_LAST = 50_000
"""The greatest priority there is; of rules without one, as many as there are get the next ones that are free."""


def _certified(listener: Resource, estate: Estate) -> Conditions:
    """The hosts that a listener has certificates for, as the condition that all of its requests meet.

    Where they are not known none is: then only what the rules themselves say takes a request away.
    """
    if protocol_of(listener) != "HTTPS":
        return []
    try:
        names = names_of(listener, estate)
    except Undecidable:
        names = []
    return [("host_header", tuple(names))] if names else []


def conditions_of(rule: Resource) -> Conditions:
    """The conditions of a rule.

    Raises:
        Undecidable: where one is not known.
    """
    found = []
    for condition in rule["condition"] or []:
        if isinstance(condition, Unknown):
            raise undecided(condition, f"a condition of {rule.address}")
        for name, blocks in condition.items():
            for block in blocks if isinstance(blocks, (list, tuple)) else []:
                values = block.get("values")
                if isinstance(values, Unknown):
                    raise undecided(values, f"a condition of {rule.address}")
                listed = values if isinstance(values, (list, tuple)) else [block]
                unknown = next((item for item in listed if isinstance(item, Unknown)), None)
                if unknown is not None:
                    raise undecided(unknown, f"a condition of {rule.address}")
                header = block.get("http_header_name")
                found.append((f"{name} {show(header)}" if header else name, tuple(sorted(map(show, listed)))))
    return sorted(found)


_WILD = ("path_pattern", "host_header")
"""Conditions whose values are patterns with ``*`` and ``?``."""


def _implied(condition: tuple[str, tuple[str, ...]], others: Conditions) -> bool:
    """Whether a request that meets the other conditions meets this one too."""
    name, patterns = condition
    if name == "path_pattern" and any(pattern in ("*", "/*") for pattern in patterns):
        return True
    if name == "host_header" and "*" in patterns:
        return True
    return any(
        all(any(_wider(pattern, value, name) for pattern in patterns) for value in values)
        for other, values in others
        if other == name
    )


def _wider(pattern: str, value: str, name: str) -> bool:
    """Whether all that a value matches, a pattern matches."""
    if name not in _WILD or "?" in pattern:
        return pattern == value
    return answers(pattern, value)


def answers(pattern: str, text: str) -> bool:
    """Whether a host or path matches a pattern of Elastic Load Balancing, in which ``*`` and ``?`` are wild."""
    wild = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(wild, text, re.IGNORECASE if "/" not in pattern else 0) is not None


@control("alb.hosts-answered", on="aws_route53_record", severity="high", refs=["REQ REF-4", "REQ NET-1"])
def name_is_answered(record: Resource, estate: Estate) -> None:
    """A name that leads to a load balancer is answered by one of its rules, or by its default action.

    Why: a rule for another host, and everybody who asks for this one gets the default: a fixed 404.
    Fix: the same name in the record and in `host_header` of the rule.
    """
    targets = named(estate, record.block("alias").get("name"), *BALANCERS)
    if not targets:
        not_applicable("it leads to no load balancer of this stack")
    host = _full_name(record, estate)
    if host.startswith("*"):
        not_applicable("it stands for names that need not all be served")
    listeners = listeners_of(targets[0], estate)
    refusing = [item for item in listeners if _kinds(item["default_action"]) == ["fixed-response"]]
    serving = [item for item in listeners if "redirect" not in _kinds(item["default_action"])]
    if not refusing or serving != refusing:
        not_applicable("what no rule takes is not refused")
    rules = [rule for listener in refusing for rule in rules_of_listener(listener, estate)]
    hosts = [_hosts(rule) for rule in rules if _kinds(rule["action"]) != ["fixed-response"]]
    if not hosts or any(asked is None or any(answers(item, host) for item in asked) for asked in hosts):
        return
    vague = [item for item in (host, *(item for asked in hosts for item in asked or ())) if "${" in item]
    if vague:
        raise Undecidable(f"{vague[0]} is known after apply")
    raise AssertionError(
        f"{host} leads to {targets[0].address}, where no rule answers for it: it gets the fixed response"
    )


@control("alb.alias-in-its-zone", on="aws_route53_record", severity="high", refs=["REQ REF-4"], lenses=("declared",))
def alias_is_in_its_zone(record: Resource, estate: Estate) -> None:
    """An alias gives the hosted zone of what it leads to, not that in which it stands.

    Why: Route 53 refuses an alias whose target is not in the zone that it names, in the middle of an apply.
    Fix: `zone_id` of the same resource as `name` in the `alias` block.
    """
    alias = record.block("alias")
    if not alias:
        not_applicable("it is no alias")
    zone = alias.get("zone_id")
    if isinstance(zone, Unknown):
        raise undecided(zone, "the zone_id of its alias")
    targets = [item for item in _owners(alias.get("name"), estate) if item.type != "aws_route53_record"]
    zones = [
        item for item in _owners(zone, estate) if item.type in ("aws_route53_zone", *(each.type for each in targets))
    ]
    if targets and zones and zones[0] not in targets:
        raise AssertionError(f"it leads to {targets[0].address}, and its alias gives the zone of {zones[0].address}")


def _owners(value: Value, estate: Estate) -> list[Resource]:
    """The resources of which a value is made."""
    found = (estate.get(reference.address) for reference in references(value))
    return [item for item in found if item is not None]


def _full_name(record: Resource, estate: Estate) -> str:
    """The name of a record with that of its zone, which Route 53 adds where it is left out."""
    name = record["name"]
    if isinstance(name, Unknown):
        raise undecided(name, f"name of {record.address}")
    name = show(name).rstrip(".").lower()
    zones = named(estate, record["zone_id"], "aws_route53_zone")
    zone = zones[0].attributes.get("name") if zones else None
    if zone is None and "." not in name:
        raise Undecidable(f"the name of its zone is not known, and {name} is relative to it")
    if isinstance(zone, (str, Reference, Template)):
        suffix = show(zone).rstrip(".").lower()
        return name if name == suffix or name.endswith(f".{suffix}") else f"{name}.{suffix}".lstrip(".")
    return name


def _kinds(actions: Value) -> list[str]:
    if isinstance(actions, Unknown):
        raise actions.undecidable()
    return [show(action.get("type")) for action in actions or ()]


def _hosts(rule: Resource) -> tuple[str, ...] | None:
    """The hosts that a rule is for; None: any."""
    found = [values for name, values in conditions_of(rule) if name == "host_header"]
    return tuple(item for values in found for item in values) if found else None
