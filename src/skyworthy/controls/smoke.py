"""What the smoke suite asks of running services.

The probes are imported where they are used: every command imports the catalogue, and few need an HTTP client.
"""

from collections.abc import Mapping

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
    probe(running.url, path=path, expect_status=codes, deadline=running.deadline).require()
    measured = sample(running.url, running.samples, path=path, expect_status=codes)
    assert not measured.failures, f"{len(measured.failures)} of {running.samples} requests: {measured.failures[0]}"
    p95 = measured.p95 * 1000
    assert p95 <= running.p95_ms, f"p95 is {p95:.0f} ms over {running.samples} requests, budget {running.p95_ms:.0f} ms"


@control("smoke.database", on="aws_ecs_service", severity="critical", refs=["REQ SMO-3"], lenses=("smoke",))
def database_answers_through_the_service(service: Resource, running: RunningService) -> None:
    """A route that reads the database answers.

    Why: a health check that spares the database stays green while every request of a user fails.
    Fix: check the database's password in the secret, the security groups, and the connection settings of the task.
    """
    if not running.database_path:
        not_applicable("no database_path is set for it under [smoke.services]")
    _ask(running, running.database_path)


@control("smoke.cache", on="aws_ecs_service", severity="high", refs=["REQ SMO-3"], lenses=("smoke",))
def cache_answers_through_the_service(service: Resource, running: RunningService) -> None:
    """A route that asks the cache answers.

    Why: the AUTH token, TLS and the security groups of the cache are only tried when the service talks to it.
    Fix: check REDIS_AUTH_TOKEN in the secret, the security groups, and the host and port of the task.
    """
    if not running.cache_path:
        not_applicable("no cache_path is set for it under [smoke.services]")
    _ask(running, running.cache_path)


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


def _codes(matcher: str) -> set[int]:
    """The statuses of a matcher: ``200``, ``200,204``, ``200-299``."""
    found: set[int] = set()
    for part in matcher.split(","):
        low, _, high = part.partition("-")
        found.update(range(int(low), int(high or low) + 1))
    return found
