"""What ECR's scans say of images that were pushed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from skyworthy.observed import Session
from skyworthy.operations.images import reference

SEVERITIES = ("critical", "high", "medium", "low", "informational", "undefined")
"""Of ECR, worst first."""
_ENDED = frozenset({"COMPLETE", "ACTIVE"})
"""ACTIVE: an enhanced scan that has been done, and goes on as new flaws are published."""
_COMING = frozenset({"IN_PROGRESS", "PENDING"})
_TO_BEGIN = 60.0
"""Seconds in which a scan on push has begun, or never will."""


@dataclass(frozen=True)
class Scan:
    """The scan of an image.

    Args:
        container: that runs it.
        image: by digest.
        status: as ECR says it; ``ABSENT`` where the image was not scanned at all.
        counts: severity -> number of findings; those without any are left out.
        reason: why there is no result.
    """

    container: str
    image: str
    status: str
    counts: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""

    @property
    def done(self) -> bool:
        """Whether it tells what there is to be found."""
        return self.status in _ENDED

    def worse_than(self, least: str) -> int:
        """How many findings have a severity, or a worse one."""
        stops = SEVERITIES[: SEVERITIES.index(least) + 1]
        return sum(count for severity, count in self.counts.items() if severity in stops)


def scans(
    session: Session,
    images: Mapping[str, str],
    *,
    timeout: float,
    interval: float,
    progress: Callable[[str], None],
) -> list[Scan]:
    """Wait until images are scanned; one whose scan has not ended in time is told as it is then.

    Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html

    Args:
        session: of the account.
        images: container name -> image by digest.
        timeout: seconds for all of them.
        interval: seconds between two looks.
        progress: told what is waited for.
    """
    start = time.monotonic()
    patience = {"ABSENT": min(timeout, _TO_BEGIN), **dict.fromkeys(_COMING, timeout)}
    found = []
    for container, image in images.items():
        scan = _look(session, container, image)
        while time.monotonic() - start < patience.get(scan.status, 0.0):
            progress(f"{container}: scan {scan.status.lower().replace('_', ' ')}")
            time.sleep(interval)
            scan = _look(session, container, image)
        found.append(scan)
    return found


def _look(session: Session, container: str, image: str) -> Scan:
    place = reference(image)
    try:
        told: dict[str, Any] = session.client("ecr").describe_image_scan_findings(
            registryId=place.account, repositoryName=place.name, imageId={"imageDigest": place.digest}, maxResults=1
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ScanNotFoundException":
            raise
        return Scan(container, image, "ABSENT", reason="it was not scanned: set `scan_on_push` for the repository")
    status = told["imageScanStatus"]
    counts = told.get("imageScanFindings", {}).get("findingSeverityCounts", {})
    known = {severity: counts[severity.upper()] for severity in SEVERITIES if counts.get(severity.upper())}
    strange = sum(count for severity, count in counts.items() if severity.lower() not in SEVERITIES)
    if strange:  # a severity that is not known here is not taken for a light one
        known["critical"] = known.get("critical", 0) + strange
    return Scan(container, image, status["status"], known, status.get("description", ""))
