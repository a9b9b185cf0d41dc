"""Controls of AWS Config."""

from skyworthy.behavior.references import absent, naming
from skyworthy.controls.findings import Findings
from skyworthy.controls.registry import STACK, control, not_applicable
from skyworthy.estate import Estate, Resource
from skyworthy.estate.regions import Regions

RECORDER = "aws_config_configuration_recorder"
_STATUS = "aws_config_configuration_recorder_status"
_CHANNEL = "aws_config_delivery_channel"
_RULES = ("aws_config_config_rule", "aws_config_conformance_pack")


@control(
    "config.recorder-on",
    on=RECORDER,
    severity="high",
    refs=["REQ REF-10", "REQ LIV-9", "FSBP Config.1", "CIS 3.3", "CKV2_AWS_45"],
    aliases=("config.recorder-enabled",),
)
def recorder_is_on(recorder: Resource, estate: Estate) -> None:
    """The configuration recorder is on.

    Why: a recorder that is made is not started; until then nothing is recorded and no rule judges anything.
    Fix: an `aws_config_configuration_recorder_status` with `is_enabled = true` for it.
    """
    states = naming(estate, recorder, "name", _STATUS)
    if not states:
        raise absent(estate, f"no {_STATUS} starts it")
    assert any(state["is_enabled"] for state in states), "it is stopped"


@control(
    "config.every-region",
    on=STACK,
    severity="medium",
    refs=["REQ REF-10", "REQ LIV-9", "FSBP Config.1", "CIS 3.3"],
    lenses=("declared",),
)
def every_region_is_recorded(regions: Regions) -> None:
    """A stack that has a configuration recorder has one in each of its regions.

    Why: a recorder sees its own region only; what is made in another one has no history.
    Fix: an `aws_config_configuration_recorder` with its status and delivery channel for each provider alias.
    """
    if len(regions.names) == 1 or not regions.estate.of(RECORDER):
        not_applicable("it has one region, or no recorder")
    lacking = regions.without(RECORDER)
    assert not lacking, f"no recorder in {', '.join(lacking)}"


@control(
    "config.records-everything",
    on=RECORDER,
    severity="medium",
    refs=["REQ REF-10", "REQ LIV-9", "FSBP Config.1", "CIS 3.3", "CKV2_AWS_48"],
)
def everything_is_recorded(recorder: Resource) -> None:
    """Every supported type of resource is recorded, the global ones included.

    Why: what is not recorded has no history when it is asked for, and IAM is global.
    Fix: `all_supported = true` and `include_global_resource_types = true` in the `recording_group`.
    """
    group = recorder.block("recording_group")
    every = group.get("all_supported")
    assert every is None or every, "its recording_group does not record all supported types"
    assert group.get("include_global_resource_types"), "it leaves global types such as those of IAM out"


@control("config.delivers", on=RECORDER, severity="high", refs=["REQ REF-10", "REQ LIV-9", "FSBP Config.1"])
def recorder_has_a_channel(recorder: Resource, estate: Estate) -> None:
    """What is recorded is delivered to a bucket.

    Why: a recorder without delivery channel cannot be started.
    Fix: an `aws_config_delivery_channel` with a bucket whose policy admits `config.amazonaws.com`.
    """
    channels = estate.of(_CHANNEL)
    if not channels:
        raise absent(estate, f"there is no {_CHANNEL}")
    assert any(channel["s3_bucket_name"] for channel in channels), "its delivery channel names no bucket"


@control("config.rules-present", on=RECORDER, severity="medium", refs=["REQ REF-10", "REQ LIV-9"])
def rules_are_present(recorder: Resource, estate: Estate) -> None:
    """Rules judge what is recorded.

    Why: a history that nobody judges finds nothing.
    Fix: `aws_config_config_rule` resources with AWS-managed rules, or a conformance pack.
    """
    if not estate.of(*_RULES):
        raise absent(estate, "no rule judges what it records")


@control("config.recording", on=_STATUS, severity="high", refs=["REQ LIV-9", "REQ REF-10"], lenses=("observed",))
def recording_succeeds(state: Resource) -> None:
    """Recording succeeds.

    Why: a recorder whose role lost a permission stays on and records nothing more.
    Fix: read the error; the service-linked role of AWS Config has what it needs.
    """
    assert str(state["last_status"]).upper() != "FAILURE", f"the last recording failed: {state['last_error_code']}"


@control("config.delivering", on=_CHANNEL, severity="high", refs=["REQ LIV-9", "REQ REF-10"], lenses=("observed",))
def channel_delivers(channel: Resource) -> None:
    """What is recorded arrives in the bucket.

    Why: where the bucket's policy or key shuts AWS Config out, the history is lost while the recorder is on.
    Fix: admit `config.amazonaws.com` in the policies of bucket and key.
    """
    findings = Findings()
    for name in ("history", "snapshot"):
        with findings.question():
            status = channel[f"{name}_status"]
            assert str(status).upper() != "FAILURE", (
                f"the last delivery of the {name} failed: {channel[name + '_error']}"
            )
    findings.conclude()
