"""Local servers in the place of RDS and ElastiCache endpoints, in the environment of a container.

Nothing else of a container's declared environment is changed, and every change is recorded.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from skyworthy.sandbox.launch.injection import ClientFactory

_ELSEWHERE = re.compile(r"[\w.-]+\.(?:rds|cache)\.amazonaws\.com\b")


@dataclass(frozen=True)
class Endpoint:
    """What the account has in the place of which a local server can stand.

    Args:
        engine: ``postgres`` or ``redis``.
        identifier: DBInstanceIdentifier or ReplicationGroupId.
        version: the declared engine version.
        addresses: host names under which containers may know it (a cache has a primary and a reader).
        port: its port.
        database: DBName, empty for a cache.
        user: MasterUsername, empty for a cache.
        storage: AllocatedStorage in GiB, 0 for a cache.
        members: CacheClusterId of each node of a cache.
    """

    engine: str
    identifier: str
    version: str
    addresses: tuple[str, ...]
    port: int
    database: str = ""
    user: str = ""
    storage: int = 0
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replacement:
    """A local server that answers for an endpoint."""

    endpoint: Endpoint
    host: str
    port: int


@dataclass(frozen=True)
class Substitution:
    """A variable that does not hold what was declared.

    Args:
        variable: its name.
        declared: the part that was replaced, never a secret: an endpoint's address or port.
        local: what stands there instead.
    """

    variable: str
    declared: str
    local: str


def endpoints(client: ClientFactory) -> list[Endpoint]:
    """The PostgreSQL instances and Redis replication groups of the account that have an address."""
    return [*_databases(client("rds")), *_caches(client("elasticache"))]


def mentioned(endpoint: Endpoint, values: Iterable[str]) -> bool:
    """Whether any of the values names the endpoint."""
    return any(_address(endpoint).search(value) for value in values)


def substitute(
    environment: Mapping[str, str], replacements: Iterable[Replacement]
) -> tuple[dict[str, str], list[Substitution], list[str]]:
    """The environment with local servers in the place of endpoints.

    A value that is an endpoint's address becomes the local host, and the port beside it (``POSTGRES_PORT`` beside
    ``POSTGRES_SERVER``) the local port. Inside a longer value, such as a URL, address and port are replaced together.

    Returns:
        The new environment, what was replaced, and notes on what could not be.
    """
    result, changes, notes = dict(environment), list[Substitution](), list[str]()
    for replacement in replacements:
        endpoint, local = replacement.endpoint, f"{replacement.host}:{replacement.port}"
        for name, value in environment.items():
            if value in endpoint.addresses:
                result[name] = replacement.host
                changes.append(Substitution(name, value, replacement.host))
                port = _port_beside(name, endpoint.port, environment)
                if port is None and endpoint.port != replacement.port:
                    notes.append(f"no variable beside {name} holds the port {endpoint.port}; the server is at {local}")
                elif port is not None and endpoint.port != replacement.port:
                    result[port] = str(replacement.port)
                    changes.append(Substitution(port, str(endpoint.port), str(replacement.port)))
            elif (found := _address(endpoint).search(value)) is not None:
                result[name] = _address(endpoint).sub(local, result[name])
                changes.append(Substitution(name, found[0], local))
    for name, value in result.items():
        notes += [f"{name} names {host}, for which no local server stands" for host in _ELSEWHERE.findall(value)]
    return result, list(dict.fromkeys(changes)), notes


def _address(endpoint: Endpoint) -> re.Pattern[str]:
    """An address of the endpoint as a host name of its own, with its port if there is one."""
    names = "|".join(map(re.escape, endpoint.addresses))
    return re.compile(rf"(?<![\w.-])(?:{names})(?![\w-]|\.\w)(?::{endpoint.port}(?!\d))?")


def _port_beside(name: str, port: int, environment: Mapping[str, str]) -> str | None:
    """The variable that says the port of the host in another: the same words, with PORT in the place of the last."""
    beside = f"{name.rpartition('_')[0]}_PORT".lstrip("_")
    return beside if environment.get(beside) == str(port) else None


def _databases(client: Any) -> list[Endpoint]:
    found = []
    for page in client.get_paginator("describe_db_instances").paginate():
        for instance in page["DBInstances"]:
            if "Endpoint" not in instance or instance["Engine"] != "postgres":
                continue
            found.append(
                Endpoint(
                    engine="postgres",
                    identifier=instance["DBInstanceIdentifier"],
                    version=instance["EngineVersion"],
                    addresses=(instance["Endpoint"]["Address"],),
                    port=instance["Endpoint"]["Port"],
                    database=instance.get("DBName", ""),
                    user=instance["MasterUsername"],
                    storage=instance.get("AllocatedStorage", 0),
                )
            )
    return found


def _caches(client: Any) -> list[Endpoint]:
    found = []
    for page in client.get_paginator("describe_replication_groups").paginate():
        for group in page["ReplicationGroups"]:
            shards = group.get("NodeGroups", [])
            named = [shard.get(kind) for shard in shards for kind in ("PrimaryEndpoint", "ReaderEndpoint")]
            places = [place for place in (*named, group.get("ConfigurationEndpoint")) if place]
            if not places:
                continue
            found.append(
                Endpoint(
                    engine="redis",
                    identifier=group["ReplicationGroupId"],
                    version=_cache_version(client, group),
                    addresses=tuple(dict.fromkeys(place["Address"] for place in places)),
                    port=places[0]["Port"],
                    members=tuple(group.get("MemberClusters", ())),
                )
            )
    return found


def _cache_version(client: Any, group: Mapping[str, Any]) -> str:
    """The engine version, which only the member clusters tell; empty where they are not known."""
    for member in group.get("MemberClusters", [])[:1]:
        try:
            clusters = client.describe_cache_clusters(CacheClusterId=member)["CacheClusters"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "CacheClusterNotFound":
                raise
            return ""
        return str(clusters[0].get("EngineVersion", "")) if clusters else ""
    return ""
