"""What the containers of ECS start with: plain variables and injected secrets."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from skyworthy.behavior.commands import command_problem
from skyworthy.behavior.plaintext import reason_secret
from skyworthy.behavior.secrets import (
    MANAGED_KEYS,
    Injection,
    ValueFrom,
    containers,
    environment,
    injected_environment,
    injections,
    is_managed_by_rds,
    keys_of,
    nearest_name,
    secret_name,
    secret_of,
)
from skyworthy.behavior.stores import endpoint_problems, missing_hosts, store_of
from skyworthy.behavior.variables import port_problem, value_problem
from skyworthy.config import EnvTemplate
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import control, not_applicable
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, show
from skyworthy.estate.regions import Regions

_TASK = "aws_ecs_task_definition"


@control(
    "ecs.secret-value-from-resolves",
    on=_TASK,
    severity="critical",
    refs=["REQ SEC-2", "REQ REF-5"],
    aliases=("ecs.secret-valuefrom-resolves",),
)
def secret_value_from_resolves(task: Resource, estate: Estate) -> None:
    """Every injected secret exists and holds the key that is asked of it.

    Why: a container whose valueFrom names a missing secret or key does not start; the deployment hangs and rolls back.
    Fix: correct the key or ARN in `valueFrom`, or add the key to the secret's JSON.
    """
    findings = Findings()
    for injection in injections(task):
        with findings.question():
            try:
                source = injection.source
            except ValueError as malformed:
                findings.add(f"{injection.label}: {malformed}")
                continue
            _resolve(injection, source, estate)
    findings.conclude()


_PASSWORD = re.compile(r"(^|_)(PASSWORD|PASSWD|PASS|PWD)$", re.IGNORECASE)
_USER = re.compile(r"(^|_)(USER|USERNAME|USER_NAME|LOGIN)$", re.IGNORECASE)


def _resolve(injection: Injection, source: ValueFrom, estate: Estate) -> None:
    for own, other in ((_PASSWORD, _USER), (_USER, _PASSWORD)):
        crossed = own.search(injection.name) and other.search(source.json_key or "")
        assert not crossed, f"{injection.label}: it gets the key {source.json_key}"
    if source.store == "ssm":
        if estate.find(source.identifier, "aws_ssm_parameter") is None:
            raise Undecidable(f"{injection.label}: the parameter {source.identifier} is not part of this stack")
        return
    if is_managed_by_rds(source):
        _assert_kept_by_rds(injection, source, estate)
        wrong = source.json_key and source.json_key not in MANAGED_KEYS
        assert not wrong, (
            f"{injection.label}: a master user's secret has no key {source.json_key}; it has password, username"
        )
        return
    secret = secret_of(source, estate)
    if secret is None:
        meant = nearest_name(source, estate)
        assert not meant, f"{injection.label}: there is no secret {secret_name(source)}; {meant} is declared"
        raise Undecidable(f"{injection.label}: the secret {secret_name(source)} is not part of this stack")
    if not source.json_key:
        return
    keys = keys_of(secret, estate, source.version_stage)
    label = f"{injection.label}: secret {show(secret.peek('name')) if secret.peek('name') else secret.address}"
    assert keys is not None, f"{label} is a plain text and has no key {source.json_key}"
    there = ", ".join(sorted(keys)) or "none"
    assert source.json_key in keys, f"{label} has no key {source.json_key}; it has {there}"


def _assert_kept_by_rds(injection: Injection, source: ValueFrom, estate: Estate) -> None:
    """Assert that the database whose master user's secret is injected has one."""
    database = estate.get(source.identifier.address) if isinstance(source.identifier, Reference) else None
    if database is None or database.data or database.blank is not None:
        return
    kept = database.attributes.get("manage_master_user_password")
    if isinstance(kept, Unknown):
        raise kept.undecidable()
    assert kept, f"{injection.label}: RDS keeps no secret for {database.address} without manage_master_user_password"


@control(
    "ecs.no-plaintext-secrets",
    on=_TASK,
    severity="high",
    refs=["REQ SEC-2", "FSBP ECS.8"],
    aliases=("ecs.task-no-plaintext-secrets",),
)
def no_plaintext_secrets(task: Resource, estate: Estate) -> None:
    """Nothing secret stands in the plain environment of a container.

    Why: whoever may describe a task definition reads its environment, and every old revision keeps it.
    Fix: put the value into the secret and inject it under `secrets` with `valueFrom`.
    """
    findings = Findings()
    for definition in containers(task):
        with findings.question():
            for name, value in environment(definition).items():
                reason = reason_secret(name, value, estate)
                if reason:
                    findings.add(f"{name} of container {definition.get('name')} is in plain text: {reason}")
    findings.conclude()


@control("ecs.environment-endpoints-right", on=_TASK, severity="high", refs=["REQ NET-1", "REQ REF-5"])
def environment_endpoints_are_right(task: Resource, estate: Estate) -> None:
    """Hosts and ports in the environment are those of the database and cache that their names mean.

    Why: a database variable that names the cache, or a port that nobody listens on, comes out at the first request.
    Fix: take host and port from the same resource.
    """
    findings = Findings()
    judged = 0
    for definition in containers(task):
        with findings.question():
            injected = injected_environment(task, str(definition.get("name")), estate)
            variables = {**injected, **environment(definition)}
            judged += sum(1 for value in variables.values() if store_of(value, estate) is not None)
            missing = [] if definition.get("environmentFiles") else list(_missing_hosts(definition, task, estate))
            alone = set(endpoint_problems(injected, estate))  # secret.endpoints-right tells it
            problems = [item for item in endpoint_problems(variables, estate) if item not in alone]
            for problem in (*problems, *missing):
                findings.add(f"container {definition.get('name')}: {problem}")
    findings.conclude()
    if not judged:
        not_applicable("its environment names no database or cache of the stack")


