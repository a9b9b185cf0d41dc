"""AWS Config: what became of recording and delivery."""

from typing import Any

from moto.core.utils import utcnow

from skyworthy.sandbox.account.calls import AwsError, Call
from skyworthy.sandbox.gaps import Clients, answers, follows, store
from skyworthy.sandbox.simulated.delivery import refusal


def _stays_pending(clients: Clients) -> bool:
    clients("s3").create_bucket(Bucket="probe")
    config = clients("config")
    role = "arn:aws:iam::123456789012:role/probe"
    config.put_configuration_recorder(ConfigurationRecorder={"name": "probe", "roleARN": role})
    config.put_delivery_channel(DeliveryChannel={"name": "probe", "s3BucketName": "probe"})
    config.start_configuration_recorder(ConfigurationRecorderName="probe")
    status = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"][0]
    return bool(status["lastStatus"] == "PENDING")


@follows("config", "StartConfigurationRecorder", lacking=_stays_pending)
def record_at_once(call: Call) -> None:
    """See https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationRecorderStatus.html."""
    recorder = store(call, "config").recorders[call.params["ConfigurationRecorderName"]]
    recorder.status.last_status = "SUCCESS"


def _lacks_status(clients: Clients) -> bool:
    try:
        clients("config").describe_delivery_channel_status()
    except NotImplementedError:
        return True
    return False


@answers("config", "DescribeDeliveryChannelStatus", lacking=_lacks_status)
def describe_channel_status(call: Call) -> dict[str, Any]:
    """See https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeDeliveryChannelStatus.html.

    A delivery fails with the code with which S3 refuses it; while nothing is recorded, nothing is delivered.
    """
    backend = store(call, "config")
    names = call.params.get("DeliveryChannelNames") or list(backend.delivery_channels)
    for name in names:
        if name not in backend.delivery_channels:
            message = f"Cannot find delivery channel with specified name '{name}'."
            raise AwsError("NoSuchDeliveryChannelException", message)
    recording = any(recorder.status.recording for recorder in backend.recorders.values())
    return {"DeliveryChannelsStatus": [_status(call, backend.delivery_channels[name], recording) for name in names]}


def _status(call: Call, channel: Any, recording: bool) -> dict[str, Any]:
    if not recording:
        return {"name": channel.name}
    error = refusal(call.account, channel.s3_bucket_name, "config.amazonaws.com")
    told: dict[str, Any] = {"lastStatus": "FAILURE" if error else "SUCCESS", "lastAttemptTime": utcnow()}
    told |= {"lastErrorCode": error} if error else {"lastSuccessfulTime": utcnow()}
    stream = {"lastStatus": told["lastStatus"]} if channel.sns_topic_arn else {"lastStatus": "NOT_APPLICABLE"}
    return {
        "name": channel.name,
        "configHistoryDeliveryInfo": told,
        "configSnapshotDeliveryInfo": told,
        "configStreamDeliveryInfo": stream,
    }
