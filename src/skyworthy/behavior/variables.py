"""What the name of an environment variable promises of its value: a secret's ARN, a database's address, a port."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from skyworthy.behavior.network import (
    LISTENERS,
    TARGET_GROUPS,
    listeners_of,
    protocol_of,
    rules_for_host,
    target_groups_of,
)
from skyworthy.behavior.references import absent, blocks, named
from skyworthy.behavior.secrets import containers, environment
from skyworthy.behavior.tasks import ports, task_of
from skyworthy.estate import Estate, Reference, Resource, Undecidable, Value

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_USER = re.compile(r"(.*_)?(POSTGRES(QL)?|PG|MYSQL|MARIADB|RDS|DB|DATABASE)_?USER(NAME)?", re.IGNORECASE)
_ROLE = re.compile(r"[A-Za-z_][\w.$@-]*")
_NAMESPACE = "aws_service_discovery_private_dns_namespace"
_URL = re.compile(r"(?P<scheme>https?)://(?P<host>[^/:?#]+)(:(?P<port>\d+))?")
_LISTENING = re.compile(r"(SERVER_|LISTEN_)?PORT", re.IGNORECASE)
"""Variables by which a program is told where to listen."""


@dataclass(frozen=True)
class _Promise:
    """What variables of a name stand for.

    Args:
        name: of the variable.
        what: that it stands for, with its article.
        types: of resources that it may come from.
        arn: services whose ARN it may be as text.
    """

    name: "re.Pattern[str]"
    what: str
    types: tuple[str, ...]
    arn: tuple[str, ...] = ()


def _named(pattern: str) -> "re.Pattern[str]":
    return re.compile(rf"(?:.*_)?(?:{pattern})", re.IGNORECASE)


_DATABASES = (
    *("aws_db_instance", "aws_db_proxy", "aws_db_proxy_endpoint"),
    *("aws_rds_cluster", "aws_rds_cluster_endpoint", "aws_rds_cluster_instance"),
)
_CACHES = (
    *("aws_elasticache_cluster", "aws_elasticache_replication_group", "aws_elasticache_serverless_cache"),
    "aws_memorydb_cluster",
)
"""One in the place of the other is told by :func:`skyworthy.behavior.stores.endpoint_problems`."""
_NO_ARN = re.compile(r"(?!.*_ARN$).*", re.IGNORECASE)
_STANDING_FOR = (
    *("aws_alb", "aws_instance", "aws_lb", "aws_route53_record", "aws_service_discovery_service"),
    *("aws_secretsmanager_secret_version", "aws_ssm_parameter", "aws_vpc_endpoint"),
)
"""What may stand before a database or cache, or hold its address."""
_WHICH = "(_(READ|READER|READONLY|READ_ONLY|RO|REPLICA|SECONDARY|WRITE|WRITER|RW|PRIMARY|MASTER))?"
_PROMISES = (
    _Promise(
        _named(r"SECRETS?(_MANAGER)?_(ARN|ID)"),
        "a secret",
        (
            *("aws_secretsmanager_secret", "aws_secretsmanager_secret_version", "aws_secretsmanager_secret_policy"),
            *("aws_secretsmanager_secret_rotation", "aws_ssm_parameter", "aws_db_instance", "aws_rds_cluster"),
        ),
        ("secretsmanager", "ssm"),
    ),
    _Promise(_named(r"(SQS|QUEUE)_(URL|ARN)"), "a queue", ("aws_sqs_queue",), ("sqs",)),
    _Promise(_named(r"(SNS|TOPIC|SNS_TOPIC)_ARN"), "a topic", ("aws_sns_topic",), ("sns",)),
    _Promise(
        _named(r"(S3_)?BUCKET(_NAME|_ARN)?"),
        "a bucket",
        ("aws_s3_bucket", "aws_s3_bucket_versioning", "aws_s3_access_point"),
        ("s3",),
    ),
    _Promise(
        _named(rf"(POSTGRES(QL)?|PG|MYSQL|MARIADB|RDS|DB|DATABASE){_WHICH}_?(HOST|HOSTNAME|SERVER|ADDRESS){_WHICH}"),
        "the address of a database",
        (*_DATABASES, *_CACHES, *_STANDING_FOR),
    ),
    _Promise(
        _named(rf"(REDIS|VALKEY|CACHE|MEMCACHED){_WHICH}_?(HOST|HOSTNAME|SERVER|ADDRESS){_WHICH}"),
        "the address of a cache",
        (*_DATABASES, *_CACHES, *_STANDING_FOR),
    ),
)
_FORMS = {
    "aws_sqs_queue": {"arn": re.compile(r"(?!.*_URL$).*", re.IGNORECASE), **dict.fromkeys(("id", "url"), _NO_ARN)},
    "aws_s3_bucket": {"arn": re.compile(r".*_ARN", re.IGNORECASE), **dict.fromkeys(("bucket", "id"), _NO_ARN)},
}
"""Type -> attribute by which a program may be told of it -> the names of the variables that may hold it."""
_NO_ADDRESS = re.compile(r"arn|id|identifier|name|port|status|engine|username|db_name|.*_id")
"""Attributes of a database or cache that are not where it is."""
_STORES = re.compile(r"aws_(db|rds|elasticache|memorydb)_")
_READERS = re.compile(r"(^|_)(READ|READER|READONLY|RO|REPLICA|SECONDARY|REPORT(S|ING)?|ANALYTICS)(_|$)", re.IGNORECASE)


def value_problem(name: str, value: Value, task: Resource, estate: Estate, region: str = "") -> str | None:
    """What is wrong with the value of a variable; empty where it is what the name says; None where that says nothing.

    Args:
        name: of the variable.
        value: plain text or a reference.
        task: the task definition whose variable it is.
        estate: where references point.
        region: in which the task runs; empty: not known.

    Raises:
        Undecidable: where it depends on what is not known.
    """
    upper = name.upper()
    if upper in ("AWS_REGION", "AWS_DEFAULT_REGION") and isinstance(value, str):
        if not _REGION.fullmatch(value):
            return f"{name} is {value!r}, which is no region"
        return "" if region in ("", value) else f"{name} is {value!r}, and the task runs in {region}"
    if upper.endswith("_PORT") and isinstance(value, str) and value:
        return "" if value.isdecimal() and 0 < int(value) < 65536 else f"{name} is {value!r}, which is no port"
    if _USER.fullmatch(name) and isinstance(value, str) and value:
        return "" if _ROLE.fullmatch(value) else f"{name} is {value!r}, which is no database user"
    promise = next((item for item in _PROMISES if item.name.fullmatch(name)), None)
    if promise is not None:
        return _broken(name, value, promise, estate)
    if isinstance(value, str) and (url := _URL.match(value)):
        inside = _wrong_port(name, url, estate)
        return inside or _wrong_scheme(name, url, estate) or _wrong_service(name, url["host"], task, estate) or inside
    return None


def port_problem(name: str, value: Value, definition: Mapping[str, Any]) -> str | None:
    """What is wrong with the port that a program is told to listen on; None where the variable says no such thing.

    Args:
        name: of the variable.
        value: plain text or a reference.
        definition: the container that starts with it.

    Raises:
        Undecidable: where it is not known which ports the container opens.
    """
    if _LISTENING.fullmatch(name) is None or not isinstance(value, str) or not value.isdecimal():
        return None
    opened = ports(definition)
    if not opened:  # another container of the task may stand before it
        return None
    listed = ", ".join(map(str, opened))
    return "" if int(value) in opened else f"{name} is {value}, and the container opens {listed}"


def _wrong_port(name: str, url: "re.Match[str]", estate: Estate) -> str | None:
    """What is wrong with the port of a URL whose host is a service's name in Cloud Map or in Service Connect."""
    port = _port(url)
    for service, opened in (*_registered_as(url["host"], estate), *_connected_as(url["host"], estate)):
        listed = ", ".join(map(str, opened))
        return "" if port in opened else f"{name} is {url[0]}, and {service.address} opens {listed}"
    return _unregistered(name, url, estate)


