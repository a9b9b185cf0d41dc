"""What the sandbox tells of logs, images and targets to whoever looks at what runs."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

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
