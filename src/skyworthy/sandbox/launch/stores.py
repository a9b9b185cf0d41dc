"""The databases and caches of a launch: which of them its containers name, and a local server for each."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

from skyworthy.errors import BadInput
from skyworthy.sandbox.launch import servers
from skyworthy.sandbox.launch.agent import Task
from skyworthy.sandbox.launch.endpoints import Endpoint, Replacement, endpoints, mentioned
from skyworthy.sandbox.launch.injection import ClientFactory
from skyworthy.sandbox.launch.launched import LaunchedServer
from skyworthy.sandbox.server import Sandbox


def declared_endpoints(client: ClientFactory, sandbox: Sandbox) -> list[Endpoint]:
    """The account's databases and caches under the addresses that its own calls gave them, also while others launch."""
    told = [item["addresses"] for item in sandbox.control("GET", "launches")]
    declared = {local: address for addresses in told for address, local in addresses.items()}
    return [
        replace(found, addresses=tuple(declared.get(address, address) for address in found.addresses))
        for found in endpoints(client)
    ]


def wanted_servers(
    found: Sequence[Endpoint], tasks: Sequence[Task], passwords: Mapping[str, str]
) -> list[tuple[Endpoint, str | None]]:
    """The endpoints that containers name, each with the password that these containers use.

    Args:
        found: the account's endpoints.
        tasks: whose containers count.
        passwords: engine -> the variable that holds its password.

    Raises:
        BadInput: containers name a database, and none of them has its password.
    """
    environments = [
        {**injected.plain, **injected.secret}
        for task in tasks
        if not task.failure
        for injected in task.injected.values()
    ]
    wanted: list[tuple[Endpoint, str | None]] = []
    for endpoint in found:
        users = [environment for environment in environments if mentioned(endpoint, environment.values())]
        if not users:
            continue
        variable = passwords[endpoint.engine]
        password = next((environment[variable] for environment in users if variable in environment), None)
        if password is None and endpoint.engine == "postgres":
            raise BadInput(
                f"containers name the database {endpoint.identifier}, but none of them has a variable {variable}; "
                "say which one holds its password"
            )
        wanted.append((endpoint, password))
    return wanted


def start_servers(
    wanted: Sequence[tuple[Endpoint, str | None]], stack: ExitStack
) -> list[tuple[Replacement, servers.Server]]:
    """Start all servers at once; those that started are stopped with the stack, also if another one failed."""
    if not wanted:
        return []
    with ThreadPoolExecutor(len(wanted)) as pool:
        futures = [pool.submit(_start_server, endpoint, password) for endpoint, password in wanted]
    started = [stack.enter_context(future.result()) for future in futures if future.exception() is None]
    for future in futures:
        future.result()
    return [
        (Replacement(endpoint, server.host, server.port), server)
        for (endpoint, _), server in zip(wanted, started, strict=True)
    ]


def _start_server(endpoint: Endpoint, password: str | None) -> servers.Server:
    if endpoint.engine == "postgres":
        return servers.postgres(endpoint.database, endpoint.user, password or "", endpoint.port)
    return servers.redis(password, endpoint.port)


def launched_server(replacement: Replacement, server: servers.Server) -> LaunchedServer:
    """What was started in the place of an endpoint."""
    endpoint = replacement.endpoint
    return LaunchedServer(
        identifier=endpoint.identifier,
        engine=server.engine,
        declared_version=endpoint.version,
        version=server.version,
        host=server.host,
        port=server.port,
        pid=server.pid,
    )
