"""The launcher on a real sandbox, with real servers and the reference application."""

import functools
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skyworthy.errors import BadInput
from skyworthy.estate import Undecidable, Unknown
from skyworthy.probes import http
from skyworthy.probes.results import ProbeFailed
from skyworthy.sandbox.launch.endpoints import Substitution
from skyworthy.sandbox.launch.launched import Launched, LaunchedContainer
from skyworthy.sandbox.launch.launcher import StandIn, launch, launch_stack
from skyworthy.sandbox.server import Sandbox, running

REPOSITORY = Path(__file__).resolve().parents[4]
SECRETS = {
    "POSTGRES_PASSWORD": "sandbox-postgres-dummy",
    "REDIS_AUTH_TOKEN": "sandbox-redis-dummy",
    "SECRET_KEY": "sandbox-key-dummy",
    "FIRST_SUPERUSER_PASSWORD": "sandbox-superuser-dummy",
}
SIZE = {"requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512"}
NO_TLS = {"POSTGRES_SSLMODE": "disable", "REDIS_TLS": "false"}
APP = REPOSITORY / "examples" / "app"
STAND_INS = {
    "backend": StandIn(("{python}", "-m", "app.backend"), APP, NO_TLS),
    "frontend": StandIn(("{python}", "-m", "app.frontend"), APP),
}
# Serves 200 on every path, and its environment as it was started with on /environment.
ECHO = """
import json, os, http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(dict(os.environ)).encode()
        self.send_response(int(os.environ.get("STATUS", "200")))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments): pass
print("serving", flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
ECHO_STAND_IN = StandIn(("{python}", "-c", ECHO), REPOSITORY)


@dataclass
class Account:
    """Makes what the launcher reads; every test has a cluster of its own."""

    client: Callable[[str], Any]
    cluster: str

    def __post_init__(self) -> None:
        self.client("ecs").create_cluster(clusterName=self.cluster)
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = self.client("iam").create_role(RoleName=f"{self.cluster}-execution", AssumeRolePolicyDocument=trust)
        self.role: str = role["Role"]["Arn"]

    def secret(self, value: object, **more: Any) -> str:
        """A secret with a JSON value (or the text itself); its ARN."""
        text = value if isinstance(value, str) else json.dumps(value)
        name = f"{self.cluster}-{len(self.client('secretsmanager').list_secrets()['SecretList'])}"
        created: str = self.client("secretsmanager").create_secret(Name=name, SecretString=text, **more)["ARN"]
        return created

    def log_group(self, service: str) -> dict[str, Any]:
        """A log group and the log configuration that uses it."""
        name = f"/ecs/{self.cluster}/{service}"
        self.client("logs").create_log_group(logGroupName=name)
        options = {"awslogs-group": name, "awslogs-region": "us-east-1", "awslogs-stream-prefix": service}
        return {"logDriver": "awslogs", "options": options}

    def target_group(self, name: str, port: int, path: str = "/", **more: Any) -> str:
        """A target group; its ARN."""
        vpc = self.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        settings = {"HealthyThresholdCount": 2, "HealthCheckTimeoutSeconds": 2, "HealthCheckIntervalSeconds": 5} | more
        group = self.client("elbv2").create_target_group(
            Name=f"{self.cluster}-{name}"[:32],
            Protocol="HTTP",
            Port=port,
            VpcId=vpc,
            TargetType="ip",
            HealthCheckPath=path,
            **settings,
        )
        created: str = group["TargetGroups"][0]["TargetGroupArn"]
        return created

    def service(
        self,
        name: str,
        *containers: dict[str, Any],
        target_group: str = "",
        port: int = 8000,
        desired: int = 1,
        **task: Any,
    ) -> None:
        """A service that runs the containers; the first one is load-balanced where a target group is given."""
        definition = self.client("ecs").register_task_definition(
            family=f"{self.cluster}-{name}",
            containerDefinitions=[{"image": f"{name}:1", "essential": True, **item} for item in containers],
            **{"executionRoleArn": self.role, "networkMode": "awsvpc", **SIZE, **task},
        )["taskDefinition"]["taskDefinitionArn"]
        balancer = {"targetGroupArn": target_group, "containerName": containers[0]["name"], "containerPort": port}
        self.client("ecs").create_service(
            cluster=self.cluster,
            serviceName=name,
            taskDefinition=definition,
            desiredCount=desired,
            loadBalancers=[balancer] if target_group else [],
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": self.network()},
            enableExecuteCommand=True,
        )

    def network(self) -> dict[str, Any]:
        """Where the tasks are: a subnet and a security group of the default VPC."""
        ec2 = self.client("ec2")
        return {
            "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
            "securityGroups": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
        }

    def database(self) -> dict[str, Any]:
        """A PostgreSQL instance; its description."""
        found: dict[str, Any] = self.client("rds").create_db_instance(
            DBInstanceIdentifier=self.cluster,
            DBName="omc",
            Engine="postgres",
            EngineVersion="17.4",
            DBInstanceClass="db.t3.micro",
            MasterUsername="omc_admin",
            MasterUserPassword=SECRETS["POSTGRES_PASSWORD"],
            AllocatedStorage=20,
        )["DBInstance"]
        return found

    def cache(self) -> dict[str, Any]:
        """A Redis replication group; its primary endpoint."""
        groups = self.client("elasticache")
        groups.create_replication_group(
            ReplicationGroupId=self.cluster,
            ReplicationGroupDescription="of a test",
            Engine="redis",
            CacheNodeType="cache.t3.micro",
            NumCacheClusters=1,
            TransitEncryptionEnabled=True,
            AuthToken=SECRETS["REDIS_AUTH_TOKEN"],
        )
        group = groups.describe_replication_groups(ReplicationGroupId=self.cluster)["ReplicationGroups"][0]
        endpoint: dict[str, Any] = group["NodeGroups"][0]["PrimaryEndpoint"]
        return endpoint

    def reference(self, secrets: Mapping[str, str] = SECRETS, stop_timeout: int = 30) -> str:
        """The services of the reference stack with database, cache and secret; the secret's ARN."""
        database, cache, secret = self.database(), self.cache(), self.secret(dict(secrets))
        environment = {
            "ENVIRONMENT": "staging",
            "PROJECT_NAME": "ohmycoins",
            "FRONTEND_HOST": "https://dashboard-staging.ohmycoins.com",
            "FIRST_SUPERUSER": "admin@ohmycoins.com",
            "POSTGRES_SERVER": database["Endpoint"]["Address"],
            "POSTGRES_PORT": str(database["Endpoint"]["Port"]),
            "POSTGRES_DB": "omc",
            "POSTGRES_USER": "omc_admin",
            "REDIS_HOST": cache["Address"],
            "REDIS_PORT": str(cache["Port"]),
            "AWS_SECRET_ARN": secret,
            "AWS_REGION": "us-east-1",
            "APP_VERSION": "1.2.3",
        }
        backend = {
            "name": "backend",
            "portMappings": [{"containerPort": 8000}],
            "environment": variables(environment),
            "secrets": [{"name": key, "valueFrom": f"{secret}:{key}::"} for key in SECRETS],
            "logConfiguration": self.log_group("backend"),
            "stopTimeout": stop_timeout,
        }
        frontend = {
            "name": "frontend",
            "portMappings": [{"containerPort": 80}],
            "environment": variables({"ENVIRONMENT": "staging"}),
            "logConfiguration": self.log_group("frontend"),
        }
        health = self.target_group("backend", 8000, "/api/v1/utils/health-check/")
        self.service("backend", backend, target_group=health)
        self.service("frontend", frontend, target_group=self.target_group("frontend", 80), port=80)
        return secret


