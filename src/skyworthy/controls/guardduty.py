"""Controls of GuardDuty."""

from skyworthy.controls.registry import STACK, control, not_applicable
from skyworthy.estate import Resource
from skyworthy.estate.regions import Regions


@control(
    "guardduty.enabled",
    on="aws_guardduty_detector",
    severity="high",
    refs=["REQ REF-10", "REQ LIV-9", "FSBP GuardDuty.1", "CKV_AWS_238", "CKV2_AWS_3"],
)
def detector_is_enabled(detector: Resource) -> None:
    """The detector is enabled.

    Why: a suspended detector costs nothing and sees nothing, and the account looks as if it were watched.
    Fix: set `enable = true`.
    """
    assert detector["enable"], "it is suspended"


@control("guardduty.findings-prompt", on="aws_guardduty_detector", severity="low", refs=["REQ REF-10", "REQ LIV-9"])
def findings_are_published_promptly(detector: Resource) -> None:
    """What happens again to a finding is published within the hour.

    Why: by default AWS waits six hours before it tells that an attack goes on.
    Fix: set `finding_publishing_frequency = "FIFTEEN_MINUTES"`.
    """
    frequency = detector.attributes.get("finding_publishing_frequency") or "SIX_HOURS"
    assert frequency != "SIX_HOURS", "updates of a finding are published every six hours"


@control(
    "guardduty.every-region",
    on=STACK,
    severity="high",
    refs=["REQ REF-10", "REQ LIV-9", "FSBP GuardDuty.1"],
    lenses=("declared",),
)
def every_region_is_watched(regions: Regions) -> None:
    """A stack that has a detector has one in each of its regions.

    Why: a detector watches its own region only, and an intruder works where nobody looks.
    Fix: an `aws_guardduty_detector` for each provider alias; a multi-account organization may enable it for all.
    """
    if len(regions.names) == 1 or not regions.estate.of("aws_guardduty_detector"):
        not_applicable("it has one region, or no detector")
    lacking = regions.without("aws_guardduty_detector")
    assert not lacking, f"no detector in {', '.join(lacking)}"
