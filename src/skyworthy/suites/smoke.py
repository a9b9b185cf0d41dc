"""The smoke suite: do the running services answer.

In the sandbox the declared services are launched for it; on AWS the public URLs are asked.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from skyworthy.behavior.secrets import parse_value_from
from skyworthy.config import SmokeService
from skyworthy.controls import catalogue
from skyworthy.errors import BadInput
from skyworthy.estate import Resource
from skyworthy.probes.http import access_token
from skyworthy.probes.running import RunningCache, RunningService
from skyworthy.results import SuiteResult
from skyworthy.sandbox.launched import Launched, LaunchedService
from skyworthy.suites.facts import declared_facts
from skyworthy.suites.launch import launched
from skyworthy.suites.stage import Stage
from skyworthy.suites.suite import finish, stopwatch
from skyworthy.verdicts import Verdict, cases, judge

Running = Mapping[str, RunningService | RunningCache]
"""Address of a declared resource -> its running copy."""


def run(stage: Stage) -> SuiteResult:
    """Ask the services of an environment.

    Raises:
        BadInput: the Terraform cannot be read, the account cannot be asked, or nothing can be launched.
    """
    with stopwatch() as seconds:
        verdicts, facts = [], dict[str, str]()
        if any(cases(catalogue(), stage.declared, "smoke")):
            with _running(stage) as (running, facts):
                verdicts = _judge(stage, running)
        return finish(
            "smoke",
            stage,
            verdicts,
            seconds(),
            target=stage.options.target,
            account=stage.observation.account,
            region=stage.observation.region,
            facts={**declared_facts(stage.observation.estate, stage.environment), **facts},
        )


def _judge(stage: Stage, running: Running) -> list[Verdict]:
    observed = stage.observation.estate
    found = []
    for case in cases(catalogue(), stage.declared, "smoke"):
        there = observed.get(case.address)
        stage.options.progress(f"{case.control.id} of {case.address}")
        found.append(
            judge(
                case.control,
                there or case.resource,
                observed,
                stage.environment.policy,
                root=stage.environment.name,
                lens="smoke",
                running=running.get(case.address, RunningService(problem="it does not run: not found in the account")),
            )
        )
    return found


@contextmanager
def _running(stage: Stage) -> Iterator[tuple[Running, dict[str, str]]]:
    """The running copies, and what a report says of them."""
    if stage.account.sandbox is None:
        yield _deployed(stage), {}
        return
    with launched(stage) as services:
        servers = ", ".join(
            f"{item.engine} {item.version} for the declared {item.declared_version}" for item in services.servers
        )
        yield _launched(stage, services), {"launched": servers} if servers else {}


def _launched(stage: Stage, launched: Launched) -> Running:
    estate = stage.observation.estate
    found: dict[str, RunningService | RunningCache] = {}
    for service in estate.of("aws_ecs_service"):
        copy = next((item for item in launched.services if item.name == service["name"]), None)
        if copy is not None:
            url = next((item.url for item in copy.containers if item.url and item.state == "running"), "")
            found[service.address] = _service(stage, service, url=url, problem=_problem(copy, url))
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
        password=_container_value(stage, "REDIS_AUTH_TOKEN"),
        deadline=stage.settings.smoke.deadline_seconds,
    )


def _deployed(stage: Stage) -> Running:
    estate = stage.observation.estate
    found: dict[str, RunningService | RunningCache] = {}
    services = estate.of("aws_ecs_service")
    for service in services:
        asked = stage.settings.smoke.services.get(service["name"], SmokeService())
        url = asked.url.get(stage.environment.name) or (stage.environment.url if len(services) == 1 else "")
        reason = "" if url else f"no url is set for it: [smoke.services.{service['name']}] url in skyworthy.toml"
        found[service.address] = _service(stage, service, url=url, unreachable=reason)
    for cache in estate.of("aws_elasticache_replication_group"):
        reason = "it stands in private subnets, out of reach from here; smoke.cache asks it through a service"
        found[cache.address] = RunningCache(unreachable=reason)
    return found


def _service(stage: Stage, service: Resource, *, url: str, problem: str = "", unreachable: str = "") -> RunningService:
    smoke = stage.settings.smoke
    asked = smoke.services.get(service["name"], SmokeService())
    return RunningService(
        url=url,
        problem=problem,
        unreachable=unreachable,
        database_path=asked.database_path,
        cache_path=asked.cache_path,
        token=_token(stage, asked, url),
        p95_ms=smoke.p95_ms,
        samples=smoke.samples,
        deadline=smoke.deadline_seconds,
    )


def _token(stage: Stage, asked: SmokeService, url: str) -> Callable[[], str] | None:
    """How to get a token: the one in the environment, else a log-in with what the tasks themselves are given."""
    smoke = stage.settings.smoke
    given = os.environ.get(smoke.token_variable)
    if given:
        return lambda: given
    if not asked.login_path:
        return None

    def log_in() -> str:
        user, password = _container_value(stage, asked.username), _container_value(stage, asked.password)
        if user is None or password is None:
            raise BadInput(f"no container has {asked.username} and {asked.password}; give {smoke.token_variable}")
        return access_token(url + asked.login_path, user, password, deadline=smoke.deadline_seconds)

    return log_in


def _container_value(stage: Stage, name: str) -> str | None:
    """What the running tasks hold in a variable: plain, or a key of their JSON secret; None where none has it."""
    for task in stage.observation.estate.of("aws_ecs_task_definition"):
        for container in task["container_definitions"]:
            for variable in container.get("environment", ()):
                if variable["name"] == name:
                    return str(variable["value"])
            for secret in container.get("secrets", ()):
                if secret["name"] == name:
                    return _secret_value(stage, secret["valueFrom"])
    return None


def _secret_value(stage: Stage, value_from: str) -> str | None:
    """The value that a task is given for a ``valueFrom``; kept in memory only."""
    source = parse_value_from(value_from)
    if source.store != "secretsmanager":
        return None
    answer = stage.account.session.client("secretsmanager").get_secret_value(SecretId=source.identifier)
    return str(json.loads(answer["SecretString"])[source.json_key]) if source.json_key else str(answer["SecretString"])