def variables(values: Mapping[str, str]) -> list[dict[str, str]]:
    """A mapping as ECS writes it."""
    return [{"name": name, "value": value} for name, value in values.items()]


def allowed(role: str, action: str, resource: str) -> bool:
    """A policy that allows everything."""
    return True


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Callable[[str], Any]:
    """Makes one client a service: making them is most of a test's time."""
    return functools.cache(sandbox.client)


@pytest.fixture
def account(client: Callable[[str], Any], request: pytest.FixtureRequest) -> Account:
    """An account with an empty cluster of the test's own."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())[:22].strip("-")
    return Account(client, f"{name}-{abs(hash(request.node.name)) % 10**6}")


@pytest.fixture(scope="module")
def stack(client: Callable[[str], Any]) -> Iterator[Launched]:
    """The reference stack, launched once for the tests that only look at it."""
    Account(client, "ohmycoins-staging").reference()
    with launch_stack(client, "ohmycoins-staging", STAND_INS, allowed) as launched:
        yield launched


def echo(**more: Any) -> dict[str, Any]:
    """A container that the echo stand-in runs."""
    return {"name": "echo", "portMappings": [{"containerPort": 8000}], **more}


def only(launched: Launched) -> LaunchedContainer:
    (container,) = launched.containers
    return container


def launched_echo(
    account: Account, container: dict[str, Any], may_read: Any = allowed, **task: Any
) -> LaunchedContainer:
    """What becomes of a cluster with one service of one container."""
    account.service("echo", container, **task)
    with launch(account.client, account.cluster, {"echo": ECHO_STAND_IN}, may_read) as launched:
        return only(launched)


def seen_by(container: LaunchedContainer) -> dict[str, str]:
    """The environment that the echo stand-in was started with."""
    environment: dict[str, str] = http.probe(container.url, path="/environment", deadline=20).require().json()
    environment.pop("LC_CTYPE", None)  # set by Python itself where the locale is C (PEP 538)
    return environment


def test_reference_stack_is_healthy(stack: Launched) -> None:
    assert stack.problems == ()
    assert [(item.name, item.state, item.health.status) for item in stack.containers] == [
        ("backend", "running", "healthy"),
        ("frontend", "running", "healthy"),
    ]
    assert stack.seconds > 0
    frontend = http.probe(stack.url_of("frontend"), expect_body="Oh My Coins").require()
    assert frontend.headers["X-Content-Type-Options"] == "nosniff"


def test_application_reads_database_cache_and_settings(stack: Launched) -> None:
    url = stack.url_of("backend")
    http.probe(url, path="/api/v1/utils/health-check/", expect_json=True).require()
    http.probe(url, path="/api/v1/utils/version", expect_json={"version": "1.2.3"}).require()
    http.probe(url, path="/api/v1/utils/redis-ping", expect_json={"redis": "PONG"}).require()
    http.probe(url, path="/api/v1/users/me", expect_status=401, expect_json={"detail": "Not authenticated"}).require()
    token = http.access_token(
        f"{url}/api/v1/login/access-token", "admin@ohmycoins.com", SECRETS["FIRST_SUPERUSER_PASSWORD"]
    )
    answer = http.probe(url, path="/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}).require()
    user = answer.json()
    assert (user["email"], user["is_superuser"], user["is_active"]) == ("admin@ohmycoins.com", True, True)
    forged = {"Authorization": f"Bearer {token[:-1]}{'A' if token[-1] != 'A' else 'B'}"}
    http.probe(url, path="/api/v1/users/me", headers=forged, expect_status=401).require()


def test_wrong_password_gets_no_token(stack: Launched) -> None:
    with pytest.raises(ProbeFailed, match="status 400, expected 200") as failed:
        http.access_token(f"{stack.url_of('backend')}/api/v1/login/access-token", "admin@ohmycoins.com", "not-the-one")
    assert "not-the-one" not in str(failed.value)


def test_substitutions_and_versions_are_told(stack: Launched) -> None:
    servers = {server.engine: server for server in stack.servers}
    assert servers["postgres"].declared_version == "17.4"
    assert servers["postgres"].version.startswith("18.")
    backend = stack.containers[0]
    database, cache = (
        next(item.declared for item in backend.substitutions if item.variable == name)
        for name in ("POSTGRES_SERVER", "REDIS_HOST")
    )
    assert backend.substitutions == (
        Substitution("POSTGRES_SERVER", database, servers["postgres"].host),
        Substitution("REDIS_HOST", cache, servers["valkey"].host),
    )
    assert database.endswith(".rds.amazonaws.com")
    assert backend.secrets == tuple(sorted(SECRETS))
    assert {"PORT", "PATH", "AWS_ENDPOINT_URL", "REDIS_TLS", "POSTGRES_SSLMODE"} <= set(backend.added)


def test_state_survives_json_and_holds_no_secret(stack: Launched) -> None:
    text = json.dumps(stack.to_json())
    assert Launched.from_json(json.loads(text)) == stack
    assert [value for value in SECRETS.values() if value in text or value in repr(stack)] == []


def test_logs_reach_the_declared_group(stack: Launched, client: Callable[[str], Any]) -> None:
    stack.flush()
    task = stack.services[0].tasks[0].id
    events = client("logs").get_log_events(
        logGroupName="/ecs/ohmycoins-staging/backend", logStreamName=f"backend/backend/{task}", startFromHead=True
    )["events"]
    assert events[0]["message"].endswith("INFO ohmycoins 1.2.3 in staging")


def values(client: Callable[[str], Any], namespace: str, metric: str, **dimensions: str) -> list[float]:
    """The data points of a metric in the last 15 minutes, newest first."""
    now = time.time()
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    stat = {
        "Metric": {"Namespace": namespace, "MetricName": metric, "Dimensions": named},
        "Period": 60,
        "Stat": "Maximum",
    }
    answer = client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": stat}], StartTime=now - 900, EndTime=now + 60
    )
    found: list[float] = answer["MetricDataResults"][0]["Values"]
    return found


def test_metrics_of_database_and_cache_flow(stack: Launched, client: Callable[[str], Any]) -> None:
    http.probe(stack.url_of("backend"), path="/api/v1/utils/redis-ping").require()
    stack.flush()
    database = {"DBInstanceIdentifier": "ohmycoins-staging"}
    free = max(values(client, "AWS/RDS", "FreeStorageSpace", **database))
    assert 19 * 2**30 < free < 20 * 2**30, "of 20 GiB a small database uses some megabytes"
    assert max(values(client, "AWS/RDS", "DatabaseConnections", **database)) >= 0
    assert max(values(client, "AWS/RDS", "CPUUtilization", **database)) >= 0
    member = client("elasticache").describe_replication_groups()["ReplicationGroups"][0]["MemberClusters"][0]
    for metric in ("CacheHits", "CacheMisses", "CurrConnections", "EngineCPUUtilization"):
        assert values(client, "AWS/ElastiCache", metric, CacheClusterId=member) != [], metric


def test_endpoints_are_where_the_servers_are(stack: Launched, client: Callable[[str], Any]) -> None:
    servers = {server.engine: server for server in stack.servers}
    endpoint = client("rds").describe_db_instances()["DBInstances"][0]["Endpoint"]
    assert (endpoint["Address"], endpoint["Port"]) == (servers["postgres"].host, servers["postgres"].port)
    group = client("elasticache").describe_replication_groups()["ReplicationGroups"][0]
    primary = group["NodeGroups"][0]["PrimaryEndpoint"]
    assert (primary["Address"], primary["Port"]) == (servers["valkey"].host, servers["valkey"].port)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_servers_listen_on_the_declared_ports(stack: Launched) -> None:
    assert {server.engine: server.port for server in stack.servers} == {"postgres": 5432, "valkey": 6379}


def test_second_launch_beside_the_first(stack: Launched, client: Callable[[str], Any]) -> None:
    """As when a suite launches while `skyworthy sandbox launch` runs: each has servers and ports of its own."""
    with launch_stack(client, "ohmycoins-staging", STAND_INS, allowed) as second:
        assert second.problems == ()
        assert not {(each.host, each.port) for each in second.servers} & {
            (each.host, each.port) for each in stack.servers
        }
        assert second.url_of("backend") != stack.url_of("backend")
        endpoint = client("rds").describe_db_instances()["DBInstances"][0]["Endpoint"]
        assert endpoint["Address"] in {server.host for server in (*second.servers, *stack.servers)}
    http.probe(stack.url_of("backend"), path="/api/v1/utils/health-check/", expect_json=True).require()


def test_endpoints_are_the_declared_ones_again(account: Account) -> None:
    database, cache = account.database()["Endpoint"]["Address"], account.cache()["Address"]
    account.service(
        "echo",
        echo(
            environment=variables({"DB": database, "CACHE": cache, "POSTGRES_PASSWORD": SECRETS["POSTGRES_PASSWORD"]})
        ),
    )

    def told() -> tuple[str, str]:
        instance = account.client("rds").describe_db_instances(DBInstanceIdentifier=account.cluster)["DBInstances"][0]
        groups = account.client("elasticache").describe_replication_groups(ReplicationGroupId=account.cluster)
        primary = groups["ReplicationGroups"][0]["NodeGroups"][0]["PrimaryEndpoint"]
        return instance["Endpoint"]["Address"], primary["Address"]

    with launch_stack(account.client, account.cluster, {"echo": ECHO_STAND_IN}, allowed) as launched:
        assert told() == tuple(server.host for server in launched.servers)
    assert told() == (database, cache)


def test_environment_is_exactly_what_was_declared(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_CALLER", "must not be inherited")
    secret = account.secret({"TOKEN": "sandbox-token-dummy"})
    container = echo(
        environment=variables({"PLAIN": "value", "AWS_REGION": "eu-west-1"}),
        secrets=[{"name": "TOKEN", "valueFrom": f"{secret}:TOKEN::"}],
    )
    account.service("echo", container)
    with launch(account.client, account.cluster, {"echo": ECHO_STAND_IN}, allowed) as launched:
        result = only(launched)
        seen = seen_by(result)
    assert seen == {
        "PLAIN": "value",
        "TOKEN": "sandbox-token-dummy",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_ENDPOINT_URL": account.client("ecs").meta.endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
        "PORT": str(result.ports["8000"]),
    }
    assert set(result.environment) | set(result.secrets) | set(result.added) == set(seen)


def test_task_role_gives_credentials_of_a_session(account: Account) -> None:
    account.service("echo", echo(), taskRoleArn=account.role)
    with launch(account.client, account.cluster, {"echo": ECHO_STAND_IN}, allowed) as launched:
        seen = seen_by(only(launched))
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} <= seen.keys()


def test_stand_in_overrides_are_told_without_secrets(account: Account) -> None:
    secret = account.secret("sandbox-whole-dummy")
    container = echo(
        environment=variables({"PORT": "8000", "TLS": "true"}), secrets=[{"name": "HIDDEN", "valueFrom": secret}]
    )
    stand_in = StandIn(ECHO_STAND_IN.command, REPOSITORY, {"TLS": "false", "HIDDEN": "shown"})
    account.service("echo", container)
    with launch(account.client, account.cluster, {"echo": stand_in}, allowed) as launched:
        result = only(launched)
        seen = seen_by(result)
    assert (seen["TLS"], seen["HIDDEN"], seen["PORT"]) == ("false", "shown", str(result.ports["8000"]))
    assert result.substitutions == (
        Substitution("HIDDEN", "(secret)", "shown"),
        Substitution("PORT", "8000", seen["PORT"]),
        Substitution("TLS", "true", "false"),
    )


def test_every_form_of_reference_resolves(account: Account) -> None:
    secret = account.secret({"KEY": "old"})
    key = account.client("kms").create_key()["KeyMetadata"]["KeyId"]
    account.client("secretsmanager").put_secret_value(
        SecretId=secret, SecretString=json.dumps({"KEY": "new", "N": 5432})
    )
    parameter = account.client("ssm").put_parameter
    parameter(Name=f"/{account.cluster}/path", Value="of-a-path", Type="SecureString", KeyId=key)
    parameter(Name=account.cluster, Value="of-a-name", Type="String")
    arn = "arn:aws:ssm:us-east-1:123456789012:parameter"
    references = {
        "CURRENT": f"{secret}:KEY::",
        "PREVIOUS": f"{secret}:KEY:AWSPREVIOUS:",
        "WHOLE": f"{secret}::AWSPREVIOUS:",
        "NUMBER": f"{secret}:N::",
        "NAME": account.cluster,
        "NAME_ARN": f"{arn}/{account.cluster}",
        "PATH_NAME": f"/{account.cluster}/path",
        "PATH_ARN": f"{arn}/{account.cluster}/path",
    }
    asked = set[tuple[str, str]]()

    def may_read(role: str, action: str, resource: str) -> bool:
        assert role == account.role
        asked.add((action, resource))
        return True

    container = echo(secrets=[{"name": name, "valueFrom": value} for name, value in references.items()])
    account.service("echo", container)
    with launch(account.client, account.cluster, {"echo": ECHO_STAND_IN}, may_read) as launched:
        seen = seen_by(only(launched))
    assert {name: seen.get(name) for name in references} == {
        "CURRENT": "new",
        "PREVIOUS": "old",
        "WHOLE": '{"KEY": "old"}',
        "NUMBER": "5432",
        "NAME": "of-a-name",
        "NAME_ARN": "of-a-name",
        "PATH_NAME": "of-a-path",
        "PATH_ARN": "of-a-path",
    }
    assert asked == {
        ("secretsmanager:GetSecretValue", secret),
        ("ssm:GetParameters", f"{arn}/{account.cluster}"),
        ("ssm:GetParameters", f"{arn}/{account.cluster}/path"),
        ("kms:Decrypt", f"arn:aws:kms:us-east-1:123456789012:key/{key}"),
    }


def test_environment_files_give_way_to_environment(account: Account) -> None:
    bucket = account.client("s3")
    bucket.create_bucket(Bucket=account.cluster)
    bucket.put_object(Bucket=account.cluster, Key="a.env", Body=b"# comment\nA=first\nB=x=y\nC=file\n\n")
    bucket.put_object(Bucket=account.cluster, Key="b.env", Body=b"A=second\n")
    files = [{"type": "s3", "value": f"arn:aws:s3:::{account.cluster}/{name}.env"} for name in "ab"]
    account.service("echo", echo(environmentFiles=files, environment=variables({"C": "environment"})))
    with launch(account.client, account.cluster, {"echo": ECHO_STAND_IN}, allowed) as launched:
        seen = seen_by(only(launched))
    assert (seen["A"], seen["B"], seen["C"]) == ("first", "x=y", "environment")


PULL = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
ASM = PULL + "unable to retrieve secret from asm: "
SSM = PULL + "unable to retrieve secrets from ssm: "
STREAM = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
MISSING = "arn:aws:secretsmanager:us-east-1:123456789012:secret:missing-AbCdEf"


@pytest.mark.parametrize(
    ("value", "reference", "reason"),
    [
        ({"A": "x"}, "{arn}:B::", ASM + "retrieved secret from Secrets Manager did not contain json key B"),
        ("no json", "{arn}:B::", ASM + "the secret is not JSON (position 0)"),
        (["A"], "{arn}:B::", ASM + "the secret is not a JSON object"),
        ({"A": "x"}, "{arn}:A", ASM + "unexpected ARN format with parameters when trying to retrieve ASM secret"),
        (
            {"A": "x"},
            f"{MISSING}:A::",
            f"{ASM}failed to fetch secret {MISSING} from secrets manager: "
            "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        ),
        ({"A": "x"}, "/no/such/parameter", SSM + "invalid parameters: [/no/such/parameter]"),
        ({"A": "x"}, "arn:aws:s3:::bucket/key", PULL + "arn:aws:s3:::bucket/key is neither a secret nor a parameter"),
    ],
)
def test_reference_that_does_not_resolve_fails_the_task(
    account: Account, value: object, reference: str, reason: str
) -> None:
    arn = account.secret(value)
    result = launched_echo(account, echo(secrets=[{"name": "V", "valueFrom": reference.format(arn=arn)}]))
    assert (result.state, result.pid, result.reason) == ("failed", 0, reason)
    assert result.problem == reason


def test_unsupported_arn_is_named(account: Account) -> None:
    result = launched_echo(account, echo(secrets=[{"name": "V", "valueFrom": "arn:aws:sqs:us-east-1:123456789012:q"}]))
    assert result.reason == PULL + "arn:aws:sqs:us-east-1:123456789012:q is neither a secret nor a parameter"


def refuse(action: str, answer: Any) -> Callable[[str, str, str], Any]:
    """A policy that allows everything but one action."""

    def may_read(role: str, asked: str, resource: str) -> Any:
        if asked != action:
            return True
        if isinstance(answer, Exception):
            raise answer
        return answer

    return may_read


@pytest.mark.parametrize(
    ("action", "answer", "words"),
    [
        (
            "secretsmanager:GetSecretValue",
            False,
            "is not authorized to perform: secretsmanager:GetSecretValue on resource",
        ),
        ("kms:Decrypt", False, "is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:"),
        (
            "logs:CreateLogStream",
            False,
            "is not authorized to perform: logs:CreateLogStream on resource: arn:aws:logs:",
        ),
        ("kms:Decrypt", Unknown("a condition"), "undecided whether {role} may kms:Decrypt on arn:aws:kms:"),
        ("kms:Decrypt", Undecidable("a condition"), "undecided whether {role} may kms:Decrypt on arn:aws:kms:"),
    ],
)
def test_role_that_may_not_read_fails_the_task(account: Account, action: str, answer: Any, words: str) -> None:
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    secret = account.secret({"A": "x"}, KmsKeyId=key)
    container = echo(secrets=[{"name": "A", "valueFrom": f"{secret}:A::"}], logConfiguration=account.log_group("echo"))
    result = launched_echo(account, container, refuse(action, answer))
    assert (result.state, result.pid) == ("failed", 0)
    assert words.format(role=account.role) in result.reason
    assert result.reason.startswith(STREAM if action.startswith("logs") else ASM)
    if not isinstance(answer, bool):
        assert result.reason.endswith(": a condition")


def test_secret_without_execution_role_fails_the_task(account: Account) -> None:
    secret = account.secret({"A": "x"})
    result = launched_echo(account, echo(secrets=[{"name": "A", "valueFrom": secret}]), executionRoleArn="")
    assert result.reason.endswith("the task definition has no execution role")


def test_missing_log_group_fails_the_task(account: Account) -> None:
    options = {"awslogs-group": "/missing", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "echo"}
    result = launched_echo(account, echo(logConfiguration={"logDriver": "awslogs", "options": options}))
    assert result.reason == STREAM + "ResourceNotFoundException: The specified log group does not exist."


def test_one_failing_container_keeps_the_whole_task_from_starting(account: Account) -> None:
    secret = account.secret({"A": "x"})
    side = {"name": "side", "essential": False, "secrets": [{"name": "B", "valueFrom": f"{secret}:B::"}]}
    account.service("echo", echo(), side)
    with launch(account.client, account.cluster, {"echo": ECHO_STAND_IN, "side": ECHO_STAND_IN}, allowed) as launched:
        assert [item.state for item in launched.containers] == ["failed", "failed"]
        assert launched.problems[-1] == f"no container of {account.cluster} runs"
        with pytest.raises(BadInput, match=r"echo of .* does not serve: .*did not contain json key B"):
            launched.url_of("echo")


def test_container_without_stand_in_is_a_problem(account: Account) -> None:
    account.service("other", {"name": "other", "image": "account/other:7"})
    with launch(account.client, account.cluster, {"echo": ECHO_STAND_IN}, allowed) as launched:
        assert launched.problems[0] == ("other/other: no stand-in for the image account/other:7: name one for 'other'")


@pytest.mark.parametrize("image", ["host:5000/team/echo:1.0", "host:5000/team/echo", "host:5000/team/echo@sha256:00"])
def test_stand_in_by_image_repository(account: Account, image: str) -> None:
    account.service("echo", echo(image=image))
    with launch(account.client, account.cluster, {"host:5000/team/echo": ECHO_STAND_IN}, allowed) as launched:
        assert only(launched).state == "running"


def test_stand_in_that_cannot_be_run_is_told(account: Account) -> None:
    account.service("echo", echo())
    missing = {"echo": StandIn(("no-such-program",), REPOSITORY)}
    with launch(account.client, account.cluster, missing, allowed) as launched:
        assert only(launched).reason.startswith("CannotStartContainerError: [Errno 2] No such file or directory")


def test_container_that_exits_tells_why_without_secrets(account: Account) -> None:
    secret = account.secret("sandbox-whole-dummy")
    script = "import os, sys; sys.exit('cannot use ' + os.environ['HIDDEN'])"
    account.service(
        "echo", echo(secrets=[{"name": "HIDDEN", "valueFrom": secret}]), target_group=account.target_group("e", 8000)
    )
    with launch(
        account.client, account.cluster, {"echo": StandIn(("{python}", "-c", script), REPOSITORY)}, allowed
    ) as it:
        result = only(it)
    assert result.state == "stopped"
    assert result.reason == "Essential container in task exited with code 1: cannot use ***"


def test_unhealthy_target_is_a_problem(account: Account) -> None:
    group = account.target_group("echo", 8000, Matcher={"HttpCode": "200-299,302"})
    account.service("echo", echo(environment=variables({"STATUS": "503"})), target_group=group)
    with launch(account.client, account.cluster, {"echo": ECHO_STAND_IN}, allowed, deadline=0.5) as launched:
        assert only(launched).health.status == "unhealthy"
        assert launched.problems == ("echo/echo: Health checks failed with these codes: [503]",)


def test_matcher_decides_what_is_healthy(account: Account) -> None:
    group = account.target_group("echo", 8000, Matcher={"HttpCode": "401"}, HealthyThresholdCount=3)
    account.service("echo", echo(environment=variables({"STATUS": "401"})), target_group=group)
    with launch(account.client, account.cluster, {"echo": ECHO_STAND_IN}, allowed) as launched:
        health = only(launched).health
    assert health.status == "healthy"
    assert health.checks >= 3


def test_service_that_wants_no_tasks_is_left_out(account: Account) -> None:
    result = launched_echo(account, echo(secrets=[{"name": "A", "valueFrom": MISSING}]), desired=0)
    assert (result.state, result.reason, result.problem) == ("left out", "the service wants no tasks", "")


def test_containers_start_after_those_they_depend_on(account: Account) -> None:
    first = {"name": "first", "dependsOn": [{"containerName": "second", "condition": "START"}]}
    account.service("pair", first, {"name": "second"})
    sleeper = StandIn(("{python}", "-c", "import sys; sys.stdin.read(); import time; time.sleep(60)"), REPOSITORY)
    with launch(account.client, account.cluster, {"first": sleeper, "second": sleeper}, allowed) as launched:
        pids = {item.name: item.pid for item in launched.containers}
        assert list(pids) == ["first", "second"]
        assert pids["second"] < pids["first"]
        assert launched.problems == ()


def test_unknown_cluster_names_those_there_are(account: Account) -> None:
    with pytest.raises(BadInput, match=f"no cluster 'nowhere'; there are: .*{account.cluster}"):
        launch(account.client, "nowhere", {}, allowed)


def test_cluster_without_services_is_refused(account: Account) -> None:
    with pytest.raises(BadInput, match="has no active services"):
        launch(account.client, account.cluster, {}, allowed)


def test_database_without_password_variable_is_refused(account: Account) -> None:
    account.service("echo", echo(environment=variables({"DB": account.database()["Endpoint"]["Address"]})))
    with pytest.raises(BadInput, match=r"none of them has a variable PGPASSWORD"):
        launch_stack(account.client, account.cluster, {}, allowed, postgres_password="PGPASSWORD")


def test_unknown_service_has_no_url(stack: Launched) -> None:
    with pytest.raises(BadInput, match="no service 'worker'; there are: backend, frontend"):
        stack.url_of("worker")


def test_stop_ends_every_process_and_removes_every_file(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    account.service("echo", echo(logConfiguration=account.log_group("echo")))
    with launch(account.client, account.cluster, {"echo": ECHO_STAND_IN}, allowed) as launched:
        pid = only(launched).pid
        assert len(list(tmp_path.iterdir())) == 1
    assert not alive(pid)
    assert list(tmp_path.iterdir()) == []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


KILLED = """
import json, sys, tempfile
from pathlib import Path
from skyworthy.sandbox.launch.launcher import StandIn, launch_stack
from skyworthy.sandbox.server import Sandbox
url, cluster, app = sys.argv[1:]
no_tls = {"POSTGRES_SSLMODE": "disable", "REDIS_TLS": "false"}
stand_ins = {name: StandIn(("{python}", "-m", f"app.{name}"), Path(app), no_tls) for name in ("backend", "frontend")}
launched = launch_stack(Sandbox(url, 0).client, cluster, stand_ins, lambda *_: True)
assert not launched.problems, launched.problems
print(json.dumps([item.pid for item in (*launched.containers, *launched.servers)]), flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test runs as an ordinary user then")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="there is no setpriv to become an ordinary user with")
def test_ordinary_user_can_launch(account: Account, sandbox: Sandbox, tmp_path: Path) -> None:
    """The reference stack, started by nobody; what that user may read beyond its own is the installation."""
    account.reference()
    entry = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as own:
        os.chown(own, entry.pw_uid, entry.pw_gid)
        capability = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        user = [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", *capability]
        launcher = subprocess.run(
            ["setpriv", *user, sys.executable, "-c", KILLED, sandbox.url, account.cluster, str(APP)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "TMPDIR": own, "HOME": own},
            cwd="/",
        )
        assert launcher.returncode == 0, launcher.stderr
        pids = json.loads(launcher.stdout)
        assert len(pids) == 4
        await_end(pids)
        give_up = time.monotonic() + 30
        while list(Path(own).iterdir()):
            assert time.monotonic() < give_up
            time.sleep(0.05)


def test_two_sandboxes_at_once(sandbox: Sandbox, account: Account) -> None:
    account.reference()
    with running() as other:
        again = Account(functools.cache(other.client), account.cluster)
        again.reference()
        with (
            launch_stack(account.client, account.cluster, STAND_INS, allowed) as one,
            launch_stack(again.client, account.cluster, STAND_INS, allowed) as two,
        ):
            assert (one.problems, two.problems) == ((), ())
            places = [(each.host, each.port) for each in (*one.servers, *two.servers)]
            places += [
                ("127.0.0.1", port) for each in (*one.containers, *two.containers) for port in each.ports.values()
            ]
            assert len(set(places)) == len(places) == 8


def await_end(pids: list[int]) -> None:
    """Wait until processes are gone.

    Raises:
        AssertionError: some are left when a launch has long had the time to go with its launcher.
    """
    give_up = time.monotonic() + 30
    while any(map(alive, pids)) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert [pid for pid in pids if alive(pid)] == []


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_outlives_a_launcher_that_is_ended(account: Account, sandbox: Sandbox, end: signal.Signals) -> None:
    account.reference(stop_timeout=60)
    launcher = subprocess.Popen(
        [sys.executable, "-c", KILLED, sandbox.url, account.cluster, str(APP)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert launcher.stdout is not None
    pids = json.loads(launcher.stdout.readline())
    assert len(pids) == 4
    assert all(map(alive, pids))
    launcher.send_signal(end)
    launcher.communicate()
    await_end(pids)


def test_orphan_that_heeds_no_signal_is_killed(account: Account, sandbox: Sandbox) -> None:
    account.service("echo", echo(stopTimeout=120))
    deaf = (
        "import json, signal, sys\nfrom pathlib import Path\n"
        "from skyworthy.sandbox.launch.launcher import StandIn, launch\nfrom skyworthy.sandbox.server import Sandbox\n"
        "code = \"import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); signal.pause()\"\n"
        "stand_ins = {'echo': StandIn(('{python}', '-c', code), Path('/'))}\n"
        "launched = launch(Sandbox(sys.argv[1], 0).client, sys.argv[2], stand_ins, lambda *_: True)\n"
        "print(json.dumps([launched.containers[0].pid]), flush=True)\nsys.stdin.read()\n"
    )
    launcher = subprocess.Popen(
        [sys.executable, "-c", deaf, sandbox.url, account.cluster], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert launcher.stdout is not None
    pids = json.loads(launcher.stdout.readline())
    launcher.kill()
    launcher.communicate()
    await_end(pids)
