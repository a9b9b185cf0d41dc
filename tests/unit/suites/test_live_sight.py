"""What the live suite says of what runs: each time the reference stack is broken in one way, in a real sandbox."""

import datetime
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from skyworthy.config import Environment, load_settings
from skyworthy.estate import Estate
from skyworthy.observed import Session, observe
from skyworthy.sandbox import cassette, conditions, faults, server
from skyworthy.sandbox.server import Sandbox
from skyworthy.suites.account import cassette_of
from skyworthy.suites.live import judge_observed
from skyworthy.suites.options import Options
from skyworthy.suites.stage import Stage
from skyworthy.verdicts import Outcome, Verdict

REPOSITORY = Path(__file__).parents[3]
RED = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN)
IDLE = "nothing runs here"
SERVICE = "module.ecs.aws_ecs_service.backend"
CLUSTER = "module.ecs.aws_ecs_cluster.this"
TASK = "module.ecs.aws_ecs_task_definition.backend"
DATABASE = "module.rds.aws_db_instance.this"


@dataclass(frozen=True)
class Bench:
    """A replayed sandbox, and the reading of it."""

    sandbox: Sandbox
    session: Session
    declared: Estate
    environment: Environment

    def look(self, *, thorough: bool = False, idle: str = IDLE) -> dict[tuple[str, str], Verdict]:
        seen = observe(self.session, self.declared, with_secrets=True, thorough=thorough, idle=idle)
        verdicts = judge_observed(self.declared, seen, self.environment)
        return {(item.control, item.address): item for item in verdicts}

    def break_(self, fault: str) -> None:
        faults.inject_fault(self.sandbox, fault)


@pytest.fixture(scope="module")
def _bench() -> Iterator[Bench]:
    settings = load_settings(REPOSITORY)
    environment = settings.environment("staging")
    declared = Stage(settings, environment, Options()).declared
    with server.running("sight") as sandbox:
        cassette.replay(cassette.load(cassette_of(settings, environment)), sandbox)
        session = Session(region=sandbox.region, endpoint_url=sandbox.url, target="sandbox")
        yield Bench(sandbox, session, declared, environment)


@pytest.fixture
def bench(_bench: Bench) -> Iterator[Bench]:
    _bench.sandbox.control("POST", "snapshots", {"name": "as-replayed"})
    yield _bench
    _bench.sandbox.control("POST", "restore", {"name": "as-replayed"})
    _bench.sandbox.control("DELETE", "faults")


def test_all_is_well_in_a_thorough_run_too(bench: Bench) -> None:
    found = bench.look(thorough=True)
    assert [(item.key, item.message) for item in found.values() if item.outcome in RED] == []
    for control, address in (
        ("ecs.service-stable", SERVICE),
        ("ecs.runs-current-revision", SERVICE),
        ("ecs.image-exists", TASK),
        ("ecs.image-no-critical-findings", TASK),
        ("alb.targets-healthy", "module.alb.aws_lb_target_group.backend"),
        ("rds.restorable-lately", DATABASE),
        ("rds.backup-fresh", DATABASE),
        ("rds.no-pending-changes", DATABASE),
        ("rds.no-forced-maintenance", DATABASE),
        ("redis.backup-fresh", "module.redis.aws_elasticache_replication_group.this"),
        ("kms.rotation-enabled", "module.kms.aws_kms_key.data"),
    ):
        assert found[control, address].outcome is Outcome.PASS, (control, found[control, address].message)
    assert len([1 for control, _ in found if control == "alb.certificate-valid"]) >= 1


def test_what_an_ordinary_run_leaves_out_is_not_green(bench: Bench) -> None:
    found = bench.look()
    for control, address, attribute in (
        ("kms.rotation-enabled", "module.kms.aws_kms_key.data", "enable_key_rotation"),
        ("rds.backup-fresh", DATABASE, "snapshots"),
    ):
        verdict = found[control, address]
        assert verdict.outcome is Outcome.NOT_APPLICABLE
        assert verdict.message == (
            f"{attribute} of {address}: left out: only a thorough run reads it ([live] thorough in skyworthy.toml)"
        )
    assert found["live.metrics-flow", DATABASE].message == f"data_points of {DATABASE}: {IDLE}"
    assert found["live.metrics-flow", DATABASE].outcome is Outcome.NOT_APPLICABLE


