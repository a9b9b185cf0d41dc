"""Target groups: their health checks, ports and targets."""

import re
from collections.abc import Mapping

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.network import (
    TARGET_GROUPS,
)
from skyworthy.behavior.references import absent, named, naming, task_definition_of, undecided
from skyworthy.behavior.secrets.injections import containers
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, Value, references, show

SLOWEST_DETECTION_SECONDS = 300


@control(
    "alb.target-group-healthcheck",
    on=TARGET_GROUPS,
    severity="medium",
    refs=["REQ REF-4", "CKV_AWS_261"],
)
def targets_are_checked(group: Resource) -> None:
    """The health check tells a broken target from a sound one, within five minutes.

    Why: a check that is off, accepts errors or takes for ever keeps broken targets in service.
    Fix: a `health_check` with `matcher = "200"`, and interval times unhealthy threshold of a minute or so.
    """
    check = group.block("health_check")
    findings = []
    if check.get("enabled") is False:
        findings.append("health checks are off")
    if group["protocol"] == "HTTP" and check.get("protocol") == "HTTPS":
        findings.append("it checks over HTTPS what speaks HTTP")
    matcher = check.get("matcher")
    if isinstance(matcher, str) and any(int(code) >= 400 for code in re.findall(r"\d{3}", matcher)):
        findings.append(f"answers {matcher} count as healthy")
    findings += _refused(check, group)
    interval, times = check.get("interval") or 30, check.get("unhealthy_threshold") or 3
    for value in (interval, times, check.get("timeout")):
        if isinstance(value, Unknown) and not value.reason.startswith("known after apply"):
            raise Undecidable(f"health_check of {group.address}: {value.reason}", denied=value.denied)
    if isinstance(interval, (int, float)) and isinstance(times, (int, float)):
        slow = interval * times
        if slow > SLOWEST_DETECTION_SECONDS:
            findings.append(f"a broken target is noticed after {slow:g} s, wanted are {SLOWEST_DETECTION_SECONDS}")
        timeout = check.get("timeout")
        if isinstance(timeout, (int, float)) and timeout >= interval:
            findings.append(f"the time-out of {timeout:g} s is not shorter than the interval of {interval:g} s")
    assert not findings, "; ".join(findings)


