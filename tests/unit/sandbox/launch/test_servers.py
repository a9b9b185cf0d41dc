"""Real PostgreSQL and Valkey servers."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from skyworthy.errors import BadInput
from skyworthy.sandbox.launch import servers
from skyworthy.sandbox.launch.servers import Server

ODD = 'it\'s a "dummy" \\ with $IGNS & ümlauts'


def connect(server: Server, **more: str) -> psycopg.Connection:
    login = {"dbname": "omc", "user": "omc_admin", "password": ODD} | more
    return psycopg.connect(host=server.host, port=server.port, connect_timeout=5, **login)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def database() -> Server:  # type: ignore[misc]
    with servers.postgres("omc", "omc_admin", ODD) as server:
        yield server


def test_master_user_owns_its_database(database: Server) -> None:
    with connect(database) as connection:
        row = connection.execute(
            "SELECT current_database(), current_user, rolsuper, rolcreatedb, rolcreaterole,"
            " current_setting('server_version') FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        connection.execute("CREATE TABLE made (id int)")
    assert row == ("omc", "omc_admin", False, True, True, database.version)


@pytest.mark.parametrize(
    ("login", "refusal"),
    [
        ({"password": "sandbox-wrong-dummy"}, "password authentication failed"),
        ({"user": "rdsadmin", "dbname": "postgres"}, "password authentication failed"),
        ({"dbname": "other"}, 'database "other" does not exist'),
    ],
)
def test_other_logins_are_refused(database: Server, login: dict[str, str], refusal: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=refusal):
        connect(database, **login)


def test_instance_without_database_name_has_postgres() -> None:
    with servers.postgres("", "omc_admin", ODD) as server, connect(server, dbname="postgres") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_unprintable_names_are_refused() -> None:
    with pytest.raises(BadInput, match="may only hold printable characters"):
        servers.postgres("omc", "omc_admin", "a\nb")


def test_postgres_that_cannot_start_says_why() -> None:
    with pytest.raises(BadInput, match="PostgreSQL does not start as declared: password authentication"):
        servers.postgres("omc", servers.ADMINISTRATOR, ODD)


def test_redis_demands_its_token() -> None:
    with servers.redis(ODD) as server:
        with redis.Redis(host=server.host, port=server.port, password=ODD) as client:
            assert client.ping() is True
            assert client.info("server")["valkey_version"] == server.version
        with (
            redis.Redis(host=server.host, port=server.port, retry=Retry(NoBackoff(), 0)) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()


def test_redis_without_token() -> None:
    with servers.redis(None) as server, redis.Redis(host=server.host, port=server.port) as client:
        assert client.ping() is True


def test_stopped_servers_leave_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    open_to_all(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with servers.postgres("omc", "omc_admin", ODD) as database, servers.redis(ODD) as cache:
        assert len(list(tmp_path.iterdir())) == 2
        pids = [database.pid, cache.pid]
    assert [pid for pid in pids if alive(pid)] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_root_with_a_closed_temporary_directory_is_told_the_next_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr("tempfile.tempdir", str(closed))
    with pytest.raises(BadInput, match=r"nobody cannot enter .*: set TMPDIR"):
        servers.postgres("omc", "omc_admin", ODD)
    assert list(closed.iterdir()) == []


OWNER = """
import json, sys, tempfile
from skyworthy.sandbox.launch import servers
database, cache = servers.postgres("omc", "omc_admin", "sandbox-dummy"), servers.redis("sandbox-dummy")
print(json.dumps([database.pid, cache.pid]), flush=True)
sys.stdin.read()
"""


def test_servers_end_with_an_owner_that_is_killed(tmp_path: Path) -> None:
    open_to_all(tmp_path)
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert owner.stdout is not None
    pids = json.loads(owner.stdout.readline())
    assert all(map(alive, pids))
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    give_up = time.monotonic() + 60
    while (any(map(alive, pids)) or any(tmp_path.iterdir())) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert [pid for pid in pids if alive(pid)] == []
    assert list(tmp_path.iterdir()) == []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def open_to_all(directory: Path) -> None:
    """Lets the user that root runs PostgreSQL as into pytest's private directories."""
    temporary = Path(tempfile.gettempdir()).resolve()
    for parent in (directory.resolve(), *directory.resolve().parents):
        if parent != temporary and parent.is_relative_to(temporary):
            parent.chmod(0o755)