def _failing(bench: Bench, control: str, **how: Any) -> dict[str, str]:
    return {
        item.address: item.message
        for item in bench.look(**how).values()
        if item.control == control and item.outcome is Outcome.FAIL
    }


def test_a_service_that_runs_no_task_is_named(bench: Bench) -> None:
    bench.break_("service-scaled-to-zero")
    assert _failing(bench, "ecs.service-stable") == {SERVICE: "desired_count is 0, at least 1 demanded"}


def test_a_service_that_runs_an_old_revision_is_named(bench: Bench) -> None:
    bench.break_("task-definition-rolled-back")
    ((address, message),) = _failing(bench, "ecs.runs-current-revision").items()
    assert address == SERVICE
    assert message.startswith("it runs ohmycoins-staging-backend:2, which is not as the code says: ")
    assert "container_definitions.secrets lacks SENTRY_DSN" in message


def test_what_was_rolled_back_by_hand_is_as_sound_as_before(bench: Bench) -> None:
    ecs = bench.sandbox.client("ecs")
    (service,) = ecs.describe_services(cluster="ohmycoins-staging", services=["backend"])["services"]
    before = service["taskDefinition"]
    definition = ecs.describe_task_definition(taskDefinition=before)["taskDefinition"]
    (container,) = definition["containerDefinitions"]
    repository = container["image"].rpartition(":")[0]
    ecs.register_task_definition(
        **{name: definition[name] for name in ("family", "networkMode", "cpu", "memory", "requiresCompatibilities")},
        containerDefinitions=[container | {"image": f"{repository}:never-pushed"}],
    )
    assert not [item.message for item in bench.look().values() if item.outcome in (Outcome.ERROR, Outcome.FAIL)]


def test_an_image_that_was_never_pushed_is_named(bench: Bench) -> None:
    bench.break_("task-image-missing")
    assert _failing(bench, "ecs.image-exists") == {
        TASK: "backend: ohmycoins-staging-backend holds no image never-pushed"
    }


def _image(bench: Bench) -> tuple[Any, dict[str, Any]]:
    ecr = bench.sandbox.client("ecr")
    (image,) = ecr.describe_images(repositoryName="ohmycoins-staging-backend")["imageDetails"]
    return ecr, image


def test_an_image_with_a_critical_finding_is_named(bench: Bench) -> None:
    ecr, image = _image(bench)
    tag = image["imageTags"][0]
    finding = {"name": "CVE-2026-0001", "severity": "CRITICAL"}
    result = {"imageTag": tag, "imageScanFindings": {"findings": [finding], "findingSeverityCounts": {"CRITICAL": 1}}}
    name = "ohmycoins-staging-backend"
    _moto(bench, "ecr/scan-finding-results", {"results": [{"repositoryName": name, "imageId": {}, **result}]})
    ecr.describe_image_scan_findings(repositoryName=name, imageId={"imageTag": tag})
    assert _failing(bench, "ecs.image-no-critical-findings") == {
        TASK: f"backend: image {tag} of {name} has 1 critical findings"
    }


def _moto(bench: Bench, path: str, content: object) -> None:
    answer = requests.post(f"{bench.sandbox.url}/moto-api/static/{path}", json=content, timeout=10)
    assert answer.ok, answer.text


def test_an_image_that_was_never_scanned_is_not_green(bench: Bench) -> None:
    ecr, image = _image(bench)
    tag, name = image["imageTags"][0], "ohmycoins-staging-backend"
    ecr.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration={"scanOnPush": False})
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": tag}])
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
    ecr.put_image(repositoryName=name, imageTag=tag, imageManifest=json.dumps(manifest))
    verdict = bench.look()["ecs.image-no-critical-findings", TASK]
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.message == f"backend: image {tag} of {name} was never scanned to the end"


def test_an_unhealthy_target_is_named(bench: Bench) -> None:
    bench.break_("target-unhealthy")
    ((address, message),) = _failing(bench, "alb.targets-healthy").items()
    assert address == "module.alb.aws_lb_target_group.backend"
    assert message == "10.255.255.254:9999 is unhealthy: Request timed out"