def _port(url: "re.Match[str]") -> int:
    return int(url["port"] or {"http": 80, "https": 443}[url["scheme"]])


def calls_of(task: Resource, estate: Estate) -> Iterator[tuple[str, Resource, int]]:
    """The services that a task calls by their names in Cloud Map: the variable, the service, and its port.

    A URL with a port that the service does not open, which :func:`value_problem` tells, stands for the opened ones.

    Raises:
        Undecidable: where the environment is not known.
    """
    for definition in containers(task):
        for name, value in environment(definition).items():
            url = _URL.match(value) if isinstance(value, str) else None
            for service, opened in _registered_as(url["host"], estate) if url is not None else ():
                port = _port(url) if url is not None else 0
                yield from ((name, service, each) for each in ([port] if port in opened else opened))


def _registered_as(host: str, estate: Estate) -> Iterator[tuple[Resource, tuple[int, ...]]]:
    """The services that a name in Cloud Map leads to, each with the ports that its containers open."""
    for service in estate.of("aws_ecs_service"):
        for registry in blocks(service.attributes.get("service_registries")):
            for found in named(estate, registry.get("registry_arn"), "aws_service_discovery_service"):
                task = task_of(service, estate)
                if host == _registered(found, estate) and task is not None:
                    yield service, tuple(port for item in containers(task) for port in ports(item))


def _unregistered(name: str, url: "re.Match[str]", estate: Estate) -> str | None:
    """What is wrong with a host in a private namespace of the stack that nothing of the stack bears."""
    spaces = [space.peek("name") for space in estate.of(_NAMESPACE)]
    inside = [space for space in spaces if isinstance(space, str) and url["host"].endswith(f".{space}")]
    registered = estate.of("aws_service_discovery_service")
    others = estate.of("aws_service_discovery_instance", "aws_route53_record")
    connected = any(
        blocks(service.attributes.get("service_connect_configuration")) for service in estate.of("aws_ecs_service")
    )
    known = all(isinstance(item.peek("name"), str) for item in registered)
    if not inside or others or connected or not known:
        return None
    if any(url["host"] == _registered(item, estate) for item in registered):
        return None
    problem = absent(estate, f"{name} is {url[0]}, and nothing is registered as {url['host']}")
    if isinstance(problem, Undecidable):
        raise problem
    return str(problem)


