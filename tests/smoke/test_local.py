"""The local environment of compose.yml, looked at by pytest-testinfra.

SKYWORTHY_LOCAL says where it runs: `local://` for this machine, `ssh://user@host` for another. Without it nothing is
looked at: the suites certify what is declared and deployed, whether or not somebody develops on this machine.

    docker compose up --detach && SKYWORTHY_LOCAL=local:// pytest tests/smoke/test_local.py
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import testinfra

pytestmark = pytest.mark.smoke

SERVICES = ("backend", "cache", "database", "frontend")
PORTS = {
    "backend": 8000,
    "cache": int(os.environ.get("REDIS_PORT", "6379")),
    "database": int(os.environ.get("POSTGRES_PORT", "5432")),
    "frontend": 80,
}

SECRETS = ("FIRST_SUPERUSER_PASSWORD", "POSTGRES_PASSWORD", "SECRET_KEY")


@pytest.fixture(scope="module")
def machine() -> Any:
    """Where the local environment runs."""
    where = os.environ.get("SKYWORTHY_LOCAL")
    if not where:
        pytest.skip("no local environment is named: set SKYWORTHY_LOCAL to local:// or ssh://user@host")
    return testinfra.get_host(where)


@pytest.fixture(scope="module")
def containers(machine: Any) -> dict[str, dict[str, Any]]:
    """Service -> its container, as Docker Compose tells it."""
    if not machine.exists("docker"):
        pytest.skip("docker is not on the PATH there")
    return {item["Service"]: item for item in told(machine.check_output("docker compose ps --all --format json"))}


def told(text: str) -> Iterator[dict[str, Any]]:
    """The containers in the output of `docker compose ps`: a list, or since version 2.21 one in each line."""
    for line in text.splitlines():
        value = json.loads(line)
        yield from value if isinstance(value, list) else [value]


@pytest.mark.parametrize("service", SERVICES)
def test_port_is_listened_on(machine: Any, service: str) -> None:
    if not machine.exists("ss") and not machine.exists("netstat"):
        pytest.skip("neither ss nor netstat is there")
    assert machine.socket(f"tcp://127.0.0.1:{PORTS[service]}").is_listening


@pytest.mark.parametrize("service", SERVICES)
def test_container_runs_and_is_healthy(containers: dict[str, dict[str, Any]], service: str) -> None:
    assert service in containers, f"no container of {service}: docker compose up"
    assert containers[service]["State"] == "running"
    assert containers[service].get("Health", "") in ("", "healthy")


def test_backend_holds_what_it_is_given(machine: Any, containers: dict[str, dict[str, Any]]) -> None:
    if machine.backend.get_connection_type() != "local":
        pytest.skip("containers of another machine are not looked into")
    inside = testinfra.get_host(f"docker://{containers['backend']['Name']}")
    assert inside.check_output("printenv ENVIRONMENT") == "local"
    # Asked there, since testinfra logs what comes back.
    empty = [name for name in SECRETS if inside.run(f'test -n "${name}"').failed]
    assert not empty, f"empty in the backend: {', '.join(empty)}"
