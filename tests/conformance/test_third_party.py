"""The AWS CLI, as Amazon ships it on the package index, against a replayed sandbox: it gets what AWS would give.

It runs in an environment of its own, which uv makes once and keeps. The package index has its first version, which
has no `logs tail`; what that shows is read by `get-log-events` and `filter-log-events`.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uv

from skyworthy.sandbox import cassette
from skyworthy.sandbox.server import Sandbox, running

VERSION = "1.46.3"
START = (uv.find_uv_bin(), "tool", "run", "--from", f"awscli=={VERSION}", "aws")
CASSETTE = Path(__file__).parents[2] / "cassettes" / "staging.jsonl"
NAME = "ohmycoins-staging"
ARN = "arn:aws:{}:us-east-1:123456789012:{}".format

Aws = Callable[..., Any]

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running("staging") as started:
        cassette.replay(cassette.load(CASSETTE), started)
        yield started


@pytest.fixture(scope="module")
def environment(sandbox: Sandbox) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    made = subprocess.run([*START, "--version"], env=kept, capture_output=True, text=True)
    if made.returncode and "aws-cli" not in made.stdout:
        pytest.skip(f"the AWS CLI cannot be had from a package index: {made.stderr.strip()[-200:]}")
    assert made.stdout.startswith(f"aws-cli/{VERSION} ")
    return kept | sandbox.environment() | {"AWS_PAGER": "", "UV_OFFLINE": "1"}


@pytest.fixture(scope="module")
def aws(sandbox: Sandbox, environment: dict[str, str]) -> Aws:
    """Runs a command of the AWS CLI: its JSON, or its text where that is asked for."""

    def call(*arguments: str) -> Any:
        # In us-east-1 the CLI gives RDS an address of its own, whatever AWS_ENDPOINT_URL says.
        place = ("--endpoint-url", sandbox.url) if arguments[0] == "rds" else ()
        done = subprocess.run([*START, *place, *arguments], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout if "text" in arguments else json.loads(done.stdout)

    return call


def test_who_am_i(aws: Aws) -> None:
    told = aws("sts", "get-caller-identity")

    assert sorted(told) == ["Account", "Arn", "UserId"]
    assert told["Account"] == "123456789012"
    assert told["Arn"].startswith("arn:aws:sts::123456789012:")


def test_services(aws: Aws) -> None:
    told = aws("ecs", "describe-services", "--cluster", NAME, "--services", "backend", "frontend", "nothing")

    (failure,) = told["failures"]
    assert failure["reason"] == "MISSING"
    assert failure["arn"].endswith("/nothing")
    backend, frontend = told["services"]
    for service, port in ((backend, 8000), (frontend, 80)):
        name = service["serviceName"]
        assert service["serviceArn"] == ARN("ecs", f"service/{NAME}/{name}")
        assert service["clusterArn"] == ARN("ecs", f"cluster/{NAME}")
        assert service["taskDefinition"] == ARN("ecs", f"task-definition/{NAME}-{name}:1")
        assert (service["status"], service["launchType"], service["schedulingStrategy"]) == (
            "ACTIVE",
            "FARGATE",
            "REPLICA",
        )
        assert (service["desiredCount"], service["runningCount"], service["pendingCount"]) == (1, 1, 0)
        assert service["enableExecuteCommand"] is True
        assert service["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
        (deployment,) = service["deployments"]
        assert (deployment["status"], deployment["rolloutState"], deployment["runningCount"]) == (
            "PRIMARY",
            "COMPLETED",
            1,
        )
        (target,) = service["loadBalancers"]
        assert (target["containerName"], target["containerPort"]) == (name, port)
        network = service["networkConfiguration"]["awsvpcConfiguration"]
        assert network["assignPublicIp"] == "DISABLED"
        assert len(network["subnets"]) == 2
        assert all(subnet.startswith("subnet-") for subnet in network["subnets"])


def test_secret(aws: Aws) -> None:
    told = aws("secretsmanager", "get-secret-value", "--secret-id", "staging-omc-secrets")

    assert sorted(told) == ["ARN", "CreatedDate", "Name", "SecretString", "VersionId", "VersionStages"]
    assert told["ARN"].startswith(ARN("secretsmanager", "secret:staging-omc-secrets-"))
    assert (told["Name"], told["VersionStages"]) == ("staging-omc-secrets", ["AWSCURRENT"])
    values = json.loads(told["SecretString"])
    assert {"OPENAI_API_KEY", "POSTGRES_PASSWORD", "SECRET_KEY", "REDIS_AUTH_TOKEN"} <= values.keys()
    assert all(values.values())


def test_alarms(aws: Aws) -> None:
    told = aws("cloudwatch", "describe-alarms", "--alarm-names", f"{NAME}-rds-cpu", f"{NAME}-backend-cpu")

    topic = ARN("sns", f"{NAME}-alarms")
    alarms = {alarm["AlarmName"]: alarm for alarm in told["MetricAlarms"]}
    assert sorted(alarms) == [f"{NAME}-backend-cpu", f"{NAME}-rds-cpu"]
    database = alarms[f"{NAME}-rds-cpu"]
    assert database["AlarmArn"] == ARN("cloudwatch", f"alarm:{NAME}-rds-cpu")
    assert (database["Namespace"], database["MetricName"]) == ("AWS/RDS", "CPUUtilization")
    assert database["Dimensions"] == [{"Name": "DBInstanceIdentifier", "Value": f"{NAME}-postgres"}]
    assert (database["Statistic"], database["ComparisonOperator"]) == ("Average", "GreaterThanThreshold")
    assert (database["Threshold"], database["Period"], database["EvaluationPeriods"]) == (80.0, 60, 10)
    assert database["ActionsEnabled"] is True
    assert database["AlarmActions"] == database["OKActions"] == [topic]
    assert {alarm["StateValue"] for alarm in alarms.values()} <= {"OK", "INSUFFICIENT_DATA"}
    assert aws("cloudwatch", "describe-alarms", "--alarm-names", "nothing")["MetricAlarms"] == []


def test_metric_statistics(aws: Aws, sandbox: Sandbox) -> None:
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
    samples = {0: (10.0, 30.0), 5: (50.0,)}
    data = [
        {
            "MetricName": "Latency",
            "Timestamp": start + timedelta(minutes=minute),
            "Value": value,
            "Unit": "Milliseconds",
        }
        for minute, values in samples.items()
        for value in values
    ]
    sandbox.client("cloudwatch").put_metric_data(Namespace="Shop/Api", MetricData=data)

    told = aws(
        *("cloudwatch", "get-metric-statistics", "--namespace", "Shop/Api", "--metric-name", "Latency"),
        *("--statistics", "Average", "Maximum", "SampleCount", "--period", "300"),
        *("--start-time", start.isoformat(), "--end-time", (start + timedelta(minutes=10)).isoformat()),
    )

    assert told["Label"] == "Latency"
    points = sorted(told["Datapoints"], key=lambda point: point["Average"])
    assert [{**point, "Timestamp": "when"} for point in points] == [
        {"Timestamp": "when", "SampleCount": 2.0, "Average": 20.0, "Maximum": 30.0, "Unit": "Milliseconds"},
        {"Timestamp": "when", "SampleCount": 1.0, "Average": 50.0, "Maximum": 50.0, "Unit": "Milliseconds"},
    ]


def test_log_events(aws: Aws, sandbox: Sandbox) -> None:
    group, stream = f"/ecs/{NAME}/backend", "backend/backend/0123456789abcdef"
    logs, now = sandbox.client("logs"), datetime.now(UTC)
    lines = ["started", "GET /api/v1/utils/health-check/ 200", "ERROR cannot reach the exchange"]
    stamps = [int((now - timedelta(seconds=60 - index)).timestamp() * 1000) for index in range(len(lines))]
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": stamp, "message": line} for stamp, line in zip(stamps, lines, strict=True)],
    )

    seen = aws("logs", "get-log-events", "--log-group-name", group, "--log-stream-name", stream, "--start-from-head")
    errors = aws("logs", "filter-log-events", "--log-group-name", group, "--filter-pattern", "ERROR")
    (known,) = aws("logs", "describe-log-streams", "--log-group-name", group, "--log-stream-name-prefix", stream)[
        "logStreams"
    ]

    assert [(event["timestamp"], event["message"]) for event in seen["events"]] == list(zip(stamps, lines, strict=True))
    assert sorted(seen) == ["events", "nextBackwardToken", "nextForwardToken"]
    mine = [event for event in errors["events"] if event["logStreamName"] == stream]
    assert [(event["timestamp"], event["message"]) for event in mine] == [(stamps[2], lines[2])]
    assert (known["firstEventTimestamp"], known["lastEventTimestamp"]) == (stamps[0], stamps[2])


def test_images(aws: Aws, sandbox: Sandbox) -> None:
    repository = f"{NAME}-backend"
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 7, "digest": "sha256:00"},
            "layers": [],
        }
    )
    pushed = sandbox.client("ecr").put_image(repositoryName=repository, imageManifest=manifest, imageTag="9.9.9")
    digest = pushed["image"]["imageId"]["imageDigest"]

    listed = aws("ecr", "list-images", "--repository-name", repository)["imageIds"]
    (detail,) = aws("ecr", "describe-images", "--repository-name", repository, "--image-ids", "imageTag=9.9.9")[
        "imageDetails"
    ]

    assert {"imageDigest": digest, "imageTag": "9.9.9"} in listed
    assert digest.startswith("sha256:")
    assert (detail["registryId"], detail["repositoryName"]) == ("123456789012", repository)
    assert (detail["imageDigest"], detail["imageTags"]) == (digest, ["9.9.9"])


def test_target_health(aws: Aws) -> None:
    (group,) = aws("elbv2", "describe-target-groups", "--names", f"{NAME}-backend")["TargetGroups"]
    assert (group["Port"], group["Protocol"], group["TargetType"]) == (8000, "HTTP", "ip")
    assert group["HealthCheckPath"] == "/api/v1/utils/health-check/"

    (described,) = aws("elbv2", "describe-target-health", "--target-group-arn", group["TargetGroupArn"])[
        "TargetHealthDescriptions"
    ]

    assert described["Target"]["Id"].startswith("10.")
    assert described["Target"]["Port"] == 8000
    assert described["HealthCheckPort"] == "8000"
    assert described["TargetHealth"] == {"State": "healthy"}


def test_databases(aws: Aws) -> None:
    (database,) = aws("rds", "describe-db-instances", "--db-instance-identifier", f"{NAME}-postgres")["DBInstances"]

    assert database["DBInstanceArn"] == ARN("rds", f"db:{NAME}-postgres")
    assert (database["DBInstanceStatus"], database["Engine"]) == ("available", "postgres")
    assert database["EngineVersion"].startswith("17")
    assert database["DBInstanceClass"] == "db.t3.micro"
    assert (database["StorageEncrypted"], database["PubliclyAccessible"], database["MultiAZ"]) == (True, False, False)
    assert database["BackupRetentionPeriod"] == 3
    assert database["Endpoint"]["Address"].startswith(f"{NAME}-postgres.")
    assert database["Endpoint"]["Port"] == 5432
    assert {tag["Key"]: tag["Value"] for tag in database["TagList"]}["Environment"] == "staging"


def test_caches(aws: Aws) -> None:
    (group,) = aws("elasticache", "describe-replication-groups", "--replication-group-id", f"{NAME}-redis")[
        "ReplicationGroups"
    ]

    assert (group["Status"], group["CacheNodeType"]) == ("available", "cache.t3.micro")
    assert (group["TransitEncryptionEnabled"], group["AtRestEncryptionEnabled"], group["AuthTokenEnabled"]) == (
        True,
        True,
        True,
    )
    assert (group["AutomaticFailover"], group["MultiAZ"]) == ("disabled", "disabled")
    assert group["MemberClusters"] == [f"{NAME}-redis-001"]
    (node,) = group["NodeGroups"]
    assert node["PrimaryEndpoint"]["Port"] == 6379
    assert node["PrimaryEndpoint"]["Address"].endswith(".cache.amazonaws.com")


def test_what_is_not_there_is_an_error_in_the_words_of_aws(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*START, "secretsmanager", "get-secret-value", "--secret-id", "nothing"],
        env=environment,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 255  # of the CLI's first version
    assert done.stderr.strip() == (
        "An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: "
        "Secrets Manager can't find the specified secret."
    )
