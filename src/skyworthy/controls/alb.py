"""Application load balancers, listeners, target groups."""

import re
from collections.abc import Mapping

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.network import (
    BALANCERS,
    LISTENERS,
    TARGET_GROUPS,
    Network,
    listeners_of,
    network_of,
    protocol_of,
    rules_of_listener,
)
from skyworthy.behavior.permissions import Statement, document
from skyworthy.behavior.references import absent, left_out, named, naming, task_definition_of, undecided
from skyworthy.behavior.secrets.injections import containers
from skyworthy.config import Policy
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, Value, references, show

TLS_1_2_OR_NEWER = re.compile(
    r"ELBSecurityPolicy-("
    r"TLS13-1-[23](-(Res|Ext1|Ext2))?(-FIPS)?(-PQ)?-20\d\d-\d\d"
    r"|TLS-1-2-2017-01|TLS-1-2-Ext-2018-06|FS-1-2-2019-08|FS-1-2-Res-2019-08|FS-1-2-Res-2020-10)"
)
"""Policies that accept TLS 1.2 and newer only.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
"""
DEFAULT_TLS_POLICY = "ELBSecurityPolicy-2016-08"


def _application_only(balancer: Resource) -> None:
    if balancer["load_balancer_type"] not in (None, "application"):
        not_applicable(f"it is a {balancer['load_balancer_type']} load balancer")


@control(
    "alb.http-redirects-to-https",
    on=LISTENERS,
    severity="high",
    refs=[
        "REQ REF-4",
        "REQ DAT-1",
        "REQ SMO-2",
        "FSBP ELB.1",
        "FSBP ELB.18",
        "CKV2_AWS_20",
        "CKV_AWS_2",
        "CKV_AWS_378",
    ],
)
def http_redirects_to_https(listener: Resource, estate: Estate, policy: Policy) -> None:
    """A plain HTTP listener serves nothing itself: it redirects to HTTPS.

    Why: tokens and passwords over plain HTTP can be read on the way.
    Fix: a `redirect` action with `protocol = "HTTPS"`, and an HTTPS listener on the port it leads to.
    """
    if protocol_of(listener) != "HTTP":
        not_applicable(f"it speaks {protocol_of(listener)}")
    secure = _secure_ports(listener, estate)
    if not secure and not policy.https_required:
        not_applicable("plain HTTP is allowed here, and its load balancer has no HTTPS listener")
    rules = rules_of_listener(listener, estate)
    findings = [
        problem
        for where, actions in (
            ("it", listener["default_action"]),
            *((rule.address, rule["action"]) for rule in rules),
        )
        if (problem := _not_redirected(where, actions, secure))
    ]
    assert not findings, "; ".join(findings)


def _secure_ports(listener: Resource, estate: Estate) -> set[str]:
    """The ports of the HTTPS listeners of the same load balancer."""
    balancers = named(estate, listener["load_balancer_arn"], *BALANCERS)
    if not balancers:
        raise Undecidable(f"its load balancer {show(listener['load_balancer_arn'])} is not part of this stack")
    others = listeners_of(balancers[0], estate)
    return {show(other["port"]) for other in others if protocol_of(other) == "HTTPS"}


def _not_redirected(where: str, actions: Value, secure: set[str]) -> str:
    """What is wrong with the actions of a listener or rule; empty where they redirect to a port that is served."""
    for action in actions or []:
        kind = action.get("type")
        if kind == "fixed-response":
            continue
        if kind != "redirect":
            return f"{where} does {show(kind)} over plain HTTP"
        redirect = next(iter(action.get("redirect") or [{}]))
        protocol, port = redirect.get("protocol") or "#{protocol}", show(redirect.get("port") or "#{port}")
        if protocol != "HTTPS":
            return f"{where} redirects to {show(protocol)}, not to HTTPS"
        if port not in secure:
            return f"{where} redirects to port {port}, where no HTTPS listener is"
    return ""


