"""Sizes, ports and numbers of tasks, and which plain variables are secret."""

# ruff: noqa: E501 - tables have a row a line

from typing import Any

import pytest

from skyworthy.behavior.commands import loopback_ports, told_ports
from skyworthy.behavior.plaintext import reason_secret
from skyworthy.behavior.tasks import FARGATE_SIZES, fewest_tasks, size, size_problem, task_of
from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Unknown


def test_fargate_sizes_are_those_of_the_published_table() -> None:
    published = {256: (512, 2048), 512: (1024, 4096), 1024: (2048, 8192), 2048: (4096, 16384)}
    published |= {4096: (8192, 30720), 8192: (16384, 61440), 16384: (32768, 122880)}
    assert {cpu: (sizes[0], sizes[-1]) for cpu, sizes in FARGATE_SIZES.items()} == published
    assert [len(sizes) for sizes in FARGATE_SIZES.values()] == [3, 4, 7, 13, 23, 12, 12]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(256, 256), ("256", 256), ("1 vCPU", 1024), (".25 vcpu", 256), ("2GB", 2048), ("30 GB", 30720), ("lots", None)],
)
def test_size(value: Any, expected: int | None) -> None:
    assert size(value) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["serve", "--port", "8080"], {8080}),
        (["serve", "--port=8080"], {8080}),
        (["java", "-Dserver.port=9000", "-jar", "app.jar"], {9000}),
        (["gunicorn", "-b", "0.0.0.0:8000", "--workers", "4"], {8000}),
        (["gunicorn", "-b", "4"], set()),
        (["api", "--http-addr", ":8081"], {8081}),
        (["manage.py", "runserver", "0.0.0.0:8000"], {8000}),
        (["sh", "-c", "alembic upgrade head && exec uvicorn app:app --host 0.0.0.0 --port 8000"], {8000}),
        (["sh", "-c", "wait-for --host db --port 5432; exec serve"], set()),
        (["sh", "-c", "serve --port $PORT"], set()),
        (["proxy", "--addr", "redis:6379"], set()),
        (["work", "--db-port", "5432", "--metrics-port=9090", "localhost:4317"], set()),
        (["sh", "-c", "serve --port ${PORT:-8000}"], {8000}),
        (["bash", "-ec", "serve --port $GIVEN"], {9000}),
        (["npx", "next", "start", "-p", "3000"], {3000}),
        (["psql", "-h", "db", "-p", "5432"], set()),
        (["python", "-m", "http.server", "8000"], {8000}),
        (["gunicorn", "--bind", "127.0.0.1:8000"], set()),
        (["gunicorn", "--workers", Unknown("not known"), "--bind", ":8000"], {8000}),
        (["serve", Unknown("not known"), "8080"], set()),
        (Unknown("not known"), set()),
    ],
)
def test_ports_that_a_command_names(command: Any, expected: set[int]) -> None:
    given = [{"name": "GIVEN", "value": "9000"}]
    assert told_ports({"entryPoint": ["/bin/tini", "--"], "command": command, "environment": given}) == expected


@pytest.mark.parametrize(
    ("command", "everywhere", "loopback"),
    [
        (["gunicorn", "-b", "127.0.0.1:8000"], set(), {8000}),
        (["serve", "--bind=localhost:8000", "--bind=0.0.0.0:8001"], {8001}, {8000}),
        (["uvicorn", "app:app", "--port", "8000"], set(), {8000}),
        (["uvicorn", "app:app", "--host", "::", "--port", "8000"], {8000}, set()),
        (["serve", "--host=127.0.0.1", "--port=8000"], set(), {8000}),
        (["worker", "--redis", "localhost:6379"], set(), set()),
    ],
)
def test_what_listens_on_loopback_is_told_apart(command: Any, everywhere: set[int], loopback: set[int]) -> None:
    definition = {"command": command}
    assert told_ports(definition) == everywhere
    assert loopback_ports(definition) == loopback


def test_a_variable_may_say_where_a_program_listens() -> None:
    command = {"command": ["uvicorn", "app:app", "--port", "8000"]}
    assert told_ports({**command, "environment": [{"name": "UVICORN_HOST", "value": "::"}]}) == {8000}


@pytest.mark.parametrize(
    ("cpu", "memory", "problem"),
    [
        ("1 vCPU", "8 GB", ""),
        (8192, 20480, ""),
        (8192, 18432, "memory is 18432 with 8192 cpu, Fargate has 16384 to 61440 in steps of 4096"),
        (None, 512, "cpu is not set, Fargate needs both for the task"),
        ("lots", 512, "cpu is lots, Fargate has 256, 512, 1024, 2048, 4096, 8192, 16384"),
    ],
)
def test_size_problem(cpu: Any, memory: Any, problem: str) -> None:
    assert size_problem(cpu, memory) == problem


