"""Databases and caches as the environment of a container names them."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress

from skyworthy.behavior.memory import once_per_estate
from skyworthy.behavior.references import attached, named, task_definition_of
from skyworthy.behavior.secrets import containers, environment, injected_values, injections
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown, Value, references, show

DATABASES = ("aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance", "aws_db_proxy")
CACHES = ("aws_elasticache_replication_group", "aws_elasticache_cluster", "aws_elasticache_serverless_cache")
_ENGINE_PORTS = {"postgres": 5432, "aurora-postgresql": 5432, "mysql": 3306, "mariadb": 3306, "aurora-mysql": 3306}
_PROXY_PORTS = {"POSTGRESQL": 5432, "MYSQL": 3306, "SQLSERVER": 1433}
_CACHE_PORT = 6379
READER_PORT = 6380
"""On which a serverless cache answers reads from the nearest replica, beside its port."""
_DATABASE_NAME = re.compile(
    r"(^|_)(POSTGRES(QL)?|PG|MYSQL|MARIADB|RDS|DB|DATABASE|SQLALCHEMY)(?=_|[A-Z]*$|$)", re.IGNORECASE
)
_CACHE_NAME = re.compile(r"(^|_)(REDIS|VALKEY|CACHE|MEMCACHED)(?=_|$)", re.IGNORECASE)
_HOST_NAME = re.compile(r"(?P<stem>.+?_?)(HOST|HOSTNAME|SERVER|ENDPOINT|ADDRESS)", re.IGNORECASE)
_PLACE = re.compile(r"HOST|SERVER|ENDPOINT|ADDR|URL|URI|DSN|NODES|CLUSTER|SECRET|CONN|CRED|CONFIG|JSON", re.IGNORECASE)
"""What a name holds that says where a store is, or may bring it along."""
_CREDENTIAL = re.compile(r"(PASSWORD|PASS|PWD|AUTH_TOKEN|USER|USERNAME)", re.IGNORECASE)
_PORT_NAME = re.compile(r"(?P<stem>.+)_PORT", re.IGNORECASE)
_PORT_IN_URL = re.compile(r":(?P<port>\d{2,5})(?=/|\?|$)")


def store_of(value: Value, estate: Estate) -> Resource | None:
    """The database or cache whose endpoint a value is or holds, None where it is none of the estate."""
    for reference in references(value):
        found = estate.get(reference.address)
        if found is not None and found.type in (*DATABASES, *CACHES):
            return found
    if isinstance(value, str) and "." in value:
        try:
            return estate.find(value, *DATABASES, *CACHES)
        except Undecidable:
            return None
    return None


def clients_of(store: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The ECS services whose tasks are told of a database or cache, plainly or by what is injected into them."""
    return _clients(estate).get(store.address, ())


@once_per_estate
def _clients(estate: Estate) -> Mapping[str, tuple[Resource, ...]]:
    """Address of a resource -> the services whose tasks are told of it."""
    found: dict[str, tuple[Resource, ...]] = {}
    for service in estate.of("aws_ecs_service"):
        definition = task_definition_of(service, estate)
        for address in dict.fromkeys(_told_of(definition, estate)) if definition is not None else ():
            found[address] = (*found.get(address, ()), service)
    return found


def _told_of(definition: Resource, estate: Estate) -> Iterator[str]:
    """The addresses that the containers of a task definition name, and those that stand in what is injected."""
    for reference in references(definition.peek("container_definitions")):
        yield reference.address
    with suppress(Undecidable):
        for injection in injections(definition):
            for value in injected_values(injection, estate):
                yield from (reference.address for reference in references(value))


