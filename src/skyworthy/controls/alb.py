"""Application load balancers, listeners, target groups."""

import re

from skyworthy.behavior.network import (
    BALANCERS,
    LISTENERS,
    Network,
    listeners_of,
    network_of,
    protocol_of,
    rules_of_listener,
)
from skyworthy.behavior.references import absent, left_out, named
from skyworthy.config import Policy
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Unknown, Value, show

TLS_1_2_OR_NEWER = re.compile(
    r"ELBSecurityPolicy-("
    r"TLS13-1-[23](-(Res|Ext1|Ext2))?(-FIPS)?(-PQ)?-20\d\d-\d\d"
    r"|TLS-1-2-2017-01|TLS-1-2-Ext-2018-06|FS-1-2-2019-08|FS-1-2-Res-2019-08|FS-1-2-Res-2020-10)"
)
"""Policies that accept TLS 1.2 and newer only.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
"""
DEFAULT_TLS_POLICY = "ELBSecurityPolicy-2016-08"


def application_only(balancer: Resource) -> None:
    """End the control for a load balancer of another kind."""
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
    aliases=("alb.secure-listener-protocol",),
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
    application_only(balancer)
    listeners = [item for item in listeners_of(balancer, estate) if protocol_of(item) == "HTTPS"]
    if not listeners:
        raise absent(estate, "it has no HTTPS listener", "aws_lb_listener")
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
    application_only(balancer)
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
    application_only(balancer)
    mode = balancer["desync_mitigation_mode"]
    assert mode in (None, "defensive", "strictest"), f"its desync mitigation mode is {mode}"


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

    Why: with one zone its failure takes the application off the net; AWS refuses two subnets of one zone.
    Fix: name public subnets of at least two zones, one of each.
    """
    assert not left_out(balancer, "subnets", "subnet_mapping"), "it names no subnet"
    stands = [Network.zone(subnet) for subnet in network_of(estate).subnets(balancer)]
    zones = sorted(set(stands))
    assert len(zones) >= policy.min_zones, (
        f"its subnets are in {len(zones)} zone ({', '.join(zones)}), at least {policy.min_zones} are demanded"
    )
    twice = [zone for zone in zones if stands.count(zone) > 1]
    assert not twice, f"two of its subnets are in {', '.join(twice)}, and AWS takes one subnet of a zone"
