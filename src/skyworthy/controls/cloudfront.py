"""Controls of CloudFront distributions that stand before a load balancer."""

from collections.abc import Iterator, Mapping
from typing import Any

from skyworthy.behavior.edge import DISTRIBUTION, balancers_behind
from skyworthy.behavior.network import listeners_of, protocol_of
from skyworthy.behavior.network.balancing import rules_of_listener
from skyworthy.behavior.references import absent, named
from skyworthy.controls.alb_certificates import certificate_of
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Value
from skyworthy.estate.regions import Regions

_HOME = "us-east-1"
_ASKED: Mapping[str, tuple[str, ...]] = {
    "http-only": ("HTTP",),
    "https-only": ("HTTPS",),
    "match-viewer": ("HTTP", "HTTPS"),
}


@control("cloudfront.origin-answers", on=DISTRIBUTION, severity="critical", refs=["REQ NET-1"], lenses=("declared",))
def the_origin_answers(distribution: Resource, estate: Estate) -> None:
    """The load balancer behind a distribution listens where it is asked, and forwards what it is sent.

    Why: on another port or protocol, or without the header that a rule waits for, every page is an error.
    Fix: `origin_protocol_policy` and the ports of a listener; one name for the header in `custom_header` and the rule.
    """
    findings = Findings()
    judged = False
    for balancer, origin in balancers_behind(distribution, estate):
        judged = True
        with findings.question():
            listeners = _asked(balancer, origin, estate)
            for problem in _turned_away(listeners, origin, estate):
                findings.add(problem)
    findings.conclude()
    if not judged:
        not_applicable("none of its origins is known to be a load balancer of the stack")


def _asked(balancer: Resource, origin: Mapping[str, Any], estate: Estate) -> list[Resource]:
    """The listeners that an origin's settings lead to; all of them must be there."""
    config = _first(origin.get("custom_origin_config"))
    policy = config.get("origin_protocol_policy")
    if not isinstance(policy, str) or policy not in _ASKED:
        raise Undecidable("how its origin is asked is not known")
    listeners = listeners_of(balancer, estate)
    if not listeners:
        raise absent(estate, f"{balancer.address} has no listener")
    open_ = {(protocol_of(item), int(item["port"])): item for item in listeners}
    there = ", ".join(f"{protocol} on {port}" for protocol, port in open_)
    found: list[Resource] = []
    for protocol in _ASKED[policy]:
        port = int(config.get(f"{protocol.lower()}_port") or {"HTTP": 80, "HTTPS": 443}[protocol])
        listener = open_.get((protocol, port))
        assert listener is not None, f"it asks {balancer.address} for {protocol} on {port}, which answers {there}"
        redirect = policy == "http-only" and _first(listener.peek("default_action")).get("type") == "redirect"
        assert not redirect, f"it asks {listener.address}, which redirects to HTTPS: no page is ever sent"
        found.append(listener)
    return found


def _turned_away(listeners: list[Resource], origin: Mapping[str, Any], estate: Estate) -> Iterator[str]:
    """What is wrong where all that forwards waits for a header that the origin is not sent."""
    sent = [str(item.get("name")) for item in origin.get("custom_header") or () if isinstance(item, Mapping)]
    known = [name.lower() for name in sent]
    for listener in listeners:
        rules = rules_of_listener(listener, estate)
        forwards = _first(listener.peek("default_action")).get("type") == "forward"
        awaited = [name for rule in rules for name in _headers(rule)]
        only = bool(sent and awaited) and not forwards and all(_headers(rule) for rule in rules)
        if only and not any(name.lower() in known for name in awaited):
            yield f"{listener.address} forwards what has the header {awaited[0]}, and it sends {', '.join(sent)}"


def _headers(rule: Resource) -> list[str]:
    """The headers that a rule waits for."""
    conditions = rule.peek("condition")
    listed = conditions if isinstance(conditions, (list, tuple)) else ()
    blocks = [_first(item.get("http_header")) for item in listed if isinstance(item, Mapping)]
    return [name for block in blocks if isinstance(name := block.get("http_header_name"), str)]


def _first(blocks: Value) -> Mapping[str, Any]:
    first = blocks[0] if isinstance(blocks, (list, tuple)) and blocks else None
    return first if isinstance(first, Mapping) else {}


@control(
    "cloudfront.parts-global",
    on=DISTRIBUTION,
    severity="high",
    refs=["REQ NET-1", "REQ REF-10"],
    lenses=("declared",),
)
def certificate_and_acl_are_global(distribution: Resource, estate: Estate, regions: Regions) -> None:
    """The certificate of a distribution is in us-east-1, and its web ACL is one for CloudFront.

    Why: CloudFront takes no others; the apply ends in the middle.
    Fix: `provider = aws.us_east_1` on the certificate, and `scope = "CLOUDFRONT"` on the web ACL.
    """
    written = distribution.block("viewer_certificate").get("acm_certificate_arn")
    acl = distribution.peek("web_acl_id")
    if not written and not acl:
        not_applicable("it has neither a certificate of its own nor a web ACL")
    findings = Findings()
    with findings.question():
        if isinstance(written, str) and written.startswith("arn:"):
            place = written.split(":")[3]
            assert place == _HOME, f"its certificate is in {place}, not in {_HOME}"
        certificate = certificate_of(written, estate)
        if certificate is not None:
            place = regions.of(certificate)
            if not place:
                raise Undecidable(f"the region of {certificate.address} is not known")
            assert place == _HOME, f"its certificate {certificate.address} is in {place}, not in {_HOME}"
    with findings.question():
        for found in named(estate, acl, "aws_wafv2_web_acl"):
            scope = found["scope"]
            assert scope == "CLOUDFRONT", f"its web ACL {found.address} has the scope {scope}"
    findings.conclude()