def proxies_of(database: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The proxies of RDS that stand before a database.

    Raises:
        Undecidable: where none is known and one may be.
    """
    attribute = "db_cluster_identifier" if database.type == "aws_rds_cluster" else "db_instance_identifier"
    targets = attached(estate, database, attribute, "aws_db_proxy_target")
    return tuple(proxy for target in targets for proxy in named(estate, target["db_proxy_name"], "aws_db_proxy"))


def endpoint_problems(variables: Mapping[str, Value], estate: Estate) -> Iterator[str]:
    """What does not fit between names, hosts and ports of an environment, a clause each.

    Args:
        variables: the plain environment: name -> value.
        estate: where references point.
    """
    for name, value in variables.items():
        store = store_of(value, estate)
        if store is None:
            continue
        database, cache = _DATABASE_NAME.search(name), _CACHE_NAME.search(name)
        if database and not cache and store.type in CACHES:
            yield f"{name} names the cache {store.address}"
        if cache and not database and store.type in DATABASES:
            yield f"{name} names the database {store.address}"
        port = _port(name, value, variables)
        actual = port_of(store)
        if port is not None and actual is not None and port[1] != actual:
            yield f"{port[0]} is {port[1]}, {store.address} listens on {actual}"
        if problem := _tls_problem(value, store):
            yield f"{name} {problem}"
        if problem := _password_problem(value, store):
            yield f"{name} {problem}"
        yield from _beside(name, store, variables, estate)
    yield from _readers_for_writers(variables, estate)


_PASSWORDS = ("auth_token", "password", "master_password")
_GIVEN = re.compile(r"variable (?P<name>\w+) has no value")


def _password_problem(value: Value, store: Resource) -> str:
    """What is wrong with the password in a URL, as far as two variables are to give it; empty where nothing is."""
    parts = value.parts if isinstance(value, Template) else ()
    for before, part, after in zip(parts, parts[1:], parts[2:], strict=False):
        between = isinstance(before, str) and before.endswith(":") and isinstance(after, str) and after.startswith("@")
        own = [store.attributes.get(name) for name in _PASSWORDS]
        kept = [match["name"] for item in own if isinstance(item, Unknown) and (match := _GIVEN.fullmatch(item.reason))]
        given = _GIVEN.fullmatch(part.reason) if between and isinstance(part, Unknown) else None
        if given and kept and given["name"] not in kept:
            return f"has the password of variable {given['name']}, and {store.address} that of {kept[0]}"
    return ""


def _beside(name: str, store: Resource, variables: Mapping[str, Value], estate: Estate) -> Iterator[str]:
    """What the variables beside a host say of its store that is not so, a clause each."""
    host = _HOST_NAME.fullmatch(name)
    stem = f"{host['stem'].rstrip('_')}_".lower() if host else ""
    port = f"{host['stem']}PORT" if host else ""
    whole = [item for item in references(variables[name]) if item.attribute == "endpoint"]
    if port in variables and whole and store.type == "aws_db_instance":
        yield f"{name} is the endpoint of {store.address}, which has the port in it, and {port} gives it again"
    for other, value in variables.items() if stem else ():
        if not isinstance(value, str) or not value or not other.lower().startswith(stem):
            continue
        said = other.lower().removeprefix(stem)
        if store.type in CACHES and _SWITCH.fullmatch(said):
            if value.lower() in _NO and _demands_tls(store):
                yield f"{other} is {value}, and {store.address} demands TLS"
            if value.lower() in _YES and _encrypts(store) in (False, None):
                yield f"{other} is {value}, and {store.address} does not encrypt in transit"
        if store.type in DATABASES and _MODE.fullmatch(said) and value.lower() in ("disable", "disabled", "allow"):
            yield f"{other} is {value}: what goes to {store.address} is not encrypted"
        if store.type in DATABASES and _DATABASE.fullmatch(said):
            made = store.attributes.get("db_name", store.attributes.get("database_name"))
            if isinstance(made, str) and value not in (made, *_ALWAYS_THERE) and not _is_used(made, estate):
                yield f"{other} is {value}, and {store.address} is made with {made}, which no task names"


_SWITCH = re.compile(r"(use_)?(ssl|tls)(_enabled)?")
_MODE = re.compile(r"ssl_?mode")
_DATABASE = re.compile(r"db|name|database|db_?name")
_YES, _NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_ALWAYS_THERE = ("postgres", "mysql")
"""Databases that every server has."""


def _encrypts(store: Resource) -> Value:
    """What a cache is set to; a serverless one always encrypts in transit."""
    return True if store.type.endswith("_serverless_cache") else store.peek("transit_encryption_enabled")


def _demands_tls(store: Resource) -> bool:
    return _encrypts(store) is True and store.attributes.get("transit_encryption_mode") != "preferred"


def _is_used(database: str, estate: Estate) -> bool:
    """Whether a plain variable of any task holds a database's name; so too where that is not known."""
    tasks = estate.of("aws_ecs_task_definition")
    with suppress(Undecidable):
        values = [value for task in tasks for item in containers(task) for value in environment(item).values()]
        written = re.compile(rf"(.*/)?{re.escape(database)}(\?.*)?")  # by itself, or at the end of a URL
        return any(written.fullmatch(show(value)) for value in values)
    return True


_READER = re.compile(r"READ|REPLICA|SECONDARY|(^|_)RO(_|$)", re.IGNORECASE)
_WRITES = re.compile(r"BROKER|CELERY|QUEUE|SIDEKIQ|RESQUE|SESSION", re.IGNORECASE)
"""Names for what is written into a cache, whatever else is told of it."""
_READER_ENDPOINTS = ("reader_endpoint", "reader_endpoint_address")


_WRITER_ENDPOINTS = ("endpoint", "primary_endpoint_address", "configuration_endpoint_address")


def _readers_for_writers(variables: Mapping[str, Value], estate: Estate) -> Iterator[str]:
    """Variables that hold a reader endpoint though something else is named for it, or nothing names the writer."""
    holding: dict[str, list[str]] = {}
    for name, value in variables.items():
        for reference in references(value):
            if reference.attribute in _READER_ENDPOINTS:
                holding.setdefault(reference.address, []).append(name)
    for address, names in holding.items():
        all_ = any(_READER.search(name) for name in names) or not _has_writers(address, estate)
        for name in names:
            if _WRITES.search(name) or (all_ and not _READER.search(name)):
                yield f"{name} names the reader endpoint of {address}, which refuses to write"


def _has_writers(address: str, estate: Estate) -> bool:
    """Whether anything of the estate is told of the endpoint that takes writes; so too where that is not known."""
    tasks = estate.of("aws_ecs_task_definition")
    unread = any(isinstance(task.peek("container_definitions"), (Unknown, Template)) for task in tasks)
    return unread or any((address, attribute) in _told_anywhere(estate) for attribute in _WRITER_ENDPOINTS)


@once_per_estate
def _told_anywhere(estate: Estate) -> frozenset[tuple[str, str]]:
    """Address and attribute of every reference in a resource, but those of what watches."""
    watching = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_dashboard")
    told = (references(resource.attributes) for resource in estate if resource.type not in watching)
    return frozenset((item.address, item.attribute) for found in told for item in found)


def _tls_problem(value: Value, store: Resource) -> str:
    """What a URL says of encryption that its store does not; empty where they agree, or it says nothing."""
    text = show(value)
    scheme = text.partition("://")[0].lower()
    if store.type in CACHES and scheme in ("redis", "rediss", "valkey", "valkeys"):
        encrypted = _encrypts(store)
        secure = scheme in ("rediss", "valkeys")
        if secure and encrypted in (False, None):
            return f"is {scheme}://, and {store.address} does not encrypt in transit"
        if not secure and _demands_tls(store):
            return f"is {scheme}://, and {store.address} demands TLS"
    if store.type in DATABASES and (found := _NO_TLS.search(text)):
        return f"holds {found[0]}: what goes to {store.address} is not encrypted"
    return ""


_NO_TLS = re.compile(r"\b(ssl-?mode=(disable|allow|disabled)|ssl=false|tls=false)\b", re.IGNORECASE)


def missing_hosts(variables: Mapping[str, Value], injected: Collection[str], estate: Estate) -> Iterator[str]:
    """Databases and caches of which an environment gives port and credentials, but not where they are, a clause each.

    Args:
        variables: the plain environment: name -> value.
        injected: the names that are injected, and those that the application may read itself.
        estate: where references point.
    """
    names = {*variables, *injected}
    for name in variables:
        stem = _PORT_NAME.fullmatch(name)
        kind = _kind(name)
        if stem is None or kind is None or not estate.of(*kind):
            continue
        beside = {each.removeprefix(f"{stem['stem']}_") for each in names if each.startswith(f"{stem['stem']}_")}
        placed = any(_kind(each) == kind and _PLACE.search(each) for each in names)
        placed = placed or any(_is_of(kind, store_of(value, estate)) for value in variables.values())
        if not placed and any(_CREDENTIAL.fullmatch(each) for each in beside):
            yield f"{name} has no host beside it, such as {stem['stem']}_HOST"


def _kind(name: str) -> tuple[str, ...] | None:
    """The types of store that a variable's name speaks of: databases or caches, None where of neither or both."""
    database, cache = _DATABASE_NAME.search(name), _CACHE_NAME.search(name)
    if bool(database) == bool(cache):
        return None
    return DATABASES if database else CACHES


def _is_of(kind: tuple[str, ...], store: Resource | None) -> bool:
    return store is not None and store.type in kind


def _port(name: str, value: Value, variables: Mapping[str, Value]) -> tuple[str, int] | None:
    """The port that goes with a host: in the same text, or in the variable beside it; and where it stands."""
    if isinstance(value, Template) and (found := _port_in_url(value)) is not None:
        return f"the {'' if found[1] else 'default '}port in {name}", found[0]
    stem = _HOST_NAME.fullmatch(name)
    if stem is None:
        return None
    beside = f"{stem['stem']}PORT"
    port = variables.get(beside)
    return (beside, int(port)) if isinstance(port, (str, int)) and str(port).isdigit() else None


def _port_in_url(url: Template) -> tuple[int, bool] | None:
    """The port behind the host of a URL, and whether it is written there, or is the one that its scheme means."""
    start = url.parts[0]
    default = _SCHEME_PORTS.get(start.partition("://")[0].lower()) if isinstance(start, str) else None
    for part, following in zip(url.parts, (*url.parts[1:], ""), strict=True):
        if not isinstance(part, Reference) or not isinstance(following, str):
            continue
        if match := _PORT_IN_URL.match(following):
            return int(match["port"]), True
        if default is not None and _ADDRESS.search(part.attribute) and following[:1] in ("", "/", "?"):
            return default, False
    return None


_ADDRESS = re.compile(r"address$")
"""Attributes that hold a host alone; the ``endpoint`` of an instance has its port behind it."""
_SCHEME_PORTS = {
    **dict.fromkeys(("redis", "rediss", "valkey", "valkeys"), 6379),
    **dict.fromkeys(("postgres", "postgresql"), 5432),
    "mysql": 3306,
}


def port_of(store: Resource) -> int | None:
    """The port on which a database or cache listens, None where that is not known."""
    port = store.attributes.get("port")
    if isinstance(port, (Unknown, Reference, Template)):
        return None
    if port is not None:
        return int(port)
    if store.type == "aws_db_proxy":
        return _PROXY_PORTS.get(str(store.attributes.get("engine_family")))
    if store.type in CACHES:
        return _CACHE_PORT if store.attributes.get("engine", "redis") in ("redis", "valkey") else None
    return _ENGINE_PORTS.get(str(store.attributes.get("engine")))
