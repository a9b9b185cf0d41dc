"""Controls of what a load balancer does now: healthy targets, valid certificates."""

from collections import Counter
from datetime import datetime, timedelta

from skyworthy.controls.moments import moment
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Resource, Undecidable

_LEAST_VALID = timedelta(days=30)
_GONE_WRONG = frozenset({"unhealthy", "unavailable"})


@control("alb.targets-healthy", on="aws_lb_target_group", severity="high", refs=["REQ LIV-5"], lenses=("observed",))
def targets_are_healthy(group: Resource) -> None:
    """A target group has healthy targets, and no unhealthy ones.

    Why: requests go to targets that do not answer, or to nobody.
    Fix: read the reason of the health check and the logs of the task behind the address.
    """
    if not group["load_balancer_arns"]:
        not_applicable("no load balancer sends to it")
    targets = group["targets"]
    assert targets, "no target is registered"
    wrong = [
        f"{item['id']}:{item['port']} is {item['state']}"
        + (f": {item['description'] or item['reason']}" if item["description"] or item["reason"] else "")
        for item in targets
        if item["state"] in _GONE_WRONG
    ]
    assert not wrong, "; ".join(wrong)
    states = Counter(item["state"] for item in targets)
    if states["initial"] and not states["healthy"]:
        raise Undecidable("the health of its targets is still being checked")
    assert states["healthy"], f"no target is healthy: {', '.join(f'{count} {name}' for name, count in states.items())}"


@control(
    "alb.certificate-valid",
    on="aws_lb_listener",
    severity="high",
    refs=["REQ LIV-8", "FSBP ACM.1"],
    lenses=("observed",),
    aliases=("acm.certificate-renewed",),
)
def certificate_is_valid(listener: Resource, now: datetime) -> None:
    """The certificate that a listener presents is valid for 30 more days.

    Why: an expired certificate shuts out every client at once.
    Fix: have it renewed: by DNS validation ACM does it alone; import a new one where it was imported.
    """
    if listener["protocol"] not in ("HTTPS", "TLS"):
        not_applicable("it presents no certificate")
    arn = str(listener["certificate_arn"])
    if ":acm:" not in arn:
        not_applicable(f"its certificate {arn} is not kept in ACM")
    certificate = listener["certificate"]
    assert certificate, f"its certificate {arn} is not in ACM"
    status, end = certificate["status"], certificate["not_after"]
    assert status == "ISSUED", f"the status of its certificate {arn} is {status}"
    if end is None:
        raise Undecidable(f"ACM does not say until when its certificate {arn} is valid")
    left = moment(end) - now
    assert left > timedelta(0), f"its certificate {arn} expired on {end}"
    assert left >= _LEAST_VALID, f"its certificate {arn} expires on {end}, in {left.days} days"
