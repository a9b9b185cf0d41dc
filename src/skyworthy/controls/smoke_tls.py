"""What the smoke suite asks of the way to the services: HTTPS, its certificate and protocols, security headers."""

from urllib.parse import urlsplit

from skyworthy.config import Policy
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Value
from skyworthy.probes.running import RunningService

REDIRECTS = (301, 302, 307, 308)
HTTPS_PORT = 443
_NO_TLS_HERE = "launched on this machine it is asked without its load balancer, which alone speaks TLS"


@control("smoke.https-redirect", on="aws_ecs_service", severity="high", refs=["REQ SMO-2"], lenses=("smoke",))
def http_redirects_to_https(service: Resource, estate: Estate, running: RunningService, policy: Policy) -> None:
    """Who asks by HTTP is sent to HTTPS, at the same host and path.

    Why: an address that is typed without a scheme, or an old link, would carry tokens in the clear.
    Fix: make the listener on port 80 redirect: `redirect { protocol = "HTTPS" port = "443" status_code = "HTTP_301" }`.
    """
    from skyworthy.probes.http import probe

    host = _host(service, running, policy)
    asked = f"http://{host}:{running.http_port}/skyworthy-redirect"
    answer = probe(asked, expect_status=REDIRECTS, deadline=running.deadline if _listens(estate, 80) else 0.0)
    if answer.status == 0 and not _listens(estate, 80):
        not_applicable("nothing listens on port 80, and no listener is declared there")
    answer.require()
    target = urlsplit(answer.headers.get("Location", ""))
    wanted = ("https", host, "/skyworthy-redirect")
    assert (target.scheme, target.hostname, target.path) == wanted, (
        f"HTTP is redirected to {target.scheme or 'no scheme'}://{target.hostname or ''}{target.path}"
    )


@control("smoke.certificate", on="aws_ecs_service", severity="critical", refs=["REQ SMO-2"], lenses=("smoke",))
def certificate_is_good(service: Resource, running: RunningService, policy: Policy) -> None:
    """Clients trust the certificate that the service shows, and will for a month to come.

    Why: with an expired or foreign certificate no browser and no client talks to the service any longer.
    Fix: let ACM renew it (its validation record must stay in DNS), and attach the one for this host to the listener.
    """
    from skyworthy.probes.tls import explain, look, now

    host, port = _endpoint(service, running, policy)
    seen = look(host, port, deadline=running.deadline)
    assert not seen.failure, seen.failure
    assert not seen.distrust, explain(seen, now())
    left = seen.days_left(now())
    wanted = running.smoke.certificate_days
    assert left >= wanted, f"its certificate is valid for {left:.0f} more days, at least {wanted} are demanded"


@control("smoke.tls-version", on="aws_ecs_service", severity="high", refs=["REQ SMO-2"], lenses=("smoke",))
def only_tls_of_today(service: Resource, running: RunningService, policy: Policy) -> None:
    """TLS 1.2 or newer is spoken, and nothing older.

    Why: TLS 1.0 and 1.1 are broken and deprecated (RFC 8996).
    Fix: set `ssl_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"` on the listener.
    """
    from skyworthy.probes.tls import look

    host, port = _endpoint(service, running, policy)
    seen = look(host, port, deadline=running.deadline)
    assert not seen.failure, seen.failure
    assert not seen.old, f"it accepts {' and '.join(seen.old)}"


@control("smoke.security-headers", on="aws_ecs_service", severity="medium", refs=["REQ SMO-2"], lenses=("smoke",))
def answers_bear_security_headers(service: Resource, estate: Estate, running: RunningService) -> None:
    """Answers tell browsers to stay on HTTPS, not to guess content types, and not to be framed.

    Why: without them a first visit can be kept on HTTP, an upload be run as a script, and a page be framed for clicks.
    Fix: let the application, or the listener's `routing_http_response_*` attributes, send `Strict-Transport-Security`,
        `X-Content-Type-Options: nosniff`, and `X-Frame-Options` or a policy with `frame-ancestors`.
    """
    from skyworthy.probes.http import probe

    _demand_running(service, running)
    group = estate.find(service["load_balancer"][0]["target_group_arn"], "aws_lb_target_group")
    path: Value = (group.block("health_check")["path"] if group else None) or "/"
    headers = (
        probe(running.url, path=str(path), expect_status=range(200, 500), deadline=running.deadline).require().headers
    )
    seen = {name.lower(): value for name, value in (dict.fromkeys(running.added, "added") | dict(headers)).items()}
    wrong = []
    if not seen.get("strict-transport-security") and _comes_by_https(estate, running):
        wrong.append("no Strict-Transport-Security")
    if seen.get("x-content-type-options", "").lower() not in ("nosniff", "added"):
        wrong.append("no X-Content-Type-Options: nosniff")
    if not seen.get("x-frame-options") and "frame-ancestors" not in seen.get("content-security-policy", ""):
        wrong.append("neither X-Frame-Options nor frame-ancestors in Content-Security-Policy")
    assert not wrong, "; ".join(wrong)


def _demand_running(service: Resource, running: RunningService) -> None:
    if not service["load_balancer"]:
        not_applicable("no load balancer sends it requests")
    assert not running.problem, running.problem
    if running.unreachable:
        raise Undecidable(running.unreachable)


def _host(service: Resource, running: RunningService, policy: Policy) -> str:
    """The host of a service that must be asked by HTTPS."""
    if running.launched:
        not_applicable(_NO_TLS_HERE)
    _demand_running(service, running)
    parts = urlsplit(running.url)
    if parts.scheme != "https":
        assert not policy.https_required, f"it is asked by plain HTTP: {running.url}"
        not_applicable(f"it is served by plain HTTP: {running.url}")
    return parts.hostname or ""


def _endpoint(service: Resource, running: RunningService, policy: Policy) -> tuple[str, int]:
    host = _host(service, running, policy)
    return host, urlsplit(running.url).port or HTTPS_PORT


def _listens(estate: Estate, port: int) -> bool:
    return any(listener["port"] == port for listener in estate.of("aws_lb_listener"))


def _comes_by_https(estate: Estate, running: RunningService) -> bool:
    """Whether users ask the service by HTTPS."""
    if running.launched:
        return any(listener["protocol"] == "HTTPS" for listener in estate.of("aws_lb_listener"))
    return running.url.startswith("https:")
