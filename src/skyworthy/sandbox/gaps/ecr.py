"""ECR: scans of pushed images, and their summary in the list of images."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from skyworthy.sandbox.account.calls import Call
from skyworthy.sandbox.gaps import Clients, follows, store
from skyworthy.sandbox.simulated import images

_MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}'


def _pushed(clients: Clients) -> Any:
    ecr = clients("ecr")
    ecr.create_repository(repositoryName="probe", imageScanningConfiguration={"scanOnPush": True})
    ecr.put_image(repositoryName="probe", imageManifest=_MANIFEST, imageTag="1")
    return ecr


def _does_not_scan(clients: Clients) -> bool:
    ecr = _pushed(clients)
    try:
        ecr.describe_image_scan_findings(repositoryName="probe", imageId={"imageTag": "1"})
    except ecr.exceptions.ScanNotFoundException:
        return True
    return False


def _lists_no_summary(clients: Clients) -> bool:
    ecr = _pushed(clients)
    ecr.start_image_scan(repositoryName="probe", imageId={"imageTag": "1"})
    (image,) = ecr.describe_images(repositoryName="probe")["imageDetails"]
    return "imageScanFindingsSummary" not in image


@follows("ecr", "PutImage", lacking=_does_not_scan)
def scan_on_push(call: Call) -> None:
    """See https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html."""
    repository = store(call, "ecr").repositories[call.params["repositoryName"]]
    for image in repository.images:
        if call.params.get("imageTag") in image.image_tags and image.last_scan is None:
            images.scan_on_push(repository, image)


@follows("ecr", "DescribeImages", lacking=_lists_no_summary)
def tell_of_scans(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html.

    What a scan found is what was put in with moto's `scan-finding-results`, else nothing.
    """
    backend = store(call, "ecr")
    name = call.params["repositoryName"]
    found = backend.describe_images(name, call.params.get("registryId"), call.params.get("imageIds"))
    return {"imageDetails": [{**_detail(image), **_scan(image)} for image in found]}


def _detail(image: Any) -> dict[str, Any]:
    told = {
        "registryId": image.registry_id,
        "repositoryName": image.repository_name,
        "imageDigest": image.image_digest,
        "imageSizeInBytes": image.image_size_in_bytes,
        "imagePushedAt": image.image_pushed_at,
        "imageManifestMediaType": image.image_manifest_media_type,
    }
    return told | ({"imageTags": image.image_tags} if image.image_tags else {})


def _scan(image: Any) -> dict[str, Any]:
    if image.last_scan is None:
        return {}
    findings = [
        finding
        for result in image.scan_finding_results.values()
        for finding in _findings(result.get("imageScanFindings", {}))
    ]
    return {
        "imageScanStatus": {"status": "COMPLETE", "description": "The scan was completed successfully."},
        "imageScanFindingsSummary": {
            "imageScanCompletedAt": image.last_scan.timestamp(),
            "vulnerabilitySourceUpdatedAt": image.last_scan.timestamp(),
            "findingSeverityCounts": dict(Counter(str(finding["severity"]) for finding in findings)),
        },
    }


def _findings(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*result.get("findings", ()), *result.get("enhancedFindings", ())]
