"""The smoke suite: do the running services answer.

In the sandbox the declared services are launched for it; on AWS the public URLs are asked.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace

from skyworthy.behavior.network import headers_of_listeners, public_url
from skyworthy.config import SmokeService
from skyworthy.controls import catalogue
from skyworthy.errors import BadInput
from skyworthy.estate import Resource
from skyworthy.probes.http import access_token
from skyworthy.probes.running import RunningCache, RunningService
from skyworthy.results import SuiteResult
from skyworthy.sandbox.launch.launched import Launched, LaunchedService
from skyworthy.suites import inside
from skyworthy.suites.facts import declared_facts
from skyworthy.suites.inside import container_value
from skyworthy.suites.options import Progress
from skyworthy.suites.stage import Stage
from skyworthy.suites.suite import finish, stopwatch
from skyworthy.verdicts import Verdict, cases, judge

_LAUNCHED_AT_HOME = "a sandbox launches what is in the first of the regions"
Running = Mapping[str, RunningService | RunningCache]
"""Address of a declared resource -> its running copy."""


def run(stage: Stage) -> SuiteResult:
    """Ask the services of an environment.

    Raises:
        BadInput: the Terraform cannot be read, the account cannot be asked, or nothing can be launched.
    """
    with stopwatch() as seconds:
        notes: list[str] = []
        running, facts = _running(stage, notes.append)
        verdicts = _judge(stage, running)
        return finish(
            "smoke",
            stage,
            verdicts,
            seconds(),
            target=stage.options.target,
            account=stage.observation.account,
            region=stage.observation.region,
            notes=tuple(notes),
            facts={**declared_facts(stage.observation.estate, stage.environment), **facts},
        )


def _judge(stage: Stage, running: Running) -> list[Verdict]:
    observed = stage.seen
    found = []
    if running:
        stage.options.progress(f"asking {', '.join(_end(address) for address in running)}")
    for case in cases(catalogue(), stage.declared, "smoke"):
        there = observed.estate.get(case.address)
        found.append(
            judge(
                case.control,
                there or case.resource,
                observed.seen_by(case.resource),
                stage.environment.policy,
                root=stage.environment.name,
                lens="smoke",
                region=stage.regions.label(case.resource),
                running=running.get(case.address, RunningService(problem="it does not run: not found in the account")),
            )
        )
    return found


def _end(address: str) -> str:
    """``aws_ecs_service.backend``, whatever module it is in."""
    return ".".join(address.rsplit(".", 2)[-2:])


def _running(stage: Stage, note: Progress) -> tuple[Running, dict[str, str]]:
    """The running copies, and what a report says of them; none where the stack declares nothing that runs."""
    if not any(case.resource for case in cases(catalogue(), stage.declared, "smoke")):
        return {}, {}
    if stage.account.sandbox is None:
        return _deployed(stage, note), {}
    services = stage.launched
    servers = ", ".join(
        f"{item.engine} {item.version} for the declared {item.declared_version}" for item in services.servers
    )
    return _launched(stage, services, note), {"launched": servers} if servers else {}


def _launched(stage: Stage, launched: Launched, note: Progress) -> Running:
    estate = stage.observation.estate
    found: dict[str, RunningService | RunningCache] = {}
    for service in estate.of("aws_ecs_service"):
        if (place := stage.regions.of(service)) != stage.regions.home:
            found[service.address] = RunningService(unreachable=f"it is in {place}: {_LAUNCHED_AT_HOME}")
            continue
        copy = next((item for item in launched.services if item.name == service["name"]), None)
        if copy is not None:
            served = next((item.url for item in copy.containers if item.url and item.state == "running"), "")
            url = served and (copy.url or served)
            found[service.address] = replace(
                _service(stage, service, url, note),
                problem=_problem(copy, url),
                launched=True,
                added=headers_of_listeners(stage.declared),
                variables=inside.variables(stage, service, launched.cluster, copy),
                closed=inside.NOT_ENABLED,
            )
    for cache in estate.of("aws_elasticache_replication_group"):
        found[cache.address] = _cache(stage, cache, launched)
    return found


def _problem(service: LaunchedService, url: str) -> str:
    problems = "; ".join(container.problem for container in service.containers if container.problem)
    return problems or ("" if url else "no container of it listens on a port")


def _cache(stage: Stage, cache: Resource, launched: Launched) -> RunningCache:
    caches = [item for item in launched.servers if item.engine != "postgres"]
    server = next((item for item in caches if item.identifier == cache["replication_group_id"]), None)
    if server is None:
        return RunningCache(unreachable="no running service names it, so it was not launched")
    return RunningCache(
        host=server.host,
        port=server.port,
        password=container_value(stage, "REDIS_AUTH_TOKEN"),
        deadline=stage.settings.smoke.deadline_seconds,
    )


def _deployed(stage: Stage, note: Progress) -> Running:
    estate = stage.observation.estate
    found: dict[str, RunningService | RunningCache] = {}
    services = estate.of("aws_ecs_service")
    for service in services:
        asked = stage.settings.smoke.services.get(service["name"], SmokeService())
        own = stage.environment.url if len(services) == 1 else ""
        url = asked.url.get(stage.environment.name) or own or public_url(service, estate)
        reason = "" if url else f"no url is set for it: [smoke.services.{service['name']}] url in skyworthy.toml"
        found[service.address] = replace(
            _service(stage, service, url, note), unreachable=reason, **inside.of_aws(stage, service, asked)
        )
    for cache in estate.of("aws_elasticache_replication_group"):
        reason = "it stands in private subnets, out of reach from here; smoke.cache asks it through a service"
        found[cache.address] = RunningCache(unreachable=reason)
    return found


def _service(stage: Stage, service: Resource, url: str, note: Progress) -> RunningService:
    smoke = stage.settings.smoke
    asked = smoke.services.get(service["name"], SmokeService())
    return RunningService(url=url, asked=asked, smoke=smoke, token=_token(stage, asked, url), note=note)


def _token(stage: Stage, asked: SmokeService, url: str) -> Callable[[], str] | None:
    """How to get a token: the one in the environment, else a log-in with what the tasks themselves are given."""
    smoke = stage.settings.smoke
    given = os.environ.get(smoke.token_variable)
    if given:
        return lambda: given
    if not asked.login_path:
        return None

    def log_in() -> str:
        user, password = container_value(stage, asked.username), container_value(stage, asked.password)
        if user is None or password is None:
            raise BadInput(f"no container has {asked.username} and {asked.password}; give {smoke.token_variable}")
        return access_token(url + asked.login_path, user, password, deadline=smoke.deadline_seconds)

    return log_in