_CODES = re.compile(r"[2-5]\d\d([,-][2-5]\d\d)*")
_LIMITS = {
    "interval": (5, 300),
    "timeout": (2, 120),
    "healthy_threshold": (2, 10),
    "unhealthy_threshold": (2, 10),
}
"""Settings of a health check -> least and most that Elastic Load Balancing takes, seconds or checks.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""


def _refused(check: Mapping[str, Value], group: Resource) -> list[str]:
    """What Elastic Load Balancing would refuse in a health check."""
    found = []
    matcher = check.get("matcher")
    grpc = group.peek("protocol_version") == "GRPC"
    if isinstance(matcher, str) and matcher and not grpc and not _CODES.fullmatch(matcher):
        found.append(f"matcher {matcher} is no list of HTTP codes")
    path = check.get("path")
    if isinstance(path, str) and path and group.peek("protocol") in ("HTTP", "HTTPS") and not path.startswith("/"):
        found.append(f"its path {path} does not begin with /")
    for name, (least, most) in _LIMITS.items():
        value = check.get(name)
        if isinstance(value, (int, float)) and not least <= value <= most:
            found.append(f"{name} is {value:g}, {least} to {most} allowed")
    return found


_URL_PATH = re.compile(r"https?://[^/\s'\"]+(?P<path>/[^\s'\"?)]*)")


Registration = tuple[Resource, dict[str, Value]]


def _services_of(group: Resource, estate: Estate) -> list[Registration]:
    """The services that register in a target group, with the block that says so."""
    found, undecidable = _registrations(estate)
    if undecidable is not None:
        raise undecidable
    return found.get(group.address, [])


@once_per_estate
def _registrations(estate: Estate) -> tuple[dict[str, list[Registration]], Undecidable | None]:
    """Address of a target group -> the services that register in it; and why there may be more."""
    found: dict[str, list[Registration]] = {}
    try:
        for service in estate.of("aws_ecs_service"):
            for block in service.peek("load_balancer") or []:
                for group in named(estate, block.get("target_group_arn"), *TARGET_GROUPS):
                    found.setdefault(group.address, []).append((service, block))
    except Undecidable as undecidable:
        return found, undecidable
    return found, None


def _container(service: Resource, name: Value, estate: Estate) -> dict[str, Value] | None:
    """The container of a service by its name; None where the task definition is not part of the stack."""
    definition = task_definition_of(service, estate)
    if definition is None:
        return None
    return next((dict(item) for item in containers(definition) if item.get("name") == name), {})


PLACEHOLDERS = (80, 443)
"""Ports that target groups are made with where ECS registers each task with the port of its container anyway."""


def _number(port: Value, owner: Resource) -> int:
    if not isinstance(port, (int, float, str)) or not str(port).isdigit():
        raise undecided(port, f"a port of {owner.address}")
    return int(port)


@control(
    "alb.health-path-agrees",
    on=TARGET_GROUPS,
    severity="medium",
    refs=["REQ REF-4", "REQ NET-1"],
)
def health_paths_agree(group: Resource, estate: Estate) -> None:
    """Load balancer and container check the health of the application at the same path.

    Why: a path that the application does not serve makes every target unhealthy.
    Fix: the same variable for `health_check.path` and for the container's health check command.
    """
    own = group.block("health_check").get("path") or "/"
    if isinstance(own, Unknown):
        raise Undecidable(f"the health path of {group.address}: {own.reason}", denied=own.denied)
    compared = False
    for service, block in _services_of(group, estate):
        container = _container(service, block.get("container_name"), estate) or {}
        command = (container.get("healthCheck") or {}).get("command") or []
        match = _URL_PATH.search(" ".join(map(show, command)))
        if match:
            compared = True
            theirs = match["path"]
            assert theirs == own, f"its path is {own}, and the container of {service.address} checks {theirs}"
    if not compared:
        not_applicable("no container behind it checks a path")


@control(
    "alb.ports-agree",
    on=TARGET_GROUPS,
    severity="high",
    refs=["REQ NET-1"],
)
def ports_agree(group: Resource, estate: Estate) -> None:
    """Target group, service and container name the same port.

    Why: a container that listens on another port than requests are sent to never answers.
    Fix: the same variable for the target group's `port`, the service's `container_port` and `containerPort`.
    """
    users = _services_of(group, estate)
    if not users:
        not_applicable("no ECS service registers in it")
    for service, block in users:
        port, name = block.get("container_port"), block.get("container_name")
        container = _container(service, name, estate)
        if container is None:
            raise Undecidable(f"the task definition of {service.address} is not part of this stack")
        assert container, f"{service.address} names container {show(name)}, which its task definition lacks"
        ports = [mapping.get("containerPort") for mapping in container.get("portMappings") or []]
        listed = ", ".join(map(show, ports)) or "none"
        assert any(_number(item, service) == _number(port, service) for item in ports), (
            f"{service.address} sends to port {show(port)}, and container {name} has {listed}"
        )
        own = _number(group["port"], group)
        wanted = _number(port, service)
        assert own in (wanted, *PLACEHOLDERS), f"its port is {own}, and {service.address} uses {wanted}"


@control(
    "alb.target-group-served",
    on=TARGET_GROUPS,
    severity="medium",
    refs=["REQ NET-1"],
)
def something_registers(group: Resource, estate: Estate) -> None:
    """Something registers in the target group.

    Why: a rule that forwards to an empty group answers 503.
    Fix: a `load_balancer` block in the service, or remove the group.
    """
    if _services_of(group, estate) or any(_names(source, group) for source in estate.of(*REGISTRARS)):
        return
    if any(
        service.block("deployment_controller").get("type") == "CODE_DEPLOY" for service in estate.of("aws_ecs_service")
    ):
        not_applicable("CodeDeploy moves a service of this stack between groups")
    attached = naming(estate, group, "target_group_arn", "aws_lb_target_group_attachment", "aws_autoscaling_attachment")
    if not attached:
        raise absent(estate, "nothing registers in it: neither a service, nor an attachment, nor a deployment")


REGISTRARS = (
    "aws_autoscaling_group",
    "aws_codedeploy_deployment_group",
    "aws_ecs_service",
    "aws_ecs_task_set",
)
"""What registers targets in groups that it names in more than one place."""


_OF_TARGETS = re.compile("load_balancer|target_group|traffic_source")
"""Attributes in which they stand; the service itself may bear the name of its group."""


def _names(source: Resource, group: Resource) -> bool:
    """Whether something names a target group where groups are named, at any depth, by reference, name or ARN."""
    attributes = {name: value for name, value in source.attributes.items() if _OF_TARGETS.search(name)}
    if any(reference.address == group.address for reference in references(attributes)):
        return True
    text = show(attributes)
    own = (group.peek("arn"), group.peek("name"))
    return any(isinstance(value, str) and f"'{value}'" in text for value in own)
