"""Where users ask a service: the host of its listener rule, by the scheme of the listener."""

from collections.abc import Iterator, Mapping
from typing import Any

from skyworthy.behavior.network.balancing import LISTENER_RULES, LISTENERS, TARGET_GROUPS, target_groups_of
from skyworthy.estate import Estate, Resource, Unknown, Value

_PORTS = {"HTTPS": 443, "HTTP": 80}
_ADDED = {
    "routing_http_response_strict_transport_security_header_value": "Strict-Transport-Security",
    "routing_http_response_x_content_type_options_header_value": "X-Content-Type-Options",
    "routing_http_response_x_frame_options_header_value": "X-Frame-Options",
}
"""Attribute of a listener -> the header that it adds.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
"""


def headers_of_listeners(declared: Estate) -> tuple[str, ...]:
    """The security headers that every HTTPS listener of the code adds to the answers."""
    listeners = [item for item in declared.of(*LISTENERS) if item.peek("protocol") == "HTTPS"]
    if not listeners:
        return ()
    return tuple(header for name, header in _ADDED.items() if all(item.attributes.get(name) for item in listeners))


def public_url(service: Resource, estate: Estate) -> str:
    """The URL of an ECS service behind an application load balancer, by HTTPS where it is served so.

    Args:
        service: an ``aws_ecs_service``.
        estate: that it is part of.

    Returns:
        ``https://api.example.com``; empty where no listener tells a host that stands for itself.
    """
    groups = {group.address for item in service.peek("load_balancer") or () if (group := _group(item, estate))}
    found = sorted(_urls(groups, estate), key=lambda item: (not item.startswith("https:"), item))
    return found[0] if found else ""


def _group(item: Any, estate: Estate) -> Resource | None:
    value = item.get("target_group_arn") if isinstance(item, Mapping) else None
    return estate.find(value, *TARGET_GROUPS) if value and not isinstance(value, Unknown) else None


def _urls(groups: set[str], estate: Estate) -> Iterator[str]:
    for rule in estate.of(*LISTENER_RULES):
        listener = rule.peek("listener_arn")
        owner = None if isinstance(listener, Unknown) or not listener else estate.find(listener, *LISTENERS)
        if owner is not None and _forwards(rule.peek("action"), groups, estate):
            for host in _hosts(rule.peek("condition")):
                yield from _url(owner, host)


def _forwards(actions: Value, groups: set[str], estate: Estate) -> bool:
    targets = (
        estate.find(value, *TARGET_GROUPS) for value in target_groups_of(actions) if not isinstance(value, Unknown)
    )
    return any(target is not None and target.address in groups for target in targets)


def _hosts(conditions: Value) -> Iterator[str]:
    """The hosts of a rule that are written out; one with a wildcard cannot be asked."""
    for condition in conditions if isinstance(conditions, list) else ():
        for block in condition.get("host_header") or () if isinstance(condition, Mapping) else ():
            for host in block.get("values") or ():
                if isinstance(host, str) and not {"*", "?"} & set(host):
                    yield host


def _url(listener: Resource, host: str) -> Iterator[str]:
    protocol, port = listener.peek("protocol") or "HTTP", listener.peek("port")
    if protocol in _PORTS and isinstance(port, int):
        yield f"{str(protocol).lower()}://{host}" + ("" if port == _PORTS[str(protocol)] else f":{port}")
