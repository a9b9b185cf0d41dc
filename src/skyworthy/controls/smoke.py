"""What the smoke suite asks of running services.

The probes are imported where they are used: every command imports the catalogue, and few need an HTTP client.
"""

import os
from collections.abc import Mapping

from skyworthy.config.smoke import SAFE_METHODS, SmokeCheck
from skyworthy.controls.registry import STACK, control, not_applicable
from skyworthy.estate import Estate, Resource, Undecidable, Value
from skyworthy.probes.running import RunningCache, RunningService


@control("smoke.services-found", on=STACK, severity="high", refs=["REQ SMO-1"], lenses=("smoke",))
def something_runs(estate: Estate) -> None:
    """The stack holds services that can be asked.

    Why: a smoke suite that asks nobody must say so; green would mean that the services answer.
    Fix: nothing, where the stack is of accounts, networks or data only.
    """
    if not estate.of("aws_ecs_service"):
        not_applicable("the stack holds no service that could be asked")


@control("smoke.health", on="aws_ecs_service", severity="critical", refs=["REQ SMO-1"], lenses=("smoke",))
def answers_its_health_check(service: Resource, estate: Estate, running: RunningService) -> None:
    """The service starts with what is declared, and answers the health check of its target group.

    Why: a service that does not answer gets no traffic, and a deployment of it is rolled back.
    Fix: read the reason; a secret that cannot be pulled, a wrong path or a wrong port are the usual ones.
    """
    from skyworthy.probes.http import probe

    check = _health_check(service, estate, running)
    codes = _codes(check["matcher"] or "200")
    probe(running.url, path=check["path"] or "/", expect_status=codes, deadline=running.deadline).require()


@control("smoke.latency", on="aws_ecs_service", severity="medium", refs=["REQ SMO-1"], lenses=("smoke",))
def health_check_is_quick(service: Resource, estate: Estate, running: RunningService) -> None:
    """The health endpoint answers within the latency budget at the 95th percentile.

    Why: a health check that is slow at rest times out under load, and healthy tasks are replaced.
    Fix: take work out of the health endpoint, or raise `p95_ms` under `[smoke]`.
    """
    from skyworthy.probes.http import probe, sample

    check = _health_check(service, estate, running)
    path, codes = check["path"] or "/", _codes(check["matcher"] or "200")
    asked = running.smoke
    probe(running.url, path=path, expect_status=codes, deadline=running.deadline).require()
    measured = sample(running.url, asked.samples, path=path, expect_status=codes, pause=1 / asked.per_second)
    assert not measured.failures, f"{len(measured.failures)} of {asked.samples} requests: {measured.failures[0]}"
    p50, p95 = measured.p50 * 1000, measured.p95 * 1000
    running.note(f"{service['name']} answers in {p50:.1f} ms (p50), {p95:.1f} ms (p95) over {asked.samples} requests")
    assert p95 <= asked.p95_ms, f"p95 is {p95:.0f} ms over {asked.samples} requests, budget {asked.p95_ms:.0f} ms"


@control("smoke.checks", on="aws_ecs_service", severity="high", refs=["REQ SMO-1"], lenses=("smoke",))
def answers_as_agreed(service: Resource, running: RunningService) -> None:
    """The service answers every request of `checks` as it says there.

    Why: a health check tells that a process lives, not that what users ask for works.
    Fix: read which expectation failed; a check that is out of date is corrected in skyworthy.toml.
    """
    if not running.asked.checks:
        not_applicable("no checks are set for it under [smoke.services]")
    _reachable(running)
    failures = [failure for check in running.asked.checks if (failure := _failure(running, check))]
    assert not failures, "; ".join(failures)


@control("smoke.database", on="aws_ecs_service", severity="critical", refs=["REQ SMO-3"], lenses=("smoke",))
def database_answers_through_the_service(service: Resource, running: RunningService) -> None:
    """A route that reads the database answers.

    Why: a health check that spares the database stays green while every request of a user fails.
    Fix: check the database's password in the secret, the security groups, and the connection settings of the task.
    """
    if not running.asked.database_path:
        not_applicable("no database_path is set for it under [smoke.services]")
    _ask(running, running.asked.database_path)


@control("smoke.cache", on="aws_ecs_service", severity="high", refs=["REQ SMO-3"], lenses=("smoke",))
def cache_answers_through_the_service(service: Resource, running: RunningService) -> None:
    """A route that asks the cache answers.

    Why: the AUTH token, TLS and the security groups of the cache are only tried when the service talks to it.
    Fix: check REDIS_AUTH_TOKEN in the secret, the security groups, and the host and port of the task.
    """
    if not running.asked.cache_path:
        not_applicable("no cache_path is set for it under [smoke.services]")
    _ask(running, running.asked.cache_path)


@control(
    "smoke.redis-ping", on="aws_elasticache_replication_group", severity="high", refs=["REQ SMO-3"], lenses=("smoke",)
)
def redis_answers(cache: Resource, running: RunningCache) -> None:
    """Redis answers PING with the AUTH token of the secret.

    Why: a token that was rotated on one side only locks every task out.
    Fix: set the same token in the secret and in the replication group.
    """
    from skyworthy.probes.redis import ping

    if running.unreachable:
        raise Undecidable(running.unreachable)
    ping(running.host, running.port, password=running.password, deadline=running.deadline).require()


def _health_check(service: Resource, estate: Estate, running: RunningService) -> Mapping[str, Value]:
    """The health check of the service's first target group, of a service that can be asked."""
    balancers = service["load_balancer"]
    if not balancers:
        not_applicable("no load balancer sends it requests")
    _reachable(running)
    group = estate.find(balancers[0]["target_group_arn"], "aws_lb_target_group")
    assert group is not None, f"its target group {balancers[0]['target_group_arn']} is not part of the stack"
    return group.block("health_check")


def _reachable(running: RunningService) -> None:
    assert not running.problem, running.problem
    if running.unreachable:
        raise Undecidable(running.unreachable)


def _ask(running: RunningService, path: str) -> None:
    from skyworthy.probes.http import probe

    _reachable(running)
    headers = {"Authorization": f"Bearer {running.token()}"} if running.token else {}
    probe(running.url, path=path, headers=headers, deadline=running.deadline).require()


def _failure(running: RunningService, check: SmokeCheck) -> str:
    """What is wrong with the answer to one check; empty where nothing is."""
    from skyworthy.probes.http import probe

    token = os.environ.get(check.token, "") if check.token else ""
    if check.token and not token:
        raise Undecidable(f"{check.title} needs a token: the environment variable {check.token} is not set")
    if check.signed_in and running.token:
        token = running.token()
    return probe(
        running.url,
        method=check.method,
        path=check.path,
        headers={**check.send, **({"Authorization": f"Bearer {token}"} if token else {})},
        expect_status=check.status,
        expect_body=check.body,
        expect_holds=check.json,
        expect_headers=check.headers,
        within=check.within_ms / 1000 or None,
        deadline=running.deadline if check.method in SAFE_METHODS else 0.0,
    ).failure


def _codes(matcher: str) -> set[int]:
    """The statuses of a matcher: ``200``, ``200,204``, ``200-299``."""
    found: set[int] = set()
    for part in matcher.split(","):
        low, _, high = part.partition("-")
        found.update(range(int(low), int(high or low) + 1))
    return found