def test_a_certificate_that_is_gone_is_named(bench: Bench) -> None:
    bench.break_("certificate-deleted")
    ((address, message),) = _failing(bench, "alb.certificate-valid").items()
    assert address.startswith("module.alb.aws_lb_listener.")
    assert message.startswith("its certificate arn:aws:acm:")
    assert message.endswith(" is not in ACM")


def test_a_secret_that_everybody_may_read_is_named_by_a_thorough_run(bench: Bench) -> None:
    bench.break_("secret-policy-public")
    assert list(_failing(bench, "secret.policy-not-public", thorough=True)) == [
        "module.secrets.aws_secretsmanager_secret.this"
    ]


POINTS = {
    SERVICE: ("AWS/ECS", "CPUUtilization", {"ClusterName": "ohmycoins-staging", "ServiceName": "backend"}),
    DATABASE: ("AWS/RDS", "CPUUtilization", {"DBInstanceIdentifier": "ohmycoins-staging-postgres"}),
}


def _put(bench: Bench, metric: tuple[str, str, dict[str, str]], minutes_ago: float, value: float = 1.0) -> None:
    namespace, name, dimensions = metric
    bench.sandbox.client("cloudwatch").put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
                "Timestamp": datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes_ago),
                "Value": value,
            }
        ],
    )


def test_metrics_that_stopped_are_named_and_those_that_flow_are_not(bench: Bench) -> None:
    _put(bench, POINTS[SERVICE], 2)
    _put(bench, POINTS[DATABASE], 40)
    found = bench.look(idle="")
    assert found["live.metrics-flow", SERVICE].outcome is Outcome.PASS
    late = found["live.metrics-flow", DATABASE]
    assert late.outcome is Outcome.FAIL
    assert late.message.startswith("the newest data point is of ")
    assert late.message.endswith("minutes ago")
    none = found["live.metrics-flow", "module.ecs.aws_ecs_service.frontend"]
    assert (none.outcome, none.message) == (Outcome.FAIL, "no data point in the last 3 hours")


@pytest.mark.parametrize(("count", "outcome"), [(3, Outcome.PASS), (11, Outcome.FAIL)])
def test_errors_of_the_last_hour_are_counted(bench: Bench, count: int, outcome: Outcome) -> None:
    _put(bench, ("OhMyCoins/ohmycoins-staging", "ApplicationErrors", {}), 5, count)
    _put(bench, ("OhMyCoins/ohmycoins-staging", "ApplicationErrors", {}), 90, 50)
    verdict = bench.look(idle="")[
        "live.few-errors", "module.monitoring.aws_cloudwatch_log_metric_filter.application_errors"
    ]
    assert verdict.outcome is outcome
    told = f"{count} errors in the last hour in /ecs/ohmycoins-staging/backend, at most 10 tolerated"
    assert verdict.message == ("" if outcome is Outcome.PASS else told)


def test_a_log_group_without_events_is_named(bench: Bench) -> None:
    _put(bench, ("AWS/Logs", "IncomingLogEvents", {"LogGroupName": "/ecs/ohmycoins-staging/backend"}), 5, 12)
    found = bench.look(idle="")
    assert found["live.logs-flow", "module.ecs.aws_cloudwatch_log_group.backend"].outcome is Outcome.PASS
    silent = found["live.logs-flow", "module.ecs.aws_cloudwatch_log_group.frontend"]
    assert (silent.outcome, silent.message) == (Outcome.FAIL, "no event in the last 3 hours")


def test_all_metrics_come_in_one_call(bench: Bench) -> None:
    seen = observe(bench.session, bench.declared, with_secrets=True)
    assert seen.calls["cloudwatch:GetMetricData"] == 1
    assert sum(seen.calls.values()) <= 60


def test_metrics_that_may_not_be_read_are_an_error(bench: Bench) -> None:
    faults.deny(bench.sandbox, "cloudwatch:GetMetricData")
    verdict = bench.look(idle="")["live.metrics-flow", DATABASE]
    assert verdict.outcome is Outcome.ERROR
    assert "cloudwatch:GetMetricData" in verdict.message