@control(
    "alb.https-served",
    on=BALANCERS,
    severity="high",
    refs=["REQ REF-15", "REQ DAT-1"],
)
def https_is_served(balancer: Resource, estate: Estate, policy: Policy) -> None:
    """The load balancer has an HTTPS listener with a certificate.

    Why: without it nobody can reach the application over TLS.
    Fix: an `aws_lb_listener` with `protocol = "HTTPS"` and a `certificate_arn`.
    """
    if not policy.https_required:
        not_applicable("plain HTTP is allowed here")
    _application_only(balancer)
    listeners = [item for item in listeners_of(balancer, estate) if protocol_of(item) == "HTTPS"]
    if not listeners:
        raise absent(estate, "it has no HTTPS listener")
    bare = [item.address for item in listeners if item["certificate_arn"] is None]
    assert not bare, f"{', '.join(bare)} has no certificate"


@control(
    "alb.recommended-tls-policy",
    on=LISTENERS,
    severity="high",
    refs=["REQ REF-4", "REQ SMO-2", "FSBP ELB.17", "CKV_AWS_103", "CKV2_AWS_74"],
)
def tls_policy_is_modern(listener: Resource) -> None:
    """The listener accepts TLS 1.2 and newer only.

    Why: TLS 1.0 and 1.1 have known weaknesses and are refused by browsers and auditors.
    Fix: `ssl_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"`.
    """
    if protocol_of(listener) not in ("HTTPS", "TLS"):
        not_applicable(f"it speaks {protocol_of(listener)}")
    policy = listener.attributes.get("ssl_policy", listener.blank)
    if isinstance(policy, Unknown):
        raise Undecidable(f"ssl_policy of {listener.address}: {policy.reason}", denied=policy.denied)
    chosen = policy or DEFAULT_TLS_POLICY
    assert TLS_1_2_OR_NEWER.fullmatch(chosen), f"its TLS policy {chosen} is not known to refuse TLS 1.1 and older"


@control(
    "alb.drops-invalid-headers",
    on=BALANCERS,
    severity="medium",
    refs=["REQ REF-4", "FSBP ELB.4", "CKV_AWS_131"],
)
def invalid_headers_are_dropped(balancer: Resource) -> None:
    """The load balancer drops header fields that are not valid.

    Why: malformed headers are how requests are smuggled past a proxy.
    Fix: `drop_invalid_header_fields = true`.
    """
    _application_only(balancer)
    assert balancer["drop_invalid_header_fields"], "invalid header fields are passed on"


@control(
    "alb.desync-mitigation",
    on=BALANCERS,
    severity="medium",
    refs=["REQ REF-4", "FSBP ELB.12", "CKV_AWS_328"],
)
def desync_is_mitigated(balancer: Resource) -> None:
    """The load balancer refuses ambiguous requests.

    Why: load balancer and application that disagree where a request ends can be made to mix up users.
    Fix: `desync_mitigation_mode` `defensive` (the default) or `strictest`.
    """
    _application_only(balancer)
    mode = balancer["desync_mitigation_mode"]
    assert mode in (None, "defensive", "strictest"), f"its desync mitigation mode is {mode}"


@control(
    "alb.access-logs-enabled",
    on=BALANCERS,
    severity="medium",
    refs=["REQ REF-4", "FSBP ELB.5", "CKV_AWS_91"],
)
def access_is_logged(balancer: Resource) -> None:
    """The load balancer writes access logs.

    Why: after an incident they are the only record of who asked for what.
    Fix: an `access_logs` block with a bucket and `enabled = true`.
    """
    _application_only(balancer)
    logs = balancer.block("access_logs")
    enabled = logs.get("enabled")
    if isinstance(enabled, Unknown):
        raise Undecidable(f"access_logs of {balancer.address}: {enabled.reason}", denied=enabled.denied)
    assert enabled and logs.get("bucket"), "access logs are off"


@control(
    "alb.deletion-protection",
    on=BALANCERS,
    severity="medium",
    refs=["REQ REF-4", "REQ DAT-1", "FSBP ELB.6", "CKV_AWS_150"],
)
def deletion_is_prevented(balancer: Resource, policy: Policy) -> None:
    """The load balancer refuses to be deleted.

    Why: one mistaken destroy takes the address of the application away.
    Fix: `enable_deletion_protection = true`.
    """
    if not policy.deletion_protection:
        not_applicable("deletion protection is not demanded here")
    assert balancer["enable_deletion_protection"], "deletion protection is off"