def _connected_as(host: str, estate: Estate) -> Iterator[tuple[Resource, tuple[int, ...]]]:
    """The services that an alias of Service Connect leads to, each with the ports of the alias."""
    for service in estate.of("aws_ecs_service"):
        for connect in blocks(service.attributes.get("service_connect_configuration")):
            aliases = [alias for item in connect.get("service") or () for alias in item.get("client_alias") or ()]
            own = [alias for alias in aliases if alias.get("dns_name") == host]
            if own and all(str(alias.get("port")).isdigit() for alias in own):
                yield service, tuple(int(alias["port"]) for alias in own)


def _registered(found: Resource, estate: Estate) -> str:
    """The name under which Cloud Map knows a service, ``mailer.example.internal``."""
    values = (found.block("dns_config").get("namespace_id"), found.attributes.get("namespace_id"))
    namespace = next((value for value in values if isinstance(value, (str, Reference))), None)
    spaces = named(estate, namespace, _NAMESPACE)
    return f"{found.peek('name')}.{spaces[0].peek('name')}" if spaces else ""


def _broken(name: str, value: Value, promise: _Promise, estate: Estate) -> str | None:
    if isinstance(value, str) and value.startswith("arn:") and promise.arn:
        return "" if value.split(":")[2] in promise.arn else f"{name} is {value}, which is not {promise.what}"
    if isinstance(value, str) and not promise.arn:
        return _own_name(name, value, promise, estate)
    if not isinstance(value, Reference):
        return None
    source = estate.get(value.address)
    if source is None or source.data:
        return None
    if source.type.startswith("aws_") and source.type not in promise.types:
        return f"{name} is the {value.attribute} of {source.address}, which is not {promise.what}"
    form = _FORMS.get(source.type, {}).get(value.attribute)
    if form is not None and form.fullmatch(name) is None:
        return f"{name} is the {value.attribute} of {source.address}"
    if promise.arn or not _STORES.match(source.type):
        return ""
    if _NO_ADDRESS.fullmatch(value.attribute):
        return f"{name} is the {value.attribute} of {source.address}, which is not {promise.what}"
    if source.attributes.get("replicate_source_db") and not _READERS.search(name):
        return f"{name} is the address of {source.address}, a read replica: nothing can be written there"
    return ""


def _own_name(name: str, value: str, promise: _Promise, estate: Estate) -> str | None:
    """What is wrong with an address that is but the identifier of a database or cache."""
    for source in estate.of(*(type for type in promise.types if _STORES.match(type))):
        for attribute in _IDENTIFIERS:
            if value and source.attributes.get(attribute) == value:
                return f"{name} is the {attribute} of {source.address}, which is not {promise.what}"
    return None


_IDENTIFIERS = ("identifier", "cluster_identifier", "replication_group_id", "cluster_id")


def _wrong_scheme(name: str, url: "re.Match[str]", estate: Estate) -> str | None:
    """What is wrong with a URL whose host a load balancer of the stack serves."""
    for rule in rules_for_host(url["host"], estate):
        spoken = _spoken(rule, estate)
        if not spoken:
            return None
        if url["scheme"] == "http" and "HTTPS" in spoken:
            return f"{name} is {url[0]}, and {url['host']} is served over HTTPS"
        if url["scheme"] == "https" and "HTTPS" not in spoken:
            return f"{name} is {url[0]}, and nothing serves {url['host']} over HTTPS"
        return ""
    return None


def _wrong_service(name: str, host: str, task: Resource, estate: Estate) -> str | None:
    """What is wrong with a host that leads back to the service itself although the variable names another service."""
    services = estate.of("aws_ecs_service")
    others = [item for item in services if str(item.peek("name")).lower() in name.lower().split("_")]
    own = [item for item in services if task_of(item, estate) is task and item not in others]
    rules = tuple(rules_for_host(host, estate)) if others and own else ()
    for rule in rules:
        groups = named(estate, target_groups_of(rule.peek("action")), *TARGET_GROUPS)
        for service in own:
            balancers = [block.get("target_group_arn") for block in service.peek("load_balancer") or ()]
            if any(group in groups for group in named(estate, balancers, *TARGET_GROUPS)):
                return f"{name} is {host}, which is served by {service.address}, not by {others[0].address}"
    return "" if rules else None


def _spoken(rule: Resource, estate: Estate) -> set[str]:
    """The protocols of the listeners of a rule's load balancer."""
    found: set[str] = set()
    for listener in named(estate, rule.peek("listener_arn"), *LISTENERS):
        for balancer in named(estate, listener.peek("load_balancer_arn"), "aws_lb", "aws_alb"):
            found |= {protocol_of(item) for item in listeners_of(balancer, estate)}
    return found
