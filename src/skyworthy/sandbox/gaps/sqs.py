"""SQS: dead-letter queues."""

import json
from typing import Any

from botocore.exceptions import ClientError

from skyworthy.sandbox.account.calls import Call
from skyworthy.sandbox.gaps import Clients, follows, note, precedes, store

_NAME = "RedriveAllowPolicy"


def _ignores_redrive_allow_policy(clients: Clients) -> bool:
    sqs = clients("sqs")
    try:
        url = sqs.create_queue(QueueName="probe", Attributes={_NAME: '{"redrivePermission":"denyAll"}'})["QueueUrl"]
        return _NAME not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]).get("Attributes", {})
    except ClientError:
        return True


def _policies(call: Call) -> dict[str, str]:
    policies: dict[str, str] = note(store(call, "sqs"), "sky_redrive_allow_policies", dict)
    return policies


def _queue(call: Call) -> str:
    return str(call.params.get("QueueName") or call.params["QueueUrl"].rpartition("/")[2])


@follows("sqs", "CreateQueue", "SetQueueAttributes", lacking=_ignores_redrive_allow_policy)
def keep_policy(call: Call) -> None:
    """See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html."""
    given = call.params.get("Attributes", {})
    if given.get(_NAME):
        _policies(call)[_queue(call)] = given[_NAME]
    elif _NAME in given:
        _policies(call).pop(_queue(call), None)


@follows("sqs", "DeleteQueue", lacking=_ignores_redrive_allow_policy)
def forget_policy(call: Call) -> None:
    """See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html."""
    _policies(call).pop(_queue(call), None)


@precedes("sqs", "GetQueueAttributes", lacking=_ignores_redrive_allow_policy)
def give_policies(call: Call) -> dict[str, Any] | None:
    """See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html.

    Policies are JSON without spaces.
    """
    asked = call.params.get("AttributeNames", [])
    queue, policy = store(call, "sqs").queues.get(_queue(call)), _policies(call).get(_queue(call))
    if queue is None or (_NAME not in asked and not (queue.redrive_policy or policy)):
        return None
    others = [name for name in asked if name != _NAME]
    found = store(call, "sqs").get_queue_attributes(queue.name, others) if others else {}
    attributes = {name: str(value) for name, value in found.items() if value is not None}
    if attributes.get("RedrivePolicy"):
        attributes["RedrivePolicy"] = json.dumps(queue.redrive_policy, separators=(",", ":"))
    if policy and {_NAME, "All"} & set(asked):
        attributes[_NAME] = policy
    return {"Attributes": attributes}