def _missing_hosts(definition: Mapping[str, Any], task: Resource, estate: Estate) -> Iterator[str]:
    variables = environment(definition)
    names = {item.name for item in injections(task) if item.container == definition.get("name")}
    for value in variables.values():
        secret = estate.find(value, "aws_secretsmanager_secret") if isinstance(value, (str, Reference)) else None
        if secret is not None:  # the application reads it itself
            try:
                names |= keys_of(secret, estate) or frozenset()
            except Undecidable:
                return
    yield from missing_hosts(variables, names, estate)


@control("ecs.environment-names-unique", on=_TASK, severity="high", refs=["REQ SEC-2"])
def environment_names_are_unique(task: Resource) -> None:
    """No variable is both plain and injected, and none is given twice.

    Why: ECS refuses a name under both `environment` and `secrets`; of two equal names one wins silently.
    Fix: keep each name once; secrets under `secrets`.
    """
    findings = Findings()
    for definition in containers(task):
        with findings.question():
            for name in _doubles(definition):
                findings.add(f"{name} of container {definition.get('name')} is given more than once")
    findings.conclude()


def _doubles(definition: Mapping[str, Any]) -> list[str]:
    names: list[str] = []
    for field in ("environment", "secrets"):
        value = definition.get(field)
        if isinstance(value, (Unknown, Reference, Template)):
            raise value.undecidable()
        names += [str(item.get("name")) for item in value or () if isinstance(item, Mapping)]
    return sorted({name for name in names if names.count(name) > 1})


@control("ecs.required-variables-given", on=_TASK, severity="critical", refs=["REQ SEC-2", "REQ SEC-7", "REQ REF-5"])
def required_variables_are_given(task: Resource, estate: Estate, env_template: EnvTemplate | None) -> None:
    """Every variable that the application needs is given to its container, plain or as a secret.

    Why: an application without one of its variables does not start, or goes on with a default that nobody chose.
    Fix: add the variable under `environment` or `secrets`, or mark it optional in the template of variables that
    `[application] env_template` in skyworthy.toml names.
    """
    if env_template is None:
        not_applicable("skyworthy.toml names no env_template that says what the application needs")
        return
    findings = Findings()
    definitions = containers(task)
    read = [item for item in definitions if env_template.demanded_by(str(item.get("name")))]
    for definition in read:
        with findings.question():
            given = _given(definition, task, estate)
            wanted = [variable.name for variable in env_template.demanded_by(str(definition.get("name")))]
            missing = [name for name in wanted if name not in given]
            empty = [name for name in wanted if name in given and _is_empty(given[name])]
            if missing and definition.get("environmentFiles"):
                raise Undecidable(f"{', '.join(missing)} may stand in an environment file, which is not read here")
            label = f"container {definition.get('name')}"
            assert not missing, f"{label} is not given {', '.join(missing)}"
            assert not empty, f"{label} is given no value for {', '.join(empty)}"
    findings.conclude()
    if not read:
        _assert_somebody_reads(env_template, estate)
        not_applicable(f"{env_template.path.name} names none of its containers")


def _is_empty(value: Value) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _given(definition: Mapping[str, Any], task: Resource, estate: Estate) -> dict[str, Value]:
    """What a container starts with: name -> plain value, or the name of what is injected.

    The keys of a secret that the application reads itself count where nothing of that secret is injected.
    """
    variables = environment(definition)
    injected = [item for item in injections(task) if item.container == definition.get("name")]
    given = {**{item.name: item.label for item in injected}, **variables}
    for value in variables.values():
        secret = estate.find(value, "aws_secretsmanager_secret") if isinstance(value, (str, Reference)) else None
        if secret is None or any(_is_of(item, secret, estate) for item in injected):
            continue
        given = {**dict.fromkeys(keys_of(secret, estate) or (), secret.address), **given}
    return given


def _is_of(injection: Injection, secret: Resource, estate: Estate) -> bool:
    """Whether an injection is of a secret."""
    try:
        return secret_of(injection.source, estate) is secret
    except ValueError:
        return False


def _assert_somebody_reads(env_template: EnvTemplate, estate: Estate) -> None:
    """Where no container of the stack has a name of the template, the template speaks of other ones."""
    names = {str(definition.get("name")) for task in estate.of(_TASK) for definition in containers(task)}
    if not names & set(env_template.readers):
        raise Undecidable(
            f"{env_template.path.name} speaks of {', '.join(env_template.readers)}, "
            f"and the containers of the stack are {', '.join(sorted(names))}"
        )


@control("ecs.environment-values-right", on=_TASK, severity="high", refs=["REQ SEC-5", "REQ NET-1", "REQ REF-5"])
def environment_values_are_right(task: Resource, estate: Estate, regions: Regions) -> None:
    """Variables that name a secret, a host or a region hold one, and programs listen where their container is open.

    Why: the name of a variable is a promise; a load balancer where the database is expected comes out at the first
    request. A program that is told another port than its container opens is never healthy.
    Fix: take the value from the resource that the name speaks of, and the port in the command from `containerPort`.
    """
    findings = Findings()
    judged = 0
    for definition in containers(task):
        with findings.question():
            listening = command_problem(definition)
            judged += listening is not None
            assert not listening, f"container {definition.get('name')}: {listening}"
        with findings.question():
            for name, value in environment(definition).items():
                with findings.question():
                    problem = value_problem(name, value, task, estate, regions.of(task))
                    own = port_problem(name, value, definition)
                    judged += problem is not None or own is not None
                    assert not (problem or own), f"container {definition.get('name')}: {problem or own}"
    findings.conclude()
    if not judged:
        not_applicable("no name of its plain variables says what the value must be, and no command where it listens")
