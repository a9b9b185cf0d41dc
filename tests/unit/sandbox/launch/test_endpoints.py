"""Pure rules of the launcher: substitution of endpoints, Go's notation, matchers."""

from typing import Any

import pytest

from skyworthy.sandbox.launch.endpoints import Endpoint, Replacement, Substitution, mentioned, substitute
from skyworthy.sandbox.launch.injection import as_go_prints
from skyworthy.sandbox.launch.targets import HealthCheck, health_check

DATABASE = Endpoint("postgres", "omc", "17.4", ("omc.abc.us-east-1.rds.amazonaws.com",), 5432)
CACHE = Endpoint("redis", "omc", "7.1", ("master.omc.cache.amazonaws.com", "replica.omc.cache.amazonaws.com"), 6379)
LOCAL = [Replacement(DATABASE, "127.0.0.1", 40001), Replacement(CACHE, "127.0.0.1", 40002)]
RDS = DATABASE.addresses[0]
PRIMARY, REPLICA = CACHE.addresses


@pytest.mark.parametrize(
    ("environment", "expected", "changes"),
    [
        (
            {"POSTGRES_SERVER": RDS, "POSTGRES_PORT": "5432", "OTHER_PORT": "5432"},
            {"POSTGRES_SERVER": "127.0.0.1", "POSTGRES_PORT": "40001", "OTHER_PORT": "5432"},
            [("POSTGRES_SERVER", RDS, "127.0.0.1"), ("POSTGRES_PORT", "5432", "40001")],
        ),
        (
            {"HOST": RDS, "PORT": "5432"},
            {"HOST": "127.0.0.1", "PORT": "40001"},
            [("HOST", RDS, "127.0.0.1"), ("PORT", "5432", "40001")],
        ),
        (
            {"REDIS_HOST": PRIMARY, "REDIS_REPLICA": REPLICA, "REDIS_PORT": "6379"},
            {"REDIS_HOST": "127.0.0.1", "REDIS_REPLICA": "127.0.0.1", "REDIS_PORT": "40002"},
            [
                ("REDIS_HOST", PRIMARY, "127.0.0.1"),
                ("REDIS_PORT", "6379", "40002"),
                ("REDIS_REPLICA", REPLICA, "127.0.0.1"),
            ],
        ),
        (
            {"DATABASE_URL": f"postgresql://u:p@{RDS}:5432/omc", "ENDPOINT": f"{RDS}:5432", "NO_PORT": f"tcp://{RDS}/"},
            {
                "DATABASE_URL": "postgresql://u:p@127.0.0.1:40001/omc",
                "ENDPOINT": "127.0.0.1:40001",
                "NO_PORT": "tcp://127.0.0.1:40001/",
            },
            [
                ("DATABASE_URL", f"{RDS}:5432", "127.0.0.1:40001"),
                ("ENDPOINT", f"{RDS}:5432", "127.0.0.1:40001"),
                ("NO_PORT", RDS, "127.0.0.1:40001"),
            ],
        ),
        (
            {"BOTH": f"{RDS}:5432,{PRIMARY}:6379"},
            {"BOTH": "127.0.0.1:40001,127.0.0.1:40002"},
            [("BOTH", f"{RDS}:5432", "127.0.0.1:40001"), ("BOTH", f"{PRIMARY}:6379", "127.0.0.1:40002")],
        ),
        ({"LONGER": "xmaster.omc.cache", "OTHER": "db.internal:5432"}, None, []),
    ],
)
def test_endpoints_become_local_servers(
    environment: dict[str, str], expected: dict[str, str] | None, changes: list[tuple[str, str, str]]
) -> None:
    result, substitutions, notes = substitute(environment, LOCAL)
    assert result == (environment if expected is None else expected)
    assert substitutions == [Substitution(*change) for change in changes]
    assert notes == []


def test_host_without_its_port_is_noted() -> None:
    _, _, notes = substitute({"POSTGRES_SERVER": RDS, "POSTGRES_PORT": "6432"}, LOCAL)
    assert notes == ["no variable beside POSTGRES_SERVER holds the port 5432; the server is at 127.0.0.1:40001"]


def test_longer_name_is_another_host_and_noted() -> None:
    environment = {"POSTGRES_SERVER": f"x-{RDS}", "POSTGRES_PORT": "5432"}
    result, substitutions, notes = substitute(environment, LOCAL)
    assert (result, substitutions) == (environment, [])
    assert notes == [f"POSTGRES_SERVER names x-{RDS}, for which no local server stands"]


def test_only_named_endpoints_are_mentioned() -> None:
    assert mentioned(DATABASE, ["x", f"postgres://{RDS}/db"])
    assert not mentioned(CACHE, ["x", f"postgres://{RDS}/db"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (None, "<nil>"),
        (0, "0"),
        (5432, "5432"),
        (100000, "100000"),
        (1000000, "1e+06"),
        (1234567, "1.234567e+06"),
        (-1234567.5, "-1.2345675e+06"),
        (20.0, "20"),
        (-0.0, "-0"),
        (123456.789, "123456.789"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (2.5e-7, "2.5e-07"),
        (1.5e300, "1.5e+300"),
        ([1, "x", None], "[1 x <nil>]"),
        ({"b": 1, "a": "z"}, "map[a:z b:1]"),
    ],
)
def test_values_read_as_the_agent_writes_them(value: Any, text: str) -> None:
    # Every row was printed by Go itself: fmt.Sprintf("%v") of what encoding/json decoded.
    assert as_go_prints(value) == text


@pytest.mark.parametrize(
    ("codes", "good", "bad"),
    [
        ("200", [200], [199, 201]),
        ("200,302", [200, 302], [201, 301]),
        ("200-299", [200, 250, 299], [199, 300]),
        ("200-204, 404", [202, 404], [205, 403]),
    ],
)
def test_matcher(codes: str, good: list[int], bad: list[int]) -> None:
    check = HealthCheck("HTTP", "/", codes, 5, 3)
    assert [status for status in [*good, *bad] if check.accepts(status)] == good


def test_health_check_of_a_target_group() -> None:
    described = {
        "HealthCheckProtocol": "HTTPS",
        "HealthCheckPath": "/up",
        "Matcher": {"HttpCode": "204"},
        "HealthCheckTimeoutSeconds": 7,
        "HealthyThresholdCount": 3,
        "UnhealthyThresholdCount": 4,
        "HealthCheckPort": "8080",
    }
    assert health_check(described) == HealthCheck("HTTPS", "/up", "204", 7.0, 3, 4, "8080")