@control(
    "alb.multi-az",
    on=BALANCERS,
    severity="medium",
    refs=["REQ NET-2", "FSBP ELB.13"],
)
def load_balancer_spans_zones(balancer: Resource, estate: Estate, policy: Policy) -> None:
    """The load balancer stands in several availability zones.

    Why: with one zone its failure takes the application off the net.
    Fix: name public subnets of at least two zones.
    """
    assert not left_out(balancer, "subnets", "subnet_mapping"), "it names no subnet"
    zones = sorted({Network.zone(subnet) for subnet in network_of(estate).subnets(balancer)})
    assert len(zones) >= policy.min_zones, (
        f"its subnets are in {len(zones)} zone ({', '.join(zones)}), at least {policy.min_zones} are demanded"
    )


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


def _names(source: Resource, group: Resource) -> bool:
    """Whether something names a target group at any depth, by reference, name or ARN."""
    attributes = dict(source.attributes)
    if any(reference.address == group.address for reference in references(attributes)):
        return True
    text = show(attributes)
    own = (group.peek("arn"), group.peek("name"))
    return any(isinstance(value, str) and f"'{value}'" in text for value in own)


@control(
    "alb.rules-reachable",
    on=LISTENERS,
    severity="high",
    refs=["REQ REF-4", "REQ NET-1"],
)
def every_rule_is_reached(listener: Resource, estate: Estate) -> None:
    """No rule of a listener stands behind another one with the same conditions.

    Why: only the rule with the lowest priority is followed; what the other one forwards to is never served.
    Fix: conditions of its own for each rule, and `priority` numbers that differ.
    """
    seen: list[tuple[Resource, Value]] = []
    for rule in sorted(rules_of_listener(listener, estate), key=lambda item: _priority(item)):
        conditions = _conditions(rule)
        for earlier, same in seen:
            assert conditions != same, f"{rule.address} has the conditions of {earlier.address}, which comes first"
        seen.append((rule, conditions))


def _priority(rule: Resource) -> int:
    """The priority as written; a rule without one comes last."""
    value = rule.attributes.get("priority", rule.blank)
    if isinstance(value, Unknown):
        raise undecided(value, f"priority of {rule.address}")
    return int(value) if value is not None else 50_000


def _conditions(rule: Resource) -> list[str]:
    """The conditions of a rule as texts that can be compared."""
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
                found.append(f"{name} {sorted(map(show, listed))}")
    return sorted(found)


@control(
    "alb.access-logs-deliverable",
    on=BALANCERS,
    severity="medium",
    refs=["REQ REF-4"],
)
def access_logs_can_be_delivered(balancer: Resource, estate: Estate) -> None:
    """The bucket of the access logs lets Elastic Load Balancing write into it.

    Why: AWS refuses to switch logging on for a bucket it cannot write to, and the apply stops there.
    Fix: an `aws_s3_bucket_policy` that allows `logdelivery.elasticloadbalancing.amazonaws.com` `s3:PutObject`.
    """
    written = balancer.block("access_logs").get("bucket")
    bucket = estate.find(written, "aws_s3_bucket") if written else None
    if bucket is None:
        not_applicable("its access logs go to no bucket of this stack")
        return
    policies = naming(estate, bucket, "bucket", "aws_s3_bucket_policy")
    if not policies:
        raise absent(estate, f"{bucket.address} has no policy: Elastic Load Balancing cannot write into it")
    documents = [document(item.peek("policy"), estate, f"the policy of {bucket.address}") for item in policies]
    if any(_lets_write(statement) for item in documents for statement in item.statements):
        return
    unknown = next((item.unknown for item in documents if item.unknown is not None), None)
    if unknown is not None:
        raise undecided(unknown, documents[0].label)
    raise AssertionError(f"{documents[0].label} does not let Elastic Load Balancing write into it")


def _lets_write(statement: Statement) -> bool:
    """Whether a statement lets Elastic Load Balancing, as a service or by its account, put objects."""
    if statement.effect != "Allow":
        return False
    actions = [str(action).lower() for action in statement.actions or ()]
    if not any(action in ("s3:*", "*", "s3:put*") or action.startswith("s3:putobject") for action in actions):
        return False
    principals = statement.principals or {}
    services = [show(item) for item in principals.get("Service", ())]
    return any("elasticloadbalancing" in item or "delivery.logs" in item for item in services) or bool(
        principals.get("AWS")
    )
