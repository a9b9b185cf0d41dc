"""The reference stack, applied to the sandbox by real Terraform with the real provider."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from skyworthy.sandbox import cassette
from skyworthy.sandbox.server import Sandbox, running
from skyworthy.sandbox.terraform import driver

PROJECT = Path(__file__).parents[2]
if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))

from tests.conformance.inventory import differences, inventory  # noqa: E402

ENVIRONMENTS = ["account", "production", "staging"]

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def _root(environment: str) -> Path:
    return PROJECT / "terraform" / "environments" / environment


def _cassette(environment: str) -> Path:
    return PROJECT / "cassettes" / f"{environment}.jsonl"


def _unprotect(sandbox: Sandbox) -> None:
    """Switch deletion protection off and empty the repositories, as an operator would before taking a stack down."""
    rds, elb, ecr = sandbox.client("rds"), sandbox.client("elbv2"), sandbox.client("ecr")
    for repository in ecr.describe_repositories()["repositories"]:
        images = ecr.list_images(repositoryName=repository["repositoryName"])["imageIds"]
        ecr.batch_delete_image(repositoryName=repository["repositoryName"], imageIds=images)
    for database in rds.describe_db_instances()["DBInstances"]:
        name = database["DBInstanceIdentifier"]
        rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        off = {"Key": "deletion_protection.enabled", "Value": "false"}
        elb.modify_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=[off])


@pytest.fixture(scope="module")
def applied() -> Iterator[Mapping[str, Future[None]]]:
    """The three environments, applied at once: most of an apply is the provider's own waiting."""
    with ThreadPoolExecutor(len(ENVIRONMENTS)) as pool:
        yield {environment: pool.submit(_apply_and_destroy, environment) for environment in ENVIRONMENTS}


@pytest.mark.skipif(not (shutil.which("terraform") or shutil.which("tofu")), reason="terraform is not on the PATH")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_apply_is_complete_equals_the_cassette_and_can_be_destroyed(
    environment: str, applied: Mapping[str, Future[None]]
) -> None:
    applied[environment].result()


def _apply_and_destroy(environment: str) -> None:
    root = _root(environment)
    tape = cassette.load(_cassette(environment))
    cassette.check(tape, root)

    with running(environment) as applied, driver.opened(root, applied) as copied:
        outcome = copied.apply()
        empty, plan = copied.plan_is_empty()
        assert empty, plan
        assert outcome.unimplemented == {}
        applied.control("POST", "images", {})  # as `sandbox apply` does, and a replay

        with running(environment) as replayed:
            cassette.replay(tape, replayed)
            assert list(differences(inventory(replayed, tape, root), inventory(applied, tape, root))) == []

        _unprotect(applied)
        copied.destroy()
        assert [vpc for vpc in applied.client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]] == []
        assert applied.client("rds").describe_db_instances()["DBInstances"] == []
        assert applied.client("elasticache").describe_replication_groups()["ReplicationGroups"] == []
        assert applied.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
        assert applied.client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"] == []
        assert applied.client("cloudtrail").describe_trails()["trailList"] == []
        assert applied.client("config").describe_configuration_recorders()["ConfigurationRecorders"] == []
        assert applied.client("guardduty").list_detectors()["DetectorIds"] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_committed_cassette_is_current_and_its_services_are_steady(environment: str) -> None:
    tape = cassette.load(_cassette(environment))
    cassette.check(tape, _root(environment))
    with running(environment) as sandbox:
        cassette.replay(tape, sandbox)
        ecs, elb = sandbox.client("ecs"), sandbox.client("elbv2")
        for cluster in ecs.list_clusters()["clusterArns"]:
            names = ecs.list_services(cluster=cluster)["serviceArns"]
            for service in ecs.describe_services(cluster=cluster, services=names)["services"]:
                assert service["runningCount"] == service["desiredCount"] > 0
        for group in elb.describe_target_groups()["TargetGroups"]:
            health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
            assert {each["TargetHealth"]["State"] for each in health} == {"healthy"}