def test_backups_that_are_old_are_named(bench: Bench) -> None:
    rds = bench.sandbox.client("rds")
    rds.modify_db_instance(
        DBInstanceIdentifier="ohmycoins-staging-postgres", BackupRetentionPeriod=0, ApplyImmediately=True
    )
    assert _failing(bench, "rds.restorable-lately") == {DATABASE: "it is not backed up: backup_retention_period is 0"}


def _of_service(bench: Bench, control: str) -> str:
    ((address, message),) = _failing(bench, control, thorough=True).items()
    assert address == SERVICE
    return message


def test_an_ordinary_run_does_not_ask_for_tasks_and_quotas(bench: Bench) -> None:
    bench.break_("task-unhealthy")
    found = bench.look()
    for control, address in (
        ("ecs.tasks-healthy", SERVICE),
        ("ecs.tasks-same-revision", SERVICE),
        ("ecs.tasks-same-image", SERVICE),
        ("ecs.no-failed-tasks", SERVICE),
        ("quota.has-room", DATABASE),
        ("quota.fargate-vcpu", CLUSTER),
    ):
        verdict = found[control, address]
        assert verdict.outcome is Outcome.NOT_APPLICABLE
        assert verdict.message.endswith("left out: only a thorough run reads it ([live] thorough in skyworthy.toml)")


def test_tasks_and_quotas_are_in_order_in_a_thorough_run(bench: Bench) -> None:
    found = bench.look(thorough=True).values()
    judged = [item for item in found if item.control.startswith(("ecs.tasks-", "ecs.no-failed-", "quota."))]
    assert {item.outcome for item in judged} == {Outcome.PASS}
    assert len(judged) >= 16


def test_a_task_that_fails_its_health_check_is_named(bench: Bench) -> None:
    bench.break_("task-unhealthy")
    assert re.fullmatch(
        r"task [0-9a-f-]{36} is UNHEALTHY: container backend fails its health check",
        _of_service(bench, "ecs.tasks-healthy"),
    )


@pytest.mark.parametrize(
    ("task", "container", "problem"),
    [
        ({"connectivity": "DISCONNECTED"}, {}, "has lost its connection to ECS"),
        ({"healthStatus": "UNHEALTHY"}, {}, "is UNHEALTHY"),
        (
            {},
            {"lastStatus": "STOPPED", "exitCode": 1, "reason": "sidecar crashed"},
            "runs without container backend: sidecar crashed, exit code 1",
        ),
        ({"lastStatus": "PENDING", "createdAt": 1_700_000_000}, {}, "is PENDING, "),
    ],
)
def test_what_is_wrong_with_a_running_task_is_said(
    bench: Bench, task: dict[str, Any], container: dict[str, Any], problem: str
) -> None:
    conditions.change_task(bench.sandbox, "ohmycoins-staging", "backend", task=task, container=container)
    message = _of_service(bench, "ecs.tasks-healthy")
    assert re.sub(r"^task [0-9a-f-]{36} ", "", message).startswith(problem)


def test_a_task_that_only_just_starts_is_no_finding(bench: Bench) -> None:
    conditions.change_task(bench.sandbox, "ohmycoins-staging", "backend", task={"lastStatus": "PENDING"})
    assert _failing(bench, "ecs.tasks-healthy", thorough=True) == {}


def test_a_task_of_another_revision_is_named(bench: Bench) -> None:
    bench.break_("task-of-old-revision")
    assert re.fullmatch(
        r"the service names ohmycoins-staging-backend:2: task [0-9a-f-]{36} runs ohmycoins-staging-backend:1",
        _of_service(bench, "ecs.tasks-same-revision"),
    )


def test_a_tag_that_names_another_image_by_now_is_named(bench: Bench) -> None:
    bench.break_("image-tag-moved")
    digest, task = "sha256:[0-9a-f]{64}", "[0-9a-f-]{36}"
    assert re.fullmatch(
        rf"\S+/ohmycoins-staging-backend:0.1.0 of container backend is now {digest}: task {task} runs {digest}",
        _of_service(bench, "ecs.tasks-same-image"),
    )


