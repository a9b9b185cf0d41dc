"""Health checks as a target group makes them.

Rules: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

INTERVAL = 0.1
"""Seconds between two checks: a target group's own are minutes in the making, and a local process is up in one."""


@dataclass(frozen=True)
class HealthCheck:
    """How a target group tells a healthy target.

    Args:
        protocol: ``HTTP`` or ``HTTPS``.
        path: what is asked for.
        codes: the statuses that count as success, as the matcher writes them: ``200,204`` or ``200-299``.
        timeout: seconds for one answer.
        threshold: how many successes in a row make a target healthy.
        port: ``traffic-port`` or a number.
    """

    protocol: str
    path: str
    codes: str
    timeout: float
    threshold: int
    port: str = "traffic-port"

    def accepts(self, status: int) -> bool:
        """Whether a status is a success."""
        for part in self.codes.split(","):
            low, _, high = part.strip().partition("-")
            if int(low) <= status <= int(high or low):
                return True
        return False


@dataclass(frozen=True)
class Health:
    """What the health checks came to.

    Args:
        status: ``healthy``, ``unhealthy``, or ``unknown`` where there is no check to make.
        reason: why it is not healthy.
        checks: how many were made.
        seconds: from the first check to the verdict.
    """

    status: str
    reason: str = ""
    checks: int = 0
    seconds: float = 0.0


def health_check(target_group: Mapping[str, Any]) -> HealthCheck:
    """The check of a target group, from its description by DescribeTargetGroups."""
    return HealthCheck(
        protocol=target_group.get("HealthCheckProtocol", "HTTP"),
        path=target_group.get("HealthCheckPath", "/"),
        codes=target_group.get("Matcher", {}).get("HttpCode", "200"),
        timeout=float(target_group.get("HealthCheckTimeoutSeconds", 5)),
        threshold=int(target_group.get("HealthyThresholdCount", 5)),
        port=target_group.get("HealthCheckPort", "traffic-port"),
    )


def await_healthy(check: HealthCheck, url: str, deadline: float, exited: Callable[[float], int | None]) -> Health:
    """Check a target until it is healthy.

    Args:
        check: the target group's.
        url: where the target listens: ``http://127.0.0.1:40001``.
        deadline: seconds after which it counts as unhealthy.
        exited: waits so many seconds for the target's process to exit; its exit code, or None.

    Returns:
        The verdict; a process that exits is unhealthy at once.
    """
    if check.protocol not in ("HTTP", "HTTPS"):
        return Health("unknown", f"a health check by {check.protocol} is not made here")
    start, checks, successes, reason = time.monotonic(), 0, 0, ""
    with requests.Session() as session:
        session.trust_env = False  # no proxy stands between a load balancer and its target
        session.headers["User-Agent"] = "ELB-HealthChecker/2.0"
        while True:
            reason = _failure(session, check, url)
            checks, successes = checks + 1, 0 if reason else successes + 1
            seconds = time.monotonic() - start
            code = exited(0.0 if successes >= check.threshold else INTERVAL)
            if code is not None:
                return Health("unhealthy", f"exited with code {code}", checks, seconds)
            if successes >= check.threshold:
                return Health("healthy", "", checks, seconds)
            if seconds > deadline:
                return Health("unhealthy", reason or "too few successes before the deadline", checks, seconds)


def _failure(session: requests.Session, check: HealthCheck, url: str) -> str:
    """Why one check fails, in the words of a target's description; empty where it succeeds."""
    try:
        answer = session.get(url + check.path, timeout=check.timeout, allow_redirects=False, stream=True)
    except requests.Timeout:
        return "Request timed out"
    except requests.ConnectionError:
        return "Connection refused or closed"
    with answer:
        if check.accepts(answer.status_code):
            return ""
        return f"Health checks failed with these codes: [{answer.status_code}]"
