"""What the sandbox tells of logs, images and targets to whoever looks at what runs."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from skyworthy.errors import BadInput
from skyworthy.sandbox import conditions
from skyworthy.sandbox.gaps.logs import term_pattern_fits
from skyworthy.sandbox.server import Sandbox

MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}'


def _sum(sandbox: Sandbox, namespace: str, name: str, **dimensions: str) -> float:
    now = datetime.now(UTC)
    found = sandbox.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def _write(logs: Any, *messages: str) -> None:
    events = [{"timestamp": int(time.time() * 1000), "message": message} for message in messages]
    logs.put_log_events(logGroupName="/shop/app", logStreamName="one", logEvents=events)


def test_log_events_count_in_the_metrics_of_the_group_and_of_its_filters(sandbox: Sandbox) -> None:
    logs = sandbox.client("logs")
    logs.create_log_group(logGroupName="/shop/app")
    logs.create_log_stream(logGroupName="/shop/app", logStreamName="one")
    made = {"metricName": "Errors", "metricNamespace": "Shop", "metricValue": "1", "defaultValue": 0}
    logs.put_metric_filter(
        logGroupName="/shop/app", filterName="errors", filterPattern="?ERROR ?Traceback", metricTransformations=[made]
    )
    _write(logs, "all is well", "ERROR: no", "Traceback (most recent call last)")
    _write(logs, "all is well again")
    assert _sum(sandbox, "AWS/Logs", "IncomingLogEvents", LogGroupName="/shop/app") == 4
    assert _sum(sandbox, "Shop", "Errors") == 2


@pytest.mark.parametrize(
    ("pattern", "message", "fits"),
    [
        ("", "anything", True),
        ("ERROR", "an ERROR here", True),
        ("ERROR", "an error here", False),
        ("ERROR db", "ERROR in the db", True),
        ("ERROR db", "ERROR in the cache", False),
        ("?ERROR ?WARN", "WARN: late", True),
        ("?ERROR ?WARN", "INFO: on time", False),
        ("ERROR -expected", "ERROR, expected", False),
        ('"no route"', "there is no route to it", True),
    ],
)
def test_terms_fit_as_cloudwatch_says(pattern: str, message: str, fits: bool) -> None:
    assert term_pattern_fits(pattern, message) is fits


@pytest.mark.parametrize("scanned", [True, False])
def test_an_image_tells_of_its_scan_where_pushing_starts_one(sandbox: Sandbox, scanned: bool) -> None:
    ecr = sandbox.client("ecr")
    ecr.create_repository(repositoryName="shop", imageScanningConfiguration={"scanOnPush": scanned})
    ecr.put_image(repositoryName="shop", imageManifest=MANIFEST, imageTag="1")
    (image,) = ecr.describe_images(repositoryName="shop")["imageDetails"]
    assert (image["imageTags"], image.get("imageScanStatus", {}).get("status")) == (
        ["1"],
        "COMPLETE" if scanned else None,
    )
    assert ("imageScanFindingsSummary" in image) is scanned


def test_the_images_of_running_services_are_pushed_once(sandbox: Sandbox) -> None:
    ecr, ecs = sandbox.client("ecr"), sandbox.client("ecs")
    uri = ecr.create_repository(repositoryName="shop")["repository"]["repositoryUri"]
    ecs.create_cluster(clusterName="shop")
    containers = [
        {"name": "app", "image": f"{uri}:7", "memory": 128},
        {"name": "side", "image": "nginx:1", "memory": 64},
    ]
    ecs.register_task_definition(family="shop", containerDefinitions=containers)
    assert sandbox.control("POST", "images", {}) == []
    ecs.create_service(cluster="shop", serviceName="app", taskDefinition="shop", desiredCount=1)
    assert sandbox.control("POST", "images", {}) == ["shop:7"]
    assert sandbox.control("POST", "images", {}) == []
    (image,) = ecr.describe_images(repositoryName="shop")["imageDetails"]
    assert image["imageTags"] == ["7"]


def test_a_target_at_an_address_that_nobody_has_is_unhealthy(sandbox: Sandbox) -> None:
    ec2, elb = sandbox.client("ec2"), sandbox.client("elbv2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = elb.create_target_group(Name="shop", Protocol="HTTP", Port=80, VpcId=subnet["VpcId"], TargetType="ip")[
        "TargetGroups"
    ][0]["TargetGroupArn"]
    held = ec2.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]["PrivateIpAddress"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": held}, {"Id": "10.255.255.254"}])
    found = {
        item["Target"]["Id"]: item["TargetHealth"]
        for item in elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    }
    assert found[held]["State"] != "unhealthy"
    assert found["10.255.255.254"] == {
        "State": "unhealthy",
        "Reason": "Target.Timeout",
        "Description": "Request timed out",
    }


def test_the_quotas_of_a_region_are_told(sandbox: Sandbox) -> None:
    quotas = sandbox.client("service-quotas")
    for service, code, name, value in (
        ("vpc", "L-F678F1CE", "VPCs per Region", 5),
        ("rds", "L-7B6409FD", "DB instances", 40),
        ("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5),
    ):
        told = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
        assert (told["QuotaName"], told["Value"], told["Adjustable"]) == (name, value, True)
    with pytest.raises(quotas.exceptions.NoSuchResourceException, match="There is no quota L-0 of rds"):
        quotas.get_service_quota(ServiceCode="rds", QuotaCode="L-0")


def test_a_running_task_tells_the_digest_of_its_image(sandbox: Sandbox) -> None:
    ecr, ecs, ec2 = (sandbox.client(name) for name in ("ecr", "ecs", "ec2"))
    uri = ecr.create_repository(repositoryName="shop")["repository"]["repositoryUri"]
    image = ecr.put_image(repositoryName="shop", imageManifest=MANIFEST, imageTag="1")["image"]
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(
        family="shop",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": name, "image": image} for name, image in (("a", f"{uri}:1"), ("b", "other:1"))],
    )
    groups = [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]]
    subnets = [ec2.describe_subnets()["Subnets"][0]["SubnetId"]]
    network = {"awsvpcConfiguration": {"subnets": subnets, "securityGroups": groups}}
    ecs.create_service(
        cluster="shop",
        serviceName="shop",
        taskDefinition="shop",
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=network,
    )
    (task,) = ecs.describe_tasks(cluster="shop", tasks=ecs.list_tasks(cluster="shop")["taskArns"])["tasks"]
    digests = {item["name"]: item.get("imageDigest") for item in task["containers"]}
    assert digests == {"a": image["imageId"]["imageDigest"], "b": None}


def test_only_a_service_that_runs_a_task_can_have_one_changed(sandbox: Sandbox) -> None:
    sandbox.client("ecs").create_cluster(clusterName="shop")
    with pytest.raises(BadInput, match="tasks"):
        conditions.change_task(sandbox, "shop", "none", task={"healthStatus": "UNHEALTHY"})