CLUSTER = Resource("aws_ecs_cluster.main", "aws_ecs_cluster", {"name": "main"})
OTHER = Resource("aws_ecs_cluster.other", "aws_ecs_cluster", {"name": "other"})
TASK = Resource("aws_ecs_task_definition.app", "aws_ecs_task_definition", {"family": "app"})


def service(**attributes: Any) -> Resource:
    return Resource("aws_ecs_service.app", "aws_ecs_service", {"name": "app", "desired_count": 1, **attributes})


@pytest.mark.parametrize(
    "value",
    [
        Reference(TASK.address, "arn"),
        Template((Reference(TASK.address, "family"), ":", Reference(TASK.address, "revision"))),
        "app",
        "app:7",
        "arn:aws:ecs:us-east-1:123456789012:task-definition/app:7",
    ],
)
def test_the_task_definition_of_a_service(value: Any) -> None:
    assert task_of(service(task_definition=value), Estate((TASK,))) is TASK


@pytest.mark.parametrize(
    ("resource_id", "expected"),
    [
        ("service/main/app", (3, "min_capacity of aws_appautoscaling_target.x")),
        (Template(("service/main/", Reference("aws_ecs_service.app", "name"))), (3, "min_capacity of aws_appautoscaling_target.x")),
        (Template(("service/", Reference(CLUSTER.address, "name"), "/app")), (3, "min_capacity of aws_appautoscaling_target.x")),
        (Template(("service/", Reference(OTHER.address, "name"), "/app")), (1, "desired_count")),
        ("service/main/application", (1, "desired_count")),
        ("service/other/app", (1, "desired_count")),
    ],
)  # fmt: skip
def test_the_fewest_tasks_of_a_service(resource_id: Any, expected: tuple[int, str]) -> None:
    target = Resource(
        "aws_appautoscaling_target.x",
        "aws_appautoscaling_target",
        {"resource_id": resource_id, "scalable_dimension": "ecs:service:DesiredCount", "min_capacity": 3},
    )
    own = service(cluster=Reference(CLUSTER.address, "id"))
    assert fewest_tasks(own, Estate((CLUSTER, OTHER, target, own))) == expected


def test_an_unknown_target_is_undecidable() -> None:
    attributes = {"resource_id": Unknown("variable id has no value"), "scalable_dimension": "ecs:service:DesiredCount"}
    target = Resource("aws_appautoscaling_target.x", "aws_appautoscaling_target", attributes)
    own = service(cluster=Reference(CLUSTER.address, "id"))
    with pytest.raises(Undecidable, match="variable id has no value"):
        fewest_tasks(own, Estate((CLUSTER, target, own)))


NAME = "its name says that it is secret"
VALUE = "its value holds a credential"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("POSTGRES_PASSWORD", "abc", NAME),
        ("POSTGRES_PASSWORD", Unknown("variable p has no value"), NAME),
        ("PGPASS", "abc", ""),
        ("DB_PASS", "abc", NAME),
        ("AWS_SECRET_ACCESS_KEY", "abc", NAME),
        ("STRIPE_API_KEY_1", "abc", NAME),
        ("spring.datasource.password", "abc", NAME),
        ("AWS_SECRET_ARN", Reference("aws_secretsmanager_secret.app", "arn"), ""),
        ("DB_SECRET", Reference("aws_secretsmanager_secret.app", "name"), ""),
        ("DB_SECRET", "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf", ""),
        ("DB_SECRET", Template(("arn:aws:secretsmanager:*:", Unknown("x"), ":secret:app")), ""),
        ("MAX_TOKENS", "4000", ""),
        ("REFRESH_TOKEN", "3600", ""),
        ("CACHE_PASSWORD", None, ""),
        ("VITE_SENTRY_DSN", "https://k@sentry.io/1", ""),
        ("DATABASE_URL", Template(("postgresql://app:", Unknown("variable p has no value"), "@db/app")), VALUE),
        ("DATABASE_URL", "postgresql://app:pw@db/app", VALUE),
        ("DATABASE_URL", "postgresql://app@db/app", ""),
        ("SITE", "https://example.com:8443/@home", ""),
        ("ID", "AKIA" + "A" * 16, VALUE),
        ("SEED", Reference("random_password.seed", "result"), "it is the result of random_password.seed"),
        ("HOST", Reference("aws_db_instance.main", "address"), ""),
        ("PW", Reference("module.db.aws_db_instance.main[0]", "password"), "it is the password of module.db.aws_db_instance.main[0]"),
    ],
)  # fmt: skip
def test_plain_variables_that_are_secret(name: str, value: Any, expected: str) -> None:
    assert reason_secret(name, value, Estate(())) == expected