def test_a_digest_that_nobody_tells_is_not_green(bench: Bench) -> None:
    conditions.change_task(bench.sandbox, "ohmycoins-staging", "backend", container={"imageDigest": None})
    assert bench.look(thorough=True)["ecs.tasks-same-image", SERVICE].outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (
            "task-out-of-memory",
            "Essential container in task exited: container backend: "
            "OutOfMemoryError: Container killed due to memory usage, exit code 137",
        ),
        (
            "task-image-not-pulled",
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): i/o timeout",
        ),
    ],
)
def test_a_task_that_failed_is_named_although_the_service_is_steady(bench: Bench, fault: str, reason: str) -> None:
    bench.break_(fault)
    message = _of_service(bench, "ecs.no-failed-tasks")
    assert re.fullmatch(r"task [0-9a-f-]{36} stopped at \S+Z: " + re.escape(reason), message)
    found = bench.look(thorough=True)
    assert found["ecs.service-stable", SERVICE].outcome is Outcome.PASS
    assert found["ecs.tasks-healthy", SERVICE].outcome is Outcome.PASS


def test_a_task_that_a_deployment_stopped_is_no_finding(bench: Bench) -> None:
    bench.sandbox.client("ecs").update_service(
        cluster="ohmycoins-staging", service="backend", forceNewDeployment=True, desiredCount=2
    )
    found = bench.look(thorough=True)
    assert found["ecs.no-failed-tasks", SERVICE].outcome is Outcome.PASS
    assert found["ecs.tasks-same-image", SERVICE].outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("fault", "address", "message"),
    [
        ("vpc-quota-used", "module.vpc.aws_vpc.this", "VPCs per Region: 5 of 5 are used"),
        ("address-quota-used", 'module.vpc.aws_eip.nat["us-east-1a"]', "EC2-VPC Elastic IPs: 5 of 5 are used"),
        (
            "security-group-almost-full",
            "module.security.aws_security_group.ecs",
            "Inbound or outbound rules per security group: 52 of 60 are used",
        ),
    ],
)
def test_a_quota_that_is_used_up_is_named(bench: Bench, fault: str, address: str, message: str) -> None:
    bench.break_(fault)
    assert _failing(bench, "quota.has-room", thorough=True) == {address: message}


def test_what_the_services_may_come_to_run_is_held_against_the_quota(bench: Bench) -> None:
    bench.break_("fargate-quota-exceeded")
    ((address, message),) = _failing(bench, "quota.fargate-vcpu", thorough=True).items()
    assert address == CLUSTER
    assert re.fullmatch(r"2 services may come to run [0-9.]+ vCPU, the quota is 100", message)


def test_a_quota_that_may_not_be_read_is_an_error(bench: Bench) -> None:
    faults.deny(bench.sandbox, "service-quotas:GetServiceQuota")
    found = bench.look(thorough=True)
    for control, address in (("quota.has-room", DATABASE), ("quota.fargate-vcpu", CLUSTER)):
        assert found[control, address].outcome is Outcome.ERROR
        assert "GetServiceQuota" in found[control, address].message


def test_a_quota_of_which_aws_tells_nothing_is_not_green(bench: Bench) -> None:
    faults.inject(bench.sandbox, "service-quotas:GetServiceQuota", "NoSuchResourceException")
    found = bench.look(thorough=True)
    for control, address in (("quota.has-room", DATABASE), ("quota.fargate-vcpu", CLUSTER)):
        assert (found[control, address].outcome, found[control, address].message) == (
            Outcome.UNKNOWN,
            "AWS tells no quota for it",
        )


def test_tasks_that_may_not_be_read_are_an_error(bench: Bench) -> None:
    faults.deny(bench.sandbox, "ecs:ListTasks")
    verdict = bench.look(thorough=True)["ecs.tasks-healthy", SERVICE]
    assert verdict.outcome is Outcome.ERROR
    assert "ecs:ListTasks" in verdict.message


def test_tasks_of_a_cluster_take_one_description(bench: Bench) -> None:
    seen = observe(bench.session, bench.declared, thorough=True, idle=IDLE)
    assert (seen.calls["ecs:ListTasks"], seen.calls["ecs:DescribeTasks"]) == (2, 1)
    assert seen.calls["service-quotas:GetServiceQuota"] == 8
