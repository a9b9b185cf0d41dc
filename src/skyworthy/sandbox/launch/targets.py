"""Health checks as a target group makes them.

Rules: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import requests

INTERVAL = 0.1
"""Seconds between two checks of a new target: a target group's are minutes, and a local process is up in a second."""
WATCH_INTERVAL = 1.0
"""Seconds between two checks after that."""


@dataclass(frozen=True)
class HealthCheck:
    """How a target group tells a healthy target.

    Args:
        protocol: ``HTTP`` or ``HTTPS``.
        path: what is asked for.
        codes: the statuses that count as success, as the matcher writes them: ``200,204`` or ``200-299``.
        timeout: seconds for one answer.
        threshold: how many successes in a row make a target healthy.
        unhealthy_threshold: how many failures in a row make a healthy target unhealthy.
        port: ``traffic-port`` or a number.
    """

    protocol: str
    path: str
    codes: str
    timeout: float
    threshold: int
    unhealthy_threshold: int = 2
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
        status: ``initial``, ``healthy``, ``unhealthy``, or ``unknown`` where there is no check to make.
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
        unhealthy_threshold=int(target_group.get("UnhealthyThresholdCount", 2)),
        port=target_group.get("HealthCheckPort", "traffic-port"),
    )


class TargetWatch:
    """Checks one target until it is stopped, in a thread of its own.

    Args:
        check: the target group's.
        url: where the target listens: ``http://127.0.0.1:40001``.
    """

    def __init__(self, check: HealthCheck, url: str) -> None:
        self._check, self._url = check, url
        self._reason = ""
        self._over = False
        self._changed = threading.Condition()
        self._health = Health("initial", "Initial health checks in progress")
        if check.protocol in ("HTTP", "HTTPS"):
            threading.Thread(target=self._watch, name=f"health of {url}", daemon=True).start()
        else:
            self._health = Health("unknown", f"a health check by {check.protocol} is not made here")

    @property
    def health(self) -> Health:
        """What the checks have come to by now."""
        with self._changed:
            return self._health

    def exited(self, code: int) -> None:
        """The target's process is gone: no further checks."""
        self._end(replace(self.health, status="unhealthy", reason=f"exited with code {code}"))

    def stop(self) -> None:
        """Make no further checks."""
        self._end(self.health)

    def await_verdict(self, deadline: float) -> Health:
        """Wait until the target is healthy, or can no longer become so.

        Args:
            deadline: seconds after which it counts as unhealthy.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._over or self._health.status in ("healthy", "unknown"), max(0.0, deadline)
            )
            if self._health.status == "initial":
                reason = self._reason or "too few successes in time"
                self._health = replace(self._health, status="unhealthy", reason=reason)
            return self._health

    def _end(self, health: Health) -> None:
        with self._changed:
            self._over, self._health = True, health
            self._changed.notify_all()

    def _watch(self) -> None:
        start, row, last = time.monotonic(), 0, True
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands between a load balancer and its target
            session.headers["User-Agent"] = "ELB-HealthChecker/2.0"
            while True:
                reason = _failure(session, self._check, self._url)
                row, last = (row + 1 if (not reason) is last else 1), not reason
                with self._changed:
                    if self._over:
                        return
                    self._health = self._judged(reason, row, self._health.checks + 1, time.monotonic() - start)
                    self._changed.notify_all()
                    settled = self._health.status != "initial"
                    if self._changed.wait_for(lambda: self._over, WATCH_INTERVAL if settled else INTERVAL):
                        return

    def _judged(self, reason: str, row: int, checks: int, seconds: float) -> Health:
        """The health after one more check, the last of so many in a row with the same result."""
        self._reason = reason
        before = self._health
        if not reason and row >= self._check.threshold:
            return Health("healthy", "", checks, seconds if before.status != "healthy" else before.seconds)
        if reason and before.status != "initial" and row >= self._check.unhealthy_threshold:
            return Health("unhealthy", reason, checks, seconds)
        return replace(before, checks=checks)


def described(health: Health) -> dict[str, str]:
    """The health in the form of DescribeTargetHealth.

    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
    """
    if health.status == "healthy":
        return {"State": "healthy"}
    if health.status == "initial":
        return {"State": "initial", "Reason": "Elb.InitialHealthChecking", "Description": health.reason}
    code = "Target.FailedHealthChecks"
    if health.reason.startswith("Health checks failed with"):
        code = "Target.ResponseCodeMismatch"
    elif health.reason == "Request timed out":
        code = "Target.Timeout"
    return {"State": "unhealthy", "Reason": code, "Description": health.reason or "Health checks failed"}


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
